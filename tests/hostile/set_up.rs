//! Tests of a login at panels that misbehave: the message, the exit code, and that no needless request is sent.

use serde_json::Value;
use sync_tests::{Account, Action, Behaviour, EPOCH, JsonForm};

use crate::home::Home;
use crate::library::DAY;
use crate::program::{PASSWORD, Run, USERNAME};
use crate::programme::{Scenario, case};
use crate::scene::{HOME, some_hundred, start_panel};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("ta", "test: refused or ended", "auth 0, 401, Expired, Banned, a past end", refused_or_ended),
    case("tb", "test: a dead port", "nothing listens, a reset, 502 for everything", dead),
    case("tc", "test: no panel", "a web page, wrong JSON, [], an account without user_info", no_panel),
    case("td", "test: a kind not offered", "the account, {\"error\":…} or 404 for the categories", not_offered),
    case("te", "test: dies in between", "the login passes, then resets, pages, auth 0", in_between),
];

fn new_home(trial: &Trial) -> Home<'_> {
    trial.new_home(start_panel(&some_hundred(7)))
}

/// Tests the login, and asserts that the cache is unchanged and that no list was requested.
#[track_caller]
fn test(home: &Home<'_>, exit: i32, login: &str) -> (Run, Value) {
    home.panel.forget_requests();
    let before = home.bytes();
    let always = ["profile", "test", HOME, "--json", "--backoff", "0.01", "--requests-per-second", "1000"];
    let run = home.run(&always).exits(exit);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    home.trial.note(&run, format!("login {}", told["login"].as_str().unwrap()));
    assert_eq!(told["login"], login, "{told}");
    assert_eq!((&told["profile"], &told["address"]), (&HOME.into(), &home.panel.base_url().into()));
    for listing in [Action::LiveStreams, Action::VodStreams, Action::Series] {
        assert_eq!(home.panel.request_count(listing), 0, "a list was asked for");
    }
    assert_eq!(home.bytes(), before, "something was written");
    (run, told)
}

fn refused_or_ended(trial: &Trial) {
    let home = new_home(trial);
    let (_, told) = test(&home, 0, "ok");
    assert_eq!(home.panel.requests().len(), 4, "one login, and the categories of each kind");
    assert_eq!(told["account"]["status"], "Active");
    assert_eq!(told["account"]["max_connections"], 1);
    assert_eq!(told["account"]["active_connections"], 0);
    for body in [r#"{"user_info":{"auth":0}}"#, r#"{"user_info":{"auth":"0","message":"go away"}}"#, r#"{"auth":0}"#] {
        home.panel.on(Action::Account, Behaviour::Body(body.into()));
        let (_, told) = test(&home, 4, "refused");
        assert_eq!(home.panel.requests().len(), 1, "{body}: a refusal is never asked for again");
        assert_eq!((&told["account"], &told["kinds"]["movies"]["offered"]), (&Value::Null, &Value::Null));
    }
    home.panel.behave();
    let with_password = format!("Banned: {PASSWORD}");
    for status in ["Expired", "Banned", "DISABLED", "Banned by \u{1b}[31mthe operator", &with_password] {
        let mut ended = Account::new(USERNAME, PASSWORD);
        status.clone_into(&mut ended.status);
        let message = Some(JsonForm::text(format!("pay for {PASSWORD}")));
        home.panel.set_accounts(vec![ended.telling("message", message)]);
        let (run, told) = test(&home, 4, "ended");
        assert_eq!(home.panel.requests().len(), 1, "{status}");
        assert!(told["account"]["status"].is_string() && !run.stderr.contains('\u{1b}'), "{run:?}");
    }
    let mut past = Account::new(USERNAME, PASSWORD);
    past.expires = JsonForm::text((EPOCH - DAY).to_string());
    home.panel.set_accounts(vec![past]);
    let (run, told) = test(&home, 0, "ok");
    assert_eq!(told["account"]["expires_at"], EPOCH - DAY);
    assert!(run.stderr.contains("warning: the account has expired"), "{}", run.stderr);
    home.panel.set_accounts(vec![Account::new(USERNAME, "another")]);
    test(&home, 4, "refused");
}

