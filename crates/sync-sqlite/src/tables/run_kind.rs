//! The result of a run for a kind.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::RunId;
use sync_core::{Counts, KindRecord, ReportError, StoreError, SyncMode};

use crate::db::fault::of_diesel;
use crate::db::value::{Count, Number, Text};
use crate::tables::schema::xtream_sync_run_kinds;
use crate::tables::words::{ErrorWord, KindWord, ModeWord, OutcomeWord, ReasonWord, Word};

/// The result of a run for a kind.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = xtream_sync_run_kinds, check_for_backend(Sqlite), treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct RunKind {
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
    wire_bytes: Option<Count>,
}

/// Writes the result of a run for a kind. An existing row is replaced, but what it keeps for an undo stays.
pub(crate) fn record(conn: &mut SqliteConnection, run: RunId, record: &KindRecord) -> Result<(), StoreError> {
    let row = RunKind::of(run, record);
    diesel::insert_into(xtream_sync_run_kinds::table)
        .values(&row)
        .on_conflict((xtream_sync_run_kinds::run_id, xtream_sync_run_kinds::kind))
        .do_update()
        .set(&row)
        .execute(conn)
        .map_err(of_diesel)
        .map(|_| ())
}

impl RunKind {
    /// Returns the run.
    pub(crate) const fn run(&self) -> RunId {
        RunId(self.run_id.0)
    }

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
            wire_bytes: record.wire_bytes.map(Count),
        }
    }

    /// Reads the record. An unknown mode counts as no particular mode.
    pub(crate) fn read(self) -> Result<KindRecord, StoreError> {
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
            wire_bytes: self.wire_bytes.map(|bytes| bytes.0),
            requests: self.requests.0,
            duration: Duration::from_millis(self.duration_ms.0),
            hold_reason: self.hold_reason.map(Word::known).transpose()?,
            skipped_at: None,
            error: code.map(|code| ReportError::new(Some(kind), code, message)),
        })
    }
}
