//! Probes: the requests, and the number of bytes that are read.

use std::sync::Arc;

use sync_core::source::{AnswerFault, Entry, ProbeAnswer, ProbeRequest};
use sync_core::{CategoryId, ContentKind, ContentSource, Digest, LeftOut, ListingIndex, Scope, SourceError};
use sync_tests::{Action, Behaviour, Framing, ListOrder, PanelConfig};
use sync_xtream::XtreamSource;

use crate::scene::{PATIENCE, fault, large_panel, list, panel, quick, source};

const MOVIES: Scope = Scope::whole(ContentKind::Movies);

async fn ask(source: &XtreamSource, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
    tokio::time::timeout(PATIENCE, source.probe(request)).await.expect("a probe ends in time")
}

fn ids(answer: &ProbeAnswer) -> Vec<i64> {
    answer.entries.iter().map(|entry| entry.id().0).collect()
}

#[tokio::test]
async fn a_panel_that_pages_sends_the_elements_behind_the_offset() {
    for order in [ListOrder::Catalogue, ListOrder::ByName] {
        let panel = panel(PanelConfig { paging: true, order, ..PanelConfig::default() });
        let source = source(&panel.base_url(), quick());
        let behind = |offset| ask(&source, ProbeRequest::new(MOVIES, 50).behind(offset));
        let last = behind(59).await.unwrap();
        // The panel cuts the list before it sorts it.
        let expected = panel.catalogue(|catalogue| catalogue.ids(sync_tests::Kind::Movies)[59]);
        assert_eq!((ids(&last), last.end.is_some()), (vec![expected], true));
        let beyond = behind(60).await.unwrap();
        assert_eq!((beyond.entries.len(), beyond.end.is_some()), (0, true));
        assert_eq!(behind(0).await.unwrap().entries.len(), 50);
        let asked = &panel.requests()[0];
        assert_eq!(asked.param("params[offset]"), Some("59"));
        assert_eq!(asked.param("params[items_per_page]"), Some("50"));
    }
}

#[tokio::test]
async fn a_probe_reads_no_more_than_needed() {
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::Close] {
        let panel = large_panel(PanelConfig { framing, ..PanelConfig::default() });
        let source = source(&panel.base_url(), quick());
        // The panel sends nothing after these bytes, so the answer shows that they were enough.
        panel.on(Action::VodStreams, Behaviour::HangAfter(300_000));
        let answer = ask(&source, ProbeRequest::new(MOVIES, 50).behind(3999)).await.unwrap();
        assert!(answer.entries.len() > 50 && answer.end.is_none(), "{}", answer.entries.len());
        let usage = source.usage();
        assert!(usage.requests == 1 && usage.bytes < 300_000, "{usage:?}");
        // The connection and the permit are free again, so another request can be sent.
        panel.on(Action::VodStreams, Behaviour::Normal);
        assert_eq!(list(&source, ContentKind::Movies).await.unwrap().entries.len(), 4000);
    }
}

#[tokio::test]
async fn known_elements_are_recognised() {
    let panel = large_panel(PanelConfig { order: ListOrder::NewestFirst, ..PanelConfig::default() });
    let source = source(&panel.base_url(), quick());
    let listed = list(&source, ContentKind::Movies).await.unwrap().entries;
    let digests = listed.iter().map(|entry| match entry {
        Entry::Item(listed, Some(digest)) => (listed.item.id(), *digest),
        other => panic!("{other:?}"),
    });
    let mut digests: Vec<_> = digests.collect();
    digests[7].1 = Digest::from_hash(7);
    let index = Arc::new(ListingIndex::new(source.digest_scheme(), digests).unwrap());
    let request = ProbeRequest::new(MOVIES, 200).compared_with(index, LeftOut::NONE);
    let answer = ask(&source, request).await.unwrap();
    let anew: Vec<_> = answer.entries.iter().enumerate().filter(|(_, it)| !matches!(it, Entry::Same(_))).collect();
    assert_eq!(anew.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [7]);
    assert!(ids(&answer).is_sorted_by(|a, b| a > b), "the newest come first");
}

#[tokio::test]
async fn a_category_is_asked_for_to_its_end() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick());
    let categories = source.categories(ContentKind::Movies).await.unwrap();
    let within = |id: &CategoryId| Scope { kind: ContentKind::Movies, within: Some(id.clone()) };
    let mut all = 0;
    for category in &categories {
        let answer = ask(&source, ProbeRequest::new(within(&category.id), 1000)).await.unwrap();
        assert!(answer.end.is_some());
        all += answer.entries.len();
    }
    assert!((60..=120).contains(&all), "{all}");
    assert_eq!(panel.requests()[1].param("category_id"), Some(categories[0].id.0.as_str()));
    assert_eq!(panel.requests()[1].param("params[offset]"), None);
}

#[tokio::test]
async fn a_probe_is_not_repeated() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick());
    panel.on(Action::VodStreams, Behaviour::Status(500, Vec::new(), Vec::new()));
    let error = ask(&source, ProbeRequest::new(MOVIES, 50)).await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { attempts: 1, .. }), "{error:?}");
    panel.on(Action::VodStreams, Behaviour::CutAfter(5000));
    let error = ask(&source, ProbeRequest::new(MOVIES, 50)).await.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::Truncated);
    panel.on(Action::VodStreams, Behaviour::Body(b"<html></html>".to_vec()));
    let error = ask(&source, ProbeRequest::new(MOVIES, 50)).await.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::Html);
    assert_eq!(panel.requests().len(), 3);
}
