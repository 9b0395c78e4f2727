//! Default answers for mocks.
//!
//! mockall tries expectations in the order in which they were set. So a test sets its own first, and then calls
//! [`answer_the_rest`] or [`list_nothing_else`], which answer all other calls, any number of times. They also answer a
//! call whose own expectation is used up by `times`. A call with `never` still fails.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use crate::detect::digest::DigestScheme;
use crate::detect::index::ListingIndex;
use crate::model::Account;
use crate::ports::source::{Completeness, Learnt, Listing, ListingEvent, MockContentSource, Usage};
use crate::ports::store::{Applied, Lease, MockContentStore, MockStaging, StoredIndex, SyncState};
use crate::run::record::RunId;

/// Makes a store answer like an empty one, and ignore what is written.
pub fn answer_the_rest(store: &mut MockContentStore) {
    store.expect_ensure_profile().returning(|_| Ok(()));
    store.expect_lease().returning(|_| Ok(Lease::new(1, ())));
    store.expect_start_run().returning(|_, _, _| Ok(RunId(1)));
    store.expect_finish_run().returning(|_, _| Ok(()));
    store.expect_sync_state().returning(|_| Ok(SyncState::default()));
    store
        .expect_index()
        .returning(|_, _| Ok(StoredIndex::new(Arc::new(ListingIndex::empty(DigestScheme::FIELDS)), false, true)));
    store.expect_validator().returning(|_, _| Ok(None));
    store.expect_rows().returning(|_, _, _| Ok(Vec::new()));
    store.expect_categories().returning(|_, _| Ok(Vec::new()));
    store.expect_category_sizes().returning(|_, _, categories| Ok(vec![0; categories.len()]));
    store.expect_stage().returning(|_, _| {
        let mut staging = MockStaging::new();
        take_the_rest(&mut staging);
        Ok(Box::new(staging))
    });
    store.expect_get_content_ids().returning(|_, _| Ok(Vec::new()));
    store.expect_delete_content_by_ids().returning(|_, _, _| Ok(0));
    store.expect_clear().returning(|_| Ok(()));
    store.expect_held().returning(|_, _| Ok(Vec::new()));
}

/// Makes a staging area accept everything and keep nothing.
pub fn take_the_rest(staging: &mut MockStaging) {
    staging.expect_put().returning(|_| Ok(()));
    staging.expect_get().returning(|_| Ok(Vec::new()));
    staging.expect_reset().returning(|| Ok(()));
    staging.expect_apply().returning(|_, _| Ok(Applied::default()));
}

/// Makes a source answer like a panel with an active account, no categories and empty lists.
pub fn list_nothing_else(source: &mut MockContentSource) {
    source.expect_digest_scheme().return_const(DigestScheme::FIELDS);
    source.expect_usage().returning(Usage::default);
    source.expect_learnt().returning(Learnt::default);
    source.expect_account().returning(|| Ok(Account::active()));
    source.expect_categories().returning(|_| Ok(Vec::new()));
    source.expect_listing().returning(|_| {
        let end = ListingEvent::Complete(Completeness::default());
        Ok(Listing { events: stream::iter([Ok(end)]).boxed() })
    });
}
