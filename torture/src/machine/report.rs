//! The report of a run, compared with what the run did.

use sync_core::{ContentKind, Counts, KindOutcome, RunStatus, SyncReport};

use super::run::Run;
use super::state::State;
use super::step::RunPlan;
use crate::campaign::Violation;
use crate::elements::SECRET;
use crate::promise;

/// Judges the report of a run, or the record of a run whose process died.
pub(super) fn check(
    run: &Run,
    plan: &RunPlan,
    report: Option<&SyncReport>,
    state: Option<&State>,
) -> Result<(), Violation> {
    let notes = run.notes();
    let Some(report) = report else {
        // A run whose process is gone is recorded as interrupted. What it has applied was listed.
        let mut world = run.world.inner();
        let now = world.now;
        for kind in ContentKind::ALL.into_iter().filter(|kind| notes.applied[*kind].is_some()) {
            world.sites[run.site].listed_at[kind] = Some(now);
        }
        return Ok(());
    };
    promise!(!format!("{report:?}").contains(SECRET), "a secret is in a report (I13)");
    promise!(report.dry_run == plan.dry_run, "a dry run is told as none, or the other way round");
    for record in report.kinds.values() {
        let (kind, applied) = (record.kind, notes.applied[record.kind]);
        let wrote = matches!(record.outcome, KindOutcome::Completed | KindOutcome::Unchanged | KindOutcome::Held);
        if plan.dry_run {
            promise!(applied.is_none(), "{kind}: a dry run wrote (I17)");
            continue;
        }
        promise!(
            wrote == applied.is_some(),
            "{kind}: reported as {}, and {} applied",
            record.outcome,
            if applied.is_some() { "was" } else { "was not" }
        );
        if wrote {
            let mut world = run.world.inner();
            world.sites[run.site].listed_at[kind] = Some(world.now);
        }
        match applied.flatten() {
            Some(counts) => {
                promise!(counts == record.counts, "{kind}: {:?} reported, {counts:?} happened (I7)", record.counts);
                let outcome = match () {
                    () if counts.held > 0 => KindOutcome::Held,
                    () if counts.is_quiet() => KindOutcome::Unchanged,
                    () => KindOutcome::Completed,
                };
                promise!(outcome == record.outcome, "{kind}: {} reported, it is {outcome}", record.outcome);
            }
            None if wrote => {}
            None => {
                promise!(record.counts == Counts::default(), "{kind}: counts of nothing: {:?}", record.counts);
            }
        }
        if record.outcome == KindOutcome::ProbedUnchanged {
            let heard = &notes.heard[kind];
            promise!(
                heard.probed && heard.whole.end.is_none(),
                "{kind}: probed_unchanged without a probe, or with a list"
            );
            let world = run.world.inner();
            let is_young = world.sites[run.site].listed_at[kind].is_some_and(|at| world.now - at < 86_400);
            drop(world);
            run.world.count("probe", "in place of a list");
            promise!(is_young, "{kind}: no list within a day, and a probe took its place");
        }
        let asked = plan.kinds.contains(&kind);
        promise!(asked || record.outcome == KindOutcome::Skipped, "{kind}: wasn't asked for, {}", record.outcome);
    }
    let Some((id, state)) = report.run.zip(state) else { return Ok(()) };
    let Some(recorded) = state.runs.iter().find(|recorded| recorded.run == id) else {
        return Err(Violation::new(format!("run {} is not in the history", id.0)));
    };
    if notes.finished {
        promise!(recorded.status == report.status, "recorded as {}, reported as {}", recorded.status, report.status);
        for kind in &recorded.kinds {
            let told = report.kind(kind.kind);
            let same = (kind.outcome, kind.counts) == (told.outcome, told.counts);
            promise!(same, "{}: recorded as {kind:?}, reported as {told:?}", kind.kind);
        }
    } else {
        let open = matches!(recorded.status, RunStatus::Syncing | RunStatus::Interrupted);
        promise!(open, "a run without an end is recorded as {}", recorded.status);
    }
    Ok(())
}
