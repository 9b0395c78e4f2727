//! Cases 1 to 8: refused logins, and accounts that have expired.

use serde_json::Value;
use sync_tests::{Account, Action, Behaviour, EPOCH, JsonForm, Kind, Step};

use crate::home::Home;
use crate::library::DAY;
use crate::program::{PASSWORD, USERNAME};
use crate::programme::{Scenario, case};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("1", "auth zero", "{\"user_info\":{\"auth\":0}} at login, in all its forms", auth_zero),
    case("2", "auth zero on list", "login well, get_vod_streams says auth 0", auth_zero_on_a_list),
    case("3", "expired account", "status Expired, exp_date past, lists []", expired),
    case("4", "banned or disabled", "status Banned, DISABLED, in all their forms", banned),
    case("5", "active but past exp_date", "status Active, exp_date yesterday", past_its_end),
    case("6", "exp_date forms", "null, \"\", \"0\", 0, N/A, ISO date, number", forms_of_the_end),
    case("7", "404 for bad credentials", "a fake nginx page with 404 for everything", not_found),
    case("8", "IP ban", "403 with an empty body for everything", banned_address),
];

fn account() -> Account {
    Account::new(USERNAME, PASSWORD)
}

fn auth_zero(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    for body in [
        r#"{"user_info":{"auth":0}}"#,
        r#"{"user_info":{"auth":"0"}}"#,
        r#"{"user_info":{"auth":false,"message":"go away"}}"#,
        r#"{"user_info":{"username":"x","auth":0,"status":"Active"},"server_info":{}}"#,
        r#"{"auth":0}"#,
    ] {
        home.panel.forget_requests();
        home.panel.on(Action::Account, Behaviour::Body(body.into()));
        home.fails_all(4, "login_refused", &[]);
        assert_eq!(home.panel.requests().len(), 1, "{body}: no other call, no second attempt");
    }
    home.panel.set_accounts(vec![Account::new(USERNAME, "another")]);
    home.panel.behave();
    home.fails_all(4, "login_refused", &[]);
    home.panel.set_accounts(vec![account()]);
    home.recovers();
}

fn auth_zero_on_a_list(trial: &Trial) {
    let home = trial.home();
    let expected = home.advance(&Step { updated_percent: 5.0, ..Step::ordinary() });
    home.panel.forget_requests();
    home.panel.on(Action::VodStreams, Behaviour::Refused);
    let report = home.sync(&[]).exits(4).report();
    assert_eq!((report.status(), report.outcomes()), ("partial", ["completed", "failed", "completed"]));
    assert_eq!(report.error_code(Kind::Movies), Some("login_refused"));
    assert_eq!(home.panel.request_count(Action::VodStreams), 1, "a refusal is never asked again");
    assert_eq!(report.counts(Kind::Series), home.counts(&expected, Kind::Series), "the kinds after it go on");
    home.keeps(&[Kind::Movies]);
    // The refusal starts no pause. The next run asks for all kinds.
    home.panel.forget_requests();
    home.recovers();
    assert_eq!(home.panel.requests().len(), 7);
}

fn expired(trial: &Trial) {
    let home = trial.home();
    let mut ended = account();
    "Expired".clone_into(&mut ended.status);
    ended.expires = JsonForm::text((EPOCH - DAY).to_string());
    home.panel.set_accounts(vec![ended]);
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), Behaviour::Empty);
    }
    let run = home.fails_all(4, "account_inactive", &[]);
    assert!(run.stderr.contains("Expired") && run.stderr.contains("renew"), "{}", run.stderr);
    assert_eq!(home.panel.requests().len(), 1, "no list is asked for");
    home.panel.set_accounts(vec![account()]);
    home.recovers();
}

fn banned(trial: &Trial) {
    let home = trial.home();
    for status in ["Banned", "BANNED", "disabled", "DISABLED", "Banned by \u{1b}[31mthe operator"] {
        let mut banned = account();
        status.clone_into(&mut banned.status);
        home.panel.set_accounts(vec![banned]);
        home.panel.forget_requests();
        let run = home.fails_all(4, "account_inactive", &[]);
        assert!(!run.stderr.contains('\u{1b}') && !run.stdout.contains('\u{1b}'), "{run:?}");
        assert_eq!(home.panel.requests().len(), 1, "{status}");
    }
    for status in ["active", "ACTIVE", ""] {
        let mut well = account();
        status.clone_into(&mut well.status);
        home.panel.set_accounts(vec![well]);
        home.sync(&[]).exits(0);
    }
}

