//! Reports as JSON, and how lines are written. Scripts rely on the members and their order.

mod harmless;
mod plan;
mod told;

use std::io::{self, BufWriter, Write};

use serde::Serialize;
use sync_core::source::UnreadableAt;
use sync_core::{ContentKind, KindRecord, PerKind, ReportError, SyncReport, Trigger};
use sync_service::OverlayNews;

use super::{hints, live, terminal};
use crate::json::{Error, Kind, Kinds, Report, SkippedAt, Told};
use harmless::Harmless;
pub(crate) use plan::Items;

impl From<UnreadableAt> for SkippedAt {
    fn from(at: UnreadableAt) -> Self {
        let UnreadableAt { offset, before, after } = at;
        Self { offset, before: before.map(|id| id.0), after: after.map(|id| id.0) }
    }
}

impl<'a> From<&'a ReportError> for Error<'a> {
    fn from(error: &'a ReportError) -> Self {
        Self {
            code: error.code.as_str().into(),
            message: error.message.as_str().into(),
            hint: hints::of_error(error).into(),
        }
    }
}

impl<'a, I> From<&'a KindRecord> for Kind<'a, I> {
    fn from(record: &'a KindRecord) -> Self {
        let counts = record.counts;
        Self {
            mode: record.mode.as_str().into(),
            outcome: record.outcome.as_str().into(),
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
            not_modified: record.not_modified,
            hold_reason: record.hold_reason.map(|reason| reason.as_str().into()),
            skipped_at: record.skipped_at.map(Into::into),
            plan: None,
            switched_off: false,
            overlay: None,
        }
    }
}

impl<T> Kinds<T> {
    /// Returns the kinds with the value of each.
    pub(crate) fn of(value: impl Fn(ContentKind) -> T) -> Self {
        Self {
            channels: value(ContentKind::Channels),
            movies: value(ContentKind::Movies),
            series: value(ContentKind::Series),
        }
    }

    const fn kind_mut(&mut self, kind: ContentKind) -> &mut T {
        match kind {
            ContentKind::Channels => &mut self.channels,
            ContentKind::Movies => &mut self.movies,
            ContentKind::Series => &mut self.series,
        }
    }
}

impl<'a> Report<'a, Items<'a>> {
    /// Returns the report with the findings of the run in the overlay.
    pub(crate) fn with_overlay(mut self, news: &'a PerKind<OverlayNews>) -> Self {
        for (kind, news) in news.iter().filter(|(_, news)| !news.is_empty()) {
            self.kinds.kind_mut(kind).overlay = Some(news.into());
        }
        self
    }

    /// Returns the report with this trigger instead of a person.
    pub(crate) fn with_trigger(self, trigger: Trigger) -> Self {
        Self { trigger: trigger.as_str().into(), ..self }
    }

    /// Returns the report with these kinds shown as switched off.
    pub(crate) fn with_off(mut self, kinds: &[ContentKind]) -> Self {
        for kind in kinds {
            self.kinds.kind_mut(*kind).switched_off = true;
        }
        self
    }
}

impl<'a> From<&'a SyncReport> for Report<'a, Items<'a>> {
    fn from(report: &'a SyncReport) -> Self {
        let kind = |kind: ContentKind| Kind {
            plan: report.plan.iter().find(|plan| plan.kind == kind).map(Into::into),
            ..Kind::from(report.kind(kind))
        };
        Self {
            profile: report.profile.as_str().into(),
            status: report.status.as_str().into(),
            dry_run: report.dry_run,
            kinds: Kinds::of(kind),
            errors: report.errors.iter().map(Into::into).collect(),
            warnings: report.warnings.iter().map(|warning| hints::of_warning(warning).into()).collect(),
            trigger: "manual".into(),
            wire_bytes: report.wire_bytes(),
        }
    }
}

/// Prints a value as one line of results. A reader that has gone is no error.
pub(crate) fn print_out(value: &impl Serialize) {
    let written = live::aside(|| {
        let mut out = BufWriter::new(io::stdout().lock());
        write_line(&mut out, value).and_then(|()| out.flush())
    });
    terminal::note(&written);
}

/// Returns the line that a hook is told.
pub(crate) fn told(told: &sync_service::watch::Told) -> Vec<u8> {
    let mut line = Vec::new();
    // Writing to a vector never fails.
    let _ = write_line(&mut line, &Told::from(told));
    line
}

/// Writes a value as a line.
pub(crate) fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    write(&mut *out, value)?;
    out.write_all(b"\n")
}

