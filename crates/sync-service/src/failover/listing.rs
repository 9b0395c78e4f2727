//! A listing that continues at another address if the panel is gone before the first element.

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use sync_core::SourceError;
use sync_core::source::{Baseline, Listing, ListingEvent, ListingRequest};

use super::rules::is_gone_while_listing;
use super::{Failover, Moved};

type Events = BoxStream<'static, Result<ListingEvent, SourceError>>;

/// A listing under way.
pub(super) struct Moving {
    failover: Failover,
    request: ListingRequest,
    /// The place that is asked.
    at: usize,
    events: Events,
    /// Whether the receiver has got an event.
    heard: bool,
    /// Whether the receiver has elements, which would be void at another address.
    delivered: bool,
    over: bool,
}

impl Moving {
    pub(super) fn new(
        failover: Failover,
        request: ListingRequest,
        at: usize,
        begun: Result<Listing, SourceError>,
    ) -> Self {
        Self { failover, request, at, events: events(begun), heard: false, delivered: false, over: false }
    }

    /// Returns the events of the listing.
    pub(super) fn events(self) -> impl Stream<Item = Result<ListingEvent, SourceError>> + Send {
        stream::unfold(self, |mut moving| async move {
            let event = moving.next().await?;
            Some((event, moving))
        })
    }

    async fn next(&mut self) -> Option<Result<ListingEvent, SourceError>> {
        if self.over {
            return None;
        }
        loop {
            let event = self.events.next().await;
            match event {
                Some(Err(error)) if !self.delivered && is_gone_while_listing(&error) => {
                    match self.failover.0.move_on(self.at, error).await {
                        (Moved::Yes, _) => self.ask_again().await,
                        (Moved::No, error) | (Moved::Refused(error), _) => {
                            self.over = true;
                            return Some(Err(error));
                        }
                    }
                }
                event => {
                    self.heard = true;
                    self.over = !matches!(event, Some(Ok(_)));
                    match &event {
                        Some(Ok(ListingEvent::Batch(_))) => self.delivered = true,
                        Some(Ok(ListingEvent::Restarted)) => self.delivered = false,
                        _ => {}
                    }
                    return event;
                }
            }
        }
    }

    /// Asks for the listing at the address that is used now.
    async fn ask_again(&mut self) {
        self.at = self.failover.0.used();
        let heard = self.heard;
        self.request.baseline = match std::mem::take(&mut self.request.baseline) {
            // A listing that has begun to arrive can't become "not modified" any more.
            Baseline::Unless { index, .. } if heard || index.is_asked() => index.get().await.into(),
            baseline => baseline,
        };
        let begun = self.failover.0.source(self.at).listing(self.request.clone()).await;
        self.events = events(begun);
    }
}

fn events(begun: Result<Listing, SourceError>) -> Events {
    match begun {
        Ok(listing) => listing.events,
        Err(error) => stream::iter([Err(error)]).boxed(),
    }
}
