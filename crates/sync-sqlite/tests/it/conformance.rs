//! The conformance suite for this store.

use sync_core::testing::conformance::Fixture;
use sync_sqlite::SqliteStore;

async fn fixture() -> Fixture<SqliteStore> {
    let folder = tempfile::tempdir().unwrap();
    Fixture::new(move || SqliteStore::open(folder.path().join("cache.db")).unwrap())
}

sync_core::content_store_conformance!(fixture);
sync_core::cache_conformance!(fixture);
