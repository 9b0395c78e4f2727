//! The thread that decodes the body of one attempt, so that no async thread is kept busy by it.

use std::sync::Arc;

use bytes::Bytes;
use sync_core::source::{Completeness, Entry, ListingEvent};
use sync_core::{ContentKind, FieldSet, ListingIndex, SourceError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

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
            let mut work = Work { events, batch: Vec::new(), bytes: 0, weighed: 0, weight: 0, delivered: false };
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
    /// How many entries of the batch have been weighed, and what they weigh.
    weighed: usize,
    weight: usize,
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
                self.weigh();
                if self.batch.len() >= BATCH_ENTRIES || self.bytes >= BATCH_BYTES || self.weight >= BATCH_WEIGHT {
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

    fn weigh(&mut self) {
        self.weight += self.batch[self.weighed..].iter().map(weight).sum::<usize>();
        self.weighed = self.batch.len();
    }

    /// Returns `None` when nobody receives any more.
    fn send(&mut self) -> Option<()> {
        let heavy = self.weight >= HEAVY;
        (self.bytes, self.weighed, self.weight) = (0, 0, 0);
        if self.batch.is_empty() {
            return Some(());
        }
        let batch = Ok(ListingEvent::Batch(std::mem::take(&mut self.batch)));
        if heavy {
            Handle::current().block_on(send_alone(&self.events, batch))?;
        } else {
            self.events.blocking_send(batch).ok()?;
        }
        self.delivered = true;
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
    size_of::<Entry>() + size_of::<FieldSet>() + listed.item.held()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LIMITS: Limits = Limits { element_bytes: 8 << 20, elements: 100_000, nesting: 64 };

    async fn fed(body: String) -> (Decoding, mpsc::Receiver<Result<ListingEvent, SourceError>>) {
        let (events, arriving) = mpsc::channel(3);
        let decoding = Decoding::start(ContentKind::Movies, None, LIMITS, events);
        assert!(decoding.feed(Some(body.into())).await);
        assert!(decoding.feed(None).await);
        (decoding, arriving)
    }

    #[tokio::test]
    async fn a_batch_holds_only_so_much() {
        // Short keys without a column take several times the memory of their bytes.
        let keys: Vec<_> = (0..900).map(|key| format!(r#""{key:x}":1"#)).collect();
        let items: Vec<_> = (0..200).map(|id| format!(r#"{{"stream_id":{id},{}}}"#, keys.join(","))).collect();
        let (_decoding, mut arriving) = fed(format!("[{}]", items.join(","))).await;
        let mut found = 0;
        while let Some(Ok(ListingEvent::Batch(batch))) = arriving.recv().await {
            let held: usize = batch.iter().map(weight).sum();
            assert!(held >= batch.len() * 900 * 48 && held < 2 * BATCH_WEIGHT, "{held} bytes in one batch");
            found += batch.len();
        }
        assert_eq!(found, 200);
    }

    #[tokio::test]
    async fn heavy_batches_wait_for_each_other() {
        let plot = "x".repeat(5 << 20);
        let items: Vec<_> = (0..8).map(|id| format!(r#"{{"stream_id":{id},"plot":"{plot}"}}"#)).collect();
        let (decoding, mut arriving) = fed(format!("[{}]", items.join(","))).await;
        let mut found = 0;
        while let Some(Ok(ListingEvent::Batch(batch))) = arriving.recv().await {
            found += batch.len();
        }
        assert_eq!(found, 8);
        assert!(matches!(decoding.outcome().await.unwrap().verdict, Some(Ok(_))));

        let (events, mut arriving) = mpsc::channel(3);
        let batch = || Ok(ListingEvent::Batch(Vec::new()));
        events.send(batch()).await.unwrap();
        assert_eq!(send_alone(&events, batch()).now_or_never(), None, "one is waiting");
        arriving.recv().await.unwrap().unwrap();
        assert_eq!(send_alone(&events, batch()).now_or_never(), Some(Some(())));
        assert_eq!(arriving.len(), 1);
        drop(arriving);
        assert_eq!(send_alone(&events, batch()).now_or_never(), Some(None));
    }

    #[test]
    fn an_entry_weighs_what_it_holds() {
        let mut decoder = Decoder::new(ContentKind::Movies, None, LIMITS);
        let keys: Vec<_> = (0..500).map(|key| format!(r#""k{key}":1"#)).collect();
        let categories: Vec<_> = (0..500).map(|id| id.to_string()).collect();
        let body = format!(
            r#"[{{"stream_id":1}},{{"stream_id":2,{}}},{{"stream_id":3,"category_ids":[{}]}}]"#,
            keys.join(","),
            categories.join(",")
        );
        let mut entries = Vec::new();
        decoder.feed(body.as_bytes(), &mut entries).unwrap();
        let [small, keys, categories] = &entries[..] else { panic!("three items") };
        assert!(weight(small) < 2000, "{}", weight(small));
        assert!(weight(keys) >= 500 * 48 && weight(categories) >= 500 * 24);
    }
}
