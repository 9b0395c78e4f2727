//! Cases 25 to 28, 69 and 77: answers and connections that break off.

use std::time::Duration;

use sync_tests::{Action, Behaviour, CatalogueConfig, Framing, Kind, Panel, PanelConfig, Pour, Step};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case(
        "25",
        "truncated, close-delimited",
        "up to the middle of item 812 of 1,000, then a clean close",
        close_delimited,
    ),
    case("26", "truncated, chunked abort", "no final chunk; chunk sizes that are none; a reset", chunked),
    case("27", "lying Content-Length", "21,274 and no byte; too long, too short, negative, two", lying_lengths),
    case("28", "truncated after `}`", "the last whole item, then the end, no ]", between_two_items),
    case("69", "stalled body", "30 MB, then silence", stalled),
    case("77", "stale keep-alive", "kept connections that are reset, or closed while idle", stale_connections),
];

const ONCE: &[&str] = &["--attempts", "1"];

/// Returns a home with a thousand movies.
fn thousand(trial: &Trial) -> Home<'_> {
    let config = CatalogueConfig { seed: 25, channels: 60, movies: 1000, series: 60, items_per_category: 100 };
    let home = trial.home_of(&config);
    home.advance(&Step { updated_percent: 10.0, ..Step::ordinary() });
    home
}

/// Asserts that the listing of movies fails as truncated, for the full list and for categories.
#[track_caller]
fn cut(home: &Home<'_>, behaviour: Behaviour) {
    home.fails(Kind::Movies, behaviour, "truncated", ONCE);
    home.panel.behave();
}

/// Recovers with a good run. Without it, the next run but one would ask by category.
#[track_caller]
fn whole_again(home: &Home<'_>) {
    home.recovers();
    home.advance(&Step { updated_percent: 1.0, ..Step::default() });
    home.remember();
}

fn close_delimited(trial: &Trial) {
    let home = thousand(trial);
    let within_812 = |body: &[u8]| {
        let ends: Vec<usize> = (0..body.len() - 2).filter(|at| &body[*at..*at + 3] == b"},{").collect();
        body[..ends[811] - 60].to_vec()
    };
    cut(&home, Behaviour::Together(vec![Behaviour::edited(within_812), Behaviour::Framed(Framing::Close)]));
    whole_again(&home);
    // With attempts left, the second attempt counts. No item is counted twice.
    home.advance(&Step::ordinary());
    let cut = vec![Behaviour::edited(within_812), Behaviour::Framed(Framing::Close)];
    home.panel.on_next(Action::VodStreams, 1, &Behaviour::Together(cut));
    home.sync(&[]).exits(0);
    home.assert_true();
}

fn chunked(trial: &Trial) {
    let home = thousand(trial);
    cut(&home, Behaviour::Together(vec![Behaviour::Framed(Framing::Chunked), Behaviour::CutAfter(200_000)]));
    whole_again(&home);
    // Every byte of the list arrives, but the last chunk that proves the end is missing.
    cut(&home, Behaviour::without_last_chunk());
    for size in ["zz", "-5", "ffffffffffffffffff", "", "1fffffff"] {
        whole_again(&home);
        cut(&home, Behaviour::Together(vec![Behaviour::ChunkSize(size.to_owned()), Behaviour::CutAfter(u64::MAX)]));
    }
    for framing in [Framing::Chunked, Framing::ContentLength, Framing::Close] {
        whole_again(&home);
        cut(&home, Behaviour::Together(vec![Behaviour::Framed(framing), Behaviour::ResetAfter(150_000)]));
    }
    home.recovers();
}

fn lying_lengths(trial: &Trial) {
    let home = thousand(trial);
    let length = |length: &str| Behaviour::with_header("Content-Length", length);
    cut(&home, Behaviour::Together(vec![length("21274"), Behaviour::CutAfter(0)]));
    whole_again(&home);
    cut(&home, length("21274"));
    whole_again(&home);
    // The whole list arrives, but the promised rest never does.
    cut(&home, Behaviour::Together(vec![length("9999999"), Behaviour::CutAfter(u64::MAX)]));
    let two = vec![("Content-Length".to_owned(), "7".to_owned())];
    for lie in [length("-1"), length("many"), length("99999999999999999999"), Behaviour::FurtherHeaders(two)] {
        whole_again(&home);
        let run = home.fails(Kind::Movies, lie, "panel_unreachable", ONCE);
        assert!(run.stderr.contains("HTTP") || run.stderr.contains("connection"), "{}", run.stderr);
    }
    home.recovers();
}

fn between_two_items(trial: &Trial) {
    let home = thousand(trial);
    let no_end = |body: &[u8]| body[..body.len() - 1].to_vec();
    let between = |body: &[u8]| {
        let end = body.windows(3).rposition(|window| window == b"},{").unwrap();
        body[..=end].to_vec()
    };
    for framing in [Framing::Close, Framing::ContentLength, Framing::Chunked] {
        for edit in [Behaviour::edited(no_end), Behaviour::edited(between)] {
            cut(&home, Behaviour::Together(vec![edit, Behaviour::Framed(framing)]));
            whole_again(&home);
        }
    }
    // An object ends with another bracket. It is missing here as well.
    let keyed = Behaviour::Together(vec![Behaviour::KeyedObject, Behaviour::edited(no_end)]);
    cut(&home, Behaviour::Together(vec![keyed, Behaviour::Framed(Framing::Close)]));
    home.recovers();
}

fn stalled(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    let element = |at: u64| format!("{{\"stream_id\":{},\"name\":\"{}\"}},", 10_000_000 + at, "x".repeat(29_900));
    let pour = Pour::of(move |at| Some(if at == 0 { "[".to_owned() + &element(at) } else { element(at) }.into()));
    let stall = Behaviour::Together(vec![Behaviour::Pour(pour), Behaviour::HangAfter(30_000_000)]);
    let more = ["--attempts", "1", "--idle-timeout", "1"];
    let run = home.fails(Kind::Movies, stall, "panel_unreachable", &more);
    assert!(run.stderr.contains("nothing came") || run.stderr.contains("in time"), "{}", run.stderr);
    assert!(home.panel.requests().iter().any(|request| request.body_bytes >= 30_000_000));
    home.panel.behave();
    home.recovers();
    home.remember();
    home.advance(&Step::ordinary());
    // One byte per second is too slow for an answer.
    let drip = Behaviour::Throttle(1);
    let run = home.fails(Kind::Series, drip, "panel_unreachable", &more);
    assert!(!run.stderr.contains("panicked"));
    home.recovers();
}

fn stale_connections(trial: &Trial) {
    let reset = PanelConfig { requests_per_connection: Some(1), ..panel_config() };
    let closed = PanelConfig { idle_limit: Some(Duration::from_millis(1)), ..panel_config() };
    for config in [reset, closed] {
        let resets = config.requests_per_connection.is_some();
        let catalogue = sync_tests::Catalogue::new(&some_hundred(77));
        let home = trial.home_at(Panel::start(config, catalogue).unwrap());
        home.advance(&Step::ordinary());
        home.panel.forget_requests();
        let report = home.sync(&["--attempts", "2"]).exits(0).report();
        assert_eq!(report.status(), "completed");
        home.assert_true();
        let requests = home.panel.requests();
        let dead = requests.iter().filter(|request| request.status.is_none()).count();
        assert!(!resets || (1..=6).contains(&dead), "{dead} requests met a dead connection");
        assert_eq!(requests.len() - dead, 7, "each of those was repeated once");
    }
}
