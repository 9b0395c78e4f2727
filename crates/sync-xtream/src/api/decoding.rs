//! Decodes the body of one attempt. The body is decoded by the task that receives it as long as that is quick, else in
//! a thread of its own, so that it keeps no async thread busy.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use sync_core::policy::batch::{BatchSize, HOLD};
use sync_core::source::{Completeness, Entry, ListingEvent};
use sync_core::{ContentId, ContentKind, FieldSet, LeftOut, ListingIndex, SourceError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::wire::charset::Charset;
use crate::wire::{Decoder, Fault, Limits};

/// The number of bytes of the answer after which a batch is sent.
const BATCH_BYTES: usize = 256 << 10;

/// The memory after which a batch is sent, in bytes. It is approximate.
const BATCH_WEIGHT: usize = 1 << 20;

/// The memory after which a batch is sent only if no other one waits, in bytes. Elements of unusual size must not pile
/// up.
const HEAVY: usize = 4 << 20;

/// The number of bytes that are decoded between two checks of the size of the batch. That is some twenty microseconds
/// of work if none of them is new.
const STEP: usize = 64 << 10;

/// The memory of the entries of a step, several dozens of new items, after which a thread and its wake-ups are worth
/// their cost.
const MUCH: usize = 64 << 10;

/// The number of pieces of a body that may wait for the thread. Together with the bounded channel of events, this holds
/// back the network if the receiver is slow.
const PIECES: usize = 4;

/// The channel for the events of a listing.
pub(crate) type Events = mpsc::Sender<Result<ListingEvent, SourceError>>;

/// A part of the body of an answer.
#[derive(Debug)]
pub(crate) enum Part {
    /// Some bytes of the body.
    Bytes(Bytes),
    /// The proper end of the body.
    End {
        /// Whether the transport says that nothing is missing: by a length, by the last chunk, or by the end of the
        /// compressed data. A closed connection alone proves nothing.
        proved: bool,
    },
}

/// A decoder that is working.
pub(crate) struct Decoding {
    /// The decoder, as long as it is not in a thread.
    here: Option<Box<Work>>,
    there: Option<Thread>,
}

struct Thread {
    /// The channel to the thread. If it is closed without [`Part::End`], the attempt was abandoned.
    pieces: mpsc::Sender<Part>,
    thread: JoinHandle<Outcome>,
}

/// The end of a decoder.
pub(crate) struct Outcome {
    /// Whether the receiver got anything of this attempt.
    pub(crate) delivered: bool,
    /// The result, or `None` if this side or the receiver abandoned the attempt.
    pub(crate) verdict: Option<Result<Completeness, Fault>>,
}

impl Decoding {
    pub(crate) fn start(
        kind: ContentKind,
        known: Option<Arc<ListingIndex>>,
        left_out: &LeftOut,
        limits: Limits,
        charset: Charset,
        events: Events,
    ) -> Self {
        let quick = known.is_some();
        let work = Box::new(Work {
            decoder: Decoder::leaving_out(kind, known, left_out, limits).with_charset(charset),
            events,
            batch: Vec::new(),
            bytes: 0,
            weighed: 0,
            weight: 0,
            size: BatchSize::default(),
            began: Instant::now(),
            first: None,
            outcome: Outcome { delivered: false, verdict: None },
        });
        if quick {
            Self { here: Some(work), there: None }
        } else {
            Self { here: None, there: Some(Thread::start(work)) }
        }
    }

    /// Takes the next bytes, or the end. Returns whether the decoder goes on.
    pub(crate) async fn feed(&mut self, mut part: Part) -> bool {
        if let Some(work) = &mut self.here {
            match work.take(part).await {
                Taken::Wholly => return true,
                Taken::Over => return false,
                Taken::Partly(rest) => part = Part::Bytes(rest),
            }
            self.there = self.here.take().map(Thread::start);
        }
        match &self.there {
            Some(thread) => thread.pieces.send(part).await.is_ok(),
            None => false,
        }
    }

    /// Returns when the entries that are decoded here have to be sent, if there are any. A thread keeps its own time.
    pub(crate) fn send_at(&self) -> Option<Instant> {
        self.here.as_ref().and_then(|work| work.send_at())
    }

    /// Sends what is decoded here. Returns whether somebody still receives it.
    pub(crate) async fn send(&mut self) -> bool {
        match &mut self.here {
            Some(work) => work.send().await.is_some(),
            None => true,
        }
    }

    /// Waits until everything that was handed over is decoded and delivered.
    pub(crate) async fn outcome(self) -> Result<Outcome, SourceError> {
        let failed = || SourceError::internal("the decoder failed");
        match (self.here, self.there) {
            (Some(work), _) => Ok(work.outcome),
            (None, Some(Thread { pieces, thread })) => {
                drop(pieces);
                thread.await.map_err(|_| failed())
            }
            (None, None) => Err(failed()),
        }
    }
}

impl Thread {
    fn start(mut work: Box<Work>) -> Self {
        let (pieces, arriving) = mpsc::channel(PIECES);
        let thread = tokio::task::spawn_blocking(move || {
            Handle::current().block_on(work.run(arriving));
            work.outcome
        });
        Self { pieces, thread }
    }
}

struct Work {
    decoder: Decoder,
    events: Events,
    batch: Vec<Entry>,
    bytes: usize,
    /// The number of entries of the batch that were weighed, and their weight.
    weighed: usize,
    weight: usize,
    size: BatchSize,
    /// The time at which the batch was begun, and the time at which its first entry came.
    began: Instant,
    first: Option<Instant>,
    outcome: Outcome,
}

/// The result of a piece.
enum Taken {
    /// The piece is decoded.
    Wholly,
    /// A part of the piece is decoded, and much of that was new. This is the rest.
    Partly(Bytes),
    /// The decoder has ended.
    Over,
}

impl Work {
    async fn run(&mut self, mut arriving: mpsc::Receiver<Part>) {
        loop {
            let next = match self.send_at() {
                Some(at) => timeout_at(at, arriving.recv()).await,
                None => Ok(arriving.recv().await),
            };
            let mut part = match next {
                Ok(Some(part)) => part,
                // Nothing more has come in time.
                Err(_) if self.send().await.is_some() => continue,
                Ok(None) | Err(_) => return,
            };
            loop {
                match self.take(part).await {
                    Taken::Wholly => break,
                    Taken::Partly(rest) => part = Part::Bytes(rest),
                    Taken::Over => return,
                }
            }
        }
    }

    async fn end(&mut self, proved: bool) -> Taken {
        let end = self.decoder.finish(proved, &mut self.batch);
        for at in self.decoder.places() {
            let id = |id: Option<ContentId>| id.map(|id| id.0);
            tracing::info!(
                offset = at.offset,
                before = id(at.before),
                after = id(at.after),
                "an element can't be read"
            );
        }
        self.weigh();
        if end.is_err() || self.send().await.is_some() {
            self.outcome.verdict = Some(end);
        }
        Taken::Over
    }

    async fn take(&mut self, part: Part) -> Taken {
        let mut piece = match part {
            Part::Bytes(piece) => piece,
            Part::End { proved } => return self.end(proved).await,
        };
        while !piece.is_empty() {
            let step = &piece[..STEP.min(piece.len())];
            if let Err(fault) = self.decoder.feed(step, &mut self.batch) {
                self.outcome.verdict = Some(Err(fault));
                return Taken::Over;
            }
            let (bytes, before) = (step.len(), self.weight);
            piece.advance(bytes);
            self.bytes += bytes;
            self.weigh();
            let much = self.weight - before > MUCH;
            if self.first.is_none() && !self.batch.is_empty() {
                self.first = Some(Instant::now());
            }
            let full = self.batch.len() >= self.size.entries();
            let full = full || self.bytes >= BATCH_BYTES || self.weight >= BATCH_WEIGHT;
            if full && self.send().await.is_none() {
                return Taken::Over;
            }
            if much {
                return Taken::Partly(piece);
            }
        }
        Taken::Wholly
    }

    fn weigh(&mut self) {
        self.weight += self.batch[self.weighed..].iter().map(weight).sum::<usize>();
        self.weighed = self.batch.len();
    }

    /// Returns when the batch has to be sent, if it has an entry.
    fn send_at(&self) -> Option<Instant> {
        self.first.map(|first| first + HOLD)
    }

    /// Sends the batch. Returns `None` if nobody receives any more.
    async fn send(&mut self) -> Option<()> {
        let heavy = self.weight >= HEAVY;
        (self.bytes, self.weighed, self.weight) = (0, 0, 0);
        if self.batch.is_empty() {
            return Some(());
        }
        let now = Instant::now();
        self.size = self.size.after(self.batch.len(), now.duration_since(self.began));
        (self.began, self.first) = (now, None);
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(self.size.entries()));
        let batch = Ok(ListingEvent::Batch(batch));
        if heavy {
            send_alone(&self.events, batch).await?;
        } else {
            self.events.send(batch).await.ok()?;
        }
        self.outcome.delivered = true;
        Some(())
    }
}

/// Sends an event after all others are received. Returns `None` if nobody receives any more.
async fn send_alone(events: &Events, event: Result<ListingEvent, SourceError>) -> Option<()> {
    let mut places = events.reserve_many(events.max_capacity()).await.ok()?;
    places.next()?.send(event);
    Some(())
}

/// Returns the memory of an entry in bytes. It is approximate.
fn weight(entry: &Entry) -> usize {
    let Entry::Item(listed, _) = entry else { return size_of::<Entry>() };
    size_of::<Entry>() + size_of::<FieldSet>() + listed.item.heap_size()
}

#[cfg(test)]
mod tests;
