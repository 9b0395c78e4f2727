//! The server as a client sees it on the wire. The client has a few lines only, so that no HTTP library hides a defect.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

mod lies;

use super::*;
use crate::catalogue::CatalogueConfig;
use crate::item::Kind;
use crate::render::Shape;
use crate::truth::Truth;

const CREDENTIALS: &str = "username=demo&password=demo-secret";

fn panel(config: PanelConfig) -> Panel {
    Panel::start(config, Catalogue::new(&CatalogueConfig::small(1))).unwrap()
}

/// A response as received: status, head in lower case, body without framing, and whether the body was complete.
#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
    whole: bool,
}

impl Response {
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn connect(panel: &Panel) -> TcpStream {
    let stream = TcpStream::connect(panel.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, target: &str, headers: &str) {
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", stream.peer_addr().unwrap()).unwrap();
}

fn receive(stream: &mut TcpStream) -> Response {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let status = head[9..12].parse().unwrap();
    let (body, whole) = if status == 304 {
        (Vec::new(), true)
    } else if let Some(length) = head.split("content-length: ").nth(1) {
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        take(stream, length)
    } else if head.contains("transfer-encoding: chunked") {
        chunks(stream)
    } else {
        let mut body = Vec::new();
        stream.read_to_end(&mut body).unwrap();
        (body, true)
    };
    Response { status, head, body, whole }
}

fn take(stream: &mut TcpStream, length: usize) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    let taken = stream.take(length.try_into().unwrap()).read_to_end(&mut body);
    let whole = taken.is_ok_and(|taken| taken == length);
    (body, whole)
}

fn chunks(stream: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let mut size = Vec::new();
        while !size.ends_with(b"\r\n") {
            match take(stream, 1) {
                (byte, true) => size.extend(byte),
                (_, false) => return (body, false),
            }
        }
        let size = usize::from_str_radix(std::str::from_utf8(&size).unwrap().trim(), 16).unwrap();
        let (part, whole) = take(stream, size + 2);
        body.extend(&part[..part.len().min(size)]);
        if size == 0 || !whole {
            return (body, whole);
        }
    }
}

fn get(panel: &Panel, query: &str, headers: &str) -> Response {
    let mut stream = connect(panel);
    ask(&mut stream, &format!("/player_api.php?{CREDENTIALS}&{query}"), headers);
    receive(&mut stream)
}

fn listing(panel: &Panel, kind: Kind) -> Vec<u8> {
    panel.catalogue(|catalogue| catalogue.render(kind, Shape::Array, None))
}

#[test]
fn every_framing_and_encoding_carries_the_same_body() {
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::Close] {
        let panel = panel(PanelConfig { framing, encodings: Encoding::ALL.to_vec(), ..PanelConfig::default() });
        let right = listing(&panel, Kind::Movies);
        for encoding in
            [None, Some(Encoding::Gzip), Some(Encoding::Deflate), Some(Encoding::Brotli), Some(Encoding::Zstd)]
        {
            let accept = encoding.map_or("identity", Encoding::token);
            let response = get(&panel, "action=get_vod_streams", &format!("Accept-Encoding: {accept}\r\n"));
            assert!(response.whole);
            let mut body = Vec::new();
            match encoding {
                None => body.clone_from(&response.body),
                Some(Encoding::Gzip) => drop(flate2::read::GzDecoder::new(&response.body[..]).read_to_end(&mut body)),
                Some(Encoding::Deflate) => {
                    drop(flate2::read::ZlibDecoder::new(&response.body[..]).read_to_end(&mut body));
                }
                Some(Encoding::Brotli) => {
                    drop(brotli::Decompressor::new(&response.body[..], 4096).read_to_end(&mut body));
                }
                Some(Encoding::Zstd) => body = zstd::decode_all(&response.body[..]).unwrap(),
            }
            assert_eq!(body, right, "{framing:?} {encoding:?}");
            assert_eq!(response.head.contains("content-encoding"), encoding.is_some());
        }
    }
}

