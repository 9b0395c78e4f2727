//! Reading the feed, what is new, and undo.

use std::sync::Arc;

use sync_core::catalogue::View;
use sync_core::testing::{MemoryStore, profile};
use sync_core::{
    ContentId, ContentKind, PositionGone, Profile, ProfileId, Profiles, Refused, RunId, Trigger, UndoOutcome,
};
use sync_service::{ChangesRequest, FeedError, Service, Since, options_of};
use tokio_util::sync::CancellationToken;

use crate::syncing::{OneSource, movies, service};

const MOVIES: ContentKind = ContentKind::Movies;

async fn sync(service: &Service, names: &[(i64, &str)]) -> RunId {
    let home = service.cache().profile(&profile("home")).await.unwrap().unwrap();
    let sources = OneSource::new(movies(names));
    let options = sync_core::SyncOptions { kinds: vec![MOVIES], trigger: Trigger::Manual, ..options_of(&home) };
    let report = service.sync(&home, &options, &sources, Arc::new(()), &CancellationToken::new()).await.unwrap();
    report.run.unwrap()
}

/// Runs three times. The first run loads the kind. In the second run, one movie is renamed, one is removed and one is
/// added. In the third run, the renamed movie is renamed again, and the added one is removed.
async fn three_runs() -> (MemoryStore, Service, ProfileId, [RunId; 3]) {
    let (cache, service) = service();
    let home = Profile::new(profile("home"));
    cache.save_profile(&home).await.unwrap();
    let first = sync(&service, &[(1, "One"), (2, "Two"), (3, "Three")]).await;
    let second = sync(&service, &[(1, "One"), (2, "Second"), (4, "Four")]).await;
    let third = sync(&service, &[(1, "One"), (2, "Zwei")]).await;
    (cache, service, home.id, [first, second, third])
}

/// Returns the words and ids of the changes.
async fn read(service: &Service, home: &ProfileId, request: ChangesRequest) -> Vec<(&'static str, i64)> {
    let mut reader = service.changes(home, request).await.unwrap();
    let mut all = Vec::new();
    while let Some(change) = reader.next().await.unwrap() {
        all.push((change.change.as_str(), change.id.map_or(0, |id| id.0)));
    }
    all
}

#[tokio::test]
async fn the_feed_is_read_from_a_position_a_run_or_a_time_on() {
    let (_, service, home, [first, second, third]) = three_runs().await;
    let all = [("loaded", 0), ("added", 4), ("updated", 2), ("removed", 3), ("updated", 2), ("removed", 4)];
    let mut told = read(&service, &home, ChangesRequest::new(Since::Beginning)).await;
    told[1..4].sort_unstable();
    let mut expected = all;
    expected[1..4].sort_unstable();
    assert_eq!(told, expected);
    assert_eq!(read(&service, &home, ChangesRequest::new(Since::Run(first))).await.len(), 5);
    assert_eq!(read(&service, &home, ChangesRequest::new(Since::Run(second))).await, all[4..]);
    assert_eq!(read(&service, &home, ChangesRequest::new(Since::Run(third))).await, []);
    let position = Since::Position { epoch: None, sequence: 5 };
    assert_eq!(read(&service, &home, ChangesRequest::new(position)).await, all[5..]);
    let now = sync_core::Clock::now(&sync_core::testing::FixedClock::default());
    assert_eq!(read(&service, &home, ChangesRequest::new(Since::Time(now))).await, []);
    assert_eq!(read(&service, &home, ChangesRequest::new(Since::Age(60))).await.len(), 6);
    let mut others = ChangesRequest::new(Since::Beginning);
    others.kinds = vec![ContentKind::Series];
    assert_eq!(read(&service, &home, others).await, []);
}

#[tokio::test]
async fn several_changes_of_an_item_are_read_as_one() {
    let (_, service, home, [first, ..]) = three_runs().await;
    let mut request = ChangesRequest::new(Since::Run(first));
    request.collapse = true;
    let mut reader = service.changes(&home, request).await.unwrap();
    let mut told = Vec::new();
    while let Some(change) = reader.next().await.unwrap() {
        let columns = change.columns.clone().unwrap();
        let name = columns.iter().find(|column| column.column == "name").cloned();
        told.push((change.change.as_str(), change.id, name.map(|name| (name.before, name.after))));
    }
    let text = |text: &str| sync_core::Value::Text(text.into());
    assert_eq!(
        told,
        [
            ("removed", Some(ContentId(3)), Some((text("Three"), sync_core::Value::Null))),
            ("updated", Some(ContentId(2)), Some((text("Two"), text("Zwei")))),
        ]
    );
}

