//! Facts that one run learns about a panel, and their effect on the next run.

use std::time::Duration;

use sync_core::source::{AnswerFault, Completeness, Entry, Learnt, ListingEvent};
use sync_core::testing::{Answer, ScriptedSource, category, movie};
use sync_core::{
    Category, ContentStore, Counts, FieldFacts, HoldReason, KindFacts, KindOutcome, Listed, Loss, PanelFacts,
    RunStatus, SourceError, SyncMode, SyncOptions, Warning,
};

use crate::support::{Bench, Channels, Movies, NOW, Series, counts, listed, only, panel};

const DAY: Duration = Duration::from_secs(86_400);

fn unusable(fault: AnswerFault) -> SourceError {
    SourceError::Unusable { fault, message: "as scripted".to_owned() }
}

fn unreachable(overloaded: bool) -> SourceError {
    SourceError::Unreachable { message: "504".to_owned(), attempts: 4, overloaded }
}

/// Returns the facts about the panel, without those about fields and arrivals.
async fn facts(bench: &Bench) -> PanelFacts {
    let mut facts = bench.store.sync_state(&bench.profile).await.unwrap().facts;
    for facts in facts.kinds.values_mut() {
        (facts.fields, facts.arrivals) = (FieldFacts::default(), None);
    }
    facts
}

/// Only a complete listing of the whole kind gives a size. The next request has this size.
#[tokio::test]
async fn the_size_of_the_last_listing_is_known_to_the_next() {
    let bench = stocked().await;
    let of = |bytes| Completeness { wire_bytes: bytes, ..Completeness::default() };
    let listing = |bytes| ScriptedSource::new().answer(Movies, Answer::Items(films().collect(), of(bytes)));
    let asked =
        |source: &ScriptedSource| source.asked().into_iter().find(|asked| asked.starts_with("listing")).unwrap();
    let slow = || SourceError::TooSlow { message: "1 kB/s".to_owned() };
    for (source, expected, kept) in [
        (listing(None), "listing movies", None),
        (listing(Some(700)), "listing movies", Some(700)),
        (listing(None), "listing movies of 700 bytes", Some(700)),
        (listing(Some(900)), "listing movies of 700 bytes", Some(900)),
        (ScriptedSource::new().answer(Movies, Answer::Error(slow())), "listing movies of 900 bytes", Some(900)),
        (
            ScriptedSource::new().answer(Movies, Answer::Error(unreachable(false))),
            "listing movies of 900 bytes",
            Some(900),
        ),
    ] {
        bench.sync(&source, &only(Movies)).await;
        assert_eq!((asked(&source).as_str(), facts(&bench).await.kinds[Movies].listing_wire_bytes), (expected, kept));
    }
}

/// A listing by category would be too slow as well.
#[tokio::test]
async fn a_listing_that_is_too_slow_is_not_asked_for_again() {
    let bench = stocked().await;
    for _ in 0..3 {
        let slow = Answer::Error(SourceError::TooSlow { message: "1 kB/s".to_owned() });
        let source = by_shelf(ScriptedSource::new().answer(Movies, slow));
        let report = bench.sync(&source, &only(Movies)).await;
        let error = report.kind(Movies).error.clone().unwrap();
        assert_eq!((report.status, error.code.as_str()), (RunStatus::Failed, "too_slow"));
        let listings = source.asked().iter().filter(|asked| asked.starts_with("listing")).count();
        assert_eq!(listings, 1, "{:?}", source.asked());
    }
    assert_eq!(facts(&bench).await.kinds[Movies].overloads, 0);
}

/// A panel that answers with the account doesn't offer the kind. A run is then complete without the kind.
#[tokio::test]
async fn a_kind_that_is_not_offered_is_no_longer_asked_for() {
    let bench = Bench::new().await;
    let source = |ids| {
        ScriptedSource::new()
            .categories(Series, Err(unusable(AnswerFault::AccountObject)))
            .answer(Series, Answer::Error(unusable(AnswerFault::AccountObject)))
            .lists(Movies, listed(Movies, ids))
    };
    let report = bench.sync(&source(1..=3), &SyncOptions::default()).await;
    assert_eq!((report.status, report.kind(Series).outcome), (RunStatus::Partial, KindOutcome::Failed));
    let second = source(1..=3);
    let report = bench.sync(&second, &SyncOptions::default()).await;
    assert_eq!((report.status, report.kind(Series).outcome), (RunStatus::Completed, KindOutcome::Skipped));
    assert!(second.asked().iter().all(|asked| !asked.contains("series")), "{:?}", second.asked());
    assert!(
        report.warnings.iter().any(|warning| warning.to_string().contains("doesn't offer")),
        "{:?}",
        report.warnings
    );
    // A day later the kind is asked for again, and the panel offers it.
    bench.clock.pass(DAY);
    let report = bench.sync(&panel(1..=3), &SyncOptions::default()).await;
    assert_eq!((report.status, report.kind(Series).counts.added), (RunStatus::Completed, 3));
    assert_eq!(facts(&bench).await.kinds[Series], KindFacts::default());
}

