//! Tests of batches, and of the place where they are decoded.

use std::ops::Range;

use futures_util::FutureExt;
use sync_core::LeftOut;

use super::*;

/// Returns movies with these ids, all written alike.
fn elements(ids: Range<i64>) -> String {
    let element = |id| format!(r#"{{"num":{id},"name":"A film","stream_id":{id},"plot":"{:0400}"}}"#, 0);
    ids.map(element).collect::<Vec<_>>().join(",")
}

/// Returns the index after a sync of them.
fn index(ids: Range<i64>) -> Arc<ListingIndex> {
    let mut decoder = Decoder::new(ContentKind::Movies, None, LIMITS);
    let mut entries = Vec::new();
    decoder.feed(format!("[{}]", elements(ids)).as_bytes(), &mut entries).unwrap();
    decoder.finish(true, &mut entries).unwrap();
    let known = entries.iter().map(|entry| match entry {
        Entry::Item(listed, Some(digest)) => (listed.item.id(), *digest),
        _ => panic!("nothing was known"),
    });
    Arc::new(ListingIndex::new(crate::wire::SCHEME, known).unwrap())
}

const LIMITS: Limits = Limits { element_bytes: 8 << 20, elements: 100_000, nesting: 64 };

const END: Part = Part::End { proved: true };

async fn fed(body: String) -> (Decoding, mpsc::Receiver<Result<ListingEvent, SourceError>>) {
    let (events, arriving) = mpsc::channel(3);
    let mut decoding = Decoding::start(ContentKind::Movies, None, &LeftOut::NONE, LIMITS, Charset::default(), events);
    assert!(decoding.feed(Part::Bytes(body.into())).await);
    assert!(decoding.feed(END).await);
    (decoding, arriving)
}

#[tokio::test]
async fn the_size_of_a_batch_is_bounded() {
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
fn the_weight_of_an_entry_is_its_memory() {
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
    decoder.finish(true, &mut entries).unwrap();
    let [small, keys, categories] = &entries[..] else { panic!("three items") };
    assert!(weight(small) < 2000, "{}", weight(small));
    assert!(weight(keys) >= 500 * 48 && weight(categories) >= 500 * 24);
}

/// Decodes a body that comes in pieces against an index. Returns its ids, the ones that were known, and whether it
/// ended in a thread.
async fn decoded(body: String, known: Arc<ListingIndex>, piece: usize) -> (Vec<i64>, usize, bool) {
    let (events, mut arriving) = mpsc::channel(3);
    let receiving = tokio::spawn(async move {
        let (mut ids, mut same) = (Vec::new(), 0);
        while let Some(Ok(ListingEvent::Batch(batch))) = arriving.recv().await {
            for entry in batch {
                same += usize::from(matches!(entry, Entry::Same(_)));
                ids.push(entry.id().0);
            }
        }
        (ids, same)
    });
    let mut decoding =
        Decoding::start(ContentKind::Movies, Some(known), &LeftOut::NONE, LIMITS, Charset::default(), events);
    let mut body = Bytes::from(body);
    while !body.is_empty() {
        assert!(decoding.feed(Part::Bytes(body.split_to(piece.min(body.len())))).await);
    }
    decoding.feed(END).await;
    let there = decoding.there.is_some();
    let outcome = decoding.outcome().await.unwrap();
    assert!(outcome.delivered && matches!(outcome.verdict, Some(Ok(_))));
    let (ids, same) = receiving.await.unwrap();
    (ids, same, there)
}

#[tokio::test]
async fn known_elements_need_no_thread_and_new_ones_do() {
    let known = index(0..3000);
    for piece in [1000, STEP, 3 * STEP, usize::MAX] {
        let body = format!("[{}]", elements(0..3000));
        let (ids, same, there) = decoded(body, Arc::clone(&known), piece).await;
        assert_eq!((ids, same, there), ((0..3000).collect(), 3000, false));
        let few = format!("[{},{},{}]", elements(0..100), elements(5000..5010), elements(100..3000));
        let (ids, same, there) = decoded(few, Arc::clone(&known), piece).await;
        assert_eq!((ids.len(), same, there), (3010, 3000, false));
        // The order is that of the listing although the rest is decoded in a thread.
        let many = format!("[{},{},{}]", elements(0..1500), elements(5000..6000), elements(1500..3000));
        let (ids, same, there) = decoded(many, Arc::clone(&known), piece.max(STEP)).await;
        assert_eq!((ids, same, there), ((0..1500).chain(5000..6000).chain(1500..3000).collect(), 3000, true));
    }
}

#[tokio::test]
async fn a_slow_receiver_holds_back_known_elements_as_well() {
    let (events, mut arriving) = mpsc::channel(3);
    let mut decoding =
        Decoding::start(ContentKind::Movies, Some(index(0..3000)), &LeftOut::NONE, LIMITS, Charset::default(), events);
    let body = Bytes::from(format!("[{}]", elements(0..3000)));
    let mut feeding = Box::pin(decoding.feed(Part::Bytes(body)));
    assert_eq!(feeding.as_mut().now_or_never(), None, "three batches wait, and no fourth");
    assert_eq!(arriving.len(), 3);
    arriving.recv().await.unwrap().unwrap();
    assert_eq!(feeding.as_mut().now_or_never(), None);
    assert_eq!(arriving.len(), 3);
    drop(arriving);
    assert!(!feeding.await, "nobody receives any more");
    assert!(decoding.outcome().await.unwrap().verdict.is_none());
}

#[tokio::test]
async fn an_error_ends_the_decoding_in_a_thread_or_not() {
    for known in [None, Some(index(0..3))] {
        let (events, _arriving) = mpsc::channel(3);
        let mut decoding =
            Decoding::start(ContentKind::Movies, known, &LeftOut::NONE, LIMITS, Charset::default(), events);
        decoding.feed(Part::Bytes(Bytes::from_static(b"<html>"))).await;
        decoding.feed(END).await;
        let verdict = decoding.outcome().await.unwrap().verdict;
        assert_eq!(verdict.unwrap().unwrap_err().what, sync_core::source::AnswerFault::Html);
    }
}

/// Elements that have come are not held back because the rest hasn't, wherever they are decoded.
#[tokio::test(start_paused = true)]
async fn entries_are_sent_in_time() {
    let body = format!("[{},{{", elements(0..3));
    let began = Instant::now();
    let (events, mut arriving) = mpsc::channel(3);
    let known = Some(index(0..3));
    let mut here = Decoding::start(ContentKind::Movies, known, &LeftOut::NONE, LIMITS, Charset::default(), events);
    assert_eq!(here.send_at(), None, "there is nothing to send");
    assert!(here.feed(Part::Bytes(body.clone().into())).await);
    assert_eq!(here.send_at(), Some(began + HOLD));
    assert!(arriving.try_recv().is_err(), "more may come");
    assert!(here.send().await);
    assert_eq!(here.send_at(), None);
    let Ok(Ok(ListingEvent::Batch(batch))) = arriving.try_recv() else { panic!("a batch") };
    assert_eq!(batch.len(), 3);
}

/// The same in a thread. A paused clock stands still as long as one works, so this one runs.
#[tokio::test]
async fn a_thread_sends_entries_in_time() {
    let (events, mut arriving) = mpsc::channel(3);
    let body = format!("[{},{{", elements(0..3));
    let mut there = Decoding::start(ContentKind::Movies, None, &LeftOut::NONE, LIMITS, Charset::default(), events);
    assert!(there.feed(Part::Bytes(body.into())).await);
    let Some(Ok(ListingEvent::Batch(batch))) = arriving.recv().await else { panic!("a batch") };
    assert_eq!(batch.len(), 3);
    assert!(there.feed(Part::Bytes("}]".into())).await);
}

#[tokio::test(start_paused = true)]
async fn a_fast_list_has_large_batches() {
    let (events, mut arriving) = mpsc::channel(1000);
    let known = Some(index(0..5000));
    let mut here = Decoding::start(ContentKind::Movies, known, &LeftOut::NONE, LIMITS, Charset::default(), events);
    assert!(here.feed(Part::Bytes(format!("[{}]", elements(0..5000)).into())).await);
    here.feed(END).await;
    let mut sizes = Vec::new();
    while let Ok(Ok(ListingEvent::Batch(batch))) = arriving.try_recv() {
        sizes.push(batch.len());
    }
    assert_eq!(sizes.iter().sum::<usize>(), 5000);
    assert!(sizes.len() < 20, "{sizes:?}");
}
