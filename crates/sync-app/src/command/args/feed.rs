//! The arguments of `changes`, `new`, `history` and `undo`.

use clap::Args as Arguments;
use sync_core::ContentKind;
use sync_service::Since;

use super::{ViewArgs, kind};

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