#[tokio::test]
async fn a_kind_with_rows_is_not_offered_after_two_denials_and_its_rows_stay() {
    let bench = Bench::new().await;
    bench.sync(&panel(1..=3), &SyncOptions::default()).await;
    let account = || ScriptedSource::new().answer(Series, Answer::Error(unusable(AnswerFault::AccountObject)));
    let narrowed = SyncOptions { kinds: vec![Movies, Series], ..SyncOptions::default() };
    for outcome in [KindOutcome::Failed, KindOutcome::Failed, KindOutcome::Skipped] {
        let source = account().lists(Channels, listed(Channels, 1..=3));
        let source = source.lists(Movies, listed(Movies, 1..=3));
        assert_eq!(bench.sync(&source, &SyncOptions::default()).await.kind(Series).outcome, outcome);
        assert_eq!(bench.ids(Series), [1, 2, 3]);
    }
    let source = account().lists(Movies, listed(Movies, 1..=3));
    let report = bench.sync(&source, &narrowed).await;
    assert_eq!(report.kind(Series).outcome, KindOutcome::Failed, "who names a kind has it asked for");
}

/// Returns the errors that say that a panel doesn't offer a kind.
fn denials() -> [SourceError; 3] {
    [AnswerFault::AccountObject, AnswerFault::ErrorObject, AnswerFault::UnknownRequest].map(unusable)
}

#[tokio::test]
async fn field_26_every_denial_has_the_same_effect() {
    for (error, full) in denials().into_iter().zip([false, true, false]) {
        let options =
            SyncOptions { mode: if full { SyncMode::Full } else { SyncMode::Auto }, ..SyncOptions::default() };
        let code = error.code();
        let fault = |error: &SourceError| {
            let SourceError::Unusable { fault, .. } = error else { panic!("{error:?}") };
            unusable(*fault)
        };
        let source =
            || ScriptedSource::new().answer(Series, Answer::Error(fault(&error))).lists(Movies, listed(Movies, 1..=3));
        // The kind never had items, so one denial is enough. A full run doesn't ask more often than another run.
        let bench = Bench::new().await;
        let report = bench.sync(&source(), &options).await;
        assert_eq!(report.kind(Series).error.as_ref().unwrap().code, code);
        let report = bench.sync(&source(), &options).await;
        assert_eq!(
            (report.status, report.kind(Series).outcome),
            (RunStatus::Completed, KindOutcome::Skipped),
            "{code}"
        );
        // A day later the kind is asked for again. The same answer is no error.
        bench.clock.pass(DAY);
        let again = source();
        let report = bench.sync(&again, &options).await;
        assert!(again.asked().contains(&"listing series".to_owned()), "{code}");
        assert_eq!(
            (report.status, report.kind(Series).outcome),
            (RunStatus::Completed, KindOutcome::Skipped),
            "{code}"
        );
        assert!(
            report.warnings.iter().any(|warning| warning.to_string().contains("doesn't offer")),
            "{:?}",
            report.warnings
        );
        let quiet = source();
        bench.sync(&quiet, &options).await;
        assert!(!quiet.asked().contains(&"listing series".to_owned()), "{code}: a day begins anew");
        // A run that names the kind asks for it, and reports the error.
        let named = SyncOptions { kinds: vec![Series], ..options.clone() };
        assert_eq!(bench.sync(&source(), &named).await.kind(Series).outcome, KindOutcome::Failed, "{code}");
    }
}

