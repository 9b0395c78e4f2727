//! One kind fails. The other kinds are applied, and the failed kind is unchanged.

use sync_tests::{Action, Behaviour, Kind, Step};

use crate::scene::{HOME, Scene};

/// Syncs after an eventful step with this behaviour of the movies' listing, and once more without it.
#[track_caller]
fn movies_fail(seed: u64, behaviour: Behaviour, code: &str, attempts: usize) {
    let scene = Scene::synced(seed);
    let before = scene.cache().content_of(HOME, Kind::Movies);
    let expected = scene.panel.advance(&Step { updated_percent: 5.0, ..Step::ordinary() });
    scene.panel.forget_requests();
    scene.panel.on(Action::VodStreams, behaviour);
    let report = scene.sync(&[]).exits(3).report();
    assert_eq!((report.status(), report.outcomes()), ("partial", ["completed", "failed", "completed"]));
    assert_eq!(report.error_code(Kind::Movies), Some(code));
    assert_eq!(report.0["errors"].as_array().unwrap().len(), 1, "{report:?}");
    assert_eq!(scene.panel.request_count(Action::VodStreams), attempts);
    for kind in [Kind::Channels, Kind::Series] {
        assert_eq!(report.counts(kind), scene.counts(&expected, kind), "{kind}");
        scene.assert_true_of(kind);
    }
    assert_eq!(scene.cache().content_of(HOME, Kind::Movies), before);
    scene.panel.behave();
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies), scene.counts(&expected, Kind::Movies));
    scene.assert_true();
}

#[test]
fn a_server_error_is_tried_four_times_and_fails_its_kind() {
    movies_fail(501, Behaviour::status(500), "panel_unreachable", 4);
}

#[test]
fn bad_json_fails_its_kind() {
    movies_fail(502, Behaviour::Body(b"Blocked".to_vec()), "not_json", 1);
}

/// Text that PHP prints between two elements has only one effect: removals are held, because an element may have been
/// lost with the text.
#[test]
fn json_that_turns_bad_in_the_middle_removes_nothing() {
    let spoil = |body: &[u8]| {
        let half = body.len() / 2;
        let end = half + body[half..].windows(3).position(|window| window == b"},{").unwrap() + 2;
        [&body[..end], b"<br />\n<b>Warning</b>: mysqli::query()", &body[end..]].concat()
    };
    let scene = Scene::synced(503);
    let before = scene.cache().rows(HOME, Kind::Movies);
    let expected = scene.panel.advance(&Step::ordinary());
    scene.panel.on(Action::VodStreams, Behaviour::edited(spoil));
    let run = scene.sync(&[]);
    let report = run.report();
    run.exits(7);
    let counts = report.counts(Kind::Movies);
    assert_eq!((counts.skipped, counts.removed, counts.held), (1, 0, expected.movies.removed.len() as u64));
    assert_eq!(counts.added, expected.movies.added.len() as u64, "every element is read");
    let after = scene.cache().rows(HOME, Kind::Movies);
    assert!(before.keys().chain(&expected.movies.added).all(|id| after.contains_key(id)));
    scene.panel.behave();
    scene.sync(&[]).exits(0);
    scene.assert_true();
}

#[test]
fn a_web_page_fails_its_kind() {
    movies_fail(504, Behaviour::html(), "html_page", 1);
}

#[test]
fn null_an_empty_body_and_an_error_object_are_no_empty_list() {
    movies_fail(505, Behaviour::Body(b"null".to_vec()), "not_a_list", 1);
    movies_fail(506, Behaviour::Body(Vec::new()), "empty_body", 1);
    movies_fail(507, Behaviour::Body(br#"{"error":"database"}"#.to_vec()), "error_object", 1);
}

#[test]
fn the_account_in_place_of_the_series_fails_the_series_only() {
    let scene = Scene::synced(508);
    let before = scene.cache().content_of(HOME, Kind::Series);
    scene.panel.advance(&Step::ordinary());
    scene.panel.on(Action::Series, Behaviour::AccountInstead);
    let report = scene.sync(&[]).exits(3).report();
    assert_eq!(report.outcomes(), ["completed", "completed", "failed"]);
    assert_eq!(report.error_code(Kind::Series), Some("account_object"));
    assert_eq!(scene.cache().content_of(HOME, Kind::Series), before);
    scene.assert_true_of(Kind::Channels);
    scene.assert_true_of(Kind::Movies);
}

#[test]
fn without_categories_the_items_come_and_none_is_removed() {
    let scene = Scene::synced(509);
    let categories = scene.cache().categories(HOME, Kind::Movies);
    let expected = scene.panel.advance(&Step { added_percent: 3.0, ..Step::ordinary() });
    let gone = &expected.movies.removed;
    assert!(!gone.is_empty());
    scene.panel.on(Action::VodCategories, Behaviour::status(503));
    let report = scene.sync(&[]).exits(7).report();
    assert_eq!((report.status(), report.outcomes()), ("partial", ["completed", "held", "completed"]));
    let counts = report.counts(Kind::Movies);
    assert_eq!(counts.added, expected.movies.added.len() as u64);
    assert_eq!((counts.removed, counts.held), (0, gone.len() as u64));
    assert_eq!(scene.cache().categories(HOME, Kind::Movies), categories);
    let rows = scene.cache().rows(HOME, Kind::Movies);
    assert!(gone.iter().all(|id| rows.contains_key(id)));
    assert!(expected.movies.added.iter().all(|id| rows.contains_key(id)));
    scene.panel.behave();
    let counts = scene.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (gone.len() as u64, 0));
    scene.assert_true();
}
