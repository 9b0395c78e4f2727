//! A body that is cut writes nothing, whatever marks its end.

use sync_tests::{Action, Behaviour, Framing, Kind, Step};

use crate::scene::{HOME, Scene};

const FRAMINGS: [Framing; 3] = [Framing::ContentLength, Framing::Chunked, Framing::Close];

#[test]
fn a_cut_body_writes_nothing() {
    let scene = Scene::synced(701);
    for framing in FRAMINGS {
        for ending in [Behaviour::CutAfter(90_000), Behaviour::ResetAfter(90_000), Behaviour::CutAfter(1)] {
            let shown = format!("{framing:?}, {ending:?}");
            let expected = scene.panel.advance(&Step { updated_percent: 5.0, ..Step::ordinary() });
            let before = scene.cache().content_of(HOME, Kind::Movies);
            scene.panel.forget_requests();
            scene.panel.on(Action::VodStreams, Behaviour::Together(vec![Behaviour::Framed(framing), ending]));
            let report = scene.sync(&[]).exits(3).report();
            assert_eq!((report.status(), report.outcome(Kind::Movies)), ("partial", "failed"), "{shown}");
            assert_eq!(scene.panel.request_count(Action::VodStreams), 4, "{shown}");
            assert_eq!(scene.cache().content_of(HOME, Kind::Movies), before, "{shown}");
            // A complete answer comes in between. After two cut answers in a row, the list would be asked for category
            // by category.
            scene.panel.behave();
            let report = scene.sync(&[]).exits(0).report();
            assert_eq!(report.counts(Kind::Movies), scene.counts(&expected, Kind::Movies), "{shown}");
            scene.assert_true();
        }
    }
}

#[test]
fn a_cut_between_two_elements_is_a_cut() {
    let scene = Scene::synced(702);
    let before = scene.cache().content_of(HOME, Kind::Series);
    let cut = |body: &[u8]| {
        let end = body.windows(3).rposition(|window| window == b"},{").unwrap();
        body[..=end].to_vec()
    };
    for framing in FRAMINGS {
        scene.panel.on(Action::Series, Behaviour::Together(vec![Behaviour::edited(cut), Behaviour::Framed(framing)]));
        let report = scene.sync(&[]).exits(3).report();
        assert_eq!(report.error_code(Kind::Series), Some("truncated"), "{framing:?}");
        assert_eq!(scene.cache().content_of(HOME, Kind::Series), before, "{framing:?}");
    }
}

#[test]
fn after_a_cut_the_next_attempt_counts_and_nothing_is_counted_twice() {
    for (seed, framing) in (703..).zip(FRAMINGS) {
        let scene = Scene::synced(seed);
        let expected = scene.panel.advance(&Step { updated_percent: 20.0, added_percent: 10.0, ..Step::default() });
        for kind in Kind::ALL {
            let cut = Behaviour::Together(vec![Behaviour::Framed(framing), Behaviour::CutAfter(50_000)]);
            scene.panel.on_next(Action::listing(kind), 2, &cut);
        }
        scene.follow(&expected);
        assert_eq!(scene.panel.request_count(Action::VodStreams), 1 + 3);
    }
}