/// "Only where another list of the same run was answered."
#[tokio::test]
async fn field_26_denials_of_a_panel_that_answers_nothing_dont_count() {
    for error in denials() {
        let denied = |source: ScriptedSource, kind| {
            let SourceError::Unusable { fault, .. } = error else { panic!("{error:?}") };
            source.answer(kind, Answer::Error(unusable(fault)))
        };
        let nothing = || denied(denied(denied(ScriptedSource::new(), Channels), Movies), Series);
        let bench = Bench::new().await;
        for _ in 0..3 {
            assert_eq!(bench.sync(&nothing(), &SyncOptions::default()).await.status, RunStatus::Failed);
            assert_eq!(facts(&bench).await, PanelFacts::default());
        }
        // An empty list doesn't prove that the panel is in order, and neither does a run of one kind alone.
        let empty = denied(ScriptedSource::new().lists(Movies, Vec::new()), Series);
        bench.sync(&empty, &SyncOptions::default()).await;
        bench.sync(&denied(ScriptedSource::new(), Series), &only(Series)).await;
        assert_eq!(facts(&bench).await, PanelFacts::default());
        // A kind that is answered after the denied one counts as well.
        let after = denied(ScriptedSource::new().lists(Series, listed(Series, 1..=3)), Channels);
        bench.sync(&after, &SyncOptions::default()).await;
        assert_eq!(facts(&bench).await.kinds.map(|kind| kind.not_offered), [1, 0, 0]);
    }
    // Other errors are no denials.
    for error in [unusable(AnswerFault::Status), unusable(AnswerFault::OtherObject), unreachable(false)] {
        let bench = Bench::new().await;
        let source = ScriptedSource::new().answer(Series, Answer::Error(error)).lists(Movies, listed(Movies, 1..=3));
        bench.sync(&source, &SyncOptions::default()).await;
        assert_eq!(facts(&bench).await, PanelFacts::default());
    }
}

#[tokio::test]
async fn field_26_a_kind_with_rows_takes_two_denials() {
    for error in denials() {
        let SourceError::Unusable { fault, .. } = error else { panic!("{error:?}") };
        let bench = Bench::new().await;
        bench.sync(&panel(1..=3), &SyncOptions::default()).await;
        for outcome in [KindOutcome::Failed, KindOutcome::Failed, KindOutcome::Skipped] {
            let source = ScriptedSource::new().answer(Series, Answer::Error(unusable(fault)));
            let source = source.lists(Channels, listed(Channels, 1..=3)).lists(Movies, listed(Movies, 1..=3));
            assert_eq!(bench.sync(&source, &SyncOptions::default()).await.kind(Series).outcome, outcome, "{fault:?}");
            assert_eq!(bench.ids(Series), [1, 2, 3]);
        }
    }
}

#[tokio::test]
async fn field_18_an_end_that_cant_be_read_is_kept_with_the_facts() {
    let bench = Bench::new().await;
    for end in [Some("12/11/2027"), Some("in spring"), None] {
        let account = sync_core::Account { unread_end: end.map(str::to_owned), ..sync_core::Account::active() };
        bench.sync(&panel(1..=2).account(Ok(account)), &SyncOptions::default()).await;
        assert_eq!(facts(&bench).await.account_end.as_deref(), end);
    }
}

fn in_category(id: i64, category: &str) -> Listed {
    movie(id).with("category_id", category).in_categories(&[category]).listed()
}

fn shelves() -> Vec<Category> {
    ["1", "2", "3"].map(category).to_vec()
}

/// Returns 90 movies in three categories.
fn films() -> impl Iterator<Item = Listed> {
    (1..=90).map(|id| in_category(id, ["1", "2", "3"][usize::try_from(id).unwrap() % 3]))
}

fn shelf(name: &str) -> Answer {
    let on_it = |film: &Listed| film.item.categories().contains(name);
    Answer::Items(films().filter(on_it).collect(), Completeness::default())
}

fn too_much() -> ScriptedSource {
    ScriptedSource::new().categories(Movies, Ok(shelves())).answer(Movies, Answer::Error(unreachable(true)))
}

fn by_shelf(source: ScriptedSource) -> ScriptedSource {
    ["1", "2", "3"].into_iter().fold(source, |source, name| source.answer_within(Movies, name, shelf(name)))
}

async fn stocked() -> Bench {
    let bench = Bench::new().await;
    let source = ScriptedSource::new().categories(Movies, Ok(shelves())).lists(Movies, films());
    bench.sync(&source, &only(Movies)).await;
    bench
}

