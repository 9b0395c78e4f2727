//! Tests of the diff by itself. Whole runs (`tests/it`) show these cases only by accident, or not at all.

use super::*;
use crate::detect::seen_items::Identity;
use crate::detect::volatile::{FieldFacts, Heard, Standing};
use crate::model::CategorySet;
use crate::testing::{ItemBuilder, movie, series};

/// A scheme of digests that isn't the core's.
const RAW: DigestScheme = DigestScheme(77);

/// A diff, the rows that it compares with, and the items that it has staged.
struct Bench {
    differ: Differ,
    rows: Vec<Item>,
    staged: HashMap<i64, StagedItem>,
}

impl Bench {
    /// Returns a bench of movies that are stored as they were listed, in this order.
    fn over(rows: &[ItemBuilder]) -> Self {
        Self::with(rows, DigestScheme::FIELDS, ChangePolicy::Fingerprint)
    }

    fn with(rows: &[ItemBuilder], scheme: DigestScheme, policy: ChangePolicy) -> Self {
        let rows: Vec<_> = rows.iter().map(|row| row.clone().listed()).collect();
        let entries = rows.iter().map(|row| (row.item.id(), Digest::from_listed(row)));
        let known = Arc::new(ListingIndex::new(scheme, entries).unwrap());
        let differ = Differ::new(ContentKind::Movies, known, DigestScheme::FIELDS, policy, true);
        Self { differ, rows: rows.into_iter().map(|row| row.item).collect(), staged: HashMap::new() }
    }

    /// Returns the number of listings in a row in which a field has met the rule, this one included.
    fn met(&self, name: &str) -> u32 {
        let (facts, kind) = (FieldFacts::default(), ContentKind::Movies);
        let heard = Heard { whole: true, missing: self.differ.missing_so_far(), now: NOW };
        let conclusion = facts.after(kind, &self.differ.treatment, self.differ.tally(), heard);
        let facts = FieldFacts::concluded(kind, &self.differ.treatment, self.differ.tally(), heard, &conclusion);
        match facts.standing(kind, name) {
            Some(Standing::Compared { met } | Standing::Trial { met, .. }) => met,
            _ => 0,
        }
    }

    /// Lists elements, each in a batch of its own.
    fn list(&mut self, elements: &[ItemBuilder]) {
        for element in elements {
            let mut batch = [Entry::Item(Box::new(element.clone().listed()), None)];
            let needs = self.differ.prepare(&mut batch);
            let stored = self.rows.iter().filter(|row| needs.stored.contains(&row.id())).cloned().collect();
            let staged = needs.staged.iter().filter_map(|id| self.staged.get(&id.0)).cloned().collect();
            for one in self.differ.resolve(batch.into(), stored, staged).unwrap() {
                self.staged.insert(one.item.id().0, one);
            }
        }
    }
}

const NOW: i64 = 1_700_000_000;

fn treatment(facts: &FieldFacts) -> Arc<Treatment> {
    Arc::new(facts.treatment(ContentKind::Movies, &ChangePolicy::Fingerprint, Some(NOW)))
}

fn image(id: i64, address: &str) -> ItemBuilder {
    movie(id).with("stream_icon", address)
}

#[test]
fn a_reset_removes_all_listed_items() {
    let rows = [movie(1).in_categories(&["1", "2"]), image(2, "http://a/2.png"), image(3, "http://a/3.png")];
    let mut bench = Bench::over(&rows);
    bench.list(&[image(2, "http://b/2.png"), image(3, "http://b/3.png")]);
    assert_eq!(bench.met("stream_icon"), 1);
    bench.list(&[movie(1), movie(9)]);
    let differ = &mut bench.differ;
    assert!(differ.counts().added == 1 && !differ.departed().is_empty());
    differ.reset();
    let successor = [(Identity::of(&movie(9).item()), ContentId(5))];
    assert!(differ.seen_items().successors(&successor).is_empty());
    assert!(differ.departed().is_empty() && differ.listed() == 0);
    assert_eq!(bench.met("stream_icon"), 0);
    bench.list(&rows);
    assert_eq!(bench.differ.counts(), Counts { unchanged: 3, ..Counts::default() });
    assert!(bench.differ.missing().is_empty() && bench.differ.is_as_known());
    assert!(bench.differ.into_index(&[]).is_none());
}

