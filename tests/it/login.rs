//! Credentials and accounts that the panel doesn't accept, and panels that can't be reached.

use sync_tests::{Account, Action, Behaviour, Kind, Step};

use crate::program::{PASSWORD, USERNAME};
use crate::scene::{HOME, Scene};

#[test]
fn a_bad_password_is_asked_once_and_nothing_is_lost() {
    let scene = Scene::synced(1401);
    let before = scene.cache().content(HOME);
    scene.panel.set_accounts(vec![Account::new(USERNAME, "another")]);
    scene.panel.advance(&Step::ordinary());
    scene.panel.forget_requests();
    let run = scene.sync(&[]).exits(4);
    let report = run.report();
    assert_eq!((report.status(), report.outcomes()), ("failed", ["failed"; 3]));
    assert_eq!(report.0["errors"][0]["code"], "login_refused");
    assert_eq!(scene.panel.requests().len(), 1, "no further attempt: it gets addresses banned");
    assert_eq!(scene.cache().content(HOME), before);
    assert!(run.stderr.contains("hint:"), "{}", run.stderr);
}

#[test]
fn a_refusal_after_the_login_fails_its_kind_only() {
    let scene = Scene::synced(1402);
    let before = scene.cache().content_of(HOME, Kind::Movies);
    scene.panel.advance(&Step::ordinary());
    scene.panel.forget_requests();
    scene.panel.on(Action::VodStreams, Behaviour::Refused);
    let report = scene.sync(&[]).exits(4).report();
    assert_eq!((report.status(), report.outcomes()), ("partial", ["completed", "failed", "completed"]));
    assert_eq!(report.error_code(Kind::Movies), Some("login_refused"));
    assert_eq!(scene.panel.request_count(Action::VodStreams), 1, "a refusal is never asked again");
    assert_eq!(scene.cache().content_of(HOME, Kind::Movies), before);
    scene.assert_true_of(Kind::Channels);
    scene.assert_true_of(Kind::Series);
}

#[test]
fn an_expired_account_loses_nothing() {
    let scene = Scene::synced(1403);
    let before = scene.cache().content(HOME);
    let mut account = Account::new(USERNAME, PASSWORD);
    "Expired".clone_into(&mut account.status);
    scene.panel.set_accounts(vec![account]);
    scene.panel.forget_requests();
    let report = scene.sync(&[]).exits(4).report();
    assert_eq!((report.status(), report.outcomes()), ("failed", ["failed"; 3]));
    assert_eq!(report.0["errors"][0]["code"], "account_inactive");
    assert_eq!(scene.panel.requests().len(), 1);
    assert_eq!(scene.cache().content(HOME), before);
}

#[test]
fn a_dead_panel_loses_nothing() {
    let scene = Scene::synced(1404);
    let before = scene.cache().content(HOME);
    // Nothing listens on this port, and no program of this suite could get it.
    scene.add(HOME, "http://127.0.0.1:1", &[]).exits(0);
    for more in [&[][..], &["--dry-run"], &["--full"]] {
        let report = scene.sync(more).exits(5).report();
        assert_eq!((report.status(), report.outcomes()), ("failed", ["failed"; 3]));
        assert_eq!(report.0["errors"][0]["code"], "panel_unreachable");
        assert_eq!(scene.cache().content(HOME), before);
    }
    scene.add(HOME, &scene.panel.base_url(), &[]).exits(0);
    let report = scene.sync(&[]).exits(0).report();
    assert_eq!(report.mode(Kind::Movies), "incremental", "a dead panel is no reason to start anew");
    assert_eq!(report.outcomes(), ["unchanged"; 3]);
}

#[test]
fn a_panel_that_recovers_in_time_is_no_failure() {
    let scene = Scene::synced(1405);
    for (action, behaviour) in [
        (Action::Account, Behaviour::status(502)),
        (Action::LiveCategories, Behaviour::ResetAfter(0)),
        (Action::VodStreams, Behaviour::status(429)),
        (Action::Series, Behaviour::CutAfter(4000)),
    ] {
        scene.panel.on_next(action, 3, &behaviour);
    }
    let expected = scene.panel.advance(&Step::ordinary());
    scene.follow(&expected);
}

#[test]
fn a_silent_panel_is_given_up() {
    let scene = Scene::synced(1406);
    let before = scene.cache().content(HOME);
    scene.panel.on(Action::VodStreams, Behaviour::Hang);
    scene.panel.on(Action::Series, Behaviour::HangAfter(9000));
    let limits = ["--first-byte-timeout", "0.3", "--idle-timeout", "0.3", "--attempts", "2"];
    let report = scene.sync(&limits).exits(3).report();
    assert_eq!(report.outcomes(), ["unchanged", "failed", "failed"]);
    assert_eq!(scene.panel.request_count(Action::VodStreams), 1 + 2);
    assert_eq!(scene.cache().content(HOME), before);
}
