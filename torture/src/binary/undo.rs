//! kill -9 during an undo. It is done completely, or not at all.

use std::collections::BTreeSet;

use sync_core::{ContentKind, FieldClass};
use sync_sqlite::stop;
use sync_tests::Kind;

use super::fault::Fault;
use super::judge::{self, demand};
use super::look;
use super::program::{Ran, Running};
use super::scene::{HOME, Scene};
use super::snapshot::Snapshot;
use super::tally::{AFTER, INSIDE};
use crate::Outcome;

const UNDO: [&str; 4] = ["undo", "--profile", HOME, "--json"];

/// The points that an undo passes, how often, and whether it has the right to write there.
const POINTS: [(&str, u64, bool); 6] = [
    ("undo.begun", 1, true),
    ("undo.page", 4, true),
    ("undo.rows", 3, true),
    ("undo.kind", 3, true),
    ("undo.before-commit", 1, true),
    ("undo.committed", 1, false),
];

/// Syncs a change, and kills the undo of it until one undo is completed.
pub(crate) fn killed(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let before = scene.look()?;
    scene.step(rng);
    let synced = scene.agree()?;
    let run = synced.last_run.as_ref().map(|(run, _)| *run).ok_or("there is no run")?;
    let mut changes = 0;
    for kind in Kind::ALL {
        for change in ["added", "updated", "removed"] {
            changes += synced.logged(run, kind, change)?.len();
        }
    }
    if changes == 0 {
        scene.tally.count(Fault::Undo, "of nothing");
        return Ok(());
    }
    let mut undone = false;
    for _ in 0..rng.u32(1..=4) {
        undone = once(scene, rng, &before, &synced, run)?;
        if undone {
            break;
        }
    }
    if !undone {
        let ran = scene.expect(scene.command(&UNDO), 0)?;
        as_told(&ran, run)?;
        is_undone(&before, &synced, &scene.look()?, run)?;
        scene.tally.count(Fault::Undo, "done");
    }
    scene.expect(scene.command(&["check", HOME]), 0)?;
    go_on(scene)
}

/// Kills an undo. Returns whether it was completed.
fn once(
    scene: &mut Scene<'_>,
    rng: &mut fastrand::Rng,
    before: &Snapshot,
    synced: &Snapshot,
    run: i64,
) -> Outcome<bool> {
    let mut command = scene.command(&UNDO);
    let point = (rng.u32(..5) > 0).then(|| *rng.choice(&POINTS).unwrap_or(&POINTS[0]));
    if let Some((point, times, _)) = point {
        let time = rng.u64(1..=times);
        scene.note(format!("kill an undo at {point}:{time}"));
        command.env(stop::STOP_AT, format!("{point}:{time}"));
    } else {
        scene.note("kill an undo");
    }
    if rng.bool() {
        command.env(stop::CACHE_PAGES, rng.u32(2..40).to_string());
    }
    let part = rng.f64() * 0.4;
    let mut running = Running::start(command)?;
    let stopped = if let Some((point, ..)) = point.filter(|_| running.is_stopped()) {
        scene.tally.stopped(point);
        true
    } else {
        std::thread::sleep(scene.typical.mul_f64(part));
        false
    };
    let there = running.freeze()?;
    let locks = look::locks(&scene.database)?;
    let ran = scene.watched(running.kill())?;
    if let (true, Some((point, _, inside))) = (stopped, point) {
        demand!(inside == locks.writing, "at {point} the right to write is held: {}", locks.writing);
    }
    let after = scene.look()?;
    let undone = after.parts != synced.parts;
    if undone {
        is_undone(before, synced, &after, run)?;
    }
    if !there {
        demand!(ran.code == Some(0) && undone, "an undo ended by itself: {ran:?}");
        as_told(&ran, run)?;
    }
    demand!(!(stopped && locks.writing && undone), "an undo was killed before its commit, and is there");
    let how = match () {
        () if !there => "too late",
        () if locks.writing => INSIDE,
        () if undone => AFTER,
        () => "before it began",
    };
    scene.tally.count(Fault::Undo, how);
    Ok(undone)
}

