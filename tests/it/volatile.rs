//! Fields that the panel changes by itself in every item, and fields that only seemed to be such fields.

use serde_json::Value;
use sync_core::Counts;
use sync_tests::{JsonForm, Kind, Truth};

use crate::scene::{HOME, Scene};

/// Returns the counts of a kind in which this number of items was refreshed, and nothing else changed.
fn refreshed(scene: &Scene, kind: Kind, refreshed: usize) -> Counts {
    let listed = scene.ids(kind).len() as u64;
    Counts { refreshed: refreshed as u64, unchanged: listed - refreshed as u64, ..Counts::default() }
}

/// Makes the panel write the time of the answer into every series and every channel.
fn answer_at(scene: &Scene, moment: i64) {
    scene.panel.catalogue(|catalogue| {
        let now = move |_: &sync_tests::Item| Some(JsonForm::text(moment.to_string()));
        catalogue.edit_all(Kind::Series, "last_modified", now);
        catalogue.edit_all(Kind::Channels, "added", now);
    });
}

#[test]
fn field_27_times_of_the_answer_are_ignored_after_two_lists() {
    let scene = Scene::synced(501);
    let (series, channels) = (scene.ids(Kind::Series).len(), scene.ids(Kind::Channels).len());
    for (moment, written) in [(1, true), (2, true), (3, false), (4, false), (5, false)] {
        answer_at(&scene, 1_800_000_000 + moment);
        let report = scene.sync(&[]).exits(0).report();
        let all = |count: usize| if written { count } else { 0 };
        assert_eq!(report.counts(Kind::Series), refreshed(&scene, Kind::Series, all(series)), "{moment}");
        assert_eq!(report.counts(Kind::Channels), refreshed(&scene, Kind::Channels, all(channels)), "{moment}");
        assert_eq!(report.counts(Kind::Movies), refreshed(&scene, Kind::Movies, 0), "{moment}");
    }
    // `status` names the volatile fields. A comparison of the cache with the panel doesn't report them.
    let status = scene.run(&["status"]).exits(0).stdout;
    assert!(status.contains("series: not compared") && status.contains("`last_modified`"), "{status}");
    let line: Value = serde_json::from_str(&scene.run(&["status", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(line["kinds"]["channels"]["volatile"], Value::from(vec!["added"]), "{line}");
    assert_eq!(line["kinds"]["movies"].get("volatile"), None, "{line}");
    answer_at(&scene, 1_900_000_000);
    scene.run(&["check", HOME, "--panel"]).exits(0);
    let report = scene.sync(&["--full"]).exits(0).report();
    assert_eq!(report.counts(Kind::Series), refreshed(&scene, Kind::Series, 0));
    // Differences of other fields are found as before.
    let id = scene.ids(Kind::Series)[7];
    scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Series, id, "name", "Renamed"));
    answer_at(&scene, 1_900_000_001);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!((report.counts(Kind::Series).updated, report.counts(Kind::Series).refreshed), (1, 0));
    let row = &scene.cache().rows(HOME, Kind::Series)[&id];
    assert_eq!(row["last_modified"], Truth::Text("1900000001".to_owned()), "taken along");
    scene.assert_consistent();
}

#[test]
fn field_28_a_stable_play_address_is_refreshed() {
    let scene = Scene::synced(502);
    for (kind, key) in [(Kind::Movies, "direct_source"), (Kind::Channels, "custom_sid")] {
        scene.panel.catalogue(|catalogue| catalogue.edit_all(kind, key, |_| Some(JsonForm::text("at first"))));
    }
    // The list before had other values: after one comparison in which the field differs, two follow in which it
    // doesn't.
    for _ in 0..4 {
        scene.sync(&[]).exits(0);
    }
    let (movie, channel) = (scene.ids(Kind::Movies)[5], scene.ids(Kind::Channels)[5]);
    scene.panel.catalogue(|catalogue| {
        catalogue.edit(Kind::Movies, movie, "direct_source", "http://moved.example/5.mkv");
        catalogue.edit(Kind::Channels, channel, "custom_sid", "moved")
    });
    scene.run(&["check", HOME, "--panel"]).exits(3);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies), refreshed(&scene, Kind::Movies, 1));
    assert_eq!(report.counts(Kind::Channels), refreshed(&scene, Kind::Channels, 1));
    let stored = |kind, id, column: &str| scene.cache().rows(HOME, kind)[&id][column].clone();
    assert_eq!(stored(Kind::Movies, movie, "direct_source"), Truth::Text("http://moved.example/5.mkv".to_owned()));
    assert_eq!(stored(Kind::Channels, channel, "custom_sid"), Truth::Text("moved".to_owned()));
    assert_eq!(scene.cache().count("xtream_changes"), 3, "the first loads, and no event");
    scene.run(&["check", HOME, "--panel"]).exits(0);
}

/// Tokens are not compared from the first list on.
#[test]
fn field_28_tokens_are_no_reason_to_write_a_row() {
    let scene = Scene::synced(503);
    for answer in 0..5 {
        scene.panel.catalogue(|catalogue| {
            catalogue.edit_all(Kind::Movies, "direct_source", |_| Some(JsonForm::text(format!("token-{answer}"))));
            catalogue.edit_all(Kind::Movies, "play_token", |_| Some(JsonForm::text(format!("token-{answer}"))))
        });
        let report = scene.sync(&[]).exits(0).report();
        assert_eq!(report.counts(Kind::Movies), refreshed(&scene, Kind::Movies, 0), "{answer}");
    }
    let line: Value = serde_json::from_str(&scene.run(&["status", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(line["kinds"]["movies"]["volatile"], Value::from(vec!["direct_source", "extra.play_token"]));
}