/// "A listing too big for one request … after which per-category fetching is used for that kind, and
/// the whole listing is tried again once a day."
#[tokio::test]
async fn a_listing_that_is_too_much_is_fetched_by_category() {
    for error in [unreachable(true), unusable(AnswerFault::Truncated)] {
        let bench = stocked().await;
        let source = ScriptedSource::new().categories(Movies, Ok(shelves())).answer(Movies, Answer::Error(error));
        let source = by_shelf(source);
        let report = bench.sync(&source, &only(Movies)).await;
        assert_eq!(report.kind(Movies).outcome, KindOutcome::Failed, "once is bad luck");
        assert!(!source.asked().iter().any(|asked| asked.contains(" in ")));
    }
    let bench = stocked().await;
    bench.sync(&too_much(), &only(Movies)).await;
    let source = by_shelf(too_much());
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!((report.status, report.kind(Movies).counts), (RunStatus::Completed, counts(0, 0, 0, 0, 90)));
    let way = ["listing movies", "listing movies in 1", "listing movies in 2", "listing movies in 3"];
    assert_eq!(source.asked()[2..], way, "in the same run, once it has happened twice");
    // From now on the run asks by category at once.
    let source = by_shelf(too_much());
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!((report.status, &source.asked()[2..]), (RunStatus::Completed, &way.map(str::to_owned)[1..]));
    assert!(report.warnings[0].to_string().contains("category by category"), "{:?}", report.warnings);
    // A day later the whole list is asked for again, and is still too much.
    bench.clock.pass(DAY);
    let source = by_shelf(too_much());
    bench.sync(&source, &only(Movies)).await;
    assert_eq!(source.asked()[2..], way);
    // Another day later the whole list succeeds.
    bench.clock.pass(DAY);
    let source = ScriptedSource::new().categories(Movies, Ok(shelves())).lists(Movies, films());
    bench.sync(&source, &only(Movies)).await;
    assert_eq!(facts(&bench).await.kinds[Movies], KindFacts::default());
    assert_eq!(bench.ids(Movies).len(), 90);
}

/// Returns a bench on which movies are fetched by category.
async fn by_category() -> Bench {
    let bench = stocked().await;
    bench.sync(&too_much(), &only(Movies)).await;
    bench.sync(&by_shelf(too_much()), &only(Movies)).await;
    bench
}

/// "Removals only inside categories that answered completely; uncategorised items never."
#[tokio::test]
async fn by_category_only_items_of_answered_categories_can_be_missing() {
    let bench = by_category().await;
    let without = |name: &str, gone: i64| {
        let on_it = |film: &Listed| film.item.categories().contains(name) && film.item.id().0 != gone;
        Answer::Items(films().filter(on_it).collect(), Completeness::default())
    };
    // Movies 3 and 4 are missing. The category of movie 4 doesn't answer.
    let source = too_much()
        .answer_within(Movies, "1", without("1", 3))
        .answer_within(Movies, "2", Answer::Error(unreachable(false)))
        .answer_within(Movies, "3", shelf("3"));
    let report = bench.sync(&source, &only(Movies)).await;
    let record = report.kind(Movies);
    assert_eq!((report.status, record.outcome), (RunStatus::Partial, KindOutcome::Completed));
    assert_eq!(record.counts, counts(0, 0, 0, 1, 89));
    let error = record.error.as_ref().unwrap();
    assert_eq!(error.code, "panel_unreachable");
    assert!(error.message.starts_with("1 of 3 categories failed"), "{}", error.message);
    assert!(!bench.ids(Movies).contains(&3) && bench.ids(Movies).contains(&4));
    // A category that becomes empty all at once is held here as well.
    let source = too_much().answer_within(Movies, "1", without("1", 3)).answer_within(Movies, "2", shelf("2"));
    let record = bench.sync(&source, &only(Movies)).await.kind(Movies).clone();
    assert_eq!((record.counts.held, record.hold_reason), (30, Some(HoldReason::Loss(Loss::CategoryLost))));
}

#[tokio::test]
async fn by_category_items_without_a_category_stay() {
    let bench = Bench::new().await;
    let loose = movie(500).without("category_id").in_categories(&[]).listed();
    let items = films().chain([loose, in_category(501, "unknown")]);
    let source = ScriptedSource::new().categories(Movies, Ok(shelves())).lists(Movies, items);
    bench.sync(&source, &only(Movies)).await;
    for _ in 0..3 {
        bench.sync(&by_shelf(too_much()), &only(Movies)).await;
    }
    assert_eq!(bench.ids(Movies).len(), 92);
    let record = bench.sync(&by_shelf(too_much()), &only(Movies)).await.kind(Movies).clone();
    assert_eq!((record.outcome, record.counts), (KindOutcome::Unchanged, counts(0, 0, 0, 0, 92)));
}

