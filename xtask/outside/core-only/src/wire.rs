//! A source of this program's own: lists in memory, in place of a panel.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use sync_core::source::{Completeness, Entry, Learnt, Listing, ListingEvent, ListingRequest, Usage};
use sync_core::{Account, Category, ContentKind, ContentSource, DigestScheme, Item, SourceError};

/// The number of items of a batch.
const BATCH: usize = 2;

/// Serves the items that it was given last.
#[derive(Debug, Default)]
pub struct Wire {
    items: Mutex<Vec<Item>>,
}

impl Wire {
    /// Returns a source of these items.
    pub fn new(items: Vec<Item>) -> Self {
        Self { items: Mutex::new(items) }
    }

    /// Serves these items from now on.
    pub fn now_serves(&self, items: Vec<Item>) {
        *self.items.lock().unwrap_or_else(PoisonError::into_inner) = items;
    }

    fn of_kind(&self, kind: ContentKind) -> Vec<Item> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().filter(|item| item.kind() == kind).cloned().collect()
    }
}

#[async_trait]
impl ContentSource for Wire {
    fn digest_scheme(&self) -> DigestScheme {
        DigestScheme::FIELDS
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn learnt(&self) -> Learnt {
        Learnt::default()
    }

    async fn account(&self) -> Result<Account, SourceError> {
        Ok(Account::active())
    }

    async fn categories(&self, _kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        Ok(Vec::new())
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        let items = self.of_kind(request.scope.kind);
        let batches = items.chunks(BATCH).map(|items| {
            let entries = items.iter().map(|item| Entry::Item(Box::new(item.clone().into()), None));
            ListingEvent::Batch(entries.collect())
        });
        let end = ListingEvent::Complete(Completeness::default());
        let events: Vec<_> = batches.chain([end]).map(Ok).collect();
        Ok(Listing { events: stream::iter(events).boxed() })
    }
}
