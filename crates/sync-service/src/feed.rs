//! Reads the feed: the changes since a position, and the new items.

use std::collections::{HashMap, HashSet, VecDeque};

use sync_core::catalogue::View;
use sync_core::feed::collapse::Collapsed;
use sync_core::{
    Category, CategoryId, ChangeRecord, ContentId, ContentKind, Feed, Item, LoggedChange, PerKind, PositionGone,
    ProfileId, RunId, StoreError, Value,
};

use crate::overlay::Overlaid;
use crate::service::Service;
use crate::since::Since;

/// The number of entries that one call reads.
const PAGE: u32 = 500;

/// The part of a feed to read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangesRequest {
    /// The place after which the changes are read.
    pub since: Since,
    /// Only these kinds.
    pub kinds: Vec<ContentKind>,
    /// Only items of a category with this id or this name. A removed item counts for the categories in which it was.
    pub category: Option<String>,
    /// Whether several changes of an item are read as one.
    pub collapse: bool,
}

impl ChangesRequest {
    /// Returns a request for all changes after this place.
    pub fn new(since: Since) -> Self {
        Self { since, kinds: ContentKind::ALL.to_vec(), category: None, collapse: false }
    }
}

/// The reason why a feed can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The position is gone. The feed says from which positions it can be read.
    #[error("{reason}")]
    Gone {
        /// The reason.
        reason: PositionGone,
        /// The extent of the feed.
        feed: Feed,
    },
    /// There is no such run.
    #[error("there is no run {}", .0.0)]
    UnknownRun(RunId),
    /// No category has this id or this name.
    #[error("no category has this id or this name")]
    UnknownCategory,
}

/// Reads a feed, page by page. The entries of each page are of one state of the cache.
pub struct ChangesReader {
    service: Service,
    profile: ProfileId,
    request: ChangesRequest,
    epoch: i64,
    /// The sequence after which the next page begins.
    after: i64,
    /// Only entries after this time, in unix seconds, are read.
    later_than: Option<i64>,
    /// Only entries of runs after this one are read, and entries without a run.
    behind_run: Option<RunId>,
    categories: Option<PerKind<HashSet<CategoryId>>>,
    /// If entries are collapsed: the last entry of each item that has several, and the items under way.
    last: Option<HashMap<(ContentKind, ContentId), i64>>,
    open: HashMap<(ContentKind, ContentId), Collapsed>,
    ready: VecDeque<ChangeRecord>,
}

impl std::fmt::Debug for ChangesReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangesReader")
            .field("profile", &self.profile)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Begins to read the feed of a profile.
    ///
    /// # Errors
    ///
    /// [`FeedError::Gone`] if some entries after the position can't be read; [`FeedError::UnknownRun`] and
    /// [`FeedError::UnknownCategory`] for a run or a category that doesn't exist.
    pub async fn changes(&self, profile: &ProfileId, request: ChangesRequest) -> Result<ChangesReader, FeedError> {
        let cache = self.cache();
        let feed = cache.feed(profile).await?;
        let (mut after, mut later_than, mut behind_run) = (feed.oldest, None, None);
        match request.since {
            Since::Beginning => {}
            Since::Position { epoch, sequence } => {
                feed.check(epoch, sequence).map_err(|reason| FeedError::Gone { reason, feed })?;
                after = sequence;
            }
            Since::Run(run) => {
                let is_known = cache.runs(profile, u32::MAX).await?.iter().any(|known| known.run == run);
                behind_run = Some(is_known.then_some(run).ok_or(FeedError::UnknownRun(run))?);
            }
            Since::Time(at) => later_than = Some(at),
            Since::Age(seconds) => later_than = Some(self.now().saturating_sub(seconds)),
        }
        let mut reader = ChangesReader {
            service: self.clone(),
            profile: profile.clone(),
            epoch: feed.epoch,
            after,
            later_than,
            behind_run,
            categories: None,
            last: None,
            open: HashMap::new(),
            ready: VecDeque::new(),
            request,
        };
        if let Some(wanted) = reader.request.category.clone() {
            reader.categories = Some(self.categories_of(profile, &wanted, &reader.request.kinds).await?);
        }
        if reader.request.collapse {
            reader.last = Some(reader.last_entries().await?);
        }
        Ok(reader)
    }

    /// Returns the categories with this id or this name, by kind.
    async fn categories_of(
        &self,
        profile: &ProfileId,
        wanted: &str,
        kinds: &[ContentKind],
    ) -> Result<PerKind<HashSet<CategoryId>>, FeedError> {
        let mut found = PerKind::from_fn(|_| HashSet::new());
        for kind in kinds {
            let categories = self.cache().categories(profile, *kind).await?;
            let is_wanted = |category: &&Category| category.id.0 == wanted || category.name == wanted;
            found[*kind] = categories.iter().filter(is_wanted).map(|category| category.id.clone()).collect();
        }
        if found.values().all(HashSet::is_empty) { Err(FeedError::UnknownCategory) } else { Ok(found) }
    }
}