/// An item in several categories is one item. An item that is new in any category is added.
#[tokio::test]
async fn by_category_items_are_united() {
    let bench = by_category().await;
    let both = |category: &str| {
        let film = movie(700).with("category_id", category).in_categories(&[category]).listed();
        let on_it = |film: &Listed| film.item.categories().contains(category);
        Answer::Items(films().filter(on_it).chain([film]).collect(), Completeness::default())
    };
    let source = || {
        too_much().answer_within(Movies, "1", both("1")).answer_within(Movies, "2", both("2")).answer_within(
            Movies,
            "3",
            shelf("3"),
        )
    };
    let record = bench.sync(&source(), &only(Movies)).await.kind(Movies).clone();
    assert_eq!(record.counts, counts(1, 0, 0, 0, 90));
    assert_eq!(bench.row(Movies, 700).unwrap().categories().as_slice(), ["1", "2"]);
    let record = bench.sync(&source(), &only(Movies)).await.kind(Movies).clone();
    assert_eq!(record.counts, counts(0, 0, 0, 0, 91), "and rests");
}

/// An answer that broke off and started again costs nothing of the categories before it.
#[tokio::test]
async fn by_category_a_cut_answer_starts_again_alone() {
    let bench = by_category().await;
    let entries =
        |items: Vec<Listed>| items.into_iter().map(|item| Entry::Item(Box::new(item), None)).collect::<Vec<_>>();
    let second: Vec<_> = films().filter(|film| film.item.categories().contains("2")).collect();
    let events = vec![
        ListingEvent::Batch(entries(second[..10].to_vec())),
        ListingEvent::Restarted,
        ListingEvent::Batch(entries(second)),
        ListingEvent::Complete(Completeness::default()),
    ];
    let source = too_much()
        .answer_within(Movies, "1", shelf("1"))
        .answer_within(Movies, "2", Answer::Events(events, None))
        .answer_within(Movies, "3", shelf("3"));
    let record = bench.sync(&source, &only(Movies)).await.kind(Movies).clone();
    assert_eq!((record.outcome, record.counts), (KindOutcome::Unchanged, counts(0, 0, 0, 0, 90)));
}

/// "`category_id` ignored": the run notices it, stores the fact, and removes and writes nothing.
#[tokio::test]
async fn a_panel_that_ignores_the_category_is_noticed() {
    let bench = stocked().await;
    bench.sync(&too_much(), &only(Movies)).await;
    let whole = || Answer::Items(films().take(80).collect(), Completeness::default());
    let source = too_much().answer_within(Movies, "1", whole()).answer_within(Movies, "2", whole());
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!(report.kind(Movies).error.as_ref().unwrap().code, "filter_ignored");
    assert_eq!(source.asked().len(), 4, "one look is enough: {:?}", source.asked());
    assert_eq!(bench.ids(Movies).len(), 90);
    let source = too_much();
    bench.sync(&source, &only(Movies)).await;
    assert_eq!(source.asked()[2..], ["listing movies"], "and it is not asked so again");
}

/// The first items of the answer are enough to notice it, long before the end of the list.
#[tokio::test]
async fn an_ignored_category_is_noticed_early() {
    let bench = by_category().await;
    let others = (1..=250).map(|id| Entry::Item(Box::new(in_category(id, "2")), None)).collect();
    let endless = Answer::Events(vec![ListingEvent::Batch(others)], Some(unusable(AnswerFault::Truncated)));
    let report = bench.sync(&too_much().answer_within(Movies, "1", endless), &only(Movies)).await;
    assert_eq!(report.kind(Movies).error.as_ref().unwrap().code, "filter_ignored");
    assert_eq!(facts(&bench).await.kinds[Movies].filter_ignored_at, Some(NOW));
}

/// A listing that fails for another reason is not asked for by category.
#[tokio::test]
async fn other_errors_lead_to_no_listing_by_category() {
    let bench = stocked().await;
    bench.sync(&too_much(), &only(Movies)).await;
    let source = ScriptedSource::new().categories(Movies, Ok(shelves()));
    let source = by_shelf(source.answer(Movies, Answer::Error(unusable(AnswerFault::Html))));
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!(report.kind(Movies).error.as_ref().unwrap().code, "html_page");
    assert!(!source.asked().iter().any(|asked| asked.contains(" in ")), "{:?}", source.asked());
}

