//! Panels whose `ETag` and `Last-Modified` are wrong. Runs find this out, and the rows become right again.

use sync_tests::{Action, Behaviour, BodyEdit, Condition, Kind, Panel, PanelConfig, Step};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{panel_config, some_hundred, start_panel};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("n", "never anything new", "304 to whoever asks for another version", never_new),
    case("o", "one ETag for all times", "another list under the ETag of the one before", one_tag),
    case("p", "304 that nobody asked for", "304 without a question, and in place of a list", unasked),
    case("q", "odd ETags", "*, none in quotes, two, 8 KiB, the password", odd_tags),
    case(
        "r",
        "probes answered wrongly",
        "what is behind an offset: nothing, all, the last item, a page, 403, half",
        wrong_parts,
    ),
];

/// Lets all lists carry this header, and answers every conditional request with 304.
fn stubborn(home: &Home<'_>, name: &str, value: &str) {
    for kind in Kind::ALL {
        let header = Behaviour::Headers(vec![(name.to_owned(), value.to_owned())]);
        let same = Behaviour::Status(304, Vec::new(), Vec::new()).when(Condition::Unless);
        home.panel.on(Action::listing(kind), Behaviour::Together(vec![header, same]));
    }
}

/// Makes the stored validators a day older.
fn a_day_later(home: &Home<'_>) {
    home.cache().execute("UPDATE xtream_listing_validators SET listed_at=listed_at-86400");
}

/// Edits the name of a movie. Only the list shows the edit.
fn edit(home: &Home<'_>) {
    home.panel.catalogue(|catalogue| {
        let id = catalogue.ids(Kind::Movies)[3];
        catalogue.edit(Kind::Movies, id, "name", "Another name");
    });
}

/// Asserts that an unchanged list is not sent, and that a changed one goes unnoticed for at most a day.
#[track_caller]
fn frozen_for_a_day(home: &Home<'_>) {
    home.sync(&[]).exits(0);
    home.remember();
    edit(home);
    let report = home.sync(&[]).exits(0).report();
    assert_eq!(report.kind(Kind::Movies)["not_modified"], true, "{report:?}");
    home.keeps_all();
    a_day_later(home);
    let report = home.sync(&[]).exits(0).report();
    assert_eq!(report.counts(Kind::Movies).updated, 1, "{report:?}");
    home.assert_true();
    assert!(home.run(&["status"]).exits(0).stdout.contains("the panel called a changed one unchanged"));
    // From now on every run finds every change.
    home.panel.forget_requests();
    let step = Step { added_percent: 1.0, updated_percent: 2.0, removed_percent: 1.0, ..Step::default() };
    home.advance(&step);
    home.sync(&[]).exits(0);
    home.assert_true();
    let asked = |header| home.panel.requests().iter().any(|request| request.header(header).is_some());
    assert!(!asked("if-none-match") && !asked("if-modified-since"));
}

fn never_new(trial: &Trial) {
    for (name, value) in [("ETag", "\"always\""), ("Last-Modified", "Thu, 01 Jan 2015 00:00:00 GMT")] {
        let home = trial.new_home(start_panel(&some_hundred(95)));
        home.sync(&[]).exits(0);
        stubborn(&home, name, value);
        frozen_for_a_day(&home);
    }
}

fn one_tag(trial: &Trial) {
    let home = trial.home();
    // The panel ignores the condition of a request and sends everything.
    for kind in Kind::ALL {
        let tag = ("ETag".to_owned(), "\"one\"".to_owned());
        home.panel.on(Action::listing(kind), Behaviour::Headers(vec![tag]));
    }
    home.sync(&[]).exits(0);
    edit(&home);
    let run = home.sync(&[]).exits(0);
    assert_eq!(run.report().counts(Kind::Movies).updated, 1);
    assert!(run.stderr.contains("calls a changed list unchanged"), "{}", run.stderr);
    home.assert_true();
}

fn unasked(trial: &Trial) {
    let home = trial.home();
    let nothing = || Behaviour::Status(304, Vec::new(), Vec::new());
    home.fails(Kind::Movies, nothing(), "http_status", &[]);
    home.panel.behave();
    for kind in Kind::ALL {
        home.panel.on(Action::categories(kind), nothing());
    }
    let report = home.sync(&[]).exits(3).report();
    assert_eq!(report.error_code(Kind::Movies), Some("http_status"));
    home.recovers();
    home.panel.on(Action::Account, nothing());
    home.fails_all(6, "http_status", &[]);
    home.recovers();
}

