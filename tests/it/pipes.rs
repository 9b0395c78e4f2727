//! A reader that has gone gets no error message, and doesn't make a command fail.

use std::process::Stdio;

use sync_tests::{Kind, Step};

use crate::program::{PASSWORD, Run, Running, command, command_without_log};
use crate::scene::{HOME, Scene};

/// The streams without a reader.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Closed {
    Stdout,
    Stderr,
    Both,
}

/// Returns the writing end of a pipe whose reader has gone.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn run(scene: &Scene, args: &[&str], streams: Closed) -> Run {
    // The log goes to a closed stderr, too.
    let with_log = streams != Closed::Stdout;
    let make = if with_log { command } else { command_without_log };
    let mut command = make(&scene.database, args);
    command.env("XTREAM_SYNC_PASSWORD", PASSWORD);
    if streams != Closed::Stderr {
        command.stdout(closed());
    }
    if streams != Closed::Stdout {
        command.stderr(closed());
    }
    Running::start(command).end()
}

/// Returns the commands of the program, as `--help` lists them.
fn commands(scene: &Scene) -> Vec<String> {
    let help = scene.run(&["--help"]).exits(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A long text continues on a line of its own.
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn no_command_leaves_a_trace_on_a_closed_pipe() {
    let scene = Scene::synced(2801);
    scene.panel.advance(&Step::ordinary());
    scene.sync(&[]).exits(0);
    let (id, url) = (scene.ids(Kind::Movies)[0].to_string(), scene.panel.base_url());
    let copy = scene.folder().join("copy.db");
    let copy = copy.to_str().unwrap();
    let pages = scene.folder().join("pages");
    let pages = pages.to_str().unwrap();
    scene.run(&["backup", copy]).exits(0);
    let add = ["profile", "add", "away", "--url", &url, "--username", "ann"];
    let table: &[&[&str]] = &[
        &["--help"],
        &["help"],
        &["help", "sync"],
        &["--version"],
        &["status"],
        &["status", "--json"],
        &["status", "--check"],
        &["list", "movies"],
        &["list", "movies", "--json"],
        &["list", "movies", "--csv"],
        &["search", "a"],
        &["search", "a", "--json"],
        &["show", "movies", &id],
        &["show", "movies", &id, "--json"],
        &["categories", "movies"],
        &["categories", "movies", "--json"],
        &["export", "json"],
        &["export", "csv"],
        &["changes"],
        &["changes", "--json"],
        &["changes", "--follow"],
        &["changes", "export"],
        &["new"],
        &["new", "--json"],
        &["history"],
        &["history", "--json"],
        &["undo", "--dry-run"],
        &["undo", "--dry-run", "--json"],
        &["check"],
        &["check", "--json"],
        &["check", "--panel"],
        &["sync"],
        &["sync", "--json"],
        &["sync", "--dry-run"],
        &["sync", "--full", "--jobs", "2"],
        &["watch", "--once-due"],
        &["watch", "--once-due", "--json"],
        &["profile", "list"],
        &["profile", "list", "--json"],
        &["profile", "show", HOME],
        &["profile", "show", HOME, "--json"],
        &["profile", "test", HOME],
        &["profile", "test", HOME, "--json"],
        &["profile", "set", HOME, "attempts=2"],
        &["profile", "edit", HOME, "--removal-share", "40"],
        &["edit", "movies", &id, "note=seen"],
        &["edit", "movies", &id, "note=seen", "--json"],
        &["favourite", "movies", &id],
        &["hide", "movies", &id, "--off"],
        &["tag", "movies", "night", &id],
        &["watched", "movies", &id],
        &["conflicts"],
        &["conflicts", "--json"],
        &["filter", "list"],
        &["filter", "list", "--json"],
        &["rewrite", "list"],
        &["overlay", "export"],
        &["completions", "bash"],
        &["man", pages],
        &["backup", copy, "--force"],
        &add,
        &["clear", "away"],
        &["profile", "remove", "away"],
    ];
    for streams in [Closed::Stdout, Closed::Stderr, Closed::Both] {
        for args in table {
            // `--follow` ends only when the reader of stdout has gone.
            if args.contains(&"--follow") && streams == Closed::Stderr {
                continue;
            }
            let run = run(&scene, args, streams);
            assert_eq!(run.code, Some(0), "{args:?} {streams:?}: {run:?}");
            assert!(!run.stderr.contains("error"), "{args:?} {streams:?}: {run:?}");
            assert!(!run.stderr.to_lowercase().contains("broken pipe"), "{args:?} {streams:?}: {run:?}");
        }
    }
    // `restore` comes last, because the changes before a restore can't be read any more.
    for streams in [Closed::Stdout, Closed::Stderr, Closed::Both] {
        assert_eq!(run(&scene, &["restore", copy], streams).code, Some(0), "{streams:?}");
    }
    for name in commands(&scene).into_iter().filter(|name| name != "help") {
        let is_there = name == "restore" || table.iter().any(|args| args[0] == name);
        assert!(is_there, "`{name}` is a command without a row in the table");
        let run = run(&scene, &[&name, "--help"], Closed::Stdout);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
    }
    assert_eq!(scene.run(&["profile", "list"]).stdout.lines().filter(|line| line.contains(HOME)).count(), 1);
}

/// An error keeps its exit code, whether it is read or not.
#[test]
fn an_error_keeps_its_exit_code() {
    let scene = Scene::synced(2802);
    for (args, code) in
        [(&["show", "movies", "99999999"][..], 2), (&["status", "nobody"], 2), (&["list", "films"], 2), (&["snyc"], 2)]
    {
        for streams in [Closed::Stdout, Closed::Stderr, Closed::Both] {
            assert_eq!(run(&scene, args, streams).code, Some(code), "{args:?} {streams:?}");
        }
    }
}
