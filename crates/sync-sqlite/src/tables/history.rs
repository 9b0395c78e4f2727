//! The history: runs, what they did to each kind, and the change log.
//!
//! All of it is read and written once a run or once a kind, by typed queries. What appends to the log is in
//! [`crate::items::log_sql`].

use std::time::Duration;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::store::{ChangeRecord, LoggedChange, RunEnd, RunId, RunRecord};
use sync_core::{
    ContentId, ContentKind, Counts, FieldSet, KindRecord, ProfileId, ReportError, RunStatus, StoreError, SyncMode,
};

use crate::db::bind::{Bind, signed};
use crate::db::fault::of_diesel;
use crate::db::stop;
use crate::db::value::{Count, Number, Text};
use crate::store::SqliteStore;
use crate::tables::facts;
use crate::tables::guards::check_fence;
use crate::tables::held::hold_anew;
use crate::tables::schema::{xtream_changes, xtream_content_sync, xtream_sync_run_kinds, xtream_sync_runs};
use crate::tables::words::{
    Change, ChangeWord, ErrorWord, KindWord, ModeWord, OutcomeWord, ReasonWord, StatusWord, Word,
};

/// A run, as it begins.
#[derive(Insertable)]
#[diesel(table_name = xtream_sync_runs)]
struct NewRun<'a> {
    profile_id: &'a str,
    fence: i64,
    status: StatusWord,
    started_at: i64,
}

/// A run, as it is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_sync_runs, check_for_backend(Sqlite))]
struct Run {
    id: Number,
    status: StatusWord,
    started_at: Number,
    finished_at: Option<Number>,
}

/// What a run did to a kind.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = xtream_sync_run_kinds, check_for_backend(Sqlite), treat_none_as_default_value = false)]
struct RunKind {
    run_id: Number,
    kind: KindWord,
    mode: ModeWord,
    outcome: OutcomeWord,
    added: Count,
    updated: Count,
    refreshed: Count,
    removed: Count,
    unchanged: Count,
    held: Count,
    skipped: Count,
    bytes: Count,
    requests: Count,
    duration_ms: Count,
    hold_reason: Option<ReasonWord>,
    error_code: Option<ErrorWord>,
    error_message: Option<Text>,
    not_modified: Number,
}

/// An entry of the change log.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_changes, check_for_backend(Sqlite))]
struct Logged {
    sequence: Number,
    run_id: Number,
    kind: KindWord,
    content_id: Option<Number>,
    change: ChangeWord,
    fields: Option<Text>,
    returned: Number,
}

