//! Fields with several values: category ids, and keys without a column.

use super::text::Text;

/// The category ids of an item, sorted and without duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CategorySet(Ids);

/// The ids of a set. Nearly every item is in one category, and then the set allocates nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
enum Ids {
    #[default]
    None,
    One(Text),
    /// Two or more ids.
    Several(Box<[Text]>),
}

impl CategorySet {
    /// No categories.
    pub const NONE: Self = Self(Ids::None);

    /// Returns the ids, sorted.
    pub const fn as_slice(&self) -> &[Text] {
        match &self.0 {
            Ids::None => &[],
            Ids::One(id) => std::slice::from_ref(id),
            Ids::Several(ids) => ids,
        }
    }

    /// Returns the ids, sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, Text> {
        self.as_slice().iter()
    }

    /// Returns whether there are no ids.
    pub const fn is_empty(&self) -> bool {
        matches!(self.0, Ids::None)
    }

    /// Returns whether the id is in the set.
    pub fn contains(&self, id: &str) -> bool {
        self.search(id).is_ok()
    }

    /// Adds an id. An empty one is ignored.
    pub fn insert(&mut self, id: &str) {
        if id.is_empty() {
            return;
        }
        if let Err(at) = self.search(id) {
            let mut ids = self.take();
            ids.insert(at, id.into());
            *self = Self::from_sorted(ids);
        }
    }

    /// Removes an id.
    pub fn remove(&mut self, id: &str) {
        if let Ok(at) = self.search(id) {
            let mut ids = self.take();
            ids.remove(at);
            *self = Self::from_sorted(ids);
        }
    }

    /// Adds every id of another set.
    pub fn unite(&mut self, other: &Self) {
        if other.as_slice().iter().all(|id| self.contains(id)) {
            return;
        }
        let mut ids = self.take();
        ids.extend_from_slice(other.as_slice());
        *self = Self::from_unsorted(ids);
    }

    fn search(&self, id: &str) -> Result<usize, usize> {
        self.as_slice().binary_search_by(|known| known.as_str().cmp(id))
    }

    fn take(&mut self) -> Vec<Text> {
        match std::mem::take(&mut self.0) {
            Ids::None => Vec::new(),
            Ids::One(id) => vec![id],
            Ids::Several(ids) => ids.into_vec(),
        }
    }

    fn from_unsorted(mut ids: Vec<Text>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self::from_sorted(ids)
    }

    fn from_sorted(mut ids: Vec<Text>) -> Self {
        Self(if ids.len() > 1 { Ids::Several(ids.into_boxed_slice()) } else { ids.pop().map_or(Ids::None, Ids::One) })
    }

    /// Returns the bytes that the set allocates.
    pub(crate) fn heap_size(&self) -> usize {
        match &self.0 {
            Ids::None => 0,
            Ids::One(id) => id.heap_size(),
            Ids::Several(ids) => ids.iter().map(|id| size_of::<Text>() + id.heap_size()).sum(),
        }
    }
}

impl<S: AsRef<str>> FromIterator<S> for CategorySet {
    fn from_iter<I: IntoIterator<Item = S>>(ids: I) -> Self {
        let named = |id: S| (!id.as_ref().is_empty()).then(|| Text::from(id.as_ref()));
        let mut ids = ids.into_iter().filter_map(named);
        let Some(first) = ids.next() else { return Self::default() };
        let Some(second) = ids.next() else { return Self(Ids::One(first)) };
        // Sorts once, because some panels send very many ids.
        Self::from_unsorted([first, second].into_iter().chain(ids).collect())
    }
}

impl<'a> IntoIterator for &'a CategorySet {
    type Item = &'a Text;
    type IntoIter = std::slice::Iter<'a, Text>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The keys of an element that have no column, sorted, each with the JSON text of its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra(Vec<(Text, Text)>);

impl Extra {
    /// Returns an empty set of keys.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the number of keys.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no keys.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the JSON text of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.search(key).ok().map(|at| self.0[at].1.as_str())
    }

    /// Sets the JSON text of a key.
    pub fn insert(&mut self, key: Text, json: Text) {
        match self.search(&key) {
            Ok(at) => self.0[at].1 = json,
            Err(at) => self.0.insert(at, (key, json)),
        }
    }

