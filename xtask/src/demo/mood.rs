//! The demo's panel misbehaves: which removals are held, and what releases them.

use super::measure::{measure, measure_ending};
use super::report::Report;
use super::{Demo, PROFILE};
use crate::Outcome;

/// The exit code of a run that holds removals.
const HELD: i32 = 7;

/// The movies that the panel really removes, in percent. The loss is more than plausible.
const REMOVED: &str = "added=0&updated=0&refreshed=0&removed=40&kinds=movies";

impl Demo<'_> {
    /// Shows half a list, its return, and a real loss.
    pub(super) fn mood(&self) -> Outcome {
        println!("\nNow the panel has a bad day: of its movies it lists half, as valid JSON, with status 200.");
        self.panel.misbehave("action=get_vod_streams&kind=half&times=1")?;
        let held = self.movies(HELD)?;
        println!("The run ends with exit code {HELD}: {held} removals are held, and every row is still there.");
        println!("\n$ xtream-sync status {PROFILE}");
        print!("{}", measure(&mut self.call(&["status", PROFILE]))?.stdout);

        println!("\nIt recovers. What comes back is no longer held.");
        expect("held after the recovery", self.movies(0)?, 0)?;

        println!(
            "Another day it removes 40 % of its movies for good. Nobody can tell that from a bad day, so they wait:"
        );
        let removed = self.panel.advance(REMOVED)?.kind("movies").changed()[3];
        expect("held", self.movies(HELD)?, removed)?;
        println!(
            "{removed} removals are held. In a week, and after three lists that miss them, they would go by themselves;"
        );
        println!("a person can agree at once:\n\n$ xtream-sync sync {PROFILE} --accept-removals --only movies");
        let mut consent = self.call(&["sync", PROFILE, "--accept-removals", "--only", "movies"]);
        print!("{}", measure(&mut consent)?.stdout);
        expect("held after the consent", self.movies(0)?, 0)
    }

    /// Syncs the movies. Returns the number of held removals.
    fn movies(&self, code: i32) -> Outcome<u64> {
        let mut call = self.call(&["sync", PROFILE, "--json", "--only", "movies"]);
        let measured = measure_ending(call.stderr(std::process::Stdio::null()), code)?;
        let status = if code == HELD { "partial" } else { "completed" };
        Ok(Report::parse_ended(&measured.stdout, PROFILE, status)?.kind("movies").held)
    }
}

fn expect(what: &str, found: u64, expected: u64) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{found} {what}, and not {expected}").into())
}
