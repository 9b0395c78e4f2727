//! Ids that are listed several times: each is one item, the same in any order and in every run.

use std::sync::Arc;

use sync_core::source::{Completeness, Entry, ListingEvent};
use sync_core::testing::{Answer, ScriptedSource, channel, movie};
use sync_core::{
    ChangePolicy, ContentId, ContentKind, Differ, Digest, DigestScheme, FieldFacts, Item, KindOutcome, Listed,
    ListingIndex, PolicyChoice, Standing, SyncMode, SyncOptions, Value, ValueRef,
};

use crate::support::{Bench, Channels, Movies, NOW, counts, listed, only, permutations};

/// Returns sources that list these elements in whole batches and in batches of one, so that elements of one id meet
/// within a batch and across batches.
fn sources(kind: ContentKind, elements: &[Listed]) -> [ScriptedSource; 2] {
    let single = |it: &Listed| ListingEvent::Batch(vec![Entry::Item(Box::new(it.clone()), None)]);
    let mut events: Vec<_> = elements.iter().map(single).collect();
    events.push(ListingEvent::Complete(Completeness::default()));
    let single = ScriptedSource::new().answer(kind, Answer::Events(events, None));
    [ScriptedSource::new().lists(kind, elements.to_vec()), single]
}

/// Lists the elements in every order over the same cache, in each mode. Asserts that the rows are always the same, and
/// stay the same in two further runs. Returns the row of id 1.
async fn row_in_every_order(before: &[Listed], elements: &[Listed], options: &SyncOptions) -> Item {
    let kind = elements[0].item.kind();
    let mut found: Option<Vec<Item>> = None;
    for order in permutations(elements) {
        for (at, mode) in [(0, SyncMode::Auto), (1, SyncMode::Auto), (0, SyncMode::Full), (1, SyncMode::Full)] {
            let bench = Bench::new().await;
            let options = SyncOptions { mode, kinds: vec![kind], ..options.clone() };
            if !before.is_empty() {
                bench.sync(&ScriptedSource::new().lists(kind, before.to_vec()), &options).await;
            }
            bench.sync(&sources(kind, &order)[at], &options).await;
            let rows = bench.store.items(&bench.profile, kind);
            assert_eq!(found.get_or_insert_with(|| rows.clone()), &rows, "{mode} {order:#?}");
            let mut orders = permutations(&order);
            orders.truncate(4);
            for order in [order.clone(), orders.pop().unwrap()] {
                let report = bench.sync(&sources(kind, &order)[at], &options).await;
                let record = report.kind(kind);
                assert_eq!(record.outcome, KindOutcome::Unchanged, "it flaps: {:?} {mode} {order:#?}", record.counts);
            }
            assert_eq!(found.as_ref(), Some(&bench.store.items(&bench.profile, kind)));
        }
    }
    found.unwrap().remove(0)
}

fn elements() -> Vec<Listed> {
    vec![
        movie(1).name("Heat").with("category_id", "3").in_categories(&["3"]).listed(),
        movie(1)
            .name("Heat 4K")
            .with("category_id", "8")
            .in_categories(&["8", "9"])
            .with("plot", "Los Angeles")
            .listed(),
        movie(1).name("Heat").with("category_id", "5").in_categories(&["5"]).with("rating", "8.3").listed(),
        movie(2).listed(),
    ]
}

fn categories(item: &Item) -> String {
    let Item::Movies(movie) = item else { panic!("a movie") };
    movie.category_ids.as_slice().join(",")
}

#[tokio::test]
async fn a_first_load_makes_one_item_of_repeated_elements() {
    let row = row_in_every_order(&[], &elements(), &SyncOptions::default()).await;
    assert_eq!(categories(&row), "3,5,8,9", "category sets united");
    // The other fields are those of one element, and not a mixture.
    let row_but_sets =
        |item: &Item| [item.name().to_owned(), format!("{:?}", item.value(Movies.field("plot").unwrap()))];
    assert!(elements().iter().any(|element| row_but_sets(&element.item) == row_but_sets(&row)));
}

