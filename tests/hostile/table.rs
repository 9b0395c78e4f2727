//! The printed result of the programme: a row for each case, and a summary.

use std::process::ExitCode;
use std::time::Duration;

use crate::programme::{Ended, Part, Scenario};

/// The table of results, printed row by row.
pub(crate) struct Table {
    passed: usize,
    waiting: usize,
    lost: u64,
    runs: usize,
    peak: u64,
    failures: Vec<(String, String)>,
}

impl Table {
    pub(crate) fn new() -> Self {
        let (sent, exit, lost) = ("sent", "exit", "lost");
        println!("{:>4} {:<31} {sent:<52} {:<46} {exit:>7} {lost:>4} {:>4} {:>5}", "case", "", "outcome", "MiB", "s");
        Self { passed: 0, waiting: 0, lost: 0, runs: 0, peak: 0, failures: Vec::new() }
    }

    pub(crate) fn row(&mut self, scenario: &Scenario, ended: Option<Ended>) {
        let head = format!("{:>4} {:<31} {:<52}", scenario.label, scenario.name, short(scenario.sent, 52));
        let Some(ended) = ended else {
            self.waiting += 1;
            let Part::Waiting(for_what) = scenario.part else { return };
            println!("{head} waiting for {for_what}");
            return;
        };
        let seen = &ended.seen;
        self.lost += seen.lost;
        self.runs += seen.runs;
        self.peak = self.peak.max(seen.peak.unwrap_or(0));
        let outcome = if ended.failure.is_some() { "FAILED" } else { seen.outcome.as_str() };
        let exits: Vec<String> = seen.exits.iter().map(|code| code.map_or("-".to_owned(), |c| c.to_string())).collect();
        let seconds = ended.took.as_secs_f64();
        let (exits, peak) = (exits.join(","), seen.peak.map_or("-".to_owned(), |peak| (peak / 1024).to_string()));
        println!("{head} {:<46} {exits:>7} {:>4} {peak:>4} {seconds:>5.1}", short(outcome, 46), seen.lost);
        match ended.failure {
            None => self.passed += 1,
            Some(failure) => {
                println!("     {}", short(&failure, 600).replace('\n', "\n     "));
                self.failures.push((format!("{} {}", scenario.label, scenario.name), failure));
            }
        }
    }

    /// Prints the summary. Returns failure if a case failed or a row was lost.
    pub(crate) fn summary(self, took: Duration) -> ExitCode {
        println!(
            "\n{} passed, {} failed, {} waiting; {} runs, {} rows lost, at most {} MiB, {:.1} s",
            self.passed,
            self.failures.len(),
            self.waiting,
            self.runs,
            self.lost,
            self.peak / 1024,
            took.as_secs_f64()
        );
        for (name, failure) in &self.failures {
            println!("\nFAILED {name}\n{}", short(failure, 6000));
        }
        if self.failures.is_empty() && self.lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
