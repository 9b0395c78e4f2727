//! The arguments of `changes`, `new`, `history` and `undo`.

use std::path::PathBuf;

use clap::{Args as Arguments, Subcommand};
use sync_core::ContentKind;
use sync_service::Since;

use super::{ViewArgs, examples, kind};

#[derive(Debug, Arguments)]
pub(crate) struct ChangesArgs {
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Show only what came after this: a sequence (1234), a position (EPOCH:1234), run:N, a time
    /// (2026-11-29T10:00:00Z), a day (2026-11-29, UTC) or an age (90m, 36h, 7d) [default: everything that is kept]
    #[arg(long, value_name = "SINCE")]
    pub(crate) since: Option<Since>,
    /// Show several changes of an item as one
    #[arg(long)]
    pub(crate) collapse: bool,
    /// Show only this kind: channels, movies or series
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<ContentKind>,
    /// Show only items of the category with this id or name
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) category: Option<String>,
    /// Show at most so many changes [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Wait for further changes, and show each within two seconds
    #[arg(long, conflicts_with = "collapse")]
    pub(crate) follow: bool,
    /// Print one JSON object per change, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// What becomes of change sets.
#[derive(Debug, Subcommand)]
pub(crate) enum ChangesCommand {
    /// Write what has changed since a position, or everything, as a file that `changes apply` reads
    #[command(after_help = examples::CHANGES_EXPORT)]
    Export(ExportChangesArgs),
    /// Bring a profile to the state of a change set, without asking the panel
    #[command(after_help = examples::CHANGES_APPLY)]
    Apply(ApplyArgs),
}

#[derive(Debug, Arguments)]
pub(crate) struct ExportChangesArgs {
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Export only what came after this: a sequence (1234), a position (EPOCH:1234), run:N, a time
    /// (2026-11-29T10:00:00Z), a day (2026-11-29, UTC) or an age (90m, 36h, 7d) [default: everything, as a set that
    /// begins with an empty profile]
    #[arg(long, value_name = "SINCE")]
    pub(crate) since: Option<Since>,
    /// Write into this file, which appears when it is whole; - is standard output, and a pipe or a device is written to
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it exists; of a link, the file that it leads to
    #[arg(long)]
    pub(crate) force: bool,
    /// Export only this kind: channels, movies or series
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<ContentKind>,
    /// Leave out the fields that don't count as changes: images, ratings, dates and others
    #[arg(long)]
    pub(crate) without_display: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct ApplyArgs {
    /// Change set to apply; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The profile; one that doesn't exist is added, without a login. It may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct NewArgs {
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Show what came within so many days
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(0..=36500))]
    pub(crate) days: u32,
    /// Show only this kind: channels, movies or series
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<ContentKind>,
    /// Show at most so many items [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// Print one JSON object per item, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct HistoryArgs {
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Show at most so many runs
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,
    /// Print one JSON object per run, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct UndoArgs {
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// The run to undo; see `xtream-sync history` [default: the newest one that changed something]
    #[arg(long, value_name = "N")]
    pub(crate) run: Option<i64>,
    /// Undo only this kind: channels, movies or series
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<ContentKind>,
    /// Show what would be done, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
