//! Setting up: the questions of `profile add` on a terminal, and the advice for a cache without profiles.

use std::path::Path;

use sync_tests::{Account, Action};

use crate::program::{PASSWORD, Running, USERNAME, command, command_without_log};
use crate::pseudo_terminal::{Ended, PseudoTerminal};
use crate::scene::{HOME, Scene, some_hundred, start_panel};

const ADDRESS: &str = "Address of the panel";
const NAME: &str = "User name";
const WORD: &str = "Password";
const NEXT: &str = "Try again, keep";

fn scene() -> Scene {
    Scene::without_profile(start_panel(&some_hundred(1501)))
}

/// Starts `profile add home` on a terminal.
fn add(scene: &Scene, more: &[&str]) -> PseudoTerminal {
    let args = [&["profile", "add", HOME], more].concat();
    PseudoTerminal::start(command_without_log(&scene.database, &args), 80, 24)
}

/// Waits until a question is the last line of the screen, and answers it.
#[track_caller]
fn answer(terminal: &PseudoTerminal, question: &str, typed: &str) {
    let is_last = |screen: &str| screen.lines().last().is_some_and(|line| line.starts_with(question));
    terminal.wait_until(question, is_last);
    if question == WORD {
        terminal.wait_for_echo(false);
    }
    terminal.type_line(typed);
}

/// Fails unless no profile was saved, and the terminal is as it was.
#[track_caller]
fn saved_nothing(scene: &Scene, ended: Ended, code: i32) -> String {
    let ended = ended.exits(code).leaves_a_sane_terminal();
    assert!(!scene.database.exists(), "a cache was made\n{}", ended.text);
    ended.text
}

fn requests(scene: &Scene) -> Vec<Action> {
    scene.panel.requests().iter().filter_map(|request| request.action).collect()
}

#[test]
fn missing_values_are_asked_for_and_the_login_is_tested() {
    let scene = scene();
    let terminal = add(&scene, &[]);
    answer(&terminal, ADDRESS, &scene.panel.base_url());
    answer(&terminal, NAME, USERNAME);
    terminal.resize(100, 30);
    answer(&terminal, WORD, PASSWORD);
    let ended = terminal.end().exits(0).leaves_a_sane_terminal().fits();
    for told in ["account Active", "channels  ", " categories", "profile `home` added", "next: xtream-sync sync home"] {
        assert!(ended.text.contains(told), "{told}: {}", ended.text);
    }
    let expected = [Action::Account, Action::LiveCategories, Action::VodCategories, Action::SeriesCategories];
    assert_eq!(requests(&scene), expected, "one login, and no list");
    scene.sync(&[]).exits(0);
    scene.assert_true();
}

#[test]
fn given_values_are_not_asked_for() {
    let scene = scene();
    let terminal = add(&scene, &["--url", &scene.panel.base_url(), "--username", USERNAME]);
    answer(&terminal, WORD, PASSWORD);
    let ended = terminal.end().exits(0).leaves_a_sane_terminal();
    assert!(!ended.text.contains(ADDRESS) && !ended.text.contains(NAME), "{}", ended.text);
    assert!(ended.text.contains("account Active"), "{}", ended.text);
}

#[test]
fn a_pasted_link_contains_the_login() {
    let scene = scene();
    // The password differs from that of the other tests, because a terminal shows the address while it is typed.
    scene.panel.set_accounts(vec![Account::new("ann", "typed-word")]);
    let terminal = add(&scene, &[]);
    let link = format!("{}/get.php?username=ann&password=typed-word&type=m3u_plus", scene.panel.base_url());
    answer(&terminal, ADDRESS, &link);
    let ended = terminal.end().exits(0);
    assert!(!ended.text.contains(NAME) && !ended.text.contains("Password:"), "{}", ended.text);
    assert!(ended.text.contains("profile `home` added"), "{}", ended.text);
    assert_eq!(ended.text.matches("typed-word").count(), 1, "only as it was typed: {}", ended.text);
}

#[test]
fn a_mistyped_password_can_be_typed_again() {
    let scene = scene();
    let terminal = add(&scene, &[]);
    answer(&terminal, ADDRESS, &scene.panel.base_url());
    answer(&terminal, NAME, USERNAME);
    answer(&terminal, WORD, "wrong");
    terminal.wait_for("error: ");
    answer(&terminal, NEXT, "perhaps");
    // The next answer must not be typed before the question is shown again.
    terminal.wait_for("type t, k or g");
    answer(&terminal, NEXT, "");
    // Enter alone keeps the value in brackets.
    answer(&terminal, ADDRESS, "");
    answer(&terminal, NAME, "");
    answer(&terminal, WORD, PASSWORD);
    let ended = terminal.end().exits(0).leaves_a_sane_terminal();
    assert!(ended.text.contains("type t, k or g") && ended.text.contains("added"), "{}", ended.text);
    let logins = requests(&scene).iter().filter(|action| **action == Action::Account).count();
    assert_eq!(logins, 2, "a refusal is not repeated by itself");
    scene.sync(&[]).exits(0);
}

