//! `cargo xtask demo`: the whole program at work on a large catalogue, explained in plain words.
//!
//! The demo starts a simulated panel, adds a profile, and runs a full sync and a sync that finds nothing. The panel
//! moves on, an incremental sync follows, and its report is compared with the changes that the panel reports. Then the
//! panel misbehaves. The demo leaves nothing behind, however it ends.

mod measure;
mod mood;
mod options;
mod panel;
mod report;
mod scratch;

use std::path::PathBuf;
use std::process::Command;

use crate::shell::straight;
use crate::{Outcome, e2e};
use measure::{Measured, measure};
use options::Options;
use panel::Panel;
use report::{KINDS, Report};
use scratch::Scratch;

const PROFILE: &str = "demo";

/// The changes of the panel between the second run and the third, in percent of its items.
const ADVANCE: &str = "added=0.5&updated=1&refreshed=1&removed=0.5";

/// The questions that the cache is asked at the end, in plain SQL.
const QUESTIONS: [(&str, &str); 4] = [
    (
        "The first movies, in the panel's order",
        "SELECT m.stream_id || '  ' || m.name AS line FROM xtream_listing_index l CROSS JOIN json_each(l.ids) e \
         CROSS JOIN xtream_movies m ON m.profile_id=l.profile_id AND m.stream_id=e.value \
         WHERE l.profile_id='demo' AND l.kind='movies' AND l.scope='' ORDER BY e.key LIMIT 3",
    ),
    (
        "The largest categories of series",
        "SELECT printf('%6d  %s', count(*), c.category_name) AS line FROM xtream_series s CROSS JOIN json_each(s.category_ids) e \
         JOIN xtream_series_categories c ON c.profile_id=s.profile_id AND c.category_id=e.value \
         WHERE s.profile_id='demo' GROUP BY c.category_id ORDER BY count(*) DESC, c.category_id LIMIT 3",
    ),
    (
        "What the last run changed, from the change log",
        "SELECT printf('%-9s %-8s %6d', kind, change, count(*)) AS line FROM xtream_changes \
         WHERE profile_id='demo' AND run_id=(SELECT max(id) FROM xtream_sync_runs) GROUP BY kind, change",
    ),
    (
        "One of them",
        "SELECT kind || ' ' || content_id || ': ' || fields AS line FROM xtream_changes \
         WHERE profile_id='demo' AND change='updated' ORDER BY sequence DESC LIMIT 1",
    ),
];

pub(crate) fn main(args: &[String]) -> Outcome {
    let options = Options::parse(args)?;
    println!("Building the command and the simulated panel (release).");
    // All programs are built at once, so that each dependency is compiled once.
    let [command, program, ask] = e2e::release([e2e::COMMAND, e2e::PANEL, e2e::ASK], &[])?;
    let scratch = Scratch::new(options.keep)?;
    println!(
        "Starting a panel with {} channels, {} movies and {} series.",
        options.channels, options.movies, options.series
    );
    let panel = Panel::start(&program, &options)?;
    Demo { command, ask, scratch: &scratch, panel: &panel }.play()
}

struct Demo<'a> {
    command: PathBuf,
    ask: PathBuf,
    scratch: &'a Scratch,
    panel: &'a Panel,
}

impl Demo<'_> {
    fn play(&self) -> Outcome {
        let password = self.scratch.write("password", panel::PASSWORD)?;
        println!("It listens on {}. Adding it as the profile `{PROFILE}`.", self.panel.url());
        let user = ["--username", panel::USER, "--password-file"];
        let mut add = self.call(&["profile", "add", PROFILE, "--url", self.panel.url()]);
        measure(add.args(user).arg(&password))?;

        let first = self.sync("first", "Syncing for the first time: everything is new.")?;
        let second = self.sync("second", "Syncing again: the panel has not changed, so nothing is to be found.")?;
        println!("Moving the panel on: some items come, some change, some go.");
        let truth = self.panel.advance(ADVANCE)?;
        let third = self.sync("third", "Syncing once more: only the differences are written.")?;

        report::table(&[&first, &second, &third]);
        quiet(&second)?;
        judge(&third, &truth)?;
        println!("\n$ xtream-sync status {PROFILE}");
        print!("{}", measure(&mut self.call(&["status", PROFILE]))?.stdout);
        for (words, question) in QUESTIONS {
            println!("\n{words}:");
            print!("{}", measure(straight(&mut Command::new(&self.ask)).arg(self.database()).arg(question))?.stdout);
        }
        self.mood()
    }

    /// Returns the command on the demo's own database, whatever the environment of the terminal says.
    fn call(&self, words: &[&str]) -> Command {
        let mut call = Command::new(&self.command);
        straight(&mut call).env_remove("XTREAM_SYNC_PASSWORD").arg("--database").arg(self.database()).args(words);
        call
    }

    fn database(&self) -> PathBuf {
        self.scratch.path().join("demo.db")
    }

    fn sync(&self, name: &'static str, words: &str) -> Outcome<Run> {
        println!("{words}");
        let measured = measure(&mut self.call(&["sync", PROFILE, "--json"]))?;
        let report = Report::parse(&measured.stdout, PROFILE)?;
        Ok(Run { name, report, measured })
    }
}

/// One sync of the demo: its report and its figures.
struct Run {
    name: &'static str,
    report: Report,
    measured: Measured,
}

/// Fails unless a sync of an unchanged panel finds nothing.
fn quiet(run: &Run) -> Outcome {
    let changed = run.report.total().changed();
    if changed == [0; 4] {
        return Ok(());
    }
    Err(format!("the panel stood still, but the {} run reports {changed:?}", run.name).into())
}

/// Compares the report of a run with the changes that the panel reports.
fn judge(run: &Run, truth: &Report) -> Outcome {
    let mut differences = Vec::new();
    for kind in KINDS {
        let (found, told) = (run.report.kind(kind).changed(), truth.kind(kind).changed());
        if found != told {
            differences.push(format!("{kind}: the run reports {found:?}, the panel {told:?}"));
        }
    }
    if differences.is_empty() {
        println!("\nAdded, updated, refreshed and removed of the {} run are as the panel says.", run.name);
        return Ok(());
    }
    Err(format!("(added, updated, refreshed, removed) differ:\n  {}", differences.join("\n  ")).into())
}
