//! Requests with a validator: when it is sent, when an answer to it is believed, and when the index is asked for.

use std::sync::Arc;

use sync_core::source::{AnswerFault, Baseline, Entry, ListingRequest, Validator};
use sync_core::{CategoryId, ContentKind, ContentSource, LazyIndex, ListingIndex, Scope, SourceError};
use sync_tests::PanelConfig;
use sync_xtream::XtreamSource;

use crate::scene::{Collected, PATIENCE, Server, answer, channels, collect, fault, list, ok, panel, quick, source};

/// Returns a complete answer with these headers besides its length.
fn tagged(headers: &[&str], body: &str) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    answer("200 OK", &[headers, &[&length, "Connection: close"]].concat(), body.as_bytes())
}

fn not_modified() -> Vec<u8> {
    answer("304 Not Modified", &["Connection: close"], b"")
}

/// Lists channels with this validator, and with an index to lend. Also returns whether the index was asked for.
async fn list_unless(
    source: &XtreamSource,
    validator: &Validator,
    known: Option<Arc<ListingIndex>>,
) -> (Result<Collected, SourceError>, bool) {
    let index = LazyIndex::new(known);
    let baseline = Baseline::Unless { validator: validator.clone(), index: index.clone() };
    let request = ListingRequest::new(ContentKind::Channels.into()).compared_with(baseline);
    let listing = source.listing(request).await.unwrap();
    let listed = tokio::time::timeout(PATIENCE, collect(listing)).await.expect("a listing ends in time");
    (listed, index.is_asked())
}

/// Returns the values of a header over all requests, empty if it was not sent.
fn sent(server: &Server, name: &str) -> Vec<String> {
    let line = |head: String| {
        let mut lines = head.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_default().to_owned()
    };
    server.requests().into_iter().map(line).collect()
}

/// Returns the validator that a server gives with two channels.
async fn version(source: &XtreamSource) -> Validator {
    let listed = list(source, ContentKind::Channels).await.unwrap();
    assert_eq!(listed.entries.len(), 2);
    listed.version.expect("there is one")
}

#[tokio::test]
async fn an_unchanged_list_is_not_sent_again() {
    let date = "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT";
    let cases = [
        (vec!["ETag: W/\"v1\""], "if-none-match", "W/\"v1\""),
        (vec![date, "Date: Wed, 01 Jan 2020 00:01:00 GMT"], "if-modified-since", "Wed, 01 Jan 2020 00:00:00 GMT"),
    ];
    for (headers, name, value) in cases {
        let server = Server::start(vec![tagged(&headers, &channels(2)), not_modified()]).await;
        let source = source(&server.base, quick());
        let validator = version(&source).await;
        let before = source.usage();
        let (listed, index_asked) = list_unless(&source, &validator, None).await;
        let listed = listed.unwrap();
        assert!(listed.unmodified && listed.entries.is_empty() && !index_asked);
        assert_eq!(sent(&server, name), ["", value]);
        assert_eq!((source.usage().requests, source.usage().bytes), (before.requests + 1, before.bytes));
    }
}

#[tokio::test]
async fn a_changed_list_is_compared_with_the_index() {
    let answers = vec![tagged(&["ETag: \"v1\""], &channels(2)), tagged(&["ETag: \"v2\""], &channels(3))];
    let server = Server::start(answers).await;
    let source = source(&server.base, quick());
    let first = list(&source, ContentKind::Channels).await.unwrap();
    let digests = first.entries.iter().map(|entry| match entry {
        Entry::Item(listed, Some(digest)) => (listed.item.id(), *digest),
        entry => panic!("{entry:?}"),
    });
    let known = Arc::new(ListingIndex::new(source.digest_scheme(), digests).unwrap());
    let (listed, index_asked) = list_unless(&source, &first.version.unwrap(), Some(known)).await;
    let listed = listed.unwrap();
    assert!(index_asked && !listed.unmodified);
    assert!(matches!(&listed.entries[..], [Entry::Same(_), Entry::Same(_), Entry::Item(..)]), "{listed:?}");
    assert!(listed.version.unwrap().0.ends_with("tag \"v2\""));
}