/// Checks the command's report of an undo.
fn as_told(ran: &Ran, run: i64) -> Outcome {
    let report = ran.report()?;
    demand!(report["profile"] == HOME && report["of"] == run, "the undo of run {run} is told as {report}");
    demand!(report["run"].is_i64(), "the undo is told as no run: {report}");
    Ok(())
}

/// Checks that every kind is as before the undone run, and that returned items are held.
fn is_undone(before: &Snapshot, synced: &Snapshot, after: &Snapshot, run: i64) -> Outcome {
    judge::untouched(synced, after)?;
    let (undo, status) = after.last_run.clone().ok_or("an undo is no run")?;
    demand!(undo > run && status == "completed", "an undo is recorded as run {undo}, {status}");
    for kind in Kind::ALL {
        let [was, is] = [before, after].map(|snapshot| &snapshot.parts[kind as usize]);
        let ids = |snapshot: &Snapshot| snapshot.parts[kind as usize].items.keys().copied().collect::<BTreeSet<_>>();
        demand!(ids(before) == ids(after), "{kind}: an undo left other items than there were");
        let back: BTreeSet<_> = ids(before).difference(&ids(synced)).copied().collect();
        let changed = !synced.logged(run, kind, "added")?.is_empty()
            || !synced.logged(run, kind, "updated")?.is_empty()
            || !back.is_empty();
        if !changed && before.categories(kind)? == synced.categories(kind)? {
            continue;
        }
        for (id, (row, text)) in &is.items {
            let (number, whole) = &was.items[id];
            demand!(number == row, "{kind} {id}: the row has another row id after an undo");
            demand!(!back.contains(id) || whole == text, "{kind} {id}: is back as {text}, and was {whole}");
        }
        let [then, now] = [before.truth(kind)?, after.truth(kind)?];
        for (id, row) in &now {
            for field in of_kind(kind).fields().iter().filter(|field| field.class == FieldClass::Significant) {
                let same = then[id].get(field.name) == row.get(field.name);
                demand!(same, "{kind} {id}: {} is not as before after an undo", field.name);
            }
        }
        demand!(before.categories(kind)? == after.categories(kind)?, "{kind}: the categories are not as before");
        demand!(was.watermark == is.watermark || !changed, "{kind}: the watermark is not as before");
        let held = after.held(kind)?;
        demand!(back.is_subset(&held), "{kind}: {back:?} are back, and {held:?} are held");
        let logged = after.logged(undo, kind, "undone")?.len();
        let mut taken = 0;
        for change in ["added", "updated", "removed"] {
            taken += synced.logged(run, kind, change)?.len();
        }
        demand!(logged == taken, "{kind}: {taken} changes were taken back by {logged} entries");
    }
    Ok(())
}

const fn of_kind(kind: Kind) -> ContentKind {
    match kind {
        Kind::Channels => ContentKind::Channels,
        Kind::Movies => ContentKind::Movies,
        Kind::Series => ContentKind::Series,
    }
}

/// Checks the next sync: it brings back the items that the panel lists, and holds the others, which consent removes.
fn go_on(scene: &mut Scene<'_>) -> Outcome {
    let held = |snapshot: &Snapshot| -> Outcome<usize> {
        let mut held = 0;
        for kind in Kind::ALL {
            held += snapshot.held(kind)?.len();
        }
        Ok(held)
    };
    let waiting = held(&scene.look()?)?;
    let code = if waiting > 0 { 7 } else { 0 };
    scene.expect(scene.sync(&[HOME]), code)?;
    let after = scene.look()?;
    demand!(held(&after)? == waiting, "{waiting} were held after an undo, {} after a sync", held(&after)?);
    if waiting > 0 {
        scene.expect(scene.sync(&["--accept-removals", HOME]), 0)?;
    }
    scene.agree().map(|_| ())
}