    /// Returns keys and JSON texts, in the order of the keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, json)| (key.as_str(), json.as_str()))
    }

    fn search(&self, key: &str) -> Result<usize, usize> {
        // Many panels sort their keys.
        if self.0.last().is_none_or(|(last, _)| last.as_str() < key) {
            return Err(self.0.len());
        }
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(key))
    }

    /// Returns the bytes that the keys and texts allocate.
    pub(super) fn heap_size(&self) -> usize {
        let texts: usize = self.0.iter().map(|(key, json)| key.heap_size() + json.heap_size()).sum();
        self.0.capacity() * size_of::<(Text, Text)>() + texts
    }
}

impl<K: Into<Text>, J: Into<Text>> Extend<(K, J)> for Extra {
    /// If a key is repeated, the last value counts.
    fn extend<I: IntoIterator<Item = (K, J)>>(&mut self, pairs: I) {
        for (key, json) in pairs {
            self.insert(key.into(), json.into());
        }
    }
}

impl<K: Into<Text>, J: Into<Text>> FromIterator<(K, J)> for Extra {
    fn from_iter<I: IntoIterator<Item = (K, J)>>(pairs: I) -> Self {
        let mut extra = Self::new();
        extra.extend(pairs);
        extra
    }
}

impl<K: Into<Text>, J: Into<Text>, const N: usize> From<[(K, J); N]> for Extra {
    fn from(pairs: [(K, J); N]) -> Self {
        pairs.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_set_is_sorted_without_duplicates() {
        let mut set: CategorySet = ["9", "12", "", "9"].into_iter().collect();
        assert_eq!(set.as_slice(), ["12", "9"]);
        set.unite(&["10", "12"].into_iter().collect());
        assert_eq!(set.as_slice(), ["10", "12", "9"]);
        set.remove("10");
        assert!(set.contains("9") && !set.contains("10"));
        assert!(set.iter().eq(["12", "9"]) && (&set).into_iter().len() == 2);
    }

    #[test]
    fn equal_sets_are_equal_however_they_were_made() {
        let mut set = CategorySet::default();
        for (id, came_to) in [("7", "7"), ("", "7"), ("7", "7"), ("3", "3,7")] {
            set.insert(id);
            assert_eq!(set.as_slice().join(","), came_to);
        }
        assert_eq!(set, ["7", "3"].iter().collect());
        set.remove("7");
        assert_eq!(set, ["3", "3"].iter().collect());
        set.remove("3");
        assert!(set.is_empty() && set == CategorySet::default() && set == [""].iter().collect());
        assert_eq!(size_of::<CategorySet>(), size_of::<Text>());
    }

    #[test]
    fn keys_beyond_the_table_are_sorted_and_the_last_of_equal_ones_counts() {
        let mut extra = Extra::from([("b", "1"), ("c", "2"), ("a", "3"), ("c", "4")]);
        assert_eq!(extra.iter().collect::<Vec<_>>(), [("a", "3"), ("b", "1"), ("c", "4")]);
        extra.extend([("a", "5")]);
        assert_eq!((extra.get("a"), extra.get("d"), extra.len()), (Some("5"), None, 3));
    }

    #[test]
    fn the_heap_size_of_a_set_is_its_memory() {
        let long = |id: &str| id.repeat(100);
        let held = |ids: &[String]| ids.iter().collect::<CategorySet>().heap_size();
        assert_eq!((held(&[]), held(&["7".to_owned()]), held(&[long("7")])), (0, 0, 100));
        let two = 2 * size_of::<Text>();
        assert_eq!((held(&["3".to_owned(), "7".to_owned()]), held(&[long("3"), long("7")])), (two, two + 200));

        assert_eq!(Extra::new().heap_size(), 0);
        let held = |key: &str, json: &str| Extra::from([(key, json)]).heap_size();
        let pair = held("a", "1");
        assert!(pair >= size_of::<(Text, Text)>() && pair.is_multiple_of(size_of::<(Text, Text)>()), "{pair}");
        assert_eq!(held(&long("a"), &long("1")), pair + 200);
    }

    #[test]
    fn a_set_without_keys_is_empty() {
        let mut extra = Extra::new();
        assert!(extra.is_empty() && extra.get("a").is_none());
        extra.insert("a".into(), "1".into());
        assert!(!extra.is_empty());
    }
}