fn write(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    Ok(value.serialize(&mut serde_json::Serializer::with_formatter(out, Harmless))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{
        ContentId, ErrorCode, FieldSet, Hint, HoldReason, KindPlan, Loss, PlannedItem, PlannedRemoval, PlannedUpdate,
        ProfileId, RunStatus,
    };

    fn line(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        write(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn report() -> SyncReport {
        let mut report = SyncReport::new(ProfileId::new("home").unwrap());
        report.status = RunStatus::Completed;
        report
    }

    #[test]
    fn the_json_has_the_documented_shape() {
        let mut report = report();
        let kind = r#"{"mode":"full","outcome":"skipped","added":0,"updated":0,"refreshed":0,"removed":0,"unchanged":0,"held":0,"skipped":0,"bytes":0,"requests":0,"duration_ms":0,"error":null}"#;
        let kinds = format!(r#"{{"channels":{kind},"movies":{kind},"series":{kind}}}"#);
        assert_eq!(
            line(&Report::from(&report)),
            format!(
                r#"{{"profile":"home","status":"completed","kinds":{kinds},"errors":[],"trigger":"manual","wire_bytes":0}}"#
            )
        );
        let off = line(&Report::from(&report).with_off(&[ContentKind::Series]));
        assert!(
            off.contains(r#""error":null,"switched_off":true}},"errors""#) && off.matches("off").count() == 1,
            "{off}"
        );
        let mut news = PerKind::from_fn(|_| OverlayNews::default());
        news[ContentKind::Movies].more = 2;
        let told = line(&Report::from(&report).with_overlay(&news));
        let overlay = r#""error":null,"overlay":{"edits":[],"moves":[],"new_categories":[],"more":2}},"series""#;
        assert!(told.contains(overlay) && told.matches("overlay").count() == 1, "{told}");
        report.kinds[ContentKind::Channels].not_modified = true;
        assert!(line(&Report::from(&report)).contains(r#""error":null,"not_modified":true},"movies""#));
        report.kinds[ContentKind::Channels].skipped_at =
            Some(UnreadableAt { offset: 16, before: None, after: Some(ContentId(2)) });
        let with_example = r#""not_modified":true,"skipped_at":{"offset":16,"before":null,"after":2}},"movies""#;
        assert!(line(&Report::from(&report)).contains(with_example));
        report.dry_run = true;
        let error = ReportError::new(None, ErrorCode::Other("c".into()), "m".to_owned());
        report.errors.push(error.with_hint(Hint::WaitForOtherRun));
        let line = line(&Report::from(&report));
        assert!(line.contains(r#""status":"completed","dry_run":true,"kinds""#), "{line}");
        assert!(
            line.ends_with(r#""errors":[{"code":"c","message":"m","hint":"wait for the other run to end"}],"trigger":"manual","wire_bytes":0}"#),
            "{line}"
        );
    }

    #[test]
    fn a_plan_is_inside_its_kind() {
        let item = |id, name: &str| PlannedItem { id: ContentId(id), name: name.to_owned() };
        let plan = KindPlan {
            kind: ContentKind::Movies,
            added: vec![item(1, "x\u{1b}\u{202e}ä")],
            updated: vec![PlannedUpdate { item: item(2, "y"), fields: FieldSet(1) }],
            removed: vec![item(3, "z")],
            held: vec![PlannedRemoval { item: item(4, "q"), reason: HoldReason::Loss(Loss::ShareLost) }],
            foreign_edits: Vec::new(),
        };
        let mut report = report();
        (report.dry_run, report.plan) = (true, vec![plan]);
        report.kinds[ContentKind::Movies].hold_reason = Some(HoldReason::Loss(Loss::ShareLost));
        report.warnings.push("w".to_owned().into());
        let line = line(&Report::from(&report));
        let first = ContentKind::Movies.fields()[0].name;
        let expected = [
            r#""error":null,"hold_reason":"share_lost","plan":{"added":[{"id":1,"name":"x\u001b\u202eä"}],"#,
            &format!(r#""updated":[{{"id":2,"name":"y","fields":["{first}"]}}],"#),
            r#""removed":[{"id":3,"name":"z"}],"held":[{"id":4,"name":"q","reason":"share_lost"}]}},"series""#,
        ];
        assert!(line.contains(&expected.concat()), "{line}");
        assert!(line.ends_with(r#""errors":[],"warnings":["w"],"trigger":"manual","wire_bytes":0}"#), "{line}");
        assert_eq!(line.matches("plan").count(), 1, "{line}");
    }
}