impl SqliteStore {
    /// Records the start of a run, and that an earlier one without an end was interrupted.
    pub fn start_run_blocking(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError> {
        let run = self.write(|conn| {
            stop::at("start.begun");
            check_fence(conn, profile, fence)?;
            let (profile_id, syncing) = (profile.as_str(), StatusWord::from(RunStatus::Syncing));
            let open = xtream_sync_runs::table
                .filter(xtream_sync_runs::profile_id.eq(profile_id))
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

    /// Records the end of a run and of those of its kinds that applied nothing, and what it has
    /// learnt of the panel.
    pub fn finish_run_blocking(&self, profile: &ProfileId, end: &RunEnd) -> Result<(), StoreError> {
        // Who cancelled doesn't wait for others: a run without an end is seen to be interrupted.
        let cancelled = end.status == RunStatus::Cancelled;
        let patient = || if cancelled { Err(StoreError::Locked) } else { Ok(()) };
        self.write_unless(patient, |conn| {
            stop::at("finish.begun");
            check_fence(conn, profile, end.fence)?;
            check_under_way(conn, profile, end.run)?;
            let (now, status) = (end.finished_at, StatusWord::from(end.status));
            diesel::update(xtream_sync_runs::table.filter(xtream_sync_runs::id.eq(end.run.0)))
                .set((xtream_sync_runs::status.eq(&status), xtream_sync_runs::finished_at.eq(now)))
                .execute(conn)
                .map_err(of_diesel)?;
            for record in &end.records {
                record_kind(conn, end.run, record)?;
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
            for (kind, held) in &end.held {
                hold_anew(conn, profile, *kind, held)?;
            }
            end.facts.as_ref().map_or(Ok(()), |facts| facts::save(conn, profile, facts))?;
            stop::at("finish.before-commit");
            Ok(())
        })?;
        stop::at("finish.committed");
        // The log has grown by what the run wrote.
        self.tidy();
        stop::at("finish.tidied");
        Ok(())
    }

    /// Returns the latest runs, newest first, at most `limit`.
    pub fn runs_blocking(&self, profile: &ProfileId, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        // Before the rows are read: a run that ends in between is then read as ended.
        let leased = self.is_leased(profile);
        self.read_profile(profile, |conn| {
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
                let run = RunId(row.run_id.0);
                let kind = row.read()?;
                runs.iter_mut().filter(|known| known.run == run).for_each(|known| known.kinds.push(kind.clone()));
            }
            for run in &mut runs {
                run.kinds.sort_by_key(|record| record.kind);
            }
            Ok(runs)
        })
    }

    /// Returns the changes after a sequence number, oldest first, at most `limit`.
    pub fn changes_blocking(
        &self,
        profile: &ProfileId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ChangeRecord>, StoreError> {
        self.read_profile(profile, |conn| {
            let rows = xtream_changes::table
                .filter(xtream_changes::profile_id.eq(profile.as_str()))
                .filter(xtream_changes::sequence.gt(after))
                .order(xtream_changes::sequence)
                .limit(limit.into())
                .select(Logged::as_select())
                .load(conn)
                .map_err(of_diesel)?;
            rows.into_iter().map(Logged::read).collect()
        })
    }
}

/// Fails unless the run is one of the profile's, and has no end.
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

/// Writes what a run did to a kind. A record that is there already is replaced.
pub(crate) fn record_kind(conn: &mut SqliteConnection, run: RunId, record: &KindRecord) -> Result<(), StoreError> {
    let row = RunKind::of(run, record);
    diesel::replace_into(xtream_sync_run_kinds::table).values(row).execute(conn).map_err(of_diesel).map(|_| ())
}

/// The status of a run, or of a profile's last one: what has no end and no holder was interrupted.
pub(crate) fn status_seen(status: RunStatus, leased: bool) -> RunStatus {
    if status == RunStatus::Syncing && !leased { RunStatus::Interrupted } else { status }
}

impl Run {
    fn read(self, leased: bool) -> Result<RunRecord, StoreError> {
        let status = status_seen(self.status.known()?, leased);
        let mut run = RunRecord::new(RunId(self.id.0), status, self.started_at.0);
        run.finished_at = self.finished_at.map(|at| at.0);
        Ok(run)
    }
}

impl RunKind {
    fn of(run: RunId, record: &KindRecord) -> Self {
        let (counts, error) = (record.counts, record.error.as_ref());
        Self {
            run_id: Number(run.0),
            kind: record.kind.into(),
            mode: record.mode.into(),
            outcome: record.outcome.into(),
            added: Count(counts.added),
            updated: Count(counts.updated),
            refreshed: Count(counts.refreshed),
            removed: Count(counts.removed),
            unchanged: Count(counts.unchanged),
            held: Count(counts.held),
            skipped: Count(counts.skipped),
            bytes: Count(record.bytes),
            requests: Count(record.requests),
            duration_ms: Count(u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX)),
            hold_reason: record.hold_reason.map(ReasonWord::from),
            error_code: error.map(|error| error.code.clone().into()),
            error_message: error.map(|error| Text(error.message.clone())),
            not_modified: Number(record.not_modified.into()),
        }
    }

    fn read(self) -> Result<KindRecord, StoreError> {
        let kind = self.kind.known()?;
        let message = self.error_message.map(|message| message.0).unwrap_or_default();
        let code = self.error_code.map(Word::known).transpose()?;
        Ok(KindRecord {
            kind,
            mode: self.mode.ok().unwrap_or(SyncMode::Auto),
            outcome: self.outcome.known()?,
            counts: Counts {
                added: self.added.0,
                updated: self.updated.0,
                refreshed: self.refreshed.0,
                removed: self.removed.0,
                unchanged: self.unchanged.0,
                held: self.held.0,
                skipped: self.skipped.0,
            },
            not_modified: self.not_modified.0 != 0,
            bytes: self.bytes.0,
            requests: self.requests.0,
            duration: Duration::from_millis(self.duration_ms.0),
            hold_reason: self.hold_reason.map(Word::known).transpose()?,
            skipped_at: None,
            error: code.map(|code| ReportError::new(Some(kind), code, message)),
        })
    }
}

impl Logged {
    fn read(self) -> Result<ChangeRecord, StoreError> {
        let kind = self.kind.known()?;
        let change = match self.change.known()? {
            Change::Loaded => LoggedChange::Loaded,
            Change::Added if self.returned.0 != 0 => LoggedChange::Returned,
            Change::Added => LoggedChange::Added,
            Change::Removed => LoggedChange::Removed,
            Change::Updated => {
                let mut fields = FieldSet::EMPTY;
                let names = self.fields.map(|names| names.0).unwrap_or_default();
                names.split(',').filter_map(|name| kind.field(name)).for_each(|at| fields.add(at));
                LoggedChange::Updated(fields)
            }
        };
        let (run, id) = (self.run_id.0, self.content_id.map(|id| ContentId(id.0)));
        let record = ChangeRecord::new(self.sequence.0, kind, change);
        Ok(record.of_run((run != 0).then_some(RunId(run))).of_item(id))
    }
}

/// What the change log has in its columns `change`, `fields` and `returned`.
pub(crate) fn change_columns(kind: ContentKind, change: LoggedChange) -> [Bind<'static>; 3] {
    let (name, fields) = match change {
        LoggedChange::Loaded => (Change::Loaded, None),
        // Whoever reads the log without knowing of returns has to see an item that is there again.
        LoggedChange::Added | LoggedChange::Returned => (Change::Added, None),
        LoggedChange::Updated(fields) => {
            (Change::Updated, Some(fields.names(kind.fields()).collect::<Vec<_>>().join(",")))
        }
        LoggedChange::Removed => (Change::Removed, None),
    };
    [name.as_str().into(), fields.into(), i64::from(change == LoggedChange::Returned).into()]
}