fn odd_tags(trial: &Trial) {
    let home = trial.home();
    let password = format!("\"{}\"", crate::program::PASSWORD);
    let long = format!("\"{}\"", "x".repeat(8192));
    for tag in ["*", "one", "\"\"", "\"a\", \"b\"", "\"ä\"", &long, &password] {
        stubborn(&home, "ETag", tag);
        for _ in 0..2 {
            edit(&home);
            let report = home.sync(&[]).exits(0).report();
            assert!(report.kind(Kind::Movies)["not_modified"].is_null(), "{tag}: {report:?}");
            home.assert_true();
        }
    }
    let two = |value: &str| ("ETag".to_owned(), value.to_owned());
    home.panel.on(Action::VodStreams, Behaviour::FurtherHeaders(vec![two("\"a\""), two("\"b\"")]));
    home.sync(&[]).exits(0);
    assert_eq!(home.cache().count("xtream_listing_validators"), 0);
    home.recovers();
}

/// Runs what is due, as the service does, an hour later. Returns the report.
#[track_caller]
fn look(home: &Home<'_>) -> serde_json::Value {
    let sooner = "UPDATE xtream_sync_runs SET started_at=started_at-4200,finished_at=finished_at-4200";
    home.cache().execute(sooner);
    let run = home.run(&["watch", "--once-due", "--json", "--backoff", "0.01", "--schedule", "every 1h"]).exits(0);
    serde_json::from_str(&run.stdout).unwrap()
}

/// Returns a list with only the last element of a list.
fn last_of(body: &[u8]) -> Vec<u8> {
    let elements: Vec<serde_json::Value> = serde_json::from_slice(body).unwrap();
    serde_json::to_vec(&elements[elements.len() - 1..]).unwrap()
}

fn wrong_parts(trial: &Trial) {
    let catalogue = sync_tests::Catalogue::new(&some_hundred(96));
    let panel = |paging| Panel::start(PanelConfig { paging, ..panel_config() }, catalogue.clone()).unwrap();
    for (wrong, is_asked_again) in [
        (Behaviour::Body(b"[]".to_vec()), true),
        (Behaviour::Normal, false),
        (Behaviour::Edited(BodyEdit::new(last_of)), false),
        (Behaviour::Body(b"<html></html>".to_vec()), true),
        (Behaviour::Status(403, Vec::new(), Vec::new()), true),
        (Behaviour::CutAfter(100), true),
    ] {
        let home = trial.new_home(panel(false));
        look(&home);
        home.panel.on(Action::VodStreams, wrong.when(Condition::Behind));
        let report = look(&home);
        assert_eq!(report["kinds"]["movies"]["outcome"], "unchanged", "{report}");
        assert_eq!(report["errors"].as_array().unwrap().len(), 0, "{report}");
        edit(&home);
        home.panel.forget_requests();
        let report = look(&home);
        assert_eq!(report["kinds"]["movies"]["updated"], 1, "{report}");
        let behind = home.panel.requests().iter().any(|request| {
            request.param("action") == Some("get_vod_streams") && request.param("params[offset]").is_some()
        });
        assert_eq!(behind, is_asked_again);
        home.assert_true();
    }
    // The panel begins to give wrong answers to probes after it is trusted.
    let home = trial.new_home(panel(true));
    look(&home);
    assert_eq!(look(&home)["kinds"]["movies"]["outcome"], "probed_unchanged");
    home.panel.on(Action::VodStreams, Behaviour::Body(last_of(&movies(&home))).when(Condition::Behind));
    let before = home.cache().raw_rows(crate::scene::HOME, Kind::Movies);
    home.advance(&Step { added_percent: 2.0, ..Step::default() });
    assert_eq!(look(&home)["kinds"]["movies"]["outcome"], "probed_unchanged");
    assert_eq!(home.cache().raw_rows(crate::scene::HOME, Kind::Movies), before);
    // This makes the last whole list 23 hours older, in the stored facts.
    let older = "UPDATE xtream_panel_facts SET value=CAST(CAST(substr(value,1,instr(value,' ')-1) AS INTEGER)-82800 \
                 AS TEXT)||substr(value,instr(value,' ')) WHERE fact='probe.base'";
    home.cache().execute(older);
    let report = look(&home);
    assert_eq!(report["kinds"]["movies"]["outcome"], "completed", "{report}");
    home.assert_true();
    assert!(home.run(&["status"]).exits(0).stdout.contains("is not asked for what follows its last item"));
}

/// Returns the movies as the panel lists them.
fn movies(home: &Home<'_>) -> Vec<u8> {
    home.panel.catalogue(|catalogue| catalogue.render(Kind::Movies, sync_tests::Shape::Array, None))
}
