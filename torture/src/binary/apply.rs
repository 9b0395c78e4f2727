//! kill -9 during `changes apply FILE`. Afterwards, each kind is either as before or as the set leads to. The same
//! command finishes the apply.

use std::path::{Path, PathBuf};
use std::process::Command;

use sync_core::{ContentKind, FieldClass};
use sync_sqlite::stop;
use sync_tests::Kind;

use super::fault::Fault;
use super::judge::{consistent, demand};
use super::kills::Moment;
use super::look;
use super::program::Running;
use super::scene::{AWAY, HOME, Scene};
use super::snapshot::Snapshot;
use super::tally::{AFTER, INSIDE};
use crate::Outcome;

/// A cache that follows the one of the scene, in a folder of its own.
struct Follower {
    database: PathBuf,
    folder: tempfile::TempDir,
}

/// A change set in a file.
struct File {
    path: PathBuf,
    /// The state of the cache when the set was made.
    to: Snapshot,
}

/// Lets another cache apply a whole set, and then the changes, once or twice. Kills each apply several times.
pub(crate) fn killed(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let follower = Follower::begin(scene, rng.bool())?;
    let whole = follower.export(scene, None, rng)?;
    follower.take(scene, rng, &whole)?;
    for _ in 0..rng.u32(1..=2) {
        let from = scene.agree()?;
        scene.step(rng);
        scene.agree()?;
        let run = from.last_run.as_ref().map(|(run, _)| *run).ok_or("there is no run")?;
        // The following cache has the state of the last export, which may be older than this run.
        let file = follower.export(scene, Some(run), rng)?;
        follower.take(scene, rng, &file)?;
        if rng.u32(..3) == 0 {
            follower.lose(scene, rng)?;
        }
    }
    Ok(())
}

impl Follower {
    /// Returns a cache in which the profile is empty or doesn't exist.
    fn begin(scene: &Scene<'_>, has_profile: bool) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("torture-following-").tempdir()?;
        let database = folder.path().join("cache").join("xtream.db");
        let profile = if has_profile { HOME } else { AWAY };
        scene.expect(scene.add(&database, profile), 0)?;
        Ok(Self { database, folder })
    }

    /// Writes the changes since a run, or everything, into a file.
    fn export(&self, scene: &mut Scene<'_>, since: Option<i64>, rng: &mut fastrand::Rng) -> Outcome<File> {
        let path = self.folder.path().join(format!("{}.changes", rng.u64(..)));
        let name = path.to_string_lossy().into_owned();
        let since = since.map(|run| format!("run:{run}"));
        let mut args = vec!["changes", "export", "--profile", HOME, "-o", &name];
        if let Some(since) = &since {
            args.extend(["--since", since]);
        }
        if rng.u32(..3) == 0 {
            args.push("--without-display");
        }
        scene.expect(scene.command(&args), 0)?;
        let to = scene.look()?;
        Ok(File { path, to })
    }

    fn apply(&self, scene: &Scene<'_>, file: &Path) -> Command {
        let file = file.to_string_lossy();
        scene.program.command(&self.database, &["changes", "apply", "--profile", HOME, "--json", &file])
    }

    fn look(&self, scene: &Scene<'_>) -> Outcome<Snapshot> {
        let snapshot = Snapshot::of_files(&self.database, HOME)?;
        scene.tally.read(snapshot.bytes);
        Ok(snapshot)
    }

    /// Kills the apply of a file several times. Then the apply is completed, and a repetition does nothing.
    fn take(&self, scene: &mut Scene<'_>, rng: &mut fastrand::Rng, file: &File) -> Outcome {
        for _ in 0..rng.u32(1..=4) {
            self.once(scene, rng, file)?;
        }
        let before = self.look(scene)?;
        let is_there = Kind::ALL.into_iter().all(|kind| is_at(kind, &before, file).is_ok());
        let ran = scene.expect(self.apply(scene, &file.path), 0)?;
        let told = ran.report()?;
        let expected = if is_there { "already" } else { "applied" };
        // If a set changes no row, the order may still be newer.
        demand!(told["status"] == expected || is_there, "a change set was to be {expected}: {told}");
        let after = self.look(scene)?;
        each_kind(&before, &after, file)?;
        Kind::ALL.into_iter().try_for_each(|kind| is_at(kind, &after, file))?;
        let again = scene.expect(self.apply(scene, &file.path), 0)?.report()?;
        demand!(again["status"] == "already" && again["run"].is_null(), "a change set twice: {again}");
        let last = self.look(scene)?;
        let is_still = (last.parts == after.parts) && last.last_run == after.last_run;
        demand!(is_still, "a change set that was there has changed something");
        scene.expect(scene.program.command(&self.database, &["check", HOME]), 0)?;
        scene.tally.count(Fault::Apply, "done");
        Ok(())
    }

