//! The log of `watch`: one structured line per run, and one per other event.
//!
//! `docs/watch.md` documents messages and fields. Texts of errors are printable and hold no secret. Names of items are
//! not logged.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat};
use sync_core::text::one_line;
use sync_core::{ContentKind, KindOutcome, ProfileId, RunStatus, SyncReport, Trigger};
use sync_service::watch::{Upcoming, WatchEvent, WatchObserver};

/// The target of the lines. Lines with this target are logged by default, unlike those of other parts.
pub(crate) const TARGET: &str = "xtream_sync::watch";

/// Logs a line at one of three levels.
macro_rules! log {
    ($level:expr, $($fields:tt)*) => {
        match $level {
            Level::Error => tracing::error!(target: TARGET, $($fields)*),
            Level::Warn => tracing::warn!(target: TARGET, $($fields)*),
            Level::Info => tracing::info!(target: TARGET, $($fields)*),
        }
    };
}

#[derive(Clone, Copy)]
enum Level {
    Error,
    Warn,
    Info,
}

/// Logs the events of a watcher.
#[derive(Debug, Default)]
pub(crate) struct WatchLog {
    /// The reason for the next sync that was last logged, by profile. A run that ends removes it.
    told: Mutex<BTreeMap<ProfileId, Vec<&'static str>>>,
}

impl WatchLog {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Logs the next syncs of profiles after a run, and whenever their reasons have changed.
    fn looked(&self, all: &[Upcoming]) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|id, _| all.iter().any(|upcoming| upcoming.profile.id == *id));
        for upcoming in all {
            let reasons: Vec<_> = upcoming.next.values().map(|next| next.why.code()).collect();
            if told.insert(upcoming.profile.id.clone(), reasons.clone()) != Some(reasons) {
                next(upcoming);
            }
        }
    }
}

impl WatchObserver for WatchLog {
    fn event(&self, event: &WatchEvent<'_>) {
        match event {
            WatchEvent::Upcoming(upcoming) => self.looked(upcoming),
            WatchEvent::Began { profile, kinds, trigger } => {
                let kinds = names(kinds.iter().copied());
                let trigger = trigger.as_str();
                tracing::debug!(target: TARGET, profile = %profile.id, trigger, kinds, "run began");
            }
            WatchEvent::Ended { profile, report, trigger } => {
                self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(&profile.id);
                ended(report, *trigger);
            }
            WatchEvent::Postponed { profile, why, until } => {
                let (reason, detail, until) = (why.code(), one_line(&why.to_string()), time(*until));
                log!(Level::Info, profile = %profile.id, reason, detail, until, "run postponed");
            }
            WatchEvent::HookFailed { profile, hook, why, until } => {
                let (detail, until) = (one_line(why), until.map(time));
                log!(Level::Warn, profile = %profile.id, hook, detail, until, "hook failed");
            }
            WatchEvent::CacheTrouble { error, until } => {
                let (error, detail, until) =
                    (error.code().as_str().to_owned(), one_line(&error.to_string()), time(*until));
                log!(Level::Error, error, detail, until, "cache trouble");
            }
            WatchEvent::CacheWorks => log!(Level::Info, "cache works"),
            WatchEvent::Reloaded => log!(Level::Info, "settings reloaded"),
            // An event that is newer than this list has no line yet.
            _ => {}
        }
    }
}

