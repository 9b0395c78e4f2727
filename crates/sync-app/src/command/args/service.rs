//! The arguments of `watch`.

use clap::Args as Arguments;
use sync_core::Schedule;

use super::{PanelArgs, WatchArgs};

#[derive(Debug, Arguments)]
pub(crate) struct WatchCommand {
    /// Profiles to watch; all profiles, also those that are added later, if none is named
    pub(crate) ids: Vec<String>,
    /// Sync all kinds at these times instead of those of the settings: every 6h, cron 30 4 * * *, cron 30 4 * * * Europe/Berlin, off; auto: as the settings say
    #[arg(long, value_name = "SCHEDULE", value_parser = schedule)]
    pub(crate) schedule: Option<Times>,
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

/// When kinds are synced.
#[derive(Debug, Clone)]
pub(crate) enum Times {
    /// As the settings say.
    Auto,
    /// By this schedule.
    By(Schedule),
}

fn schedule(text: &str) -> Result<Times, String> {
    if text.trim() == "auto" {
        return Ok(Times::Auto);
    }
    text.parse().map(Times::By).map_err(|error: sync_core::NoSchedule| error.to_string())
}
