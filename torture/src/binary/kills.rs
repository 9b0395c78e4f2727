//! kill -9 during a sync: at named points, and at random.

use std::time::Duration;

use sync_sqlite::stop;
use sync_tests::{Action, Behaviour, Kind};

use super::fault::Fault;
use super::judge::{self, demand};
use super::look;
use super::program::Running;
use super::scene::{HOME, Scene};
use super::snapshot::Snapshot;
use super::tally::{AFTER, INSIDE};
use crate::Outcome;

/// The time at which the command is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    /// At its n-th passage of a point.
    Point(&'static str, u64),
    /// After this part of the duration of a sync.
    Part(f64),
}

/// The points inside the transactions of a sync, and how often a sync passes each.
const WITHIN: [(&str, u64); 12] = [
    ("start.begun", 1),
    ("start.before-commit", 1),
    ("apply.begun", 3),
    ("apply.categories", 3),
    ("apply.items", 8),
    ("apply.removals", 3),
    ("apply.held", 3),
    ("apply.index", 3),
    ("apply.bookkeeping", 3),
    ("apply.before-commit", 3),
    ("finish.begun", 1),
    ("finish.before-commit", 1),
];

/// The points outside of transactions, after at least one kind was committed.
const BETWEEN: [(&str, u64, u64); 5] = [
    ("apply.committed", 1, 3),
    ("apply.committed", 1, 3),
    ("apply.before-begin", 2, 3),
    ("finish.committed", 1, 1),
    ("finish.tidied", 1, 1),
];

/// The points before anything of a kind is written.
const BEFORE: [&str; 5] = ["open.created", "open.ready", "lease.taken", "start.committed", "apply.before-begin"];

impl Moment {
    pub(crate) fn draw(rng: &mut fastrand::Rng) -> Self {
        match rng.u32(..100) {
            0..42 => Self::within(rng),
            42..79 => {
                let (point, from, to) = *rng.choice(&BETWEEN).unwrap_or(&BETWEEN[0]);
                Self::Point(point, rng.u64(from..=to))
            }
            79..83 => Self::Point(rng.choice(BEFORE).unwrap_or(BEFORE[0]), 1),
            _ => Self::Part(rng.f64() * 1.1),
        }
    }

    /// Returns a point within a transaction.
    pub(crate) fn within(rng: &mut fastrand::Rng) -> Self {
        let (point, times) = *rng.choice(&WITHIN).unwrap_or(&WITHIN[0]);
        Self::Point(point, rng.u64(1..=times))
    }

    /// Returns whether the kill is at a point.
    pub(crate) fn wait(self, running: &Running, typical: Duration) -> bool {
        match self {
            Self::Point(..) => running.is_stopped(),
            Self::Part(part) => {
                std::thread::sleep(typical.mul_f64(part));
                false
            }
        }
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Point(point, time) => write!(out, "{point}:{time}"),
            Self::Part(part) => write!(out, "{:.0} % of its time", part * 100.0),
        }
    }
}

/// Kills several syncs in a row, without a complete one between them. Then one run is enough.
pub(crate) fn during_a_sync(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    if rng.u32(..8) == 0 {
        scene.note("clear");
        scene.expect(scene.command(&["clear", HOME]), 0)?;
    }
    if rng.u32(..6) == 0 {
        // The panel lists nothing, so removals are held until the items are listed again.
        let empty: Vec<Kind> = Kind::ALL.into_iter().filter(|_| rng.bool()).collect();
        for kind in &empty {
            scene.panel.on(Action::listing(*kind), Behaviour::Empty);
        }
        once(scene, rng, &empty)?;
        scene.agree()?;
    }
    for _ in 0..rng.u32(1..=3) {
        scene.step(rng);
        once(scene, rng, &[])?;
    }
    scene.agree().map(|_| ())
}

fn once(scene: &mut Scene<'_>, rng: &mut fastrand::Rng, empty: &[Kind]) -> Outcome {
    let moment = Moment::draw(rng);
    let mut more = vec![HOME];
    if rng.u32(..8) == 0 {
        more.push("--full");
    }
    if rng.u32(..4) == 0 {
        more.push("-vvv");
    }
    let spill = rng.bool().then(|| rng.u32(2..40));
    scene.note(format!(
        "kill at {moment}{}{}",
        if empty.is_empty() { String::new() } else { format!(", nothing listed of {empty:?}") },
        spill.map_or_else(String::new, |pages| format!(", {pages} pages in memory"))
    ));
    let before = scene.look()?;
    let mut command = scene.sync(&more);
    if let Moment::Point(point, time) = moment {
        command.env(stop::STOP_AT, format!("{point}:{time}"));
    }
    if let Some(pages) = spill {
        command.env(stop::CACHE_PAGES, pages.to_string());
    }
    let mut running = Running::start(command)?;
    let stopped = moment.wait(&running, scene.typical);
    let there = running.freeze()?;
    let locks = look::locks(&scene.database)?;
    let ran = scene.watched(running.kill())?;
    let after = scene.look()?;
    judge::each_kind_but(&before, &after, &scene.catalogue(), empty)?;
    if !there {
        demand!(ran.code == Some(0) || (!empty.is_empty() && ran.code == Some(7)), "it ended by itself: {ran:?}");
        if before.last_run != after.last_run {
            let mut listed = Kind::ALL.into_iter().filter(|kind| !empty.contains(kind));
            listed.try_for_each(|kind| judge::agrees(kind, &after, &scene.catalogue()))?;
        }
        scene.tally.count(Fault::Kill, "too late");
        return Ok(());
    }
    if let (true, Moment::Point(point, _)) = (stopped, moment) {
        scene.tally.stopped(point);
        let inside = WITHIN.iter().any(|(within, _)| *within == point);
        demand!(inside == locks.writing, "at {point} the right to write is held: {}", locks.writing);
    }
    let committed = committed(&before, &after)?;
    scene.tally.count(
        Fault::Kill,
        match () {
            () if locks.writing => INSIDE,
            () if locks.tidying => "while the log was tidied",
            () if committed => AFTER,
            () => "before a commit",
        },
    );
    Ok(())
}

/// Returns whether a run that began later has committed a kind. The run may have changed nothing, in the same second.
fn committed(before: &Snapshot, after: &Snapshot) -> Outcome<bool> {
    let Some((run, _)) = after.last_run.as_ref().filter(|_| before.last_run != after.last_run) else {
        return Ok(false);
    };
    for kind in Kind::ALL {
        if after.recorded(*run, kind)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
