//! Undo: reads what a run has changed, and takes it back in one transaction.

use diesel::prelude::*;
use sync_core::feed::undo::{UndoEvidence, UndoObstacle, judge};
use sync_core::{
    ContentId, ContentKind, PerKind, ProfileId, Refused, RunId, RunStatus, StoreError, Trigger, UndoCounts,
    UndoOutcome, UndoRefusal, UndoReport, UndoRequest,
};

use crate::db::bind::{Bind, signed};
use crate::db::fault::of_diesel;
use crate::db::statement::{execute, integer, numbered, record, records};
use crate::db::stop;
use crate::feed::reverse;
use crate::feed::undo_rows::KindUndo;
use crate::store::SqliteStore;
use crate::tables::guards::{check_fence, require_profile};
use crate::tables::schema::xtream_sync_runs;
use crate::tables::words::{StatusWord, TriggerWord};

/// The entries that an undo may use: those of the present epoch. The entries about ended edits are not among them,
/// because they change no row. An undo takes them back without an entry.
const PRESENT: &str = "change NOT IN ('converged','overruled') AND sequence>(SELECT feed_floor FROM xtream_profiles \
                       WHERE profile_id=?1)";

impl SqliteStore {
    /// Puts kinds back as they were before a run; see [`sync_core::ContentStore::undo`].
    pub fn undo_blocking(&self, profile: &ProfileId, request: &UndoRequest) -> Result<UndoOutcome, StoreError> {
        let Some(fence) = request.fence else {
            return self.read(|conn| {
                require_profile(conn, profile)?;
                Undo { profile, request }.look(conn).map(UndoOutcome::from_result)
            });
        };
        let outcome = self.write(|conn| {
            stop::at("undo.begun");
            check_fence(conn, profile, fence)?;
            let undo = Undo { profile, request };
            match undo.look(conn)? {
                Err(refusal) => Ok(UndoOutcome::Refused(refusal)),
                Ok(report) => undo.carry_out(conn, fence, report).map(UndoOutcome::Done),
            }
        })?;
        stop::at("undo.committed");
        self.tidy();
        Ok(outcome)
    }
}

/// A conversion from the result of an undo.
trait FromResult {
    fn from_result(result: Result<UndoReport, UndoRefusal>) -> Self;
}

impl FromResult for UndoOutcome {
    fn from_result(result: Result<UndoReport, UndoRefusal>) -> Self {
        result.map_or_else(Self::Refused, Self::Done)
    }
}

struct Undo<'a> {
    profile: &'a ProfileId,
    request: &'a UndoRequest,
}

