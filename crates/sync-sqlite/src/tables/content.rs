//! What is cached: rows, ids, categories; deleting and clearing.

use std::collections::HashMap;

use diesel::SqliteConnection;
use sync_core::store::SyncState;
use sync_core::{Category, CategoryId, ContentId, ContentKind, HoldReason, Item, ProfileId, StoreError};
use sync_core::{Evidence, HeldRemoval, RunId};

use crate::db::bind::{Bind, signed};
use crate::db::statement::{Record, and_list, execute, in_lists, record, records};
use crate::items::item_sql;
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;
use crate::tables::{self, facts, index, row_counts, validator};

impl SqliteStore {
    /// Returns the stored rows of these ids; ids without a row are left out.
    pub fn rows_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: &[ContentId],
    ) -> Result<Vec<Item>, StoreError> {
        // One statement sees one state without a transaction, and rows prove their profile.
        if (1..=item_sql::ROWS).contains(&ids.len()) {
            let rows = self.read_at_once(|conn| item_sql::rows(conn, profile.as_str(), kind, ids))?;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        self.read_profile(profile, |conn| item_sql::rows(conn, profile.as_str(), kind, ids))
    }

    /// Returns the ids of all stored items of a kind, rising.
    pub fn get_content_ids_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<ContentId>, StoreError> {
        let ids = self.read_profile(profile, |conn| row_counts::stored_ids(conn, profile, &kind.into()))?;
        Ok(ids.into_iter().map(ContentId).collect())
    }

    /// Deletes items by id, any number of them; returns how many there were.
    pub fn delete_content_by_ids_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: &[ContentId],
    ) -> Result<u64, StoreError> {
        self.write(|conn| {
            require_profile(conn, profile)?;
            let deletion = Deletion { profile, kind, run: RunId(0) };
            let mut deleted = 0;
            in_lists(&sorted(ids), |list, ids| {
                deleted += deletion.run(conn, list, ids)?;
                Ok(())
            })?;
            index::forget(conn, profile, kind, ids)?;
            validator::forget(conn, profile, kind)?;
            row_counts::recount(conn, profile, kind)?;
            Ok(deleted)
        })
    }

    /// Empties the cached content of a profile; profile, settings, history, and what was learnt of
    /// the panel as a whole stay.
    pub fn clear_blocking(&self, profile: &ProfileId) -> Result<(), StoreError> {
        self.write(|conn| {
            require_profile(conn, profile)?;
            let kinds = ContentKind::ALL.map(tables::of);
            let by_kind = kinds.iter().flat_map(|tables| [tables.items, tables.categories]);
            let of_listings = [
                "xtream_listing_index",
                "xtream_listing_validators",
                "xtream_held_removals",
                "xtream_tombstones",
                "xtream_doubts",
            ];
            for table in by_kind.chain(of_listings) {
                execute(conn, &format!("DELETE FROM {table} WHERE profile_id=?"), &[profile.as_str().into()])?;
            }
            facts::forget_kinds(conn, profile)?;
            let sql = "UPDATE xtream_content_sync SET last_sync_channels=NULL, last_sync_movies=NULL, \
                       last_sync_series=NULL, channels_count=0, movies_count=0, series_count=0, \
                       sync_status='pending', sync_progress=0, sync_message=NULL, updated_at=? WHERE profile_id=?";
            execute(conn, sql, &[crate::db::blocking::now().into(), profile.as_str().into()]).map(|_| ())
        })
    }

    /// Returns the categories of a kind, in the panel's order.
    pub fn categories_blocking(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        self.read_profile(profile, |conn| categories(conn, profile, kind))
    }

    /// Returns how many stored items of a kind each of these categories has, in the order asked.
    pub fn category_sizes_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        categories: &[CategoryId],
    ) -> Result<Vec<u64>, StoreError> {
        self.read_profile(profile, |conn| {
            let sizes = category_sizes(conn, profile, kind, categories)?;
            Ok(categories.iter().map(|category| sizes.get(&category.0).copied().unwrap_or_default()).collect())
        })
    }

    /// Returns the removals that are held, by rising id.
    pub fn held_blocking(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        self.read_profile(profile, |conn| held(conn, profile, kind))
    }

    /// Returns what is known of a profile's syncs.
    pub fn sync_state_blocking(&self, profile: &ProfileId) -> Result<SyncState, StoreError> {
        self.read_profile(profile, |conn| {
            let profile_id = [Bind::from(profile.as_str())];
            let mut state = SyncState::default();
            let sql = "SELECT last_sync_channels,last_sync_movies,last_sync_series,channels_count,movies_count,\
                       series_count FROM xtream_content_sync WHERE profile_id=?";
            let Some(mut row) = record(conn, sql, &profile_id)? else { return Ok(state) };
            for kind in ContentKind::ALL {
                state.last_sync[kind] = row.optional_integer(kind.ordinal())?;
                state.rows[kind] = row.count(kind.ordinal() + ContentKind::ALL.len())?;
            }
            let sql = "SELECT kind,COUNT(*) FROM xtream_held_removals WHERE profile_id=? GROUP BY kind";
            for mut row in records(conn, sql, &profile_id)? {
                let kind = read_kind(&row.text(0)?)?;
                state.held[kind] = row.count(1)?;
            }
            state.facts = facts::load(conn, profile)?;
            Ok(state)
        })
    }
}

