//! `history`.

use std::path::Path;

use serde::Serialize;
use sync_core::text::one_line;
use sync_core::{KindOutcome, Profile, RunRecord};

use super::args::HistoryArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::json::{self, Kind};
use super::one_profile;
use super::terminal::{date, grouped, print_out};
use super::wiring;

/// One line of `history --json`.
#[derive(Serialize)]
struct Line<'a> {
    run: i64,
    profile: &'a str,
    status: &'static str,
    trigger: &'static str,
    started_at: i64,
    finished_at: Option<i64>,
    duration_ms: Option<u64>,
    requests: u64,
    bytes: u64,
    /// Bytes as they came over the wire; null if their number is not known.
    wire_bytes: Option<u64>,
    kinds: Kinds<'a>,
    error: Option<Error<'a>>,
}

/// The kinds that the run reached.
struct Kinds<'a>(&'a RunRecord);

impl Serialize for Kinds<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.kinds.iter().map(|record| (record.kind.as_str(), Kind::from(record))))
    }
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    message: &'a str,
}

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

fn line<'a>(profile: &'a Profile, run: &'a RunRecord) -> Line<'a> {
    let error = run.error.as_ref().or_else(|| run.kinds.iter().find_map(|kind| kind.error.as_ref()));
    Line {
        run: run.run.0,
        profile: profile.id.as_str(),
        status: run.status.as_str(),
        trigger: run.trigger.as_str(),
        started_at: run.started_at,
        finished_at: run.finished_at,
        duration_ms: run.duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        requests: run.kinds.iter().map(|kind| kind.requests).sum(),
        bytes: run.kinds.iter().map(|kind| kind.bytes).sum(),
        wire_bytes: run.wire_bytes(),
        kinds: Kinds(run),
        error: error.map(|error| Error { code: error.code.as_str(), message: &error.message }),
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
