//! Cases beyond the numbered list: how bytes are transferred. Nested compression, malformed headers, connections that
//! close after a redirect, and the wrong scheme.

use std::io::Write as _;

use sync_tests::{Action, Behaviour, BodyEdit, Catalogue, Certificate, Kind, Panel, PanelConfig, Step, TlsFront};

use crate::program::{Running, command};
use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("f11", "unusable proxy", "all_proxy=ftp://…, socks://…", unusable_proxies),
    case("f15", "the wrong scheme", "https to a plain port, http to an encrypted one", wrong_schemes),
    case("f19", "gzip within gzip", "gzip in gzip, a line break after it, a bomb in a bomb", nested),
    case("f20", "sloppy heads", "spaces before colons, folded lines, no colons", sloppy_heads),
    case("f21", "silent close behind a redirect", "a redirect, and the connection is dead", silent_closes),
];

fn unusable_proxies(trial: &Trial) {
    let home = trial.home();
    for (name, proxy) in [("all_proxy", "ftp://127.0.0.1:1"), ("HTTP_PROXY", "socks://ann:Kanarie9x7@127.0.0.1:1")] {
        home.panel.forget_requests();
        let mut command = command(&home.database, &["sync", "--json", "--backoff", "0.01"]);
        command.env(name, proxy).env_remove("no_proxy").env_remove("NO_PROXY");
        let run = home.watched(Running::start(command)).exits(5);
        assert!(run.stderr.contains("not supported") && run.stderr.contains("socks5h://"), "{}", run.stderr);
        assert_eq!(home.panel.requests().len(), 0, "nothing goes past the proxy");
    }
    home.keeps_all();
    home.recovers();
}

fn wrong_schemes(trial: &Trial) {
    let home = trial.home();
    let plain = home.panel.base_url();
    let front = TlsFront::start(&home.panel, Certificate::SelfSigned).unwrap();
    home.add(HOME, &front.base_url().replace("https:", "http:"), &[]).exits(0);
    let run = home.sync(&["--attempts", "2"]).exits(5);
    assert!(run.stderr.contains("https://"), "{}", run.stderr);
    home.add(HOME, &plain.replace("http:", "https:"), &[]).exits(0);
    let run = home.sync(&["--attempts", "1", "--connect-timeout", "1"]).exits(5);
    assert!(run.stderr.contains("http://"), "{}", run.stderr);
    home.add(HOME, &front.base_url(), &[]).exits(0);
    let run = home.sync(&["--attempts", "2"]).exits(5);
    assert!(run.stderr.contains("--verify-tls no"), "{}", run.stderr);
    home.add(HOME, &plain, &[]).exits(0);
    home.panel.in_front(Behaviour::html_status(400, "400 The plain HTTP request was sent to HTTPS port"));
    let run = home.fails_all(6, "http_status", &[]);
    assert!(run.stderr.contains("https://"), "{}", run.stderr);
    home.recovers();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn nested(trial: &Trial) {
    let home = trial.home();
    for announced in [true, false] {
        home.advance(&Step { updated_percent: 2.0, ..Step::default() });
        let twice = |bytes: &[u8]| [gzip(bytes), b"\r\n".to_vec()].concat();
        for kind in Kind::ALL {
            let edit = Some(BodyEdit::new(twice));
            home.panel.on(Action::listing(kind), Behaviour::Gzip { announced, edit });
            let edit = Some(BodyEdit::new(|bytes: &[u8]| [bytes, b"\n"].concat()));
            home.panel.on(Action::categories(kind), Behaviour::Gzip { announced, edit });
        }
        home.panel.forget_requests();
        home.sync(&[]).exits(0);
        home.assert_true();
        assert_eq!(home.panel.requests().len(), 7);
    }
    let limit = ["--max-body-mib", "8"];
    let bomb = gzip(&gzip(&vec![b' '; 64 << 20]));
    let hollow = gzip(&gzip(b"").repeat(1_000_000));
    for bytes in [bomb, hollow] {
        home.fails(Kind::Movies, Behaviour::Body(bytes), "too_large", &limit);
    }
    home.recovers();
}

fn sloppy_heads(trial: &Trial) {
    let home = trial.home();
    for (name, value) in [
        ("X-Cache ", "HIT"),
        ("X Cache", "HIT"),
        ("X-Cache", "HIT\r\n and more of it"),
        ("X-Cache", "H\u{1}IT"),
        ("X-Cache", "HIT\r\nno colon at all"),
        ("", "HIT"),
    ] {
        home.advance(&Step { updated_percent: 1.0, ..Step::default() });
        home.panel.in_front(Behaviour::with_header(name, value));
        home.panel.forget_requests();
        home.sync(&["--attempts", "1"]).exits(0);
        home.assert_true();
        assert_eq!(home.panel.requests().len(), 7, "{name}: {value}");
    }
}

fn silent_closes(trial: &Trial) {
    // A kept connection closes after its first answer. The client notices this only with its next request.
    let config = PanelConfig { keep_alive: true, requests_per_connection: Some(1), ..panel_config() };
    let home = trial.new_home(Panel::start(config, Catalogue::new(&some_hundred(21))).unwrap());
    home.sync(&["--attempts", "1"]).exits(0);
    for _ in 0..5 {
        home.advance(&Step { updated_percent: 2.0, ..Step::default() });
        home.panel.on_next(Action::Account, 1, &Behaviour::Forward(302, String::new()));
        for kind in Kind::ALL {
            home.panel.on_next(Action::categories(kind), 1, &Behaviour::Forward(302, String::new()));
            home.panel.on_next(Action::listing(kind), 2, &Behaviour::Forward(302, String::new()));
        }
        let report = home.sync(&["--attempts", "1"]).exits(0).report();
        assert_eq!(report.status(), "completed");
        home.assert_true();
    }
}
