//! Entry points for benches: the wire by itself, without a panel and without a runtime.

use std::sync::Arc;

use sync_core::source::Entry;
use sync_core::{ContentKind, ListingIndex};

use crate::XtreamConfig;
use crate::wire::element::Verdict;
use crate::wire::splitter::Splitter;
use crate::wire::{Decoder, SCHEME};

/// Finds the elements of a list that arrives in pieces of this size in bytes. Returns their number.
pub fn split(body: &[u8], piece: usize) -> usize {
    let mut splitter = Splitter::new(XtreamConfig::new().limits);
    let mut count = 0;
    for part in body.chunks(piece) {
        let fed = splitter.feed(part, |_| {
            count += 1;
            Ok(Verdict::Taken)
        });
        fed.expect("a list is split");
    }
    splitter.finish(true, |_| Ok(Verdict::Taken)).expect("the list has an end");
    count
}

/// Decodes a listing that arrives in pieces of this size in bytes, and hands out the entries of each piece.
pub fn decode(
    kind: ContentKind,
    body: &[u8],
    piece: usize,
    known: Option<Arc<ListingIndex>>,
    mut show: impl FnMut(&[Entry]),
) {
    let mut decoder = Decoder::new(kind, known, XtreamConfig::new().limits);
    let mut entries = Vec::new();
    for part in body.chunks(piece) {
        decoder.feed(part, &mut entries).expect("a listing is decoded");
        show(&entries);
        entries.clear();
    }
    entries.clear();
    decoder.finish(true, &mut entries).expect("the listing has an end");
    show(&entries);
}

/// Returns the index that a store would have after a sync of a listing.
pub fn index(kind: ContentKind, body: &[u8]) -> Arc<ListingIndex> {
    let mut known = Vec::new();
    decode(kind, body, body.len(), None, |entries| {
        known.extend(entries.iter().map(|entry| match entry {
            Entry::Item(listed, Some(digest)) => (listed.item.id(), *digest),
            _ => panic!("nothing was known, and nothing is broken"),
        }));
    });
    Arc::new(ListingIndex::new(SCHEME, known).expect("no id occurs twice"))
}
