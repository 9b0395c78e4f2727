//! A search index: the entries of a kind in memory, ready to be searched, filtered and sorted.

use hashbrown::HashMap;

use super::entry::Entry;
use super::segment::{DamagedSegment, Decoded, Kept, Segment, Values, place};
use crate::model::{CategorySet, ContentId};

/// The entries of a kind, the newest year first, among equals by rising id.
#[derive(Debug, Clone, Default)]
pub struct SearchIndex {
    ids: Vec<i64>,
    years: Vec<u16>,
    added: Vec<u32>,
    ratings: Vec<Option<f32>>,
    /// Positions in `sets`.
    categories: Vec<u32>,
    sets: Vec<CategorySet>,
    names: Texts,
    rest: Texts,
}

/// Texts one after another, each beginning with a line feed, with a line feed behind the last one.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    pub(super) all: String,
    /// Where each text ends.
    pub(super) ends: Vec<u32>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { all: "\n".to_owned(), ends: Vec::new() }
    }
}

impl Texts {
    fn with_capacity(texts: usize, bytes: usize) -> Self {
        let (mut all, ends) = (String::with_capacity(bytes + 1), Vec::with_capacity(texts));
        all.push('\n');
        Self { all, ends }
    }

    fn push(&mut self, text: &str) {
        self.all.pop();
        self.all.push_str(text);
        self.ends.push(u32::try_from(self.all.len()).expect("the texts of a kind have less than 4 GiB"));
        self.all.push('\n');
    }

    /// The text at a position.
    pub(super) fn get(&self, position: usize) -> &str {
        &self.all[self.start(position)..self.ends[position] as usize]
    }

    /// Where the text at a position begins.
    pub(super) fn start(&self, position: usize) -> usize {
        position.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }
}

impl SearchIndex {
    /// Reads the batches of a kind, the oldest first.
    ///
    /// # Errors
    ///
    /// [`DamagedSegment`] if a segment can't be read.
    pub fn read(batches: &[Vec<Segment>]) -> Result<Self, DamagedSegment> {
        Self::of_batches(batches, false)
    }

    /// Reads batches whose segments have no `rest`: an index for filters and orders, and for searches in names.
    ///
    /// # Errors
    ///
    /// [`DamagedSegment`] if a segment can't be read.
    pub fn read_names(batches: &[Vec<Segment>]) -> Result<Self, DamagedSegment> {
        Self::of_batches(batches, true)
    }

    fn of_batches(batches: &[Vec<Segment>], without_rest: bool) -> Result<Self, DamagedSegment> {
        let all = || batches.iter().flatten();
        let entries = all().map(|segment| segment.entries as usize).sum();
        let names = all().map(|segment| segment.names.len()).sum();
        let rest = if without_rest { 0 } else { all().map(|segment| segment.rest.len()).sum() };
        let mut index = Self::with_capacity(entries, names, rest);
        let latest = latest_batches(batches, without_rest)?;
        let is_latest = |id: ContentId, batch: usize| latest.get(&id.0).is_none_or(|latest| *latest == batch);
        let mut known = HashMap::new();
        let mut fronts = Vec::with_capacity(batches.len());
        for batch in batches {
            fronts.push(Front { segments: batch.iter(), decoded: None, sets: Vec::new(), next: None, without_rest });
        }
        for (number, front) in fronts.iter_mut().enumerate() {
            front.go_on(&mut index, &mut known, |id| is_latest(id, number))?;
        }
        // The batches are in order, and few: the first of their fronts is the next entry.
        let mut last = None;
        loop {
            let first =
                fronts.iter().enumerate().filter_map(|(number, it)| Some((it.next.as_ref()?.place, number))).min();
            let Some((place, number)) = first else { break };
            // A batch that is out of order, or has an item twice, was not written by a writer.
            if last.replace(place) >= Some(place) {
                return Err(DamagedSegment);
            }
            let front = &mut fronts[number];
            if let Some(Next { set, values, .. }) = front.next.take() {
                index.push(place.1, values.year, values.added, values.rating, set);
                index.names.push(values.names);
                index.rest.push(values.rest);
            }
            front.go_on(&mut index, &mut known, |id| is_latest(id, number))?;
        }
        Ok(index)
    }

    /// Makes an index of entries, each item once.
    pub fn from_entries(mut entries: Vec<Entry>) -> Self {
        entries.sort_unstable_by_key(|entry| place(entry.year, entry.id));
        let (names, rest) =
            (entries.iter().map(|it| it.names.len()).sum(), entries.iter().map(|it| it.rest.len()).sum());
        let mut index = Self::with_capacity(entries.len(), names, rest);
        let mut known = HashMap::new();
        for entry in entries {
            let next = u32::try_from(index.sets.len()).expect("there are fewer sets than items");
            let set = *known.entry(entry.categories.clone()).or_insert(next);
            if set == next {
                index.sets.push(entry.categories);
            }
            index.push(entry.id.0, entry.year, entry.added, entry.rating, set);
            index.names.push(&entry.names);
            index.rest.push(&entry.rest);
        }
        index
    }