#[tokio::test]
async fn an_unknown_category_of_changes_is_an_error() {
    let (_, service, home, _) = three_runs().await;
    let mut request = ChangesRequest::new(Since::Beginning);
    request.category = Some("nowhere".to_owned());
    assert!(matches!(service.changes(&home, request).await, Err(FeedError::UnknownCategory)));
}

#[tokio::test]
async fn a_position_that_is_gone_is_an_error() {
    let (cache, service, home, _) = three_runs().await;
    let feed = service.cache().feed(&home).await.unwrap();
    let gone = async |epoch, sequence| match service
        .changes(&home, ChangesRequest::new(Since::Position { epoch, sequence }))
        .await
    {
        Err(FeedError::Gone { reason, feed }) => Some((reason, feed.newest)),
        _ => None,
    };
    assert_eq!(gone(Some(feed.epoch), feed.newest).await, None);
    assert_eq!(gone(None, feed.newest + 1).await, Some((PositionGone::Ahead, feed.newest)));
    assert_eq!(gone(Some(feed.epoch ^ 1), 1).await, Some((PositionGone::Epoch, feed.newest)));
    assert!(matches!(
        service.changes(&home, ChangesRequest::new(Since::Run(RunId(99)))).await,
        Err(FeedError::UnknownRun(RunId(99)))
    ));
    // A reader whose position is before a clear gets an error when it reads on.
    let mut reader = service.changes(&home, ChangesRequest::new(Since::Beginning)).await.unwrap();
    sync_core::ContentStore::clear(&cache, &home).await.unwrap();
    assert!(matches!(reader.next().await, Err(FeedError::Gone { reason: PositionGone::Epoch, .. })));
}

#[tokio::test]
async fn new_items_came_after_the_first_load_and_still_have_rows() {
    let (_, service, home, _) = three_runs().await;
    let new = async || {
        let items = service.new_items(&home, &ContentKind::ALL, 7, View::SHOWN).await.unwrap();
        items.into_iter().map(|new| (new.item.id().0, new.returned)).collect::<Vec<_>>()
    };
    assert_eq!(new().await, [], "what came is gone again");
    sync(&service, &[(1, "One"), (2, "Zwei"), (4, "Four"), (5, "Five")]).await;
    let mut found = new().await;
    found.sort_unstable();
    assert_eq!(found, [(4, true), (5, false)]);
}

#[tokio::test]
async fn an_undo_needs_the_lease_and_a_dry_one_does_not() {
    let (cache, service, home, [.., third]) = three_runs().await;
    let lease = sync_core::ContentStore::lease(&cache, &home).await.unwrap();
    assert!(matches!(service.undo(&home, None, &ContentKind::ALL, false).await, Err(sync_core::StoreError::Leased(_))));
    let UndoOutcome::Done(dry) = service.undo(&home, None, &ContentKind::ALL, true).await.unwrap() else {
        panic!("it can be undone")
    };
    assert_eq!((dry.run, dry.of), (None, third));
    drop(lease);
    let UndoOutcome::Done(done) = service.undo(&home, None, &[MOVIES], false).await.unwrap() else {
        panic!("it can be undone")
    };
    assert_eq!((done.of, done.kinds[MOVIES], dry.kinds[MOVIES]), (third, dry.kinds[MOVIES], done.kinds[MOVIES]));
    let names: Vec<_> = cache.items(&home, MOVIES).iter().map(|item| item.name().to_owned()).collect();
    assert_eq!(names, ["One", "Second", "Four"]);
    let first = service.undo(&home, Some(RunId(1)), &[MOVIES], false).await.unwrap();
    assert!(matches!(first, UndoOutcome::Refused(refusal) if refusal.refused == Refused::FirstLoad));
    // The next sync decides by the listing: a listed item is a change, and a missing one is held.
    sync(&service, &[(1, "One"), (2, "Zwei")]).await;
    let items: Vec<_> = cache.items(&home, MOVIES).iter().map(|item| item.name().to_owned()).collect();
    assert_eq!(items, ["One", "Zwei", "Four"], "Four is held");
    let held = sync_core::ContentStore::held(&cache, &home, MOVIES).await.unwrap();
    assert_eq!(held.iter().map(|held| (held.id.0, held.reason.as_str())).collect::<Vec<_>>(), [(4, "undone")]);
}
