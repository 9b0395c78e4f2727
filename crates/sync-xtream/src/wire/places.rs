//! The positions of elements that can't be read, and the items beside them.

use sync_core::ContentId;
use sync_core::source::{Entry, UnreadableAt};

/// The greatest number of positions that are reported. A person who looks at them finds the others.
const PLACES_MAX: usize = 20;

/// The first positions of an answer.
#[derive(Debug, Default)]
pub(crate) struct Places {
    all: Vec<UnreadableAt>,
    /// The positions whose next item has not come yet, with the number of entries before them in this call.
    open: Vec<(usize, usize)>,
    /// The last item of the calls before this one.
    last: Option<ContentId>,
}

impl Places {
    /// Notes that an element after these entries can't be read.
    #[cold]
    pub(crate) fn note(&mut self, offset: u64, entries: &[Entry]) {
        if self.all.len() < PLACES_MAX {
            let before = entries.last().map(Entry::id).or(self.last);
            self.open.push((self.all.len(), entries.len()));
            self.all.push(UnreadableAt { offset, before, after: None });
        }
    }

    /// Searches the entries of a call, from a position on, for the items after elements that can't be read.
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
            // The element's own entry is not its neighbour.
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
