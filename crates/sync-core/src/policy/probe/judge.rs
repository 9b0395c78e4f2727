//! Judges the answers to probes.

use super::{Base, PAGE};
use crate::detect::index::ListingIndex;
use crate::model::ContentId;
use crate::ports::source::{Entry, ProbeAnswer};

/// The verdict about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was added.
    Nothing,
    /// Something is different.
    Change,
    /// The panel ignores the question, and answers something else.
    Ignored,
    /// The answer decides nothing.
    Unclear,
}

/// A verdict, and the element that the answer shows as the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// The only element of the answer to a growth probe: the last one in the order in which the panel counts offsets.
    pub tail: Option<i64>,
}

/// Judges the answer to a growth probe, which asks for the list from its last element on. If nothing was added or
/// removed, the answer has exactly the last element. After an addition it has more elements, after a removal none, and
/// after both it has another element.
///
/// Panels cut a list before they sort it, so this element need not be the last one of the whole listing. While it is
/// not known, any known element is accepted.
pub fn of_growth(answer: &ProbeAnswer, base: &Base, index: &ListingIndex, is_proved: bool) -> Answer {
    let verdict = |verdict| Answer { verdict, tail: None };
    let Some(end) = &answer.end else { return verdict(Verdict::Ignored) };
    if end.unreadable > 0 {
        return verdict(Verdict::Unclear);
    }
    let ids: Vec<_> = answer.entries.iter().map(Entry::id).collect();
    let begins_as_the_list = || index.ids().iter().zip(&ids).all(|(known, id)| *known == id.0);
    match ids.as_slice() {
        [id] if base.tail.is_some_and(|tail| tail != id.0) => verdict(Verdict::Change),
        [id] if index.position(*id, 0).is_some() => Answer { verdict: Verdict::Nothing, tail: Some(id.0) },
        // The panel has respected the page size, but not the offset.
        ids if !is_proved && ids.len() == PAGE.min(index.len()) && begins_as_the_list() => verdict(Verdict::Ignored),
        _ => verdict(Verdict::Change),
    }
}

/// Judges the head of a list: every element has to be as before. In `answer`, unchanged elements are recognised.
pub fn of_head(answer: &ProbeAnswer) -> Verdict {
    if answer.end.is_some() {
        // The list has become shorter than its head was.
        return Verdict::Change;
    }
    if answer.entries.iter().all(|entry| matches!(entry, Entry::Same(_))) { Verdict::Nothing } else { Verdict::Change }
}

/// Judges the list of a category with this number of stored items. In `answer`, unchanged elements are recognised.
///
/// Missing items are no change: the category of an item may have changed, and a probe is no evidence for removals. But
/// a list with less than half of the items is no answer.
pub fn of_category(answer: &ProbeAnswer, items: u64) -> Verdict {
    if answer.end.is_none() {
        return Verdict::Ignored;
    }
    match () {
        () if answer.entries.iter().any(|entry| !matches!(entry, Entry::Same(_))) => Verdict::Change,
        () if (answer.entries.len() as u64).saturating_mul(2) < items => Verdict::Unclear,
        () => Verdict::Nothing,
    }
}

/// Returns whether an element has the known digest.
pub fn is_same(entry: &Entry, index: &ListingIndex) -> bool {
    let known = |id: ContentId| index.position(id, 0).map(|at| index.digest_at(at));
    match entry {
        Entry::Same(_) => true,
        Entry::Item(listed, Some(digest)) => known(listed.item.id()).is_some_and(|known| known.same_as(*digest)),
        Entry::Item(_, None) | Entry::Broken(_) => false,
    }
}
