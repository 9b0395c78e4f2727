//! Cases 13 to 15, 21 to 24 and 72: bodies that are not lists, and lists in another form.

use sync_tests::{Action, Behaviour, Kind, Panel, Step};

use crate::programme::{Scenario, case};
use crate::scene::{panel_config, some_hundred};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("13", "HTML 200", "a web page with status 200, as application/json", web_page),
    case("14", "\"Blocked\" 200", "the word Blocked", blocked),
    case("15", "empty body 200", "not one byte", no_bytes),
    case("21", "object instead of array", "{\"0\":{…},\"1\":{…}}", keyed_by_position),
    case("22", "keyed by id", "{\"101\":{…},\"205\":{…}}, the id only as key", keyed_by_id),
    case("23", "account object for list", "{user_info,server_info} for get_series", not_offered),
    case("24", "null, false, 0, \"error\" bodies", "each of them, and {}, [null], {\"error\":…}", no_lists),
    case("72", "wrong content-type and charset", "text/html; charset=ISO-8859-1 over UTF-8", wrong_charset),
];

fn web_page(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    let page = Behaviour::Body(b"<!DOCTYPE html>\n<html><head><title>Access denied</title></head></html>".to_vec());
    let run = home.fails(Kind::Movies, page.clone(), "html_page", &[]);
    assert!(run.stderr.contains("Access denied"), "the page's title is told: {}", run.stderr);
    home.panel.behave();
    home.fails(Kind::Channels, Behaviour::html(), "html_page", &[]);
    home.panel.behave();
    home.recovers();
    home.remember();
    home.panel.in_front(page);
    home.fails_all(6, "html_page", &[]);
    home.recovers();
}

fn blocked(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    for words in ["Blocked", "Forbidden", "Access denied", "Your IP is not allowed"] {
        home.fails(Kind::Movies, Behaviour::Body(words.into()), "not_json", &[]);
    }
    home.panel.behave();
    home.recovers();
    home.remember();
    home.panel.in_front(Behaviour::Body(b"Blocked".to_vec()));
    let run = home.fails_all(6, "not_json", &[]);
    assert!(run.stderr.contains("Blocked"), "{}", run.stderr);
    home.recovers();
}

fn no_bytes(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    for body in ["", " \r\n\t ", "\u{feff}"] {
        home.fails(Kind::Movies, Behaviour::Body(body.into()), "empty_body", &[]);
    }
    home.recovers();
}

fn keyed_by_position(trial: &Trial) {
    let home = trial.home();
    let expected = home.advance(&Step { updated_percent: 3.0, ..Step::default() });
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), Behaviour::KeyedObject);
        home.panel.on(Action::categories(kind), Behaviour::KeyedObject);
    }
    let report = home.sync(&[]).exits(0).report();
    for kind in Kind::ALL {
        assert_eq!(report.counts(kind), home.counts(&expected, kind), "{kind}");
    }
    home.assert_true();
    assert_eq!(home.sync(&[]).exits(0).report().outcomes(), ["unchanged"; 3]);
}

fn keyed_by_id(trial: &Trial) {
    let catalogue = sync_tests::Catalogue::new(&some_hundred(22));
    let home = trial.new_home(Panel::start(panel_config(), catalogue).unwrap());
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), Behaviour::KeyedById);
    }
    let report = home.sync(&[]).exits(0).report();
    assert_eq!(report.outcomes(), ["completed"; 3]);
    home.assert_true();
    // The plain list has the same ids as the object keyed by id.
    home.panel.behave();
    let report = home.sync(&[]).exits(0).report();
    assert_eq!(report.outcomes(), ["unchanged"; 3]);
    home.assert_true();
}

fn not_offered(trial: &Trial) {
    let home = trial.home();
    home.panel.on(Action::SeriesCategories, Behaviour::AccountInstead);
    for _ in 0..2 {
        let run = home.fails(Kind::Series, Behaviour::AccountInstead, "account_object", &[]);
        assert!(run.stderr.contains("offer"), "{}", run.stderr);
    }
    // The run has learnt that the panel doesn't offer the kind. It doesn't ask for the kind and ends well.
    home.panel.forget_requests();
    let run = home.sync(&[]).exits(0);
    assert_eq!(run.report().outcomes(), ["unchanged", "unchanged", "skipped"]);
    assert!(run.stderr.contains("warning:") && run.stderr.contains("series"), "{}", run.stderr);
    assert_eq!(home.panel.request_count(Action::Series), 0);
    home.keeps_all();
    // A run that names the kind asks for it.
    let report = home.sync(&["--only", "series"]).report();
    assert_eq!(report.error_code(Kind::Series), Some("account_object"));
    assert_eq!(home.panel.request_count(Action::Series), 1);
    // A full run that doesn't name the kind doesn't ask for it either.
    assert_eq!(home.sync(&["--full"]).exits(0).report().outcome(Kind::Series), "skipped");
    assert_eq!(home.panel.request_count(Action::Series), 1);
    home.panel.behave();
    home.sync(&["--only", "series"]).exits(0);
    home.sync(&["--full"]).exits(0);
    home.assert_true();

    // The panel never had series. One run is enough to learn this.
    let catalogue = sync_tests::Catalogue::new(&some_hundred(23));
    let home = trial.new_home(Panel::start(panel_config(), catalogue).unwrap());
    home.panel.on(Action::Series, Behaviour::AccountInstead);
    home.panel.on(Action::SeriesCategories, Behaviour::AccountInstead);
    let report = home.sync(&[]).exits(3).report();
    assert_eq!(report.outcomes(), ["completed", "completed", "failed"]);
    let report = home.sync(&[]).exits(0).report();
    assert_eq!(report.outcomes(), ["unchanged", "unchanged", "skipped"]);
}

fn no_lists(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    let bodies = [
        ("null", "not_a_list"),
        ("false", "not_a_list"),
        ("true", "not_a_list"),
        ("0", "not_a_list"),
        ("-1.5", "not_a_list"),
        ("\"error\"", "not_a_list"),
        ("{}", "not_a_list"),
        ("{\"error\":\"database\"}", "error_object"),
        ("{\"message\":\"Too many connections\",\"code\":1040}", "error_object"),
        ("[{\"category_id\":\"1\",\"category_name\":\"x\"}]", "wrong_items"),
        ("[null,false,0,\"error\"]", "wrong_items"),
    ];
    for (body, code) in bodies {
        home.fails(Kind::Movies, Behaviour::Body(body.into()), code, &[]);
    }
    home.recovers();
}

fn wrong_charset(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step { added_percent: 5.0, updated_percent: 20.0, ..Step::default() });
    for kind in Kind::ALL {
        let lie = Behaviour::with_header("Content-Type", "text/html; charset=ISO-8859-1");
        home.panel.on(Action::listing(kind), lie.clone());
        home.panel.on(Action::categories(kind), lie);
    }
    let report = home.sync(&["--full"]).exits(0).report();
    assert_eq!(report.status(), "completed");
    home.assert_true();
}
