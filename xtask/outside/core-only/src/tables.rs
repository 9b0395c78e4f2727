//! The stored state of a profile.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use sync_core::store::KeptValidator;
use sync_core::{
    Category, ChangeRecord, ContentId, ContentKind, Feed, HeldRemoval, Item, KindRecord, ListingIndex, LoggedChange,
    PanelFacts, PerKind, RunId, RunRecord, StoreError,
};

#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) fence: u64,
    pub(crate) lease: Weak<()>,
    pub(crate) runs: Vec<RunRecord>,
    pub(crate) log: Vec<ChangeRecord>,
    pub(crate) kinds: PerKind<Kind>,
    pub(crate) facts: PanelFacts,
    /// The time of the last write, in unix seconds.
    pub(crate) now: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Kind {
    pub(crate) rows: BTreeMap<ContentId, Item>,
    pub(crate) categories: Vec<Category>,
    pub(crate) index: Option<Arc<ListingIndex>>,
    pub(crate) held: Vec<HeldRemoval>,
    pub(crate) validator: Option<KeptValidator>,
    pub(crate) watermark: Option<i64>,
    /// The time at which each removed item was removed.
    pub(crate) removed: BTreeMap<ContentId, i64>,
}

impl Profile {
    /// Adds a row to the change log. This store keeps no values, so it can't undo.
    pub(crate) fn note(&mut self, run: Option<RunId>, kind: ContentKind, id: Option<ContentId>, change: LoggedChange) {
        let sequence = self.log.last().map_or(1, |last| last.sequence + 1);
        let entry = ChangeRecord::new(sequence, self.now, kind, change).of_run(run).of_item(id, None);
        self.log.push(entry.with_columns(None));
    }

    /// Returns the extent of the feed. The store lives as long as its process, so one epoch is enough.
    pub(crate) fn feed(&self) -> Feed {
        Feed { epoch: 1, oldest: 0, newest: self.log.last().map_or(0, |last| last.sequence) }
    }

    pub(crate) fn run(&mut self, id: RunId) -> Result<&mut RunRecord, StoreError> {
        let found = self.runs.iter_mut().find(|run| run.run == id);
        found.ok_or_else(|| StoreError::Refused(format!("there is no run {}", id.0)))
    }

    /// Records the result of a run for a kind.
    pub(crate) fn record(&mut self, run: RunId, record: KindRecord) -> Result<(), StoreError> {
        self.run(run)?.kinds.push(record);
        Ok(())
    }
}
