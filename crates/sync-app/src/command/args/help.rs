//! Snapshots of every `--help`: the root and each command, in `tests/snapshots/help`.
//!
//! A changed text fails the test. To renew the files, run
//!
//! ```console
//! $ RENEW_SNAPSHOTS=1 cargo test -p sync-app help
//! ```
//!
//! and read the difference before committing it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use clap::{CommandFactory, Parser};

use super::Args;

/// The width of a terminal for which the texts are wrapped.
const WIDTH: usize = 100;

/// Returns the text of every `--help`, by the name of its file.
fn texts() -> BTreeMap<String, String> {
    let mut root = Args::command().term_width(WIDTH);
    // Building adds to each command the options that all commands have.
    root.build();
    let mut texts = BTreeMap::new();
    collect("xtream-sync", &mut root, &mut texts);
    texts
}

fn collect(name: &str, command: &mut clap::Command, texts: &mut BTreeMap<String, String>) {
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    texts.insert(format!("{name}.txt"), lines.join("\n") + "\n");
    for command in command.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        let name = format!("{name}-{}", command.get_name());
        collect(&name, command, texts);
    }
}

fn stored(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap());
    files
        .map(|file| (file.file_name().into_string().unwrap(), fs::read_to_string(file.path()).unwrap()))
        // A checkout may have other line ends.
        .map(|(name, text)| (name, text.replace("\r\n", "\n")))
        .collect()
}

fn renew(folder: &Path, texts: &BTreeMap<String, String>) {
    fs::create_dir_all(folder).unwrap();
    for old in stored(folder).into_keys().filter(|name| !texts.contains_key(name)) {
        fs::remove_file(folder.join(old)).unwrap();
    }
    for (name, text) in texts {
        fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn every_help_is_as_in_its_snapshot() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/help");
    let texts = texts();
    if env::var_os("RENEW_SNAPSHOTS").is_some() {
        renew(&folder, &texts);
    }
    let renewed = "run `RENEW_SNAPSHOTS=1 cargo test -p sync-app help` and read the difference";
    let stored = stored(&folder);
    for (name, text) in &texts {
        assert_eq!(Some(text), stored.get(name), "{name} differs: {renewed}");
    }
    let old: Vec<_> = stored.keys().filter(|name| !texts.contains_key(*name)).collect();
    assert!(old.is_empty(), "no command has these files: {old:?}; {renewed}");
}

#[test]
fn every_command_has_examples_that_can_be_parsed() {
    for (name, text) in texts() {
        let examples: Vec<_> = text.lines().filter(|line| line.starts_with("  xtream-sync ")).collect();
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            let command = example.trim_start().split("  ").next().unwrap_or_default();
            // The text after a pipe is another command.
            let command = command.split(" | ").next().unwrap_or_default();
            // Quotes keep words together, as in a shell.
            let parts = command.split('\'').enumerate();
            let words: Vec<_> = parts
                .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
                .collect();
            assert!(Args::try_parse_from(&words).is_ok(), "{name}: {command}");
        }
    }
}