#[test]
fn a_connection_is_kept_and_every_request_recorded() {
    let panel = panel(PanelConfig { sub_path: "/panel".to_owned(), ..PanelConfig::default() });
    assert!(panel.base_url().ends_with("/panel"));
    let mut stream = connect(&panel);
    for action in ["get_live_categories", "get_live_streams", "get_series"] {
        ask(&mut stream, &format!("/panel/player_api.php?{CREDENTIALS}&action={action}"), "User-Agent: Raw\r\n");
        assert!(receive(&mut stream).json().as_array().is_some_and(|list| !list.is_empty()), "{action}");
    }
    let form = format!("{CREDENTIALS}&action=get%5fvod+streams&x=%C3%BC+1");
    write!(stream, "POST /player_api.php HTTP/1.1\r\nContent-Length: {}\r\n\r\n{form}", form.len()).unwrap();
    assert_eq!(receive(&mut stream).json()["user_info"]["auth"], 1, "an unknown action is answered with the account");
    let records = panel.requests();
    assert_eq!(records.len(), 4);
    assert_eq!(records[0].header("user-agent"), Some("Raw"));
    assert_eq!(records[3].param("x"), Some("ü 1"));
    assert_eq!((panel.request_count(Action::LiveStreams), panel.request_count(Action::Unknown)), (1, 1));
    assert_eq!((panel.max_parallel(), panel.in_flight()), (1, 0));
    assert!(!format!("{records:?}").contains("demo-secret"));
}

#[test]
fn the_account_is_sent_and_wrong_credentials_are_refused() {
    let panel = panel(PanelConfig::default());
    let account = get(&panel, "", "").json();
    assert_eq!(account["user_info"]["status"], "Active");
    assert_eq!(account["server_info"]["port"], panel.address().port().to_string());
    panel.set_panel_time(1_700_000_000);
    let response = get(&panel, "", "");
    assert!(response.head.contains("date: tue, 14 nov 2023 22:13:2"), "{}", response.head);
    let now = response.json()["server_info"]["timestamp_now"].as_i64().unwrap();
    assert!((1_700_000_000..1_700_000_060).contains(&now));
    panel.set_accounts(vec![Account::new("a", "b"), Account::new("p+a&s=s", "%#?/é")]);
    assert_eq!(get(&panel, "action=get_series", "").json(), serde_json::json!({"user_info": {"auth": 0}}));
    let mut stream = connect(&panel);
    ask(&mut stream, "/player_api.php?username=p%2Ba%26s%3Ds&password=%25%23%3F%2F%C3%A9", "");
    assert_eq!(receive(&mut stream).json()["user_info"]["auth"], 1);
}

#[test]
fn a_body_can_be_cut_or_reset_in_every_framing() {
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::Close] {
        let panel = panel(PanelConfig { framing, ..PanelConfig::default() });
        let right = listing(&panel, Kind::Channels);
        panel.on_next(Action::LiveStreams, 1, &Behaviour::CutAfter(500));
        let response = get(&panel, "action=get_live_streams", "");
        assert_eq!(response.body, &right[..500]);
        assert_eq!(response.whole, framing == Framing::Close, "only there nobody can tell from the outside");
        panel.on_next(Action::LiveStreams, 1, &Behaviour::ResetAfter(0));
        let mut stream = connect(&panel);
        ask(&mut stream, &format!("/player_api.php?{CREDENTIALS}&action=get_live_streams"), "");
        let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(get(&panel, "action=get_live_streams", "").body, right);
    }
}

