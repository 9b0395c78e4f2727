//! `--quiet`, `--color` and the variables about colours, for output that doesn't go to a terminal.

use std::net::TcpListener;

use sync_tests::{Action, Behaviour, Step};

use crate::program::{Run, Running, command_without_log};
use crate::scene::{HOME, Scene};

const ESCAPE: char = '\u{1b}';

fn run_in(scene: &Scene, environment: &[(&str, &str)], args: &[&str]) -> Run {
    let mut command = command_without_log(&scene.database, args);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(variable);
    }
    command.envs(environment.iter().copied());
    Running::start(command).end()
}

fn run(scene: &Scene, args: &[&str]) -> Run {
    run_in(scene, &[], args)
}

/// Returns an address at which nothing listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn quiet_prints_errors_and_decisions_of_a_person() {
    let scene = Scene::synced(2901);
    scene.panel.advance(&Step::ordinary());
    let quiet = run(&scene, &["sync", "--quiet"]).exits(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let json = run(&scene, &["-q", "sync", "--json"]).exits(0);
    assert_eq!(json.report().status(), "completed");
    assert_eq!(json.stderr, "");
    assert!(run(&scene, &["list", "movies", "-q"]).exits(0).stdout.lines().count() > 50, "a list is asked for");

    scene.panel.on(Action::Series, Behaviour::Empty);
    let held = run(&scene, &["sync", "-q"]).exits(7);
    assert_eq!(held.stdout, "");
    assert!(held.stderr.starts_with("held: home: series: ") && held.stderr.contains("\n  "), "{}", held.stderr);

    scene.add("away", &nowhere(), &[]).exits(0);
    let failed = run(&scene, &["sync", "away", "--quiet", "--attempts", "2", "--backoff", "0.01"]).exits(5);
    assert_eq!(failed.stdout, "");
    let lines: Vec<_> = failed.stderr.lines().collect();
    assert!(matches!(lines[..], [error, hint] if error.starts_with("error: away: ") && hint.starts_with("  hint: ")));
    assert_eq!(run(&scene, &["clear", HOME, "--quiet"]).exits(0).stdout, "");
    run(&scene, &["status", "-q", "-v"]).exits(2);
}

#[test]
fn a_wait_is_a_plain_line_without_a_terminal() {
    let scene = Scene::synced(2902);
    scene.add("away", &nowhere(), &[]).exits(0);
    let run = run(&scene, &["sync", "away", "--attempts", "2", "--backoff", "0.01"]).exits(5);
    let told: Vec<_> = run.stderr.lines().take(2).collect();
    assert_eq!(told, ["away: logging in", "away: attempt 2 of 2 in 1 s: the connection is refused"]);
    assert!(!run.stderr.contains(ESCAPE) && !run.stderr.contains('\r'), "{}", run.stderr);
}

#[test]
fn colours_are_printed_on_request() {
    let scene = Scene::synced(2903);
    let list = &["list", "movies", "--limit", "1"];
    let always = &[&list[..], &["--color", "always"]].concat();
    let never = &[&list[..], &["--color=never"]].concat();
    for (environment, args, coloured) in [
        (&[][..], &list[..], false),
        (&[], always, true),
        (&[("CLICOLOR_FORCE", "1")], list, true),
        (&[("CLICOLOR_FORCE", "1")], never, false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], list, false),
        (&[("NO_COLOR", "1")], always, true),
        (&[], &["--help"], false),
        (&[], &["--help", "--color", "always"], true),
        (&[], &["sync", "--color", "always"], true),
    ] {
        let run = run_in(&scene, environment, args).exits(0);
        assert_eq!(run.stdout.contains(ESCAPE), coloured, "{environment:?} {args:?}: {}", run.stdout);
    }
    let failed = run(&scene, &["status", "nobody", "--color", "always"]).exits(2);
    assert!(failed.stderr.starts_with("\u{1b}[1;31merror:\u{1b}[0m "), "{:?}", failed.stderr);
    let wrong = run(&scene, &["sync", "--color", "sometimes"]).exits(2);
    assert!(wrong.stderr.contains("'sometimes'") && !wrong.stderr.contains(ESCAPE), "{:?}", wrong.stderr);
    assert!(run(&scene, &["snyc", "--color=always"]).exits(2).stderr.contains(ESCAPE));
}
