//! The cached content, for callers that are not asynchronous.

use sync_core::catalogue::{Page, PageRequest, SizedCategory};
use sync_core::overlay::{EditField, EditOp, EditValue};
use sync_core::{
    Category, ChangedItem, Clock as _, ContentId, ContentKind, EditRequest, PerKind, ProfileId, StoreError,
};
use sync_service::{ItemsPage, ListRequest, Query, ReadError, SHOWN_CHANGES, SearchRequest, ShownItem, SystemClock};

use crate::database::Database;
use crate::error::Result;

/// The cached content of all profiles. Its calls block; reads never wait for a sync under way.
#[derive(Debug, Clone)]
pub struct ContentCache {
    db: Database,
}

/// The number of cached items per kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ContentCounts {
    /// Channels.
    pub channels: u64,
    /// Movies.
    pub movies: u64,
    /// Series.
    pub series: u64,
}

impl ContentCache {
    /// Returns the cache in a database.
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    /// Returns the database of the cache.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Returns the ids of all cached items of a kind (`channels`, `movies` or `series`), in ascending order.
    ///
    /// An unknown profile has no items.
    pub fn get_content_ids(&self, profile_id: &str, content_type: &str) -> Result<Vec<i64>> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        let ids = self.db.store().get_content_ids_blocking(&profile, kind);
        match ids {
            Err(StoreError::UnknownProfile(_)) => Ok(Vec::new()),
            ids => Ok(ids?.into_iter().map(|id| id.0).collect()),
        }
    }

    /// Deletes items by their ids, and returns the number of deleted items.
    ///
    /// If the panel still lists them, the next sync brings them back as added.
    pub fn delete_content_by_ids(&self, profile_id: &str, content_type: &str, ids: &[i64]) -> Result<usize> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        let ids: Vec<_> = ids.iter().copied().map(ContentId).collect();
        let deleted = self.db.store().delete_content_by_ids_blocking(&profile, kind, &ids)?;
        Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
    }

    /// Deletes the cached content of a profile; the profile and its settings stay.
    pub fn clear_profile_content(&self, profile_id: &str) -> Result<()> {
        Ok(self.db.store().clear_blocking(&ProfileId::new(profile_id)?)?)
    }

    /// Returns the number of cached items per kind.
    pub fn get_content_counts(&self, profile_id: &str) -> Result<ContentCounts> {
        let rows = self.db.store().sync_state_blocking(&ProfileId::new(profile_id)?)?.rows;
        Ok(ContentCounts {
            channels: rows[ContentKind::Channels],
            movies: rows[ContentKind::Movies],
            series: rows[ContentKind::Series],
        })
    }

    /// Returns a page of the items of a kind. [`ListRequest::after`] leads to the next one.
    ///
    /// # Errors
    ///
    /// [`SyncError::Read`](crate::SyncError::Read) for a category that can't be determined, and for a cursor of another
    /// query.
    pub fn list(&self, profile_id: &str, request: &ListRequest) -> Result<ItemsPage> {
        self.answer(profile_id, &request.into())
    }

    /// Returns a page of the items that a search finds, the best first. [`SearchRequest::after`] leads to the next one.
    ///
    /// # Errors
    ///
    /// As [`Self::list`].
    pub fn search(&self, profile_id: &str, request: &SearchRequest) -> Result<ItemsPage> {
        self.answer(profile_id, &request.into())
    }

    /// Returns an item of a kind (`channels`, `movies` or `series`) with everything that the cache knows of it, and its
    /// last ten changes. An item that was removed has its tombstone, while it exists.
    pub fn item(&self, profile_id: &str, content_type: &str, id: i64) -> Result<Option<ShownItem>> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        let store = self.db.store();
        loop {
            let epoch = store.feed_blocking(&profile)?.epoch;
            let Some(known) = store.item_blocking(&profile, kind, ContentId(id), SHOWN_CHANGES)? else {
                return Ok(None);
            };
            // The changes are of this epoch if the epoch has not ended while they were read.
            if store.feed_blocking(&profile)?.epoch == epoch {
                return Ok(Some(ShownItem::of(known, epoch, &store.categories_blocking(&profile, kind)?)));
            }
        }
    }

    /// Returns the categories of a kind (`channels`, `movies` or `series`) in the panel's order, each with the number
    /// of its items. Categories that items name and the panel doesn't list follow at the end.
    pub fn categories(&self, profile_id: &str, content_type: &str) -> Result<Vec<SizedCategory>> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        Ok(self.db.store().sized_categories_blocking(&profile, kind)?)
    }

    /// Returns whole rows of a kind (`channels`, `movies` or `series`) by ascending id. [`Page::next`] leads to the
    /// next page.
    pub fn page(&self, profile_id: &str, content_type: &str, request: &PageRequest) -> Result<Page> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        Ok(self.db.store().page_blocking(&profile, kind, request)?)
    }

    /// Edits items of a kind (`channels`, `movies` or `series`): all of them, or none. The edits outlast syncs. Returns
    /// the items that changed.
    ///
    /// # Errors
    ///
    /// [`SyncError::Overlay`](crate::SyncError::Overlay) for ids without a row and without edits, and for edits that
    /// exceed a limit.
    pub fn edit(
        &self,
        profile_id: &str,
        content_type: &str,
        ids: &[i64],
        changes: &[EditOp],
    ) -> Result<Vec<ChangedItem>> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        let ids = ids.iter().copied().map(ContentId).collect();
        let request = EditRequest { kind, ids, ops: changes.to_vec(), at: SystemClock::new().now() };
        Ok(self.db.store().edit_blocking(&profile, &request)?)
    }

    /// Makes an item of a kind (`channels`, `movies` or `series`) a favourite, or an ordinary item again.
    /// [`ItemFilter::only_favourites`](sync_service::ItemFilter::only_favourites) lists favourites.
    ///
    /// # Errors
    ///
    /// As [`Self::edit`].
    pub fn set_favourite(&self, profile_id: &str, content_type: &str, id: i64, favourite: bool) -> Result<()> {
        let field = EditField::Favourite;
        let change = if favourite { EditOp::Set(field, EditValue::Flag(true)) } else { EditOp::Clear(field) };
        self.edit(profile_id, content_type, &[id], &[change]).map(drop)
    }

    fn answer(&self, profile_id: &str, query: &Query<'_>) -> Result<ItemsPage> {
        let (profile, store, now) = (ProfileId::new(profile_id)?, self.db.store(), SystemClock::new().now());
        let mut categories: PerKind<Vec<Category>> = PerKind::from_fn(|_| Vec::new());
        for kind in query.kinds() {
            categories[kind] = store.categories_blocking(&profile, kind)?;
        }
        let asked = match query.selection(&categories, now) {
            Err(ReadError::UnknownCategory { .. }) => {
                // The category may be one that items name and the panel doesn't list. Only counting the items finds
                // such categories, and takes longer.
                let mut sized = PerKind::from_fn(|_| Vec::new());
                for kind in query.kinds() {
                    sized[kind] = store.sized_categories_blocking(&profile, kind)?;
                }
                query.selection_of_sized(&sized, now)?
            }
            asked => asked?,
        };
        Ok(asked.page(store.select_blocking(&profile, &asked.selection)?, &categories))
    }

    /// Creates the profile if it doesn't exist.
    pub fn initialize_profile(&self, profile_id: &str) -> Result<()> {
        Ok(self.db.store().ensure_profile_blocking(&ProfileId::new(profile_id)?)?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sync_core::catalogue::{ItemState, Sort};
    use sync_core::testing::{FixedClock, ItemBuilder, ScriptedSource, category, movie};
    use sync_core::{Engine, SyncOptions};
    use sync_service::ItemFilter;

    use super::*;
    use crate::CancellationToken;
    use crate::error::SyncError;

    /// Returns a cache with three movies.
    async fn cache(folder: &std::path::Path) -> ContentCache {
        let cache = ContentCache::new(Database::open(folder.join("cache.db")).unwrap());
        let movies = [movie(3).name("Three"), movie(1).name("One and three"), movie(2).name("Two")];
        let source = ScriptedSource::new()
            .categories(ContentKind::Movies, Ok(vec![category("1")]))
            .lists(ContentKind::Movies, movies.map(ItemBuilder::listed));
        let store = Arc::new(cache.database().store().clone());
        let engine = Engine::new(Arc::new(source), store, Arc::new(FixedClock::default()));
        let profile = ProfileId::new("home").unwrap();
        let report = engine.run(&profile, &SyncOptions::default(), &CancellationToken::new()).await;
        assert_eq!(report.errors, []);
        cache
    }

    /// The calls block, both within a runtime and without one.
    #[tokio::test]
    async fn a_cache_is_read_by_callers_that_are_not_asynchronous() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path()).await;
        let read = {
            let cache = cache.clone();
            move || read_all(&cache)
        };
        read();
        std::thread::spawn(read).join().unwrap();
    }

    fn read_all(cache: &ContentCache) {
        let ids = |page: &ItemsPage| page.items.iter().map(|item| item.row.id.0).collect::<Vec<_>>();
        let list = ListRequest::new(ContentKind::Movies);
        let all = cache.list("home", &list).unwrap();
        assert_eq!((ids(&all), all.items[0].category_name.as_deref()), (vec![3, 1, 2], Some("Category 1")));
        let first = cache.list("home", &list.clone().sorted(Sort::Name).limited(2)).unwrap();
        let second = list.clone().sorted(Sort::Name).limited(2).after(first.next.clone().unwrap());
        assert_eq!((ids(&first), ids(&cache.list("home", &second).unwrap())), (vec![1, 3], vec![2]));
        assert_eq!(ids(&cache.search("home", &SearchRequest::new("thr")).unwrap()), [3, 1]);
        let unknown = list.clone().filtered(ItemFilter::none().in_category("x"));
        let error = cache.list("home", &unknown).unwrap_err();
        assert!(matches!(error, SyncError::Read(ReadError::UnknownCategory { .. })), "{error:?}");
        let other = cache.list("home", &list.after(first.next.unwrap())).unwrap_err();
        assert!(matches!(other, SyncError::Read(ReadError::Cursor(_))), "{other:?}");
        let shown = cache.item("home", "movies", 2).unwrap().unwrap();
        assert!(matches!(&shown.state, ItemState::Present { item, .. } if item.name() == "Two"));
        assert!(cache.item("home", "movies", 9).unwrap().is_none());
        assert_eq!(cache.categories("home", "movies").unwrap()[0].items, 3);
        let page = cache.page("home", "movies", &PageRequest::first(2)).unwrap();
        assert_eq!((page.items.len(), page.next), (2, Some(ContentId(2))));
        assert!(cache.item("home", "films", 2).is_err() && cache.categories("nobody", "movies").is_err());
    }
}
