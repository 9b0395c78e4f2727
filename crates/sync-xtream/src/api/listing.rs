//! A listing: attempts at an answer, which is decoded while it arrives.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use sync_core::SourceError;
use sync_core::source::{Completeness, Listing, ListingEvent, ListingRequest};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout_at;
use tracing::Instrument;

use super::decoding::{Decoding, Events, Part};
use super::endpoint::Endpoint;
use crate::http::failure::Failure;
use crate::http::panel_client::PanelClient;
use crate::http::request::{RequestOptions, RequestPermit};
use crate::http::validator;

/// The number of batches that may wait for the receiver.
const BATCHES: usize = 3;

/// Starts a listing. A slow receiver holds it back, and dropping it ends it.
pub(crate) fn start(panel: Arc<PanelClient>, request: ListingRequest) -> Listing {
    let (events, arriving) = mpsc::channel(BATCHES);
    let task = tokio::spawn(run(panel, request, events).in_current_span());
    Listing { events: Box::pin(Arriving { events: arriving, task: task.abort_handle(), over: false }) }
}

/// The receiver's end.
struct Arriving {
    events: mpsc::Receiver<Result<ListingEvent, SourceError>>,
    task: AbortHandle,
    over: bool,
}

impl Stream for Arriving {
    type Item = Result<ListingEvent, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let event = ready!(self.events.poll_recv(context))
            // A task that ends without a result was aborted, or has a defect.
            .unwrap_or_else(|| Err(SourceError::internal("the listing was stopped")));
        self.over = matches!(event, Err(_) | Ok(ListingEvent::Complete(_) | ListingEvent::Unmodified { .. }));
        Poll::Ready(Some(event))
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(panel: Arc<PanelClient>, request: ListingRequest, events: Events) {
    let last = listing(&panel, &request, &events).await;
    // If the receiver is gone, the event is not needed.
    let _ = events.send(last).await;
}

/// Sends every event of a listing except the last one, and returns the last one.
async fn listing(panel: &PanelClient, request: &ListingRequest, events: &Events) -> Result<ListingEvent, SourceError> {
    let endpoint = Endpoint::Listing(request.scope.clone());
    let permit = panel.permit().await;
    let mut attempts = panel.attempts(&endpoint);
    let mut plain = false;
    let mut condition = request
        .baseline
        .validator()
        .and_then(|validator| validator::condition(validator, panel.address(), panel.credentials()));
    loop {
        let options = RequestOptions {
            condition: condition.clone(),
            size: request.wire_bytes,
            ..panel.options(attempts.number(), plain)
        };
        let attempt = Attempt { panel, permit: &permit, endpoint: &endpoint, options };
        let (mut begun, mut delivered) = (false, false);
        let failure = match attempt.run(request, events, &mut begun, &mut delivered).await {
            Ok(end) => {
                panel.listings.ended(None);
                panel.user_agents.end_trial(true);
                return Ok(end);
            }
            Err(failure) => failure,
        };
        plain |= failure.is_damaged();
        // A listing that has begun to arrive can't become "not modified" any more.
        condition = condition.filter(|_| !begun);
        if let Err(failure) = attempts.pause(failure).await {
            panel.listings.ended(failure.like_a_filter());
            panel.user_agents.end_trial(false);
            return Err(failure.into_error(attempts.number()));
        }
        if delivered {
            // If the receiver is gone, the next attempt notices this.
            let _ = events.send(Ok(ListingEvent::Restarted)).await;
        }
    }
}

struct Attempt<'a> {
    panel: &'a PanelClient,
    permit: &'a RequestPermit,
    endpoint: &'a Endpoint,
    options: RequestOptions,
}

impl Attempt<'_> {
    async fn run(
        &self,
        request: &ListingRequest,
        events: &Events,
        begun: &mut bool,
        delivered: &mut bool,
    ) -> Result<ListingEvent, Failure> {
        let mut response = self.panel.send(self.permit, self.endpoint, &self.options).await?;
        let started_at = self.panel.clock.at(response.sent()).or(response.sent_by_date());
        if response.unmodified {
            // The end is read so that the connection is kept. A body that should not be there is not read.
            return response.piece().await.map(|_| ListingEvent::Unmodified { started_at });
        }
        *begun = true;
        let validator = response.validator.take().filter(|_| request.scope.within.is_none());
        let known = request.baseline.index().await;
        let limits = self.panel.config().limits;
        let left_out = &request.left_out;
        let mut decoding =
            Decoding::start(request.scope.kind, known, left_out, limits, response.charset, events.clone());
        let read = loop {
            let piece = {
                let mut piece = pin!(response.piece());
                loop {
                    let Some(at) = decoding.send_at() else { break piece.await };
                    match timeout_at(at, &mut piece).await {
                        Ok(piece) => break piece,
                        // Nothing more has come in time, and the receiver gets the entries so far.
                        Err(_) if decoding.send().await => {}
                        Err(_) => break Ok(None),
                    }
                }
            };
            match piece {
                Ok(piece) => {
                    let end = piece.is_none();
                    let part = piece.map_or_else(|| Part::End { proved: response.is_proved() }, Part::Bytes);
                    if !decoding.feed(part).await || end {
                        break Ok(());
                    }
                }
                Err(failure) => break Err(failure),
            }
        };
        // The size of an uncompressed answer says nothing about the size of the next, compressed one.
        let wire_bytes = (!self.options.plain).then(|| response.wire_bytes());
        // Closes the connection if the body has not ended.
        drop(response);
        let outcome = decoding.outcome().await.map_err(Failure::Permanent)?;
        *delivered = outcome.delivered;
        match (outcome.verdict, read) {
            (Some(Ok(end)), Ok(())) => {
                if let Some(validator) = validator {
                    // If the receiver is gone, the last event isn't needed either.
                    let _ = events.send(Ok(ListingEvent::Version(validator))).await;
                }
                Ok(ListingEvent::Complete(Completeness { started_at, wire_bytes, ..end }))
            }
            // The decoder saw this error before the connection broke.
            (Some(Err(fault)), _) => Err(self.panel.failure_of(fault)),
            (_, Err(failure)) => Err(failure),
            (None, Ok(())) => Err(Failure::Permanent(SourceError::internal("nobody receives the listing"))),
        }
    }
}
