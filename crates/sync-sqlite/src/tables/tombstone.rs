//! Tombstones: removed items are remembered for a time, and recognised when they return.
//!
//! The statements that run for lists of items are SQL as text. Their tables differ by kind, and diesel compiles each of
//! its own UPDATEs and each list of values for each use.

use std::collections::HashSet;

use diesel::prelude::*;
use sync_core::store::ScopeCommit;
use sync_core::{ContentId, ContentKind, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::fault::of_diesel;
use crate::db::statement::{and_list, execute, in_lists};
use crate::tables;
use crate::tables::content::sorted;
use crate::tables::schema::xtream_tombstones;
use crate::tables::words::KindWord;

const DAY: i64 = 86_400;

/// A function that is called from time to time. Its error ends the work.
type Step<'a> = &'a mut dyn FnMut() -> Result<(), StoreError>;

/// The tombstones of a kind during a commit.
pub(crate) struct Tombstones<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) kind: ContentKind,
    pub(crate) commit: &'a ScopeCommit,
}

impl<'a> Tombstones<'a> {
    /// Returns profile and kind, the key of the table.
    fn key(&self) -> [Bind<'a>; 2] {
        [self.profile.as_str().into(), self.kind.as_str().into()]
    }

    /// Returns the time before which tombstones are deleted, or `None` if no tombstones are kept at all.
    fn oldest(&self) -> Option<i64> {
        let days = i64::from(self.commit.tombstone_days);
        (days > 0).then(|| self.commit.applied_at - days * DAY)
    }

    /// Reads the ids that have a tombstone.
    pub(crate) fn remembered(&self, conn: &mut SqliteConnection) -> Result<HashSet<i64>, StoreError> {
        let Some(oldest) = self.oldest() else { return Ok(HashSet::new()) };
        let ids = of(self.profile.as_str(), self.kind.into())
            .filter(xtream_tombstones::removed_at.ge(oldest))
            .select(xtream_tombstones::content_id)
            .load(conn)
            .map_err(of_diesel)?;
        Ok(ids.into_iter().collect())
    }

    /// Gives returned items, whose rows are written by now, the day on which they first came.
    pub(crate) fn lift(&self, conn: &mut SqliteConnection, returned: &[i64], step: Step<'_>) -> Result<(), StoreError> {
        let tables = tables::of(self.kind);
        let [profile, kind] = self.key();
        in_lists(returned, |list, ids| {
            step()?;
            let sql = format!(
                "UPDATE {0} SET created_at=coalesce((SELECT t.item_created_at FROM xtream_tombstones t \
                 WHERE t.profile_id={0}.profile_id AND t.kind=? AND t.content_id={0}.{1}),created_at) \
                 WHERE profile_id=? AND {1} IN ({list})",
                tables.items, tables.id
            );
            execute(conn, &sql, &and_list([kind.clone(), profile.clone()], ids))?;
            let sql = format!("DELETE FROM xtream_tombstones WHERE profile_id=? AND kind=? AND content_id IN ({list})");
            execute(conn, &sql, &and_list(self.key(), ids)).map(|_| ())
        })
    }

    /// Returns an error if an item has a successor and isn't removed.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let removals = sorted(&self.commit.removals);
        match self.commit.successors.iter().find(|(old, _)| removals.binary_search(&old.0).is_err()) {
            Some((old, _)) => Err(StoreError::Refused(format!("{old} has a successor and is not removed"))),
            None => Ok(()),
        }
    }

    /// Writes tombstones for the rows that are about to be removed.
    pub(crate) fn bury(&self, conn: &mut SqliteConnection, list: &str, ids: &[i64]) -> Result<(), StoreError> {
        if self.oldest().is_none() {
            return Ok(());
        }
        let (commit, tables) = (self.commit, tables::of(self.kind));
        let [profile, kind] = self.key();
        let sql = format!(
            "INSERT INTO xtream_tombstones (profile_id,kind,content_id,name,removed_at,run_id,item_created_at) \
             SELECT profile_id,?,{0},name,?,?,created_at FROM {1} WHERE profile_id=? AND {0} IN ({list}) \
             ON CONFLICT (profile_id,kind,parent,content_id) DO UPDATE SET name=excluded.name, \
             removed_at=excluded.removed_at, run_id=excluded.run_id, successor_id=excluded.successor_id, \
             item_created_at=excluded.item_created_at",
            tables.id, tables.items
        );
        let head = [kind, commit.applied_at.into(), commit.run.0.into(), profile];
        execute(conn, &sql, &and_list(head, ids)).map(|_| ())
    }

    /// Writes the ids under which the panel seems to list the removed items now.
    pub(crate) fn name_successors(&self, conn: &mut SqliteConnection, step: Step<'_>) -> Result<(), StoreError> {
        if self.oldest().is_none() {
            return Ok(());
        }
        let [profile, kind] = self.key();
        for (old, new) in &self.commit.successors {
            step()?;
            let sql = "UPDATE xtream_tombstones SET successor_id=? WHERE profile_id=? AND kind=? AND content_id=?";
            execute(conn, sql, &[new.0.into(), profile.clone(), kind.clone(), old.0.into()])?;
        }
        Ok(())
    }

    /// Deletes the tombstones that are too old.
    pub(crate) fn prune(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        // Without a retention time every tombstone is deleted, however new it is.
        let oldest = self.oldest().unwrap_or(i64::MAX);
        let old = of(self.profile.as_str(), self.kind.into()).filter(xtream_tombstones::removed_at.lt(oldest));
        diesel::delete(old).execute(conn).map_err(of_diesel).map(|_| ())
    }
}

/// Selects the tombstones of a kind of a profile.
#[expect(clippy::elidable_lifetime_names, reason = "`auto_type` has them named")]
#[diesel::dsl::auto_type]
fn of<'a>(profile: &'a str, kind: KindWord) -> _ {
    xtream_tombstones::table.filter(xtream_tombstones::profile_id.eq(profile)).filter(xtream_tombstones::kind.eq(kind))
}

/// Reads the name of a removed item that has a tombstone, and the time at which it was removed.
pub(crate) fn of_item(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    id: ContentId,
) -> Result<Option<(String, i64)>, StoreError> {
    let found = of(profile.as_str(), kind.into())
        .filter(xtream_tombstones::content_id.eq(id.0))
        .select((xtream_tombstones::name, xtream_tombstones::removed_at))
        .first(conn)
        .optional()
        .map_err(of_diesel)?;
    Ok(found)
}
