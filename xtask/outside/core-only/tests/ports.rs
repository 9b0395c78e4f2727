//! The engine between this program's own source and store, and between the core's mocks.

use std::sync::Arc;
use std::time::Duration;

use outside_core_only::{OwnStore, Wire};
use sync_core::source::{Learnt, Usage};
use sync_core::{
    Account, Channel, Clock, Content, ContentId, ContentKind, ContentSource, ContentStore, DigestScheme, Engine, Item,
    KindOutcome, MockContentSource, MockContentStore, ProfileId, RunStatus, SourceError, StoreError, SyncOptions,
    SyncReport,
};
use tokio_util::sync::CancellationToken;

/// A clock that stands still.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> i64 {
        1_700_000_000
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn channel(id: i64, name: &str) -> Item {
    let mut channel = Channel::with_id(ContentId(id));
    channel.name = name.into();
    channel.into_item()
}

fn home() -> ProfileId {
    ProfileId::new("home").expect("a profile id")
}

async fn sync(source: &Arc<impl ContentSource + 'static>, store: &Arc<impl ContentStore + 'static>) -> SyncReport {
    let engine = Engine::new(Arc::clone(source) as _, Arc::clone(store) as _, Arc::new(Noon));
    engine.run(&home(), &SyncOptions::default(), &CancellationToken::new()).await
}

#[tokio::test]
async fn an_own_store_is_synced_with_an_own_source() {
    let channels = vec![channel(1, "One"), channel(2, "Two"), channel(3, "Three")];
    let (wire, store) = (Arc::new(Wire::new(channels)), Arc::new(OwnStore::default()));
    let first = sync(&wire, &store).await;
    assert_eq!((first.status, first.counts().added), (RunStatus::Completed, 3), "{first:?}");

    assert!(sync(&wire, &store).await.counts().is_quiet());

    wire.now_serves(vec![channel(1, "One"), channel(2, "Two HD"), channel(4, "Four")]);
    let counts = sync(&wire, &store).await.counts();
    assert_eq!((counts.added, counts.updated, counts.removed, counts.unchanged), (1, 1, 1, 1));
    let rows = store.rows(&home(), ContentKind::Channels, vec![ContentId(2)]).await.expect("rows");
    assert_eq!(rows[0].name(), "Two HD");
    let ids = store.get_content_ids(&home(), ContentKind::Channels).await.expect("ids");
    assert_eq!(ids, [ContentId(1), ContentId(2), ContentId(4)]);
}

#[tokio::test]
async fn an_empty_answer_empties_nothing() {
    let (wire, store) = (Arc::new(Wire::new(vec![channel(1, "One")])), Arc::new(OwnStore::default()));
    sync(&wire, &store).await;
    wire.now_serves(Vec::new());
    let report = sync(&wire, &store).await;
    assert_eq!(report.kind(ContentKind::Channels).outcome, KindOutcome::Held);
    assert_eq!(store.get_content_ids(&home(), ContentKind::Channels).await.expect("ids"), [ContentId(1)]);
}

#[tokio::test]
async fn a_mocked_source_that_refuses_the_login_is_asked_once() {
    let mut source = MockContentSource::new();
    source.expect_digest_scheme().return_const(DigestScheme::FIELDS);
    source.expect_usage().returning(Usage::default);
    source.expect_learnt().returning(Learnt::default);
    source.expect_account().times(1).returning(|| Err(SourceError::Refused { message: "no".into() }));
    let report = sync(&Arc::new(source), &Arc::new(OwnStore::default())).await;
    assert_eq!((report.status, report.errors[0].code.as_str()), (RunStatus::Failed, "login_refused"));
}

#[tokio::test]
async fn a_mocked_source_that_fails_in_its_listings_leaves_the_store_alone() {
    let mut source = MockContentSource::new();
    source.expect_digest_scheme().return_const(DigestScheme::FIELDS);
    source.expect_usage().returning(Usage::default);
    source.expect_learnt().returning(Learnt::default);
    source.expect_account().returning(|| Ok(Account::active()));
    source.expect_categories().returning(|_| Ok(Vec::new()));
    source
        .expect_listing()
        .times(3)
        .returning(|_| Err(SourceError::Unreachable { message: "gone".into(), attempts: 4, overloaded: false }));
    let store = Arc::new(OwnStore::default());
    sync(&Arc::new(Wire::new(vec![channel(1, "One")])), &store).await;
    assert_eq!(sync(&Arc::new(source), &store).await.status, RunStatus::Failed);
    assert_eq!(store.get_content_ids(&home(), ContentKind::Channels).await.expect("ids"), [ContentId(1)]);
}

#[tokio::test]
async fn a_mocked_store_that_is_leased_keeps_the_source_unasked() {
    let mut store = MockContentStore::new();
    store.expect_ensure_profile().returning(|_| Ok(()));
    store.expect_lease().times(1).returning(|profile| Err(StoreError::Leased(profile.clone())));
    let report = sync(&Arc::new(MockContentSource::new()), &Arc::new(store)).await;
    assert_eq!((report.status, report.errors[0].code.as_str()), (RunStatus::Failed, "profile_busy"));
}

#[tokio::test]
async fn a_lease_is_exclusive_and_ends_when_dropped() {
    let store = OwnStore::default();
    store.ensure_profile(&home()).await.expect("a profile");
    let lease = store.lease(&home()).await.expect("a lease");
    assert!(matches!(store.lease(&home()).await, Err(StoreError::Leased(_))));
    let fence = lease.fence;
    drop(lease);
    assert!(store.lease(&home()).await.expect("a lease").fence > fence);
}
