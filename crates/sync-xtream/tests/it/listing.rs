//! Listings without defects.

use sync_core::source::{Entry, ListingRequest};
use sync_core::{CategoryId, ContentKind, ContentSource, Scope};
use sync_tests::{Action, Behaviour, Encoding, Framing, PanelConfig};

use crate::scene::{Server, channels, collect, list, ok, panel, quick, source};

#[tokio::test]
async fn every_kind_is_listed_in_every_framing() {
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::Close] {
        let panel = panel(PanelConfig { framing, ..PanelConfig::default() });
        let source = source(&panel.base_url(), quick());
        for (kind, count) in ContentKind::ALL.into_iter().zip([40, 60, 30]) {
            let listed = list(&source, kind).await.unwrap();
            let items = listed.entries.iter().filter(|entry| matches!(entry, Entry::Item(_, Some(_)))).count();
            assert_eq!((items, listed.end.unreadable, listed.end.trailing_bytes), (count, 0, false));
        }
        assert_eq!(panel.requests().len(), 3);
        assert_eq!(source.usage().bytes, panel.requests().iter().map(|request| request.body_bytes).sum::<u64>());
    }
}

#[tokio::test]
async fn every_encoding_is_understood() {
    for encoding in Encoding::ALL {
        let panel = panel(PanelConfig { encodings: vec![encoding], ..PanelConfig::default() });
        let source = source(&panel.base_url(), quick());
        assert_eq!(list(&source, ContentKind::Movies).await.unwrap().entries.len(), 60, "{encoding:?}");
        assert!(!source.categories(ContentKind::Movies).await.unwrap().is_empty());
        let travelled = panel.requests()[0].body_bytes;
        assert!(source.usage().bytes > 2 * travelled, "{encoding:?} was not used");
    }
}

#[tokio::test]
async fn one_category_can_be_listed() {
    let panel = panel(PanelConfig::default());
    let source = source(&panel.base_url(), quick());
    let within = Some(CategoryId("a b&c".to_owned()));
    let request = ListingRequest::new(Scope { kind: ContentKind::Series, within });
    panel.on(Action::Series, Behaviour::Body(b"[]".to_vec()));
    let listed = collect(source.listing(request).await.unwrap()).await.unwrap();
    assert!(listed.entries.is_empty());
    assert_eq!(panel.requests()[0].param("category_id"), Some("a b&c"));
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_number_survive_many_batches() {
    let body = channels(20_000);
    let server = Server::start(vec![ok(&body)]).await;
    let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
    let ids: Vec<i64> = listed.entries.iter().map(|entry| entry.id().0).collect();
    assert_eq!(ids, (1..=20_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_scheme_is_that_of_the_wire() {
    let panel = panel(PanelConfig::default());
    assert_ne!(source(&panel.base_url(), quick()).digest_scheme(), sync_core::DigestScheme::FIELDS);
}