    /// Drops a set. The next one is refused, and the one that replaces both is applied.
    fn lose(&self, scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
        let run = |snapshot: &Snapshot| snapshot.last_run.as_ref().map(|(run, _)| *run).ok_or("there is no run");
        let before = self.look(scene)?;
        let here = run(&scene.look()?)?;
        scene.step(rng);
        let lost = run(&scene.agree()?)?;
        scene.step(rng);
        scene.agree()?;
        let next = self.export(scene, Some(lost), rng)?;
        let ran = scene.run(self.apply(scene, &next.path))?;
        if ran.code == Some(12) {
            let after = self.look(scene)?;
            demand!(before.parts == after.parts, "a change set that doesn't fit has changed something");
            scene.tally.count(Fault::Apply, "refused behind a gap");
        } else {
            // The dropped set has changed nothing.
            demand!(ran.code == Some(0), "a change set behind a gap: {ran:?}");
            each_kind(&before, &self.look(scene)?, &next)?;
        }
        let both = self.export(scene, Some(here), rng)?;
        self.take(scene, rng, &both)
    }

    /// Kills the apply of a file.
    fn once(&self, scene: &mut Scene<'_>, rng: &mut fastrand::Rng, file: &File) -> Outcome {
        let moment = Moment::draw(rng);
        let mut command = self.apply(scene, &file.path);
        scene.note(format!("kill an apply at {moment}"));
        if let Moment::Point(point, time) = moment {
            command.env(stop::STOP_AT, format!("{point}:{time}"));
        }
        if rng.bool() {
            command.env(stop::CACHE_PAGES, rng.u32(2..40).to_string());
        }
        let before = self.look(scene)?;
        let mut running = Running::start(command)?;
        // An apply takes a part of the time of a sync.
        let stopped = moment.wait(&running, scene.typical.mul_f64(0.5));
        let there = running.freeze()?;
        let locks = look::locks(&self.database)?;
        let ran = scene.watched(running.kill())?;
        let after = self.look(scene)?;
        let written = each_kind(&before, &after, file)?;
        if !there {
            demand!(ran.code == Some(0), "an apply ended by itself: {ran:?}");
            Kind::ALL.into_iter().try_for_each(|kind| is_at(kind, &after, file))?;
        }
        if let (true, Moment::Point(point, _)) = (stopped, moment) {
            scene.tally.stopped(point);
        }
        let how = match () {
            () if !there => "too late",
            () if locks.writing => INSIDE,
            () if written > 0 => AFTER,
            () => "before a commit",
        };
        scene.tally.count(Fault::Apply, how);
        Ok(())
    }
}

/// Checks that each kind is, byte for byte, as before or as the set leads to. Returns the number of kinds that have
/// changed.
fn each_kind(before: &Snapshot, after: &Snapshot, file: &File) -> Outcome<usize> {
    demand!(before.others == after.others, "a row of another profile has changed");
    let mut written = 0;
    for kind in Kind::ALL {
        let [was, is] = [before, after].map(|snapshot| &snapshot.parts[kind as usize]);
        consistent(kind, is)?;
        if was == is {
            continue;
        }
        written += 1;
        is_at(kind, after, file)?;
        for (id, (row, _)) in &is.items {
            let is_same = was.items.get(id).is_none_or(|(before, _)| before == row);
            demand!(is_same, "{kind} {id}: the row has another row id");
        }
        let run = after.last_run.as_ref().map(|(run, _)| *run).ok_or("a change set is no run")?;
        demand!(after.recorded(run, kind)?.is_some(), "{kind}: it has changed, and the run has no record of it");
    }
    Ok(written)
}

/// Checks that a kind is as the set leads to: each significant column of each row, the categories, the order.
fn is_at(kind: Kind, follower: &Snapshot, file: &File) -> Outcome {
    let [then, now] = [file.to.truth(kind)?, follower.truth(kind)?];
    let ids = |rows: &std::collections::BTreeMap<i64, sync_tests::Row>| rows.keys().copied().collect::<Vec<_>>();
    demand!(ids(&then) == ids(&now), "{kind}: other items than in the cache that leads");
    let fields = of_kind(kind).fields().iter().filter(|field| field.class == FieldClass::Significant);
    let fields: Vec<_> = fields.map(|field| field.name).collect();
    for (id, row) in &now {
        let other = fields.iter().find(|field| then[id].get(**field) != row.get(**field));
        demand!(other.is_none(), "{kind} {id}: {other:?} is another one than in the cache that leads");
    }
    demand!(file.to.categories(kind)? == follower.categories(kind)?, "{kind}: other categories");
    let [leads, follows] = [&file.to, follower].map(|snapshot| &snapshot.parts[kind as usize].index);
    demand!(leads == follows, "{kind}: another order: {follows:?}, not {leads:?}");
    Ok(())
}

const fn of_kind(kind: Kind) -> ContentKind {
    match kind {
        Kind::Channels => ContentKind::Channels,
        Kind::Movies => ContentKind::Movies,
        Kind::Series => ContentKind::Series,
    }
}
