//! The state that a run keeps for an undo, in addition to the entries of the log: the categories, the held removals,
//! and the tombstones that the run lifted.
//!
//! The state is a JSON object in the run record of the kind. Only runs that changed something write it.

use std::collections::BTreeMap;

use diesel::SqliteConnection;
use serde::{Deserialize, Serialize};
use sync_core::store::ScopeCommit;
use sync_core::{ContentId, ContentKind, Evidence, HeldRemoval, HoldReason, ProfileId, RunId, Scope, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{and_list, execute, in_lists, integer, record, records};
use crate::tables::{self, held};

/// The state that an undo puts back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Reverse {
    /// The categories, if the run replaced them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) categories: Option<Vec<CategoryRow>>,
    /// The held removals that the run changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) held: Vec<HeldChange>,
    /// The tombstones that the run lifted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tombstones: Vec<Tombstone>,
}

/// A category: number of its row, id, name, parent and position.
pub(crate) type CategoryRow = (i64, String, String, Option<i64>, i64);

/// A held removal before and after a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct HeldChange {
    pub(crate) id: i64,
    pub(crate) before: Option<Hold>,
    pub(crate) after: Option<Hold>,
}

/// A hold: reason, time since which it exists, run, evidence and successor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hold(String, i64, i64, Option<(u64, i64, i64)>, Option<i64>);

/// A tombstone: id, name, time, run, successor, and the row's `created_at`.
pub(crate) type Tombstone = (i64, String, i64, i64, Option<i64>, Option<i64>);

impl Hold {
    fn of(held: &HeldRemoval) -> Self {
        let evidence = held.evidence.map(|it| (it.listing, it.at, it.panel_at));
        Self(held.reason.as_str().to_owned(), held.since, held.run.0, evidence, held.successor.map(|id| id.0))
    }

    pub(crate) fn held(&self, id: i64) -> Option<HeldRemoval> {
        Some(HeldRemoval {
            id: ContentId(id),
            reason: HoldReason::from_code(&self.0)?,
            since: self.1,
            run: RunId(self.2),
            evidence: self.3.map(|(listing, at, panel_at)| Evidence { listing, at, panel_at }),
            successor: self.4.map(ContentId),
        })
    }
}

/// The state before an apply or an undo writes.
#[derive(Debug, Default)]
pub(crate) struct Before {
    watermark: Option<i64>,
    /// The removals that were held; `None` if they can't change.
    held: Option<Vec<HeldRemoval>>,
    reverse: Reverse,
    last_entry: i64,
}

impl Before {
    /// Reads the state before an apply writes anything.
    pub(crate) fn new(
        conn: &mut SqliteConnection,
        profile: &ProfileId,
        scope: &Scope,
        commit: &ScopeCommit,
    ) -> Result<Self, StoreError> {
        let may_hold = commit.held.is_some() || !commit.removals.is_empty();
        Self::look(conn, profile, scope.kind, may_hold)
    }

    /// Reads the state before anything of a kind is written.
    pub(crate) fn look(
        conn: &mut SqliteConnection,
        profile: &ProfileId,
        kind: ContentKind,
        may_hold: bool,
    ) -> Result<Self, StoreError> {
        let sql = format!(
            "SELECT {},coalesce((SELECT seq FROM sqlite_sequence WHERE name='xtream_changes'),0) \
             FROM xtream_content_sync WHERE profile_id=?",
            tables::of(kind).last_sync
        );
        let mut before = Self::default();
        if let Some(mut found) = record(conn, &sql, &[profile.as_str().into()])? {
            (before.watermark, before.last_entry) = (found.optional_integer(0)?, found.integer(1)?);
        }
        if may_hold {
            before.held = Some(held::held(conn, profile, kind)?);
        }
        Ok(before)
    }

