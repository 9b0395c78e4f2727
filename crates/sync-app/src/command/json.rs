//! Reports as JSON: a shape that scripts rely on.

use serde::Serialize;
use sync_core::{ContentKind, KindRecord, ReportError, SyncReport};

/// One line of `sync --json`.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    profile: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    kinds: Kinds<'a>,
    errors: Vec<Error<'a>>,
}

#[derive(Serialize)]
struct Kinds<'a> {
    channels: Kind<'a>,
    movies: Kind<'a>,
    series: Kind<'a>,
}

#[derive(Serialize)]
pub(crate) struct Kind<'a> {
    mode: &'static str,
    outcome: &'static str,
    added: u64,
    updated: u64,
    refreshed: u64,
    removed: u64,
    unchanged: u64,
    held: u64,
    skipped: u64,
    bytes: u64,
    requests: u64,
    duration_ms: u64,
    error: Option<Error<'a>>,
}

#[derive(Serialize)]
pub(crate) struct Error<'a> {
    code: &'a str,
    message: &'a str,
    hint: &'a str,
}

impl<'a> From<&'a ReportError> for Error<'a> {
    fn from(error: &'a ReportError) -> Self {
        Self { code: &error.code, message: &error.message, hint: &error.hint }
    }
}

impl<'a> From<&'a KindRecord> for Kind<'a> {
    fn from(record: &'a KindRecord) -> Self {
        let counts = record.counts;
        Self {
            mode: record.mode.as_str(),
            outcome: record.outcome.as_str(),
            added: counts.added,
            updated: counts.updated,
            refreshed: counts.refreshed,
            removed: counts.removed,
            unchanged: counts.unchanged,
            held: counts.held,
            skipped: counts.skipped,
            bytes: record.bytes,
            requests: record.requests,
            duration_ms: u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
            error: record.error.as_ref().map(Into::into),
        }
    }
}

impl<'a> From<&'a SyncReport> for Report<'a> {
    fn from(report: &'a SyncReport) -> Self {
        Self {
            profile: report.profile.as_str(),
            status: report.status.as_str(),
            dry_run: report.dry_run,
            kinds: Kinds {
                channels: report.kind(ContentKind::Channels).into(),
                movies: report.kind(ContentKind::Movies).into(),
                series: report.kind(ContentKind::Series).into(),
            },
            errors: report.errors.iter().map(Into::into).collect(),
        }
    }
}

/// A value as one line of JSON.
pub(crate) fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!(r#"{{"error":"{error}"}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{ErrorClass, ProfileId, RunStatus, SyncMode};

    #[test]
    fn the_shape_is_the_contracts() {
        let mut report = SyncReport {
            profile: ProfileId::new("home").unwrap(),
            run: None,
            status: RunStatus::Completed,
            duration: std::time::Duration::ZERO,
            dry_run: false,
            kinds: ContentKind::ALL.map(|kind| KindRecord::skipped(kind, SyncMode::Full)).to_vec(),
            errors: Vec::new(),
            account: None,
            warnings: Vec::new(),
        };
        let kind = r#"{"mode":"full","outcome":"skipped","added":0,"updated":0,"refreshed":0,"removed":0,"unchanged":0,"held":0,"skipped":0,"bytes":0,"requests":0,"duration_ms":0,"error":null}"#;
        let kinds = format!(r#"{{"channels":{kind},"movies":{kind},"series":{kind}}}"#);
        assert_eq!(
            line(&Report::from(&report)),
            format!(r#"{{"profile":"home","status":"completed","kinds":{kinds},"errors":[]}}"#)
        );
        report.dry_run = true;
        report.errors.push(ReportError {
            kind: None,
            code: "c".into(),
            message: "m".into(),
            hint: "h".into(),
            class: ErrorClass::Internal,
        });
        let line = line(&Report::from(&report));
        assert!(line.contains(r#""status":"completed","dry_run":true,"kinds""#), "{line}");
        assert!(line.ends_with(r#""errors":[{"code":"c","message":"m","hint":"h"}]}"#), "{line}");
    }
}
