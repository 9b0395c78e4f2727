//! Compares what runs have recorded of a kind with the change log and the rows.
//!
//! The old end of the log may be pruned, and nothing is concluded from missing entries. Nothing is concluded either
//! from runs before a full comparison that a check has asked for.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use sync_core::{ContentKind, KindOutcome, StoreError, SyncMode};

use super::{Inconsistency, Look};
use crate::db::bind::Bind;
use crate::db::statement::{integer, integers, rows};
use crate::db::value::Number;
use crate::tables::words::{Change, ChangeWord, Word};
use crate::tables::{doubts, row_counts};

/// The values that a run has recorded when it applied a listing.
#[derive(Debug, Default)]
struct Applied {
    added: i64,
    updated: i64,
    removed: i64,
    /// The number of rows after the run.
    rows: i64,
    /// Whether the run has compared every item with its row.
    full: bool,
}

/// The changes of a run in the change log.
#[derive(Debug, Default)]
struct Logged {
    loaded: bool,
    added: i64,
    updated: i64,
    removed: i64,
}

/// The columns from which [`Applied`] is read.
#[derive(QueryableByName)]
struct AppliedRow {
    #[diesel(sql_type = BigInt)]
    run_id: Number,
    #[diesel(sql_type = BigInt)]
    added: Number,
    #[diesel(sql_type = BigInt)]
    updated: Number,
    #[diesel(sql_type = BigInt)]
    removed: Number,
    #[diesel(sql_type = BigInt)]
    rows: Number,
    #[diesel(sql_type = BigInt)]
    full: Number,
}

/// The number of entries of a run in the log, per change.
#[derive(QueryableByName)]
struct LoggedRow {
    #[diesel(sql_type = BigInt)]
    run_id: Number,
    #[diesel(sql_type = Text)]
    change: ChangeWord,
    #[diesel(sql_type = BigInt)]
    entries: Number,
}

/// The end of a run's entries in the log.
#[derive(QueryableByName)]
struct EndRow {
    #[diesel(sql_type = BigInt)]
    run_id: Number,
    #[diesel(sql_type = BigInt)]
    last: Number,
}

struct History {
    applied: BTreeMap<i64, Applied>,
    logged: BTreeMap<i64, Logged>,
    /// The sequence at which each run's entries end in the log, of all kinds.
    ends: BTreeMap<i64, i64>,
    /// The run that has compared everything because a check asked for it.
    compared: i64,
}

pub(super) fn look(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    let key = [Bind::from(look.profile.as_str()), Bind::from(kind.as_str())];
    let history = History {
        applied: applied(look, &key)?,
        logged: logged(look, &key)?,
        ends: ends(look, &key[..1])?,
        compared: doubts::settled_run(look.conn, look.profile, kind)?.unwrap_or(0),
    };
    let odd = malformed(look, &key, history.compared)?;
    look.note(Inconsistency::LogMalformed, &odd);
    let existing = integers(look.conn, "SELECT id FROM xtream_sync_runs WHERE profile_id=? ORDER BY 1", &key[..1])?;
    look.note(Inconsistency::RunNotAsLogged, &history.runs_not_as_logged(&existing));

    let rows = i64::try_from(row_counts::count(look.conn, look.profile, kind)?).unwrap_or(i64::MAX);
    let sql = "SELECT COUNT(*) FROM xtream_listing_index WHERE profile_id=? AND kind=? AND scope=''";
    if integer(look.conn, sql, &key)? == Some(0) {
        // The kind was never listed, or was cleared since.
        return Ok(());
    }
    let last = history.applied.last_key_value().map(|(run, _)| *run);
    // A full run has replaced the rows that another program deleted before, and the log doesn't have them.
    let full = history.applied.iter().rev().find(|(_, applied)| applied.full).map(|(run, _)| *run);
    let bases = [(Inconsistency::RowsNotAsRecorded, last), (Inconsistency::RowsNotAsLogged, full)];
    for (inconsistency, base) in bases {
        let base = base.map(|run| run.max(history.compared));
        // If the log begins later, the changes in between are unknown.
        let Some(base) = base.filter(|base| history.begins() <= *base) else { continue };
        let Some((most, by_hand)) = history.rows_since(base, look, &key)? else { continue };
        if !(most - by_hand..=most).contains(&rows) {
            look.note(inconsistency, &[format!("{most} expected, {rows} there")]);
            return Ok(());
        }
    }
    Ok(())
}

impl History {
    /// Returns the first run that has entries in the log. Some of its entries may be pruned.
    fn begins(&self) -> i64 {
        self.ends.keys().next().copied().unwrap_or(i64::MAX)
    }

    /// Returns the runs whose entries in the log differ from what they recorded.
    fn runs_not_as_logged(&self, existing: &[i64]) -> Vec<i64> {
        let begins = self.begins();
        let mut odd = Vec::new();
        for (run, record) in self.applied.range(self.compared.max(begins)..) {
            let none = Logged::default();
            let logged = self.logged.get(run).unwrap_or(&none);
            let added = if logged.loaded { 0 } else { record.added };
            let pairs = [(logged.added, added), (logged.updated, record.updated), (logged.removed, record.removed)];
            // The first entries of the oldest run may be pruned.
            let fits = |(logged, recorded): &(i64, i64)| {
                logged == recorded || (*run == begins && !logged_whole(self, *run) && logged < recorded)
            };
            if !pairs.iter().all(fits) {
                odd.push(*run);
            }
        }
        for (run, logged) in self.logged.range(self.compared.max(1)..) {
            let changes = logged.loaded || logged.added + logged.updated + logged.removed > 0;
            if changes && !self.applied.contains_key(run) && existing.binary_search(run).is_ok() {
                odd.push(*run);
            }
        }
        odd.sort_unstable();
        odd
    }