    /// Notes the categories that are about to be replaced.
    pub(crate) fn categories(
        &mut self,
        conn: &mut SqliteConnection,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<(), StoreError> {
        self.reverse.categories = Some(categories(conn, profile, kind)?);
        Ok(())
    }

    /// Notes the tombstones of these ids, which are about to be lifted.
    pub(crate) fn lifted(
        &mut self,
        conn: &mut SqliteConnection,
        profile: &ProfileId,
        kind: ContentKind,
        ids: &[i64],
    ) -> Result<(), StoreError> {
        in_lists(ids, |list, ids| {
            let sql = format!(
                "SELECT content_id,name,removed_at,run_id,successor_id,item_created_at FROM xtream_tombstones \
                 WHERE profile_id=? AND kind=? AND parent=0 AND content_id IN ({list})"
            );
            for mut row in records(conn, &sql, &and_list([profile.as_str().into(), kind.as_str().into()], ids))? {
                self.reverse.tombstones.push((
                    row.integer(0)?,
                    row.text(1)?,
                    row.integer(2)?,
                    row.integer(3)?,
                    row.optional_integer(4)?,
                    row.optional_integer(5)?,
                ));
            }
            Ok(())
        })
    }

    /// Stores the state with the record of an apply, if the apply changed anything.
    pub(crate) fn keep(
        &mut self,
        conn: &mut SqliteConnection,
        profile: &ProfileId,
        scope: &Scope,
        commit: &ScopeCommit,
    ) -> Result<(), StoreError> {
        self.keep_with(conn, profile, scope.kind, commit.run)
    }

    /// Stores the state with the record of a run.
    pub(crate) fn keep_with(
        &mut self,
        conn: &mut SqliteConnection,
        profile: &ProfileId,
        kind: ContentKind,
        run: RunId,
    ) -> Result<(), StoreError> {
        if let Some(before) = self.held.take() {
            self.reverse.held = changes(&before, &held::held(conn, profile, kind)?);
        }
        let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name='xtream_changes'),0)";
        let logged = integer(conn, sql, &[])?.unwrap_or(0) > self.last_entry;
        if !logged && self.reverse == Reverse::default() {
            return Ok(());
        }
        let undo = self.reverse.text()?;
        let sql = "UPDATE xtream_sync_run_kinds SET watermark_before=?, undo=? WHERE run_id=? AND kind=?";
        let binds = [self.watermark.into(), undo.into(), run.0.into(), kind.as_str().into()];
        execute(conn, sql, &binds).map(|_| ())
    }
}

impl Reverse {
    fn text(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(StoreError::backend)
    }
}

/// Notes the held removals that the end of a run has rewritten, because they are a part of what the run did.
pub(crate) fn tell_anew(
    conn: &mut SqliteConnection,
    kind: ContentKind,
    run: RunId,
    before: &[HeldRemoval],
    after: &[HeldRemoval],
) -> Result<(), StoreError> {
    let Some((_, mut reverse)) = kept(conn, kind, run)? else { return Ok(()) };
    for told in changes(before, after) {
        match reverse.held.iter_mut().find(|known| known.id == told.id) {
            Some(known) => known.after = told.after,
            None => reverse.held.push(told),
        }
    }
    let sql = "UPDATE xtream_sync_run_kinds SET undo=? WHERE run_id=? AND kind=?";
    execute(conn, sql, &[reverse.text()?.into(), run.0.into(), kind.as_str().into()]).map(|_| ())
}

/// Returns the held removals that differ.
fn changes(before: &[HeldRemoval], after: &[HeldRemoval]) -> Vec<HeldChange> {
    let mut all: BTreeMap<i64, (Option<Hold>, Option<Hold>)> = BTreeMap::new();
    for held in before {
        all.entry(held.id.0).or_default().0 = Some(Hold::of(held));
    }
    for held in after {
        all.entry(held.id.0).or_default().1 = Some(Hold::of(held));
    }
    let changed = all.into_iter().filter(|(_, (before, after))| before != after);
    changed.map(|(id, (before, after))| HeldChange { id, before, after }).collect()
}

/// Reads the categories of a kind, in their order.
pub(crate) fn categories(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Vec<CategoryRow>, StoreError> {
    let sql = format!(
        "SELECT id,category_id,category_name,parent_id,position FROM {} WHERE profile_id=? ORDER BY position,id",
        tables::of(kind).categories
    );
    let rows = records(conn, &sql, &[profile.as_str().into()])?;
    let read = |mut row: crate::db::statement::Record| {
        Ok((row.integer(0)?, row.text(1)?, row.text(2)?, row.optional_integer(3)?, row.integer(4)?))
    };
    rows.into_iter().map(read).collect()
}

/// Reads what a run kept of a kind: the earlier watermark, and the state. Returns `None` if the run kept nothing.
pub(crate) fn kept(
    conn: &mut SqliteConnection,
    kind: ContentKind,
    run: RunId,
) -> Result<Option<(Option<i64>, Reverse)>, StoreError> {
    let sql = "SELECT watermark_before,undo FROM xtream_sync_run_kinds WHERE run_id=? AND kind=?";
    let Some(mut found) = record(conn, sql, &[run.0.into(), Bind::from(kind.as_str())])? else { return Ok(None) };
    let watermark = found.optional_integer(0)?;
    let Some(undo) = found.optional_text(1)? else { return Ok(None) };
    let reverse = serde_json::from_str(&undo)
        .map_err(|error| StoreError::Corrupt(format!("what run {} kept for an undo can't be read: {error}", run.0)))?;
    Ok(Some((watermark, reverse)))
}