#[test]
fn images_rotate_when_most_of_them_do() {
    for (all, turned, rotate) in [(2, 0, false), (2, 1, false), (2, 2, true), (3, 1, false), (3, 2, true)] {
        let rows: Vec<_> = (1..=all).map(|id| image(id, &format!("http://a/{id}.png"))).collect();
        let listed: Vec<_> = (1..=all)
            .map(|id| image(id, &format!("http://{}/{id}.png", if id <= turned { "b" } else { "a" })))
            .collect();
        let mut bench = Bench::over(&rows);
        bench.list(&listed);
        assert_eq!(bench.met("stream_icon") > 0, rotate, "{turned} of {all}");
    }
}

#[test]
fn another_image_differs_even_if_hosts_are_ignored() {
    let mut bench = Bench::over(&[image(1, "http://a/1.png")]);
    let volatile =
        FieldFacts::default().with(ContentKind::Movies, "stream_icon", Standing::Volatile { looked_at: NOW });
    bench.differ = bench.differ.treating(treatment(&volatile));
    bench.list(&[image(1, "http://b/2.png"), image(1, "http://b/2.png")]);
    assert_eq!(bench.differ.counts(), Counts { refreshed: 1, ..Counts::default() });
    assert_eq!(bench.staged[&1].item, image(1, "http://b/2.png").item());
}

#[test]
fn an_item_that_is_listed_again_in_its_category_has_not_left_it() {
    let mut bench = Bench::over(&[movie(1).in_categories(&["1", "2"])]);
    bench.list(&[movie(1)]);
    assert_eq!(bench.differ.departed(), [ContentId(1)]);
    bench.list(&[movie(1).with("category_id", "2").in_categories(&["2"])]);
    assert!(bench.differ.departed().is_empty());
}

/// Such an item is not as the panel lists it, so the next run has to compare it again.
#[test]
fn an_item_that_is_kept_in_its_category_is_compared_again() {
    let rows = [movie(1).in_categories(&["1", "2"]), movie(2)];
    let mut bench = Bench::over(&rows);
    bench.list(&[movie(1), movie(2)]);
    let staged = bench.staged.values().cloned().collect();
    let answered: CategorySet = ["1"].into_iter().collect();
    let kept = bench.differ.kept_in_place(bench.rows.clone(), staged, &answered);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].item.categories().as_slice().join(","), "1,2");
    assert_eq!(bench.differ.counts(), Counts { unchanged: 2, ..Counts::default() });
    let index = bench.differ.into_index(&[]).unwrap();
    assert_eq!(index.digests(), [Digest::NEVER.0, Digest::from_listed(&movie(2).listed()).0]);
}

#[test]
fn kept_items_keep_only_digests_of_the_same_scheme() {
    let known = Digest::from_listed(&movie(2).listed()).0;
    for (scheme, kept) in [(DigestScheme::FIELDS, known), (RAW, Digest::NEVER.0)] {
        let mut bench = Bench::with(&[movie(1), movie(2)], scheme, ChangePolicy::Fingerprint);
        bench.list(&[movie(3)]);
        let index = bench.differ.into_index(&[ContentId(2)]).unwrap();
        assert_eq!((index.ids(), index.digests()[1]), (&[3, 2][..], kept));
    }
}

/// The policy `timestamp` makes no difference here: the element that equals the row except for its categories is taken,
/// and ignored fields don't count.
#[test]
fn of_ignored_elements_the_one_like_the_row_is_taken() {
    let like = movie(1).in_categories(&["1", "2"]).with("custom_sid", "another");
    for other in 0..12 {
        let other = movie(1).name(&format!("Other {other}"));
        for order in [[like.clone(), other.clone()], [other, like.clone()]] {
            let policy = ChangePolicy::Timestamp { last_sync: Some("1700000000".to_owned()) };
            let mut bench = Bench::with(&[movie(1)], DigestScheme::FIELDS, policy);
            bench.list(&order);
            assert_eq!(bench.staged[&1].item.name(), "Movie 1");
            assert_eq!(bench.differ.counts(), Counts { unchanged: 1, ..Counts::default() });
        }
    }
}

#[test]
fn a_new_id_is_found_again_at_any_position() {
    let ids = [5, -3, 9, 7];
    let mut fresh = Fresh::default();
    for (place, id) in (0u32..).zip(ids) {
        assert_eq!(fresh.admit(&ids[..place as usize], ContentId(id), place), None);
    }
    for (place, id) in (0u32..).zip(ids) {
        assert_eq!(fresh.admit(&ids, ContentId(id), 99), Some(place));
    }
    for id in [-4, -2, 6, 10, i64::MIN, i64::MAX] {
        assert_eq!(fresh.find(&ids, ContentId(id)), None, "{id}");
    }
    fresh.clear();
    assert_eq!(fresh.find(&ids, ContentId(5)), None);
}

