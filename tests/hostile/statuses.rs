//! Cases 9 to 12: answers with an error status.

use std::time::Duration;

use sync_tests::{Action, Allowance, Behaviour, Condition, Kind, Pause, Step};

use crate::programme::{Scenario, case};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("9", "429 storm", "200 for 20 calls, then 429, with and without Retry-After", too_many),
    case("10", "458 at limit", "458 on get_vod_streams", at_its_limit),
    case("11", "weird status", "454, 456, 511, 512, 513, 600, 884, 999", weird),
    case("12", "Cloudflare page", "520, 522, 524 HTML; 403 challenge; 503 error code: 1015", in_front_of_it),
];

fn too_many(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    // The panel doesn't say how long to wait. Requests after the twentieth fail, and the results before them are kept.
    home.panel.in_front(Behaviour::status(429).when(Condition::Beyond(Allowance::of(20))));
    home.sync(&[]).exits(0);
    home.assert_true();
    home.sync(&[]).exits(0);
    let expected = home.advance(&Step { updated_percent: 5.0, ..Step::ordinary() });
    let report = home.sync(&[]).exits(3).report();
    assert_eq!(report.outcomes(), ["completed", "completed", "failed"]);
    assert_eq!(report.error_code(Kind::Series), Some("panel_unreachable"));
    home.assert_true_of(Kind::Channels);
    home.assert_true_of(Kind::Movies);
    let report = home.recovers();
    assert_eq!(report.counts(Kind::Series), home.counts(&expected, Kind::Series), "it goes on where it stopped");

    // With Retry-After the whole account waits, and the run ends well.
    home.advance(&Step::ordinary());
    home.panel.forget_requests();
    let wait = Behaviour::Status(429, Vec::new(), vec![("Retry-After".to_owned(), "2".to_owned())]);
    let until = Behaviour::Together(vec![wait.when(Condition::During(Pause::of(Duration::from_millis(1800))))]);
    home.panel.on(Action::VodCategories, until);
    let report = home.sync(&[]).exits(0).report();
    assert_eq!(report.status(), "completed");
    home.assert_true();
    let requests = home.panel.requests();
    let told = requests.iter().position(|request| request.status == Some(429)).unwrap();
    assert_eq!(requests.iter().filter(|request| request.status == Some(429)).count(), 1, "told once is enough");
    let silence = requests[told + 1].began.checked_sub(requests[told].began).unwrap();
    assert!(silence >= Duration::from_millis(1900), "nothing of the account is asked before: {silence:?}");
}

fn at_its_limit(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    let run = home.fails(Kind::Movies, Behaviour::status(458), "http_status", &[]);
    assert!(run.stderr.contains("limit of connections"), "{}", run.stderr);
    assert_eq!(home.panel.request_count(Action::VodStreams), 1, "another attempt may throw a viewer out");
    home.recovers();
}

fn weird(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    for status in [454, 456, 511, 512, 513, 600, 884, 999] {
        let transient = (500..600).contains(&status);
        let code = if transient { "panel_unreachable" } else { "http_status" };
        home.panel.forget_requests();
        let run = home.fails(Kind::Movies, Behaviour::status(status), code, &["--attempts", "2"]);
        assert!(run.stderr.contains(&status.to_string()), "{}", run.stderr);
        assert_eq!(home.panel.request_count(Action::VodStreams), if transient { 2 } else { 1 }, "{status}");
    }
    home.recovers();
}

fn in_front_of_it(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    let limited = Behaviour::Status(503, b"error code: 1015".to_vec(), Vec::new());
    for (behaviour, exit, code) in [
        (Behaviour::html_status(520, "520: Web server is returning an unknown error"), 5, "panel_unreachable"),
        (Behaviour::html_status(522, "522: Connection timed out"), 5, "panel_unreachable"),
        (Behaviour::html_status(524, "524: A timeout occurred"), 5, "panel_unreachable"),
        (Behaviour::html_status(403, "Just a moment..."), 6, "http_status"),
        (limited.clone(), 5, "panel_unreachable"),
    ] {
        home.panel.in_front(behaviour);
        home.fails_all(exit, code, &["--attempts", "2"]);
    }
    home.panel.behave();
    home.fails(Kind::Movies, limited, "panel_unreachable", &["--attempts", "2"]);
    home.panel.behave();
    home.fails(Kind::Series, Behaviour::html_status(403, "Attention Required!"), "http_status", &[]);
    home.recovers();
}