fn ended(report: &SyncReport, trigger: Trigger) {
    let level = match report.status {
        RunStatus::Completed | RunStatus::Cancelled => Level::Info,
        RunStatus::Failed => Level::Error,
        _ => Level::Warn,
    };
    let asked = report.kinds.values().filter(|record| record.outcome != KindOutcome::Skipped);
    let kinds = names(asked.map(|record| record.kind));
    let probed = report.kinds.values().filter(|record| record.outcome == KindOutcome::ProbedUnchanged);
    let probed = Some(names(probed.map(|record| record.kind))).filter(|names| !names.is_empty());
    let (counts, records) = (report.counts(), report.kinds.values());
    let (bytes, requests) = records.fold((0, 0), |(bytes, requests), it| (bytes + it.bytes, requests + it.requests));
    let error = report.errors.first();
    log!(
        level,
        profile = %report.profile,
        run = report.run.map(|run| run.0),
        trigger = trigger.as_str(),
        kinds,
        status = report.status.as_str(),
        added = counts.added,
        updated = counts.updated,
        removed = counts.removed,
        held = counts.held,
        duration_ms = u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        requests,
        bytes,
        probed_unchanged = probed,
        error = error.map(|error| error.code.as_str()),
        detail = error.map(|error| one_line(&error.to_string())),
        "run ended"
    );
}

/// Logs the next sync of a profile: its earliest kinds, its time, and the reason for this time.
fn next(upcoming: &Upcoming) {
    let earliest = upcoming.next.values().filter_map(|next| next.at).min();
    let first: Vec<_> = upcoming.next.iter().filter(|(_, next)| next.at == earliest).collect();
    let kinds = names(first.iter().map(|(kind, _)| *kind));
    let reason = first.first().map(|(_, next)| next.why.code());
    let detail = first.first().map(|(_, next)| next.why.to_string());
    let next = earliest.map(time);
    log!(Level::Info, profile = %upcoming.profile.id, kinds, next, reason, detail, "next sync");
}

fn names(kinds: impl IntoIterator<Item = ContentKind>) -> String {
    kinds.into_iter().map(ContentKind::as_str).collect::<Vec<_>>().join(",")
}

