//! The cached content: rows, ids and categories. Also deletes and clears content.
//!
//! The tables of items and categories differ by kind, so the statements that read and delete their rows are SQL as
//! text. The name of the table is inserted. Columns are read by name.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types;
use sync_core::change_set::Moves;
use sync_core::{Category, CategoryId, ContentId, ContentKind, Item, ProfileId, StoreError};
use sync_core::{LoggedChange, RowHash, RunId};

use crate::change_set::tracker::Tracker;
use crate::db::blocking::now;
use crate::db::fault::of_diesel;
use crate::db::statement::{and_list, execute, in_lists, numbered, rows};
use crate::db::value::{Count, Number, Text};
use crate::feed::entry::{self, Entries, Entry};
use crate::feed::{retention, row_ids};
use crate::items::item_sql;
use crate::overlay::edited;
use crate::search::{self, Key};
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;
use crate::tables::profile::RANDOM_EPOCH;
use crate::tables::schema::xtream_content_sync;
use crate::tables::{self, facts, former_logins, index, row_counts, validator};

/// A category of any kind.
#[derive(QueryableByName)]
struct CategoryRow {
    #[diesel(sql_type = sql_types::Text)]
    category_id: Text,
    #[diesel(sql_type = sql_types::Text)]
    category_name: Text,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    parent_id: Option<Number>,
}

/// The number of items in a category.
#[derive(QueryableByName)]
struct CategorySize {
    #[diesel(sql_type = sql_types::Text)]
    category: Text,
    #[diesel(sql_type = sql_types::BigInt)]
    items: Count,
}

/// The sync state of a cache without content.
#[derive(Default, AsChangeset)]
#[diesel(table_name = xtream_content_sync, treat_none_as_null = true)]
struct Cleared {
    last_sync_channels: Option<i64>,
    last_sync_movies: Option<i64>,
    last_sync_series: Option<i64>,
    channels_count: i64,
    movies_count: i64,
    series_count: i64,
    sync_status: &'static str,
    sync_progress: i64,
    sync_message: Option<String>,
    updated_at: i64,
}

impl SqliteStore {
    /// Returns the stored rows of these ids. Ids without a row are left out.
    pub fn rows_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: &[ContentId],
    ) -> Result<Vec<Item>, StoreError> {
        // A single statement sees one state without a transaction, and a row proves that its profile exists.
        if (1..=item_sql::ROWS).contains(&ids.len()) {
            let rows = self.read_at_once(|conn| item_sql::rows(conn, profile.as_str(), kind, ids))?;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        self.read_profile(profile, |conn| item_sql::rows(conn, profile.as_str(), kind, ids))
    }

    /// Returns the ids of all stored items of a kind, ascending.
    pub fn get_content_ids_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<ContentId>, StoreError> {
        let ids = self.read_profile(profile, |conn| row_counts::stored_ids(conn, profile, &kind.into()))?;
        Ok(ids.into_iter().map(ContentId).collect())
    }

    /// Deletes items by id, any number of them. Returns how many items there were.
    pub fn delete_content_by_ids_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        ids: &[ContentId],
    ) -> Result<u64, StoreError> {
        self.write(|conn| {
            require_profile(conn, profile)?;
            let deletion = Deletion { profile, kind, run: RunId(0), at: now() };
            let mut content = Tracker::new(conn, Key { profile, kind }, None)?;
            let mut deleted = 0;
            in_lists(&sorted(ids), |list, ids| {
                let removed = deletion.run(conn, list, ids)?;
                content.take_removed(&removed);
                deleted += removed.len() as u64;
                Ok(())
            })?;
            content.finish(conn, &Moves::None, None)?;
            index::forget(conn, profile, kind, ids)?;
            validator::forget(conn, profile, kind)?;
            row_counts::recount(conn, profile, kind)?;
            if deleted > 0 {
                follow_deletion(conn, Key { profile, kind }, &sorted(ids))?;
                search::write::follow(conn, profile, kind, &sorted(ids))?;
            }
            Ok(deleted)
        })
    }

    /// Deletes the cached content of a profile. The profile, its settings, its history, and the facts about the panel
    /// as a whole stay.
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
                "xtream_content_hashes",
                "xtream_login_hashes",
            ];
            for table in by_kind.chain(of_listings).chain(search::tables::TABLES).chain(["xtream_shown"]) {
                execute(conn, &format!("DELETE FROM {table} WHERE profile_id=?"), &[profile.as_str().into()])?;
            }
            // Edits outlive the rows. The next sync looks for the items to which the edits of gone items belong.
            let sql = "UPDATE xtream_edited_items SET gone=2 WHERE profile_id=? AND gone<>2";
            execute(conn, sql, &[profile.as_str().into()])?;
            facts::forget_kinds(conn, profile)?;
            former_logins::forget(conn, profile)?;
            begin_epoch(conn, profile)?;
            diesel::update(xtream_content_sync::table.filter(xtream_content_sync::profile_id.eq(profile.as_str())))
                .set(Cleared { sync_status: "pending", updated_at: now(), ..Cleared::default() })
                .execute(conn)
                .map_err(of_diesel)
                .map(|_| ())
        })
    }

    /// Returns the categories of a kind, in the panel's order.
    pub fn categories_blocking(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        self.read_profile(profile, |conn| categories(conn, profile, kind))
    }

    /// Returns how many stored items each of these categories of a kind has, in the order of the argument.
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
}

