//! Decodes the body of one attempt: where it arrives as long as that is quick, else in a thread of
//! its own, so that no async thread is kept busy by it.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use sync_core::source::{Completeness, Entry, ListingEvent};
use sync_core::{ContentId, ContentKind, FieldSet, LeftOut, ListingIndex, SourceError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::wire::charset::Charset;
use crate::wire::{Decoder, Fault, Limits};

/// A batch is sent when it has so many entries …
const BATCH_ENTRIES: usize = 500;

/// … or stands for so many bytes.
const BATCH_BYTES: usize = 256 << 10;

/// … or holds about so much memory.
const BATCH_WEIGHT: usize = 1 << 20;

/// A batch that holds more than this is sent only when no other one waits: elements of no sensible
/// size are not to pile up.
const HEAVY: usize = 4 << 20;

/// Bytes decoded between two looks at the size of the batch: some twenty microseconds of work when
/// nothing of them is new.
const STEP: usize = 64 << 10;

/// What came of a step that holds more memory than this, several dozens of new items, took long
/// enough to be worth a thread and the wake-ups of it.
const MUCH: usize = 64 << 10;

/// Pieces of a body that may wait for the thread. With the bounded channel of events behind it,
/// this is what holds back the network when the receiver is slow.
const PIECES: usize = 4;

/// Where the events of a listing go.
pub(crate) type Events = mpsc::Sender<Result<ListingEvent, SourceError>>;

/// A part of the body of an answer.
#[derive(Debug)]
pub(crate) enum Part {
    /// Some bytes of it.
    Bytes(Bytes),
    /// Its proper end.
    End {
        /// Whether the transport says that nothing is missing: by a length, by the last chunk, or by the end of
        /// what is compressed. Where the connection was merely closed, it doesn't.
        proved: bool,
    },
}

/// A decoder at work.
pub(crate) struct Decoding {
    /// The decoder, as long as it is here.
    here: Option<Box<Work>>,
    there: Option<Thread>,
}

struct Thread {
    /// A channel that is closed without [`Part::End`] is an abandoned attempt.
    pieces: mpsc::Sender<Part>,
    thread: JoinHandle<Outcome>,
}

/// How a decoder ended.
pub(crate) struct Outcome {
    /// Whether the receiver has got anything of this attempt.
    pub(crate) delivered: bool,
    /// `None` when the attempt was abandoned, by this side or by the receiver.
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
            outcome: Outcome { delivered: false, verdict: None },
        });
        if quick {
            Self { here: Some(work), there: None }
        } else {
            Self { here: None, there: Some(Thread::start(work)) }
        }
    }

    /// Takes the next bytes, or the end; returns whether the decoder goes on.
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

    /// Waits for what has been handed over to be decoded and delivered.
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
    /// How many entries of the batch have been weighed, and what they weigh.
    weighed: usize,
    weight: usize,
    outcome: Outcome,
}

/// What became of a piece.
enum Taken {
    /// It is decoded.
    Wholly,
    /// Some of it is decoded, and much of that was new; this is the rest.
    Partly(Bytes),
    /// The decoder has ended.
    Over,
}

impl Work {
    async fn run(&mut self, mut arriving: mpsc::Receiver<Part>) {
        while let Some(mut part) = arriving.recv().await {
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
            let full = self.batch.len() >= BATCH_ENTRIES || self.bytes >= BATCH_BYTES || self.weight >= BATCH_WEIGHT;
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

    /// Returns `None` when nobody receives any more.
    async fn send(&mut self) -> Option<()> {
        let heavy = self.weight >= HEAVY;
        (self.bytes, self.weighed, self.weight) = (0, 0, 0);
        if self.batch.is_empty() {
            return Some(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH_ENTRIES));
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

/// Sends an event once no other one waits; returns `None` when nobody receives any more.
async fn send_alone(events: &Events, event: Result<ListingEvent, SourceError>) -> Option<()> {
    let mut places = events.reserve_many(events.max_capacity()).await.ok()?;
    places.next()?.send(event);
    Some(())
}

/// About how many bytes an entry holds.
fn weight(entry: &Entry) -> usize {
    let Entry::Item(listed, _) = entry else { return size_of::<Entry>() };
    size_of::<Entry>() + size_of::<FieldSet>() + listed.item.heap_size()
}

#[cfg(test)]
mod tests;
