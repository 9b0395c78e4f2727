//! Answers a selection from the search indexes of a profile.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::cursor::{Cursor, Key};
use super::index::SearchIndex;
use super::matching::{Found, Wanted, find};
use crate::model::{ContentId, ContentKind};
use crate::ports::catalogue::{Selection, Sort};

/// The part of a kind that is searched.
#[derive(Debug, Clone, Copy)]
pub struct Searched<'a> {
    /// The kind.
    pub kind: ContentKind,
    /// The entries.
    pub index: &'a SearchIndex,
    /// Positions of the entries in the panel's order, as [`SearchIndex::panel_order`] returns them; empty if the
    /// selection is in another order.
    pub panel_order: &'a [u32],
    /// The items whose removal is held; empty if the selection doesn't ask for them.
    pub held: &'a HashSet<ContentId>,
    /// The items that the view leaves out.
    pub left_out: &'a HashSet<ContentId>,
    /// The only items that are wanted, such as favourites; `None` if the selection has no such condition.
    pub only: Option<&'a HashSet<ContentId>>,
}

/// An item of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The kind.
    pub kind: ContentKind,
    /// The panel's id.
    pub id: ContentId,
    /// Its place.
    pub cursor: Cursor,
}

/// The items of a selection, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// The items.
    pub hits: Vec<Hit>,
    /// Whether there are more items after these.
    pub more: bool,
}

/// Returns the items of a selection, in its order. `searched` has the kinds of the selection. Other kinds are passed
/// over.
pub fn select(searched: &[Searched<'_>], selection: &Selection) -> Hits {
    let mut kinds: Vec<_> = searched.iter().filter(|it| selection.kinds.contains(&it.kind)).collect();
    kinds.sort_by_key(|it| it.kind);
    let parts: Vec<_> = kinds.into_iter().map(|it| Part::new(*it, selection)).collect();
    let limit = selection.limit.max(1) as usize;
    let mut found = if selection.sort == Sort::Rank { by_rank(&parts, selection) } else { by_key(&parts, selection) };
    let more = found.len() > limit;
    found.truncate(limit);
    let query = selection.query_digest();
    let hit = |(part, found): (usize, Found)| {
        let (kind, id, key) = parts[part].place(found, selection.sort);
        Hit { kind, id, cursor: Cursor::new(query, kind, id, key) }
    };
    Hits { hits: found.into_iter().map(hit).collect(), more }
}

/// Returns the number of items to find: one more than wanted, which shows whether there are more.
fn needed(selection: &Selection) -> usize {
    selection.limit.max(1) as usize + 1
}

/// Returns the results by rank. Each part is in order, and the parts are merged.
fn by_rank(parts: &[Part<'_>], selection: &Selection) -> Vec<(usize, Found)> {
    let mut all = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let after = selection.place().and_then(|place| part.last_by_rank(place));
        let wanted = Wanted { after, limit: needed(selection), passes: &|position| part.passes(position) };
        let found = match &selection.words {
            Some(words) => find(part.searched.index, words, &wanted),
            None => everything(part, &wanted),
        };
        all.extend(found.into_iter().map(|found| (number, found)));
    }
    all.sort_by_key(|(number, found)| (found.rank, u16::MAX - parts[*number].searched.index.year(found.position)));
    all
}

/// Returns every entry with the same rank, for a selection without words.
fn everything(part: &Part<'_>, wanted: &Wanted<'_>) -> Vec<Found> {
    let first = wanted.after.map_or(0, |after| after.position + 1);
    let passing = (first..part.searched.index.len()).filter(|position| (wanted.passes)(*position));
    passing.take(wanted.limit).map(|position| Found { rank: 0, position }).collect()
}

/// Returns the results by the values of the entries.
fn by_key(parts: &[Part<'_>], selection: &Selection) -> Vec<(usize, Found)> {
    let mut best = Best { parts, sort: selection.sort, limit: needed(selection), found: Vec::new(), full: false };
    for (number, part) in parts.iter().enumerate() {
        let begin = selection.place().map(|place| part.begin(place, selection.sort));
        let is_behind = |position: usize| begin.as_ref().is_none_or(|begin| begin.is_before(part, position));
        let behind = begin.as_ref().map_or(0, |begin| begin.panel_position);
        if let Some(words) = &selection.words {
            let passes = |position: usize| part.passes(position) && is_behind(position);
            let wanted = Wanted { after: None, limit: usize::MAX, passes: &passes };
            for found in find(part.searched.index, words, &wanted) {
                best.add(number, found.position);
            }
        } else if selection.sort == Sort::Panel {
            let order = part.searched.panel_order.get(behind..).unwrap_or_default();
            let passing = order.iter().map(|position| *position as usize).filter(|position| part.passes(*position));
            let room = best.limit.saturating_sub(best.found.len());
            passing.take(room).for_each(|position| best.found.push((number, position)));
        } else {
            let all = (0..part.searched.index.len()).filter(|position| is_behind(*position) && part.passes(*position));
            all.for_each(|position| best.add(number, position));
        }
    }
    best.sorted()
}

/// Keeps the first entries of an order.
struct Best<'a> {
    parts: &'a [Part<'a>],
    sort: Sort,
    limit: usize,
    found: Vec<(usize, usize)>,
    /// Whether `found[limit - 1]` is the last result that is still wanted.
    full: bool,
}