impl ChangesReader {
    /// Returns the epoch of the entries.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Reads the next change. Returns `None` at the end of the feed. Later calls return the changes that have come
    /// since then.
    ///
    /// # Errors
    ///
    /// [`FeedError::Gone`] if the epoch has ended, or if entries after the last one read were pruned meanwhile.
    pub async fn next(&mut self) -> Result<Option<ChangeRecord>, FeedError> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(Some(change));
            }
            let page = self.page(self.after).await?;
            let Some(last) = page.last().map(|change| change.sequence) else { return Ok(None) };
            self.after = last;
            let wanted = self.wanted(page).await?;
            if self.last.is_some() {
                self.collapse(wanted).await?;
            } else {
                self.ready.extend(wanted);
            }
        }
    }

    /// Returns the page of entries after a sequence. Fails if an entry before the page is missing.
    async fn page(&self, after: i64) -> Result<Vec<ChangeRecord>, FeedError> {
        let page = self.service.cache().feed_page(&self.profile, after, PAGE).await?;
        let feed = page.feed;
        feed.check(Some(self.epoch), after).map_err(|reason| FeedError::Gone { reason, feed })?;
        Ok(page.changes)
    }

    /// Returns the entries of a page that the request asks for.
    async fn wanted(&self, page: Vec<ChangeRecord>) -> Result<Vec<ChangeRecord>, FeedError> {
        let mut wanted: Vec<_> = page.into_iter().filter(|change| self.is_wanted(change)).collect();
        if let Some(categories) = &self.categories {
            let rows = self.rows(&wanted).await?;
            wanted.retain(|change| is_within(change, rows.get(&(change.kind, change.id)), &categories[change.kind]));
        }
        Ok(wanted)
    }

    fn is_wanted(&self, change: &ChangeRecord) -> bool {
        self.request.kinds.contains(&change.kind)
            // The end of an edit is no change of the item.
            && !(self.request.collapse && change.change.is_of_edit())
            && self.later_than.is_none_or(|at| change.at > at)
            && self.behind_run.is_none_or(|run| change.run.is_none_or(|of| of > run))
    }

    /// Returns the rows of the items of these entries.
    async fn rows(
        &self,
        changes: &[ChangeRecord],
    ) -> Result<HashMap<(ContentKind, Option<ContentId>), Item>, StoreError> {
        let mut rows = HashMap::new();
        for kind in ContentKind::ALL {
            let mut ids: Vec<_> = changes.iter().filter(|it| it.kind == kind).filter_map(|it| it.id).collect();
            ids.sort_unstable();
            ids.dedup();
            if !ids.is_empty() {
                let found = self.service.cache().rows(&self.profile, kind, ids).await?;
                rows.extend(found.into_iter().map(|row| ((kind, Some(row.id())), row)));
            }
        }
        Ok(rows)
    }

    /// Returns the sequence of the last entry of each item that has several.
    async fn last_entries(&self) -> Result<HashMap<(ContentKind, ContentId), i64>, FeedError> {
        let mut last: HashMap<(ContentKind, ContentId), (i64, bool)> = HashMap::new();
        let mut after = self.after;
        loop {
            let page = self.page(after).await?;
            let Some(end) = page.last().map(|change| change.sequence) else { break };
            after = end;
            for change in page.iter().filter(|change| self.is_wanted(change)) {
                if let Some(id) = change.id {
                    let entry = last.entry((change.kind, id)).or_insert((change.sequence, true));
                    *entry = (change.sequence, entry.0 == change.sequence);
                }
            }
        }
        let several = last.into_iter().filter(|(_, (_, is_only))| !is_only);
        Ok(several.map(|(item, (sequence, _))| (item, sequence)).collect())
    }

    /// Collapses entries. The changes of an item are ready after its last entry.
    async fn collapse(&mut self, changes: Vec<ChangeRecord>) -> Result<(), FeedError> {
        let mut ended = Vec::new();
        for change in changes {
            let key = change.id.map(|id| (change.kind, id));
            let last = key.and_then(|key| self.last.as_ref().and_then(|last| last.get(&key)).copied());
            let (Some(key), Some(last)) = (key, last.filter(|last| change.sequence <= *last)) else {
                ended.push(Ended::Alone(change));
                continue;
            };
            let is_last = change.sequence == last;
            match self.open.remove(&key) {
                Some(mut known) => {
                    known.push(change);
                    self.open.insert(key, known);
                }
                None => drop(Collapsed::new(change).map(|begun| self.open.insert(key, begun))),
            }
            if is_last && let Some(whole) = self.open.remove(&key) {
                ended.push(Ended::Several(key, whole));
            }
        }
        for ended in ended {
            match ended {
                Ended::Alone(change) => self.ready.push_back(change),
                Ended::Several((kind, id), whole) => {
                    let row = self.service.cache().rows(&self.profile, kind, vec![id]).await?.pop();
                    self.ready.extend(whole.finish(row.as_ref()));
                }
            }
        }
        Ok(())
    }
}

