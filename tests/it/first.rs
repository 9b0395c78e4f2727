//! The first sync, and a second sync with nothing new.

use sync_tests::{Changes, Expected, Kind};

use crate::scene::{HOME, Scene, some_hundred};

#[test]
fn a_first_sync_loads_everything_the_panel_lists() {
    let scene = Scene::of(&some_hundred(101));
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.status(), "completed");
    assert_eq!(report.outcomes(), ["completed"; 3]);
    for kind in Kind::ALL {
        let added = scene.ids(kind).into_iter().collect();
        let mut expected = Expected::default();
        match kind {
            Kind::Channels => expected.channels = Changes { added, ..Changes::default() },
            Kind::Movies => expected.movies = Changes { added, ..Changes::default() },
            Kind::Series => expected.series = Changes { added, ..Changes::default() },
        }
        assert_eq!(report.counts(kind), scene.counts(&expected, kind), "{kind}");
        assert_eq!(report.mode(kind), "full");
    }
    scene.assert_true();
    let mut cache = scene.cache();
    // The first load is one entry per kind. A reader of the log finds the items in the tables.
    let log = cache.lines("SELECT kind||' '||change||' '||quote(content_id) FROM xtream_changes ORDER BY line");
    assert_eq!(log, ["channels loaded NULL", "movies loaded NULL", "series loaded NULL"]);
    cache.assert_sound();
}

#[test]
fn a_second_sync_of_the_same_listing_changes_nothing() {
    let scene = Scene::synced(102);
    let before = scene.cache().content(HOME);
    for more in [&[][..], &["--full"]] {
        let report = scene.sync(more).exits(0).report();
        assert_eq!((report.status(), report.outcomes()), ("completed", ["unchanged"; 3]));
        let mode = if more.is_empty() { "incremental" } else { "full" };
        for kind in Kind::ALL {
            assert_eq!(report.counts(kind), scene.counts(&Expected::default(), kind), "{kind}");
            assert_eq!(report.mode(kind), mode);
        }
        // Items, categories, digests and the change log are unchanged to the byte.
        assert_eq!(scene.cache().content(HOME), before, "{mode}");
    }
    assert_eq!(scene.cache().count("xtream_sync_runs"), 3, "the runs themselves are recorded");
}

#[test]
fn kinds_that_were_not_asked_for_are_unchanged() {
    let scene = Scene::of(&some_hundred(103));
    let report = scene.sync(&["--only", "movies"]).exits(0).report();
    assert_eq!(report.outcomes(), ["skipped", "completed", "skipped"]);
    scene.assert_true_of(Kind::Movies);
    assert_eq!(scene.cache().count("xtream_channels") + scene.cache().count("xtream_series"), 0);
    assert!(
        scene
            .panel
            .requests()
            .iter()
            .all(|request| { request.param("action").is_none_or(|action| action.contains("vod")) })
    );
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.outcomes(), ["completed", "unchanged", "completed"]);
    assert_eq!(Kind::ALL.map(|kind| report.mode(kind).to_owned()), ["full", "incremental", "full"]);
    scene.assert_true();
}

#[test]
fn one_request_at_a_time_and_seven_in_all() {
    let scene = Scene::synced(104);
    assert_eq!(scene.panel.requests().len(), 7, "the account, and categories and listing of each kind");
    assert_eq!(scene.panel.max_parallel(), 1);
}