impl Best<'_> {
    fn add(&mut self, part: usize, position: usize) {
        if self.full && self.compare(&(part, position), &self.found[self.limit - 1]) != Ordering::Less {
            return;
        }
        self.found.push((part, position));
        if self.found.len() >= self.limit.saturating_mul(2) {
            self.cut();
        }
    }

    /// Drops the results after the last one that is wanted.
    fn cut(&mut self) {
        let mut found = std::mem::take(&mut self.found);
        if found.len() > self.limit {
            found.select_nth_unstable_by(self.limit - 1, |a, b| self.compare(a, b));
            found.truncate(self.limit);
        }
        self.full = found.len() == self.limit;
        self.found = found;
    }

    fn sorted(mut self) -> Vec<(usize, Found)> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_unstable_by(|a, b| self.compare(a, b));
        found.truncate(self.limit);
        found.into_iter().map(|(part, position)| (part, Found { rank: 0, position })).collect()
    }

    fn compare(&self, a: &(usize, usize), b: &(usize, usize)) -> Ordering {
        let (one, other) = (&self.parts[a.0], &self.parts[b.0]);
        let by_value = match self.sort {
            Sort::Panel => (a.0, one.panel_position(a.1)).cmp(&(b.0, other.panel_position(b.1))),
            Sort::Name => compare_names(one.searched.index.name(a.1), other.searched.index.name(b.1)),
            sort => other.number(b.1, sort).cmp(&one.number(a.1, sort)),
        };
        by_value.then(a.0.cmp(&b.0)).then_with(|| one.searched.index.id(a.1).cmp(&other.searched.index.id(b.1)))
    }
}

/// Compares names. Names without a word come last.
fn compare_names(a: &str, b: &str) -> Ordering {
    a.is_empty().cmp(&b.is_empty()).then_with(|| a.cmp(b))
}

/// A kind, with what the selection asks of it.
struct Part<'a> {
    searched: Searched<'a>,
    /// For each number of a set, whether its items are in a wanted category; `None` if every category is wanted.
    sets: Option<Vec<bool>>,
    years: Option<(u16, u16)>,
    rating_min: Option<f32>,
    added_since: Option<u32>,
    held: bool,
    /// For each position in the index, the position in the panel's order; empty for another order.
    panel_positions: Vec<u32>,
}

impl<'a> Part<'a> {
    #[expect(clippy::cast_possible_truncation, reason = "ratings are kept in this precision")]
    fn new(searched: Searched<'a>, selection: &Selection) -> Self {
        let filter = &selection.filter;
        let of_kind = |set: &crate::model::CategorySet| {
            let mut wanted = filter.categories.iter().filter(|(kind, _)| *kind == searched.kind);
            wanted.any(|(_, category)| set.contains(&category.0))
        };
        let year = |year: i64, beyond: u16| u16::try_from(year).unwrap_or(if year < 0 { 0 } else { beyond });
        let mut panel_positions = Vec::new();
        if selection.sort == Sort::Panel {
            panel_positions = vec![u32::MAX; searched.index.len()];
            for (place, position) in (0..).zip(searched.panel_order) {
                panel_positions[*position as usize] = place;
            }
        }
        Self {
            searched,
            sets: (!filter.categories.is_empty()).then(|| searched.index.sets().iter().map(of_kind).collect()),
            years: filter.years.map(|(first, last)| (year(first, u16::MAX).max(1), year(last, u16::MAX))),
            rating_min: filter.rating_min.map(|rating| rating as f32),
            added_since: filter.added_since.map(|moment| u32::try_from(moment.max(1)).unwrap_or(u32::MAX)),
            held: filter.held,
            panel_positions,
        }
    }

