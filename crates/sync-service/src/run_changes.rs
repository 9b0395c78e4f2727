//! Reads what a run has changed: the first names of each sort, and the number of the others.

use std::collections::{HashMap, HashSet};

use sync_core::catalogue::View;
use sync_core::overlay::Shown;
use sync_core::{
    CategorySet, ChangeRecord, ContentId, ContentKind, LoggedChange, PerKind, ProfileId, RunId, StoreError, SyncReport,
    Value,
};

use crate::overlay::Overlaid;
use crate::secrets::Login;
use crate::service::Service;

/// The number of entries that one call reads.
const PAGE: u32 = 500;

/// The number of entries that are read in one step of the search for the beginning of a run.
const STEP: u32 = 50;

/// The largest number of pages to read. The names are not worth more time.
const PAGES: usize = 40;

/// The longest name that is shown, in characters. Some panels put whole descriptions into names.
const NAME_MAX: usize = 200;

/// An item with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedItem {
    /// The id.
    pub id: i64,
    /// The name, without the login of the profile; cut if it is very long.
    pub name: String,
}

/// Items of one sort of change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SomeItems {
    /// The first items.
    pub items: Vec<NamedItem>,
    /// The number of the other items.
    pub more: u64,
}

/// The changes of a kind by a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindChanges {
    /// The added items, including those that returned.
    pub added: SomeItems,
    /// The updated items.
    pub updated: SomeItems,
    /// The removed items.
    pub removed: SomeItems,
    /// Whether this was the first list of the kind. Its items are counted as added, but not named.
    pub loaded: bool,
}

impl KindChanges {
    /// Returns the counts of a kind, without names.
    fn unnamed(report: &SyncReport, kind: ContentKind) -> Self {
        let counts = report.kind(kind).counts;
        let of = |more| SomeItems { items: Vec::new(), more };
        Self { added: of(counts.added), updated: of(counts.updated), removed: of(counts.removed), loaded: false }
    }

    /// Adds an entry of the log, unless there are enough of its sort.
    fn take(&mut self, change: LoggedChange, item: Option<NamedItem>, most: usize) {
        let some = match change {
            LoggedChange::Added | LoggedChange::Returned => &mut self.added,
            LoggedChange::Updated(_) => &mut self.updated,
            LoggedChange::Removed => &mut self.removed,
            LoggedChange::Loaded => {
                self.loaded = true;
                return;
            }
            _ => return,
        };
        if let Some(item) = item.filter(|_| some.items.len() < most && some.more > 0) {
            some.items.push(item);
            some.more -= 1;
        }
    }

    /// Returns whether all wanted names are there.
    fn is_whole(&self, most: usize) -> bool {
        let is_whole = |some: &SomeItems| some.more == 0 || some.items.len() >= most;
        self.loaded || [&self.added, &self.updated, &self.removed].into_iter().all(is_whole)
    }
}

impl Service {
    /// Returns what a run has changed, by kind, with at most `most` names of each sort, as the items are shown. Hidden
    /// and excluded items are counted, but not named. `login` is blanked in the names.
    ///
    /// # Errors
    ///
    /// The cache can't be read. [`Self::counted_changes`] returns the numbers without the cache.
    pub async fn run_changes(
        &self,
        report: &SyncReport,
        most: usize,
        login: &Login,
    ) -> Result<PerKind<KindChanges>, StoreError> {
        let mut changes = Self::counted_changes(report);
        let Some(run) = report.run.filter(|_| !changes.values().all(|kind| kind.is_whole(most))) else {
            return Ok(changes);
        };
        let mut overlaid = Overlaid::of(self, &report.profile).await?;
        let mut after = self.beginning_of(&report.profile, run).await?;
        for _ in 0..PAGES {
            let page = self.cache().feed_page(&report.profile, after, PAGE).await?;
            let Some(last) = page.changes.last() else { break };
            after = last.sequence;
            let of_run: Vec<_> = page.changes.iter().filter(|change| change.run == Some(run)).collect();
            let shown = shown_items(self, &report.profile, &mut overlaid, &of_run).await?;
            for change in of_run {
                let shown = change.id.and_then(|id| shown.get(&(change.kind, id)));
                let own = shown.and_then(|shown| shown.name.as_deref()).or(change.name.as_deref());
                let item = change.id.filter(|_| shown.is_none_or(|shown| View::SHOWN.has(shown)));
                let item = item.map(|id| NamedItem { id: id.0, name: cut(&login.blank(own.unwrap_or_default())) });
                changes[change.kind].take(change.change, item, most);
            }
            let is_over = page.changes.iter().any(|change| change.run.is_some_and(|of| of > run));
            if is_over || changes.values().all(|kind| kind.is_whole(most)) {
                break;
            }
        }
        Ok(changes)
    }

