//! The arguments of `watch`.

use clap::Args as Arguments;
use sync_core::Schedule;

use super::{PanelArgs, WatchArgs};

#[derive(Debug, Arguments)]
pub(crate) struct WatchCommand {
    /// Profiles to watch; all profiles, also those that are added later, if none is named
    pub(crate) ids: Vec<String>,
    /// Sync all kinds at these times instead of those of the settings: auto (when new titles are expected), every 6h,
    /// cron 30 4 * * *, cron 30 4 * * * Europe/Berlin, off
    #[arg(long, value_name = "SCHEDULE", value_parser = schedule)]
    pub(crate) schedule: Option<Schedule>,
    /// Sync what is due now, once, and end; for cron and systemd timers
    #[arg(long)]
    pub(crate) once_due: bool,
    /// Print one JSON object per run, each on its own line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) telling: WatchArgs,
    #[command(flatten)]
    pub(crate) panel: PanelArgs,
}

fn schedule(text: &str) -> Result<Schedule, String> {
    text.parse().map_err(|error: sync_core::NoSchedule| error.to_string())
}
