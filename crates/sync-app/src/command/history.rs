//! `history`.

use std::path::Path;

use sync_core::text::one_line;
use sync_core::{KindOutcome, Profile, RunRecord};

use super::args::HistoryArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::json;
use super::one_profile;
use super::terminal::{date, grouped, print_out};
use super::wiring;
use crate::json::{Kind, Run, RunError};

/// Shows the runs of a profile, newest first.
pub(crate) async fn run(database: &Path, args: &HistoryArgs) -> Result<Exit, Failure> {
    let cache = one_profile::cache(database, args.profile.as_deref())?;
    let service = wiring::service(&cache);
    let profile = one_profile::find(&service, args.profile.as_deref()).await?;
    for run in cache.runs(&profile.id, args.limit).await? {
        if args.json {
            json::print_out(&line(&profile, &run));
        } else {
            print(&run);
        }
    }
    Ok(Exit::Done)
}

fn line<'a>(profile: &'a Profile, run: &'a RunRecord) -> Run<'a> {
    let error = run.error.as_ref().or_else(|| run.kinds.iter().find_map(|kind| kind.error.as_ref()));
    Run {
        run: run.run.0,
        profile: profile.id.as_str().into(),
        status: run.status.as_str().into(),
        trigger: run.trigger.as_str().into(),
        started_at: run.started_at,
        finished_at: run.finished_at,
        duration_ms: run.duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        requests: run.kinds.iter().map(|kind| kind.requests).sum(),
        bytes: run.kinds.iter().map(|kind| kind.bytes).sum(),
        wire_bytes: run.wire_bytes(),
        kinds: run.kinds.iter().map(|record| (record.kind.as_str(), Kind::from(record))).collect(),
        error: error.map(|error| RunError { code: error.code.as_str().into(), message: error.message.as_str().into() }),
    }
}

fn print(run: &RunRecord) {
    let took = run.duration.map(|duration| format!(", {:.1} s", duration.as_secs_f64())).unwrap_or_default();
    let head = format!("run {}  {}  {}{took} ({})", run.run.0, date(run.started_at), run.status, run.trigger.as_str());
    print_out(&head);
    for kind in &run.kinds {
        let counts = kind.counts;
        let numbers = [
            ("added", counts.added),
            ("updated", counts.updated),
            ("refreshed", counts.refreshed),
            ("removed", counts.removed),
            ("held", counts.held),
        ];
        let told: Vec<_> = numbers
            .iter()
            .filter(|(_, number)| *number > 0)
            .map(|(word, number)| format!("{} {word}", grouped(*number)))
            .collect();
        let told = match told.as_slice() {
            [] if kind.outcome == KindOutcome::ProbedUnchanged => {
                ": a probe saw nothing new, no list was fetched".to_owned()
            }
            [] => String::new(),
            told => format!(": {}", told.join(", ")),
        };
        print_out(&format!("  {:<9} {}{told}", kind.kind.as_str(), kind.outcome));
    }
    if let Some(error) = &run.error {
        print_out(&format!("  error: {}", one_line(&error.message)));
    }
}