#[tokio::test]
async fn an_id_that_was_single_and_is_now_repeated() {
    for known in 0..3 {
        let before = [elements()[known].clone(), movie(2).listed()];
        let row = row_in_every_order(&before, &elements(), &SyncOptions::default()).await;
        assert_eq!(categories(&row), "3,5,8,9", "known was {known}");
    }
    row_in_every_order(&[movie(1).name("Another").listed(), movie(2).listed()], &elements(), &SyncOptions::default())
        .await;
}

#[tokio::test]
async fn an_id_that_is_no_longer_repeated() {
    for kept in 0..3 {
        let bench = Bench::new().await;
        bench.movies(&elements()).await;
        let after = [movie(2).listed(), elements()[kept].clone()];
        bench.movies(&after).await;
        let mut row = bench.row(Movies, 1).unwrap();
        row.set(Movies.field("listed_category_ids").unwrap(), Value::Null);
        assert_eq!(row, elements()[kept].item, "only what is listed is left");
        assert_eq!(bench.movies(&after).await.counts, counts(0, 0, 0, 0, 2));
    }
}

/// An element that is listed twice in the same form is one item.
#[tokio::test]
async fn the_same_element_twice() {
    let twice = [movie(1).listed(), movie(2).listed(), movie(1).listed()];
    let row = row_in_every_order(&[], &twice, &SyncOptions::default()).await;
    assert_eq!(row, movie(1).item());
    let row = row_in_every_order(&[movie(1).listed()], &twice, &SyncOptions::default()).await;
    assert_eq!(row, movie(1).item());
}

/// Keys are absent from all elements. An element that was recognised without being decoded still has the same rank.
#[tokio::test]
async fn elements_with_few_keys() {
    let few = |name: &str, category: &str| {
        channel(1).name(name).only(&["name"]).with("category_id", category).in_categories(&[category])
    };
    let few = |name, category| {
        let mut listed = few(name, category).listed();
        listed.present.add(Channels.field("category_ids").unwrap());
        listed
    };
    // With these names, each of two elements is the least by content in some case.
    for other in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        let elements = [few("News", "3"), few(other, "8"), channel(2).listed()];
        row_in_every_order(&elements[..1], &elements, &SyncOptions::default()).await;
        row_in_every_order(&elements[1..2], &elements, &SyncOptions::default()).await;
    }
}

/// Fields that are not compared are taken from the same element as all others, or also by content.
#[tokio::test]
async fn elements_that_differ_only_in_ignored_fields() {
    let elements =
        ["a", "b", "c"].map(|token| movie(1).with("direct_source", token).with("custom_sid", token).listed());
    row_in_every_order(&[], &elements, &SyncOptions::default()).await;
}

/// Under the policy `timestamp`, an element whose difference is ignored still counts as an element of the item.
#[tokio::test]
async fn an_element_that_the_policy_ignores_still_counts() {
    let timestamp = SyncOptions { policy: PolicyChoice::Timestamp, ..SyncOptions::default() };
    let newer = (NOW + 5).to_string();
    for names in [["B", "C"], ["C", "B"], ["D", "E"], ["E", "D"], ["F", "G"], ["G", "F"]] {
        let old = movie(1).name(names[0]).with("category_id", "2").in_categories(&["2"]).listed();
        let new = movie(1).name(names[1]).with("category_id", "3").in_categories(&["3"]).with("added", &newer).listed();
        let mut rows = Vec::new();
        for order in permutations(&[old, new]) {
            for at in [0, 1] {
                let bench = Bench::new().await;
                bench.movies(&[movie(1).name("A").listed()]).await;
                bench
                    .sync(&sources(Movies, &order)[at], &SyncOptions { kinds: vec![Movies], ..timestamp.clone() })
                    .await;
                rows.extend(bench.row(Movies, 1));
            }
        }
        rows.dedup();
        assert_eq!(rows.len(), 1, "{rows:#?}");
    }
}

