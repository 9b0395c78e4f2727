//! Cases 68, 71 and 88: answers that are slow, large, compressed, or larger than they look.

use std::time::Duration;

use sync_tests::{Action, Behaviour, BodyEdit, CatalogueConfig, Condition, Encoding, Framing, Kind, Panel, Pour, Step};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::panel_config;
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("68", "slow first byte", "silence, then 100 MB", slow_and_large),
    case("71", "gzip of all sorts", "without header, header without it, cut, corrupt, bombs", gzip),
    case("88", "giant strings, deep nesting", "a plot of 5 MB, 10,000 levels, a million categories", giants),
];

const ONCE: &[&str] = &["--attempts", "1"];

fn slow_and_large(trial: &Trial) {
    let config = CatalogueConfig { seed: 68, channels: 5, movies: 0, series: 5, items_per_category: 40 };
    let home = trial.home_of(&config);
    // The listing has a hundred megabytes: 2,500 movies with a plot of 40 kB each.
    let element =
        |at: u64| format!("{{\"stream_id\":{},\"name\":\"N {at}\",\"plot\":\"{}\"}}", 500 + at, "plot ".repeat(8_000));
    let pour = Pour::of(move |at| match at {
        0 => Some(("[".to_owned() + &element(at)).into()),
        1..2_500 => Some((",".to_owned() + &element(at)).into()),
        2_500 => Some("]".into()),
        _ => None,
    });
    let slow = Behaviour::Together(vec![Behaviour::SlowFirstByte(Duration::from_secs(2)), Behaviour::Pour(pour)]);
    home.panel.on(Action::VodStreams, slow.clone());
    let limits = ["--first-byte-timeout", "10", "--idle-timeout", "3"];
    let report = home.sync(&limits).exits(0).report();
    assert_eq!(report.counts(Kind::Movies).added, 2_500);
    assert!(report.kind(Kind::Movies)["bytes"].as_u64().unwrap() > 100_000_000);
    home.remember();
    // The answer is too slow for a shorter time limit. No row is lost.
    let run = home.fails(Kind::Movies, slow, "panel_unreachable", &["--first-byte-timeout", "0.5", "--attempts", "1"]);
    assert!(run.stderr.contains("500ms"), "{}", run.stderr);
}

/// Changes the panel, and asserts that a sync reads the listing in this encoding.
#[track_caller]
fn understood(home: &Home<'_>, behaviour: Behaviour) {
    let expected = home.advance(&Step { updated_percent: 3.0, ..Step::default() });
    home.panel.on(Action::VodStreams, behaviour);
    let report = home.sync(&["--attempts", "3"]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies), home.counts(&expected, Kind::Movies));
    home.panel.behave();
    home.assert_true();
    home.remember();
}

fn gzip(trial: &Trial) {
    let home = trial
        .home_at(Panel::start(panel_config(), sync_tests::Catalogue::new(&crate::scene::some_hundred(71))).unwrap());
    let packed = |announced, edit: Option<BodyEdit>| Behaviour::Gzip { announced, edit };
    understood(&home, packed(true, None));
    understood(&home, packed(false, None));
    understood(&home, Behaviour::with_header("Content-Encoding", "gzip"));
    understood(&home, Behaviour::with_header("Content-Encoding", "gzip").when(Condition::Accepts(Encoding::Gzip)));
    // The answer is corrupt only when it is compressed. The run asks for it uncompressed and reads it.
    let corrupt = || {
        BodyEdit::new(|body| {
            let mut body = body.to_vec();
            let half = body.len() / 2;
            body[half..half + 64].iter_mut().for_each(|byte| *byte ^= 0x5a);
            body
        })
    };
    understood(&home, packed(true, Some(corrupt())).when(Condition::Accepts(Encoding::Gzip)));
    // The answer is always corrupt or lacks its end.
    let half = || BodyEdit::new(|body| body[..body.len() / 2].to_vec());
    let no_checksum = || BodyEdit::new(|body| body[..body.len() - 8].to_vec());
    for (announced, edit) in [
        (true, corrupt()),
        (false, corrupt()),
        (true, half()),
        (false, half()),
        (true, no_checksum()),
        (false, no_checksum()),
    ] {
        home.advance(&Step { updated_percent: 1.0, ..Step::default() });
        let framing = Behaviour::Framed(Framing::Close);
        home.fails(Kind::Movies, Behaviour::Together(vec![packed(announced, Some(edit)), framing]), "truncated", ONCE);
        home.recovers();
        home.remember();
    }
    // A compression bomb: two megabytes that expand to two gigabytes, as white space and as one endless text.
    for (first, again) in [(&b"["[..], b' '), (b"[{\"stream_id\":1,\"name\":\"", b'x')] {
        let bomb = Behaviour::Pour(Pour::gzip_bomb(first, again, 2048));
        let run = home.fails(Kind::Movies, bomb, "too_large", &["--attempts", "1", "--max-body-mib", "200"]);
        assert!(run.stderr.contains("larger than"), "{}", run.stderr);
    }
    home.recovers();
}

fn giants(trial: &Trial) {
    let home = trial.home();
    let with = |element: String| Behaviour::edited(move |body| [b"[", element.as_bytes(), b",", &body[1..]].concat());
    let nested = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let objects = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let keys = (0..50_000).map(|at| format!(r#""k{at}":{at}"#)).collect::<Vec<_>>().join(",") + ",";
    let million = (0..1_000_000).map(|at| at.to_string()).collect::<Vec<_>>().join(",");
    // The item is stored, and it is counted as skipped if a part of it was not read.
    for (element, stored, told) in [
        (format!(r#"{{"stream_id":77000001,"name":"A plot","plot":"{}"}}"#, "x".repeat(5_000_000)), 1, 0),
        (format!(r#"{{"stream_id":77000002,"name":"A longer one","plot":"{}"}}"#, "x".repeat(9_000_000)), 1, 1),
        (format!(r#"{{"stream_id":77000003,"name":"{}"}}"#, "n".repeat(1_000_000)), 1, 0),
        (format!(r#"{{"stream_id":77000004,"name":"Deep","x":{nested}}}"#), 1, 1),
        (format!(r#"{{"stream_id":77000005,"name":"Deeper","x":{objects}}}"#), 1, 1),
        (nested.clone(), 0, 1),
        (format!(r#"{{"stream_id":77000006,"name":"Everywhere","category_ids":[{million}]}}"#), 1, 0),
        (format!(r#"{{"stream_id":77000007,{keys}"name":"Many keys"}}"#), 1, 0),
    ] {
        home.panel.on(Action::VodStreams, with(element));
        let report = home.sync(&[]).exits(0).report();
        let counts = report.counts(Kind::Movies);
        assert_eq!(counts.unchanged + counts.refreshed, 400, "the list goes on: {counts:?}");
        assert_eq!((counts.added, counts.skipped), (stored, told), "{counts:?}");
        home.may_go(Kind::Movies, 77_000_001..77_000_010);
        home.panel.behave();
        home.sync(&[]).exits(0);
    }
    home.assert_true();
}
