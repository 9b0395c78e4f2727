//! The state of a case: its panels with their caches, and a record of its runs.

use std::cell::RefCell;

use serde_json::Value;
use sync_tests::{CatalogueConfig, Kind, Panel};

use crate::home::Home;
use crate::program::Run;
use crate::scene::{Scene, some_hundred};

/// The record of all runs of a case.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) runs: usize,
    /// The exit codes, without repetitions in a row; at most four.
    pub(crate) exits: Vec<Option<i32>>,
    /// The description of the first run that didn't end well, or of the first run.
    pub(crate) outcome: String,
    /// The number of rows that are gone and that no run was allowed to remove.
    pub(crate) lost: u64,
    /// The greatest memory of a run, in KiB.
    pub(crate) peak: Option<u64>,
    /// Whether the run of `outcome` ended well.
    well: bool,
}

/// A case that is under way.
#[derive(Default)]
pub(crate) struct Trial {
    seen: RefCell<Seen>,
}

thread_local! {
    /// The message of the first panic on this thread.
    static FAILURE: RefCell<Option<String>> = const { RefCell::new(None) };
}

impl Trial {
    /// Returns a panel with some hundred items and a cache that has them. Most cases begin with it.
    pub(crate) fn home(&self) -> Home<'_> {
        self.home_of(&some_hundred(7))
    }

    /// Does the same as [`Self::home`] with this catalogue.
    pub(crate) fn home_of(&self, config: &CatalogueConfig) -> Home<'_> {
        Home::synced(self, Scene::of(config))
    }

    /// Does the same as [`Self::home`] with this panel.
    pub(crate) fn home_at(&self, panel: Panel) -> Home<'_> {
        Home::synced(self, Scene::at(panel))
    }

    /// Returns a panel whose profile was never synced.
    pub(crate) fn new_home(&self, panel: Panel) -> Home<'_> {
        Home::new(self, Scene::at(panel))
    }

    pub(crate) fn into_seen(self) -> Seen {
        self.seen.into_inner()
    }

    /// Sets the outcome of the case to this text.
    pub(crate) fn outcome(&self, words: impl Into<String>) {
        let mut seen = self.seen.borrow_mut();
        seen.outcome = words.into();
        seen.well = false;
    }

    pub(crate) fn lost(&self, rows: u64) {
        self.seen.borrow_mut().lost += rows;
    }

    /// Records a run of the command, and asserts what every run must fulfil.
    #[track_caller]
    pub(crate) fn note(&self, run: &Run, outcome: String) {
        let well = run.code == Some(0);
        self.note_run(run.code, outcome, well);
        let mut seen = self.seen.borrow_mut();
        seen.peak = seen.peak.max(run.peak);
        drop(seen);
        assert!(run.code.is_some(), "the command was ended by a signal: {run:?}");
        assert!(!matches!(run.code, Some(1 | 101)), "an internal error: {run:?}");
        assert_told(run);
    }

    /// Records a run within this process.
    pub(crate) fn note_run(&self, code: Option<i32>, outcome: String, well: bool) {
        let mut seen = self.seen.borrow_mut();
        seen.runs += 1;
        if seen.exits.last() != Some(&code) && seen.exits.len() < 4 {
            seen.exits.push(code);
        }
        if seen.outcome.is_empty() || (seen.well && !well) {
            (seen.outcome, seen.well) = (outcome, well);
        }
    }

    pub(crate) fn note_failure(message: String) {
        FAILURE.with_borrow_mut(|failure| _ = failure.get_or_insert(message));
    }

    pub(crate) fn noted_failure() -> Option<String> {
        FAILURE.take()
    }
}

/// Asserts that every error has a code, a message and a hint, in the report and on stderr.
#[track_caller]
fn assert_told(run: &Run) {
    for report in run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let of_kinds = Kind::ALL.map(|kind| &report["kinds"][kind.name()]);
        let errors = report["errors"].as_array().into_iter().flatten();
        for error in errors.chain(of_kinds.iter().map(|kind| &kind["error"]).filter(|error| error.is_object())) {
            for part in ["code", "message", "hint"] {
                assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "an error without {part}: {error}");
            }
            let message = error["message"].as_str().unwrap();
            assert!(!message.contains("://"), "an address in a message: {message}");
            assert!(run.stderr.contains("error:") && run.stderr.contains("hint:"), "{}", run.stderr);
        }
        for (kind, record) in Kind::ALL.iter().zip(of_kinds) {
            if record["outcome"] == "held" {
                let words = format!("{kind}: {}", record["held"]);
                assert!(run.stderr.replace(',', "").contains(&words), "{words} is not told: {}", run.stderr);
                assert!(run.stderr.contains("held:"), "{}", run.stderr);
            }
            if record["outcome"] == "failed" {
                assert!(record["error"].is_object(), "a kind failed without a word: {report}");
            }
        }
    }
    // A dry run only shows a plan, so it needs no hint.
    let planned = run.stdout.contains(r#""dry_run":true"#);
    assert!(run.code == Some(0) || planned || is_advised(run), "exit {:?} without a hint: {run:?}", run.code);
}

/// Returns whether stderr says what to do next: a hint, a command, or that the next sync needs no preparation.
fn is_advised(run: &Run) -> bool {
    ["hint:", "--accept-removals", "the next sync"].iter().any(|words| run.stderr.contains(words))
}