/// Returns a time in UTC, in the format of RFC 3339.
fn time(at: i64) -> String {
    let at = DateTime::from_timestamp(at, 0);
    at.map_or_else(|| "unknown".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Arc;

    use serde_json::{Value, json};
    use sync_core::policy::auto::{Learnt, Pattern};
    use sync_core::{ErrorCode, Profile, ReportError, RunId, StoreError, Why};
    use sync_service::watch::{METRICS, NotNow};

    use super::*;
    use crate::command::logging::{self, LogFormat};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the lines that `tell` logs.
    fn lines(format: LogFormat, quiet: bool, tell: impl FnOnce(&WatchLog)) -> Vec<String> {
        let written = Lines::default();
        let to = written.clone();
        let log = logging::subscriber(0, quiet, format, move || to.clone());
        tracing::subscriber::with_default(log, || tell(&WatchLog::new()));
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    fn profile() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    fn report() -> SyncReport {
        let mut report = SyncReport::new(profile().id);
        (report.run, report.status) = (Some(RunId(7)), RunStatus::Completed);
        for (kind, record) in report.kinds.iter_mut().skip(1) {
            record.outcome = KindOutcome::Completed;
            (record.counts.added, record.bytes, record.requests) = (kind as u64, 1000, 2);
        }
        report
    }

    fn tell_run(log: &WatchLog, report: &SyncReport) {
        log.event(&WatchEvent::Ended { profile: &profile(), report, trigger: Trigger::Schedule });
    }

    #[test]
    fn a_run_is_one_object() {
        let told = lines(LogFormat::Json, false, |log| tell_run(log, &report()));
        let mut object: Value = serde_json::from_str(&told[0]).unwrap();
        let timestamp = object.as_object_mut().unwrap().remove("timestamp");
        assert!(timestamp.is_some_and(|at| at.as_str().unwrap().ends_with('Z')));
        let expected = json!({
            "level": "INFO", "message": "run ended", "profile": "home", "run": 7, "trigger": "schedule",
            "kinds": "movies,series", "status": "completed", "added": 3, "updated": 0, "removed": 0, "held": 0,
            "duration_ms": 0, "requests": 4, "bytes": 2000,
        });
        assert_eq!((told.len(), object), (1, expected));
    }

    #[test]
    fn a_run_is_one_line_of_text() {
        let mut failed = report();
        failed.status = RunStatus::Failed;
        let message = "line one\nline two \u{1b}[2J".to_owned();
        failed.errors = vec![ReportError::new(Some(ContentKind::Movies), ErrorCode::Truncated, message)];
        let told = lines(LogFormat::Text, true, |log| tell_run(log, &failed));
        assert_eq!(told.len(), 1, "{told:?}");
        let rest = told[0].split_once("Z ").unwrap().1.trim_start();
        assert_eq!(
            rest,
            "ERROR run ended profile=home run=7 trigger=\"schedule\" kinds=\"movies,series\" status=\"failed\" added=3 \
             updated=0 removed=0 held=0 duration_ms=0 requests=4 bytes=2000 error=\"truncated\" \
             detail=\"movies: line one line two [2J\""
        );
        assert_eq!(lines(LogFormat::Text, true, |log| tell_run(log, &report())), [""; 0], "with --quiet only errors");
    }

    #[test]
    fn other_events_have_lines() {
        let home = profile();
        let why = NotNow::AccountBusy { active: 1, most: 1 };
        let told = lines(LogFormat::Json, false, |log| {
            log.event(&WatchEvent::Postponed { profile: &home, why: &why, until: 0 });
            log.event(&WatchEvent::CacheTrouble { error: &StoreError::Full, until: 60 });
            log.event(&WatchEvent::HookFailed { profile: &home, hook: "webhook", why: "it is down", until: None });
        });
        for (line, parts) in told.iter().zip([
            &[r#""message":"run postponed""#, r#""reason":"account_busy""#, r#""until":"1970-01-01T00:00:00Z""#][..],
            &[r#""level":"ERROR""#, r#""message":"cache trouble""#, r#""error":"disk_full""#],
            &[r#""level":"WARN""#, r#""message":"hook failed""#, r#""hook":"webhook""#, r#""detail":"it is down""#],
        ]) {
            assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        }
        assert_eq!(told.len(), 3);
    }

    /// `docs/watch.md` lists every reason. The help of the metric lists the reasons of postponed runs.
    #[test]
    fn the_documents_have_every_reason() {
        let why = [
            Why::Schedule("every 1d".parse().unwrap()),
            Why::Learnt(Learnt { pattern: Pattern::Unknown, explores: false }),
            Why::QuietHours,
            Why::NeverSynced,
            Why::KindOff,
            Why::ScheduleOff,
            Why::NoLogin,
            Why::PanelDown(1),
            Why::AnswerUnusable(1),
            Why::LoginRefused,
            Why::AccountEnded,
            Why::NotOffered,
            Why::TooSlow(1),
            Why::Interrupted(1),
            Why::Failed(1),
            Why::BudgetUsed(1),
        ];
        let not_now = [
            NotNow::AccountBusy { active: 1, most: 1 },
            NotNow::Gate(String::new()),
            NotNow::StillSlow,
            NotNow::ProfileBusy,
            NotNow::AccountInUse,
            NotNow::NoSource(String::new()),
        ];
        let (pauses, others): (Vec<_>, Vec<_>) = why.iter().partition(|why| why.is_pause());
        let codes = |why: Vec<&Why>| why.into_iter().map(Why::code).collect::<Vec<_>>();
        let postponed: Vec<_> = not_now.iter().map(NotNow::code).collect();
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/watch.md");
        let document = std::fs::read_to_string(document).unwrap();
        let (_, list) = document.split_once("`reason`\nis one of\n\n- ").unwrap();
        let (list, _) = list.split_once("\n\n").unwrap();
        let mut listed: Vec<Vec<&str>> = Vec::new();
        for line in list.split("\n- ") {
            listed.push(line.split('`').skip(1).step_by(2).collect());
        }
        assert_eq!(listed, [codes(others), codes(pauses), postponed.clone()]);
        let metric = METRICS.iter().find(|metric| metric.name == "xtream_sync_postponed_total").unwrap();
        let words: Vec<_> = metric.help.split(|c: char| c != '_' && !c.is_ascii_lowercase()).collect();
        assert!(postponed.iter().all(|code| words.contains(code)), "{}", metric.help);
    }
}
