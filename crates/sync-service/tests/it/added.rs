//! The names of what a run has added.

use std::sync::Arc;

use sync_core::testing::profile;
use sync_core::{ContentKind, Profile, Profiles, SyncOptions, SyncReport};
use sync_service::{Added, Login, Service, options_of};
use tokio_util::sync::CancellationToken;

use crate::syncing::{OneSource, movies, service};

const MOVIES: ContentKind = ContentKind::Movies;

/// Syncs these movies, and returns the report and what it has added.
async fn sync(service: &Service, names: &[(i64, &str)], dry_run: bool) -> (SyncReport, Added) {
    let home = service.cache().profile(&profile("home")).await.unwrap().unwrap();
    let before = service.feed_before(&home.id).await.unwrap();
    let options = SyncOptions { kinds: vec![MOVIES], dry_run, ..options_of(&home) };
    let sources = OneSource::new(movies(names));
    let report = service.sync(&home, &options, &sources, Arc::new(()), &CancellationToken::new()).await.unwrap();
    let login = Login::new(Some("ann"), Some("s3cr3t-word"));
    let added = service.added(&report, before, 2, &login).await.unwrap();
    assert_eq!((&added[ContentKind::Channels], &added[ContentKind::Series]), (&Added::default(), &Added::default()));
    (report, added[MOVIES].clone())
}

#[tokio::test]
async fn a_run_names_its_first_added_items_and_counts_the_rest() {
    let (cache, service) = service();
    cache.save_profile(&Profile::new(profile("home"))).await.unwrap();
    let one = (1, "One");
    let (first, nothing) = sync(&service, &[one], false).await;
    assert_eq!((first.kind(MOVIES).counts.added, nothing), (1, Added::default()), "a first load is not new");
    assert_eq!(sync(&service, &[one], false).await.1, Added::default());
    let four = [one, (2, "Two s3cr3t-word"), (3, "Three"), (4, "Four")];
    let planned = sync(&service, &four, true).await.1;
    assert_eq!(planned, Added::default(), "a dry run adds nothing");
    let (_, added) = sync(&service, &four, false).await;
    assert_eq!((added.names, added.total), (vec!["Two {password}".to_owned(), "Three".to_owned()], 3));
    let (_, added) = sync(&service, &[(1, "Uno"), four[1], four[2], four[3], (5, "Five")], false).await;
    assert_eq!((added.names, added.total), (vec!["Five".to_owned()], 1), "an update is not new");
}

#[tokio::test]
async fn a_profile_without_a_feed_has_no_earlier_additions() {
    let (_, service) = service();
    assert_eq!(service.feed_before(&profile("home")).await.unwrap(), None);
    let report = SyncReport::new(profile("home"));
    let added = service.added(&report, None, 5, &Login::default()).await.unwrap();
    assert!(added.values().all(|added| *added == Added::default()));
}
