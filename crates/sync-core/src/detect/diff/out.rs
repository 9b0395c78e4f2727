//! The result of a batch.

use hashbrown::HashMap;

use crate::model::ContentId;
use crate::ports::store::StagedItem;

/// The items that a batch stages, and those that were staged before it.
pub(super) struct Out {
    earlier: HashMap<i64, StagedItem>,
    pub(super) items: Vec<StagedItem>,
    /// The position of each id in `items`. It is made if an id comes again, which is rare.
    at: Option<HashMap<i64, usize>>,
}

impl Out {
    /// Returns an empty result. The number of expected items is a hint.
    pub(super) fn new(earlier: HashMap<i64, StagedItem>, expected: usize) -> Self {
        Self { earlier, items: Vec::with_capacity(expected), at: None }
    }

    /// Puts the first element of an id.
    pub(super) fn put_first(&mut self, staged: StagedItem) {
        if let Some(at) = &mut self.at {
            at.insert(staged.item.id().0, self.items.len());
        }
        self.items.push(staged);
    }

    pub(super) fn put(&mut self, staged: StagedItem) {
        match self.find(staged.item.id()) {
            Some(at) => self.items[at] = staged,
            None => self.put_first(staged),
        }
    }

    pub(super) fn take(&mut self, id: ContentId) -> Option<StagedItem> {
        match self.find(id) {
            Some(at) => Some(self.items[at].clone()),
            None => self.earlier.remove(&id.0),
        }
    }

    fn find(&mut self, id: ContentId) -> Option<usize> {
        let listed = || self.items.iter().enumerate().map(|(at, staged)| (staged.item.id().0, at)).collect();
        self.at.get_or_insert_with(listed).get(&id.0).copied()
    }
}
