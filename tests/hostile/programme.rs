//! The list of all cases, and a runner on several threads.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::table::Table;
use crate::trial::{Seen, Trial};

/// The number of the numbered cases.
const CASES: u8 = 90;

/// The number of cases that run at once. Most of them wait for something.
const THREADS: usize = 4;

/// A case of the programme.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// The number of the case, or a letter for a case beyond the numbered list.
    pub(crate) label: &'static str,
    pub(crate) name: &'static str,
    /// A description of what the panel sends.
    pub(crate) sent: &'static str,
    pub(crate) part: Part,
}

#[derive(Clone, Copy)]
pub(crate) enum Part {
    Run(fn(&Trial)),
    /// The case needs this feature, which doesn't exist yet.
    Waiting(&'static str),
}

/// Returns a case.
pub(crate) const fn case(label: &'static str, name: &'static str, sent: &'static str, run: fn(&Trial)) -> Scenario {
    Scenario { label, name, sent, part: Part::Run(run) }
}

/// Returns a case about a feature that doesn't exist yet.
pub(crate) const fn waiting(
    label: &'static str,
    name: &'static str,
    sent: &'static str,
    for_what: &'static str,
) -> Scenario {
    Scenario { label, name, sent, part: Part::Waiting(for_what) }
}

/// The result of a case.
pub(crate) struct Ended {
    pub(crate) seen: Seen,
    pub(crate) took: Duration,
    /// The error, if the case failed.
    pub(crate) failure: Option<String>,
}

/// Returns every case by its number, followed by the cases beyond the numbered list.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = [
        crate::account::CASES,
        crate::admission::CASES,
        crate::bodies::CASES,
        crate::broken_elements::CASES,
        crate::categories::CASES,
        crate::changes::CASES,
        crate::changing_shapes::CASES,
        crate::cuts::CASES,
        crate::encrypted::CASES,
        crate::every_byte::CASES,
        crate::identity::CASES,
        crate::limits::CASES,
        crate::losses::CASES,
        crate::muddles::CASES,
        crate::network::CASES,
        crate::order::CASES,
        crate::processes::CASES,
        crate::secrets::CASES,
        crate::set_up::CASES,
        crate::sizes::CASES,
        crate::statuses::CASES,
        crate::syntax::CASES,
        crate::transport::CASES,
        crate::unheard::CASES,
        crate::versions::CASES,
    ]
    .concat();
    all.sort_by_key(|scenario| (scenario.label.parse().unwrap_or(u8::MAX), scenario.label));
    all
}

/// Asserts that every number has exactly one case.
fn assert_whole(all: &[Scenario]) {
    let mut numbers: Vec<u8> = all.iter().filter_map(|scenario| scenario.label.parse().ok()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=CASES).collect::<Vec<_>>(), "the numbers of the cases");
}

/// Runs the named cases, or all cases if none is named, and prints the table.
pub(crate) fn run(wanted: &[&str]) -> ExitCode {
    let all = all();
    assert_whole(&all);
    // A word that is the label of a case names this case. Other words are searched for in the names.
    let means = |word: &&str, scenario: &Scenario| {
        let is_label = all.iter().any(|one| one.label == *word);
        if is_label { scenario.label == *word } else { scenario.name.contains(*word) }
    };
    let is_wanted = |scenario: &&Scenario| wanted.is_empty() || wanted.iter().any(|word| means(word, scenario));
    let chosen: Vec<Scenario> = all.iter().filter(is_wanted).copied().collect();
    if chosen.is_empty() {
        println!("no case is called {wanted:?}");
        return ExitCode::SUCCESS;
    }
    std::panic::set_hook(Box::new(|panic| Trial::note_failure(panic.to_string())));
    let began = Instant::now();
    let mut table = Table::new();
    let (next, (done, ending)) = (AtomicUsize::new(0), mpsc::channel());
    // The cases beyond the numbered list take longest, so they begin first.
    let order: Vec<usize> = (0..chosen.len()).rev().filter(|at| chosen[*at].label.parse::<u8>().is_err()).collect();
    let order: Vec<usize> = order.iter().copied().chain((0..chosen.len()).filter(|at| !order.contains(at))).collect();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let (done, chosen, order, next) = (done.clone(), &chosen, &order, &next);
            scope.spawn(move || {
                while let Some(at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The receiver is gone if the main thread has failed.
                    let _ = done.send((*at, one(&chosen[*at])));
                }
            });
        }
        drop(done);
        let mut early = BTreeMap::new();
        let mut printed = 0;
        for (at, ended) in ending {
            early.insert(at, ended);
            while let Some(ended) = early.remove(&printed) {
                table.row(&chosen[printed], ended);
                printed += 1;
            }
        }
    });
    table.summary(began.elapsed())
}

fn one(scenario: &Scenario) -> Option<Ended> {
    let Part::Run(run) = scenario.part else { return None };
    let (trial, began) = (Trial::default(), Instant::now());
    let passed = catch_unwind(AssertUnwindSafe(|| run(&trial))).is_ok();
    let noted = Trial::noted_failure();
    let failure = (!passed).then(|| noted.unwrap_or_else(|| "failed without a word".to_owned()));
    Some(Ended { seen: trial.into_seen(), took: began.elapsed(), failure })
}