/// Reads the categories of a kind.
pub(crate) fn categories(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Vec<Category>, StoreError> {
    let sql = format!(
        "SELECT category_id,category_name,parent_id FROM {} WHERE profile_id=? ORDER BY position,id",
        tables::of(kind).categories
    );
    let read = |mut row: Record| {
        Ok(Category { id: CategoryId(row.text(0)?), name: row.text(1)?, parent_id: row.optional_integer(2)? })
    };
    records(conn, &sql, &[profile.as_str().into()])?.into_iter().map(read).collect()
}

/// Counts the items of these categories in one walk over the kind; those without items are left
/// out. A set that somebody else has put there, and that is no JSON, holds nothing.
pub(crate) fn category_sizes(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    categories: &[CategoryId],
) -> Result<HashMap<String, u64>, StoreError> {
    if categories.is_empty() {
        return Ok(HashMap::new());
    }
    let asked: Vec<_> = categories.iter().map(|category| category.0.as_str()).collect();
    let asked = serde_json::to_string(&asked).map_err(StoreError::backend)?;
    let sql = format!(
        "SELECT c.value,COUNT(*) FROM {} i CROSS JOIN json_each(iif(json_valid(i.category_ids),i.category_ids,'[]')) c \
         WHERE i.profile_id=? AND c.value IN (SELECT value FROM json_each(?)) GROUP BY c.value",
        tables::of(kind).items
    );
    let rows = records(conn, &sql, &[profile.as_str().into(), asked.into()])?;
    rows.into_iter().map(|mut row| Ok((row.text(0)?, row.count(1)?))).collect()
}

/// Reads the held removals of a kind.
pub(crate) fn held(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Vec<HeldRemoval>, StoreError> {
    let sql = "SELECT content_id,reason,held_since,run_id,evidence_listing,evidence_since,evidence_panel_since,\
               successor_id FROM xtream_held_removals WHERE profile_id=? AND kind=? ORDER BY content_id";
    let read = |mut row: Record| {
        let evidence = (row.optional_integer(4)?, row.optional_integer(5)?, row.optional_integer(6)?);
        Ok(HeldRemoval {
            id: ContentId(row.integer(0)?),
            reason: read_reason(&row.text(1)?)?,
            since: row.integer(2)?,
            run: RunId(row.integer(3)?),
            evidence: match evidence {
                (Some(listing), Some(at), Some(panel_at)) => {
                    u64::try_from(listing).ok().map(|listing| Evidence { listing, at, panel_at })
                }
                _ => None,
            },
            successor: row.optional_integer(7)?.map(ContentId),
        })
    };
    records(conn, sql, &[profile.as_str().into(), kind.as_str().into()])?.into_iter().map(read).collect()
}

/// Tells anew why an item is held, where it still is.
pub(crate) fn hold_anew(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    told: &HeldRemoval,
) -> Result<(), StoreError> {
    let sql = "UPDATE xtream_held_removals SET reason=?, evidence_listing=?, evidence_since=?, evidence_panel_since=? \
               WHERE profile_id=? AND kind=? AND content_id=?";
    let binds = [
        told.reason.as_str().into(),
        told.evidence.map(|evidence| signed(evidence.listing)).into(),
        told.evidence.map(|evidence| evidence.at).into(),
        told.evidence.map(|evidence| evidence.panel_at).into(),
        profile.as_str().into(),
        kind.as_str().into(),
        told.id.0.into(),
    ];
    execute(conn, sql, &binds).map(|_| ())
}

/// Reads the name of a kind from a column.
pub(crate) fn read_kind(name: &str) -> Result<ContentKind, StoreError> {
    name.parse().map_err(|_| StoreError::Corrupt(format!("`{name}` is no kind of content")))
}

/// Reads the code of a reason from a column.
pub(crate) fn read_reason(code: &str) -> Result<HoldReason, StoreError> {
    HoldReason::from_code(code).ok_or_else(|| StoreError::Corrupt(format!("`{code}` is no reason to hold")))
}

/// Deletes item rows, with what hangs on them, and logs it.
pub(crate) struct Deletion<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) kind: ContentKind,
    /// 0 for a deletion by hand.
    pub(crate) run: RunId,
}

impl Deletion<'_> {
    /// Returns how many rows of a list there were.
    pub(crate) fn run(&self, conn: &mut SqliteConnection, list: &str, ids: &[i64]) -> Result<u64, StoreError> {
        let tables = tables::of(self.kind);
        let (profile, kind) = (self.profile.as_str(), self.kind.as_str());
        let sql = format!(
            "INSERT INTO xtream_changes (run_id,profile_id,kind,content_id,change) \
             SELECT ?,profile_id,?,{0},'removed' FROM {1} WHERE profile_id=? AND {0} IN ({list}) ORDER BY {0}",
            tables.id, tables.items
        );
        execute(conn, &sql, &and_list([self.run.0.into(), kind.into(), profile.into()], ids))?;
        let sql = format!("DELETE FROM {1} WHERE profile_id=? AND {0} IN ({list})", tables.id, tables.items);
        let deleted = execute(conn, &sql, &and_list([profile.into()], ids))?;
        let sql = format!("DELETE FROM xtream_held_removals WHERE profile_id=? AND kind=? AND content_id IN ({list})");
        execute(conn, &sql, &and_list([profile.into(), kind.into()], ids))?;
        Ok(deleted as u64)
    }
}

/// The ids as numbers, rising, each once.
pub(crate) fn sorted(ids: &[ContentId]) -> Vec<i64> {
    let mut ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
