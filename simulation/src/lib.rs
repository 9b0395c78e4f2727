//! Lets the policies of a sync decide in simulated worlds, beside fixed rules and an oracle.
//!
//! Each topic has a folder: its worlds with their parameters, the runs, and the bars that the policy has to meet. What
//! decides is the code of `sync-core` that is shipped, not a copy. The results are taken over seeds that follow from a
//! hash of the policy's sources: whoever changes a policy gets other seeds, so it can't be tuned to them.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and times in a simulation are small"
)]

pub mod bars;
pub mod batches;
pub mod intervals;
pub mod pace;
pub mod page;
pub mod plot;
pub mod probes;
pub mod results;
pub mod seeds;
pub mod stats;
pub mod table;

use std::path::PathBuf;

/// What a simulation is asked for.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Take this many seeds
    #[arg(long, default_value_t = 24)]
    pub seeds: usize,
    /// Replay the events of this file through the policy, in place of the simulated worlds
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Write the table and the plot into docs/policies
    #[arg(long)]
    pub write: bool,
}

/// A failure, as a sentence.
pub type Failure = Box<dyn std::error::Error>;