impl Undo<'_> {
    /// Reads what there is to undo. Writes nothing.
    fn look(&self, conn: &mut SqliteConnection) -> Result<Result<UndoReport, UndoRefusal>, StoreError> {
        let of = match self.request.run {
            Some(run) => Some(run),
            None => self.newest_change(conn)?,
        };
        let Some(of) = of else {
            return Ok(Err(UndoRefusal { of: None, refused: Refused::Nothing, items: Vec::new() }));
        };
        self.require_run(conn, of)?;
        let mut kinds = Vec::new();
        for kind in &self.request.kinds {
            kinds.push((*kind, self.evidence(conn, of, *kind)?));
        }
        let kinds = match judge(of, kinds) {
            Ok(kinds) => kinds,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut report = UndoReport { run: None, of, kinds: PerKind::from_fn(|_| None) };
        for kind in kinds {
            report.kinds[kind] = Some(self.counts(conn, of, kind)?);
        }
        Ok(Ok(report))
    }

    fn carry_out(
        &self,
        conn: &mut SqliteConnection,
        fence: u64,
        mut report: UndoReport,
    ) -> Result<UndoReport, StoreError> {
        let (profile, at) = (self.profile, self.request.at);
        let run = diesel::insert_into(xtream_sync_runs::table)
            .values((
                xtream_sync_runs::profile_id.eq(profile.as_str()),
                xtream_sync_runs::fence.eq(signed(fence)),
                xtream_sync_runs::status.eq(StatusWord::from(RunStatus::Completed)),
                xtream_sync_runs::started_at.eq(at),
                xtream_sync_runs::finished_at.eq(at),
                xtream_sync_runs::started_by.eq(TriggerWord::from(Trigger::Undo)),
                xtream_sync_runs::duration_ms.eq(0),
            ))
            .returning(xtream_sync_runs::id)
            .get_result::<i64>(conn)
            .map_err(of_diesel)?;
        let run = RunId(run);
        for (kind, counts) in report.kinds.iter() {
            if let Some(counts) = counts {
                KindUndo { profile, kind, of: report.of, run, at }.carry_out(conn, counts)?;
            }
        }
        let sql = "UPDATE xtream_content_sync SET sync_status=?, sync_progress=100, sync_message=?, updated_at=? \
                   WHERE profile_id=?";
        let message = format!("run {} was undone", report.of.0);
        let status = RunStatus::Completed.as_str();
        execute(conn, sql, &[status.into(), message.into(), at.into(), profile.as_str().into()])?;
        stop::at("undo.before-commit");
        report.run = Some(run);
        Ok(report)
    }

    fn require_run(&self, conn: &mut SqliteConnection, run: RunId) -> Result<(), StoreError> {
        let sql = "SELECT 1 FROM xtream_sync_runs WHERE id=? AND profile_id=?";
        match integer(conn, sql, &[run.0.into(), self.profile.as_str().into()])? {
            Some(_) => Ok(()),
            None => Err(StoreError::Refused(format!("there is no run {}", run.0))),
        }
    }

    /// Returns the newest run that changed something of these kinds.
    fn newest_change(&self, conn: &mut SqliteConnection) -> Result<Option<RunId>, StoreError> {
        let mut newest = None;
        for kind in &self.request.kinds {
            let key = [Bind::from(self.profile.as_str()), kind.as_str().into()];
            let sql = format!(
                "SELECT run_id FROM xtream_changes WHERE profile_id=?1 AND kind=?2 AND run_id>0 AND {PRESENT} \
                 ORDER BY sequence DESC LIMIT 1"
            );
            let (sql, binds) = numbered(&sql, &key);
            newest = newest.max(integer(conn, &sql, &binds)?);
            let sql = "SELECT MAX(k.run_id) FROM xtream_sync_runs r JOIN xtream_sync_run_kinds k ON k.run_id=r.id \
                       WHERE r.profile_id=? AND k.kind=? AND k.undo LIKE '{\"categories\":%'";
            let replaced = record(conn, sql, &key)?.map(|mut row| row.optional_integer(0)).transpose()?.flatten();
            newest = newest.max(replaced);
        }
        Ok(newest.map(RunId))
    }

    fn evidence(&self, conn: &mut SqliteConnection, of: RunId, kind: ContentKind) -> Result<UndoEvidence, StoreError> {
        let key = [Bind::from(self.profile.as_str()), kind.as_str().into(), of.0.into()];
        let sql = format!(
            "SELECT COUNT(*),coalesce(SUM(change='loaded'),0),coalesce(SUM(content_id IS NOT NULL AND name IS NULL),0),\
             coalesce(MAX(sequence),0) FROM xtream_changes WHERE profile_id=?1 AND kind=?2 AND run_id=?3 AND {PRESENT}"
        );
        let (sql, binds) = numbered(&sql, &key);
        let mut found = record(conn, &sql, &binds)?.ok_or_else(|| StoreError::backend("a count has a row"))?;
        let (entries, loaded) = (found.integer(0)?, found.integer(1)?);
        let (bare, last) = (found.integer(2)?, found.integer(3)?);
        let kept = reverse::kept(conn, kind, of)?;
        let sql = "SELECT added+updated+removed FROM xtream_sync_run_kinds WHERE run_id=? AND kind=?";
        let recorded = integer(conn, sql, &[of.0.into(), kind.as_str().into()])?.unwrap_or(0);
        let sql = "SELECT 1 FROM xtream_sync_runs r JOIN xtream_sync_run_kinds k ON k.run_id=r.id WHERE r.profile_id=? \
                   AND k.kind=? AND k.run_id>? AND k.undo LIKE '{\"categories\":%' LIMIT 1";
        let categories_touched = integer(conn, sql, &key)?.is_some();
        Ok(UndoEvidence {
            entries: entries.unsigned_abs(),
            first_load: loaded > 0,
            lacks_values: bare > 0 || (entries > 0 && kept.is_none()),
            categories: kept.is_some_and(|(_, reverse)| reverse.categories.is_some()),
            recorded: recorded > 0,
            touched: if entries > 0 { touched(conn, &key, kind, last)? } else { Vec::new() },
            categories_touched,
        })
    }

    /// Counts what an undo would do to the items of a kind.
    fn counts(&self, conn: &mut SqliteConnection, of: RunId, kind: ContentKind) -> Result<UndoCounts, StoreError> {
        let sql = format!(
            "SELECT coalesce(SUM(before IS NULL),0),coalesce(SUM(before IS NOT NULL AND after IS NOT NULL),0),\
             coalesce(SUM(before IS NOT NULL AND after IS NULL),0) FROM xtream_changes \
             WHERE profile_id=?1 AND kind=?2 AND run_id=?3 AND content_id IS NOT NULL AND {PRESENT}"
        );
        let key = [Bind::from(self.profile.as_str()), kind.as_str().into(), of.0.into()];
        let (sql, binds) = numbered(&sql, &key);
        let mut found = record(conn, &sql, &binds)?.ok_or_else(|| StoreError::backend("a count has a row"))?;
        let (came, stayed, went) = (found.integer(0)?, found.integer(1)?, found.integer(2)?);
        let went = went.unsigned_abs();
        Ok(UndoCounts { added: went, updated: stayed.unsigned_abs(), removed: came.unsigned_abs(), held: went })
    }
}

/// Returns the items of a run that were changed after the run: by a later run, or by a deletion by hand.
fn touched(
    conn: &mut SqliteConnection,
    key: &[Bind<'_>; 3],
    kind: ContentKind,
    last: i64,
) -> Result<Vec<UndoObstacle>, StoreError> {
    let sql = format!(
        "SELECT content_id,name,run_id FROM xtream_changes WHERE profile_id=?1 AND kind=?2 AND sequence>?4 \
         AND content_id IN (SELECT content_id FROM xtream_changes WHERE profile_id=?1 AND kind=?2 AND run_id=?3 \
         AND change NOT IN ('converged','overruled')) \
         AND {PRESENT} ORDER BY sequence LIMIT {}",
        UndoRefusal::ITEMS
    );
    let [profile, of_kind, run] = key.clone();
    let mut touched = Vec::new();
    let (sql, binds) = numbered(&sql, &[profile, of_kind, run, last.into()]);
    for mut row in records(conn, &sql, &binds)? {
        let run = row.integer(2)?;
        touched.push(UndoObstacle {
            kind,
            id: ContentId(row.integer(0)?),
            name: row.optional_text(1)?,
            run: (run != 0).then_some(RunId(run)),
        });
    }
    Ok(touched)
}
