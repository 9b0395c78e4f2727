//! The retention of entries of the change log: the rule of [`sync_core::feed::retention`] in SQL.

use diesel::SqliteConnection;
use sync_core::{ProfileId, Retention, StoreError};

use crate::change_set::content_hash;
use crate::db::bind::{Bind, signed};
use crate::db::statement::{execute, integer, numbered, record};
use crate::tables::history;

const DAY: i64 = 86_400;

/// Deletes the entries that are too old, what their runs kept for an undo, and the records of old runs.
pub(crate) fn prune(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    retention: &Retention,
    now: i64,
) -> Result<(), StoreError> {
    let cutoff = now.saturating_sub(i64::from(retention.feed_days).saturating_mul(DAY));
    prune_log(conn, profile, retention, cutoff)?;
    history::forget_runs(conn, profile, cutoff)
}

/// Returns the run of the oldest entry that is kept.
pub(crate) fn oldest_run(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<Option<i64>, StoreError> {
    Log { profile: profile.as_str() }.run_at(conn, 0)
}

fn prune_log(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    retention: &Retention,
    cutoff: i64,
) -> Result<(), StoreError> {
    let log = Log { profile: profile.as_str() };
    let entries = signed(retention.feed_entries);
    let Some((oldest, newest)) = log.needs(conn, cutoff, entries)? else { return Ok(()) };
    let beyond = newest.saturating_add(1);
    let young = log.find(
        conn,
        "SELECT MIN(sequence) FROM xtream_changes WHERE profile_id=? AND max(at,\
         (SELECT feed_since FROM xtream_profiles WHERE profile_id=xtream_changes.profile_id))>=?",
        cutoff,
    )?;
    let many = log.find(
        conn,
        "SELECT MIN(sequence) FROM (SELECT sequence FROM xtream_changes WHERE profile_id=? ORDER BY sequence DESC LIMIT ?)",
        entries,
    )?;
    let mut from = young.unwrap_or(beyond).max(many.unwrap_or(beyond));
    let newest_run = log.find(
        conn,
        "SELECT run_id FROM xtream_changes WHERE profile_id=? AND run_id>? ORDER BY sequence DESC LIMIT 1",
        0,
    )?;
    for run in [newest_run, log.run_at(conn, from)?] {
        let begin = "SELECT MIN(sequence) FROM xtream_changes WHERE profile_id=? AND run_id=?";
        if let Some(run) = run.filter(|run| *run > 0)
            && let Some(first) = log.find(conn, begin, run)?
        {
            from = from.min(first);
        }
    }
    if from <= oldest {
        return Ok(());
    }
    let key = [Bind::from(log.profile), from.into()];
    let floor = "SELECT MAX(sequence) FROM xtream_changes WHERE profile_id=? AND sequence<?";
    let floor = integer(conn, floor, &key)?.unwrap_or(oldest);
    execute(conn, "DELETE FROM xtream_changes WHERE profile_id=? AND sequence<?", &key)?;
    let sql = "UPDATE xtream_profiles SET feed_floor=max(feed_floor,?) WHERE profile_id=?";
    execute(conn, sql, &[floor.into(), log.profile.into()])?;
    content_hash::prune(conn, profile, floor)?;
    forget_undos(conn, profile)
}

/// Deletes what runs kept for an undo, if the log no longer has entries of the run.
pub(crate) fn forget_undos(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let sql = "UPDATE xtream_sync_run_kinds SET undo=NULL WHERE undo IS NOT NULL AND run_id IN (SELECT id FROM \
               xtream_sync_runs WHERE profile_id=?1) AND run_id<coalesce((SELECT run_id FROM xtream_changes WHERE \
               profile_id=?1 AND run_id>0 AND sequence>(SELECT feed_floor FROM xtream_profiles WHERE profile_id=?1) \
               ORDER BY sequence LIMIT 1),9223372036854775807)";
    let (sql, binds) = numbered(sql, &[profile.as_str().into()]);
    execute(conn, &sql, &binds).map(|_| ())
}

struct Log<'a> {
    profile: &'a str,
}

impl Log<'_> {
    /// Returns the oldest and the newest sequence, if there may be entries to prune. Most runs end here, after reading
    /// both ends of the log.
    fn needs(&self, conn: &mut SqliteConnection, cutoff: i64, entries: i64) -> Result<Option<(i64, i64)>, StoreError> {
        let sql = "SELECT sequence,max(at,(SELECT feed_since FROM xtream_profiles WHERE profile_id=?1)) FROM xtream_changes \
                   WHERE profile_id=?1 ORDER BY sequence LIMIT 1";
        let (sql, binds) = numbered(sql, &[self.profile.into()]);
        let Some(mut first) = record(conn, &sql, &binds)? else { return Ok(None) };
        let (oldest, at) = (first.integer(0)?, first.integer(1)?);
        let sql = "SELECT MAX(sequence) FROM xtream_changes WHERE profile_id=?";
        let newest = integer(conn, sql, &[self.profile.into()])?.unwrap_or(oldest);
        let is_old = at < cutoff;
        // Entries of other profiles have sequences in between, so the difference is an upper limit.
        let may_be_many = newest.saturating_sub(oldest) >= entries;
        Ok((is_old || may_be_many).then_some((oldest, newest)))
    }

    fn find(&self, conn: &mut SqliteConnection, sql: &str, with: i64) -> Result<Option<i64>, StoreError> {
        match record(conn, sql, &[self.profile.into(), with.into()])? {
            Some(mut found) => found.optional_integer(0),
            None => Ok(None),
        }
    }

    /// Returns the run of the first entry from a sequence on, and thus the oldest run that is kept. Deletions by hand
    /// may lie between the entries of a run, but entries of different runs don't mix.
    fn run_at(&self, conn: &mut SqliteConnection, from: i64) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT run_id FROM xtream_changes WHERE profile_id=? AND sequence>=? AND run_id>0 \
                   ORDER BY sequence LIMIT 1";
        self.find(conn, sql, from)
    }
}
