//! The history: the runs of a profile.

use std::ops::Range;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::policy::history::FAILURES_KEPT;
use sync_core::store::RunEnd;
use sync_core::{
    ContentKind, ErrorCode, FailedAttempt, KindHistory, KindOutcome, PerKind, ProfileId, ReportError, RunId, RunRecord,
    RunStatus, StoreError, Trigger,
};

use crate::db::bind::signed;
use crate::db::fault::of_diesel;
use crate::db::stop;
use crate::db::value::{Count, Number, Text};
use crate::feed::{retention, reverse};
use crate::store::SqliteStore;
use crate::tables::guards::check_fence;
use crate::tables::run_kind::RunKind;
use crate::tables::schema::{xtream_content_sync, xtream_sync_run_kinds, xtream_sync_runs};
use crate::tables::words::{ErrorWord, KindWord, OutcomeWord, StatusWord, TriggerWord, Word};
use crate::tables::{facts, held, run_kind};

/// The number of latest runs that are searched for runs without an end, and for the pauses of a schedule.
const RECENT_RUNS: u32 = 64;

/// The number of a profile's runs that are always kept.
const RUNS_KEPT: i64 = 1000;

/// A run at its beginning.
#[derive(Insertable)]
#[diesel(table_name = xtream_sync_runs)]
struct NewRun<'a> {
    profile_id: &'a str,
    fence: i64,
    status: StatusWord,
    started_at: i64,
}

/// A run as it is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_sync_runs, check_for_backend(Sqlite))]
struct Run {
    id: Number,
    status: StatusWord,
    started_at: Number,
    finished_at: Option<Number>,
    started_by: TriggerWord,
    duration_ms: Option<Count>,
    error_code: Option<ErrorWord>,
    error_message: Option<Text>,
}

