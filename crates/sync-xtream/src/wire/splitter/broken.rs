//! What a splitter keeps in mind of broken elements.

use sync_core::ContentKind;

use super::careful::Careful;
use super::rule::Rule;
use super::search::Search;

/// What is known and noticed of broken elements. Places are counted from the beginning of the answer.
pub(super) struct Recovery {
    pub(super) rule: Rule,
    pub(super) careful: Careful,
    pub(super) search: Search,
    /// Elements that begin before this place are looked at closely.
    pub(super) until: u64,
    /// Elements that begin before this place may go on in one before them that has lost a bracket.
    pub(super) wary_until: u64,
    /// Where the quick scan has seen the end of the element that is read again.
    pub(super) seen_end: Option<u64>,
    /// Whether the element under way was found by a search.
    pub(super) found: bool,
    /// Whether the list was read in another way than by its brackets: its end proves nothing by itself.
    pub(super) skewed: bool,
    /// Whether no more bytes will come.
    pub(super) over: bool,
    /// Whether what follows the list may be more of it; not known before its first byte.
    pub(super) more_of_it: Option<bool>,
}

impl Recovery {
    pub(super) fn new(kind: ContentKind) -> Self {
        Self {
            rule: Rule::new(kind),
            careful: Careful::new(),
            search: Search::default(),
            until: 0,
            wary_until: 0,
            seen_end: None,
            found: false,
            skewed: false,
            over: false,
            more_of_it: None,
        }
    }

    /// An element ends here: whether the quick scan has seen one end here as well.
    pub(super) fn compare_ends(&mut self, end: u64) {
        if let Some(seen) = self.seen_end.filter(|seen| *seen <= end) {
            self.skewed |= seen < end;
            self.seen_end = None;
        }
    }
}