    fn with_capacity(entries: usize, names: usize, rest: usize) -> Self {
        Self {
            ids: Vec::with_capacity(entries),
            years: Vec::with_capacity(entries),
            added: Vec::with_capacity(entries),
            ratings: Vec::with_capacity(entries),
            categories: Vec::with_capacity(entries),
            sets: Vec::new(),
            names: Texts::with_capacity(entries, names),
            rest: Texts::with_capacity(entries, rest),
        }
    }

    /// Adds the sets that are new; returns the positions of all.
    fn known_sets(&mut self, sets: &[CategorySet], known: &mut HashMap<CategorySet, u32>) -> Vec<u32> {
        let mut positions = Vec::with_capacity(sets.len());
        for set in sets {
            let next = u32::try_from(self.sets.len()).expect("there are fewer sets than items");
            let position = *known.entry(set.clone()).or_insert(next);
            if position == next {
                self.sets.push(set.clone());
            }
            positions.push(position);
        }
        positions
    }

    fn push(&mut self, id: i64, year: u16, added: u32, rating: Option<f32>, set: u32) {
        self.ids.push(id);
        self.years.push(year);
        self.added.push(added);
        self.ratings.push(rating);
        self.categories.push(set);
    }

    /// How many entries it has.
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether it has no entries.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// About how many bytes of memory it takes.
    pub fn heap_size(&self) -> usize {
        let texts = |texts: &Texts| texts.all.capacity() + texts.ends.capacity() * size_of::<u32>();
        self.ids.capacity() * size_of::<i64>()
            + self.years.capacity() * size_of::<u16>()
            + self.added.capacity() * size_of::<u32>()
            + self.ratings.capacity() * size_of::<Option<f32>>()
            + self.categories.capacity() * size_of::<u32>()
            + self.sets.iter().map(|set| size_of::<CategorySet>() + set.heap_size()).sum::<usize>()
            + texts(&self.names)
            + texts(&self.rest)
    }

    /// The entries, in order: for a check, and for writing them anew.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        (0..self.len()).map(|position| Entry {
            id: self.id(position),
            year: self.years[position],
            added: self.added[position],
            rating: self.ratings[position],
            categories: self.set_of(position).clone(),
            names: self.names.get(position).to_owned(),
            rest: self.rest.get(position).to_owned(),
        })
    }

    /// The positions of the entries in the panel's order: those of `listed` first, in this order, then the others by
    /// rising id.
    pub fn panel_order(&self, listed: &[ContentId]) -> Vec<u32> {
        let mut by_id: Vec<u32> = (0..u32::try_from(self.len()).expect("fewer than 2^32 items")).collect();
        by_id.sort_unstable_by_key(|position| self.ids[*position as usize]);
        let find = |id: &ContentId| {
            by_id.binary_search_by_key(&id.0, |position| self.ids[*position as usize]).ok().map(|found| by_id[found])
        };
        let mut is_listed = vec![false; self.len()];
        let mut order = Vec::with_capacity(self.len());
        for position in listed.iter().filter_map(find) {
            if !std::mem::replace(&mut is_listed[position as usize], true) {
                order.push(position);
            }
        }
        order.extend(by_id.into_iter().filter(|position| !is_listed[*position as usize]));
        order
    }

    pub(super) fn id(&self, position: usize) -> ContentId {
        ContentId(self.ids[position])
    }

    pub(super) fn year(&self, position: usize) -> u16 {
        self.years[position]
    }

    pub(super) fn added(&self, position: usize) -> u32 {
        self.added[position]
    }

    pub(super) fn rating(&self, position: usize) -> Option<f32> {
        self.ratings[position]
    }

    /// The number of the set of categories of an entry.
    pub(super) fn set(&self, position: usize) -> usize {
        self.categories[position] as usize
    }

    pub(super) fn sets(&self) -> &[CategorySet] {
        &self.sets
    }

    fn set_of(&self, position: usize) -> &CategorySet {
        &self.sets[self.set(position)]
    }

    pub(super) const fn names(&self) -> &Texts {
        &self.names
    }

    pub(super) const fn rest(&self) -> &Texts {
        &self.rest
    }

    /// The folded name: the first line; a name without a word has none.
    pub(super) fn name(&self, position: usize) -> &str {
        let lines = self.names.get(position).strip_prefix("\n ").unwrap_or_default();
        let end = memchr::memchr2(b'\n', b'\t', lines.as_bytes()).unwrap_or(lines.len());
        &lines[..end]
    }

    /// The first position at or behind a place in the order.
    pub(super) fn first_at(&self, year: u16, id: ContentId) -> usize {
        let wanted = place(year, id);
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if place(self.years[middle], self.id(middle)) < wanted { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// For the items of later batches that may be in earlier ones, too: the last batch that has each.
fn latest_batches(batches: &[Vec<Segment>], without_rest: bool) -> Result<HashMap<i64, usize>, DamagedSegment> {
    let mut latest = HashMap::new();
    for (number, batch) in batches.iter().enumerate().skip(1) {
        for segment in batch.iter().filter(|segment| !segment.is_of_new()) {
            let mut decoded = Decoded::new(segment, without_rest)?;
            while let Some(kept) = decoded.next_id()? {
                latest.insert(kept.0, number);
            }
        }
    }
    Ok(latest)
}

/// The next entry of a batch under reading.
struct Front<'a> {
    segments: std::slice::Iter<'a, Segment>,
    decoded: Option<Decoded<'a>>,
    /// By number of the set in the segment: the number in the index.
    sets: Vec<u32>,
    next: Option<Next<'a>>,
    without_rest: bool,
}

struct Next<'a> {
    place: (u16, i64),
    set: u32,
    values: Values<'a>,
}

