//! Fields that a panel changes by itself: several runs find them, don't compare them, and find out when they stop being
//! volatile.

use std::time::Duration;

use sync_core::source::{AnswerFault, Completeness, Entry, ListingEvent};
use sync_core::testing::{Answer, ItemBuilder, ScriptedSource, category};
use sync_core::{
    ContentKind, ContentStore, Counts, FieldFacts, KindOutcome, Listed, PolicyChoice, SourceError, Standing, SyncMode,
    SyncOptions, Value,
};

use crate::support::{Bench, Channels, Movies, NOW, Series, counts, only};

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// The number of rows of each list. It is enough for the rule.
const ROWS: i64 = 40;

async fn fields(bench: &Bench, kind: ContentKind) -> FieldFacts {
    bench.store.sync_state(&bench.profile).await.unwrap().facts.kinds[kind].fields.clone()
}

async fn standing(bench: &Bench, kind: ContentKind, name: &str) -> Option<Standing> {
    fields(bench, kind).await.standing(kind, name)
}

async fn sync(bench: &Bench, kind: ContentKind, items: Vec<Listed>) -> Counts {
    let report = bench.sync(&ScriptedSource::new().lists(kind, items), &only(kind)).await;
    report.kind(kind).counts
}

/// Returns a list in which the first `moved` items have this value in the field, and all others have `100`.
fn list(kind: ContentKind, field: &str, value: &str, moved: i64, rows: i64) -> Vec<Listed> {
    let value = |id| if id <= moved { value } else { "100" };
    (1..=rows).map(|id| with(ItemBuilder::of(kind, id), field, value(id))).collect()
}

/// Returns an item with a value in a field, or in a key that has no column.
fn with(item: ItemBuilder, field: &str, value: &str) -> Listed {
    let mut listed = item.listed();
    let kind = listed.item.kind();
    let (at, value) = match kind.field(field) {
        Some(at) => (at, Value::Text(value.into())),
        None => (kind.field("extra").unwrap(), Value::Extra([("quiet", "1"), (field, value)].into())),
    };
    listed.item.set(at, value);
    listed.present.add(at);
    listed
}

/// Returns the stored value of an item's field.
fn stored(bench: &Bench, kind: ContentKind, id: i64, field: &str) -> Option<String> {
    let row = bench.row(kind, id).unwrap();
    match kind.field(field).map(|at| row.value(at).to_owned()) {
        Some(Value::Text(text)) => Some(text.to_string()),
        Some(Value::Real(number)) => Some(number.to_string()),
        Some(Value::Integer(number)) => Some(number.to_string()),
        Some(_) => None,
        None => match row.value(kind.field("extra").unwrap()).to_owned() {
            Value::Extra(extra) => extra.get(field).map(str::to_owned),
            _ => None,
        },
    }
}

/// Syncs lists in which all items have another value each time. Returns the number of refreshed items per list.
async fn restless(bench: &Bench, kind: ContentKind, field: &str, values: std::ops::Range<u32>) -> Vec<u64> {
    let mut refreshed = Vec::new();
    for value in values {
        let found = sync(bench, kind, list(kind, field, &value.to_string(), ROWS, ROWS)).await;
        assert_eq!((found.updated, found.removed), (0, 0), "{kind}.{field}");
        refreshed.push(found.refreshed);
    }
    refreshed
}

#[tokio::test]
async fn field_27_a_display_field_that_always_differs_is_no_longer_compared() {
    let rows = ROWS.unsigned_abs();
    for (kind, field) in [
        (Series, "last_modified"),
        (Series, "added"),
        (Channels, "added"),
        (Movies, "added"),
        (Movies, "rating"),
        (Movies, "rating_5based"),
        (Series, "rating"),
    ] {
        let bench = Bench::new().await;
        let refreshed = restless(&bench, kind, field, 1..8).await;
        assert_eq!(refreshed, [0, rows, rows, 0, 0, 0, 0], "{kind}.{field}");
        assert_eq!(standing(&bench, kind, field).await, Some(Standing::Volatile { looked_at: NOW }));
        // A row that is written for another reason gets the new value, and no other row does.
        let mut items = list(kind, field, "77", ROWS, ROWS);
        items[0] = with(ItemBuilder::of(kind, 1).name("Renamed"), field, "77");
        assert_eq!(sync(&bench, kind, items).await, counts(0, 1, 0, 0, rows - 1), "{kind}.{field}");
        assert_eq!(stored(&bench, kind, 1, field).as_deref(), Some("77"));
        assert_eq!(stored(&bench, kind, 2, field).as_deref(), Some("3"));
    }
}

