//! The state of a splitter that concerns broken elements.

use sync_core::ContentKind;

use super::careful::Careful;
use super::rule::Rule;
use super::search::Search;

/// The facts about broken elements. Positions are counted from the beginning of the answer.
pub(super) struct Recovery {
    pub(super) rule: Rule,
    pub(super) careful: Careful,
    pub(super) search: Search,
    /// Elements that begin before this position are read byte by byte.
    pub(super) until: u64,
    /// Elements that begin before this position may be inside an earlier one that has lost a bracket.
    pub(super) wary_until: u64,
    /// The position at which the quick scan has seen the end of the element that is read again.
    pub(super) seen_end: Option<u64>,
    /// Whether the current element was found by a search.
    pub(super) found: bool,
    /// Whether the list was read in another way than by its brackets. Then its end proves nothing by itself.
    pub(super) skewed: bool,
    /// Whether no more bytes will come.
    pub(super) over: bool,
    /// Whether the bytes after the list may belong to it. It is unknown before the first of them.
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

    /// Compares the end of an element with the end that the quick scan has seen.
    pub(super) fn compare_ends(&mut self, end: u64) {
        if let Some(seen) = self.seen_end.filter(|seen| *seen <= end) {
            self.skewed |= seen < end;
            self.seen_end = None;
        }
    }
}