impl Front<'_> {
    /// Goes on to the next entry that counts.
    fn go_on(
        &mut self,
        index: &mut SearchIndex,
        known: &mut HashMap<CategorySet, u32>,
        counts: impl Fn(ContentId) -> bool,
    ) -> Result<(), DamagedSegment> {
        loop {
            let Some(decoded) = &mut self.decoded else {
                let Some(segment) = self.segments.next() else { return Ok(()) };
                let decoded = Decoded::new(segment, self.without_rest)?;
                self.sets = index.known_sets(&decoded.sets, known);
                self.decoded = Some(decoded);
                continue;
            };
            match decoded.next()? {
                None => self.decoded = None,
                Some(Kept { id, values: Some(values) }) if counts(id) => {
                    self.next = Some(Next { place: place(values.year, id), set: self.sets[values.set], values });
                    return Ok(());
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SearchFields;
    use super::super::segment::SegmentWriter;
    use super::*;
    use crate::testing::movie;

    fn entry(id: i64, year: &str) -> Entry {
        let mut item = movie(id).item();
        item.set(crate::ContentKind::Movies.field("year").unwrap(), crate::Value::Text(year.into()));
        item.set(crate::ContentKind::Movies.field("cast").unwrap(), crate::Value::Text("Somebody".into()));
        Entry::of(&item, SearchFields::All)
    }

    fn batch(entries: &[(i64, &str)], removed: &[i64]) -> Vec<Segment> {
        let mut writer = SegmentWriter::new();
        for (id, year) in entries {
            writer.add(entry(*id, year));
        }
        for id in removed {
            writer.remove(ContentId(*id));
        }
        writer.take()
    }

    #[test]
    fn a_later_batch_overrides_an_earlier_one() {
        let batches = [
            batch(&[(1, "1990"), (2, "2000"), (3, "2010"), (4, "2020")], &[]),
            batch(&[(2, "2030"), (5, "2000")], &[3]),
            batch(&[(3, "1980")], &[4, 77]),
        ];
        let index = SearchIndex::read(&batches).unwrap();
        let expected = [entry(2, "2030"), entry(5, "2000"), entry(1, "1990"), entry(3, "1980")];
        assert_eq!(index.entries().collect::<Vec<_>>(), expected);
        let of_entries = SearchIndex::from_entries(expected.iter().rev().cloned().collect());
        assert_eq!(of_entries.entries().collect::<Vec<_>>(), expected);
        assert_eq!((index.len(), index.name(0), index.is_empty()), (4, "movie 2", false));
        assert!(SearchIndex::read(&[]).unwrap().is_empty());
    }

    #[test]
    fn batches_of_new_items_are_put_together() {
        let mut writer = SegmentWriter::for_new_items();
        let mut batches = Vec::new();
        for (id, year) in [(1, "1990"), (2, "2020"), (3, "2000"), (4, "1980")] {
            writer.add(entry(id, year));
            if id % 2 == 0 {
                batches.push(writer.take());
            }
        }
        batches.push(batch(&[(3, "2030")], &[1]));
        let ids: Vec<_> = SearchIndex::read(&batches).unwrap().entries().map(|entry| entry.id.0).collect();
        assert_eq!(ids, [3, 2, 4]);
    }

    #[test]
    fn an_item_that_is_twice_in_a_batch_is_damage() {
        let twice = [batch(&[(1, "1990")], &[]), batch(&[(1, "1990")], &[])].concat();
        assert_eq!(SearchIndex::read(&[twice]).err(), Some(DamagedSegment));
    }

    #[test]
    fn an_index_for_orders_needs_no_rest() {
        let mut batches = [batch(&[(1, "1990"), (2, "2000")], &[]), batch(&[(1, "1980")], &[])];
        batches.iter_mut().flatten().for_each(|segment| segment.rest.clear());
        let index = SearchIndex::read_names(&batches).unwrap();
        assert_eq!((index.len(), index.name(0), index.rest.get(0)), (2, "movie 2", ""));
    }

    #[test]
    fn the_panels_order_has_every_entry_once() {
        let index = SearchIndex::from_entries(
            [(1, "1990"), (2, "2000"), (3, ""), (4, "2020")].map(|(id, year)| entry(id, year)).into(),
        );
        let order = index.panel_order(&[3, 9, 1, 3].map(ContentId));
        let ids: Vec<_> = order.iter().map(|position| index.id(*position as usize).0).collect();
        assert_eq!(ids, [3, 1, 2, 4]);
    }
}
