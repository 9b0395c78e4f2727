//! Compares a listing with cached items. There is one function per kind.
//!
//! The functions use the same diff as the engine, and keep everything in memory. They are for short lists. Use the
//! engine for whole catalogues.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::detect::diff::Differ;
use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::merge::Change;
use crate::model::{Channel, Content, ContentId, Listed, Movie, Series};
use crate::ports::source::Entry;
use crate::ports::store::StagedItem;
use crate::run::options::ChangePolicy;

/// The result of comparing a listing with the cache.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Comparison<T> {
    /// Items that the cache doesn't have, in listing order.
    pub new_items: Vec<T>,
    /// Items that differ from their cached rows in a significant or a display field, in listing order. They are to be
    /// written over those rows.
    pub updated_items: Vec<T>,
    /// Every id of the listing. Cached ids that are not among them are candidates for removal.
    pub server_ids: BTreeSet<ContentId>,
}

/// Compares listed channels with cached ones.
///
/// ```
/// use sync_core::{Channel, ChangePolicy, Content, ContentId, compare_channels};
///
/// let named = |id, name: &str| { let mut it = Channel::with_id(ContentId(id)); it.name = name.into(); it };
/// let cached = [named(1, "One"), named(2, "Two")];
/// let listed = [named(1, "One"), named(2, "Two HD"), named(3, "Three")];
///
/// let found = compare_channels(listed.map(Into::into), &cached, &ChangePolicy::Fingerprint);
/// assert_eq!(found.new_items[0].name, "Three");
/// assert_eq!(found.updated_items[0].name, "Two HD");
/// assert_eq!(found.server_ids.len(), 3);
/// ```
pub fn compare_channels(
    listed: impl IntoIterator<Item = Listed<Channel>>,
    cached: &[Channel],
    policy: &ChangePolicy,
) -> Comparison<Channel> {
    compare(listed, cached, policy)
}

/// Compares listed movies with cached ones. See [`compare_channels`].
pub fn compare_movies(
    listed: impl IntoIterator<Item = Listed<Movie>>,
    cached: &[Movie],
    policy: &ChangePolicy,
) -> Comparison<Movie> {
    compare(listed, cached, policy)
}

/// Compares listed series with cached ones. See [`compare_channels`].
pub fn compare_series(
    listed: impl IntoIterator<Item = Listed<Series>>,
    cached: &[Series],
    policy: &ChangePolicy,
) -> Comparison<Series> {
    compare(listed, cached, policy)
}

fn compare<T: Content>(
    listed: impl IntoIterator<Item = Listed<T>>,
    cached: &[T],
    policy: &ChangePolicy,
) -> Comparison<T> {
    let known: BTreeMap<ContentId, &T> = cached.iter().map(|item| (item.id(), item)).collect();
    let entries = known.keys().map(|id| (*id, Digest::NEVER));
    let index = ListingIndex::new(DigestScheme::FIELDS, entries).expect("a map has each key once");
    let mut differ = Differ::new(T::KIND, Arc::new(index), DigestScheme::FIELDS, policy.clone(), false);
    let mut batch: Vec<_> = listed.into_iter().map(|element| Entry::Item(Box::new(element.into()), None)).collect();
    let server_ids = batch.iter().map(Entry::id).collect();
    let stored = differ.prepare(&mut batch).stored;
    let stored = stored.iter().filter_map(|id| known.get(id)).map(|item| (*item).clone().into_item()).collect();
    let staged = differ.resolve(batch, stored, Vec::new()).expect("every element is an item of this kind");
    let mut comparison = Comparison { new_items: Vec::new(), updated_items: Vec::new(), server_ids };
    for StagedItem { item, change, .. } in staged {
        let Some(item) = T::from_item(item) else { continue };
        match change {
            Change::Added => comparison.new_items.push(item),
            Change::Updated(_) | Change::Refreshed(_) => comparison.updated_items.push(item),
            Change::Unchanged | Change::IgnoredByPolicy => {}
        }
    }
    comparison
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(id: i64, name: &str) -> Channel {
        let mut channel = Channel::with_id(ContentId(id));
        channel.name = name.into();
        channel
    }

    fn ids<T: Content>(items: &[T]) -> Vec<i64> {
        items.iter().map(|item| item.id().0).collect()
    }

    fn compared(listed: Vec<Channel>, cached: &[Channel]) -> Comparison<Channel> {
        compare_channels(listed.into_iter().map(Into::into), cached, &ChangePolicy::Fingerprint)
    }

    #[test]
    fn test_compare_channels_new_items() {
        let found = compared(vec![channel(1, "One"), channel(2, "Two")], &[]);
        assert_eq!(ids(&found.new_items), [1, 2]);
        assert_eq!(found.updated_items, []);
        assert_eq!(found.server_ids, [ContentId(1), ContentId(2)].into());
    }

    #[test]
    fn test_compare_channels_updated_items() {
        let cached = [channel(1, "One"), channel(2, "Two")];
        let found = compared(vec![channel(1, "One"), channel(2, "Two HD")], &cached);
        assert_eq!(found.new_items, []);
        assert_eq!(found.updated_items, [channel(2, "Two HD")]);
        assert_eq!(found.server_ids.len(), 2);
    }

    #[test]
    fn test_compare_channels_mixed() {
        let cached = [channel(1, "One"), channel(2, "Two"), channel(3, "Three")];
        let found = compared(vec![channel(4, "Four"), channel(2, "Two HD"), channel(1, "One")], &cached);
        assert_eq!(ids(&found.new_items), [4]);
        assert_eq!(ids(&found.updated_items), [2]);
        let gone: Vec<_> = cached.iter().map(Content::id).filter(|id| !found.server_ids.contains(id)).collect();
        assert_eq!(gone, [ContentId(3)]);
    }

    #[test]
    fn an_id_in_several_categories_is_one_item_in_any_order() {
        let element = |category: &str, name: &str| {
            let mut channel = channel(1, name);
            channel.category_id = Some(category.into());
            channel.category_ids = [category].into_iter().collect();
            channel
        };
        let one = compared(vec![element("5", "A"), element("2", "B")], &[]);
        let other = compared(vec![element("2", "B"), element("5", "A")], &[]);
        assert_eq!(one, other);
        assert_eq!(one.new_items.len(), 1);
        assert_eq!(one.new_items[0].category_ids.as_slice(), ["2", "5"]);
        let again = compared(vec![element("2", "B"), element("5", "A")], &one.new_items);
        assert_eq!(again.updated_items, []);
    }

    #[test]
    fn movies_and_series_are_compared_alike() {
        let mut movie = Movie::with_id(ContentId(1));
        movie.name = "M".into();
        let found = compare_movies([movie.clone().into()], &[movie], &ChangePolicy::Fingerprint);
        assert_eq!((found.new_items.len(), found.updated_items.len(), found.server_ids.len()), (0, 0, 1));
        let mut series = Series::with_id(ContentId(1));
        series.name = "S".into();
        series.last_modified = Some("200".into());
        let mut old = series.clone();
        old.last_modified = Some("100".into());
        let policy = ChangePolicy::Timestamp { last_sync: Some("150".into()) };
        assert_eq!(compare_series([series.into()], &[old], &policy).updated_items.len(), 1);
    }
}
