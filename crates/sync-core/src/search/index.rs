//! A search index: the entries of a kind in memory, ready to be searched, filtered and sorted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use hashbrown::HashMap;

use super::entry::Entry;
use super::segment::{DamagedSegment, Decoded, Kept, SegmentFacts, SegmentTexts, Values, is_of_new, place};
use crate::model::{CategorySet, ContentId};

/// The parts of the entries that an index has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// Ids and values. They are enough for filters, and for all orders but the order by name.
    Values,
    /// Names as well.
    Names,
    /// All texts.
    Texts,
}

/// The entries of a kind, the newest year first, and within a year by ascending id.
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
    /// The end of each text.
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

    /// Returns the text at a position.
    pub(super) fn get(&self, position: usize) -> &str {
        &self.all[self.start(position)..self.ends[position] as usize]
    }

    /// Returns the beginning of the text at a position.
    pub(super) fn start(&self, position: usize) -> usize {
        position.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }
}

impl SearchIndex {
    /// Reads the batches of a kind, the oldest first, to the needed depth. `texts` returns the texts of a segment by
    /// the number of its batch and its number within the batch. It is called once for each needed segment. Most
    /// segments are needed one after another, so the texts are seldom in memory twice.
    ///
    /// # Errors
    ///
    /// [`DamagedSegment`] if a segment can't be read, and the errors of `texts`.
    pub fn read<E: From<DamagedSegment>>(
        batches: &[Vec<SegmentFacts>],
        depth: Depth,
        mut texts: impl FnMut(usize, usize) -> Result<SegmentTexts, E>,
    ) -> Result<Self, E> {
        let entries = batches.iter().flatten().map(|segment| segment.entries as usize).sum();
        let mut index = Self::with_capacity(entries, 0, 0);
        let latest = latest_batches(batches)?;
        let mut known = HashMap::new();
        let mut fronts = Vec::new();
        let mut next = BinaryHeap::new();
        for (batch, segments) in batches.iter().enumerate() {
            for (number, segment) in segments.iter().enumerate() {
                let decoded = Decoded::new(&segment.facts, segment.entries)?;
                let sets = index.known_sets(&decoded.sets, &mut known);
                let mut front = Front { decoded, batch, number, sets, depth, texts: None, next: None };
                front.go_on(&latest)?;
                next.extend(front.next.as_ref().map(|it| Reverse((it.place, fronts.len()))));
                fronts.push(front);
            }
        }
        // Each segment is in order, so the first of the segments' next entries is the next one of the index. It is
        // mostly of the same segment as the entry before it.
        let mut last = None;
        while let Some(Reverse((_, number))) = next.pop() {
            let front = &mut fronts[number];
            if front.texts.is_none() {
                let is_needed = depth > Depth::Values;
                front.texts = Some(if is_needed { texts(front.batch, front.number)? } else { SegmentTexts::default() });
            }
            while let Some(entry) = front.next.take() {
                // No writer makes a segment that is out of order, or that has an item twice.
                if last.replace(entry.place) >= Some(entry.place) {
                    return Err(DamagedSegment.into());
                }
                index.push_next(&entry, front)?;
                front.go_on(&latest)?;
                let Some(following) = &front.next else { break };
                if next.peek().is_some_and(|Reverse(other)| *other < (following.place, number)) {
                    next.push(Reverse((following.place, number)));
                    break;
                }
            }
        }
        index.names.all.shrink_to_fit();
        index.rest.all.shrink_to_fit();
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

    /// Adds the new sets. Returns the positions of all sets.
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

    fn push_next(&mut self, Next { place, set, values }: &Next, front: &Front<'_>) -> Result<(), DamagedSegment> {
        self.push(place.1, values.year, values.added, values.rating, *set);
        self.names.push(front.name(values)?);
        self.rest.push(front.rest(values)?);
        Ok(())
    }

    /// Returns the number of entries.
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether the index has no entries.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns about how many bytes of memory the index takes.
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

    /// Returns the entries in order, for a check or for writing them anew.
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

    /// Returns the number of items of each category, by the category's id.
    pub fn category_sizes(&self) -> BTreeMap<String, u64> {
        let mut of_set = vec![0_u64; self.sets.len()];
        self.categories.iter().for_each(|set| of_set[*set as usize] += 1);
        let mut sizes = BTreeMap::new();
        for (set, items) in self.sets.iter().zip(of_set).filter(|(_, items)| *items > 0) {
            for category in set.as_slice() {
                *sizes.entry(category.as_str().to_owned()).or_default() += items;
            }
        }
        sizes
    }

    /// Returns the positions of the entries in the panel's order: the entries of `listed` first, in this order, and
    /// then the others by ascending id.
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

    /// Returns the number of the set of categories of an entry.
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

    /// Returns the folded name, which is the first line. A name without words is empty.
    pub(super) fn name(&self, position: usize) -> &str {
        let lines = self.names.get(position).strip_prefix("\n ").unwrap_or_default();
        let end = memchr::memchr2(b'\n', b'\t', lines.as_bytes()).unwrap_or(lines.len());
        &lines[..end]
    }

    /// Returns the first position at or behind a place in the order.
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

/// Returns the last batch of each item that is in a later batch and may be in an earlier one, too.
fn latest_batches(batches: &[Vec<SegmentFacts>]) -> Result<HashMap<i64, usize>, DamagedSegment> {
    let mut latest = HashMap::new();
    for (number, batch) in batches.iter().enumerate().skip(1) {
        for segment in batch.iter().filter(|segment| !is_of_new(&segment.facts)) {
            let mut decoded = Decoded::new(&segment.facts, segment.entries)?;
            while let Some(kept) = decoded.next()? {
                latest.insert(kept.id.0, number);
            }
        }
    }
    Ok(latest)
}

/// A segment that is being read, and its next entry.
struct Front<'a> {
    decoded: Decoded<'a>,
    batch: usize,
    /// The number of the segment within its batch.
    number: usize,
    /// For each set of the segment, its number in the index.
    sets: Vec<u32>,
    depth: Depth,
    /// The texts of the segment. They are kept from its first entry to its last one.
    texts: Option<SegmentTexts>,
    next: Option<Next>,
}

struct Next {
    place: (u16, i64),
    set: u32,
    values: Values,
}

impl Front<'_> {
    /// Goes on to the next entry that counts. Its item is in no later batch.
    fn go_on(&mut self, latest: &HashMap<i64, usize>) -> Result<(), DamagedSegment> {
        while let Some(kept) = self.decoded.next()? {
            if let Kept { id, values: Some(values) } = kept
                && latest.get(&id.0).is_none_or(|latest| *latest == self.batch)
            {
                self.next = Some(Next { place: place(values.year, id), set: self.sets[values.set], values });
                return Ok(());
            }
        }
        self.next = None;
        let Some(texts) = self.texts.take() else { return Ok(()) };
        let (names, rest) = self.decoded.lengths();
        let is_whole = match self.depth {
            Depth::Values => true,
            Depth::Names => texts.names.len() == names,
            Depth::Texts => texts.names.len() == names && texts.rest.len() == rest,
        };
        if is_whole { Ok(()) } else { Err(DamagedSegment) }
    }

