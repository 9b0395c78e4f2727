//! A listing: attempts at an answer, decoded while it arrives.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use sync_core::SourceError;
use sync_core::source::{Completeness, Listing, ListingEvent, ListingRequest};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::call::Call;
use super::decoding::{Decoding, Events, Part};
use crate::http::failure::Failure;
use crate::http::panel_client::Line;
use crate::http::request::{Manner, Turn};
use crate::http::validator;

/// Batches that may wait for the receiver.
const BATCHES: usize = 3;

/// Starts a listing. What is not received holds it back, and dropping it ends it.
pub(crate) fn start(line: Arc<Line>, request: ListingRequest) -> Listing {
    let (events, arriving) = mpsc::channel(BATCHES);
    let task = tokio::spawn(run(line, request, events).in_current_span());
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
            // A task that ends without a last word was stopped from outside, or has a defect.
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

async fn run(line: Arc<Line>, request: ListingRequest, events: Events) {
    let last = listing(&line, &request, &events).await;
    // Without receiver nobody needs it.
    let _ = events.send(last).await;
}

/// Sends everything of a listing but its end, and returns that.
async fn listing(line: &Line, request: &ListingRequest, events: &Events) -> Result<ListingEvent, SourceError> {
    let call = Call::Listing(request.scope.clone());
    let turn = line.turn().await;
    let mut attempts = line.attempts(&call);
    let mut plain = false;
    let mut condition = request
        .unless
        .as_ref()
        .and_then(|unless| validator::condition(&unless.validator, line.address(), line.credentials()));
    loop {
        let manner = Manner { condition: condition.clone(), ..line.manner(attempts.number(), plain) };
        let attempt = Attempt { line, turn: &turn, call: &call, manner };
        let (mut begun, mut delivered) = (false, false);
        let failure = match attempt.run(request, events, &mut begun, &mut delivered).await {
            Ok(end) => {
                line.listings.ended(None);
                line.agents.end_trial(true);
                return Ok(end);
            }
            Err(failure) => failure,
        };
        plain |= failure.is_damaged();
        // A listing that was seen to be another one isn't unmodified after all.
        condition = condition.filter(|_| !begun);
        if let Err(failure) = attempts.pause(failure).await {
            line.listings.ended(failure.like_a_filter());
            line.agents.end_trial(false);
            return Err(failure.into_error(attempts.number()));
        }
        if delivered {
            // Without receiver the next attempt notices.
            let _ = events.send(Ok(ListingEvent::Restarted)).await;
        }
    }
}

struct Attempt<'a> {
    line: &'a Line,
    turn: &'a Turn,
    call: &'a Call,
    manner: Manner,
}

impl Attempt<'_> {
    async fn run(
        &self,
        request: &ListingRequest,
        events: &Events,
        begun: &mut bool,
        delivered: &mut bool,
    ) -> Result<ListingEvent, Failure> {
        let mut answer = self.line.send(self.turn, self.call, &self.manner).await?;
        let started_at = self.line.clock.at(answer.sent()).or(answer.sent_by_date());
        if answer.unmodified {
            // Its end, so that the connection is kept. What it may have in place of nothing isn't read.
            return answer.piece().await.map(|_| ListingEvent::Unmodified { started_at });
        }
        *begun = true;
        let validator = answer.validator.take().filter(|_| request.scope.within.is_none());
        let known = match &request.unless {
            Some(unless) => unless.known().await,
            None => request.known.clone(),
        };
        let limits = self.line.config().limits;
        let left_out = &request.left_out;
        let mut decoding = Decoding::start(request.scope.kind, known, left_out, limits, answer.charset, events.clone());
        let read = loop {
            match answer.piece().await {
                Ok(piece) => {
                    let end = piece.is_none();
                    let part = piece.map_or_else(|| Part::End { proved: answer.is_proved() }, Part::Bytes);
                    if !decoding.feed(part).await || end {
                        break Ok(());
                    }
                }
                Err(failure) => break Err(failure),
            }
        };
        // Closes the connection where the body isn't over.
        drop(answer);
        let outcome = decoding.outcome().await.map_err(Failure::Final)?;
        *delivered = outcome.delivered;
        match (outcome.verdict, read) {
            (Some(Ok(end)), Ok(())) => {
                if let Some(validator) = validator {
                    // Without receiver the end isn't needed either.
                    let _ = events.send(Ok(ListingEvent::Version(validator))).await;
                }
                Ok(ListingEvent::Complete(Completeness { started_at, ..end }))
            }
            // What the decoder saw was there before the line broke.
            (Some(Err(fault)), _) => Err(self.line.failure_of(fault)),
            (_, Err(failure)) => Err(failure),
            (None, Ok(())) => Err(Failure::Final(SourceError::internal("nobody receives the listing"))),
        }
    }
}
