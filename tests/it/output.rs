//! The output of the command: its JSON to the letter, and no failure without a reader.

use std::process::Stdio;

use sync_tests::{Action, Behaviour, Kind, Step};

use crate::program::{PASSWORD, Running, USERNAME, command};
use crate::scene::{HOME, Scene, some_hundred};

/// Returns the line in the documented form, with the numbers of this report.
fn as_contracted(report: &serde_json::Value) -> String {
    let error = |error: &serde_json::Value| match error {
        serde_json::Value::Null => "null".to_owned(),
        some => format!(r#"{{"code":{},"message":{},"hint":{}}}"#, some["code"], some["message"], some["hint"]),
    };
    let kinds = Kind::ALL.map(|kind| {
        let of = &report["kinds"][kind.name()];
        let numbers = [
            "added",
            "updated",
            "refreshed",
            "removed",
            "unchanged",
            "held",
            "skipped",
            "bytes",
            "requests",
            "duration_ms",
        ];
        let number = |name: &&str| format!("\"{name}\":{}", of[name].as_u64().unwrap());
        let numbers = numbers.iter().map(number).collect::<Vec<_>>().join(",");
        let (mode, outcome) = (&of["mode"], &of["outcome"]);
        let held = of.get("hold_reason").map_or_else(String::new, |reason| format!(r#","hold_reason":{reason}"#));
        assert_eq!(!held.is_empty(), of["outcome"] == "held", "{of}");
        format!(r#""{kind}":{{"mode":{mode},"outcome":{outcome},{numbers},"error":{}{held}}}"#, error(&of["error"]))
    });
    let dry = if report["dry_run"] == true { r#""dry_run":true,"# } else { "" };
    let errors: Vec<String> = report["errors"].as_array().unwrap().iter().map(error).collect();
    format!(
        r#"{{"profile":{},"status":{},{dry}"kinds":{{{}}},"errors":[{}],"trigger":"manual","wire_bytes":{}}}"#,
        report["profile"],
        report["status"],
        kinds.join(","),
        errors.join(","),
        report["wire_bytes"].as_u64().unwrap()
    )
}

/// Returns a line without the plans of a dry run, which are the last member of their kind.
fn without_plans(line: &str) -> String {
    const PLAN: &str = r#","plan":{"#;
    let Some(from) = line.find(PLAN) else { return line.to_owned() };
    let (mut depth, mut string, mut escaped) = (1, false, false);
    let end = line[from + PLAN.len()..].find(|character| {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => string = !string,
            '{' if !string => depth += 1,
            '}' if !string => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let rest = &line[from + PLAN.len() + end.unwrap() + 1..];
    line[..from].to_owned() + &without_plans(rest)
}

#[test]
fn the_json_is_exactly_the_documented_one() {
    let scene = Scene::of(&some_hundred(2001));
    let check = |run: crate::program::Run| {
        let report = run.report();
        assert_eq!(without_plans(&run.stdout), as_contracted(&report.0) + "\n");
        report
    };
    let report = check(scene.sync(&["--dry-run"]).exits(0));
    for kind in Kind::ALL {
        let plan = report.kind(kind)["plan"].as_object().unwrap();
        assert!(["added", "updated", "removed", "held"].iter().all(|part| plan.contains_key(*part)), "{plan:?}");
    }
    let report = check(scene.sync(&[]).exits(0));
    for kind in Kind::ALL {
        assert_eq!(report.kind(kind)["requests"], 2);
        assert!(report.kind(kind)["bytes"].as_u64().unwrap() > 10_000);
    }
    scene.panel.advance(&Step::ordinary());
    scene.panel.on(Action::VodStreams, Behaviour::html());
    scene.panel.on(Action::Series, Behaviour::Empty);
    let report = check(scene.sync(&[]).exits(7));
    assert_eq!(report.outcomes(), ["completed", "failed", "held"]);
    assert_eq!(check(scene.sync(&["--only", "movies"]).exits(6)).outcomes(), ["skipped", "failed", "skipped"]);
}

#[test]
fn the_table_for_people_has_the_same_figures() {
    let scene = Scene::of(&some_hundred(2002));
    let run = scene.start_sync(&[]).end().exits(0);
    assert!(run.stdout.contains("home: completed") && run.stdout.contains("channels"), "{}", run.stdout);
    assert!(run.stderr.contains("movies: applying") && run.stderr.contains("series: done"), "{}", run.stderr);
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let scene = Scene::of(&some_hundred(2003));
    for args in
        [&["sync"][..], &["sync", "--json"], &["status"], &["status", "--json"], &["profile", "list"], &["--help"]]
    {
        let mut closed = command(&scene.database, args);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        closed.stdout(Stdio::from(writer));
        Running::start(closed).end().exits(0);
    }
    scene.assert_true();
    let mut silent = command(&scene.database, &["sync"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    silent.stderr(Stdio::from(writer));
    Running::start(silent).end().exits(0);
}

/// Every output of the suite is searched for the password. These commands come nearest to printing it.
#[test]
fn the_password_is_in_no_output() {
    let scene = Scene::synced(2004);
    scene.run(&["profile", "list", "--json"]).exits(0);
    scene.run(&["status", "--json"]).exits(0);
    let echo = format!("Fatal error in player_api.php?username={USERNAME}&password={PASSWORD}");
    let encoded: String = percent_encoding::utf8_percent_encode(PASSWORD, percent_encoding::NON_ALPHANUMERIC).collect();
    let here = format!("{}/player_api.php?username=x&password={encoded}", scene.panel.base_url());
    for behaviour in [
        Behaviour::Body(echo.clone().into_bytes()),
        Behaviour::Status(500, echo.clone().into_bytes(), Vec::new()),
        Behaviour::Status(403, echo.into_bytes(), Vec::new()),
        Behaviour::Redirect(format!("http://127.0.0.1:1/?password={encoded}")),
        Behaviour::Redirect(here),
        Behaviour::Raw(format!("HTTP/1.1 {encoded}\r\n\r\n").into_bytes()),
        Behaviour::Refused,
    ] {
        for action in [Action::VodStreams, Action::Account] {
            scene.panel.on(action, behaviour.clone());
            let run = scene.sync(&[]);
            assert_ne!(run.code, Some(0), "{behaviour:?}");
            let human = scene.start_sync(&[]).end();
            assert_ne!(human.code, Some(0), "{behaviour:?}");
            scene.panel.behave();
        }
    }
    let stored = scene.cache().lines("SELECT error_message FROM xtream_sync_run_kinds WHERE error_message IS NOT NULL");
    let told = scene.cache().lines(&format!("SELECT sync_message FROM xtream_content_sync WHERE profile_id='{HOME}'"));
    assert!(!stored.is_empty() && stored.iter().chain(&told).all(|text| !text.contains("Kanarie9x7")));
}
