//! This program's own store under the suite that every store has to pass.

use outside_core_only::OwnStore;
use sync_core::testing::conformance::Fixture;

async fn store() -> Fixture<OwnStore> {
    let kept = OwnStore::default();
    Fixture::new(move || kept.clone())
}

sync_core::content_store_conformance!(store);
