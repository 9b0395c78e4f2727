//! Cases beyond the numbered list: panels that let in only some clients. They filter by user agent or by compression,
//! ask for a login in front of the panel, or have accounts in unusual states.

use sync_tests::{Account, Action, Behaviour, Condition, Encoding, JsonForm, Kind};

use crate::home::Home;
use crate::program::{PASSWORD, USERNAME};
use crate::programme::{Scenario, case};
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] = &[
    case("f01", "states of their own", "auth 1 with Trial, Premium, Suspended", states),
    case("f02", "compression filter", "403 to whoever asks for compression", compression),
    case("f03", "UA filter, other answers", "401, 404, 503, 884, a reset or a close to all but players", other_answers),
    case("f04", "UA filter on lists alone", "the login passes, every list is 403 or reset", lists_alone),
    case("f05", "nobody is let in", "403, 503 or a reset to everybody, again and again", nobody),
    case("f16", "login in front of it", "401 with WWW-Authenticate", login_in_front),
    case("f29", "ended account, auth 0", "auth \"0\", Inactive or Expired, the end past", ended),
];

const QUICK: &[&str] = &["--attempts", "2"];

fn is_player(home: &Home<'_>) -> Vec<bool> {
    home.panel
        .requests()
        .iter()
        .map(|request| request.header("user-agent").is_some_and(|agent| agent.contains("VLC")))
        .collect()
}

/// Asserts that the sync remembers which client the panel lets in: all requests of a second run come from it.
#[track_caller]
fn remembers(home: &Home<'_>) {
    home.panel.forget_requests();
    home.sync(QUICK).exits(0);
    assert!(is_player(home).into_iter().all(|player| player), "{:?}", home.panel.requests());
    let compressed = home.panel.requests().iter().any(|request| request.header("accept-encoding").is_some());
    assert!(!compressed, "both parts are remembered");
}

fn states(trial: &Trial) {
    let home = trial.home();
    for (status, warned) in [("Trial", false), ("TRIAL", false), ("Premium", true), ("Suspended by \u{1b}[31mus", true)]
    {
        let account = Account { status: status.to_owned(), ..Account::new(USERNAME, PASSWORD) };
        home.panel.set_accounts(vec![account.telling("is_trial", JsonForm::text("1"))]);
        let run = home.sync(&[]).exits(0);
        assert_eq!(run.report().outcomes(), ["unchanged"; 3], "{status}");
        assert_eq!(run.stderr.contains("warning:"), warned, "{}", run.stderr);
        assert!(!run.stderr.contains('\u{1b}') && !run.stdout.contains('\u{1b}'), "{run:?}");
    }
}

fn compression(trial: &Trial) {
    let home = trial.home();
    home.panel.in_front(Behaviour::html_status(403, "403 Forbidden").when(Condition::Accepts(Encoding::Gzip)));
    home.panel.forget_requests();
    home.sync(&[]).exits(0);
    assert_eq!(is_player(&home), [false, true, true, true, true, true, true, true], "one request was kept out");
    remembers(&home);
    home.assert_true();
}

fn other_answers(trial: &Trial) {
    for (block, kept_out) in [
        (Behaviour::html_status(401, "Unauthorized"), 1),
        (Behaviour::status(404), 1),
        (Behaviour::status(884), 1),
        // A 503 may be a short outage, so the run repeats the request before it tries another client.
        (Behaviour::status(503), 3),
        (Behaviour::ResetAfter(0), 2),
        (Behaviour::Raw(Vec::new()), 2),
    ] {
        let home = trial.home();
        home.panel.in_front(block.when(Condition::UserAgentWithout(vec!["VLC".to_owned()])));
        home.panel.forget_requests();
        home.sync(QUICK).exits(0);
        assert_eq!(is_player(&home).iter().filter(|player| !**player).count(), kept_out);
        remembers(&home);
        home.assert_true();
    }
}

fn lists_alone(trial: &Trial) {
    for block in [Behaviour::html_status(403, "Access denied"), Behaviour::ResetAfter(0)] {
        let home = trial.home();
        for kind in Kind::ALL {
            let filter = block.clone().when(Condition::UserAgentWithout(vec!["VLC".to_owned()]));
            home.panel.on(Action::listing(kind), filter);
        }
        let report = home.sync(QUICK).exits(0).report();
        assert_eq!(report.status(), "completed");
        home.assert_true();
        remembers(&home);
    }
    // The panel lets in no client that the program knows. The run tries the lists as a player once more, but only once
    // a day.
    let home = trial.home();
    for kind in Kind::ALL {
        home.panel.on(Action::listing(kind), Behaviour::players_only(403, &["TiviMate"]));
    }
    for requests in [1 + 6 + 2, 1 + 6] {
        home.panel.forget_requests();
        let run = home.sync(QUICK).exits(6);
        assert_eq!(run.report().outcomes(), ["failed"; 3]);
        assert!(run.stderr.contains("user agent"), "{}", run.stderr);
        assert_eq!(home.panel.requests().len(), requests);
    }
    home.keeps_all();
    home.recovers();
}

fn nobody(trial: &Trial) {
    for (block, exit, attempts) in [
        (Behaviour::status(403), 6, 1),
        (Behaviour::status(401), 4, 1),
        (Behaviour::html(), 6, 1),
        (Behaviour::status(503), 5, 2),
        (Behaviour::Raw(Vec::new()), 5, 2),
    ] {
        let home = trial.home();
        home.panel.in_front(block);
        // The panel let the program in before. A run sends one more request as a player, once a day.
        for more in [1, 0, 0] {
            home.panel.forget_requests();
            let run = home.sync(QUICK).exits(exit);
            assert_eq!(run.report().outcomes(), ["failed"; 3]);
            assert!(run.stderr.contains("user agent"), "{}", run.stderr);
            assert_eq!(home.panel.requests().len(), attempts + more);
        }
        home.keeps_all();
        home.recovers();
    }
}

fn login_in_front(trial: &Trial) {
    let home = trial.home();
    for header in ["Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"1\"", "Negotiate"] {
        let headers = vec![("WWW-Authenticate".to_owned(), header.to_owned())];
        home.panel.in_front(Behaviour::Status(401, b"<html>401 Authorization Required</html>".to_vec(), headers));
        home.panel.forget_requests();
        let run = home.fails_all(4, "http_login_required", &[]);
        assert!(run.stderr.contains("in front of the panel"), "{}", run.stderr);
        assert_eq!(home.panel.requests().len(), 1);
    }
    home.recovers();
}

fn ended(trial: &Trial) {
    let home = trial.home();
    for (user, words) in [
        (r#"{"auth":"0","status":"Inactive","exp_date":"1577847600","message":"Welcome"}"#, "ended on 01 Jan 2020"),
        (r#"{"auth":0,"status":"EXPIRED","exp_date":1577847600}"#, "ended on 01 Jan 2020"),
        (r#"{"auth":false,"status":"Active","exp_date":"1577847600"}"#, "ended on 01 Jan 2020"),
        (r#"{"auth":0,"status":"Expired","exp_date":null}"#, "`Expired`"),
    ] {
        home.panel.forget_requests();
        home.panel.on(Action::Account, Behaviour::Body(format!(r#"{{"user_info":{user}}}"#).into_bytes()));
        let run = home.fails_all(4, "account_inactive", &[]);
        assert!(run.stderr.contains(words) && run.stderr.contains("renewed"), "{}", run.stderr);
        assert!(!run.stderr.contains("check user name"), "{}", run.stderr);
        assert_eq!(home.panel.requests().len(), 1);
    }
    home.recovers();
}