/// After three categories without a connection, the others are not asked for.
#[tokio::test]
async fn by_category_a_dead_panel_is_left_alone() {
    let bench = stocked().await;
    bench.sync(&too_much(), &only(Movies)).await;
    let many: Vec<_> = (1..=9).map(|at| category(&at.to_string())).collect();
    let mut source =
        ScriptedSource::new().categories(Movies, Ok(many)).answer(Movies, Answer::Error(unreachable(true)));
    for at in 1..=9 {
        source = source.answer_within(Movies, &at.to_string(), Answer::Error(unreachable(false)));
    }
    let report = bench.sync(&source, &only(Movies)).await;
    assert_eq!((report.status, source.asked().len()), (RunStatus::Failed, 6));
    assert_eq!(bench.ids(Movies).len(), 90);
}

/// "Image addresses whose host or query rotates … from then on not compared."
#[tokio::test]
async fn images_that_rotate_are_no_longer_compared() {
    let bench = Bench::new().await;
    let images = |host: &str, year: &str| -> Vec<Listed> {
        let film = |id: i64| movie(id).with("stream_icon", &format!("http://{host}/p/{id}.jpg?t={host}"));
        (1..=20).map(|id| film(id).with("year", if id == 1 { year } else { "1990" }).listed()).collect()
    };
    bench.movies(&images("a", "1990")).await;
    for (host, refreshed) in [("b", 20), ("c", 20), ("d", 0), ("e", 0)] {
        assert_eq!(bench.movies(&images(host, "1990")).await.counts.refreshed, refreshed, "{host}");
    }
    // A really different image is written. A row that is written for another reason gets the new address as well.
    let mut listing = images("f", "1991");
    listing[4] = movie(5).with("stream_icon", "http://f/p/other.jpg").with("year", "1990").listed();
    assert_eq!(bench.movies(&listing).await.counts, counts(0, 1, 1, 0, 18));
    let icon = Movies.field("stream_icon").unwrap();
    let stored = |id| bench.row(Movies, id).unwrap().value(icon).to_owned();
    assert_eq!(stored(1), sync_core::Value::Text("http://f/p/1.jpg?t=f".into()));
    assert_eq!(stored(2), sync_core::Value::Text("http://c/p/2.jpg?t=c".into()));
    // Images are compared again once a week, also in a full run. A full dry run leaves them out.
    let full = || SyncOptions { mode: SyncMode::Full, ..only(Movies) };
    for (pass, host, refreshed) in [(0, "g", 0), (7, "h", 20), (0, "i", 0), (0, "j", 0)] {
        bench.clock.pass(pass * DAY);
        let dry = SyncOptions { dry_run: true, ..full() };
        let report = bench.sync(&ScriptedSource::new().lists(Movies, images("x", "1991")), &dry).await;
        assert_eq!(report.kind(Movies).counts.refreshed, 1, "the other image alone");
        let mut listing = images(host, "1991");
        listing[4] = movie(5).with("stream_icon", &format!("http://{host}/p/other.jpg")).with("year", "1990").listed();
        let report = bench.sync(&ScriptedSource::new().lists(Movies, listing), &full()).await;
        assert_eq!(report.kind(Movies).counts.refreshed, refreshed, "{host}");
    }
}

#[tokio::test]
async fn images_that_move_once_are_compared() {
    let bench = Bench::new().await;
    let images = |host: &str| -> Vec<Listed> {
        (1..=20).map(|id| movie(id).with("stream_icon", &format!("http://{host}/{id}.jpg")).listed()).collect()
    };
    bench.movies(&images("a")).await;
    for (host, refreshed) in [("b", 20), ("b", 0), ("c", 20), ("c", 0), ("d", 20)] {
        assert_eq!(bench.movies(&images(host)).await.counts.refreshed, refreshed, "{host}");
    }
}