#[tokio::test]
async fn field_27_a_field_is_volatile_in_its_kind_only() {
    let bench = Bench::new().await;
    restless(&bench, Movies, "added", 1..5).await;
    sync(&bench, Series, list(Series, "added", "1", 0, ROWS)).await;
    assert_eq!(sync(&bench, Series, list(Series, "added", "2", 1, ROWS)).await.refreshed, 1);
    assert_eq!(fields(&bench, Movies).await.volatile(Movies), (vec!["added"], Vec::new()));
    assert_eq!(fields(&bench, Series).await.volatile(Series), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn field_27_a_field_below_the_thresholds_or_not_in_a_row_is_compared() {
    for (rows, moved, learnt) in [(40, 36, true), (40, 35, false), (20, 20, true), (19, 19, false), (21, 19, false)] {
        let bench = Bench::new().await;
        for value in 1..6 {
            sync(&bench, Series, list(Series, "last_modified", &value.to_string(), moved, rows)).await;
        }
        let volatile = matches!(standing(&bench, Series, "last_modified").await, Some(Standing::Volatile { .. }));
        assert_eq!(volatile, learnt, "{moved} of {rows}");
    }
    // Two listings that are not in a row: between them is one in which the field doesn't change.
    let bench = Bench::new().await;
    let all = |value: u32| list(Series, "last_modified", &value.to_string(), ROWS, ROWS);
    for value in [1, 2, 2, 3, 3, 4] {
        sync(&bench, Series, all(value)).await;
    }
    assert_eq!(standing(&bench, Series, "last_modified").await, Some(Standing::Compared { met: 1 }));
}

/// A listing that fails, is cut or starts again teaches nothing, and neither does a dry run.
#[tokio::test]
async fn field_27_an_incomplete_listing_teaches_nothing() {
    let bench = Bench::new().await;
    let all = |value: u32| list(Series, "last_modified", &value.to_string(), ROWS, ROWS);
    let entries = |value| all(value).into_iter().map(|item| Entry::Item(Box::new(item), None)).collect();
    let batch = |value| ListingEvent::Batch(entries(value));
    let cut = || SourceError::Unusable { fault: AnswerFault::Truncated, message: "cut".to_owned() };
    restless(&bench, Series, "last_modified", 1..3).await;
    let met = Some(Standing::Compared { met: 1 });
    assert_eq!(standing(&bench, Series, "last_modified").await, met);
    let failing = ScriptedSource::new().answer(Series, Answer::Events(vec![batch(7)], Some(cut())));
    assert_eq!(bench.sync(&failing, &only(Series)).await.kind(Series).outcome, KindOutcome::Failed);
    let dry = SyncOptions { dry_run: true, ..only(Series) };
    assert_eq!(bench.sync(&ScriptedSource::new().lists(Series, all(8)), &dry).await.kind(Series).counts.refreshed, 40);
    assert_eq!(standing(&bench, Series, "last_modified").await, met);
    // The batches before the restart don't count.
    let end = ListingEvent::Complete(Completeness::default());
    let events = vec![batch(9), ListingEvent::Restarted, batch(2), end];
    bench.sync(&ScriptedSource::new().answer(Series, Answer::Events(events, None)), &only(Series)).await;
    assert_eq!(standing(&bench, Series, "last_modified").await, None, "it rests");
}

#[tokio::test]
async fn field_27_a_volatile_field_is_compared_once_a_week_and_may_stop() {
    let rows = ROWS.unsigned_abs();
    let bench = Bench::new().await;
    restless(&bench, Series, "last_modified", 1..6).await;
    bench.clock.pass(WEEK.saturating_sub(Duration::from_secs(1)));
    assert_eq!(restless(&bench, Series, "last_modified", 6..7).await, [0]);
    bench.clock.pass(Duration::from_secs(1));
    // One listing writes the field, the next one compares it, and then it is left out as before.
    assert_eq!(restless(&bench, Series, "last_modified", 7..11).await, [rows, 0, 0, 0]);
    assert_eq!(stored(&bench, Series, 2, "last_modified").as_deref(), Some("7"));
    let looked_at = NOW + 7 * 86_400;
    assert_eq!(standing(&bench, Series, "last_modified").await, Some(Standing::Volatile { looked_at }));
    // A week later the field has stopped being volatile. It is compared from the listing on that has shown this.
    bench.clock.pass(WEEK);
    let some = |moved| list(Series, "last_modified", "20", moved, ROWS);
    let mut refreshed = Vec::new();
    for moved in [0, 3, 3, 9] {
        refreshed.push(sync(&bench, Series, some(moved)).await.refreshed);
    }
    assert_eq!(refreshed, [rows, 3, 0, 6]);
    assert_eq!(standing(&bench, Series, "last_modified").await, None);
    for id in 1..=ROWS {
        let expected = if id <= 9 { "20" } else { "100" };
        assert_eq!(stored(&bench, Series, id, "last_modified").as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn field_28_an_unproven_field_is_refreshed_once_it_is_proved() {
    for (kind, field) in [
        (Series, "backdrop"),
        (Channels, "direct_source"),
        (Channels, "custom_sid"),
        (Channels, "thumbnail"),
        (Movies, "direct_source"),
        (Movies, "custom_sid"),
        (Movies, "url"),
    ] {
        let bench = Bench::new().await;
        let mut refreshed = Vec::new();
        for (value, moved) in [("1", 0), ("1", 0), ("1", 0), ("2", 5), ("2", 5), ("3", ROWS)] {
            refreshed.push(sync(&bench, kind, list(kind, field, value, moved, ROWS)).await.refreshed);
        }
        assert_eq!(refreshed, [0, 0, 0, 5, 0, 40], "{kind}.{field}");
        assert_eq!(standing(&bench, kind, field).await, Some(Standing::Compared { met: 1 }), "{kind}.{field}");
        let events = bench.tables(kind).await.changes;
        assert_eq!(events.len(), 1, "{kind}.{field}: nothing but the first load is in the change log");
    }
}

/// The listing that makes it a display field writes the values that earlier listings have not written.
#[tokio::test]
async fn field_28_old_values_are_written_with_the_listing_that_proves_a_field() {
    for kind in [Channels, Movies] {
        for field in ["direct_source", "url"] {
            for moved in [1, 15, ROWS] {
                let bench = Bench::new().await;
                let mut refreshed = Vec::new();
                for (value, moved) in [("1", 0), ("2", moved), ("2", moved), ("2", moved), ("2", moved)] {
                    refreshed.push(sync(&bench, kind, list(kind, field, value, moved, ROWS)).await.refreshed);
                }
                let moved_rows = moved.unsigned_abs();
                // If all rows have changed at once, that comparison doesn't show that the field has stopped, so one
                // more is needed.
                let expected = if moved == ROWS { [0, 0, 0, moved_rows, 0] } else { [0, 0, moved_rows, 0, 0] };
                assert_eq!(refreshed, expected, "{kind}.{field}, {moved}");
                assert_eq!(stored(&bench, kind, 1, field).as_deref(), Some("2"), "{kind}.{field}");
            }
        }
    }
}

/// Tokens are never a reason to write a row, except in one listing per week.
#[tokio::test]
async fn field_28_tokens_are_left_alone_from_the_first_listing_on() {
    let rows = ROWS.unsigned_abs();
    for (kind, field) in [(Channels, "direct_source"), (Channels, "thumbnail"), (Movies, "url"), (Series, "url")] {
        let bench = Bench::new().await;
        assert_eq!(restless(&bench, kind, field, 1..8).await, [0; 7], "{kind}.{field}");
        assert_eq!(stored(&bench, kind, 1, field).as_deref(), Some("1"), "{kind}.{field}");
        assert_eq!(standing(&bench, kind, field).await, Some(Standing::Volatile { looked_at: NOW }));
        bench.clock.pass(WEEK);
        assert_eq!(restless(&bench, kind, field, 8..11).await, [rows, 0, 0], "{kind}.{field}");
        // The other key of the same items is judged by itself.
        if kind.field(field).is_none() {
            assert_eq!(standing(&bench, kind, "quiet").await, Some(Standing::Compared { met: 0 }));
        }
    }
}

/// With fewer rows than the rule needs, no field is volatile.
#[tokio::test]
async fn field_28_with_few_rows_no_field_is_volatile() {
    let bench = Bench::new().await;
    let mut refreshed = Vec::new();
    for value in 1..5 {
        refreshed.push(sync(&bench, Movies, list(Movies, "direct_source", &value.to_string(), 3, 3)).await.refreshed);
    }
    assert_eq!(refreshed, [0, 0, 3, 3]);
}

#[tokio::test]
async fn field_28_a_full_run_writes_proved_fields_and_leaves_out_volatile_ones() {
    let bench = Bench::new().await;
    let both = |id: i64, added: &str, source: &str| {
        with(ItemBuilder::of(Movies, id).with("added", added), "direct_source", source)
    };
    let all = |added: &str, source: &str| (1..=ROWS).map(|id| both(id, added, source)).collect::<Vec<_>>();
    for added in ["1", "2", "3", "4"] {
        sync(&bench, Movies, all(added, "s")).await;
    }
    for dry_run in [true, false] {
        let options = SyncOptions { mode: SyncMode::Full, dry_run, ..only(Movies) };
        let report = bench.sync(&ScriptedSource::new().lists(Movies, all("5", "s")), &options).await;
        assert_eq!(report.kind(Movies).counts, counts(0, 0, 0, 0, 40));
        let report = bench.sync(&ScriptedSource::new().lists(Movies, all("6", "t")), &options).await;
        assert_eq!(report.kind(Movies).counts, counts(0, 0, 40, 0, 0));
        assert!(report.plan.iter().all(|plan| plan.foreign_edits.is_empty()));
    }
    assert_eq!(stored(&bench, Movies, 1, "added").as_deref(), Some("6"), "taken along");
}

/// Facts are kept about at most 64 keys, whatever the order of the elements.
#[tokio::test]
async fn field_28_no_more_keys_than_64_are_learnt_of() {
    let mut learnt = Vec::new();
    for turned in [false, true] {
        let bench = Bench::new().await;
        let mut items: Vec<_> =
            (100..300).map(|id| with(ItemBuilder::of(Movies, id), &format!("k{id}"), "1")).collect();
        if turned {
            items.reverse();
        }
        for _ in 0..4 {
            sync(&bench, Movies, items.clone()).await;
        }
        learnt.push(fields(&bench, Movies).await);
    }
    assert_eq!(learnt[0], learnt[1]);
    let extra = learnt[0].rows(Movies).into_iter().filter(|row| row.name.starts_with("extra."));
    assert_eq!(extra.count(), 64);
    assert_eq!(learnt[0].standing(Movies, "k163"), Some(Standing::Compared { met: 0 }));
    assert_eq!(
        (learnt[0].standing(Movies, "k164"), learnt[0].standing(Movies, "quiet")),
        (None, None),
        "the least by name"
    );
}

/// A key that appears later is tried from then on.
#[tokio::test]
async fn field_28_a_key_that_comes_later_is_tried_then() {
    let bench = Bench::new().await;
    for _ in 0..4 {
        sync(&bench, Movies, list(Movies, "a", "1", ROWS, ROWS)).await;
    }
    let mut refreshed = Vec::new();
    for _ in 0..4 {
        refreshed.push(sync(&bench, Movies, list(Movies, "b", "1", ROWS, ROWS)).await.refreshed);
    }
    assert_eq!(refreshed, [0, 0, 40, 0]);
    assert_eq!(stored(&bench, Movies, 1, "b").as_deref(), Some("1"));
    assert_eq!(stored(&bench, Movies, 1, "a").as_deref(), Some("1"), "what is absent stays");
}

/// A row that is not listed while the field is proved is compared when it is listed again.
#[tokio::test]
async fn field_28_a_held_row_is_compared_when_it_returns() {
    let bench = Bench::new().await;
    let unread = Completeness { unreadable: 1, ..Completeness::default() };
    let of = |moved| list(Movies, "direct_source", "2", moved, ROWS);
    sync(&bench, Movies, of(0)).await;
    sync(&bench, Movies, of(5)).await;
    for _ in 0..2 {
        let source = ScriptedSource::new().answer(Movies, Answer::Items(of(5)[1..].to_vec(), unread));
        let report = bench.sync(&source, &only(Movies)).await;
        assert_eq!(report.kind(Movies).counts.held, 1);
    }
    assert_eq!(standing(&bench, Movies, "direct_source").await, Some(Standing::Compared { met: 0 }));
    assert_eq!(sync(&bench, Movies, of(5)).await.refreshed, 1);
    assert_eq!(stored(&bench, Movies, 1, "direct_source").as_deref(), Some("2"));
}

/// Under the policy `timestamp`, ignored differences leave old values in rows. Therefore no field is tried, and a field
/// of updated rows is written only until it is volatile.
#[tokio::test]
async fn field_27_under_the_policy_timestamp_only_written_rows_count() {
    let rows = ROWS.unsigned_abs();
    let options = SyncOptions { policy: PolicyChoice::Timestamp, ..only(Movies) };
    let bench = Bench::new().await;
    let mut updated = Vec::new();
    for value in 0..5 {
        let items = list(Movies, "added", &(NOW + 100 + value).to_string(), ROWS, ROWS);
        let report = bench.sync(&ScriptedSource::new().lists(Movies, items), &options).await;
        updated.push(report.kind(Movies).counts.updated);
    }
    assert_eq!(updated, [0, rows, rows, 0, 0]);
    let bench = Bench::new().await;
    for value in 1..5 {
        let items = list(Movies, "rating", &value.to_string(), ROWS, ROWS);
        let report = bench.sync(&ScriptedSource::new().lists(Movies, items), &options).await;
        assert_eq!(report.kind(Movies).counts.updated, 0, "passed over");
    }
    assert_eq!(standing(&bench, Movies, "rating").await, None);
    let trial = standing(&bench, Movies, "direct_source").await;
    assert!(matches!(trial, Some(Standing::Trial { rested: 0, met: 0, .. })), "{trial:?}");
}

/// "Not modified" counts as a comparison in which no field differs.
#[tokio::test]
async fn field_28_an_unmodified_list_shows_that_fields_dont_change() {
    let bench = Bench::new().await;
    let source = || {
        let items = list(Movies, "direct_source", "1", ROWS, ROWS);
        ScriptedSource::new().answer(Movies, Answer::Version("v1", items, Completeness::default()))
    };
    for rested in [0, 1] {
        let source = source();
        let report = bench.sync(&source, &only(Movies)).await;
        assert_eq!(report.kind(Movies).not_modified, rested == 1);
        let expected = Standing::Trial { rested, met: 0, behind: 0 };
        assert_eq!(standing(&bench, Movies, "direct_source").await, Some(expected));
    }
    assert!(bench.sync(&source(), &only(Movies)).await.kind(Movies).not_modified);
    assert_eq!(standing(&bench, Movies, "direct_source").await, Some(Standing::Compared { met: 0 }));
}

/// If rows hold old values, the whole list is asked for, so that they can be written.
#[tokio::test]
async fn field_28_the_list_is_asked_for_if_rows_hold_old_values() {
    let bench = Bench::new().await;
    let answer = |version, moved| {
        let items = list(Movies, "direct_source", "2", moved, ROWS);
        ScriptedSource::new().answer(Movies, Answer::Version(version, items, Completeness::default()))
    };
    let mut told = Vec::new();
    for (version, moved) in [("v1", 0), ("v2", 3), ("v2", 3), ("v2", 3), ("v2", 3)] {
        let record = bench.sync(&answer(version, moved), &only(Movies)).await.kind(Movies).clone();
        told.push((record.not_modified, record.counts.refreshed));
    }
    assert_eq!(told, [(false, 0), (false, 0), (false, 3), (true, 0), (true, 0)]);
}

/// By category, a category without an answer makes the listing incomplete, and an incomplete listing teaches nothing.
#[tokio::test]
async fn field_27_by_category_only_a_complete_listing_teaches() {
    let bench = Bench::new().await;
    let shelves = || ["1", "2"].map(category).to_vec();
    let item = |id: i64, value: &str| {
        let name = if id % 2 == 0 { "1" } else { "2" };
        with(ItemBuilder::of(Movies, id).with("category_id", name).in_categories(&[name]), "added", value)
    };
    let all = |value: &'static str| (1..=ROWS).map(move |id| item(id, value));
    let too_much = || SourceError::Unreachable { message: "504".to_owned(), attempts: 4, overloaded: true };
    let parts = |value: &'static str, answers: bool| {
        let on = |name: &'static str| all(value).filter(move |it| it.item.categories().contains(name)).collect();
        let source = ScriptedSource::new().categories(Movies, Ok(shelves())).answer(Movies, Answer::Error(too_much()));
        let source = source.answer_within(Movies, "1", Answer::Items(on("1"), Completeness::default()));
        let silent = Answer::Error(SourceError::Unreachable { message: "500".into(), attempts: 4, overloaded: false });
        let second = if answers { Answer::Items(on("2"), Completeness::default()) } else { silent };
        source.answer_within(Movies, "2", second)
    };
    let whole = ScriptedSource::new().categories(Movies, Ok(shelves())).lists(Movies, all("1"));
    bench.sync(&whole, &only(Movies)).await;
    bench.sync(&parts("1", true), &only(Movies)).await;
    let mut seen = Vec::new();
    for (value, answers) in [("2", true), ("3", false), ("4", true), ("5", true)] {
        let report = bench.sync(&parts(value, answers), &only(Movies)).await;
        seen.push((report.kind(Movies).counts.refreshed, standing(&bench, Movies, "added").await));
    }
    let met = Some(Standing::Compared { met: 1 });
    let volatile = Some(Standing::Volatile { looked_at: NOW });
    assert_eq!(seen, [(40, met), (20, met), (40, volatile), (0, volatile)]);
}