#[test]
fn a_gate_holds_an_answer_until_it_is_opened() {
    let panel = panel(PanelConfig::default());
    let gate = Gate::new();
    panel.on(Action::Series, Behaviour::Gate(100, gate.clone()));
    thread::scope(|scope| {
        let client = scope.spawn(|| get(&panel, "action=get_series", ""));
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(gate.reached());
        assert_eq!((panel.in_flight(), panel.requests()[0].body_bytes), (1, 100));
        assert!(!client.is_finished());
        gate.open();
        assert_eq!(client.join().unwrap().body, listing(&panel, Kind::Series));
    });
    assert_eq!(gate.reached_count(), 1);
}

#[test]
fn a_client_that_leaves_ends_a_hanging_answer() {
    let panel = panel(PanelConfig::default());
    panel.on(Action::VodStreams, Behaviour::Hang);
    let mut stream = connect(&panel);
    ask(&mut stream, &format!("/player_api.php?{CREDENTIALS}&action=get_vod_streams"), "");
    while panel.in_flight() == 0 {
        thread::yield_now();
    }
    drop(stream);
    while panel.in_flight() > 0 {
        thread::yield_now();
    }
    assert!(panel.requests()[0].ended.is_some());
}

#[test]
fn behaviours_change_what_is_answered() {
    let panel = panel(PanelConfig::default());
    let movies = || get(&panel, "action=get_vod_streams", "");
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    panel.on(
        Action::VodStreams,
        Behaviour::Sequence(vec![
            Behaviour::Status(429, b"slow down".to_vec(), vec![text("Retry-After", "7")]),
            Behaviour::Half,
            Behaviour::Empty,
            Behaviour::KeyedObject,
            Behaviour::AccountInstead,
            Behaviour::html(),
            Behaviour::edited(|body| [b"\xef\xbb\xbf", body].concat()),
            Behaviour::Redirect("/elsewhere".to_owned()),
            Behaviour::Together(vec![Behaviour::Framed(Framing::Chunked), Behaviour::Throttle(1_000_000)]),
        ]),
    );
    let refused = movies();
    assert_eq!((refused.status, refused.body.as_slice()), (429, &b"slow down"[..]));
    assert!(refused.head.contains("retry-after: 7\r\n"));
    assert_eq!(movies().json().as_array().unwrap().len(), 30);
    assert_eq!(movies().body, b"[]");
    assert_eq!(movies().json().as_object().unwrap().len(), 60);
    assert_eq!(movies().json()["user_info"]["auth"], 1);
    assert!(movies().body.starts_with(b"<!DOCTYPE html>"));
    assert!(movies().body.starts_with(b"\xef\xbb\xbf["));
    let elsewhere = movies();
    assert!(elsewhere.status == 302 && elsewhere.head.contains("location: /elsewhere"));
    let chunked = movies();
    assert!(chunked.head.contains("transfer-encoding: chunked") && chunked.body == listing(&panel, Kind::Movies));
    assert_eq!(movies().body, listing(&panel, Kind::Movies), "after a sequence the panel is normal again");
}

#[test]
fn raw_bytes_and_lying_lengths_reach_the_client() {
    let panel = panel(PanelConfig { date_header: false, ..PanelConfig::default() });
    let lie = vec![("Content-Length".to_owned(), "21274".to_owned())];
    panel.on(Action::Series, Behaviour::Together(vec![Behaviour::Headers(lie), Behaviour::CutAfter(0)]));
    let response = get(&panel, "action=get_series", "");
    assert!(!response.whole && response.body.is_empty() && !response.head.contains("\r\ndate:"));
    panel.on(Action::Series, Behaviour::Raw(b"HTTP/1.1 200 OK\r\n\r\n[".to_vec()));
    assert_eq!(get(&panel, "action=get_series", "").body, b"[");
    panel.behave();
    assert_eq!(get(&panel, "action=get_series", "").body, listing(&panel, Kind::Series));
}

