//! The texts for a cache that has no profile yet.

use std::path::Path;

use super::args::Args;
use super::failure::FIRST_STEPS;
use super::terminal::{print_err, print_out};

/// Prints the first steps to stdout, as a result.
pub(crate) fn print() {
    for line in lines() {
        print_out(&line);
    }
}

/// Prints the first steps to stderr if there is no cache yet.
pub(crate) fn print_first_steps_if_new() {
    let is_new = |database: &Path| !database.exists();
    if Args::usual_database().is_ok_and(|database| is_new(&database)) {
        print_err("");
        for line in lines() {
            print_err(&line);
        }
    }
}

fn lines() -> [String; 3] {
    let [message, first, then] = FIRST_STEPS;
    [message.to_owned(), format!("  {first}"), format!("  {then}")]
}
