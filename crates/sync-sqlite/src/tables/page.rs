//! Pages of rows, and categories with their sizes: what readers leaf through.
//!
//! SQL as text, because the tables differ by kind and the condition on a set is JSON.

use sync_core::catalogue::{Page, PageRequest};
use sync_core::{Category, ContentId, ContentKind, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::integers;
use crate::items::item_sql;
use crate::store::SqliteStore;
use crate::tables;
use crate::tables::content::{categories, category_sizes};

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
            rows.sort_by_key(sync_core::Item::id);
            Ok(Page::of(rows, page.limit))
        })
    }

    /// Returns the categories of a kind in the panel's order, each with how many items are in it.
    pub fn sized_categories_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Vec<(Category, u64)>, StoreError> {
        self.read_profile(profile, |conn| {
            let categories = categories(conn, profile, kind)?;
            let ids: Vec<_> = categories.iter().map(|category| category.id.clone()).collect();
            let sizes = category_sizes(conn, profile, kind, &ids)?;
            let size = |category: &Category| sizes.get(&category.id.0).copied().unwrap_or_default();
            Ok(categories.into_iter().map(|category| (category.clone(), size(&category))).collect())
        })
    }
}
