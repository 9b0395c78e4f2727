//! Makes a schedule that breaks a promise smaller, as long as it still breaks one, and describes its steps.

use std::fmt::Write;

use super::step::{RunPlan, Step, UndoHow, UndoPlan};
use crate::campaign::Violation;

/// The greatest number of schedules that are tried.
const TRIES: usize = 600;

/// Runs a schedule of these steps. Returns the violation, if there is one.
pub(super) type Fails<'a> = &'a dyn Fn(&[Step]) -> Option<Violation>;

/// Describes the smallest schedule that is found.
pub(super) fn story(steps: &[Step], violation: Violation, fails: Fails<'_>) -> String {
    let (small, violation) = shrink(steps.to_vec(), violation, fails);
    let mut text = format!("{}\nof {} steps these are enough:\n", violation.0, steps.len());
    for (number, step) in small.iter().enumerate() {
        writeln!(text, "  {:>2}. {}", number + 1, told(step)).expect("writing to a text works");
    }
    text
}

fn shrink(mut steps: Vec<Step>, mut violation: Violation, fails: Fails<'_>) -> (Vec<Step>, Violation) {
    let mut tries = 0;
    loop {
        let mut smaller = smaller(&steps).into_iter();
        let found = smaller.find_map(|candidate| {
            tries += 1;
            (tries <= TRIES).then(|| fails(&candidate).map(|violation| (candidate, violation))).flatten()
        });
        match found {
            Some(found) => (steps, violation) = found,
            None => return (steps, violation),
        }
    }
}

/// Returns every schedule that is one cut smaller, the largest cuts first.
fn smaller(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut all = Vec::new();
    let mut length = steps.len() / 2;
    while length > 0 {
        for from in (0..steps.len()).step_by(length) {
            let to = (from + length).min(steps.len());
            all.push([&steps[..from], &steps[to..]].concat());
        }
        length /= 2;
    }
    for (at, step) in steps.iter().enumerate() {
        for simpler in simpler(step) {
            let mut copy = steps.to_vec();
            copy[at] = simpler;
            all.push(copy);
        }
    }
    all
}

/// Returns smaller variants of a step.
fn simpler(step: &Step) -> Vec<Step> {
    if let Step::Undo(plan) = step {
        let plain = UndoPlan { kind: None, how: UndoHow::Plain, ..*plan };
        return if plain == *plan { Vec::new() } else { vec![Step::Undo(plain)] };
    }
    let Step::Runs { runs, edits, salt } = step else { return Vec::new() };
    let with = |runs: Vec<RunPlan>, edits: Vec<_>| Step::Runs { runs, edits, salt: *salt };
    let mut all = Vec::new();
    if runs.len() > 1 {
        all.extend((0..runs.len()).map(|at| with(without(runs, at), edits.clone())));
    }
    all.extend((0..edits.len()).map(|at| with(runs.clone(), without(edits, at))));
    for (at, run) in runs.iter().enumerate() {
        let fewer_troubles =
            (0..run.troubles.len()).map(|it| RunPlan { troubles: without(&run.troubles, it), ..run.clone() });
        let fewer_kinds = (0..run.kinds.len()).map(|it| RunPlan { kinds: without(&run.kinds, it), ..run.clone() });
        let plain = RunPlan {
            troubles: run.troubles.clone(),
            process: run.process,
            probe: run.probe,
            ..RunPlan::quiet(run.profile)
        };
        let plainer = (plain != *run).then_some(plain);
        for run in fewer_troubles.chain(fewer_kinds).chain(plainer) {
            let mut copy = runs.clone();
            copy[at] = run;
            all.push(with(copy, edits.clone()));
        }
    }
    all
}

fn without<T: Clone>(all: &[T], at: usize) -> Vec<T> {
    let mut rest = all.to_vec();
    rest.remove(at);
    rest
}

/// Returns a step as readable text.
fn told(step: &Step) -> String {
    let Step::Runs { runs, edits, .. } = step else { return format!("{step:?}") };
    let mut text = String::from("Runs");
    for run in runs {
        let RunPlan { process, profile, kinds, mode, policy, consent, dry_run, probe, troubles } = run;
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        write!(
            text,
            "\n        process {process}, profile {profile}: {mode}, {}, {}",
            policy.as_str(),
            kinds.join("+")
        )
        .expect("writing to a text works");
        text.push_str(if *consent { ", with consent" } else { "" });
        text.push_str(if *dry_run { ", dry" } else { "" });
        text.push_str(if *probe { ", with probes" } else { "" });
        for trouble in troubles {
            let at = trouble.at;
            let place = at.call.map_or_else(
                || format!("at call {}", at.nth),
                |call| format!("{:?} {call:?} {}", at.side, at.nth).to_lowercase(),
            );
            write!(text, "; {:?} {place}", trouble.what).expect("writing to a text works");
        }
    }
    for (at, edit) in edits {
        write!(text, "\n        at call {at}: {edit:?}").expect("writing to a text works");
    }
    text
}
