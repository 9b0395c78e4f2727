//! The rules that no dependency graph can check: the core names no clock, file or socket, and each migration is
//! complete.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;

const CORE: &str = "crates/sync-core/src";
const MIGRATIONS: &str = "crates/sync-sqlite/migrations";

/// The target of the link in the sqlite crate, relative to the crate.
const MIGRATIONS_TARGET: &str = "../../migrations";

/// The words that must not be in the core, not even in its comments or tests.
const FORBIDDEN: [&str; 6] = ["std::fs", "std::net", "SystemTime::now", "Instant::now", "Utc::now", "Local::now"];

/// Returns the lines of the core that use time, files or the network.
pub(crate) fn core_sources() -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    rust_files(Path::new(CORE), &mut files)?;
    let mut faults = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        faults.extend(impure(&text).into_iter().map(|(line, word)| format!("{}:{line}: {word}", file.display())));
    }
    Ok(faults)
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// Returns line number and word of each forbidden word. Several names in one `use std::{…}` are found as well.
fn impure(text: &str) -> Vec<(usize, String)> {
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    let mut found: Vec<(usize, String)> = FORBIDDEN
        .iter()
        .flat_map(|word| text.match_indices(word).map(|(at, word)| (line_of(at), word.to_owned())))
        .collect();
    for (at, opening) in text.match_indices("std::{") {
        let names = text[at + opening.len()..].split(';').next().unwrap_or_default();
        let words = names.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        found.extend(
            words.filter(|word| ["fs", "net"].contains(word)).map(|word| (line_of(at), format!("std::{word}"))),
        );
    }
    found
}

/// Returns what is wrong with the migrations: the link that the package needs, and the two files of each migration.
pub(crate) fn migrations() -> Outcome<Vec<String>> {
    let mut faults = Vec::new();
    if fs::read_link(MIGRATIONS).ok().as_deref() != Some(Path::new(MIGRATIONS_TARGET)) {
        faults.push(format!("{MIGRATIONS} is not a symlink to {MIGRATIONS_TARGET}"));
    }
    let mut count = 0;
    for entry in fs::read_dir("migrations").map_err(|error| format!("migrations: {error}"))? {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        count += 1;
        for half in ["up.sql", "down.sql"] {
            if !folder.join(half).is_file() {
                faults.push(format!("{} has no {half}", folder.display()));
            }
        }
    }
    if count == 0 {
        faults.push("there is no migration".to_owned());
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_or_a_file_is_found_with_its_line() {
        assert_eq!(impure("use std::sync::Arc;\nlet now = Utc::now();"), [(2, "Utc::now".to_owned())]);
        assert_eq!(impure("use std::{\n    fs, io,\n};"), [(1, "std::fs".to_owned())]);
        assert_eq!(impure("use std::{fmt, future::Future};\nlet net = 1;"), []);
    }
}
