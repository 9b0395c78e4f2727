//! Cases beyond the numbered list: answers without an end, and headers that are too large.

use sync_tests::{Action, Behaviour, Kind, Pour};

use crate::programme::{Scenario, case};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("f", "answers without end", "an endless list, text, white space, object", endless),
    case("g", "heads that are too large", "a header of 100 KiB, 3,000 headers, no end of headers", heads),
    case("h", "endless small answers", "login and categories without end", endless_documents),
    case("i", "no HTTP at all", "noise, another protocol, half a head, silence", no_http),
];

const ONCE: &[&str] = &["--attempts", "1"];

fn endless(trial: &Trial) {
    let home = trial.home();
    let pour = |first: &str, again: &str| Behaviour::Pour(Pour::endless(first.to_owned(), again.repeat(10_000)));
    let limit = ["--attempts", "1", "--max-body-mib", "48", "--max-elements", "300000"];
    for behaviour in [
        Behaviour::endless_list(),
        pour("[{\"stream_id\":1,\"name\":\"", "On and on "),
        pour("[", " "),
        pour("", " \n"),
        pour("{\"", "key"),
        pour("[{\"stream_id\":1,\"x\":[", "1,"),
        pour("[", "[{\"a\":"),
        pour("", "<p>no list at all</p>"),
        pour("[] ", "and on "),
    ] {
        home.panel.on(Action::VodStreams, behaviour);
        let run = home.sync(&limit).exits(3);
        let report = run.report();
        assert_eq!(report.outcomes(), ["unchanged", "failed", "unchanged"]);
        let code = report.error_code(Kind::Movies).unwrap();
        assert!(["too_large", "html_page", "not_json", "empty_body"].contains(&code), "{code}");
        home.keeps_all();
    }
    // The limit of elements ends the listing, long before the limit of bytes.
    home.panel.on(Action::VodStreams, Behaviour::endless_list());
    let run = home.fails(
        Kind::Movies,
        Behaviour::endless_list(),
        "too_large",
        &["--attempts", "1", "--max-elements", "20000"],
    );
    assert!(run.report().kind(Kind::Movies)["bytes"].as_u64().unwrap() < 8_000_000);
    // The time limit ends the listing.
    let slow = Behaviour::Together(vec![Behaviour::endless_list(), Behaviour::Throttle(200_000)]);
    home.fails(Kind::Movies, slow, "panel_unreachable", &["--attempts", "1", "--total-timeout", "1"]);
    home.recovers();
}

fn heads(trial: &Trial) {
    let home = trial.home();
    let large = Behaviour::with_header("X-Padding", &"p".repeat(100 << 10));
    home.fails(Kind::Movies, large.clone(), "too_large", ONCE);
    home.panel.on(Action::VodStreams, large);
    home.sync(&["--max-header-kib", "200"]).exits(0);
    home.keeps_all();
    let many = (0..3_000).map(|at| (format!("X-Many-{at}"), "x".repeat(50))).collect();
    let endless = [&b"HTTP/1.1 200 OK\r\n"[..], &b"X-More: and more\r\n".repeat(100_000)].concat();
    let long_line = [&b"HTTP/1.1 200 "[..], &b"OK ".repeat(300_000), b"\r\n\r\n[]"].concat();
    for behaviour in [Behaviour::FurtherHeaders(many), Behaviour::Raw(endless), Behaviour::Raw(long_line)] {
        home.panel.on(Action::VodStreams, behaviour);
        let run = home.sync(ONCE).exits(3);
        let report = run.report();
        let code = report.error_code(Kind::Movies).unwrap();
        assert!(["too_large", "panel_unreachable"].contains(&code), "{code}");
        home.keeps_all();
    }
    home.recovers();
}

fn endless_documents(trial: &Trial) {
    let home = trial.home();
    let category = "{\"category_id\":\"1\",\"category_name\":\"On and on\"},".repeat(2_000);
    let pour = |first: &str, again: &str| Behaviour::Pour(Pour::endless(first.to_owned(), again.to_owned()));
    home.panel.on(Action::VodCategories, pour("[", &category));
    let report = home.sync(ONCE).exits(3).report();
    assert_eq!(report.error_code(Kind::Movies), Some("too_large"));
    home.keeps_all();
    home.panel.behave();
    home.panel.on(Action::Account, pour("{\"user_info\":{\"auth\":1,\"message\":\"", &"hello ".repeat(10_000)));
    home.fails_all(6, "too_large", ONCE);
    home.recovers();
}

fn no_http(trial: &Trial) {
    let home = trial.home();
    let quick = ["--attempts", "1", "--first-byte-timeout", "1", "--idle-timeout", "1"];
    for bytes in [
        &b"\x00\x01\x02\xff\xfe noise \r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/9.9 200 OK\r\n\r\n[]",
        b"HTTP/1.1 20 OK\r\n\r\n[]",
        b"HTTP/1.1 1000 OK\r\n\r\n[]",
        b"ICY 200 OK\r\n\r\n[]",
        b"",
    ] {
        home.panel.on(Action::Account, Behaviour::Raw(bytes.to_vec()));
        home.fails_all(5, "panel_unreachable", &quick);
        home.panel.behave();
        home.panel.on(Action::VodStreams, Behaviour::Raw(bytes.to_vec()));
        let report = home.sync(&quick).exits(3).report();
        assert_eq!(report.error_code(Kind::Movies), Some("panel_unreachable"));
        home.keeps_all();
        home.panel.behave();
    }
    // An answer in HTTP/1.0 is accepted.
    let old = |body: &[u8]| [&b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"[..], body].concat();
    let body = home.panel.catalogue(|catalogue| catalogue.render(Kind::Movies, sync_tests::Shape::Array, None));
    home.panel.on(Action::VodStreams, Behaviour::Raw(old(&body)));
    assert_eq!(home.sync(&quick).exits(0).report().outcome(Kind::Movies), "unchanged");
    home.panel.on(Action::VodStreams, Behaviour::Raw(old(&body[..body.len() / 2])));
    let report = home.sync(&quick).exits(3).report();
    assert_eq!(report.error_code(Kind::Movies), Some("truncated"));
    home.panel.on(Action::VodStreams, Behaviour::Hang);
    home.fails(Kind::Movies, Behaviour::Hang, "panel_unreachable", &quick);
    home.recovers();
}
