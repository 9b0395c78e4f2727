//! The texts for a cache that has no profile yet.

use std::path::Path;

use super::args::Args;
use super::failure::FIRST_STEPS;
use super::terminal::{complain, say};

/// Prints the first steps to stdout, as a result.
pub(crate) fn print() {
    for line in lines() {
        say(&line);
    }
}

/// Prints the first steps to stderr if there is no cache yet.
pub(crate) fn complain_if_new() {
    let is_new = |database: &Path| !database.exists();
    if Args::usual_database().is_ok_and(|database| is_new(&database)) {
        complain("");
        for line in lines() {
            complain(&line);
        }
    }
}

fn lines() -> [String; 3] {
    let [message, first, then] = FIRST_STEPS;
    [message.to_owned(), format!("  {first}"), format!("  {then}")]
}