/// "The user agent that the panel accepted", and the notices for a person.
#[tokio::test]
async fn facts_of_the_source_are_stored_and_its_notices_reported() {
    let bench = Bench::new().await;
    let notices = vec!["the panel redirects to another host".to_owned()];
    let learnt = Learnt {
        user_agent: Some("Player".to_owned()),
        uncompressed: true,
        notices: notices.clone(),
        ..Learnt::default()
    };
    let source = panel(1..=2).learns(learnt);
    let report = bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!(report.warnings, notices.into_iter().map(Warning::Other).collect::<Vec<_>>());
    let failed = ScriptedSource::new().account(Err(unreachable(false)));
    bench.sync(&failed, &SyncOptions::default()).await;
    let known = facts(&bench).await;
    assert_eq!(
        (known.user_agent.as_deref(), known.uncompressed, known.other_client_at),
        (Some("Player"), true, None),
        "a dead panel says nothing of it"
    );
    bench.sync(&panel(1..=2), &SyncOptions::default()).await;
    let known = facts(&bench).await;
    assert_eq!((known.user_agent, known.uncompressed), (None, false), "let in without it");
}

/// "For a profile that was let in before, at most once a day": the time of the attempt is stored.
#[tokio::test]
async fn field_04_when_another_client_was_tried_is_kept_for_a_profile_that_was_let_in() {
    let tried = || Learnt { other_client_tried: true, ..Learnt::default() };
    let dead = || ScriptedSource::new().account(Err(unreachable(false))).learns(tried());
    let bench = Bench::new().await;
    bench.sync(&dead(), &SyncOptions::default()).await;
    assert_eq!(facts(&bench).await.other_client_at, None, "it was never let in");
    bench.sync(&panel(1..=2), &SyncOptions::default()).await;
    assert_eq!(facts(&bench).await.other_client_at, None, "nothing was tried");
    bench.sync(&dead(), &SyncOptions::default()).await;
    assert_eq!(facts(&bench).await.other_client_at, Some(NOW));
    let bench = Bench::new().await;
    bench.sync(&panel(1..=2).learns(tried()), &SyncOptions::default()).await;
    assert_eq!(facts(&bench).await.other_client_at, Some(NOW), "it is let in now");
}

/// "Unattended runs wait longer after each refusal"; a good login ends the count.
#[tokio::test]
async fn refused_logins_are_counted() {
    let bench = Bench::new().await;
    let refused = || SourceError::Refused { message: "no".to_owned() };
    for (times, error) in [(1, refused()), (2, unusable(AnswerFault::Status)), (2, unreachable(false))] {
        bench.clock.pass(Duration::from_secs(10));
        bench.sync(&ScriptedSource::new().account(Err(error)), &SyncOptions::default()).await;
        let known = facts(&bench).await;
        assert_eq!((known.refusals, known.refused_at), (times, Some(NOW + 10 * i64::from(times))));
    }
    // A list that is refused after a good login fails only its kind.
    let source = panel(1..=2).answer(Movies, Answer::Error(refused()));
    bench.sync(&source, &SyncOptions::default()).await;
    assert_eq!(facts(&bench).await, PanelFacts::default());
}

/// I17: a dry run stores no facts.
#[tokio::test]
async fn a_dry_run_stores_no_facts() {
    let bench = stocked().await;
    bench.sync(&too_much(), &SyncOptions { dry_run: true, ..only(Movies) }).await;
    assert_eq!(facts(&bench).await, PanelFacts::default());
    let end = Completeness { unreadable: 1, unreadable_digest: Some(1), ..Completeness::default() };
    for _ in 0..5 {
        let source = ScriptedSource::new().answer(Movies, Answer::Items(films().take(89).collect(), end));
        let report = bench.sync(&source, &SyncOptions { dry_run: true, ..only(Movies) }).await;
        assert_eq!(report.kind(Movies).counts, Counts { held: 1, skipped: 1, ..counts(0, 0, 0, 0, 89) });
    }
}

/// Items of a category that didn't answer stay in this category.
#[tokio::test]
async fn by_category_items_stay_in_an_unanswered_category() {
    let bench = by_category().await;
    let both = |category: &str| {
        let film = movie(700).with("category_id", category).in_categories(&[category]).listed();
        let on_it = |film: &Listed| film.item.categories().contains(category);
        Answer::Items(films().filter(on_it).chain([film]).collect(), Completeness::default())
    };
    let source = || too_much().answer_within(Movies, "3", shelf("3"));
    let all = source().answer_within(Movies, "1", both("1")).answer_within(Movies, "2", both("2"));
    bench.sync(&all, &only(Movies)).await;
    let silent = || Answer::Error(unreachable(false));
    let half = source().answer_within(Movies, "1", both("1")).answer_within(Movies, "2", silent());
    let record = bench.sync(&half, &only(Movies)).await.kind(Movies).clone();
    assert_eq!(record.counts, counts(0, 0, 0, 0, 91), "nothing is updated");
    assert_eq!(bench.row(Movies, 700).unwrap().categories().as_slice(), ["1", "2"]);
    // The item is no longer in the category that answers. Whether it is still in the other one is unknown.
    let gone = source().answer_within(Movies, "1", shelf("1")).answer_within(Movies, "2", silent());
    bench.sync(&gone, &only(Movies)).await;
    assert_eq!(bench.row(Movies, 700).unwrap().categories().as_slice(), ["1", "2"]);
    // When both categories answer, the item is in neither and is removed.
    bench.sync(&by_shelf(too_much()), &only(Movies)).await;
    assert_eq!(bench.row(Movies, 700), None);
}

