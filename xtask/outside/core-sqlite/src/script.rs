//! A source that follows a script: one listing of channels per sync.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use sync_core::source::{Completeness, Entry, Learnt, Listing, ListingEvent, ListingRequest, Usage};
use sync_core::{
    Account, Category, Channel, Content, ContentId, ContentKind, ContentSource, DigestScheme, Item, SourceError,
};

/// Plays its listings one after the other; the last one again and again.
#[derive(Debug)]
pub struct Script {
    listings: Vec<Vec<(i64, &'static str)>>,
    next: AtomicUsize,
}

impl Script {
    /// Returns a script of listings, each with the ids and names of its channels.
    pub fn new(listings: Vec<Vec<(i64, &'static str)>>) -> Self {
        Self { listings, next: AtomicUsize::new(0) }
    }
}

fn channel(id: i64, name: &str) -> Item {
    let mut channel = Channel::with_id(ContentId(id));
    channel.name = name.into();
    channel.into_item()
}

#[async_trait]
impl ContentSource for Script {
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

    async fn listing(&self, _request: ListingRequest) -> Result<Listing, SourceError> {
        let scene = self.next.fetch_add(1, Ordering::Relaxed).min(self.listings.len().saturating_sub(1));
        let channels = self.listings.get(scene).map(Vec::as_slice).unwrap_or_default();
        let entries =
            channels.iter().map(|(id, name)| Entry::Item(Box::new(channel(*id, name).into()), None)).collect();
        let events = [ListingEvent::Batch(entries), ListingEvent::Complete(Completeness::default())];
        Ok(Listing { events: stream::iter(events.map(Ok)).boxed() })
    }
}
