//! Reads the names of the items that a run has added.

use sync_core::catalogue::View;
use sync_core::{ContentKind, Feed, LoggedChange, PerKind, ProfileId, StoreError, SyncReport};

use crate::overlay::Overlaid;
use crate::run_changes::shown_items;
use crate::secrets::Login;
use crate::service::Service;

/// The number of entries of the change log that one call reads.
const PAGE: u32 = 500;

/// The largest number of pages to read. The names are not worth more time.
const PAGES: usize = 20;

/// The items that a run has added to a kind. The items of a first load don't count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Added {
    /// The names of the first added items, without the login of the profile.
    pub names: Vec<String>,
    /// The number of all added items.
    pub total: u64,
}

impl Service {
    /// Returns the extent of the feed of a profile; `None` if the cache doesn't know the profile yet. A caller passes
    /// the value to [`Self::added`] after a run that begins later.
    pub async fn feed_before(&self, profile: &ProfileId) -> Result<Option<Feed>, StoreError> {
        match self.cache().feed(profile).await {
            Err(StoreError::UnknownProfile(_)) => Ok(None),
            feed => feed.map(Some),
        }
    }

    /// Returns the items that a run has added, by kind, with at most `most` names per kind. The names are as the items
    /// are shown. Hidden and excluded items count, but are not named. `before` is the feed before the run, and `login`
    /// the login of the profile, which is blanked in the names.
    pub async fn added(
        &self,
        report: &SyncReport,
        before: Option<Feed>,
        most: usize,
        login: &Login,
    ) -> Result<PerKind<Added>, StoreError> {
        let mut added = PerKind::from_fn(|_| Added::default());
        // The change log has a first load as one entry, but the report counts its items as added.
        let (Some(run), Some(before)) = (report.run, before) else { return Ok(added) };
        let mut overlaid = Overlaid::of(self, &report.profile).await?;
        let mut loaded = Vec::new();
        let mut after = before.newest;
        for _ in 0..PAGES {
            let page = self.cache().feed_page(&report.profile, after, PAGE).await?;
            if page.feed.epoch != before.epoch {
                break;
            }
            let Some(last) = page.changes.last() else { break };
            after = last.sequence;
            let of_run: Vec<_> = page.changes.iter().filter(|change| change.run == Some(run)).collect();
            let shown = shown_items(self, &report.profile, &mut overlaid, &of_run).await?;
            for change in of_run {
                match change.change {
                    LoggedChange::Loaded => loaded.push(change.kind),
                    LoggedChange::Added | LoggedChange::Returned => {
                        let names = &mut added[change.kind].names;
                        let shown = change.id.and_then(|id| shown.get(&(change.kind, id)));
                        let is_named = names.len() < most && shown.is_none_or(|shown| View::SHOWN.has(shown));
                        let own = shown.and_then(|shown| shown.name.as_ref()).or(change.name.as_ref());
                        if let Some(name) = own.filter(|_| is_named) {
                            names.push(login.blank(name).into_owned());
                        }
                    }
                    _ => {}
                }
            }
            let is_whole = |kind: &ContentKind| {
                let total = report.kind(*kind).counts.added;
                loaded.contains(kind) || added[*kind].names.len() as u64 >= total.min(most as u64)
            };
            if ContentKind::ALL.iter().all(is_whole) {
                break;
            }
        }
        for kind in ContentKind::ALL.into_iter().filter(|kind| !loaded.contains(kind)) {
            added[kind].total = report.kind(kind).counts.added;
        }
        Ok(added)
    }
}