#[test]
fn a_profile_can_be_kept_or_given_up_after_a_login_that_failed() {
    let scene = scene();
    let dead = "http://127.0.0.1:9";
    let fails = |more: &[&str]| {
        let terminal = add(&scene, &[&["--url", dead, "--username", USERNAME], more].concat());
        answer(&terminal, WORD, PASSWORD);
        terminal
    };
    let terminal = fails(&[]);
    answer(&terminal, NEXT, "g");
    let text = saved_nothing(&scene, terminal.end(), 5);
    assert!(text.contains("nothing was saved"), "{text}");
    let terminal = fails(&[]);
    answer(&terminal, NEXT, "keep");
    let ended = terminal.end().exits(0);
    assert!(ended.text.contains("profile `home` added: http://127.0.0.1:9"), "{}", ended.text);
    scene.run(&["profile", "test", HOME, "--attempts", "1"]).exits(5);
}

#[test]
fn a_mistyped_value_is_asked_for_again() {
    let scene = scene();
    let terminal = add(&scene, &[]);
    answer(&terminal, ADDRESS, "");
    answer(&terminal, ADDRESS, "http://");
    terminal.wait_for("error: the panel's address can't be used");
    answer(&terminal, ADDRESS, "\u{1b}[D");
    terminal.wait_for("control characters");
    answer(&terminal, ADDRESS, &scene.panel.base_url());
    answer(&terminal, NAME, USERNAME);
    answer(&terminal, WORD, "");
    terminal.wait_for("no password was typed");
    answer(&terminal, WORD, PASSWORD);
    terminal.end().exits(0).leaves_a_sane_terminal();
}

#[test]
fn ctrl_c_at_any_question_saves_nothing_and_leaves_the_terminal_as_it_was() {
    let scene = scene();
    let asked = |steps: usize| {
        let terminal = add(&scene, &[]);
        let steps = [(ADDRESS, scene.panel.base_url()), (NAME, USERNAME.to_owned())].into_iter().take(steps);
        steps.for_each(|(question, typed)| answer(&terminal, question, &typed));
        terminal
    };
    for (steps, question) in [(0, ADDRESS), (1, NAME), (2, WORD)] {
        let terminal = asked(steps);
        terminal.wait_for(question);
        if question == WORD {
            terminal.wait_for_echo(false);
        }
        terminal.send_ctrl_c();
        let text = saved_nothing(&scene, terminal.end(), 130);
        assert!(text.contains("cancelled; nothing was saved"), "{question}: {text}");
    }
    // A signal arrives from outside while the echo is off.
    let terminal = asked(2);
    terminal.wait_for(WORD);
    terminal.wait_for_echo(false);
    let killed = std::process::Command::new("kill").args(["-TERM", &terminal.pid().to_string()]).status().unwrap();
    assert!(killed.success());
    saved_nothing(&scene, terminal.end(), 130);
    assert_eq!(scene.panel.requests().len(), 0);
}

#[test]
fn the_end_of_the_input_is_no_answer() {
    let scene = scene();
    for steps in 0..3 {
        let terminal = add(&scene, &[]);
        let answers = [(ADDRESS, scene.panel.base_url()), (NAME, USERNAME.to_owned())].into_iter().take(steps);
        answers.for_each(|(question, typed)| answer(&terminal, question, &typed));
        terminal.wait_for([ADDRESS, NAME, WORD][steps]);
        if steps == 2 {
            terminal.wait_for_echo(false);
        }
        terminal.send("\u{4}");
        saved_nothing(&scene, terminal.end(), 2);
    }
}

