//! Reads a change set on a separate thread, so that a slow sender doesn't block other tasks.

use std::io::Read;

use sync_change_set::{Event, Limits, ReadError, SetReader};
use sync_core::change_set::{Record, SetHeader};
use tokio::sync::mpsc;

/// The number of events in a page.
const PAGE: usize = 500;

/// The size of rows, in bytes, at which a page ends earlier.
const PAGE_BYTES: usize = 1 << 20;

/// The number of pages that may wait to be taken.
const WAITING: usize = 2;

/// A change set that is being read.
pub(super) struct Incoming {
    pages: mpsc::Receiver<Result<Page, ReadError>>,
    /// The header of the set.
    pub(super) header: SetHeader,
    /// The kinds that this version doesn't know, by name.
    pub(super) skipped: Vec<String>,
}

enum Page {
    Header(SetHeader, Vec<String>),
    Events(Vec<Event>),
    /// The set was read to its end, and is complete.
    End,
}

impl Incoming {
    /// Reads the beginning of a set.
    pub(super) async fn new(input: impl Read + Send + 'static, limits: Limits) -> Result<Self, ReadError> {
        let (send, mut pages) = mpsc::channel(WAITING);
        std::thread::spawn(move || {
            if let Err(error) = read(input, limits, &send) {
                // If the receiver is gone, the error is not needed.
                let _ = send.blocking_send(Err(error));
            }
        });
        match pages.recv().await.ok_or_else(ended)?? {
            Page::Header(header, skipped) => Ok(Self { pages, header, skipped }),
            Page::Events(_) | Page::End => Err(ended()),
        }
    }

    /// Reads the next events. Returns `None` at the end of a complete set.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Event>>, ReadError> {
        match self.pages.recv().await.ok_or_else(ended)?? {
            Page::Events(events) => Ok(Some(events)),
            Page::End => Ok(None),
            Page::Header(..) => Err(ended()),
        }
    }
}

/// Returns the error for a thread that has ended before the set.
fn ended() -> ReadError {
    ReadError::Io(std::io::ErrorKind::UnexpectedEof.into())
}

fn read(input: impl Read, limits: Limits, send: &mpsc::Sender<Result<Page, ReadError>>) -> Result<(), ReadError> {
    let mut reader = SetReader::new(input, limits)?;
    let header = Page::Header(reader.header().clone(), reader.skipped_kinds().to_vec());
    if send.blocking_send(Ok(header)).is_err() {
        return Ok(());
    }
    let (mut events, mut bytes) = (Vec::new(), 0);
    loop {
        let event = reader.next()?;
        let is_end = event.is_none();
        bytes += event.as_ref().map_or(0, size);
        events.extend(event);
        if (is_end || events.len() == PAGE || bytes >= PAGE_BYTES) && !events.is_empty() {
            bytes = 0;
            let page = Page::Events(std::mem::take(&mut events));
            if send.blocking_send(Ok(page)).is_err() {
                return Ok(());
            }
        }
        if is_end {
            let _ = send.blocking_send(Ok(Page::End));
            return Ok(());
        }
    }
}

/// Returns the memory that an event takes, in bytes. Small events count with the size of the type.
fn size(event: &Event) -> usize {
    match event {
        Event::Record(Record::New(item)) => item.heap_size(),
        Event::Record(Record::Changed(row)) => row.item.heap_size(),
        Event::Record(Record::Categories(_) | Record::Order(_)) => PAGE_BYTES,
        Event::Record(Record::Gone(_)) | Event::Kind(_) | Event::End => size_of::<Event>(),
    }
}