#[test]
fn a_breach_of_the_contract_is_an_error() {
    let mut bench = Bench::over(&[movie(1)]);
    let strange = Entry::Item(Box::new(series(1).listed()), None);
    let told = bench.differ.resolve(vec![strange], bench.rows.clone(), Vec::new());
    assert_eq!(told, Err(ContractBreach::WrongKind(ContentId(1))));
    bench.differ.reset();
    let told = bench.differ.resolve(vec![Entry::Same(ContentId(2))], Vec::new(), Vec::new());
    assert_eq!(told, Err(ContractBreach::UnknownSame(ContentId(2))));
}

/// Lists these ids, some with broken elements.
fn broken_listing(bench: &mut Bench, entries: Vec<Entry>) -> Result<Vec<StagedItem>, ContractBreach> {
    let mut batch = entries;
    let needs = bench.differ.prepare(&mut batch);
    let stored = bench.rows.iter().filter(|row| needs.stored.contains(&row.id())).cloned().collect();
    bench.differ.resolve(batch, stored, Vec::new())
}

#[test]
fn a_broken_element_keeps_its_row_and_adds_none() {
    let mut bench = Bench::over(&[movie(1), movie(2), movie(3)]);
    let staged = broken_listing(
        &mut bench,
        vec![Entry::Broken(ContentId(9)), Entry::Broken(ContentId(2)), Entry::Broken(ContentId(2))],
    );
    assert_eq!(staged.unwrap(), []);
    assert_eq!(bench.differ.missing(), [ContentId(1), ContentId(3)]);
    assert_eq!((bench.differ.listed(), bench.differ.counts()), (1, Counts { unchanged: 1, ..Counts::default() }));
    // At its position it has the digest that it had.
    let known = Arc::clone(&bench.differ.known);
    let index = bench.differ.into_index(&[]).unwrap();
    assert_eq!((index.ids(), index.digests()), (&[2][..], &known.digests()[1..2]));
}

#[test]
fn a_listing_that_differs_in_a_broken_element_only_has_the_known_index() {
    let mut bench = Bench::over(&[movie(1), movie(2)]);
    bench.list(&[movie(1)]);
    broken_listing(&mut bench, vec![Entry::Broken(ContentId(2))]).unwrap();
    assert!(bench.differ.missing().is_empty());
    assert_eq!(bench.differ.into_index(&[]), None);
}

#[test]
fn a_readable_element_is_taken_before_or_after_a_broken_one() {
    let edited = || Entry::Item(Box::new(movie(1).name("Edited").listed()), None);
    let broken = || Entry::Broken(ContentId(1));
    let mut ends = Vec::new();
    for entries in [vec![edited(), broken()], vec![broken(), edited()], vec![broken(), broken(), edited(), broken()]] {
        let mut bench = Bench::over(&[movie(1)]);
        let staged = broken_listing(&mut bench, entries).unwrap();
        let counts = bench.differ.counts();
        assert_eq!(counts, Counts { updated: 1, ..Counts::default() });
        assert!(bench.differ.missing().is_empty());
        ends.push((staged, bench.differ.into_index(&[]).unwrap()));
    }
    assert!(ends.iter().all(|end| *end == ends[0]));
    // An element that has not changed counts as unchanged.
    let mut bench = Bench::over(&[movie(1)]);
    let as_known = Entry::Item(Box::new(movie(1).listed()), None);
    assert_eq!(broken_listing(&mut bench, vec![broken(), as_known]).unwrap(), []);
    assert_eq!(bench.differ.counts(), Counts { unchanged: 1, ..Counts::default() });
    assert_eq!(bench.differ.into_index(&[]), None);
}

#[test]
fn the_digest_of_another_scheme_is_not_kept_for_a_broken_element() {
    let mut bench = Bench::with(&[movie(1)], RAW, ChangePolicy::Fingerprint);
    broken_listing(&mut bench, vec![Entry::Broken(ContentId(1))]).unwrap();
    assert_eq!(bench.differ.into_index(&[]).unwrap().digests(), [Digest::NEVER.0]);
}