    /// Returns whether the entry at a position passes the filter.
    fn passes(&self, position: usize) -> bool {
        let index = self.searched.index;
        self.sets.as_ref().is_none_or(|sets| sets[index.set(position)])
            && self.years.is_none_or(|(first, last)| (first..=last).contains(&index.year(position)))
            && self.rating_min.is_none_or(|min| index.rating(position).is_some_and(|rating| rating >= min))
            && self.added_since.is_none_or(|since| index.added(position) >= since)
            && (!self.held || self.searched.held.contains(&index.id(position)))
            && self.searched.only.is_none_or(|only| only.contains(&index.id(position)))
            && (self.searched.left_out.is_empty() || !self.searched.left_out.contains(&index.id(position)))
    }

    /// Returns a number by which the highest comes first; 0 for an entry without the value.
    fn number(&self, position: usize, sort: Sort) -> u32 {
        let index = self.searched.index;
        match sort {
            Sort::Added => index.added(position),
            Sort::Rating => index.rating(position).map_or(0, |rating| rating.to_bits().saturating_add(1)),
            _ => u32::from(index.year(position)),
        }
    }

    fn panel_position(&self, position: usize) -> u32 {
        self.panel_positions.get(position).copied().unwrap_or(u32::MAX)
    }

    /// Returns the place of a result.
    fn place(&self, found: Found, sort: Sort) -> (ContentKind, ContentId, Key) {
        let (index, position) = (self.searched.index, found.position);
        let key = match sort {
            Sort::Panel => Key::Position(self.panel_position(position)),
            Sort::Name => Key::Name(index.name(position).to_owned()),
            Sort::Rank => Key::Rank { rank: found.rank, year: index.year(position) },
            sort => Key::Number(self.number(position, sort)),
        };
        (self.searched.kind, index.id(position), key)
    }

    /// Returns the last result of this kind up to a place, if results are ordered by rank.
    fn last_by_rank(&self, place: &Cursor) -> Option<Found> {
        let Key::Rank { rank, year } = place.key else { return None };
        // Equal results are ordered by kind.
        let id = match self.searched.kind.cmp(&place.kind) {
            Ordering::Less => ContentId(i64::MAX),
            Ordering::Equal => place.id,
            Ordering::Greater => ContentId(i64::MIN),
        };
        let index = self.searched.index;
        let first = index.first_at(year, id);
        let is_there = first < index.len() && index.id(first) == id && index.year(first) == year;
        match (first + usize::from(is_there)).checked_sub(1) {
            Some(position) => Some(Found { rank, position }),
            // All results of this rank are after the place.
            None => rank.checked_sub(1).map(|rank| Found { rank, position: usize::MAX - 1 }),
        }
    }

    fn begin<'c>(&self, place: &'c Cursor, sort: Sort) -> Begin<'c> {
        Begin { place, sort, panel_position: self.panel_position_behind(place) }
    }

    /// Returns the first position of the panel's order after a place. The item determines it, because the panel may
    /// have put others before the item meanwhile. If the item is gone, its position determines it.
    fn panel_position_behind(&self, place: &Cursor) -> usize {
        let Key::Position(position) = place.key else { return 0 };
        let order = self.searched.panel_order;
        match self.searched.kind.cmp(&place.kind) {
            Ordering::Less => order.len(),
            Ordering::Greater => 0,
            Ordering::Equal => {
                let found = order.iter().position(|it| self.searched.index.id(*it as usize) == place.id);
                found.map_or(position as usize, |found| found + 1)
            }
        }
    }
}

/// The beginning of a page in an order by values.
struct Begin<'a> {
    place: &'a Cursor,
    sort: Sort,
    /// The beginning in the panel's order.
    panel_position: usize,
}

impl Begin<'_> {
    /// Returns whether the entry at a position comes after the place.
    fn is_before(&self, part: &Part<'_>, position: usize) -> bool {
        let index = part.searched.index;
        let by_value = match &self.place.key {
            Key::Name(name) => compare_names(name, index.name(position)),
            Key::Number(number) => part.number(position, self.sort).cmp(number),
            Key::Position(_) => return part.panel_position(position) as usize >= self.panel_position,
            Key::Rank { .. } => return true,
        };
        let by_id = || (self.place.kind, self.place.id).cmp(&(part.searched.kind, index.id(position)));
        by_value.then_with(by_id) == Ordering::Less
    }
}

#[cfg(test)]
mod tests;
