//! Cases of the rows, categories and the change log.

use super::ReadableStore;
use super::session::{Session, added, index_of, load};
use crate::detect::merge::Change;
use crate::feed::change::LoggedChange;
use crate::model::Content as _;
use crate::model::{Category, CategoryId, ContentId, ContentKind, FieldSet, Item, Movie, PerKind};
use crate::ports::store::ScopeCommit;
use crate::testing::builders::{ItemBuilder, category, movie, staged};

/// "Writes everything at once."
pub async fn a_first_apply_is_read_back(store: &dyn ReadableStore) {
    for kind in ContentKind::ALL {
        let session = Session::start(store, kind.as_str()).await;
        let items: Vec<_> = (1..=120).map(|id| ItemBuilder::of(kind, id)).collect();
        let index = index_of(&(1..=120).collect::<Vec<_>>());
        let commit = ScopeCommit { index, first_load: true, ..session.commit(kind) };
        session.apply(items.iter().cloned().map(added).collect(), commit).await.unwrap();
        for item in items {
            let item = item.item();
            assert_eq!(session.row(kind, item.id().0).await, Some(item));
        }
        assert_eq!(store.sync_state(&session.profile).await.unwrap().rows[kind], 120);
    }
}

/// Every field of every kind is set and emptied, with difficult texts.
pub async fn values_are_read_back_as_they_were(store: &dyn ReadableStore) {
    let texts = ["5", "0", "'); DROP TABLE xtream_movies; --", "日本 \"quoted\" \\ ᴴᴰ 😀", "line\nbreak", "7.25"];
    for kind in ContentKind::ALL {
        let session = Session::start(store, kind.as_str()).await;
        let mut items = Vec::new();
        for (text, id) in texts.iter().zip((0..=i64::MAX).rev()) {
            let mut item = ItemBuilder::of(kind, id).in_categories(&["2", text, "a,b"]);
            for spec in kind.fields() {
                let set = matches!(spec.name, "extra" | "category_ids");
                item = if set { item } else { item.with(spec.name, text) };
            }
            items.push(item);
        }
        let bare: Vec<_> = kind.fields().iter().map(|spec| spec.name).filter(|name| *name == "name").collect();
        items.push(ItemBuilder::of(kind, -5).only(&bare));
        let ids: Vec<_> = items.iter().map(|item| item.clone().item().id().0).collect();
        let commit = ScopeCommit { index: index_of(&ids), first_load: true, ..session.commit(kind) };
        session.apply(items.iter().cloned().map(added).collect(), commit).await.unwrap();
        for item in items {
            let item = item.item();
            assert_eq!(session.row(kind, item.id().0).await, Some(item));
        }
    }
}

/// "Item rows keep their identity over updates", and an update leaves no second row.
pub async fn an_update_replaces_the_row(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let edited = movie(2).name("Edited").without("added").with("rating", "7.5");
    let staged = staged(edited.clone(), Change::Updated(FieldSet(2)));
    session.apply(vec![staged], session.commit(ContentKind::Movies)).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 2]);
    assert_eq!(session.row(ContentKind::Movies, 2).await, Some(edited.item()));
    assert_eq!(session.row(ContentKind::Movies, 1).await, Some(movie(1).item()));
}

/// A removal deletes the row, and each removal has one entry of the change log.
pub async fn removals_delete_rows_and_are_logged(store: &dyn ReadableStore) {
    let ids: Vec<i64> = (1..=1200).collect();
    let session = load(store, "home", &ids).await;
    let gone: Vec<_> = (2..=1200).map(ContentId).collect();
    let commit = ScopeCommit { removals: gone, index: index_of(&[1]), ..session.commit(ContentKind::Movies) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1]);
    let logged = store.changes(&session.profile, 0, 10_000).await.unwrap();
    assert_eq!(logged.iter().filter(|change| change.change == LoggedChange::Removed).count(), 1199);
}