/// All answers are given as options, so nothing is asked of the person, and the panel is asked only for a test.
#[test]
fn with_all_flags_the_panel_is_asked_only_for_a_test() {
    let scene = scene();
    let url = scene.panel.base_url();
    let args = ["profile", "add", HOME, "--url", &url, "--username", USERNAME];
    let mut plain = command_without_log(&scene.database, &args);
    plain.env("XTREAM_SYNC_PASSWORD", PASSWORD);
    let ended = PseudoTerminal::start(plain, 80, 24).end().exits(0);
    assert!(!ended.text.contains("logging in"), "{}", ended.text);
    assert_eq!(scene.panel.requests().len(), 0);
    // A change of a setting asks neither the person nor the panel.
    let ended = PseudoTerminal::start(
        command_without_log(&scene.database, &[&args[..3], &["--release-days", "3"]].concat()),
        80,
        24,
    );
    assert!(ended.end().exits(0).text.contains("profile `home` changed"));
    assert_eq!(scene.panel.requests().len(), 0);
    let run = scene.add("tested", &url, &["--test"]).exits(0);
    assert!(run.stdout.contains("account Active") && run.stdout.contains("profile `tested` added"), "{}", run.stdout);
    assert_eq!(scene.panel.requests().len(), 4);
}

#[test]
fn a_test_that_fails_saves_nothing() {
    let scene = scene();
    scene.panel.set_accounts(vec![Account::new(USERNAME, "another")]);
    let run = scene.add(HOME, &scene.panel.base_url(), &["--test"]).exits(4);
    assert!(run.stderr.contains("error: the panel refuses the login") && run.stderr.contains("nothing was saved"));
    assert!(run.stdout.is_empty() && !scene.database.exists(), "{}", run.stdout);
    scene.add(HOME, "http://127.0.0.1:9", &["--test"]).exits(5);
    assert!(!scene.database.exists());
    // An existing profile keeps its address.
    scene.add(HOME, &scene.panel.base_url(), &[]).exits(0);
    scene.add(HOME, "http://127.0.0.1:9", &["--test"]).exits(5);
    let listed = scene.run(&["profile", "list"]).exits(0);
    assert!(listed.stdout.contains(&scene.panel.base_url()), "{}", listed.stdout);
}

#[test]
fn without_a_profile_the_first_steps_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("cache.db");
    let run = |args: &[&str]| Running::start(command(&database, args)).end();
    let is_told = |text: &str| {
        let text = text.lines().filter(|line| !line.contains(" DEBUG ")).collect::<Vec<_>>();
        let begin = text.iter().position(|line| line.contains("there is no profile yet"));
        begin.is_some_and(|at| {
            text.len() == at + 3
                && text[at + 1].contains("`xtream-sync profile add home`")
                && text[at + 2].contains("`xtream-sync sync home`")
        })
    };
    for args in [&["list", "movies"][..], &["status"], &["profile", "list"]] {
        let run = run(args).exits(0);
        assert!(is_told(&run.stdout), "{args:?}: {}", run.stdout);
        assert!(!run.stderr.contains("error"), "{args:?}: {}", run.stderr);
    }
    for args in [
        &["sync"][..],
        &["search", "x"],
        &["show", "movies", "7"],
        &["categories", "movies"],
        &["export", "json"],
        &["changes"],
        &["new"],
        &["history"],
        &["undo"],
    ] {
        let run = run(args).exits(2);
        assert!(is_told(&run.stderr) && run.stdout.is_empty(), "{args:?}: {}", run.stderr);
    }
    // If a command names a profile, its hint has the first steps.
    for args in [&["status", "home"][..], &["sync", "home"], &["profile", "test", "home"], &["clear", "home"]] {
        let run = run(args).exits(2);
        assert!(run.stderr.contains("there is no profile `home`"), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("hint: `xtream-sync profile add home`"), "{args:?}: {}", run.stderr);
    }
    assert!(!database.exists());
    // Without arguments, the same lines follow the help.
    let mut alone = std::process::Command::new(command(&database, &[]).get_program());
    alone.env("XTREAM_SYNC_DATABASE", &database);
    let output = alone.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("Usage: xtream-sync") && is_told(&told), "{told}");
}