    /// Returns the number of rows that the log leads to when counted from a run on, and how many of these may have been
    /// deleted by hand. Returns `None` if the record of that run was deleted.
    fn rows_since(&self, base: i64, look: &mut Look<'_>, key: &[Bind<'_>]) -> Result<Option<(i64, i64)>, StoreError> {
        let Some(record) = self.applied.get(&base) else { return Ok(None) };
        let later = self.logged.range(base + 1..).map(|(_, logged)| logged.added - logged.removed);
        let end = self.ends.range(..=base).next_back().map_or(0, |(_, end)| *end);
        let sql = "SELECT COUNT(*) FROM xtream_changes WHERE profile_id=? AND kind=? AND run_id=0 AND sequence>?";
        let by_hand = integer(look.conn, sql, &[key[0].clone(), key[1].clone(), end.into()])?.unwrap_or_default();
        Ok(Some((record.rows + later.sum::<i64>(), by_hand)))
    }
}

/// Returns whether the log is known to have all entries of its oldest run.
fn logged_whole(history: &History, run: i64) -> bool {
    history.logged.get(&run).is_some_and(|logged| logged.loaded)
}

fn applied(look: &mut Look<'_>, key: &[Bind<'_>]) -> Result<BTreeMap<i64, Applied>, StoreError> {
    let outcomes = [KindOutcome::Completed, KindOutcome::Unchanged, KindOutcome::Held]
        .map(|outcome| format!("'{}'", outcome.as_str()))
        .join(",");
    let sql = format!(
        "SELECT k.run_id,k.added,k.updated,k.removed,k.added+k.updated+k.refreshed+k.unchanged+k.held AS rows,\
         k.mode='{}' AS full FROM xtream_sync_runs r JOIN xtream_sync_run_kinds k ON k.run_id=r.id \
         WHERE r.profile_id=? AND k.kind=? AND k.outcome IN ({outcomes})",
        SyncMode::Full.as_str()
    );
    let read = |row: AppliedRow| {
        let applied = Applied {
            added: row.added.0,
            updated: row.updated.0,
            removed: row.removed.0,
            rows: row.rows.0,
            full: row.full.0 != 0,
        };
        (row.run_id.0, applied)
    };
    Ok(rows(look.conn, &sql, key)?.into_iter().map(read).collect())
}

fn logged(look: &mut Look<'_>, key: &[Bind<'_>]) -> Result<BTreeMap<i64, Logged>, StoreError> {
    // An undo adds the items that it brings back, and removes those that it takes away.
    let sql = "SELECT run_id,CASE WHEN change<>'undone' THEN change WHEN before IS NULL THEN 'added' \
               WHEN after IS NULL THEN 'removed' ELSE 'updated' END AS change,COUNT(*) AS entries FROM xtream_changes \
               WHERE profile_id=? AND kind=? AND run_id>0 GROUP BY 1,2";
    let mut logged: BTreeMap<i64, Logged> = BTreeMap::new();
    for LoggedRow { run_id, change, entries } in rows(look.conn, sql, key)? {
        let of_run = logged.entry(run_id.0).or_default();
        match change.ok() {
            Some(Change::Loaded) => of_run.loaded = true,
            Some(Change::Added) => of_run.added = entries.0,
            Some(Change::Updated) => of_run.updated = entries.0,
            Some(Change::Removed) => of_run.removed = entries.0,
            // The end of an edit changes no row.
            Some(Change::Undone | Change::Converged | Change::Overruled) | None => {}
        }
    }
    Ok(logged)
}

fn ends(look: &mut Look<'_>, profile_id: &[Bind<'_>]) -> Result<BTreeMap<i64, i64>, StoreError> {
    let sql = "SELECT run_id,MAX(sequence) AS last FROM xtream_changes WHERE profile_id=? AND run_id>0 GROUP BY run_id";
    let ends = rows(look.conn, sql, profile_id)?;
    Ok(ends.into_iter().map(|EndRow { run_id, last }| (run_id.0, last.0)).collect())
}

/// Returns the sequences of impossible entries: those that lack an id or have one wrongly, those of a run that never
/// existed, and those that follow entries of a later run.
fn malformed(look: &mut Look<'_>, key: &[Bind<'_>], compared: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT sequence FROM (SELECT *,MAX(run_id) OVER (ORDER BY sequence) AS latest FROM xtream_changes \
               WHERE profile_id=? AND kind=?) WHERE run_id>=? AND ((change='loaded')<>(content_id IS NULL) OR \
               (change='updated' AND coalesce(fields,'')='') OR (returned<>0 AND change<>'added') OR \
               (before IS NOT NULL AND NOT json_valid(before)) OR (after IS NOT NULL AND NOT json_valid(after)) OR \
               (change='undone')<>(taken_back IS NOT NULL) OR (change='undone' AND before IS NULL AND after IS NULL) OR \
               (name IS NOT NULL AND change IN ('updated','removed') AND before IS NULL) OR \
               (run_id>0 AND run_id<latest) OR (run_id=0 AND change NOT IN ('removed','converged','overruled')) OR \
               run_id>coalesce((SELECT seq FROM sqlite_sequence WHERE name='xtream_sync_runs'),0)) ORDER BY 1";
    integers(look.conn, sql, &[key[0].clone(), key[1].clone(), compared.into()])
}