/// I1 for panels that send `category_id` alone and list an item once per category: a category that the item has left is
/// dropped.
#[tokio::test]
async fn a_category_that_a_repeated_item_left_is_dropped() {
    let in_category = |id| movie(1).without("category_ids").with("category_id", id).listed();
    let set = |bench: &Bench| categories(&bench.row(Movies, 1).unwrap());
    for (kept, left, entered) in [("1", "2", "3"), ("2", "1", "3")] {
        let bench = Bench::new().await;
        bench.movies(&[in_category("1"), in_category("2")]).await;
        assert_eq!(set(&bench), "1,2");
        bench.movies(&[in_category(kept), in_category(entered)]).await;
        assert_eq!(set(&bench), format!("{kept},{entered}"), "{left} was left");
        bench.movies(&[in_category(kept)]).await;
        assert_eq!(set(&bench), kept, "{entered} was left");
    }
}

/// An element with a category list but without `category_id` takes the `category_id` of the row. That value depends on
/// the listing before, so it counts only if this element is taken for the item. The next sync gives the same item.
#[tokio::test]
async fn elements_that_leave_out_different_keys_of_their_categories() {
    let names = ["A", "B", "C", "D"];
    let row = |category| movie(1).name("Heat").with("category_id", category).in_categories(&[category]).listed();
    let own = |name, category| movie(1).name(name).without("category_ids").with("category_id", category).listed();
    let lists = |name, ids: &[&str]| movie(1).name(name).in_categories(ids).without("category_id").listed();
    let silent = |name| movie(1).name(name).without("category_ids").without("category_id").listed();
    for name in names {
        for before in [vec![], vec![row("4")], vec![row("3")], vec![row("5")]] {
            let others = [own("B", "3"), own("Heat", "4"), silent("C"), lists("Heat", &["7"]), lists("D", &["4", "5"])];
            for other in others {
                let elements = [lists(name, &["5"]), other];
                row_in_every_order(&before, &elements, &SyncOptions::default()).await;
            }
            let elements = [lists(name, &["5"]), own("C", "3"), own("Heat", "6")];
            let row = row_in_every_order(&before, &elements, &SyncOptions::default()).await;
            assert!(["3,5,6", "3,4,5,6"].contains(&&*categories(&row)), "{}", categories(&row));
            if row.category_id() != Some("4") {
                assert_eq!(categories(&row), "3,5,6", "the row's former category is none of the item");
            }
        }
    }
}

/// An id is repeated for the first time, and one element leaves out a key that the stored row has. The element that
/// equals the row may be recognised without being decoded. It is taken for the item in any order, and in later runs as
/// well.
#[tokio::test]
async fn newly_repeated_elements_with_different_keys() {
    for name in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        let kept = movie(1).name("Heat").with("plot", "Kept").listed();
        let first = movie(1).name("Heat").without("plot").listed();
        let other = movie(1).name(name).with("plot", "Another").with("category_id", "8").in_categories(&["8"]).listed();
        for before in [vec![kept.clone()], vec![kept, first.clone()]] {
            for elements in permutations(&[first.clone(), other.clone()]) {
                let bench = Bench::new().await;
                for listing in &before {
                    bench.movies(std::slice::from_ref(listing)).await;
                }
                bench.movies(&elements).await;
                let row = bench.row(Movies, 1).unwrap();
                assert_eq!((row.name(), categories(&row)), ("Heat", "1,8".to_owned()), "{name}");
                assert_eq!(row.value(Movies.field("plot").unwrap()), ValueRef::Text("Kept"), "{name}");
                assert_eq!(bench.movies(&elements).await.outcome, KindOutcome::Unchanged, "{name}");
            }
        }
    }
}

/// Two elements list the same values, but one leaves out a key that the other sends empty, and the reverse. Merged with
/// the row they differ, and the same one of them is taken in every order.
#[tokio::test]
async fn elements_that_list_the_same_and_leave_out_different_keys() {
    let row = || movie(1).with("plot", "Kept").with("director", "Kept");
    let plotless = row().with("plot", "").without("director").listed();
    let undirected = row().with("director", "").without("plot").listed();
    row_in_every_order(
        &[row().listed()],
        &[plotless.clone(), undirected.clone(), movie(2).listed()],
        &SyncOptions::default(),
    )
    .await;
    row_in_every_order(
        &[row().listed()],
        &[plotless, undirected, row().with("rating", "7").listed()],
        &SyncOptions::default(),
    )
    .await;
}

