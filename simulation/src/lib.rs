//! Lets the policies of a sync decide in simulated worlds, beside fixed rules and an oracle.
//!
//! Each topic has a folder: its worlds with their parameters, the runs, and the bars that the policy has to meet. The
//! code that decides is the shipped code of `sync-core`, not a copy. The seeds follow from a hash of the policy's
//! sources. A changed policy gets other seeds, so a policy can't be tuned to its seeds.

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

/// The arguments of a simulation.
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