/// Adapts the overlay to a deletion. The rows about how the items are shown are deleted; the edits stay.
fn follow_deletion(conn: &mut SqliteConnection, key: Key<'_>, ids: &[i64]) -> Result<(), StoreError> {
    in_lists(ids, |list, ids| {
        let sql = format!("DELETE FROM xtream_shown WHERE profile_id=? AND kind=? AND content_id IN ({list})");
        execute(conn, &sql, &and_list(key.binds(), ids)).map(|_| ())
    })?;
    edited::look_again(conn, key, ids)
}

/// Begins a new epoch of the feed, because earlier entries have no connection with later ones.
fn begin_epoch(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE xtream_profiles SET feed_epoch={RANDOM_EPOCH}, feed_floor=max(feed_floor,coalesce((SELECT MAX(sequence) \
         FROM xtream_changes WHERE profile_id=?1),0)) WHERE profile_id=?1"
    );
    let (sql, binds) = numbered(&sql, &[profile.as_str().into()]);
    execute(conn, &sql, &binds)?;
    retention::forget_undos(conn, profile)
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
    let rows: Vec<CategoryRow> = rows(conn, &sql, &[profile.as_str().into()])?;
    let read = |row: CategoryRow| Category {
        id: CategoryId(row.category_id.0),
        name: row.category_name.0,
        parent_id: row.parent_id.map(|id| id.0),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Counts the items of these categories in one pass over the kind. Categories without items are left out. A set that is
/// not JSON was written by another program, and counts as empty.
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
        "SELECT c.value AS category,COUNT(*) AS items FROM {} i CROSS JOIN json_each(iif(json_valid(i.category_ids),i.category_ids,'[]')) c \
         WHERE i.profile_id=? AND c.value IN (SELECT value FROM json_each(?)) GROUP BY c.value",
        tables::of(kind).items
    );
    let rows: Vec<CategorySize> = rows(conn, &sql, &[profile.as_str().into(), asked.into()])?;
    Ok(rows.into_iter().map(|row| (row.category.0, row.items.0)).collect())
}

/// Deletes rows of items with everything that depends on them, and logs the deletion.
pub(crate) struct Deletion<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) kind: ContentKind,
    /// The run; 0 for a deletion by hand.
    pub(crate) run: RunId,
    pub(crate) at: i64,
}

impl Deletion<'_> {
    /// Deletes the rows. Returns the ids of those that existed, with their hashes.
    pub(crate) fn run(
        &self,
        conn: &mut SqliteConnection,
        list: &str,
        ids: &[i64],
    ) -> Result<Vec<(i64, RowHash)>, StoreError> {
        let tables = tables::of(self.kind);
        let (profile, kind) = (self.profile.as_str(), self.kind.as_str());
        let rows = entry::whole_rows(conn, self.profile, self.kind, list, ids)?;
        let highest = rows.iter().map(|row| row.row).max();
        let removed_rows = rows.iter().map(|row| (row.id, row.hash)).collect();
        let removed = rows.into_iter().map(|row| Entry {
            id: Some(row.id),
            change: LoggedChange::Removed,
            name: Some(row.name),
            before: Some(row.json),
            after: None,
        });
        let entries = Entries { profile: self.profile, kind: self.kind, run: self.run, at: self.at };
        entries.append(conn, removed.collect())?;
        let sql = format!("DELETE FROM {1} WHERE profile_id=? AND {0} IN ({list})", tables.id, tables.items);
        execute(conn, &sql, &and_list([profile.into()], ids))?;
        let sql = format!("DELETE FROM xtream_held_removals WHERE profile_id=? AND kind=? AND content_id IN ({list})");
        execute(conn, &sql, &and_list([profile.into(), kind.into()], ids))?;
        row_ids::keep(conn, self.kind, highest)?;
        Ok(removed_rows)
    }
}

/// Returns the ids as numbers, ascending, without duplicates.
pub(crate) fn sorted(ids: &[ContentId]) -> Vec<i64> {
    let mut ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