fn past_its_end(trial: &Trial) {
    let home = trial.home();
    let mut ended = account();
    ended.expires = JsonForm::text((home.panel.panel_time() - DAY).to_string());
    home.panel.set_accounts(vec![ended]);
    let run = home.sync(&[]).exits(0);
    assert!(run.stderr.contains("warning:") && run.stderr.contains("end"), "{}", run.stderr);
    let expected = home.panel.advance(&Step { removed_percent: 2.0, added_percent: 2.0, ..Step::default() });
    let gone = &expected.movies.removed;
    let report = home.sync(&[]).exits(7).report();
    assert_eq!(report.outcomes(), ["held"; 3], "the lists are tried, and nothing is removed");
    let counts = report.counts(Kind::Movies);
    let told = (counts.added, counts.removed, counts.held);
    assert_eq!(told, (expected.movies.added.len() as u64, 0, gone.len() as u64));
    assert_eq!(home.reasons(Kind::Movies), ["account_expired"]);
    // After the renewal the same listing is judged again, and its removals are applied.
    home.panel.set_accounts(vec![account()]);
    for kind in Kind::ALL {
        home.may_go(kind, expected.of(kind).removed.iter().copied());
    }
    home.recovers();
}

/// Returns the end of the account as `status` reports it.
fn told_end(home: &Home<'_>) -> Value {
    let run = home.run(&["status", "--json"]).exits(0);
    let status: Value = serde_json::from_str(&run.stdout).unwrap();
    status["account"]["expires_at"].clone()
}

fn forms_of_the_end(trial: &Trial) {
    let home = trial.home();
    let end = 2_051_222_400;
    let forms = [
        (JsonForm::Null, None),
        (JsonForm::text(""), None),
        (JsonForm::text("0"), None),
        (JsonForm::Integer(0), None),
        (JsonForm::text("N/A"), None),
        (JsonForm::text("Unlimited"), None),
        (JsonForm::array([]), None),
        (JsonForm::Bool(false), None),
        (JsonForm::Integer(end), Some(end)),
        (JsonForm::text(end.to_string()), Some(end)),
        (JsonForm::text("2035-01-01T00:00:00Z"), Some(end)),
        // A text without a zone is in the panel's own time, an hour ahead of UTC.
        (JsonForm::text("2035-01-01 01:00:00"), Some(end)),
    ];
    for (form, end) in forms {
        let mut account = account();
        account.expires = form.clone();
        home.panel.set_accounts(vec![account]);
        home.sync(&[]).exits(0);
        assert_eq!(told_end(&home), end.map_or(Value::Null, Value::from), "{form:?}");
    }
    home.panel.set_accounts(vec![account().telling("exp_date", None)]);
    home.sync(&[]).exits(0);
    assert_eq!(told_end(&home), Value::Null, "no such key");
    home.keeps_all();
}

fn not_found(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    home.panel.in_front(Behaviour::html_status(404, "404 Not Found"));
    let run = home.fails_all(6, "http_status", &[]);
    for word in ["address", "user name", "password", "expired"] {
        assert!(run.stderr.contains(word), "it may be any of several things: {}", run.stderr);
    }
    assert!(home.panel.requests().len() <= 2, "at most one more, as another player");
    home.recovers();
}

fn banned_address(trial: &Trial) {
    let home = trial.home();
    home.advance(&Step::ordinary());
    home.panel.in_front(Behaviour::status(403));
    for _ in 0..2 {
        home.panel.forget_requests();
        let run = home.fails_all(6, "http_status", &[]);
        assert!(run.stderr.contains("banned"), "{}", run.stderr);
        let asked = home.panel.requests().len();
        assert!((1..=2).contains(&asked), "{asked} requests: each one makes a ban longer");
    }
    home.recovers();
}
