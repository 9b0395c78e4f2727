//! Pages of rows, and categories with their sizes: what readers leaf through.
//!
//! SQL as text, because the tables differ by kind and the condition on a set is JSON.

use std::collections::BTreeMap;

use sync_core::catalogue::{ItemState, KnownItem, Page, PageRequest, SizedCategory};
use sync_core::{ContentId, ContentKind, Item, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{integers, records};
use crate::items::item_sql;
use crate::search::{self, Key};
use crate::store::SqliteStore;
use crate::tables::content::categories;
use crate::tables::{self, changes, held, tombstone};

impl SqliteStore {
    /// Returns the rows of a kind by rising id, as many as the page has room for. An item is in every category of its
    /// set.
    pub fn page_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        page: &PageRequest,
    ) -> Result<Page, StoreError> {
        let tables = tables::of(kind);
        let mut binds = vec![Bind::from(profile.as_str())];
        let mut sql = format!("SELECT {} FROM {} WHERE profile_id=?", tables.id, tables.items);
        if let Some(after) = page.after {
            sql.extend([" AND ", tables.id, ">?"]);
            binds.push(after.0.into());
        }
        if let Some(category) = &page.category {
            // A set is a JSON list of texts. Most rows are passed over by their bytes alone.
            sql += " AND instr(category_ids,json_quote(?))>0 AND EXISTS (SELECT 1 FROM \
                    json_each(iif(json_valid(category_ids),category_ids,'[]')) WHERE value=?)";
            binds.extend([category.0.as_str().into(), category.0.as_str().into()]);
        }
        // One row more tells whether there is another page.
        sql.extend([" ORDER BY ", tables.id, " LIMIT ?"]);
        binds.push((i64::from(page.limit.max(1)) + 1).into());
        self.read_profile(profile, |conn| {
            let ids: Vec<_> = integers(conn, &sql, &binds)?.into_iter().map(ContentId).collect();
            let mut rows =
                if ids.is_empty() { Vec::new() } else { item_sql::rows(conn, profile.as_str(), kind, &ids)? };
            rows.sort_by_key(Item::id);
            Ok(Page::of(rows, page.limit))
        })
    }

    /// Returns the categories of a kind in the panel's order, each with the number of items in it, and behind them those
    /// that items name and the panel doesn't.
    pub fn sized_categories_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<SizedCategory>, StoreError> {
        self.read_profile(profile, |conn| {
            if let Some(sizes) = search::category_sizes(conn, self.held_indexes(), Key { profile, kind })? {
                return Ok(SizedCategory::list(categories(conn, profile, kind)?, sizes));
            }
            // Without a search text, which has them in a tenth of the time.
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

    /// Returns an item with all that is known of it, and its latest changes, newest first.
    pub fn item_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        id: ContentId,
        changes: u32,
    ) -> Result<Option<KnownItem>, StoreError> {
        self.read_profile(profile, |conn| {
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
                    None => return Ok(None),
                },
            };
            Ok(Some(KnownItem::new(state, changes::of_item(conn, profile, kind, id, changes)?)))
        })
    }
}