impl SqliteStore {
    /// Records the start of a run, and marks an earlier run without an end as interrupted.
    pub fn start_run_blocking(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError> {
        let run = self.write(|conn| {
            stop::at("start.begun");
            check_fence(conn, profile, fence)?;
            let (profile_id, syncing) = (profile.as_str(), StatusWord::from(RunStatus::Syncing));
            // Only the newest runs are read, because a cache that is watched for years has many.
            let newest = xtream_sync_runs::table
                .filter(xtream_sync_runs::profile_id.eq(profile_id))
                .order(xtream_sync_runs::id.desc())
                .limit(RECENT_RUNS.into())
                .select(xtream_sync_runs::id)
                .load::<i64>(conn)
                .map_err(of_diesel)?;
            let open = xtream_sync_runs::table
                .filter(xtream_sync_runs::id.eq_any(newest))
                .filter(xtream_sync_runs::status.eq(&syncing));
            diesel::update(open)
                .set(xtream_sync_runs::status.eq(StatusWord::from(RunStatus::Interrupted)))
                .execute(conn)
                .map_err(of_diesel)?;
            let run = NewRun { profile_id, fence: signed(fence), status: syncing.clone(), started_at };
            let run: i64 = diesel::insert_into(xtream_sync_runs::table)
                .values(run)
                .returning(xtream_sync_runs::id)
                .get_result(conn)
                .map_err(of_diesel)?;
            diesel::update(xtream_content_sync::table.filter(xtream_content_sync::profile_id.eq(profile_id)))
                .set((
                    xtream_content_sync::sync_status.eq(syncing),
                    xtream_content_sync::sync_progress.eq(0),
                    xtream_content_sync::sync_message.eq(None::<&str>),
                    xtream_content_sync::updated_at.eq(started_at),
                ))
                .execute(conn)
                .map_err(of_diesel)?;
            stop::at("start.before-commit");
            Ok(RunId(run))
        })?;
        stop::at("start.committed");
        Ok(run)
    }

    /// Records the end of a run, the end of those of its kinds that applied nothing, and the facts that it has learnt
    /// of the panel.
    pub fn finish_run_blocking(&self, profile: &ProfileId, end: &RunEnd) -> Result<(), StoreError> {
        // A cancelled run doesn't wait for other writers. A run without an end is later recognised as interrupted.
        let cancelled = end.status == RunStatus::Cancelled;
        let patient = || if cancelled { Err(StoreError::Locked) } else { Ok(()) };
        self.write_unless(patient, |conn| {
            stop::at("finish.begun");
            check_fence(conn, profile, end.fence)?;
            check_under_way(conn, profile, end.run)?;
            let (now, status) = (end.finished_at, StatusWord::from(end.status));
            diesel::update(xtream_sync_runs::table.filter(xtream_sync_runs::id.eq(end.run.0)))
                .set((
                    xtream_sync_runs::status.eq(&status),
                    xtream_sync_runs::finished_at.eq(now),
                    xtream_sync_runs::started_by.eq(TriggerWord::from(end.trigger)),
                    xtream_sync_runs::duration_ms.eq(i64::try_from(end.duration.as_millis()).unwrap_or(i64::MAX)),
                    xtream_sync_runs::error_code.eq(end.error.as_ref().map(|error| error.code.as_str())),
                    xtream_sync_runs::error_message.eq(end.error.as_ref().map(|error| error.message.as_str())),
                ))
                .execute(conn)
                .map_err(of_diesel)?;
            for record in &end.records {
                run_kind::record(conn, end.run, record)?;
            }
            let done = matches!(end.status, RunStatus::Completed | RunStatus::Partial);
            let state = xtream_content_sync::table.filter(xtream_content_sync::profile_id.eq(profile.as_str()));
            diesel::update(state)
                .set((
                    xtream_content_sync::sync_status.eq(&status),
                    xtream_content_sync::sync_progress.eq(if done { 100 } else { 0 }),
                    xtream_content_sync::sync_message.eq(end.message.as_str()),
                    xtream_content_sync::updated_at.eq(now),
                ))
                .execute(conn)
                .map_err(of_diesel)?;
            if let Some(account) = &end.account {
                diesel::update(state)
                    .set((
                        xtream_content_sync::account_status.eq(account.status.as_str()),
                        xtream_content_sync::account_expires_at.eq(account.expires_at),
                        xtream_content_sync::account_checked_at.eq(now),
                    ))
                    .execute(conn)
                    .map_err(of_diesel)?;
            }
            for kind in ContentKind::ALL {
                let told: Vec<_> = end.held.iter().filter(|(of, _)| *of == kind).map(|(_, held)| held).collect();
                if told.is_empty() {
                    continue;
                }
                let before = held::held(conn, profile, kind)?;
                for held in &told {
                    held::hold_anew(conn, profile, kind, held)?;
                }
                let after = held::held(conn, profile, kind)?;
                reverse::tell_anew(conn, kind, end.run, &before, &after)?;
            }
            end.facts.as_ref().map_or(Ok(()), |facts| facts::save(conn, profile, facts))?;
            retention::prune(conn, profile, &end.retention, now)?;
            stop::at("finish.before-commit");
            Ok(())
        })?;
        stop::at("finish.committed");
        // The write-ahead log has grown by what the run wrote.
        self.tidy();
        stop::at("finish.tidied");
        Ok(())
    }

    /// Returns the latest runs, newest first, at most `limit`.
    pub fn runs_blocking(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        // The lease is tested before the rows are read, so a run that ends in between is read as ended.
        let leased = self.is_leased(profile);
        self.read_profile(profile, |conn| latest_runs(conn, profile, limit, leased))
    }

    /// Returns, per kind, when its list was last read, and which attempts have failed since.
    pub fn kind_histories_blocking(&self, profile: &ProfileId) -> Result<PerKind<KindHistory>, StoreError> {
        let leased = self.is_leased(profile);
        self.read_profile(profile, |conn| {
            let recent = latest_runs(conn, profile, RECENT_RUNS, leased)?;
            let mut histories = KindHistory::of_runs(&recent);
            let Some(oldest) = recent.last().map(|run| run.run.0) else { return Ok(histories) };
            for kind in ContentKind::ALL {
                let history = &mut histories[kind];
                if history.listed_at.is_none() {
                    // Another kind may have many runs since then, and this kind many probes.
                    let listed = last_listed(conn, profile, kind)?;
                    history.listed_at = listed.map(|(_, at)| at);
                    if history.probed_at.is_some() {
                        // Older failures don't count.
                        continue;
                    }
                    let probed = last_probed(conn, profile, kind)?;
                    let probed = probed.filter(|(run, _)| listed.is_none_or(|(listed, _)| *run > listed));
                    history.probed_at = probed.map(|(_, at)| at);
                    let since = probed.or(listed).map_or(0, |(run, _)| run);
                    let room = FAILURES_KEPT.saturating_sub(history.failures.len());
                    history.failures.extend(failures_between(conn, profile, kind, since..oldest, room)?);
                }
            }
            Ok(histories)
        })
    }
}

fn latest_runs(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    limit: u32,
    leased: bool,
) -> Result<Vec<RunRecord>, StoreError> {
    let latest = xtream_sync_runs::table
        .filter(xtream_sync_runs::profile_id.eq(profile.as_str()))
        .order(xtream_sync_runs::id.desc())
        .limit(limit.into());
    let rows = latest.select(Run::as_select()).load(conn).map_err(of_diesel)?;
    let mut runs = rows.into_iter().map(|row| row.read(leased)).collect::<Result<Vec<_>, _>>()?;
    let rows = xtream_sync_run_kinds::table
        .filter(xtream_sync_run_kinds::run_id.eq_any(latest.select(xtream_sync_runs::id)))
        .select(RunKind::as_select())
        .load(conn)
        .map_err(of_diesel)?;
    for row in rows {
        let run = row.run();
        let kind = row.read()?;
        runs.iter_mut().filter(|known| known.run == run).for_each(|known| known.kinds.push(kind.clone()));
    }
    for run in &mut runs {
        run.kinds.sort_by_key(|record| record.kind);
    }
    Ok(runs)
}

/// Deletes the runs that began before the cutoff and have no entry in the change log. The newest thousand runs stay,
/// and so does, per kind, the newest run that read its list.
pub(crate) fn forget_runs(conn: &mut SqliteConnection, profile: &ProfileId, cutoff: i64) -> Result<(), StoreError> {
    let of_profile = || xtream_sync_runs::table.filter(xtream_sync_runs::profile_id.eq(profile.as_str()));
    let oldest: Option<Number> = of_profile()
        .order(xtream_sync_runs::id)
        .select(xtream_sync_runs::started_at)
        .first(conn)
        .optional()
        .map_err(of_diesel)?;
    if oldest.is_none_or(|at| at.0 >= cutoff) {
        return Ok(());
    }
    let kept_from: Option<i64> = of_profile()
        .order(xtream_sync_runs::id.desc())
        .offset(RUNS_KEPT)
        .select(xtream_sync_runs::id)
        .first(conn)
        .optional()
        .map_err(of_diesel)?;
    let Some(mut last) = kept_from else { return Ok(()) };
    if let Some(run) = retention::oldest_run(conn, profile)? {
        last = last.min(run - 1);
    }
    let mut kept = Vec::new();
    for kind in ContentKind::ALL {
        kept.extend(last_listed(conn, profile, kind)?.map(|(run, _)| run));
    }
    let old = of_profile()
        .filter(xtream_sync_runs::id.le(last))
        .filter(xtream_sync_runs::started_at.lt(cutoff))
        .filter(xtream_sync_runs::id.ne_all(kept));
    diesel::delete(old).execute(conn).map_err(of_diesel).map(|_| ())
}

/// Returns the failed attempts of a kind in the runs after the first of these numbers and before the second, newest
/// first.
fn failures_between(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    runs: Range<i64>,
    most: usize,
) -> Result<Vec<FailedAttempt>, StoreError> {
    type Failed = (Number, Option<Number>, Option<ErrorWord>);
    let found: Vec<Failed> = xtream_sync_runs::table
        .inner_join(xtream_sync_run_kinds::table.on(xtream_sync_run_kinds::run_id.eq(xtream_sync_runs::id)))
        .filter(xtream_sync_runs::profile_id.eq(profile.as_str()))
        .filter(xtream_sync_runs::id.gt(runs.start))
        .filter(xtream_sync_runs::id.lt(runs.end))
        .filter(xtream_sync_run_kinds::kind.eq(KindWord::from(kind)))
        .filter(xtream_sync_run_kinds::outcome.eq(OutcomeWord::from(KindOutcome::Failed)))
        .order(xtream_sync_runs::id.desc())
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select((xtream_sync_runs::started_at, xtream_sync_runs::finished_at, xtream_sync_run_kinds::error_code))
        .load(conn)
        .map_err(of_diesel)?;
    let attempts = found.into_iter().map(|(started, finished, code)| {
        let code = code.and_then(Word::ok).unwrap_or(ErrorCode::Internal);
        FailedAttempt { at: finished.unwrap_or(started).0, code: Some(code) }
    });
    Ok(attempts.collect())
}

/// Returns the newest run that read the list of a kind, and the start of that run.
fn last_listed(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Option<(i64, i64)>, StoreError> {
    last_with(conn, profile, kind, &[KindOutcome::Completed, KindOutcome::Unchanged, KindOutcome::Held])
}

/// Returns the newest run in which a probe of a kind saw no change, and the start of that run.
fn last_probed(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Option<(i64, i64)>, StoreError> {
    last_with(conn, profile, kind, &[KindOutcome::ProbedUnchanged])
}

/// Returns the newest run that asked the panel and had this outcome for a kind, and the start of that run.
fn last_with(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    outcomes: &[KindOutcome],
) -> Result<Option<(i64, i64)>, StoreError> {
    let taken: Vec<_> = outcomes.iter().copied().map(OutcomeWord::from).collect();
    let not_asked = [Trigger::Undo, Trigger::ChangeSet].map(TriggerWord::from);
    let found: Option<(Number, Number)> = xtream_sync_runs::table
        .inner_join(xtream_sync_run_kinds::table.on(xtream_sync_run_kinds::run_id.eq(xtream_sync_runs::id)))
        .filter(xtream_sync_runs::profile_id.eq(profile.as_str()))
        .filter(xtream_sync_run_kinds::kind.eq(KindWord::from(kind)))
        .filter(xtream_sync_run_kinds::outcome.eq_any(taken))
        .filter(xtream_sync_runs::started_by.ne_all(not_asked))
        .order(xtream_sync_runs::id.desc())
        .select((xtream_sync_runs::id, xtream_sync_runs::started_at))
        .first(conn)
        .optional()
        .map_err(of_diesel)?;
    Ok(found.map(|(run, at)| (run.0, at.0)))
}

/// Returns an error if the run is not one of the profile's runs, or has ended.
pub(crate) fn check_under_way(conn: &mut SqliteConnection, profile: &ProfileId, run: RunId) -> Result<(), StoreError> {
    let status = xtream_sync_runs::table
        .filter(xtream_sync_runs::id.eq(run.0))
        .filter(xtream_sync_runs::profile_id.eq(profile.as_str()))
        .select(xtream_sync_runs::status)
        .first::<StatusWord>(conn)
        .optional()
        .map_err(of_diesel)?;
    match status.map(Word::ok) {
        Some(Some(RunStatus::Syncing)) => Ok(()),
        Some(_) => Err(StoreError::Refused(format!("run {} has ended", run.0))),
        None => Err(StoreError::Refused(format!("there is no run {}", run.0))),
    }
}

/// Returns the status of a run, or of a profile's last run. A run without an end was interrupted if nobody has the
/// lease.
pub(crate) fn status_seen(status: RunStatus, leased: bool) -> RunStatus {
    if status == RunStatus::Syncing && !leased { RunStatus::Interrupted } else { status }
}

impl Run {
    fn read(self, leased: bool) -> Result<RunRecord, StoreError> {
        let status = status_seen(self.status.known()?, leased);
        let mut run = RunRecord::new(RunId(self.id.0), status, self.started_at.0);
        run.finished_at = self.finished_at.map(|at| at.0);
        run.duration = self.duration_ms.map(|duration| Duration::from_millis(duration.0));
        run.trigger = self.started_by.ok().unwrap_or_default();
        let message = self.error_message.map(|message| message.0).unwrap_or_default();
        run.error = self.error_code.and_then(Word::ok).map(|code| ReportError::new(None, code, message));
        Ok(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_runs_are_pruned_except_needed_ones() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("cache.db")).unwrap();
        let home = ProfileId::new("home").unwrap();
        store.ensure_profile_blocking(&home).unwrap();
        let ids = |conn: &mut SqliteConnection| {
            xtream_sync_runs::table.order(xtream_sync_runs::id).select(xtream_sync_runs::id).load::<i64>(conn).unwrap()
        };
        store
            .write(|conn| {
                for run in 1..=RUNS_KEPT + 20 {
                    let status = StatusWord::from(RunStatus::Completed);
                    let row = NewRun { profile_id: "home", fence: 1, status, started_at: run };
                    diesel::insert_into(xtream_sync_runs::table).values(row).execute(conn).map_err(of_diesel)?;
                }
                let mut record = sync_core::KindRecord::skipped(ContentKind::Series, sync_core::SyncMode::Full);
                record.outcome = KindOutcome::Completed;
                run_kind::record(conn, RunId(3), &record)?;
                forget_runs(conn, &home, 1)?;
                assert_eq!(ids(conn).len(), 1020, "none began before");
                forget_runs(conn, &home, 10)?;
                assert_eq!(ids(conn)[..3], [3, 10, 11], "the newest list of a kind, and what began later");
                forget_runs(conn, &home, i64::MAX)?;
                let left = ids(conn);
                assert_eq!((left.len(), left[0], left[1]), (1001, 3, 21));
                Ok(())
            })
            .unwrap();
        assert_eq!(store.kind_histories_blocking(&home).unwrap()[ContentKind::Series].listed_at, Some(3));
        // Failures count regardless of how many runs of other kinds came later.
        store
            .write(|conn| {
                let mut record = sync_core::KindRecord::skipped(ContentKind::Series, sync_core::SyncMode::Full);
                record.outcome = KindOutcome::Failed;
                record.error = Some(ReportError::new(Some(ContentKind::Series), ErrorCode::TooSlow, "?".to_owned()));
                run_kind::record(conn, RunId(30), &record)
            })
            .unwrap();
        let failures = &store.kind_histories_blocking(&home).unwrap()[ContentKind::Series].failures;
        assert_eq!(failures[..], [FailedAttempt { at: 30, code: Some(ErrorCode::TooSlow) }]);
    }
}
