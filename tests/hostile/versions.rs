//! Panels whose `ETag` and `Last-Modified` mean nothing: what they freeze is found out, and comes right.

use sync_tests::{Action, Behaviour, Condition, Kind, Step};

use crate::home::Home;
use crate::programme::{Scenario, case};
use crate::scene::{some_hundred, start_panel};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("n", "never anything new", "304 to whoever asks for another version", never_new),
    case("o", "one ETag for all times", "another list under the ETag of the one before", one_tag),
    case("p", "304 that nobody asked for", "304 without a question, and in place of a list", unasked),
    case("q", "odd ETags", "*, none in quotes, two, 8 KiB, the password", odd_tags),
];

/// All lists carry this header, and whoever asks for another version is told that there is none.
fn stubborn(home: &Home<'_>, name: &str, value: &str) {
    for kind in Kind::ALL {
        let header = Behaviour::Headers(vec![(name.to_owned(), value.to_owned())]);
        let same = Behaviour::Status(304, Vec::new(), Vec::new()).when(Condition::Unless);
        home.panel.on(Action::listing(kind), Behaviour::Together(vec![header, same]));
    }
}

/// Lets a day pass for the lists of the cache.
fn a_day_later(home: &Home<'_>) {
    home.cache().execute("UPDATE xtream_listing_validators SET listed_at=listed_at-86400");
}

/// Edits a movie's name; nothing of it shows but in the list.
fn edit(home: &Home<'_>) {
    home.panel.catalogue(|catalogue| {
        let id = catalogue.ids(Kind::Movies)[3];
        catalogue.edit(Kind::Movies, id, "name", "Another name");
    });
}

/// A list that is the same is not sent; one that has changed is frozen for a day at most.
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
    // From now on every change is seen at once.
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
    // It doesn't even look at what it is asked, and sends everything.
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
