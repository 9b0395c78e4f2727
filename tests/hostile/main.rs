//! Runs every way in which panels are known to misbehave as a numbered case. Each run of the command is checked: no row
//! is lost, no secret is shown, memory is bounded, and every error has a hint.
//!
//! `cargo test -p sync-tests --test hostile -- 16 renumber` runs case 16 and every case whose name contains `renumber`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on is to stop there, its fixture as well")]

use sync_test_support::{cache, program, scene};

mod home;
mod library;
mod programme;
mod table;
mod trial;

mod account;
mod admission;
mod bodies;
mod broken_elements;
mod categories;
mod changes;
mod changing_shapes;
mod cuts;
mod encrypted;
mod every_byte;
mod identity;
mod limits;
mod losses;
mod muddles;
mod network;
mod order;
mod processes;
mod secrets;
mod set_up;
mod sizes;
mod statuses;
mod syntax;
mod transport;
mod unheard;
mod versions;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--list") {
        for scenario in programme::all() {
            println!("{} {}: test", scenario.label, scenario.name);
        }
        return ExitCode::SUCCESS;
    }
    programme::run(&cases(&words))
}

/// Returns the words that name cases. Words that begin with a dash are options of the standard test harness, some with
/// a value; they are left out.
fn cases(words: &[String]) -> Vec<&str> {
    const WITH_VALUE: [&str; 5] = ["--test-threads", "--skip", "--format", "--color", "--logfile"];
    let mut words = words.iter().map(String::as_str);
    let mut cases = Vec::new();
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            cases.push(word);
        }
    }
    cases
}