/// "An incomplete listing writes nothing", and neither does an incomplete listing of a category.
#[tokio::test]
async fn by_category_a_cut_answer_leaves_no_trace() {
    let bench = by_category().await;
    let entry = |item: Listed| Entry::Item(Box::new(item), None);
    let edited = movie(1).name("Edited").with("category_id", "2").in_categories(&["2"]).listed();
    let batch = || ListingEvent::Batch(vec![entry(in_category(900, "2")), entry(edited.clone())]);
    let cut = Answer::Events(vec![batch()], Some(unusable(AnswerFault::Truncated)));
    let others = || too_much().answer_within(Movies, "1", shelf("1")).answer_within(Movies, "3", shelf("3"));
    let record = bench.sync(&others().answer_within(Movies, "2", cut), &only(Movies)).await.kind(Movies).clone();
    assert_eq!(record.counts, counts(0, 0, 0, 0, 90));
    // The batches before a restart are not written either.
    let Answer::Items(items, end) = shelf("2") else { panic!("items") };
    let whole = ListingEvent::Batch(items.into_iter().map(entry).collect());
    let events = vec![batch(), ListingEvent::Restarted, whole, ListingEvent::Complete(end)];
    let source = others().answer_within(Movies, "2", Answer::Events(events, None));
    assert_eq!(bench.sync(&source, &only(Movies)).await.kind(Movies).counts, counts(0, 0, 0, 0, 90));
}

/// One answer with up to nineteen items of another category fails that category only.
#[tokio::test]
async fn by_category_a_few_foreign_items_are_no_ignored_filter() {
    for (others, ignored) in [(1, false), (19, false), (20, true)] {
        let bench = by_category().await;
        let muddle = (1..=others).map(|id| in_category(id, "1")).collect();
        let muddled = Answer::Items(muddle, Completeness::default());
        let shelved = too_much().answer_within(Movies, "1", shelf("1")).answer_within(Movies, "3", shelf("3"));
        let report = bench.sync(&shelved.answer_within(Movies, "2", muddled), &only(Movies)).await;
        let unchanged = if ignored { 0 } else { 90 };
        let status = if ignored { RunStatus::Failed } else { RunStatus::Partial };
        assert_eq!((report.status, report.kind(Movies).counts), (status, counts(0, 0, 0, 0, unchanged)), "{others}");
        assert_eq!(facts(&bench).await.kinds[Movies].filter_ignored_at.is_some(), ignored, "{others}");
    }
}

/// "When it comes back, or by consent": this includes items of a category that the panel has dropped.
#[tokio::test]
async fn by_category_consent_covers_recorded_removals() {
    let bench = Bench::new().await;
    let all = || films().chain((1001..=1300).map(|id| in_category(id, "gone")));
    let mut with_it = shelves();
    with_it.push(category("gone"));
    let source = ScriptedSource::new().categories(Movies, Ok(with_it)).lists(Movies, all());
    bench.sync(&source, &only(Movies)).await;
    let without = || ScriptedSource::new().categories(Movies, Ok(shelves()));
    bench.sync(&without().lists(Movies, films()), &only(Movies)).await;
    assert_eq!(bench.tables(Movies).await.held.len(), 300);
    for _ in 0..2 {
        bench.sync(&by_shelf(too_much()), &only(Movies)).await;
    }
    assert_eq!(bench.tables(Movies).await.held.len(), 300);
    let consent = SyncOptions { accept_removals: true, ..only(Movies) };
    assert_eq!(bench.sync(&by_shelf(too_much()), &consent).await.kind(Movies).counts.removed, 300);
}
