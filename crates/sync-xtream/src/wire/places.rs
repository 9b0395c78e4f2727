//! Where elements stand that can't be read, and which items are beside them.

use sync_core::ContentId;
use sync_core::source::{Entry, UnreadableAt};

/// So many places are told; who looks at them finds the others.
const PLACES_MAX: usize = 20;

/// The first places of an answer.
#[derive(Debug, Default)]
pub(crate) struct Places {
    all: Vec<UnreadableAt>,
    /// Those whose next item has not come yet, and how many entries there were before them in this call.
    open: Vec<(usize, usize)>,
    /// The last item of the calls before this one.
    last: Option<ContentId>,
}

impl Places {
    /// An element can't be read, after these entries.
    #[cold]
    pub(crate) fn note(&mut self, offset: u64, entries: &[Entry]) {
        if self.all.len() < PLACES_MAX {
            let before = entries.last().map(Entry::id).or(self.last);
            self.open.push((self.all.len(), entries.len()));
            self.all.push(UnreadableAt { offset, before, after: None });
        }
    }

    /// Looks at the entries of a call, which begin at a place, for the items that stand after those that can't be
    /// read.
    pub(crate) fn look(&mut self, entries: &[Entry], from: usize) {
        if let Some(last) = entries[from..].last() {
            self.last = Some(last.id());
        }
        if self.open.is_empty() {
            return;
        }
        let all = &mut self.all;
        self.open.retain_mut(|(place, count)| {
            let later = entries.get((*count).max(from)..).unwrap_or_default();
            // Its own entry is none of its neighbours.
            let after = later.iter().find(|entry| !matches!(entry, Entry::Broken(_)));
            all[*place].after = after.map(Entry::id);
            *count = 0;
            after.is_none()
        });
    }

    pub(crate) fn first(&self) -> Option<UnreadableAt> {
        self.all.first().copied()
    }

    pub(crate) fn all(&self) -> &[UnreadableAt] {
        &self.all
    }
}
