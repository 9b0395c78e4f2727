//! What every store has to do.

use sync_core::testing::conformance::Fixture;
use sync_sqlite::SqliteStore;

#[expect(clippy::unused_async, reason = "the suite awaits it")]
async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    Fixture::new(SqliteStore::open(folder.path().join("cache.db")).unwrap(), folder)
}

sync_core::content_store_conformance!(fixture);
