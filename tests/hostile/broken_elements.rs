//! Lists in which some elements are not JSON: a quote or a brace is missing, or there is one too many.

use std::collections::BTreeSet;

use sync_tests::{Action, Behaviour, Catalogue, Framing, Kind, Panel, PanelConfig, Shape, Step};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{HOME, panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("ba", "a stray quote in a list", "\"name\":\"5\" TV\" in 1 of 400, with length and in chunks", stray_quote),
    case("bb", "lost quotes and braces", "five broken elements of 400, something removed beside them", several),
    case("bc", "a stray quote in a keyed list", "{\"0\":{…},\"1\":{\"name\":\"5\" TV\"},…}", keyed),
    case("bd", "an even number of stray quotes", "\"name\":\"a \"b\" c\" in a list that is new", even_quotes),
    case("be", "a stray quote, no length", "the same until the connection is closed", no_proof),
];

/// Returns an edit of a list: in its element number `at`, it replaces the first `what` by `by`.
fn broken(at: usize, what: &'static str, by: &'static str) -> impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static {
    move |body| {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let mut elements: Vec<String> = text.split("},").map(str::to_owned).collect();
        assert!(elements[at].contains(what), "{}", elements[at]);
        elements[at] = elements[at].replacen(what, by, 1);
        elements.join("},").into_bytes()
    }
}

/// Syncs once, and asserts that the run skips this number of movies, asks for their list once and ends well. With `-v`
/// the command reports where the elements are.
#[track_caller]
fn skips(home: &Home<'_>, skipped: u64) {
    home.panel.forget_requests();
    let run = home.sync(&["-v"]).exits(0);
    let report = run.report();
    let counts = report.counts(Kind::Movies);
    assert_eq!((counts.skipped, counts.removed, counts.held), (skipped, 0, 0), "{report:?}");
    assert_eq!(home.panel.request_count(Action::VodStreams), 1, "the list is asked for once");
    assert!(run.stderr.contains("an element can't be read"), "{}", run.stderr);
    assert!(run.stderr.contains("begins at byte"), "{}", run.stderr);
    let place = &report.kind(Kind::Movies)["skipped_at"];
    assert!(place["offset"].is_u64() && (place["before"].is_i64() || place["after"].is_i64()), "{report:?}");
}

fn stray_quote(trial: &Trial) {
    for framing in [Framing::ContentLength, Framing::Chunked] {
        let panel = Panel::start(PanelConfig { framing, ..panel_config() }, Catalogue::new(&some_hundred(23))).unwrap();
        let home = trial.home_at(panel);
        let expected = home.advance(&Step { added_percent: 5.0, updated_percent: 5.0, ..Step::default() });
        home.panel.on(Action::VodStreams, Behaviour::edited(broken(100, "\"name\":\"", "\"name\":\"5\" ")));
        skips(&home, 1);
        let ids: BTreeSet<i64> = home.ids(Kind::Movies).into_iter().collect();
        let cached: BTreeSet<i64> = home.cache().row_ids(HOME, Kind::Movies).into_keys().collect();
        // At most one movie is missing: the broken element, if it is new.
        let absent: Vec<_> = ids.difference(&cached).collect();
        assert!(absent.iter().all(|id| expected.movies.added.contains(id)) && absent.len() <= 1, "{absent:?}");
        // The run stores nothing about the broken element. The next run asks for the whole list once and changes
        // nothing.
        home.remember();
        skips(&home, 1);
        home.keeps_all();
        home.recovers();
    }
}

fn several(trial: &Trial) {
    let home = trial.home();
    let edits: [(usize, &'static str, &'static str); 5] = [
        (3, "\"name\":\"", "\"name\":\"5\" "),
        (4, "\"name\":\"", "\"name\":"),
        (50, "{", ""),
        (200, ",\"", ",\"\"\""),
        (300, "\"name\":\"", "\"name\":\"\\\\\" x "),
    ];
    let edit = move |body: &[u8]| edits.iter().fold(body.to_vec(), |body, (at, what, by)| broken(*at, what, by)(&body));
    home.remember();
    home.panel.on(Action::VodStreams, Behaviour::edited(edit));
    skips(&home, 5);
    home.keeps_all();
    // The removal of an item that is missing beside the broken elements is held.
    let gone = home.ids(Kind::Movies)[350];
    let item = home.panel.catalogue(|catalogue| catalogue.item(Kind::Movies, gone).cloned()).unwrap();
    home.panel.catalogue(|catalogue| catalogue.remove(Kind::Movies, gone));
    home.panel.on(Action::VodStreams, Behaviour::edited(broken(7, "\"name\":\"", "\"name\":\"6\" ")));
    home.holds(Kind::Movies, "unreadable_ids", 1, &[]);
    home.keeps(&[Kind::Movies]);
    // In its third list the broken element is a known defect and holds no removals.
    home.holds(Kind::Movies, "unreadable_ids", 1, &[]);
    home.may_go(Kind::Movies, [gone]);
    let counts = home.sync(&[]).exits(0).report().counts(Kind::Movies);
    assert_eq!((counts.skipped, counts.removed, counts.held), (1, 1, 0));
    home.panel.catalogue(|catalogue| catalogue.insert(Kind::Movies, item, sync_tests::Place::At(350)));
    home.recovers();
}

fn keyed(trial: &Trial) {
    let home = trial.home();
    home.remember();
    let body = home.panel.catalogue(|catalogue| catalogue.render(Kind::Movies, Shape::Keyed, None));
    for (what, by) in [("\"name\":\"", "\"name\":\"5\" "), ("\"name\":\"", "\"name\":")] {
        home.panel.on(Action::VodStreams, Behaviour::Body(broken(150, what, by)(&body)));
        skips(&home, 1);
        home.keeps_all();
    }
    home.recovers();
}

fn even_quotes(trial: &Trial) {
    let home = trial.new_home(Panel::start(panel_config(), Catalogue::new(&some_hundred(24))).unwrap());
    let edit = broken(20, "\"name\":\"", "\"name\":\"a \"b\" ");
    home.panel.on(Action::VodStreams, Behaviour::edited(edit));
    skips(&home, 1);
    let id = home.ids(Kind::Movies)[20];
    let cached = home.cache().row_ids(HOME, Kind::Movies);
    assert!(!cached.contains_key(&id), "a broken element adds nothing");
    assert_eq!(cached.len() + 1, home.ids(Kind::Movies).len());
    home.recovers();
}

fn no_proof(trial: &Trial) {
    let config = PanelConfig { framing: Framing::Close, encodings: Vec::new(), ..panel_config() };
    let home = trial.home_at(Panel::start(config, Catalogue::new(&some_hundred(25))).unwrap());
    // The connection is closed without proof of the end. A broken quote that hides the end of the list may also hide
    // that the list was cut. (An escaped quote in a later name would end the text, so the end would be seen again. The
    // edit removes such quotes.)
    let edit = |body: &[u8]| {
        let plain = String::from_utf8(body.to_vec()).unwrap().replace("\\\"", "'");
        broken(100, "\"name\":\"", "\"name\":\"5\" ")(plain.as_bytes())
    };
    home.fails(Kind::Movies, Behaviour::edited(edit), "truncated", &[]);
    home.recovers();
}