#[test]
fn a_mistyped_name_is_answered_with_the_right_one() {
    let scene = Scene::synced(1502);
    scene.add("holiday", &scene.panel.base_url(), &[]).exits(0);
    for args in [
        &["status", "hmoe"][..],
        &["sync", "hom"],
        &["check", "Home"],
        &["clear", "homee"],
        &["profile", "test", "hmoe"],
        &["profile", "remove", "hmoe"],
        &["profile", "show", "hmoe"],
        &["profile", "set", "hmoe", "attempts=2"],
        &["profile", "edit", "hmoe", "--release-days", "3"],
        &["list", "movies", "--profile", "hmoe"],
        &["search", "x", "--profile", "hmoe"],
        &["show", "movies", "1", "--profile", "hmoe"],
        &["categories", "movies", "--profile", "hmoe"],
        &["export", "json", "--profile", "hmoe"],
        &["changes", "--profile", "hmoe"],
        &["new", "--profile", "hmoe"],
        &["history", "--profile", "hmoe"],
        &["undo", "--profile", "hmoe"],
    ] {
        let run = scene.run(args).exits(2);
        assert!(run.stderr.contains("did you mean `home`?"), "{args:?}: {}", run.stderr);
    }
    let other = scene.run(&["status", "kitchen"]).exits(2);
    assert!(!other.stderr.contains("did you mean"), "{}", other.stderr);
    for (args, meant) in [
        (&["list", "films"][..], "did you mean movies?"),
        (&["sync", "--only", "chanels"], "did you mean channels?"),
        (&["stauts"], "'status'"),
        (&["profile", "tset"], "'test'"),
        (&["sync", "--dryrun"], "'--dry-run'"),
    ] {
        let run = scene.run(args).exits(2);
        assert!(run.stderr.contains(meant), "{args:?}: {}", run.stderr);
    }
    // Text that looks like an address may contain a password, so it is neither repeated nor compared.
    let run = scene.run(&["status", &format!("http://h/get.php?username=home&password={PASSWORD}")]).exits(2);
    assert!(!run.stderr.contains("get.php"), "{}", run.stderr);
}

#[test]
fn a_mistyped_category_is_answered_with_similar_ones() {
    let scene = Scene::synced(1503);
    let categories = scene.run(&["categories", "movies", "--json"]).exits(0).stdout;
    let first: serde_json::Value = serde_json::from_str(categories.lines().next().unwrap()).unwrap();
    let name = first["name"].as_str().unwrap();
    let mistyped = format!("{name}x");
    let run = scene.run(&["list", "movies", "--profile", HOME, "--category", &mistyped]).exits(2);
    assert!(run.stderr.contains("such as") && run.stderr.contains(first["id"].as_str().unwrap()), "{}", run.stderr);
    assert!(!run.stderr.lines().any(|line| line.starts_with("error") && line.contains(&mistyped)), "{}", run.stderr);
}

#[test]
fn manual_pages_are_written_one_per_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("new").join("man1");
    let run = Running::start(command(Path::new("none.db"), &["man", pages.to_str().unwrap()])).end().exits(0);
    let names: Vec<_> =
        std::fs::read_dir(&pages).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(run.stdout.starts_with(&format!("{} manual pages written to ", names.len())), "{}", run.stdout);
    for page in ["xtream-sync.1", "xtream-sync-sync.1", "xtream-sync-profile-test.1"] {
        assert!(names.iter().any(|name| name == page), "{page}: {names:?}");
    }
    // A file has the name of the folder.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let run =
        Running::start(command(Path::new("none.db"), &["man", folder.path().join("file").to_str().unwrap()])).end();
    assert!(run.exits(2).stderr.contains("can't be written"));
}

/// The script works in a real shell: the key Tab completes a line.
#[test]
fn bash_completes_commands_and_profiles() {
    let scene = Scene::of(&some_hundred(1504));
    scene.add("holiday house", &scene.panel.base_url(), &[]).exits(0);
    let mut bash = std::process::Command::new("bash");
    let program = command(&scene.database, &[]).get_program().to_owned();
    let folder = Path::new(&program).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(folder.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    bash.args(["--norc", "--noprofile", "-i"]);
    bash.env("PATH", path.unwrap()).env("PS1", "> ").env("XTREAM_SYNC_DATABASE", &scene.database);
    bash.env("INPUTRC", "/dev/null");
    let terminal = PseudoTerminal::start(bash, 120, 40);
    terminal.wait_for("> ");
    terminal.send("source <(xtream-sync completions bash); echo re''ady\r");
    terminal.wait_for("\nready");
    for (typed, completed) in [
        ("xtream-sync statu\t", "xtream-sync status "),
        ("xtream-sync status hom\t", "xtream-sync status home "),
        ("xtream-sync sync home hol\t", r"xtream-sync sync home holiday\ house "),
        ("xtream-sync list movies --profile hom\t", "xtream-sync list movies --profile home "),
        ("xtream-sync profile tes\t", "xtream-sync profile test "),
        ("xtream-sync profile test hom\t", "xtream-sync profile test home "),
        ("xtream-sync sync --dry\t", "xtream-sync sync --dry-run "),
        ("xtream-sync completions fi\t", "xtream-sync completions fish "),
    ] {
        terminal.send(typed);
        // The typed character shows that the cursor is behind the blank.
        terminal.send("#");
        terminal.wait_until(completed, |screen| screen.contains(&format!("{completed}#")));
        // Ctrl-U deletes the line.
        terminal.send("\u{15}");
    }
    terminal.send("exit\r");
    terminal.end();
}