#[test]
fn an_advance_shows_in_the_next_answer() {
    let panel = panel(PanelConfig { validators: true, ..PanelConfig::default() });
    let first = get(&panel, "action=get_vod_streams", "");
    let tag = first.head.split("etag: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let condition = format!("If-None-Match: {tag}\r\n");
    assert_eq!(get(&panel, "action=get_vod_streams", &condition).status, 304);
    let time = panel.panel_time();
    let expected = panel.advance(&Step::ordinary());
    assert!(panel.panel_time() >= time + VERSION_SECONDS && !expected.movies.added.is_empty());
    let second = get(&panel, "action=get_vod_streams", &condition);
    assert!(second.status == 200 && second.body != first.body && second.body == listing(&panel, Kind::Movies));
}

#[test]
fn control_endpoints_steer_a_panel() {
    let panel = panel(PanelConfig { control: true, ..PanelConfig::default() });
    let control = |method: &str, target: &str| {
        let mut stream = connect(&panel);
        write!(stream, "{method} /control/{target} HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
        receive(&mut stream)
    };
    let counts = control("POST", "advance?added=5&removed=5&kinds=series").json();
    assert_eq!(counts["series"]["added"], 2);
    assert_eq!(control("GET", "expected").json(), counts);
    assert_eq!(control("GET", "counts").json()["movies"], 60);
    control("POST", "behaviour?action=get_vod_streams&kind=status&value=503&times=1");
    assert_eq!(get(&panel, "action=get_vod_streams", "").status, 503);
    assert_eq!(get(&panel, "action=get_vod_streams", "").status, 200);
    for (kind, elements) in [("empty", 0), ("half", 30), ("normal", 60)] {
        control("POST", &format!("behaviour?action=get_vod_streams&kind={kind}&times=2"));
        for _ in 0..2 {
            assert_eq!(get(&panel, "action=get_vod_streams", "").json().as_array().unwrap().len(), elements, "{kind}");
        }
    }
    for kind in [
        "normal",
        "empty",
        "half",
        "keyed",
        "keyed-by-id",
        "filter-ignored",
        "account",
        "refused",
        "html",
        "blocked",
        "hang",
        "cut",
        "reset",
        "slow",
        "throttle",
        "redirect",
        "endless",
        "bomb",
        "overloaded",
        "category",
        "players-only",
        "one-connection",
        "too-many",
        "status",
    ] {
        assert_eq!(control("POST", &format!("behaviour?action=get_series&kind={kind}&times=0")).status, 200, "{kind}");
    }
    control("POST", "behaviour?action=all&kind=too-many&value=1");
    assert_eq!([(); 2].map(|()| get(&panel, "", "").status), [200, 429]);
    control("POST", "behaviour?action=all&kind=normal");
    assert_eq!(get(&panel, "", "").status, 200);
    for wrong in [
        "behaviour?action=nonsense&kind=empty",
        "behaviour?action=all&kind=empty&times=2",
        "behaviour?action=get_series&kind=odd",
        "advance?added=x",
        "no",
    ] {
        assert_eq!(control("POST", wrong).status, 400, "{wrong}");
    }
    let truth = String::from_utf8(control("GET", "truth?kind=channels").body).unwrap();
    let first: serde_json::Value = serde_json::from_str(truth.lines().next().unwrap()).unwrap();
    let id = first["stream_id"].as_i64().unwrap();
    let name = panel.catalogue(|catalogue| catalogue.truth(Kind::Channels)[&id]["name"].clone());
    assert_eq!(name, Truth::Text(first["name"].as_str().unwrap().to_owned()));
    assert!(!String::from_utf8(control("GET", "requests").body).unwrap().contains("demo-secret"));
    control("POST", "stop");
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(panel.stop_requested());
    let address = panel.address();
    drop(panel);
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn a_panel_lives_and_dies_inside_the_runtime_of_a_test() {
    let panel = panel(PanelConfig::default());
    let action = "action=get_live_categories";
    let response = tokio::task::spawn_blocking(move || get(&panel, action, "")).await.unwrap();
    assert!(response.whole);
    drop(self::panel(PanelConfig::default()));
}