/// A change to which no later entry belongs: one entry, or several of an item.
enum Ended {
    Alone(ChangeRecord),
    Several((ContentKind, ContentId), Collapsed),
}

/// Returns whether an item is in one of these categories. A removed item was in those that its entry names.
fn is_within(change: &ChangeRecord, row: Option<&Item>, categories: &HashSet<CategoryId>) -> bool {
    let is_one = |id: &str| categories.iter().any(|category| category.0 == id);
    let told = change.columns.iter().flatten().find(|column| column.column == "category_ids");
    let in_values = told.is_some_and(|column| {
        let sets = [&column.before, &column.after];
        sets.iter().any(|set| matches!(set, Value::Categories(set) if set.iter().any(|id| is_one(id))))
    });
    in_values || row.is_some_and(|row| row.categories().iter().any(|id| is_one(id)))
}

/// An item that is new.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewItem {
    /// The item, as the view shows it.
    pub item: Item,
    /// The category of the item, if the cache knows its name.
    pub category: Option<Category>,
    /// The time at which the item was added, in unix seconds.
    pub at: i64,
    /// Whether the item was in the cache before and had been removed.
    pub returned: bool,
}

impl Service {
    /// Returns the items of these kinds that were added in the last `days` days and still exist, newest first. Items of
    /// the first load of a kind are not new. The view decides whether hidden and excluded items are included.
    pub async fn new_items(
        &self,
        profile: &ProfileId,
        kinds: &[ContentKind],
        days: u32,
        view: View,
    ) -> Result<Vec<NewItem>, FeedError> {
        let age = i64::from(days).saturating_mul(86_400);
        let request = ChangesRequest { kinds: kinds.to_vec(), ..ChangesRequest::new(Since::Age(age)) };
        let mut reader = self.changes(profile, request).await?;
        let mut came: Vec<(ContentKind, ContentId, i64, bool)> = Vec::new();
        while let Some(change) = reader.next().await? {
            let is_new = matches!(change.change, LoggedChange::Added | LoggedChange::Returned);
            if let Some(id) = change.id.filter(|_| is_new) {
                came.push((change.kind, id, change.at, change.change == LoggedChange::Returned));
            }
        }
        came.reverse();
        let mut met = HashSet::new();
        came.retain(|(kind, id, ..)| met.insert((*kind, *id)));
        let mut items = Vec::with_capacity(came.len());
        let categories = self.named_categories(profile, kinds).await?;
        let mut overlaid = Overlaid::of(self, profile).await?;
        for page in came.chunks(PAGE as usize) {
            let mut rows = HashMap::new();
            for kind in kinds {
                let ids: Vec<_> = page.iter().filter(|(of, ..)| of == kind).map(|(_, id, ..)| *id).collect();
                if !ids.is_empty() {
                    let found = self.cache().rows(profile, *kind, ids).await?;
                    let mut shown = overlaid.shown_rows(*kind, &found).await?;
                    rows.extend(found.into_iter().filter_map(|row| {
                        let shown = shown.remove(&row.id()).unwrap_or_default();
                        view.has(&shown).then(|| ((*kind, row.id()), view.item(row, &shown)))
                    }));
                }
            }
            for (kind, id, at, returned) in page {
                if let Some(item) = rows.remove(&(*kind, *id)) {
                    let category = item.category_id().and_then(|id| categories[*kind].get(id)).cloned();
                    items.push(NewItem { item, category, at: *at, returned: *returned });
                }
            }
        }
        Ok(items)
    }

    async fn named_categories(
        &self,
        profile: &ProfileId,
        kinds: &[ContentKind],
    ) -> Result<PerKind<HashMap<String, Category>>, StoreError> {
        let mut all = PerKind::from_fn(|_| HashMap::new());
        for kind in kinds {
            let categories = self.cache().categories(profile, *kind).await?;
            all[*kind] = categories.into_iter().map(|category| (category.id.0.clone(), category)).collect();
        }
        Ok(all)
    }
}
