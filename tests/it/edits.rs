//! Single edits. The panel's dates don't change with any of them.

use sync_tests::{Changes, Item, JsonForm, Kind, Truth};

use crate::cache::differing;
use crate::scene::{HOME, Scene};

/// Edits one key of one item. Fails unless the edit is found, logged with these fields, and written to these columns
/// only.
#[track_caller]
fn an_edit_is_found(seed: u64, kind: Kind, key: &'static str, value: &str, columns: &[&str]) {
    let scene = Scene::synced(seed);
    let id = scene.ids(kind)[11];
    let before = scene.cache().rows(HOME, kind).remove(&id).unwrap();
    let expected = scene.panel.catalogue(|catalogue| catalogue.edit(kind, id, key, value));
    assert_eq!(*expected.of(kind), Changes { updated: [id].into(), ..Changes::default() });
    scene.follow(&expected);
    let after = scene.cache().rows(HOME, kind).remove(&id).unwrap();
    assert_eq!(differing(&before, &after), columns);
    let logged = scene.cache().logged_fields(kind, id);
    let mut logged: Vec<&str> = logged.split(',').collect();
    logged.sort_unstable();
    assert_eq!(logged, columns);
}

#[test]
fn an_edit_in_name_only_is_found() {
    for (seed, kind) in (301..).zip(Kind::ALL) {
        an_edit_is_found(seed, kind, "name", "Another name — ⅓ 日本", &["name"]);
    }
}

#[test]
fn an_edit_in_title_only_is_found() {
    an_edit_is_found(305, Kind::Movies, "title", "Another title", &["title"]);
    an_edit_is_found(306, Kind::Series, "title", "Another title", &["title"]);
}

#[test]
fn an_edit_in_category_id_only_is_found() {
    for (seed, kind) in (310..).zip(Kind::ALL) {
        an_edit_is_found(seed, kind, "category_id", "98765", &["category_id", "category_ids"]);
    }
}

#[test]
fn an_image_address_that_becomes_empty_is_cleared() {
    let scene = Scene::synced(320);
    for (kind, key) in [(Kind::Channels, "stream_icon"), (Kind::Movies, "stream_icon"), (Kind::Series, "cover")] {
        let rows = scene.cache().rows(HOME, kind);
        let with_image = rows.iter().find(|(_, row)| matches!(&row[key], Truth::Text(address) if address.len() > 7));
        let id = *with_image.unwrap().0;
        let expected = scene.panel.catalogue(|catalogue| catalogue.edit(kind, id, key, ""));
        assert_eq!(*expected.of(kind), Changes { refreshed: [id].into(), ..Changes::default() });
        scene.follow(&expected);
        assert_eq!(scene.cache().rows(HOME, kind)[&id][key], Truth::Null);
    }
}

#[test]
fn one_insertion_at_the_top_moves_every_number_and_updates_nothing() {
    let scene = Scene::synced(330);
    for kind in [Kind::Movies, Kind::Series] {
        let before = scene.cache().raw_rows(HOME, kind);
        let id = scene.ids(kind).into_iter().max().unwrap() + 1000;
        let item = Item::new(kind, id, "The new one").with("category_id", "1");
        let expected = scene.panel.catalogue(|catalogue| catalogue.insert_at_top(kind, item));
        assert_eq!(*expected.of(kind), Changes { added: [id].into(), ..Changes::default() });
        let report = scene.follow(&expected);
        let counts = report.counts(kind);
        assert_eq!((counts.added, counts.updated, counts.refreshed), (1, 0, 0));
        let mut after = scene.cache().raw_rows(HOME, kind);
        after.remove(&id);
        assert_eq!(after, before, "not one row of the others is written");
    }
}

#[test]
fn an_absent_key_and_an_empty_name_keep_the_stored_value() {
    let scene = Scene::synced(340);
    let id = scene.ids(Kind::Series)[3];
    let known = scene.cache().rows(HOME, Kind::Series).remove(&id).unwrap();
    for key in ["plot", "cast", "release_date"] {
        let expected = scene.panel.catalogue(|catalogue| catalogue.drop_key(Kind::Series, id, key));
        assert!(expected.is_empty());
        scene.follow(&expected);
    }
    let expected = scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Series, id, "name", ""));
    scene.follow(&expected);
    assert_eq!(scene.cache().rows(HOME, Kind::Series)[&id], known);
    // A null is not an absent key: it clears the value.
    let expected = scene.panel.catalogue(|catalogue| catalogue.edit(Kind::Series, id, "genre", JsonForm::Null));
    scene.follow(&expected);
    assert_eq!(scene.cache().rows(HOME, Kind::Series)[&id]["genre"], Truth::Null);
}
