//! What the answers to probes say.

use super::{Base, PAGE};
use crate::detect::index::ListingIndex;
use crate::model::ContentId;
use crate::ports::source::{Entry, ProbeAnswer};

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was added.
    Nothing,
    /// Something is different.
    Change,
    /// The panel doesn't answer what it was asked for.
    Ignored,
    /// It can't be told.
    Unclear,
}

/// An answer, and the element that it shows as the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub verdict: Verdict,
    /// The only element behind the last but one.
    pub tail: Option<i64>,
}

/// Judges the elements behind the last but one. They are exactly the last one if nothing was added or removed; after an
/// addition there are more, after a removal fewer, and after both another one.
///
/// Panels cut before they sort, so the last element need not be the last one of the list. As long as it is not known, any
/// known one will do.
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
        // The page was honoured, and the offset was not.
        ids if !is_proved && ids.len() == PAGE.min(index.len()) && begins_as_the_list() => verdict(Verdict::Ignored),
        _ => verdict(Verdict::Change),
    }
}

/// Judges the head of a list: every element has to be as it was. `answer` has the elements recognised.
pub fn of_head(answer: &ProbeAnswer) -> Verdict {
    if answer.end.is_some() {
        // The list has become shorter than its head was.
        return Verdict::Change;
    }
    if answer.entries.iter().all(|entry| matches!(entry, Entry::Same(_))) { Verdict::Nothing } else { Verdict::Change }
}

/// Judges the list of a category that had so many items. `answer` has the elements recognised.
///
/// Missing items are no change: the category of an item may have changed, and a probe is no evidence for removals. But a
/// list of less than half of the items is no answer.
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
