//! What was delivered, and what was broken.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::fault::Fault;

/// A promise that did not hold.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The seed of the schedule.
    pub(crate) seed: u64,
    /// What was done, up to the last word.
    pub(crate) steps: Vec<String>,
    /// What is wrong.
    pub(crate) words: String,
    /// The folder with the cache as it was found.
    pub(crate) kept: Option<PathBuf>,
}

/// Counts of all schedules together.
#[derive(Debug)]
pub(crate) struct Tally {
    begun: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    schedules: u64,
    runs: u64,
    bytes_read: u64,
    /// By fault, then by how it was delivered.
    delivered: BTreeMap<String, BTreeMap<String, u64>>,
    points: BTreeMap<String, u64>,
    violations: Vec<Violation>,
}

/// Kills below this number are too few for shares.
const ENOUGH_KILLS: u64 = 50;
/// The least share of kills inside a transaction, and after a commit, in per cent.
const LEAST_SHARE: u64 = 30;

/// Kills that came while the right to write was held.
pub(crate) const INSIDE: &str = "inside a transaction";
/// Kills that came after a kind of the run was committed, and not inside a transaction.
pub(crate) const AFTER: &str = "after a commit";

impl Tally {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run of the command, with so many bytes of output in which no password was found.
    pub(crate) fn ran(&self, bytes: usize) {
        let mut inner = self.lock();
        inner.runs += 1;
        inner.bytes_read += bytes as u64;
    }

    /// Bytes of the cache in which no password was found.
    pub(crate) fn read(&self, bytes: usize) {
        self.lock().bytes_read += bytes as u64;
    }

    /// A fault was delivered, in this way.
    pub(crate) fn count(&self, fault: Fault, way: &str) {
        self.count_many(fault, way, 1);
    }

    /// A fault was delivered so many times, in this way.
    pub(crate) fn count_many(&self, fault: Fault, way: &str, times: u64) {
        *self.lock().delivered.entry(fault.name()).or_default().entry(way.to_owned()).or_default() += times;
    }

    /// The command was stopped at a named point.
    pub(crate) fn stopped(&self, point: &str) {
        *self.lock().points.entry(point.to_owned()).or_default() += 1;
    }

    pub(crate) fn schedule_done(&self) {
        self.lock().schedules += 1;
    }

    pub(crate) fn violated(&self, violation: Violation) {
        let mut inner = self.lock();
        eprintln!("violation (seed {}): {}", violation.seed, violation.words);
        inner.schedules += 1;
        inner.violations.push(violation);
    }

    /// Whether no promise was broken, and the kills hit what they were aimed at.
    pub(crate) fn is_clean(&self) -> bool {
        let inner = self.lock();
        inner.violations.is_empty() && inner.aims_missed().is_empty()
    }

    /// Prints the table, and what was broken.
    pub(crate) fn print(&self, only: &[Fault]) {
        let inner = self.lock();
        let seconds = self.begun.elapsed().as_secs_f64();
        let [runs, mebibytes] = [inner.runs, inner.bytes_read >> 20];
        println!(
            "\nbinary: {} schedules, {runs} runs of the command in {seconds:.0} s ({:.1} a second), {mebibytes} MiB \
             searched for the password, {} violations\n",
            inner.schedules,
            inner.runs as f64 / seconds,
            inner.violations.len(),
        );
        println!("{:<10} {:>9}  how", "fault", "delivered");
        for (fault, ways) in &inner.delivered {
            let all: u64 = ways.values().sum();
            let told: Vec<String> = ways.iter().map(|(way, times)| format!("{way} {times}")).collect();
            println!("{fault:<10} {all:>9}  {}", told.join(", "));
        }
        if !inner.points.is_empty() {
            let points: Vec<String> = inner.points.iter().map(|(point, times)| format!("{point} {times}")).collect();
            println!("\nstopped at: {}", points.join(", "));
        }
        for missed in inner.aims_missed() {
            println!("\n{missed}");
        }
        let only: Vec<String> = only.iter().map(|fault| fault.name()).collect();
        let only = if only.is_empty() { String::new() } else { format!(" --only {}", only.join(",")) };
        for violation in &inner.violations {
            println!("\nVIOLATION, seed {}: {}", violation.seed, violation.words);
            println!("  steps: {}", violation.steps.join("; "));
            if let Some(kept) = &violation.kept {
                println!("  the cache is kept in {}", kept.display());
            }
            println!("  to repeat it: cargo xtask torture --engine binary --seed {} --cases 1{only}", violation.seed);
        }
    }
}

impl Inner {
    /// What too few kills have hit.
    fn aims_missed(&self) -> Vec<String> {
        let none = BTreeMap::new();
        let kills = self.delivered.get(&Fault::Kill.name()).unwrap_or(&none);
        let all: u64 = kills.values().sum();
        let missed = |way: &&str| {
            let hits = kills.get(*way).copied().unwrap_or_default();
            all >= ENOUGH_KILLS && hits * 100 < all * LEAST_SHARE
        };
        let words = |way: &str| format!("MISSED: less than {LEAST_SHARE} % of {all} kills were {way}");
        [INSIDE, AFTER].iter().filter(|way| missed(way)).map(|way| words(way)).collect()
    }
}
