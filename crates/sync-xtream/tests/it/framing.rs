//! The transfer of bytes: unannounced compression, heads without an end, and connections that close.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sync_core::source::AnswerFault;
use sync_core::{ContentKind, ContentSource, SourceError};
use sync_tests::{Framing, PanelConfig};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::scene::{Server, answer, channels, fault, list, ok, panel, quick, source};

const LOGIN: &str = r#"{"user_info":{"auth":1,"status":"Active"}}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn with(headers: &[&str], body: &[u8]) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    answer("200 OK", &[headers, &[&length, "Connection: close"]].concat(), body)
}

#[tokio::test]
async fn gzip_is_inflated_announced_or_not() {
    let body = channels(500);
    let two = [gzip(&body.as_bytes()[..1000]), gzip(&body.as_bytes()[1000..])].concat();
    for (headers, bytes) in [
        (&[][..], gzip(body.as_bytes())),
        (&["Content-Type: text/html; charset=ISO-8859-1"], gzip(body.as_bytes())),
        (&[], two.clone()),
        (&["Content-Encoding: gzip"], two),
    ] {
        let server = Server::start(vec![with(headers, &bytes)]).await;
        let source = source(&server.base, quick());
        let listed = list(&source, ContentKind::Channels).await.unwrap_or_else(|error| panic!("{headers:?}: {error}"));
        assert_eq!((listed.entries.len(), listed.restarts, server.requests().len()), (500, 0, 1), "{headers:?}");
        assert_eq!(source.usage().bytes, body.len() as u64, "bytes are counted as they come out");
    }
    let login = with(&[], &gzip(br#"{"user_info":{"auth":1}}"#));
    source(&Server::start(vec![login]).await.base, quick()).account().await.unwrap();
}

#[tokio::test]
async fn an_announced_compression_that_is_not_used_is_noticed() {
    let body = channels(3);
    for coding in ["gzip", "br", "deflate", "zstd"] {
        let header = format!("Content-Encoding: {coding}");
        // The header is wrong in each answer, even if no compression was asked for.
        let server = Server::start(vec![with(&[&header], body.as_bytes())]).await;
        let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
        assert_eq!(listed.entries.len(), 3, "{coding}");
        let requests = server.requests();
        assert_eq!(requests.len(), if coding == "gzip" { 1 } else { 2 }, "{coding}: gzip is known by its bytes");
        let last = requests.last().unwrap().to_lowercase();
        assert_eq!(last.contains("accept-encoding: identity"), coding != "gzip", "{coding}");
    }
}

#[tokio::test]
async fn compressed_bytes_that_are_cut_or_damaged_are_asked_for_again() {
    let body = gzip(channels(500).as_bytes());
    let half = &body[..body.len() / 2];
    let mut damaged = body.clone();
    damaged[40] ^= 0xff;
    for bytes in [half, &damaged] {
        for headers in [&[][..], &["Content-Encoding: gzip"]] {
            let server = Server::start(vec![with(headers, bytes), with(&[], channels(500).as_bytes())]).await;
            let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
            assert_eq!((listed.entries.len(), server.requests().len()), (500, 2), "{headers:?}");
            let server = Server::start(vec![with(headers, bytes)]).await;
            let error = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap_err();
            assert_eq!((fault(&error), server.requests().len()), (AnswerFault::Truncated, 4), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    let endless: [(&[u8], u8); 8] = [
        (b"", b' '),
        (b"[", b' '),
        (b"[", b'['),
        (b"[", b'x'),
        (b"[{\"name\":\"", b'x'),
        (b"<br />", b'['),
        (b"{\"", b'x'),
        (b"[] ", b'x'),
    ];
    for (beginning, filler) in endless {
        let mut plain = beginning.to_vec();
        plain.resize(4 << 20, filler);
        for headers in [&[][..], &["Content-Encoding: gzip"]] {
            let server = Server::start(vec![with(headers, &gzip(&plain))]).await;
            let source = source(&server.base, quick().max_body_bytes(1 << 20));
            let error = list(&source, ContentKind::Movies).await.unwrap_err();
            assert!(matches!(error, SourceError::Unusable { .. }), "{error:?}");
            assert!(source.usage().bytes <= (1 << 20) + (256 << 10), "{}", source.usage().bytes);
            assert_eq!(server.requests().len(), 1);
        }
    }
    let server = Server::start(vec![with(&[], &gzip(&vec![b' '; 20 << 20]))]).await;
    assert_eq!(fault(&source(&server.base, quick()).account().await.unwrap_err()), AnswerFault::TooLarge);
}

#[tokio::test]
async fn field_19_gzip_within_gzip_and_white_space_after_it_are_read() {
    let body = channels(500);
    let twice = gzip(&gzip(body.as_bytes()));
    for (headers, bytes) in [
        (&["Content-Encoding: gzip"][..], twice.clone()),
        (&[], twice.clone()),
        (&["Content-Encoding: gzip, gzip"], twice.clone()),
        (&["Content-Encoding: zstd"], zstd::encode_all(&twice[..], 1).unwrap()),
        (&["Content-Encoding: zstd, gzip"], gzip(&zstd::encode_all(body.as_bytes(), 1).unwrap())),
        (&["Content-Encoding: gzip"], [gzip(body.as_bytes()), b"\n".to_vec()].concat()),
        (&["Content-Encoding: gzip"], [twice, b"\r\n \0\n".to_vec()].concat()),
    ] {
        let server = Server::start(vec![with(headers, &bytes)]).await;
        let source = source(&server.base, quick());
        let listed = list(&source, ContentKind::Channels).await.unwrap_or_else(|error| panic!("{headers:?}: {error}"));
        assert_eq!((listed.entries.len(), server.requests().len()), (500, 1), "{headers:?}");
        assert_eq!(source.usage().bytes, body.len() as u64);
    }
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 3, 22).write_all(bytes).unwrap();
    out
}

/// The wire bytes are those of the body as it was sent, whatever its compression and framing.
#[tokio::test]
async fn wire_bytes_are_counted() {
    let plain = channels(500).into_bytes();
    let deflate = {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&plain).unwrap();
        encoder.finish().unwrap()
    };
    for (headers, body) in [
        (&[][..], plain.clone()),
        (&["Content-Encoding: gzip"], gzip(&plain)),
        (&["Content-Encoding: br"], brotli(&plain)),
        (&["Content-Encoding: zstd"], zstd::encode_all(&plain[..], 1).unwrap()),
        (&["Content-Encoding: deflate"], deflate),
    ] {
        let chunk = [format!("{:x}\r\n", body.len()).into_bytes(), body.clone(), b"\r\n0\r\n\r\n".to_vec()].concat();
        let chunked =
            answer("200 OK", &[headers, &["Transfer-Encoding: chunked", "Connection: close"]].concat(), &chunk);
        for answer in [with(headers, &body), chunked] {
            let server = Server::start(vec![answer]).await;
            let source = source(&server.base, quick());
            assert_eq!(source.usage().wire_bytes, Some(0));
            let listed = list(&source, ContentKind::Channels).await.unwrap();
            assert_eq!((listed.entries.len(), server.requests().len()), (500, 1), "{headers:?}");
            let usage = source.usage();
            assert_eq!((usage.bytes, usage.wire_bytes), (plain.len() as u64, Some(body.len() as u64)), "{headers:?}");
        }
    }
}

/// Brotli within gzip can't be recognised by its bytes, so the answer is asked for again without compression.
#[tokio::test]
async fn field_19_an_unknown_compression_within_gzip_is_asked_for_without() {
    let unknown: Vec<u8> = (0..100).map(|at| 0x80 | at).collect();
    let server = Server::start(vec![with(&["Content-Encoding: gzip"], &gzip(&unknown)), with(&[], b"[]")]).await;
    list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].to_lowercase().contains("accept-encoding: identity"), "{}", requests[1]);
}

#[tokio::test]
async fn field_19_a_bomb_within_a_bomb_ends_at_the_limit() {
    let bomb = gzip(&gzip(&vec![b' '; 40 << 20]));
    // The inner layers have no output, so the end of the whole is never reached.
    let hollow = gzip(&gzip(b"").repeat(300_000));
    for bytes in [&bomb, &hollow] {
        for headers in [&[][..], &["Content-Encoding: gzip"]] {
            let server = Server::start(vec![with(headers, bytes)]).await;
            let source = source(&server.base, quick().max_body_bytes(1 << 20));
            let error = list(&source, ContentKind::Movies).await.unwrap_err();
            assert_eq!((fault(&error), server.requests().len()), (AnswerFault::TooLarge, 1), "{error}");
            assert!(source.usage().bytes <= (1 << 20) + (256 << 10), "{}", source.usage().bytes);
        }
    }
    let server = Server::start(vec![with(&[], &gzip(&gzip(&vec![b' '; 40 << 20])))]).await;
    assert_eq!(fault(&source(&server.base, quick()).account().await.unwrap_err()), AnswerFault::TooLarge);
}

/// Malformed heads that curl and browsers accept.
#[tokio::test]
async fn field_20_malformed_heads_are_read() {
    let body = channels(3);
    for line in [
        "X-Cache : HIT",
        "X-Cache HIT",
        "X Cache: HIT",
        "X-Cache: HIT\r\n and more",
        "X-Cache: HIT\r\n\tand more",
        "X-Cache: H\x01IT",
        "X-\x7fCache: HIT",
        ": HIT",
        "X-Cache\t: HIT",
        "",
    ] {
        let lines: Vec<&str> = [line].into_iter().filter(|line| !line.is_empty()).collect();
        let server = Server::start(vec![with(&lines, body.as_bytes())]).await;
        let listed = list(&source(&server.base, quick()), ContentKind::Channels).await;
        let listed = listed.unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert_eq!((listed.entries.len(), server.requests().len()), (3, 1), "{line:?}");
    }
    // A length of the body counts in any spelling of its header.
    let head = format!("Content-Length : {}", body.len());
    let cut = answer("200 OK", &[&head, "Connection: close"], &body.as_bytes()[..body.len() - 1]);
    let server = Server::start(vec![cut]).await;
    let error = list(&source(&server.base, quick().attempts(1)), ContentKind::Channels).await.unwrap_err();
    assert_eq!(fault(&error), AnswerFault::Truncated);
}

#[tokio::test]
async fn a_list_beyond_the_limit_of_elements_is_refused() {
    let server = Server::start(vec![with(&[], channels(11).as_bytes())]).await;
    let error = list(&source(&server.base, quick().max_elements(10)), ContentKind::Channels).await.unwrap_err();
    assert_eq!((fault(&error), server.requests().len()), (AnswerFault::TooLarge, 1));
    assert!(error.to_string().contains("more than 10 elements"), "{error}");
    assert!(list(&source(&server.base, quick().max_elements(11)), ContentKind::Channels).await.is_ok());
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let header = |size: usize| format!("X-Filler: {}", "x".repeat(size));
    let many: Vec<String> = (0..150).map(|number| format!("X-{number}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (headers, good) in [
        (&[header(60_000).as_str()][..], true),
        (&[header(70_000).as_str()], false),
        (&[header(1_000_000).as_str()], false),
        (&many, false),
    ] {
        let server = Server::start(vec![with(headers, channels(1).as_bytes())]).await;
        match list(&source(&server.base, quick()), ContentKind::Channels).await {
            Ok(_) => assert!(good),
            Err(error) => {
                assert!(!good, "{error}");
                assert_eq!(fault(&error), AnswerFault::TooLarge);
                assert!(error.to_string().contains("head"), "{error}");
                assert_eq!(server.requests().len(), 1);
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_dies_when_it_is_used_again_is_replaced_at_once() {
    let panel = panel(PanelConfig { keep_alive: true, requests_per_connection: Some(1), ..PanelConfig::default() });
    let source = source(&panel.base_url(), quick().attempts(1));
    for kind in ContentKind::ALL {
        source.categories(kind).await.unwrap();
        list(&source, kind).await.unwrap();
    }
    assert!(source.usage().requests > 6, "no connection was used again");
}

#[tokio::test]
async fn a_new_connection_that_dies_is_a_failed_attempt() {
    let server = Server::start(vec![Vec::new()]).await;
    let source = source(&server.base, quick().attempts(2));
    list(&source, ContentKind::Movies).await.unwrap_err();
    assert_eq!((source.usage().requests, server.requests().len()), (2, 2));
}

#[tokio::test]
async fn the_content_type_is_not_believed() {
    let body = r#"[{"stream_id":1,"name":"Amélie 日本"}]"#;
    for kind in ["text/html; charset=ISO-8859-1", "application/octet-stream", "image/png", "nonsense"] {
        let server = Server::start(vec![with(&[&format!("Content-Type: {kind}")], body.as_bytes())]).await;
        let listed = list(&source(&server.base, quick()), ContentKind::Movies).await.unwrap();
        let sync_core::source::Entry::Item(item, _) = &listed.entries[0] else { panic!() };
        assert_eq!(item.item.name(), "Amélie 日本", "{kind}");
    }
}

#[tokio::test]
async fn a_listing_cut_at_any_byte_is_never_whole_in_any_framing() {
    let body = channels(8);
    let head = format!("Content-Length: {}", body.len());
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::Close] {
        let cut = |cut: usize| {
            let part = &body.as_bytes()[..cut];
            let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), part].concat();
            match framing {
                Framing::ContentLength => answer("200 OK", &[&head, "Connection: close"], part),
                Framing::Chunked => answer("200 OK", &["Transfer-Encoding: chunked", "Connection: close"], &chunk),
                Framing::Close => answer("200 OK", &["Connection: close"], part),
            }
        };
        let server = Server::start((0..body.len()).map(cut).collect()).await;
        let source = source(&server.base, quick().attempts(1));
        for cut in 0..body.len() {
            let error = list(&source, ContentKind::Channels).await.unwrap_err();
            let nothing = cut == 0 && framing == Framing::Close;
            let expected = if nothing { AnswerFault::Empty } else { AnswerFault::Truncated };
            assert_eq!(fault(&error), expected, "{framing:?} after {cut} bytes");
            assert!(!error.to_string().contains("compressed"), "{error}");
        }
        assert_eq!(server.requests().len(), body.len());
    }
}

#[tokio::test]
async fn a_chunked_body_without_its_last_chunk_is_not_whole() {
    let body = channels(3);
    let chunks = format!("{:x}\r\n{body}\r\n", body.len());
    let open = answer("200 OK", &["Transfer-Encoding: chunked"], chunks.as_bytes());
    let closed = answer("200 OK", &["Transfer-Encoding: chunked"], format!("{chunks}0\r\n\r\n").as_bytes());
    let server = Server::start(vec![open, closed]).await;
    let listed = list(&source(&server.base, quick()), ContentKind::Channels).await.unwrap();
    assert_eq!((listed.entries.len(), server.requests().len()), (3, 2));
}

#[tokio::test]
async fn a_wrong_length_is_noticed() {
    let body = channels(3);
    let short = answer("200 OK", &["Content-Length: 20", "Connection: close"], body.as_bytes());
    let none = answer("200 OK", &["Content-Length: 21274", "Connection: close"], b"");
    for lie in [short, none] {
        let server = Server::start(vec![lie]).await;
        let error = list(&source(&server.base, quick().attempts(2)), ContentKind::Channels).await.unwrap_err();
        assert_eq!((fault(&error), server.requests().len()), (AnswerFault::Truncated, 2));
    }
}

/// Serves this answer to the first request of every connection, and then closes the connection without announcing it.
/// Requests below `/x/` are answered well. Returns the base address and a counter of the requests.
async fn closing_behind(first: Vec<u8>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (first, count) = (first.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await?);
                }
                count.fetch_add(1, Ordering::Relaxed);
                let head = String::from_utf8_lossy(&head).into_owned();
                if head.starts_with("GET /x/") {
                    stream.write_all(&ok(if head.contains("action=") { "[]" } else { LOGIN })).await?;
                } else {
                    stream.write_all(&first).await?;
                    // The server's half of the connection is closed at a random time, before or after the next request.
                    tokio::time::sleep(Duration::from_micros(fastrand::u64(..800))).await;
                }
                stream.shutdown().await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok::<_, std::io::Error>(())
            });
        }
    });
    (base, asked)
}

/// A connection that closes after a redirect or a status costs no attempt.
#[tokio::test]
async fn field_21_a_connection_that_closes_behind_an_answer_costs_no_attempt() {
    for query in ["username=demo&password=demo-secret", "username=demo&password=demo-secret&action=get_series"] {
        let location = format!("Location: /x/player_api.php?{query}");
        let (base, _) = closing_behind(answer("302 Found", &[&location, "Content-Length: 0"], b"")).await;
        let source = source(&base, quick().attempts(1));
        for round in 0..60 {
            if query.contains("action") {
                list(&source, ContentKind::Series).await.unwrap_or_else(|error| panic!("{round}: {error}"));
            } else {
                source.account().await.unwrap_or_else(|error| panic!("{round}: {error}"));
            }
        }
    }
    // Each attempt at a busy panel sends one request, whether or not the connection before it was closed.
    let (base, asked) = closing_behind(answer("503 Busy", &["Content-Length: 0"], b"")).await;
    let source = source(&base, quick().attempts(4));
    let error = list(&source, ContentKind::Movies).await.unwrap_err();
    assert!(error.to_string().contains("it answers 503"), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 4, "requests that were answered");
}