/// The watermark is written with the rows of its listing.
pub async fn the_watermark_comes_with_the_rows(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    assert_eq!(store.sync_state(&session.profile).await.unwrap().last_sync, PerKind::all(None));
    let commit =
        ScopeCommit { watermark: 77, index: index_of(&[]), first_load: true, ..session.commit(ContentKind::Series) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(store.sync_state(&session.profile).await.unwrap().last_sync, [None, None, Some(77)]);
}

/// The first load is one entry. After it, each change is an entry with its fields.
pub async fn the_change_log_has_every_change(store: &dyn ReadableStore) {
    let session = load(store, "home", &[1, 2]).await;
    let loaded = store.changes(&session.profile, 0, 100).await.unwrap();
    assert_eq!(loaded.len(), 1);
    assert_eq!((loaded[0].id, loaded[0].change), (None, LoggedChange::Loaded));
    let mut fields = FieldSet::EMPTY;
    fields.add(Movie::KIND.field("name").unwrap());
    fields.add(Movie::KIND.field("plot").unwrap());
    let items = vec![
        added(movie(3)),
        staged(movie(1).name("x"), Change::Updated(fields)),
        staged(movie(2).with("rating", "5"), Change::Refreshed(FieldSet(1))),
    ];
    let commit = ScopeCommit { index: index_of(&[1, 2, 3]), ..session.commit(ContentKind::Movies) };
    session.apply(items, commit).await.unwrap();
    let later = store.changes(&session.profile, loaded[0].sequence, 100).await.unwrap();
    let mut told: Vec<_> = later.iter().map(|change| (change.id.map(|id| id.0), change.change)).collect();
    told.sort_by_key(|(id, _)| *id);
    assert_eq!(told, [(Some(1), LoggedChange::Updated(fields)), (Some(3), LoggedChange::Added)]);
    assert!(later.iter().all(|change| change.run == Some(session.run) && change.kind == ContentKind::Movies));
    assert!(later.is_sorted_by_key(|change| change.sequence));
    assert_eq!(store.changes(&session.profile, loaded[0].sequence, 1).await.unwrap().len(), 1, "at most the limit");
}

/// "In the panel's order", replaced as a whole.
pub async fn categories_keep_the_panels_order(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let lists = PerKind::new(vec!["9", "1", "10"], vec!["1", "9", "new"], vec![]);
    for kind in [ContentKind::Channels, ContentKind::Movies, ContentKind::Series] {
        let mut list: Vec<_> = lists[kind].iter().map(|id| category(id)).collect();
        let commit = ScopeCommit { categories: Some(list.clone()), index: index_of(&[]), ..session.commit(kind) };
        session.apply(Vec::new(), commit).await.unwrap();
        assert_eq!(store.categories(&session.profile, kind).await.unwrap(), list);
        list.clear();
    }
    let profile = session.profile.clone();
    session.end().await;
    let lease = store.lease(&profile).await.unwrap();
    let run = store.start_run(&profile, lease.fence, 5).await.unwrap();
    let session = Session { store, profile, lease, run };
    let mut list: Vec<_> = ["10", "9", "new"].map(category).to_vec();
    list[1] = Category { name: "Renamed ┃".to_owned(), ..category("9") };
    list[2].parent_id = Some(4);
    let commit = ScopeCommit { categories: Some(list.clone()), ..session.commit(ContentKind::Channels) };
    session.apply(Vec::new(), commit).await.unwrap();
    assert_eq!(store.categories(&session.profile, ContentKind::Channels).await.unwrap(), list);
    assert_eq!(store.categories(&session.profile, ContentKind::Movies).await.unwrap().len(), 3, "`None` leaves them");
    // A new name, a new parent or another order alone is a change.
    let renamed = Category { name: "Alone".to_owned(), ..list[0].clone() };
    let moved = Category { parent_id: Some(5), ..list[2].clone() };
    let mut profile = session.profile.clone();
    session.end().await;
    for list in [vec![renamed.clone(), list[1].clone(), moved.clone()], vec![list[1].clone(), renamed, moved]] {
        let lease = store.lease(&profile).await.unwrap();
        let run = store.start_run(&profile, lease.fence, 5).await.unwrap();
        let session = Session { store, profile, lease, run };
        let commit = ScopeCommit { categories: Some(list.clone()), ..session.commit(ContentKind::Channels) };
        session.apply(Vec::new(), commit).await.unwrap();
        assert_eq!(store.categories(&session.profile, ContentKind::Channels).await.unwrap(), list);
        profile = session.profile.clone();
        session.end().await;
    }
}

/// "Ids without a row are left out."
pub async fn unknown_rows_are_left_out(store: &dyn ReadableStore) {
    let ids: Vec<i64> = (1..=700).collect();
    let session = load(store, "home", &ids).await;
    let asked: Vec<_> = (500..=2000).map(ContentId).collect();
    let mut found: Vec<_> = store.rows(&session.profile, ContentKind::Movies, asked).await.unwrap();
    found.sort_by_key(Item::id);
    assert_eq!(found.len(), 201);
    assert_eq!(found[0], movie(500).item());
    assert_eq!(store.rows(&session.profile, ContentKind::Movies, Vec::new()).await.unwrap(), []);
}

/// "An item counts in every category of its set."
pub async fn categories_are_counted_by_their_sets(store: &dyn ReadableStore) {
    let session = Session::start(store, "home").await;
    let items = [
        movie(1).in_categories(&["7"]),
        movie(2).in_categories(&["7", "8"]),
        movie(3).in_categories(&["8", "77", "a\"b"]),
        movie(4).in_categories(&[]),
    ];
    let commit =
        ScopeCommit { index: index_of(&[1, 2, 3, 4]), first_load: true, ..session.commit(ContentKind::Movies) };
    session.apply(items.into_iter().map(added).collect(), commit).await.unwrap();
    let sizes = async |kind, names: &[&str]| {
        let categories = names.iter().map(|name| CategoryId((*name).to_owned())).collect();
        store.category_sizes(&session.profile, kind, categories).await.unwrap()
    };
    assert_eq!(sizes(ContentKind::Movies, &["8", "7", "77", "a\"b", "a", "9", "7"]).await, [2, 2, 1, 1, 0, 0, 2]);
    assert_eq!(sizes(ContentKind::Channels, &["8"]).await, [0]);
    assert_eq!(sizes(ContentKind::Movies, &[]).await, Vec::<u64>::new());
}
