//! kill -9 during an edit. All of its items are edited, or none. No sync loses an edit.

use sync_sqlite::stop;
use sync_tests::Kind;

use super::fault::Fault;
use super::judge::demand;
use super::look;
use super::program::Running;
use super::scene::{HOME, Scene};
use super::snapshot::{Snapshot, reader};
use super::tally::{AFTER, INSIDE};
use crate::Outcome;

/// The points that an edit passes, and whether it has the right to write at the point.
const POINTS: [(&str, bool); 4] =
    [("edit.begun", true), ("edit.written", true), ("edit.before-commit", true), ("edit.committed", false)];

/// The greatest number of edited items.
const ITEMS: usize = 40;

/// Edits items, and kills the edit until one is completed. Then the panel changes, and the profile is synced.
pub(crate) fn killed(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let before = scene.agree()?;
    let kind = *rng.choice(&Kind::ALL).unwrap_or(&Kind::Movies);
    let ids: Vec<_> = before.parts[kind as usize].items.keys().take(ITEMS).map(ToString::to_string).collect();
    if ids.is_empty() {
        scene.tally.count(Fault::Edit, "of nothing");
        return Ok(());
    }
    let edit = Edit { note: format!("note {}", rng.u32(..)), kind: kind.to_string(), ids };
    let mut is_done = false;
    for _ in 0..rng.u32(1..=4) {
        is_done = edit.once(scene, rng, &before)?;
        if is_done {
            break;
        }
    }
    if !is_done {
        scene.expect(edit.command(scene), 0)?;
        demand!(edit.count(scene)? == edit.ids.len(), "an edit came to {} items", edit.count(scene)?);
        scene.tally.count(Fault::Edit, "done");
    }
    scene.expect(scene.command(&["check", HOME]), 0)?;
    scene.step(rng);
    scene.agree()?;
    demand!(
        edit.count(scene)? == edit.ids.len(),
        "a sync left {} of {} edits (I8)",
        edit.count(scene)?,
        edit.ids.len()
    );
    scene.expect(scene.command(&["check", HOME]), 0)?;
    Ok(())
}

/// An edit of some items. Its note distinguishes it from others.
struct Edit {
    note: String,
    kind: String,
    ids: Vec<String>,
}

impl Edit {
    fn command(&self, scene: &Scene<'_>) -> std::process::Command {
        let note = format!("note={}", self.note);
        let mut args = vec!["edit", "--profile", HOME, "--json", self.kind.as_str()];
        args.extend(self.ids.iter().map(String::as_str));
        args.extend([note.as_str(), "name=Mine", "favourite=yes"]);
        scene.command(&args)
    }

    /// Returns the number of items that have the note.
    fn count(&self, scene: &Scene<'_>) -> Outcome<usize> {
        let sql = "SELECT COUNT(*) FROM xtream_edits WHERE profile_id=?1 AND field='note' AND local=?2";
        let found: i64 = reader(&scene.database)?.query_row(sql, [HOME, self.note.as_str()], |row| row.get(0))?;
        Ok(usize::try_from(found)?)
    }

    /// Kills an edit. Returns whether it was completed.
    fn once(&self, scene: &mut Scene<'_>, rng: &mut fastrand::Rng, before: &Snapshot) -> Outcome<bool> {
        let mut command = self.command(scene);
        let point = (rng.u32(..5) > 0).then(|| *rng.choice(&POINTS).unwrap_or(&POINTS[0]));
        match point {
            Some((point, _)) => {
                scene.note(format!("kill an edit at {point}"));
                command.env(stop::STOP_AT, format!("{point}:1"));
            }
            None => scene.note("kill an edit"),
        }
        if rng.bool() {
            command.env(stop::CACHE_PAGES, rng.u32(2..40).to_string());
        }
        let part = rng.f64() * 0.4;
        let mut running = Running::start(command)?;
        let stopped = if let Some((point, _)) = point.filter(|_| running.is_stopped()) {
            scene.tally.stopped(point);
            true
        } else {
            std::thread::sleep(scene.typical.mul_f64(part));
            false
        };
        let there = running.freeze()?;
        let locks = look::locks(&scene.database)?;
        let ran = scene.watched(running.kill())?;
        if let (true, Some((point, inside))) = (stopped, point) {
            demand!(inside == locks.writing, "at {point} the right to write is held: {}", locks.writing);
        }
        let after = scene.look()?;
        demand!(after.parts == before.parts, "an edit has changed rows");
        let count = self.count(scene)?;
        demand!(count == 0 || count == self.ids.len(), "a killed edit came to {count} of {} items", self.ids.len());
        let is_done = count > 0;
        demand!(there || ran.code == Some(0) && is_done, "an edit ended by itself: {ran:?}");
        demand!(!(stopped && locks.writing && is_done), "an edit was killed before its commit, and is there");
        let how = match () {
            () if !there => "too late",
            () if locks.writing => INSIDE,
            () if is_done => AFTER,
            () => "before it began",
        };
        scene.tally.count(Fault::Edit, how);
        Ok(is_done)
    }
}