    fn name(&self, values: &Values) -> Result<&str, DamagedSegment> {
        if self.depth < Depth::Names {
            return Ok("");
        }
        self.texts.as_ref().and_then(|texts| texts.names.get(values.names.clone())).ok_or(DamagedSegment)
    }

    fn rest(&self, values: &Values) -> Result<&str, DamagedSegment> {
        if self.depth < Depth::Texts {
            return Ok("");
        }
        self.texts.as_ref().and_then(|texts| texts.rest.get(values.rest.clone())).ok_or(DamagedSegment)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SearchFields;
    use super::super::segment::{Segment, SegmentWriter};
    use super::*;
    use crate::testing::movie;

    fn entry(id: i64, year: &str) -> Entry {
        let mut item = movie(id).item();
        item.set(crate::ContentKind::Movies.field("year").unwrap(), crate::Value::Text(year.into()));
        item.set(crate::ContentKind::Movies.field("cast").unwrap(), crate::Value::Text("Somebody".into()));
        Entry::of(&item, SearchFields::All)
    }

    fn read_to(depth: Depth, batches: &[Vec<Segment>]) -> Result<SearchIndex, DamagedSegment> {
        let facts = |batch: &Vec<Segment>| batch.iter().map(|it| it.clone().into_parts().0).collect();
        let facts: Vec<Vec<_>> = batches.iter().map(facts).collect();
        SearchIndex::read(&facts, depth, |batch, number| Ok(batches[batch][number].clone().into_parts().1))
    }

    fn read(batches: &[Vec<Segment>]) -> Result<SearchIndex, DamagedSegment> {
        read_to(Depth::Texts, batches)
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
        let index = read(&batches).unwrap();
        let expected = [entry(2, "2030"), entry(5, "2000"), entry(1, "1990"), entry(3, "1980")];
        assert_eq!(index.entries().collect::<Vec<_>>(), expected);
        let of_entries = SearchIndex::from_entries(expected.iter().rev().cloned().collect());
        assert_eq!(of_entries.entries().collect::<Vec<_>>(), expected);
        assert_eq!((index.len(), index.name(0), index.is_empty()), (4, "movie 2", false));
        assert!(read(&[]).unwrap().is_empty());
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
        let ids =
            |batches: &[Vec<Segment>]| read(batches).unwrap().entries().map(|entry| entry.id.0).collect::<Vec<_>>();
        assert_eq!(ids(&batches), [3, 2, 4]);
        // A batch that was written in parts is in order within each part.
        let last = batches.pop().unwrap();
        assert_eq!(ids(&[batches.concat(), last]), [3, 2, 4]);
    }

    #[test]
    fn an_item_that_is_twice_in_a_batch_is_damage() {
        let twice = [batch(&[(1, "1990")], &[]), batch(&[(1, "1990")], &[])].concat();
        assert_eq!(read(&[twice]).err(), Some(DamagedSegment));
    }

    #[test]
    fn texts_are_asked_for_when_their_first_entry_is_due() {
        let mut writer = SegmentWriter::for_new_items();
        (0..9_000).for_each(|id| writer.add(entry(id, "2000")));
        let (facts, texts): (Vec<_>, Vec<_>) = writer.take().into_iter().map(Segment::into_parts).unzip();
        let mut asked = Vec::new();
        let facts = [facts];
        let index = SearchIndex::read::<DamagedSegment>(&facts, Depth::Texts, |batch, number| {
            asked.push((batch, number));
            Ok(texts[number].clone())
        });
        assert_eq!((index.unwrap().len(), asked), (9_000, vec![(0, 0), (0, 1), (0, 2)]));
        let never = |_, _| -> Result<SegmentTexts, DamagedSegment> { panic!("values need no text") };
        assert_eq!(SearchIndex::read(&facts, Depth::Values, never).unwrap().years, vec![2000; 9_000]);
    }

    #[test]
    fn a_text_that_was_cut_is_damage() {
        let whole = batch(&[(1, "1990"), (2, "2000")], &[]);
        let cuts: [fn(&mut Segment); 3] = [|it| it.names.truncate(5), |it| it.rest.push('x'), |it| it.rest.clear()];
        for cut in cuts {
            let mut segments = whole.clone();
            cut(&mut segments[0]);
            assert_eq!(read(&[segments]).err(), Some(DamagedSegment));
        }
    }

    #[test]
    fn categories_are_counted() {
        let of = |id, categories: &[&str]| Entry { categories: categories.iter().copied().collect(), ..entry(id, "") };
        let index = SearchIndex::from_entries(vec![of(1, &["a", "b"]), of(2, &["b"]), of(3, &[]), of(4, &["b"])]);
        let expected = [("a", 1), ("b", 3)].map(|(id, items)| (id.to_owned(), items));
        assert_eq!(index.category_sizes(), expected.into());
    }

    #[test]
    fn an_index_for_orders_needs_no_rest() {
        let mut batches = [batch(&[(1, "1990"), (2, "2000")], &[]), batch(&[(1, "1980")], &[])];
        batches.iter_mut().flatten().for_each(|segment| segment.rest.clear());
        let index = read_to(Depth::Names, &batches).unwrap();
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