    /// Returns how many items a run has changed, by kind, without names.
    pub fn counted_changes(report: &SyncReport) -> PerKind<KindChanges> {
        PerKind::from_fn(|kind| KindChanges::unnamed(report, kind))
    }

    /// Returns a position that has all entries of a run after it, and few others. Later runs have later entries.
    async fn beginning_of(&self, profile: &ProfileId, run: RunId) -> Result<i64, StoreError> {
        let feed = self.cache().feed(profile).await?;
        let (mut low, mut high) = (feed.oldest, feed.newest);
        while low < high {
            let middle = low + (high - low) / 2;
            let page = self.cache().feed_page(profile, middle, STEP).await?;
            // An entry without a run was made by hand. It doesn't say where it is among the runs.
            let earlier = |of: Option<RunId>| of.is_some_and(|of| of < run);
            let first = page.changes.iter().find(|change| change.run.is_some());
            let last = page.changes.iter().take_while(|change| change.run.is_none() || earlier(change.run)).last();
            match last {
                Some(last) if first.is_some_and(|first| earlier(first.run)) => low = last.sequence,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

/// Returns how the items of some entries are shown. Items that are shown as their rows are left out. An item that is
/// gone is shown as its last row would be.
pub(crate) async fn shown_items(
    service: &Service,
    profile: &ProfileId,
    overlaid: &mut Overlaid<'_>,
    changes: &[&ChangeRecord],
) -> Result<HashMap<(ContentKind, ContentId), Shown>, StoreError> {
    let mut all = HashMap::new();
    for kind in ContentKind::ALL.into_iter().filter(|kind| !overlaid.is_plain(*kind)).collect::<Vec<_>>() {
        let of_kind = || changes.iter().filter(|change| change.kind == kind);
        let ids: HashSet<_> = of_kind().filter_map(|change| change.id).collect();
        if ids.is_empty() {
            continue;
        }
        let rows = service.cache().rows(profile, kind, ids.iter().copied().collect()).await?;
        let known: HashSet<_> = rows.iter().map(sync_core::Item::id).collect();
        let gone = of_kind().filter_map(|change| Some((change.id.filter(|id| !known.contains(id))?, change)));
        let gone: Vec<_> = gone.map(|(id, change)| (id, change.name.as_deref(), last_categories(change))).collect();
        let mut items: Vec<_> = rows.iter().map(|row| (row.id(), row.name(), row.categories())).collect();
        items.extend(gone.iter().map(|(id, name, categories)| (*id, name.unwrap_or_default(), categories)));
        all.extend(overlaid.shown(kind, &items).await?.into_iter().map(|(id, shown)| ((kind, id), shown)));
    }
    Ok(all)
}

/// Returns the categories of an item before it was removed.
fn last_categories(change: &ChangeRecord) -> CategorySet {
    let column = change.columns.iter().flatten().find(|column| column.column == "category_ids");
    match column.map(|column| &column.before) {
        Some(Value::Categories(set)) => set.clone(),
        _ => CategorySet::default(),
    }
}

/// Returns a name, cut if it is very long.
fn cut(name: &str) -> String {
    match name.char_indices().nth(NAME_MAX) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