/// The validator of another account is not sent, because it says nothing about this account.
#[tokio::test]
async fn the_validator_of_another_account_is_not_sent() {
    let server = Server::start(vec![tagged(&["ETag: \"v1\""], &channels(2))]).await;
    let other = crate::scene::source_of(&server.base, sync_xtream::Credentials::new("other", "demo-secret"), quick());
    let validator = version(&other).await;
    let (listed, _) = list_unless(&source(&server.base, quick()), &validator, None).await;
    assert_eq!(listed.unwrap().entries.len(), 2);
    assert_eq!(sent(&server, "if-none-match"), ["", ""]);
}

#[tokio::test]
async fn not_modified_without_a_validator_is_an_error() {
    let server = Server::start(vec![not_modified()]).await;
    let source = source(&server.base, quick());
    let error = list(&source, ContentKind::Channels).await.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::Status);
    assert!(error.to_string().contains("304"), "{error}");
    assert_eq!(fault(&source.categories(ContentKind::Channels).await.unwrap_err()), AnswerFault::Status);
    assert_eq!(server.requests().len(), 2, "and isn't asked again");
}

/// The list of a category is only a part of a kind, so it gets no validator.
#[tokio::test]
async fn a_category_has_no_validator() {
    let server = Server::start(vec![tagged(&["ETag: \"v1\""], &channels(2))]).await;
    let scope = Scope { kind: ContentKind::Channels, within: Some(CategoryId("1".to_owned())) };
    let listing = source(&server.base, quick()).listing(ListingRequest::new(scope)).await.unwrap();
    assert_eq!(collect(listing).await.unwrap().version, None);
}

fn redirect(to: &str) -> Vec<u8> {
    answer("302 Found", &[&format!("Location: {to}"), "Content-Length: 0", "Connection: close"], b"")
}

#[tokio::test]
async fn a_redirect_keeps_the_validator_on_the_same_host_only() {
    let server =
        Server::start(vec![tagged(&["ETag: \"v1\""], &channels(2)), redirect("/elsewhere"), not_modified()]).await;
    let source_of_one = source(&server.base, quick());
    let validator = version(&source_of_one).await;
    assert!(list_unless(&source_of_one, &validator, None).await.0.unwrap().unmodified);
    assert_eq!(sent(&server, "if-none-match"), ["", "\"v1\"", "\"v1\""]);

    let other = Server::start(vec![tagged(&["ETag: \"other\""], &channels(3)), not_modified()]).await;
    let there = other.base.replace("127.0.0.1", "localhost");
    let server = Server::start(vec![tagged(&["ETag: \"v1\""], &channels(2)), redirect(&there)]).await;
    let source = source(&server.base, quick());
    let validator = version(&source).await;
    let listed = list_unless(&source, &validator, None).await.0.unwrap();
    assert_eq!((listed.entries.len(), listed.version), (3, None), "what another host calls it isn't asked of this one");
    assert_eq!(sent(&other, "if-none-match"), [""]);
    // The other host was not asked with the validator, so its "not modified" is an error.
    let error = list_unless(&source, &validator, None).await.0.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::Status);
}

#[tokio::test]
async fn repetitions_send_the_validator_until_a_list_has_begun() {
    let busy = || answer("503 Service Unavailable", &["Content-Length: 0", "Connection: close"], b"");
    let cut = || answer("200 OK", &["Content-Length: 99999", "Connection: close"], channels(2).as_bytes());
    let answers = vec![tagged(&["ETag: \"v1\""], &channels(2)), busy(), cut(), ok(&channels(2))];
    let server = Server::start(answers).await;
    let source = source(&server.base, quick());
    let validator = version(&source).await;
    let listed = list_unless(&source, &validator, None).await.0.unwrap();
    assert_eq!((listed.entries.len(), listed.version), (2, None));
    assert_eq!(sent(&server, "if-none-match"), ["", "\"v1\"", "\"v1\"", ""]);
}

/// Uses one connection, and a panel that handles validators correctly.
#[tokio::test]
async fn a_panel_that_honours_validators_sends_nothing() {
    let panel = panel(PanelConfig { validators: true, ..PanelConfig::default() });
    let source = source(&panel.base_url(), quick());
    let validator = list(&source, ContentKind::Channels).await.unwrap().version.unwrap();
    for _ in 0..3 {
        assert!(list_unless(&source, &validator, None).await.0.unwrap().unmodified);
    }
    let bytes: Vec<_> = panel.requests().iter().map(|request| request.body_bytes).collect();
    assert_eq!((bytes[0] > 0, &bytes[1..]), (true, &[0, 0, 0][..]));
}