fn dead(trial: &Trial) {
    let home = new_home(trial);
    // An answer that breaks off still counts as an answer, as in a sync.
    for (behaviour, exit, login) in
        [(Behaviour::status(502), 5, "unreachable"), (Behaviour::ResetAfter(0), 6, "unusable")]
    {
        home.panel.in_front(behaviour);
        let (run, told) = test(&home, exit, login);
        assert_eq!(told["account"], Value::Null);
        assert!(run.stderr.contains("hint:"), "{}", run.stderr);
        assert!(home.panel.requests().len() <= 5, "{}", home.panel.requests().len());
    }
    home.panel.behave();
    home.add("nowhere", "http://127.0.0.1:9", &[]).exits(0);
    let run = home.run(&["profile", "test", "nowhere", "--backoff", "0.01"]).exits(5);
    trial.note(&run, "login unreachable".to_owned());
    assert!(run.stdout.starts_with("nowhere  http://127.0.0.1:9\n  login unreachable\n"), "{}", run.stdout);
}

fn no_panel(trial: &Trial) {
    let home = new_home(trial);
    for behaviour in [
        Behaviour::html_status(200, "Welcome to nginx!"),
        Behaviour::html_status(404, "404 Not Found"),
        Behaviour::Body(b"Blocked".to_vec()),
        Behaviour::Body(b"[]".to_vec()),
        Behaviour::Body(b"null".to_vec()),
        Behaviour::Body(b"{\"user_info\":".to_vec()),
        Behaviour::Body(b"{\"status\":\"ok\"}".to_vec()),
        Behaviour::Body(Vec::new()),
        Behaviour::Redirect("http://127.0.0.1:9/parked".to_owned()),
    ] {
        home.panel.on(Action::Account, behaviour.clone());
        let exits = if matches!(behaviour, Behaviour::Redirect(_)) { (5, "unreachable") } else { (6, "unusable") };
        let (_, told) = test(&home, exits.0, exits.1);
        assert_eq!(told["account"], Value::Null, "{behaviour:?}");
        assert_eq!(home.panel.request_count(Action::VodCategories), 0, "{behaviour:?}");
    }
}

fn not_offered(trial: &Trial) {
    let home = new_home(trial);
    for behaviour in
        [Behaviour::AccountInstead, Behaviour::Body(br#"{"error":"unknown action"}"#.to_vec()), Behaviour::status(404)]
    {
        home.panel.behave();
        home.panel.on(Action::SeriesCategories, behaviour.clone());
        let (_, told) = test(&home, 0, "ok");
        let kind = |name: &str| told["kinds"][name].clone();
        assert_eq!(kind("series"), serde_json::json!({"offered": false, "categories": null}), "{behaviour:?}");
        assert_eq!(kind("movies")["offered"], true);
        assert!(kind("movies")["categories"].as_u64().unwrap() > 1);
        let run = home.run(&["profile", "test", HOME]).exits(0);
        assert!(run.stdout.contains("series    not offered by the panel"), "{}", run.stdout);
        // A panel that denies every kind is out of order.
        for action in [Action::LiveCategories, Action::VodCategories] {
            home.panel.on(action, behaviour.clone());
        }
        let (_, told) = test(&home, 6, "ok");
        assert_eq!(told["kinds"]["series"]["offered"], Value::Null, "{behaviour:?}");
    }
}

fn in_between(trial: &Trial) {
    let home = new_home(trial);
    for (behaviour, exit) in [
        (Behaviour::ResetAfter(0), 6),
        (Behaviour::status(503), 5),
        (Behaviour::html_status(200, "Blocked"), 6),
        (Behaviour::Body(b"{".to_vec()), 6),
        (Behaviour::Refused, 4),
    ] {
        home.panel.on(Action::VodCategories, behaviour.clone());
        let (run, told) = test(&home, exit, "ok");
        assert_eq!(told["kinds"]["movies"], serde_json::json!({"offered": null, "categories": null}));
        assert_eq!(told["kinds"]["channels"]["offered"], true);
        assert_eq!(told["kinds"]["series"]["offered"].is_null(), exit == 4, "after a refusal nothing more is asked");
        assert!(run.stderr.contains("error: movies: "), "{}", run.stderr);
    }
}
