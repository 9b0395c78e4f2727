//! The README's section `From nothing to a film`: every command is run as it is written there, and prints the output
//! that is written there.
//!
//! Times and the panel's address are not compared. After a change of an output, renew the README by
//! `RENEW_SNAPSHOTS=1 cargo test -p sync-tests --test e2e newcomer`, and read the difference.

use std::fs;
use std::path::PathBuf;

use sync_tests::{Account, CatalogueConfig};

use crate::program::{PASSWORD, command_without_log};
use crate::pseudo_terminal::PseudoTerminal;
use crate::scene::{Scene, start_panel};

/// The address in the README.
const ADDRESS: &str = "http://panel.example:8080";

/// The greatest number of commands in that section.
const COMMANDS: usize = 5;

/// The beginning of the part with the commands and outputs of a new user.
const BEGIN: &str = "## From nothing to a film\n\n```console\n";
const END: &str = "```\n";

/// Returns the beginnings of the questions of `profile add`, and the user's answers.
fn answers(scene: &Scene) -> [(&'static str, String); 3] {
    let address = scene.panel.base_url();
    [("Address of the panel", address), ("User name", "ann".to_owned()), ("Password", PASSWORD.to_owned())]
}

/// Runs a command on a terminal of eighty columns. Returns its output.
fn shown(scene: &Scene, line: &str) -> String {
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("xtream-sync"), "{line}");
    let args: Vec<_> = words.collect();
    let terminal = PseudoTerminal::start(command_without_log(&scene.database, &args), 80, 40);
    if args.starts_with(&["profile", "add"]) {
        for (question, answer) in answers(scene) {
            terminal
                .wait_until(question, |screen| screen.lines().last().is_some_and(|line| line.starts_with(question)));
            if question == "Password" {
                terminal.wait_for_echo(false);
            }
            terminal.type_line(&answer);
        }
    }
    let ended = terminal.end().exits(0).leaves_a_sane_terminal().fits();
    let lines: Vec<_> = ended.text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().replace(&scene.panel.base_url(), ADDRESS)
}

/// Returns a line without durations in seconds, and without the days until the end of something.
fn without_times(line: &str) -> String {
    let words = line.split(' ').collect::<Vec<_>>();
    let kept = words.iter().enumerate().map(|(at, word)| match words.get(at + 1) {
        Some(&"s") if word.parse::<f64>().is_ok() => "0.1",
        Some(&"days,") if word.replace(',', "").parse::<u32>().is_ok() => "2,953",
        _ => word,
    });
    kept.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_readme_leads_from_nothing_to_a_film() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the part");
    let (block, after) = rest.split_once(END).expect("the part has an end");
    let mut commands = block.lines().filter_map(|line| line.strip_prefix("$ "));
    let installed = commands.next().expect("there is a first command");
    let from = installed.strip_prefix("cargo install --locked --path ").expect("it is installed from here");
    assert!(path.with_file_name(from).join("src/main.rs").is_file(), "{from}");
    let panel =
        start_panel(&CatalogueConfig { seed: 7, channels: 600, movies: 3000, series: 400, items_per_category: 40 });
    panel.set_accounts(vec![Account::new("ann", PASSWORD)]);
    let scene = Scene::without_profile(panel);
    let mut told = vec![format!("$ {installed}\n")];
    for line in commands {
        let output = shown(&scene, line);
        told.push(if output.is_empty() { format!("$ {line}\n") } else { format!("$ {line}\n{output}\n") });
    }
    assert!(told.len() <= COMMANDS, "{} commands", told.len());
    let told: String = told.join("\n").lines().map(|line| without_times(line) + "\n").collect();
    if std::env::var_os("RENEW_SNAPSHOTS").is_some() {
        fs::write(&path, [before, BEGIN, &told, END, after].concat()).unwrap();
    }
    let expected: String = block.lines().map(|line| without_times(line) + "\n").collect();
    assert_eq!(told, expected, "the README differs: {told}");
    let film = told.lines().any(|line| line.starts_with("movies"));
    assert!(film, "a film was found");
}
