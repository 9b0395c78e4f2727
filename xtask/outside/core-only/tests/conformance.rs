//! This program's own store under the suite that every store has to pass.

use outside_core_only::Shelf;
use sync_core::testing::conformance::Fixture;

async fn shelf() -> Fixture<Shelf> {
    let kept = Shelf::default();
    Fixture::new(move || kept.clone())
}

sync_core::content_store_conformance!(shelf);
