//! Random sequences of listings, compared with a simple model.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use sync_core::removal::{Circumstances, Missing, decide_removals};
use sync_core::source::{Completeness, Entry, ListingEvent};
use sync_core::testing::{Answer, ItemBuilder, ScriptedSource, movie};
use sync_core::{
    ContentId, Doubt, FieldClass, GuardThresholds, Item, KindOutcome, Listed, Loss, SyncMode, SyncOptions, Value,
    implausible,
};

use crate::support::{Bench, Movies, only};

/// A generated element.
#[derive(Debug, Clone)]
struct Element {
    id: i64,
    name: u8,
    /// Absent, empty, or one of two texts.
    plot: Option<&'static str>,
    rating: u8,
    category: u8,
}

fn element(ids: i64, plots: &'static [Option<&'static str>]) -> impl Strategy<Value = Element> {
    let plot = prop::sample::select(plots);
    (0..ids, 0..3u8, plot, 0..2u8, 0..3u8).prop_map(|(id, name, plot, rating, category)| Element {
        id,
        name,
        plot,
        rating,
        category,
    })
}

impl Element {
    fn listed(&self) -> Listed {
        let category = self.category.to_string();
        let item = movie(self.id).name(&format!("Name {}", self.name)).with("rating", &self.rating.to_string());
        let item = item.with("category_id", &category).in_categories(&[&category]);
        let item = match self.plot {
            Some(plot) => item.with("plot", plot),
            None => item.without("plot"),
        };
        item.listed()
    }
}

/// Lists the elements in batches of this size.
fn source(elements: &[Element], batch: usize) -> ScriptedSource {
    let entries: Vec<_> = elements.iter().map(|it| Entry::Item(Box::new(it.listed()), None)).collect();
    let mut events: Vec<_> = entries.chunks(batch).map(|it| ListingEvent::Batch(it.to_vec())).collect();
    events.push(ListingEvent::Complete(Completeness::default()));
    ScriptedSource::new().answer(Movies, Answer::Events(events, None))
}