/// Returns a movie with an image on this host, in this category.
fn film(host: &str, category: &str) -> Listed {
    let image = format!("http://{host}.example/1.png");
    movie(1).with("stream_icon", &image).with("category_id", category).in_categories(&[category]).listed()
}

/// Merges elements of one id with a row, one batch per element, while hosts of images are not compared. Returns the
/// item.
fn over_row(row: &Item, elements: &[Listed]) -> Item {
    let known = ListingIndex::new(DigestScheme::FIELDS, [(ContentId(1), Digest::from_listed(&film("kept", "1")))]);
    let known = Arc::new(known.unwrap());
    let differ = Differ::new(Movies, known, DigestScheme::FIELDS, ChangePolicy::Fingerprint, true);
    let volatile = FieldFacts::default().with(Movies, "stream_icon", Standing::Volatile { looked_at: 0 });
    let mut differ = differ.treating(Arc::new(volatile.treatment(Movies, &ChangePolicy::Fingerprint, Some(0))));
    let mut staged = Vec::new();
    for element in elements {
        let mut batch = vec![Entry::Item(Box::new(element.clone()), None)];
        let needs = differ.prepare(&mut batch);
        let stored = needs.stored.iter().map(|_| row.clone()).collect();
        let before = if needs.staged.is_empty() { Vec::new() } else { std::mem::take(&mut staged) };
        let resolved = differ.resolve(batch, stored, before).unwrap();
        staged = if resolved.is_empty() { staged } else { resolved };
    }
    staged.pop().map_or_else(|| row.clone(), |one| one.item)
}

/// If hosts of images are not compared, an element with another host equals the row. In any order, its host is not
/// written together with the categories of the other elements.
#[test]
fn an_image_host_that_is_not_compared_is_not_written() {
    for other in ["a", "b", "c", "d"] {
        let elements = [film("kept", "1"), film(other, "1"), film("kept", "8"), film(other, "9")];
        let mut rows: Vec<_> =
            permutations(&elements).iter().map(|order| over_row(&film("kept", "1").item, order)).collect();
        let image = Movies.field("stream_icon").unwrap();
        assert_eq!(rows[0].value(image), ValueRef::Text("http://kept.example/1.png"));
        rows.dedup();
        assert_eq!(rows.len(), 1, "{rows:#?}");
    }
}

/// Another host doesn't make the element different from the row either. The same list must not choose another element
/// the next time.
#[test]
fn an_image_host_that_is_not_compared_is_no_difference_beside_categories() {
    let row = movie(1).with("stream_icon", "http://kept.example/1.png").with("category_id", "1");
    let row = row.in_categories(&["1", "40"]).listed().item;
    for name in ["Alien", "Aliens", "Alien 3", "Prometheus", "Covenant", "Romulus"] {
        let another = movie(1).with("name", name).with("category_id", "40").in_categories(&["40"]).listed();
        for order in permutations(&[another, film("other", "1")]) {
            assert_eq!(over_row(&row, &order), row, "{name}");
        }
    }
}

/// "After `ListingEvent::Restarted`, all events before it are void."
#[tokio::test]
async fn a_restart_discards_earlier_batches() {
    let batch = |ids: &[i64]| {
        let items = listed(Movies, ids.iter().copied());
        ListingEvent::Batch(items.into_iter().map(|it| Entry::Item(Box::new(it), None)).collect())
    };
    let bench = Bench::new().await;
    bench.movies(&listed(Movies, 1..=3)).await;
    let edited = vec![Entry::Item(Box::new(movie(2).name("Never was").listed()), None)];
    let events = vec![
        batch(&[1, 90, 91]),
        ListingEvent::Batch(edited),
        ListingEvent::Restarted,
        batch(&[90, 1]),
        ListingEvent::Restarted,
        batch(&[1]),
        batch(&[2, 3, 4]),
        ListingEvent::Complete(Completeness::default()),
    ];
    let report = bench.sync(&ScriptedSource::new().answer(Movies, Answer::Events(events, None)), &only(Movies)).await;
    assert_eq!(report.kind(Movies).counts, counts(1, 0, 0, 0, 3));
    assert_eq!(bench.ids(Movies), [1, 2, 3, 4]);
    assert_eq!(bench.row(Movies, 2), Some(movie(2).item()));
}
