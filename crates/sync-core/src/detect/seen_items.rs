//! Facts that a diff gathers of the decoded items: which categories have items, and which new items may be known ones
//! under another id.

use hashbrown::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::{CategorySet, ContentId, Item, Text, ValueRef};

/// The facts that were gathered so far.
#[derive(Debug, Default)]
pub(crate) struct SeenItems {
    /// The number of decoded items per category.
    now: HashMap<Text, u64>,
    /// The number of the same items per category of their stored rows.
    before: HashMap<Text, u64>,
    /// The new items and their identities, in listing order.
    new: Vec<(Identity, ContentId)>,
}

/// Two digests by which an item is recognised under another id: of its name and `tmdb_id`, and of its name and
/// category. 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    by_tmdb: u64,
    by_category: u64,
}

impl Identity {
    pub(crate) fn of(item: &Item) -> Self {
        let positions = item.kind().field_positions();
        let text = |at: Option<usize>| match at.map(|at| item.value(at)) {
            Some(ValueRef::Text(text)) => Some(text),
            _ => None,
        };
        let mark = |seed, with: Option<&str>| {
            with.map_or(0, |with| xxh3_64_with_seed(item.name().as_bytes(), xxh3_64_with_seed(with.as_bytes(), seed)))
        };
        Self { by_tmdb: mark(1, text(positions.tmdb_id)), by_category: mark(2, text(Some(positions.category_id))) }
    }
}

impl SeenItems {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Counts a decoded item, with its stored row if there is one.
    pub(crate) fn observe(&mut self, item: &Item, stored: Option<&Item>) {
        count(&mut self.now, item.categories());
        match stored {
            Some(row) => count(&mut self.before, row.categories()),
            None => self.new.push((Identity::of(item), item.id())),
        }
    }

    /// Counts the categories of a further element of an item.
    pub(crate) fn observe_again(&mut self, item: &Item) {
        count(&mut self.now, item.categories());
    }

    /// Returns whether a category is empty now. It had `size` items, of which `missing` are missing.
    pub(crate) fn is_emptied(&self, category: &str, size: u64, missing: u64) -> bool {
        let decoded = self.before.get(category).copied().unwrap_or_default();
        !self.now.contains_key(category) && size <= missing + decoded
    }

    /// Returns whether [`Self::is_emptied`] can be true of a category of at least `rows` items. The answer needs no
    /// store, and is nearly always no.
    pub(crate) fn may_be_emptied(&self, category: &str, rows: u64, missing: u64) -> bool {
        let decoded = self.before.get(category).copied().unwrap_or_default();
        !self.now.contains_key(category) && missing + decoded >= rows
    }

    /// Finds the new item that seems to be the same as a missing one, per missing item. Each new item is found once.
    pub(crate) fn successors(&self, missing: &[(Identity, ContentId)]) -> HashMap<ContentId, ContentId> {
        let mut taken = HashSet::new();
        let mut found = HashMap::new();
        for mark in [|identity: &Identity| identity.by_tmdb, |identity: &Identity| identity.by_category] {
            let mut by_mark: Vec<_> =
                self.new.iter().map(|(identity, id)| (mark(identity), *id)).filter(|(mark, _)| *mark != 0).collect();
            // The sort is stable, so that the order of the listing decides among equals.
            by_mark.sort_by_key(|(mark, _)| *mark);
            let mut next: HashMap<u64, usize> = HashMap::new();
            for (identity, id) in missing {
                let wanted = mark(identity);
                if wanted == 0 || found.contains_key(id) {
                    continue;
                }
                let at = next.entry(wanted).or_insert_with(|| by_mark.partition_point(|(mark, _)| *mark < wanted));
                while let Some((_, new)) = by_mark.get(*at).filter(|(mark, _)| *mark == wanted) {
                    *at += 1;
                    if taken.insert(*new) {
                        found.insert(*id, *new);
                        break;
                    }
                }
            }
        }
        found
    }
}

fn count(of: &mut HashMap<Text, u64>, categories: &CategorySet) {
    for category in categories.as_slice() {
        match of.get_mut(category.as_str()) {
            Some(count) => *count += 1,
            None => {
                of.insert(category.clone(), 1);
            }
        }
    }
}

/// Returns whether two image addresses differ in scheme, host or query only. Some panels make these anew for every
/// request.
pub(crate) fn is_same_image(a: &str, b: &str) -> bool {
    a == b || image_path(a).is_some_and(|path| image_path(b) == Some(path))
}

/// Returns the path of an image address, without scheme, host and query, or `None` if it has none.
pub(crate) fn image_path(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    path.split(['?', '#']).next().filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::movie;

    #[test]
    fn images_are_the_same_by_their_path() {
        let same = [
            ("http://a/x/1.png", "https://b:8080/x/1.png?t=5"),
            ("http://a/1.png#x", "http://a/1.png"),
            ("a.png", "a.png"),
        ];
        for (a, b) in same {
            assert!(is_same_image(a, b), "{a} {b}");
        }
        for (a, b) in [("http://a/1.png", "http://a/2.png"), ("http://a/", "http://b/"), ("a.png", "b.png"), ("", "x")]
        {
            assert!(!is_same_image(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_category_is_emptied_if_no_item_is_left() {
        let mut seen_items = SeenItems::default();
        let moved = movie(1).in_categories(&["2"]).item();
        seen_items.observe(&moved, Some(&movie(1).in_categories(&["1"]).item()));
        assert!(seen_items.is_emptied("1", 20, 19), "19 are missing, one has moved away");
        assert!(!seen_items.is_emptied("1", 21, 19), "one was not decoded, as it is as it was");
        assert!(!seen_items.is_emptied("2", 5, 5), "one has come");
        assert!(seen_items.may_be_emptied("1", 20, 19) && !seen_items.may_be_emptied("1", 20, 18));
    }

    #[test]
    fn an_item_is_found_under_its_new_id() {
        let mut seen_items = SeenItems::default();
        let movie_named =
            |id, name: &str, tmdb: &str| movie(id).name(name).with("tmdb_id", tmdb).in_categories(&["1"]).item();
        for item in [
            movie_named(101, "A", "7"),
            movie_named(102, "A", "8"),
            movie_named(103, "B", ""),
            movie_named(104, "B", ""),
        ] {
            seen_items.observe(&item, None);
        }
        let missing = [
            movie_named(1, "A", "8"),
            movie_named(2, "B", ""),
            movie_named(3, "B", ""),
            movie_named(4, "B", ""),
            movie_named(5, "C", "7"),
        ];
        let missing: Vec<_> = missing.iter().map(|item| (Identity::of(item), item.id())).collect();
        let mut found: Vec<_> = seen_items.successors(&missing).into_iter().map(|(old, new)| (old.0, new.0)).collect();
        found.sort_unstable();
        assert_eq!(found, [(1, 102), (2, 103), (3, 104)]);
    }
}