/// Returns options with which nothing is held, unless the listing is empty.
fn lax(full: bool) -> SyncOptions {
    let mode = if full { SyncMode::Full } else { SyncMode::Auto };
    SyncOptions {
        mode,
        guard: GuardThresholds { share_percent: 100, floor_rows: u64::MAX, category_rows: 0 },
        ..only(Movies)
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// Returns the item without the fields that are not compared.
fn shown(mut item: Item) -> Item {
    for class in [FieldClass::Ignored, FieldClass::Unproven] {
        for at in Movies.of_class(class).positions() {
            item.set(at, Value::Null);
        }
    }
    item
}

/// Returns the expected rows after a listing without repeated ids: the listed value if the key was present, and
/// otherwise the stored one.
fn model(before: &BTreeMap<i64, Item>, listing: &[Element]) -> BTreeMap<i64, Item> {
    let plot = Movies.field("plot").unwrap();
    let merged = listing.iter().map(|element| {
        let mut item = element.listed().item;
        if let (None, Some(stored)) = (element.plot, before.get(&element.id)) {
            item.set(plot, stored.value(plot).to_owned());
        }
        (element.id, item)
    });
    merged.collect()
}

const ANY_PLOT: &[Option<&str>] = &[None, Some(""), Some("a"), Some("b")];
const SET_PLOT: &[Option<&str>] = &[Some(""), Some("a"), Some("b")];

/// Returns the first element of each id.
fn each_once(listing: &[Element]) -> Vec<Element> {
    let mut met = std::collections::BTreeSet::new();
    listing.iter().filter(|element| met.insert(element.id)).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// I1, I6: after every run the cache has the merged listing, and a second run of the same listing changes nothing.
    /// The bench checks the counts, the change log and the run record (I7).
    #[test]
    fn the_cache_is_the_listing_merged(
        listings in vec((vec(element(8, ANY_PLOT), 1..10), 1..5usize, any::<bool>()), 1..5),
    ) {
        wait(async {
            let bench = Bench::new().await;
            let mut expected = BTreeMap::new();
            for (listing, batch, full) in listings {
                let listing = each_once(&listing);
                expected = model(&expected, &listing);
                bench.sync(&source(&listing, batch), &lax(full)).await;
                assert_eq!(bench.tables(Movies).await.items, expected);
                let again = bench.sync(&source(&listing, batch + 1), &lax(false)).await;
                assert_eq!(again.kind(Movies).outcome, KindOutcome::Unchanged);
            }
        });
    }

    /// I10: with repeated ids, order, batches and mode make no difference, and further runs change nothing. Each row is
    /// one of the elements, in the categories of all of them.
    #[test]
    fn order_and_batches_make_no_difference(
        listings in vec(vec(element(4, SET_PLOT), 1..9).prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle())), 1..5),
        batches in (1..5usize, 1..5usize),
    ) {
        wait(async {
            let (one, other) = (Bench::new().await, Bench::new().await);
            for (listing, shuffled) in listings {
                let left = one.sync(&source(&listing, batches.0), &lax(false)).await;
                let right = other.sync(&source(&shuffled, batches.1), &lax(true)).await;
                assert_eq!(left.kind(Movies).counts, right.kind(Movies).counts);
                let rows: Vec<_> = one.tables(Movies).await.items.into_values().map(shown).collect();
                let same: Vec<_> = other.tables(Movies).await.items.into_values().map(shown).collect();
                assert_eq!(rows, same);
                for row in rows {
                    let of_id: Vec<_> = listing.iter().filter(|it| it.id == row.id().0).collect();
                    let mut categories: Vec<_> = of_id.iter().map(|it| it.category.to_string()).collect();
                    categories.sort();
                    categories.dedup();
                    let set = Movies.field("category_ids").unwrap();
                    let united = |element: &&Element| {
                        let mut item = element.listed().item;
                        item.set(set, Value::Categories(categories.iter().collect()));
                        item
                    };
                    assert!(of_id.iter().map(united).any(|item| item == row), "{row:?} is none of {of_id:?}");
                }
                let again = one.sync(&source(&shuffled, batches.1), &lax(false)).await;
                assert_eq!(again.kind(Movies).outcome, KindOutcome::Unchanged);
            }
        });
    }

    /// The guard decides for all values. With worse evidence it never allows a loss that it held before.
    #[test]
    fn the_guard_is_total_and_monotone(
        (stored, listed, missing) in (any::<u64>(), any::<u64>(), any::<u64>()),
        thresholds in (any::<u8>(), any::<u64>()),
    ) {
        let thresholds = GuardThresholds { share_percent: thresholds.0, floor_rows: thresholds.1, category_rows: 20 };
        let judged = |stored, listed, missing| implausible(stored, listed, missing, thresholds);
        prop_assert_eq!(judged(stored, listed, 0), None);
        if let (Some(_), true) = (judged(stored, listed, missing), missing < u64::MAX) {
            for worse in [(stored, listed, missing + 1), (stored / 2, listed, missing), (stored, 0, missing)] {
                prop_assert!(judged(worse.0, worse.1, worse.2).is_some(), "{:?}", worse);
            }
        }
        let lax = GuardThresholds { share_percent: 100, floor_rows: u64::MAX, category_rows: 0 };
        let empty = listed == 0 && missing > 0;
        prop_assert_eq!(implausible(stored, listed, missing, lax), empty.then_some(Loss::EmptyListing));
    }

    /// A doubtful listing removes nothing without consent.
    #[test]
    fn a_doubt_removes_nothing_without_consent(
        (stored, listed) in (any::<u32>(), any::<u32>()),
        ids in prop::collection::btree_set(any::<i64>(), 1..80),
        doubt in prop::sample::select(&Doubt::ALL[..]),
    ) {
        let (stored, listed) = (u64::from(stored).max(ids.len() as u64), u64::from(listed));
        let at = Circumstances { doubt: Some(doubt), ..Circumstances::new(stored, listed, 0) };
        let missing: Vec<_> = ids.iter().map(|id| Missing::new(ContentId(*id))).collect();
        let decision = decide_removals(&at, missing);
        prop_assert_eq!((decision.removed.len(), decision.held.len()), (0, ids.len()));
        prop_assert_eq!(decision.reason, Some(doubt.into()));
    }
}

/// The builder sets every key by default, so an element lacks exactly the keys that a strategy leaves out.
#[test]
fn an_element_lacks_only_the_keys_that_are_left_out() {
    let with = Element { id: 1, name: 0, plot: Some(""), rating: 1, category: 2 }.listed();
    let without = Element { id: 1, name: 0, plot: None, rating: 1, category: 2 }.listed();
    let plot = Movies.field("plot").unwrap();
    assert!(with.present.has(plot) && !without.present.has(plot));
    assert_eq!(with.item, without.item);
    assert_eq!(ItemBuilder::of(Movies, 1).name("Name 0").item().name(), with.item.name());
}
