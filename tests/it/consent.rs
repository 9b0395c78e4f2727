//! Removals that are held until a person agrees. The consent covers these removals and no others.

use std::collections::BTreeSet;

use sync_tests::{CatalogueConfig, Kind};

use crate::scene::{HOME, Scene};

const MOVIES: &[&str] = &["--only", "movies"];
const CONSENT: &[&str] = &["--only", "movies", "--accept-removals"];

fn held(scene: &Scene) -> BTreeSet<i64> {
    scene.cache().lines("SELECT content_id FROM xtream_held_removals").iter().map(|id| id.parse().unwrap()).collect()
}

fn scene(movies: usize) -> Scene {
    let config = CatalogueConfig { seed: 901, channels: 5, movies, series: 5, items_per_category: 400 };
    let scene = Scene::of(&config);
    scene.sync(MOVIES).exits(0);
    scene
}

#[test]
fn sixty_thousand_removals_are_held_and_then_consented_to() {
    let scene = scene(62_000);
    let gone: BTreeSet<i64> = scene.ids(Kind::Movies)[..60_000].iter().copied().collect();
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 60_000));
    let run = scene.sync(MOVIES).exits(7);
    let counts = run.report().counts(Kind::Movies);
    assert_eq!((run.report().outcome(Kind::Movies), counts.held, counts.removed), ("held", 60_000, 0));
    assert_eq!(scene.cache().count("xtream_movies"), 62_000);
    assert!(held(&scene) == gone);
    let status = scene.run(&["status"]).exits(0);
    assert!(status.stdout.contains("60,000") && status.stdout.contains("--accept-removals"), "{}", status.stdout);

    // Meanwhile ten more items are removed. They are too few to need consent, and the consent doesn't cover them.
    let more = scene.ids(Kind::Movies)[100..110].to_vec();
    scene.panel.catalogue(|catalogue| more.iter().for_each(|id| drop(catalogue.remove(Kind::Movies, *id))));
    let run = scene.sync(CONSENT).exits(0);
    let counts = run.report().counts(Kind::Movies);
    assert_eq!((counts.held, counts.removed, counts.unchanged), (0, 60_010, 1990));
    scene.assert_true_of(Kind::Movies);
    assert_eq!((scene.cache().count("xtream_movies"), scene.cache().count("xtream_held_removals")), (1990, 0));
    assert_eq!(scene.cache().count("xtream_changes"), 1 + 60_010, "every removal is in the log");
    scene.cache().assert_sound();
}

#[test]
fn consent_covers_recorded_removals_and_no_others() {
    let scene = scene(1000);
    let first: BTreeSet<i64> = scene.ids(Kind::Movies)[..600].iter().copied().collect();
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 600));
    scene.sync(MOVIES).exits(7);
    assert_eq!(held(&scene), first);

    let second: BTreeSet<i64> = scene.ids(Kind::Movies)[..300].iter().copied().collect();
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 300));
    let counts = scene.sync(CONSENT).exits(7).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (600, 300));
    let kept = scene.cache().rows(HOME, Kind::Movies);
    assert!(first.iter().all(|id| !kept.contains_key(id)) && second.iter().all(|id| kept.contains_key(id)));
    assert_eq!(held(&scene), second);

    let counts = scene.sync(CONSENT).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (300, 0));
    scene.assert_true_of(Kind::Movies);
}

#[test]
fn consent_before_anything_is_recorded_covers_nothing() {
    let scene = scene(500);
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 400));
    let counts = scene.sync(CONSENT).exits(7).report().counts(Kind::Movies);
    assert_eq!((counts.removed, counts.held), (0, 400));
    assert_eq!(scene.cache().count("xtream_movies"), 500);
}

#[test]
fn an_item_that_returns_before_the_consent_stays() {
    let scene = scene(500);
    let lost = scene.panel.catalogue(|catalogue| catalogue.items(Kind::Movies)[..400].to_vec());
    scene.panel.catalogue(|catalogue| catalogue.remove_first(Kind::Movies, 400));
    scene.sync(MOVIES).exits(7);
    scene.panel.catalogue(|catalogue| {
        for item in &lost[..150] {
            catalogue.insert_at_top(Kind::Movies, item.clone());
        }
    });
    let counts = scene.sync(CONSENT).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.added, counts.removed, counts.held), (0, 250, 0));
    scene.assert_true_of(Kind::Movies);
}
