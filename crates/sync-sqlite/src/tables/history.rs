//! The history: runs, what they did to each kind, and the change log.

use std::time::Duration;

use diesel::SqliteConnection;
use sync_core::store::RunEnd;
use sync_core::{ChangeRecord, LoggedChange, RunId, RunRecord};
use sync_core::{
    ContentId, ContentKind, Counts, ErrorCode, FieldSet, HoldReason, KindOutcome, KindRecord, ProfileId, ReportError,
    RunStatus, StoreError, SyncMode,
};

use crate::db::bind::{Bind, signed};
use crate::db::statement::{Record, execute, integer, record, records};
use crate::db::stop;
use crate::store::SqliteStore;
use crate::tables::content::{hold_anew, read_kind, read_reason};
use crate::tables::facts;
use crate::tables::guards::check_fence;

impl SqliteStore {
    /// Records the start of a run, and that an earlier one without an end was interrupted.
    pub fn start_run_blocking(&self, profile: &ProfileId, fence: u64, started_at: i64) -> Result<RunId, StoreError> {
        let run = self.write(|conn| {
            stop::at("start.begun");
            check_fence(conn, profile, fence)?;
            let (profile_id, syncing) = (Bind::from(profile.as_str()), Bind::from(RunStatus::Syncing.as_str()));
            let sql = "UPDATE xtream_sync_runs SET status=? WHERE profile_id=? AND status=?";
            execute(conn, sql, &[RunStatus::Interrupted.as_str().into(), profile_id.clone(), syncing.clone()])?;
            let sql = "INSERT INTO xtream_sync_runs (profile_id,fence,status,started_at) VALUES (?,?,?,?) RETURNING id";
            let binds = [profile_id.clone(), signed(fence).into(), syncing.clone(), started_at.into()];
            let run = integer(conn, sql, &binds)?.ok_or_else(|| StoreError::backend("a run got no id"))?;
            let sql = "UPDATE xtream_content_sync SET sync_status=?, sync_progress=0, sync_message=NULL, updated_at=? \
                       WHERE profile_id=?";
            execute(conn, sql, &[syncing, started_at.into(), profile_id])?;
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
            let (now, profile_id) = (end.finished_at, Bind::from(profile.as_str()));
            let status = Bind::from(end.status.as_str());
            let sql = "UPDATE xtream_sync_runs SET status=?, finished_at=? WHERE id=?";
            execute(conn, sql, &[status.clone(), now.into(), end.run.0.into()])?;
            for record in &end.records {
                record_kind(conn, end.run, record)?;
            }
            let done = matches!(end.status, RunStatus::Completed | RunStatus::Partial);
            let sql = "UPDATE xtream_content_sync SET sync_status=?, sync_progress=?, sync_message=?, updated_at=? \
                       WHERE profile_id=?";
            let progress = if done { 100 } else { 0 };
            execute(
                conn,
                sql,
                &[status, progress.into(), end.message.as_str().into(), now.into(), profile_id.clone()],
            )?;
            if let Some(account) = &end.account {
                let status = account.status.as_str();
                let sql = "UPDATE xtream_content_sync SET account_status=?, account_expires_at=?, \
                           account_checked_at=? WHERE profile_id=?";
                execute(conn, sql, &[status.into(), account.expires_at.into(), now.into(), profile_id])?;
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
            let limits = [profile.as_str().into(), i64::from(limit).into()];
            let sql = "SELECT id,status,started_at,finished_at FROM xtream_sync_runs WHERE profile_id=? \
                       ORDER BY id DESC LIMIT ?";
            let rows = records(conn, sql, &limits)?;
            let mut runs = rows.into_iter().map(|row| read_run(row, leased)).collect::<Result<Vec<_>, _>>()?;
            let sql = "SELECT run_id,kind,mode,outcome,added,updated,refreshed,removed,unchanged,held,skipped,bytes,\
                       requests,duration_ms,hold_reason,error_code,error_message,not_modified FROM xtream_sync_run_kinds \
                       WHERE run_id IN (SELECT id FROM xtream_sync_runs WHERE profile_id=? ORDER BY id DESC LIMIT ?)";
            for mut row in records(conn, sql, &limits)? {
                let run = RunId(row.integer(0)?);
                let kind = read_kind_record(&mut row)?;
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
        let sql = "SELECT sequence,run_id,kind,content_id,change,fields,returned FROM xtream_changes \
                   WHERE profile_id=? AND sequence>? ORDER BY sequence LIMIT ?";
        self.read_profile(profile, |conn| {
            let rows = records(conn, sql, &[profile.as_str().into(), after.into(), i64::from(limit).into()])?;
            rows.into_iter().map(read_change).collect()
        })
    }
}

/// Fails unless the run is one of the profile's, and has no end.
pub(crate) fn check_under_way(conn: &mut SqliteConnection, profile: &ProfileId, run: RunId) -> Result<(), StoreError> {
    let sql = "SELECT status FROM xtream_sync_runs WHERE id=? AND profile_id=?";
    let found = record(conn, sql, &[run.0.into(), profile.as_str().into()])?;
    let status = found.map(|mut row| row.text(0)).transpose()?;
    match status.as_deref() {
        Some("syncing") => Ok(()),
        Some(_) => Err(StoreError::Refused(format!("run {} has ended", run.0))),
        None => Err(StoreError::Refused(format!("there is no run {}", run.0))),
    }
}

/// Writes what a run did to a kind. A record that is there already is replaced.
pub(crate) fn record_kind(conn: &mut SqliteConnection, run: RunId, record: &KindRecord) -> Result<(), StoreError> {
    let counts = record.counts;
    let numbers = [
        counts.added,
        counts.updated,
        counts.refreshed,
        counts.removed,
        counts.unchanged,
        counts.held,
        counts.skipped,
        record.bytes,
        record.requests,
        u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
    ];
    let mut binds: Vec<Bind<'_>> =
        vec![run.0.into(), record.kind.as_str().into(), record.mode.as_str().into(), record.outcome.as_str().into()];
    binds.extend(numbers.map(|number| Bind::from(signed(number))));
    binds.push(record.hold_reason.map(HoldReason::as_str).into());
    binds.push(record.error.as_ref().map(|error| error.code.as_str()).into());
    binds.push(record.error.as_ref().map(|error| error.message.as_str()).into());
    binds.push(i64::from(record.not_modified).into());
    let sql = "INSERT OR REPLACE INTO xtream_sync_run_kinds (run_id,kind,mode,outcome,added,updated,refreshed,removed,unchanged,\
               held,skipped,bytes,requests,duration_ms,hold_reason,error_code,error_message,not_modified) \
               VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    execute(conn, sql, &binds).map(|_| ())
}

/// The status of a run, or of a profile's last one: what has no end and no holder was interrupted.
pub(crate) fn status_seen(status: RunStatus, leased: bool) -> RunStatus {
    if status == RunStatus::Syncing && !leased { RunStatus::Interrupted } else { status }
}

fn read_run(mut row: Record, leased: bool) -> Result<RunRecord, StoreError> {
    let status = row.text(1)?;
    let status = RunStatus::from_name(&status).ok_or_else(|| no(&status, "status"))?;
    let mut run = RunRecord::new(RunId(row.integer(0)?), status_seen(status, leased), row.integer(2)?);
    run.finished_at = row.optional_integer(3)?;
    Ok(run)
}

fn read_kind_record(row: &mut Record) -> Result<KindRecord, StoreError> {
    let kind = read_kind(&row.text(1)?)?;
    let mode = match row.text(2)?.as_str() {
        "full" => SyncMode::Full,
        "incremental" => SyncMode::Incremental,
        _ => SyncMode::Auto,
    };
    let outcome = row.text(3)?;
    let outcome = KindOutcome::from_name(&outcome).ok_or_else(|| no(&outcome, "outcome"))?;
    let counts = Counts {
        added: row.count(4)?,
        updated: row.count(5)?,
        refreshed: row.count(6)?,
        removed: row.count(7)?,
        unchanged: row.count(8)?,
        held: row.count(9)?,
        skipped: row.count(10)?,
    };
    let (bytes, requests) = (row.count(11)?, row.count(12)?);
    let duration = Duration::from_millis(row.count(13)?);
    let hold_reason = row.optional_text(14)?.map(|code| read_reason(&code)).transpose()?;
    let message = row.optional_text(16)?.unwrap_or_default();
    let error = row.optional_text(15)?.map(|code| ReportError::new(Some(kind), ErrorCode::parse(&code), message));
    let not_modified = row.integer(17)? != 0;
    let skipped_at = None;
    Ok(KindRecord {
        kind,
        mode,
        outcome,
        counts,
        not_modified,
        bytes,
        requests,
        duration,
        hold_reason,
        skipped_at,
        error,
    })
}

/// What the change log has in its columns `change`, `fields` and `returned`.
pub(crate) fn change_columns(kind: ContentKind, change: LoggedChange) -> [Bind<'static>; 3] {
    let (name, fields) = match change {
        LoggedChange::Loaded => ("loaded", None),
        // Whoever reads the log without knowing of returns has to see an item that is there again.
        LoggedChange::Added | LoggedChange::Returned => ("added", None),
        LoggedChange::Updated(fields) => ("updated", Some(fields.names(kind.fields()).collect::<Vec<_>>().join(","))),
        LoggedChange::Removed => ("removed", None),
    };
    [name.into(), fields.into(), i64::from(change == LoggedChange::Returned).into()]
}

fn read_change(mut row: Record) -> Result<ChangeRecord, StoreError> {
    let run = row.integer(1)?;
    let kind = read_kind(&row.text(2)?)?;
    let change = match row.text(4)?.as_str() {
        "loaded" => LoggedChange::Loaded,
        "added" if row.integer(6)? != 0 => LoggedChange::Returned,
        "added" => LoggedChange::Added,
        "removed" => LoggedChange::Removed,
        "updated" => {
            let mut fields = FieldSet::EMPTY;
            let names = row.optional_text(5)?.unwrap_or_default();
            names.split(',').filter_map(|name| kind.field(name)).for_each(|at| fields.add(at));
            LoggedChange::Updated(fields)
        }
        other => return Err(no(other, "change")),
    };
    let id = row.optional_integer(3)?.map(ContentId);
    Ok(ChangeRecord::new(row.integer(0)?, kind, change).of_run((run != 0).then_some(RunId(run))).of_item(id))
}

fn no(found: &str, what: &str) -> StoreError {
    StoreError::Corrupt(format!("`{found}` is no {what}"))
}
