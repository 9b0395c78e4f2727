//! The thread that decodes the body of one attempt, so that no async thread is kept busy by it.

use std::sync::Arc;

use bytes::Bytes;
use sync_core::source::{Completeness, Entry, ListingEvent};
use sync_core::{ContentKind, ListingIndex, SourceError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::wire::{Decoder, Fault, Limits};

/// A batch is sent when it has so many entries …
const BATCH_ENTRIES: usize = 500;

/// … or stands for so many bytes.
const BATCH_BYTES: usize = 256 << 10;

/// Bytes decoded between two looks at the size of the batch.
const STEP: usize = 64 << 10;

/// Pieces of a body that may wait for the decoder. With the bounded channel of events behind it,
/// this is what holds back the network when the receiver is slow.
const PIECES: usize = 4;

/// Where the events of a listing go.
pub(crate) type Events = mpsc::Sender<Result<ListingEvent, SourceError>>;

/// A decoder at work.
pub(crate) struct Decoding {
    /// `None` is the proper end of the body; a channel closed without it is an abandoned attempt.
    pieces: mpsc::Sender<Option<Bytes>>,
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
    pub(crate) fn start(kind: ContentKind, known: Option<Arc<ListingIndex>>, limits: Limits, events: Events) -> Self {
        let (pieces, arriving) = mpsc::channel(PIECES);
        let thread = tokio::task::spawn_blocking(move || {
            let decoder = Decoder::new(kind, known, limits);
            let mut work = Work { events, batch: Vec::new(), bytes: 0, delivered: false };
            let verdict = work.run(decoder, arriving);
            Outcome { delivered: work.delivered, verdict }
        });
        Self { pieces, thread }
    }

    /// Hands over the next bytes, or the end; returns whether the decoder goes on.
    pub(crate) async fn feed(&self, piece: Option<Bytes>) -> bool {
        self.pieces.send(piece).await.is_ok()
    }

    /// Waits for what has been handed over to be decoded and delivered.
    pub(crate) async fn outcome(self) -> Result<Outcome, SourceError> {
        drop(self.pieces);
        self.thread.await.map_err(|_| SourceError::internal("the decoder failed"))
    }
}

struct Work {
    events: Events,
    batch: Vec<Entry>,
    bytes: usize,
    delivered: bool,
}

impl Work {
    fn run(
        &mut self,
        mut decoder: Decoder,
        mut arriving: mpsc::Receiver<Option<Bytes>>,
    ) -> Option<Result<Completeness, Fault>> {
        while let Some(piece) = arriving.blocking_recv()? {
            for part in piece.chunks(STEP) {
                if let Err(fault) = decoder.feed(part, &mut self.batch) {
                    return Some(Err(fault));
                }
                self.bytes += part.len();
                if self.batch.len() >= BATCH_ENTRIES || self.bytes >= BATCH_BYTES {
                    self.send()?;
                }
            }
        }
        let end = decoder.finish(&mut self.batch);
        if end.is_ok() {
            self.send()?;
        }
        Some(end)
    }

    /// Returns `None` when nobody receives any more.
    fn send(&mut self) -> Option<()> {
        self.bytes = 0;
        if self.batch.is_empty() {
            return Some(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.events.blocking_send(Ok(ListingEvent::Batch(batch))).ok()?;
        self.delivered = true;
        Some(())
    }
}
