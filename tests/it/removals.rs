//! Weak evidence removes nothing: items that seem to be gone are held, and new items are added all the same.

use sync_tests::{Action, Behaviour, Kind, Step};

use crate::scene::{HOME, Scene};

#[test]
fn an_empty_list_removes_nothing() {
    let scene = Scene::synced(601);
    let before = scene.cache().rows(HOME, Kind::Movies);
    scene.panel.on(Action::VodStreams, Behaviour::Empty);
    let run = scene.sync(&[]).exits(7);
    let report = run.report();
    assert_eq!((report.status(), report.outcomes()), ("partial", ["unchanged", "held", "unchanged"]));
    let counts = report.counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (0, before.len() as u64));
    assert!(run.stderr.contains("--accept-removals"), "{}", run.stderr);
    assert_eq!(scene.cache().rows(HOME, Kind::Movies), before);
    let held = "SELECT COUNT(*) FROM xtream_held_removals WHERE kind='movies' AND reason='empty_listing'";
    assert_eq!(scene.cache().number(held), i64::try_from(before.len()).unwrap());
    // A day later the panel is normal again, and no removal is held any more.
    scene.panel.behave();
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.outcomes(), ["unchanged"; 3]);
    assert_eq!(scene.cache().count("xtream_held_removals"), 0);
    scene.assert_true();
}

#[test]
fn empty_lists_of_everything_leave_everything() {
    let scene = Scene::synced(602);
    let before = Kind::ALL.map(|kind| scene.cache().raw_rows(HOME, kind));
    let categories = Kind::ALL.map(|kind| scene.cache().categories(HOME, kind));
    for kind in Kind::ALL {
        scene.panel.on(Action::listing(kind), Behaviour::Empty);
        scene.panel.on(Action::categories(kind), Behaviour::Empty);
    }
    for _ in 0..2 {
        let report = scene.sync(&[]).exits(7).report();
        assert_eq!(report.outcomes(), ["held"; 3]);
        assert_eq!(Kind::ALL.map(|kind| scene.cache().raw_rows(HOME, kind)), before);
        assert_eq!(Kind::ALL.map(|kind| scene.cache().categories(HOME, kind)), categories);
    }
}

#[test]
fn half_a_list_removes_nothing_and_its_new_items_are_added() {
    let scene = Scene::synced(603);
    let step = Step { added_percent: 5.0, updated_percent: 10.0, refreshed_percent: 5.0, ..Step::default() };
    let expected = scene.panel.advance(&step);
    let listed: Vec<i64> = scene.ids(Kind::Movies);
    let seen = |id: &&i64| listed[..listed.len() / 2].contains(id);
    let of_half = |ids: &std::collections::BTreeSet<i64>| ids.iter().filter(seen).count() as u64;
    scene.panel.on(Action::VodStreams, Behaviour::Half);
    let before = scene.cache().rows(HOME, Kind::Movies);
    let report = scene.sync(&[]).exits(7).report();
    assert_eq!((report.status(), report.outcome(Kind::Movies)), ("partial", "held"));
    let counts = report.counts(Kind::Movies);
    assert_eq!(counts.added, of_half(&expected.movies.added));
    assert_eq!(counts.updated, of_half(&expected.movies.updated));
    assert_eq!(counts.refreshed, of_half(&expected.movies.refreshed));
    assert!(counts.added > 0 && counts.updated > 0, "{counts:?}");
    assert_eq!((counts.removed, counts.listed()), (0, listed.len() as u64 / 2));
    let after = scene.cache().rows(HOME, Kind::Movies);
    assert!(before.keys().all(|id| after.contains_key(id)), "the rows stay");
    let truth = scene.panel.catalogue(|catalogue| catalogue.truth(Kind::Movies));
    for id in &listed[..listed.len() / 2] {
        let one = |rows: &std::collections::BTreeMap<i64, sync_tests::Row>| [(*id, rows[id].clone())].into();
        assert_eq!(sync_tests::disagreements(Kind::Movies, &one(&truth), &one(&after)), [""; 0]);
    }
    let watermark = "SELECT last_sync_movies>last_sync_series-60 FROM xtream_content_sync";
    assert_eq!(scene.cache().number(watermark), 1, "the watermark moves with what landed");
    scene.panel.behave();
    let counts = scene.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (0, 0));
    scene.assert_true();
}

#[test]
fn trailing_bytes_and_unreadable_ids_remove_nothing() {
    let scene = Scene::synced(604);
    let gone = scene.ids(Kind::Movies)[5];
    scene.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, gone));
    let trailing = Behaviour::edited(|body| [body, b"<br />Warning: mysqli"].concat());
    let unreadable = Behaviour::edited(|body| {
        let rest = body.strip_prefix(b"[").unwrap();
        [&br#"[{"num":1,"name":"?","stream_id":{"a":1}},"#[..], rest].concat()
    });
    for (behaviour, reason, skipped) in [(trailing, "trailing_bytes", 0), (unreadable, "unreadable_ids", 1)] {
        scene.panel.on(Action::VodStreams, behaviour);
        let counts = scene.sync(&[]).exits(7).report().counts(Kind::Movies);
        assert_eq!((counts.removed, counts.held, counts.skipped), (0, 1, skipped), "{reason}");
        let held = "SELECT content_id||' '||reason FROM xtream_held_removals";
        assert_eq!(scene.cache().lines(held), [format!("{gone} {reason}")]);
        assert!(scene.cache().rows(HOME, Kind::Movies).contains_key(&gone));
    }
    scene.panel.behave();
    assert_eq!(scene.sync(&[]).exits(0).report().counts(Kind::Movies).removed, 1);
    scene.assert_true();
}

#[test]
fn the_thresholds_of_the_profile_are_those_of_the_guard() {
    let scene = Scene::synced(605);
    scene.add(HOME, &scene.panel.base_url(), &["--removal-share", "1", "--removal-floor", "2"]).exits(0);
    let expected = scene.panel.advance(&Step { removed_percent: 2.0, kinds: vec![Kind::Movies], ..Step::default() });
    assert!(expected.movies.removed.len() > 2);
    let report = scene.sync(&[]).exits(7).report();
    assert_eq!(report.counts(Kind::Movies).held, expected.movies.removed.len() as u64);
    // A change of a profile keeps the settings that it doesn't name.
    scene.add(HOME, &scene.panel.base_url(), &[]).exits(0);
    scene.sync(&[]).exits(7);
    scene.add(HOME, &scene.panel.base_url(), &["--removal-share", "30", "--removal-floor", "50"]).exits(0);
    // Removals that are held already wait for evidence or consent. The new thresholds decide about further removals.
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 4));
    let counts = scene.sync(&[]).exits(7).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (4, expected.movies.removed.len() as u64));
    let report = scene.sync(&["--accept-removals"]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies).removed, expected.movies.removed.len() as u64);
    scene.assert_true();
}
