//! Case 76: certificates.

use sync_tests::{Action, Behaviour, Certificate, Kind, TlsFront};

use crate::home::Home;
use crate::program::{Run, Running, command};
use crate::programme::{Scenario, case};
use crate::scene::HOME;
use crate::trial::Trial;

pub(crate) const CASES: &[Scenario] =
    &[case("76", "bad TLS", "self-signed, expired, other host; http where https was", certificates)];

/// Starts a sync that trusts the authority of the test certificates. Only some systems take it from the environment.
#[track_caller]
fn sync(home: &Home<'_>, more: &[&str]) -> Run {
    let always = ["sync", "--json", "--backoff", "0.01", "--requests-per-second", "1000"];
    let mut command = command(&home.database, &[&always, more].concat());
    command.env("SSL_CERT_FILE", Certificate::authority()).env_remove("SSL_CERT_DIR");
    home.watched(Running::start(command))
}

#[track_caller]
fn refused(home: &Home<'_>, front: &TlsFront, words: &str) {
    home.add(HOME, &front.base_url(), &[]).exits(0);
    home.panel.forget_requests();
    let run = sync(home, &["--attempts", "2"]).exits(5);
    let report = run.report();
    assert_eq!((report.status(), report.outcomes()), ("failed", ["failed"; 3]));
    assert!(run.stderr.contains("certificate"), "{}", run.stderr);
    // On other systems the system's verifier writes its own message.
    if cfg!(target_os = "linux") {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    assert_eq!(home.panel.requests().len(), 0, "the password is shown to nobody, and http is not tried instead");
    home.keeps_all();
}

fn certificates(trial: &Trial) {
    let home = trial.home();
    let plain = home.panel.base_url();
    let front = |certificate| TlsFront::start(&home.panel, certificate).unwrap();
    let (expired, other_host) = (front(Certificate::Expired), front(Certificate::OtherHost));
    let (self_signed, valid) = (front(Certificate::SelfSigned), front(Certificate::Valid));
    refused(&home, &expired, "expired");
    refused(&home, &other_host, "another host");
    refused(&home, &self_signed, "nobody known");

    // A profile that switches the verification off gets a warning in each run.
    home.add(HOME, &self_signed.base_url(), &["--verify-tls", "no"]).exits(0);
    for _ in 0..2 {
        let run = sync(&home, &[]).exits(0);
        assert!(run.stderr.contains("warning:") && run.stderr.contains("certificate"), "{}", run.stderr);
    }
    home.add(HOME, &plain, &["--verify-tls", "yes"]).exits(0);
    home.recovers();

    if cfg!(target_os = "linux") {
        home.add(HOME, &valid.base_url(), &[]).exits(0);
        let run = sync(&home, &[]).exits(0);
        assert!(!run.stderr.contains("warning:"), "{}", run.stderr);
        // A redirect from https to http is refused.
        home.panel.on(Action::VodStreams, Behaviour::Forward(302, plain.clone()));
        let report = sync(&home, &[]).exits(3).report();
        assert_eq!(report.error_code(Kind::Movies), Some("redirect_refused"));
        home.keeps_all();
        home.panel.behave();
        // A redirect from http to https is followed, and the stored address stays.
        home.add(HOME, &plain, &[]).exits(0);
        home.panel.on(Action::VodStreams, Behaviour::Sequence(vec![Behaviour::Forward(302, valid.base_url())]));
        sync(&home, &[]).exits(0);
        home.assert_true();
    }
    // A server that speaks no TLS is reported as unreachable.
    home.panel.behave();
    home.add(HOME, &plain.replace("http:", "https:"), &[]).exits(0);
    home.panel.forget_requests();
    let report = sync(&home, &["--attempts", "2", "--connect-timeout", "1"]).exits(5).report();
    assert_eq!(report.0["errors"][0]["code"], "panel_unreachable");
    assert_eq!(home.panel.requests().len(), 0);
    home.add(HOME, &plain, &[]).exits(0);
    home.recovers();
}
