//! Reads pages of rows, and categories with their sizes.
//!
//! The statements are SQL as text, because the tables differ by kind and the condition on a set is JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sync_core::catalogue::{ItemState, KnownItem, Page, PageRequest, SizedCategory};
use sync_core::overlay::Shown;
use sync_core::{ContentId, ContentKind, Item, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{integers, records};
use crate::items::item_sql;
use crate::overlay::view::condition;
use crate::overlay::{edited, shown};
use crate::search::{self, Key};
use crate::store::SqliteStore;
use crate::tables::content::categories;
use crate::tables::{self, changes, held, tombstone};

impl SqliteStore {
    /// Returns the rows of a kind by ascending id, as many as the page has room for. An item is in every category of
    /// its set.
    pub fn page_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        page: &PageRequest,
    ) -> Result<Page, StoreError> {
        self.read_profile(profile, |conn| {
            let key = Key { profile, kind };
            let is_overlaid = shown::exists(conn, key)?;
            let (sql, binds) = ids_of_page(key, page, is_overlaid);
            let ids: Vec<_> = integers(conn, &sql, &binds)?.into_iter().map(ContentId).collect();
            let mut rows =
                if ids.is_empty() { Vec::new() } else { item_sql::rows(conn, profile.as_str(), kind, &ids)? };
            rows.sort_by_key(Item::id);
            if is_overlaid && !page.view.panel {
                let ids: Vec<_> = rows.iter().map(|row| row.id().0).collect();
                let shown = shown::of_ids(conn, key, &ids)?;
                let plain = Shown::default();
                let seen = |row: Item| {
                    let shown = shown.get(&row.id()).unwrap_or(&plain);
                    page.view.item(row, shown)
                };
                rows = rows.into_iter().map(seen).collect();
            }
            Ok(Page::of(rows, page.limit))
        })
    }

    /// Returns the categories of a kind in the panel's order, each with its number of items. The categories that items
    /// name and the panel doesn't list come last.
    pub fn sized_categories_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<SizedCategory>, StoreError> {
        self.read_profile(profile, |conn| {
            if let Some(sizes) = search::category_sizes(conn, self.held_indexes(), Key { profile, kind })? {
                return Ok(SizedCategory::list(categories(conn, profile, kind)?, sizes));
            }
            // This is used if there is no search text. The search text has the numbers in a tenth of the time.
            let sql = format!(
                "SELECT c.value,COUNT(*) FROM {} i CROSS JOIN json_each(iif(json_valid(i.category_ids),i.category_ids,'[]')) c \
                 WHERE i.profile_id=? AND c.type='text' GROUP BY c.value",
                tables::of(kind).items
            );
            let mut sizes = BTreeMap::new();
            for mut row in records(conn, &sql, &[profile.as_str().into()])? {
                sizes.insert(row.text(0)?, row.integer(1)?.cast_unsigned());
            }
            Ok(SizedCategory::list(categories(conn, profile, kind)?, sizes))
        })
    }

    /// Returns an item with everything that is known of it, and its latest changes, newest first.
    pub fn item_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Result<Option<KnownItem>, StoreError> {
        self.read_profile(profile, |conn| {
            let key = Key { profile, kind };
            let edited = edited::of_ids(conn, key, &[id.0])?.remove(&id.0).map(|kept| kept.item);
            let state = match item_sql::rows(conn, profile.as_str(), kind, &[id])?.pop() {
                Some(item) => {
                    let tables = tables::of(kind);
                    let sql = format!(
                        "SELECT created_at,updated_at FROM {} WHERE profile_id=? AND {}=?",
                        tables.items, tables.id
                    );
                    let times = records(conn, &sql, &[profile.as_str().into(), id.0.into()])?;
                    let mut times = times.into_iter();
                    let mut times = times.next().ok_or(StoreError::Locked)?;
                    let (created_at, updated_at) = (times.integer(0)?, times.integer(1)?);
                    let held = held::held(conn, profile, kind)?.into_iter().find(|held| held.id == id);
                    ItemState::Present { item: Box::new(item), created_at, updated_at, held }
                }
                None => match tombstone::of_item(conn, profile, kind, id)? {
                    Some((name, removed_at)) => ItemState::Removed { name, removed_at },
                    None if edited.is_some() => ItemState::Unlisted,
                    None => return Ok(None),
                },
            };
            let shown = match (&state, &edited) {
                (ItemState::Present { .. }, _) => shown::of_ids(conn, key, &[id.0])?.remove(&id).unwrap_or_default(),
                (_, Some(edited)) => Shown::of_edits(&edited.edits),
                _ => Shown::default(),
            };
            let known = KnownItem::new(state, changes::of_item(conn, profile, kind, id, changes)?);
            Ok(Some(known.edited(edited, shown)))
        })
    }
}

/// Returns the SQL and the binds that select the ids of a page. If items are not shown as their rows, the condition is
/// on what is shown.
fn ids_of_page<'a>(key: Key<'a>, page: &'a PageRequest, is_overlaid: bool) -> (String, Vec<Bind<'a>>) {
    let tables = tables::of(key.kind);
    let mut binds = vec![Bind::from(key.profile.as_str())];
    let mut sql = format!("SELECT i.{} FROM {} i", tables.id, tables.items);
    let mut set = "i.category_ids";
    if is_overlaid {
        let _ = write!(
            sql,
            " LEFT JOIN xtream_shown s ON s.profile_id=i.profile_id AND s.kind='{}' AND s.content_id=i.{}",
            key.kind, tables.id
        );
        if !page.view.panel {
            set = "coalesce(s.category_ids,i.category_ids)";
        }
    }
    sql += " WHERE i.profile_id=?";
    if let Some(is_left_out) = condition(page.view).filter(|_| is_overlaid) {
        let _ = write!(sql, " AND (s.content_id IS NULL OR NOT {is_left_out})");
    }
    if let Some(after) = page.after {
        let _ = write!(sql, " AND i.{}>?", tables.id);
        binds.push(after.0.into());
    }
    if let Some(category) = &page.category {
        // A set is a JSON list of texts. A comparison of the bytes rules out most rows.
        let _ = write!(
            sql,
            " AND instr({set},json_quote(?))>0 AND EXISTS (SELECT 1 FROM json_each(iif(json_valid({set}),{set},'[]')) \
             WHERE value=?)"
        );
        binds.extend([category.0.as_str().into(), category.0.as_str().into()]);
    }
    // One more row shows whether there is another page.
    let _ = write!(sql, " ORDER BY i.{} LIMIT ?", tables.id);
    binds.push((i64::from(page.limit.max(1)) + 1).into());
    (sql, binds)
}
