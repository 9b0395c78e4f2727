//! The files that a power loss may leave on disk: the database, and the log up to any byte of it.
//!
//! The log of a sync is copied before it is emptied. Images are made of the copy: cut after every frame and within
//! frames, with flipped bits and lost sectors in the part that was not yet safe, and with a database into which the log
//! was copied in part. Each image is opened. It has to be exactly the state of the last transaction that is whole in
//! it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use sync_core::ContentKind;
use sync_core::testing::profile;
use sync_sqlite::{SqliteStore, stop};
use tempfile::TempDir;
use xxhash_rust::xxh3::Xxh3;

use super::fault::Fault;
use super::judge::{self, demand};
use super::program::Running;
use super::scene::{HOME, Scene};
use super::snapshot::{Part, Snapshot, assert_sound, beside};
use super::wal::{FRAME_HEADER, HEADER, Wal};
use crate::Outcome;

/// The number of bytes that a disk writes at once.
const SECTOR: usize = 512;
/// The number of frames that are tried of a longer log, besides those beside a commit. Each image costs as much as the
/// log is long.
const FRAMES: usize = 150;
/// One image in this number is opened by the store as well.
const STORE_OPENS: usize = 10;

/// Returns every row of every table, as one number.
pub(crate) fn state_of(conn: &Connection) -> Outcome<u64> {
    let mut hash = Xxh3::new();
    let mut tables = conn.prepare("SELECT name FROM sqlite_master WHERE type='table' ORDER BY 1")?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?;
    for name in names {
        let name = name?;
        hash.update(name.as_bytes());
        let mut statement = conn.prepare(&format!("SELECT * FROM \"{name}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for at in 0..columns {
                match row.get_ref(at)? {
                    ValueRef::Null => hash.update(b"n"),
                    ValueRef::Integer(number) => hash.update(&number.to_le_bytes()),
                    ValueRef::Real(number) => hash.update(&number.to_le_bytes()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        hash.update(&bytes.len().to_le_bytes());
                        hash.update(bytes);
                    }
                }
            }
        }
    }
    Ok(hash.digest())
}

/// The files after a power loss.
struct Images<'a> {
    base: &'a [u8],
    log: &'a [u8],
    wal: Wal,
    folder: TempDir,
    database: PathBuf,
    /// The state after this number of transactions of the log.
    states: Vec<u64>,
    opened: usize,
    /// Whether the database of the last image is not the base.
    is_spoiled: bool,
}

pub(crate) fn lost(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let before = scene.look()?;
    let mut ends = vec![before.parts.clone()];
    // The next run goes on at the log of a killed run.
    for _ in 0..rng.u32(1..=2) {
        scene.step(rng);
        let was = scene.look()?;
        let mut sync = scene.sync_until("finish.committed", 1);
        if rng.bool() {
            sync.env(stop::CACHE_PAGES, rng.u32(2..40).to_string());
        }
        let running = Running::start(sync)?;
        demand!(running.is_stopped(), "it did not come to its end");
        scene.watched(running.kill())?;
        let is = scene.look()?;
        judge::each_kind(&was, &is, &scene.catalogue())?;
        judge::in_step(&is, &scene.catalogue())?;
        ends.push(is.parts.clone());
    }
    let (base, log) = (std::fs::read(&scene.database)?, std::fs::read(beside(&scene.database, "-wal"))?);
    let mut images = Images::of(&base, &log)?;
    images.learn_states(&before, &ends)?;
    scene.note(format!("{} frames, {} transactions", images.wal.frames.len(), images.states.len() - 1));
    images.prefixes(scene, rng)?;
    images.flips_and_holes(scene, rng)?;
    images.checkpoints(scene, rng)?;
    scene.agree().map(|_| ())
}

impl<'a> Images<'a> {
    fn of(base: &'a [u8], log: &'a [u8]) -> Outcome<Self> {
        // Many files are written here, and none is kept.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }?;
        let database = folder.path().join("image.db");
        let wal = Wal::read(log)?;
        Ok(Self { base, log, wal, folder, database, states: Vec::new(), opened: 0, is_spoiled: true })
    }

    /// Writes the files.
    fn write(&mut self, base: Option<&[u8]>, log: &[u8]) -> Outcome {
        if base.is_some() || self.is_spoiled {
            std::fs::write(&self.database, base.unwrap_or(self.base))?;
        }
        self.is_spoiled = base.is_some();
        // The file doesn't exist before the first image is opened.
        let _ = std::fs::remove_file(beside(&self.database, "-shm"));
        Ok(std::fs::write(beside(&self.database, "-wal"), log)?)
    }

    /// Opens the files, and leaves them as they are, except for the index of the log.
    fn open(&self) -> Outcome<Connection> {
        let conn = Connection::open(&self.database)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(conn)
    }

    /// Reads the state after each transaction. Each kind is as at the end of a run, never a mix, and never goes back.
    fn learn_states(&mut self, before: &Snapshot, ends: &[[Part; 3]]) -> Outcome {
        let mut stage = [0; 3];
        let all = self.wal.frames.iter().filter(|frame| frame.commits).count();
        for commits in 0..=all {
            let frames = self.wal.frames.iter().enumerate().filter(|(_, frame)| frame.commits);
            let cut = match commits {
                0 => HEADER,
                _ => frames.map(|(at, _)| self.frame_end(at)).nth(commits - 1).unwrap_or(HEADER),
            };
            self.write(None, &self.log[..cut])?;
            let conn = self.open()?;
            self.states.push(state_of(&conn)?);
            let snapshot = Snapshot::read(conn, None, HOME)?;
            judge::untouched(before, &snapshot)?;
            for (kind, stage) in stage.iter_mut().enumerate() {
                let known = ends.iter().rposition(|end| end[kind] == snapshot.parts[kind]);
                let Some(known) = known.filter(|known| *known >= *stage) else {
                    return Err(format!("after {commits} transactions, kind {kind} is none of its states").into());
                };
                *stage = known;
            }
        }
        demand!(stage == [ends.len() - 1; 3], "with the whole log, the state is not the last one");
        Ok(())
    }

    fn frame_end(&self, frame: usize) -> usize {
        HEADER + (frame + 1) * (FRAME_HEADER + self.wal.page_size)
    }

    /// Checks that an image is the state after this number of transactions.
    fn is(&mut self, commits: usize, base: Option<&[u8]>, log: &[u8], way: &'static str, scene: &Scene<'_>) -> Outcome {
        self.write(base, log)?;
        let conn = self.open()?;
        assert_sound(&conn).map_err(|error| format!("{way}: {error}"))?;
        let found = state_of(&conn)?;
        if found != self.states[commits] {
            let other = self.states.iter().position(|state| *state == found);
            return Err(format!("{way}: it is the state after {other:?} transactions, and not after {commits}").into());
        }
        drop(conn);
        self.opened += 1;
        scene.tally.count(Fault::Power, way);
        if self.opened.is_multiple_of(STORE_OPENS) {
            self.is_spoiled = true;
            let store = SqliteStore::open(&self.database)?;
            for kind in ContentKind::ALL {
                let index = store.index_blocking(&profile(HOME), &kind.into())?;
                demand!(index.consistent, "{way}: the index of {kind} does not fit its rows");
            }
        }
        Ok(())
    }

    /// Draws the frames that are tried: all of them, if they are not too many.
    fn tried(&self, rng: &mut fastrand::Rng) -> Vec<usize> {
        let frames = &self.wal.frames;
        let commits = |at: usize| frames.get(at).is_some_and(|frame| frame.commits);
        (0..frames.len())
            .filter(|at| rng.usize(..frames.len()) < FRAMES || commits(*at) || (*at > 0 && commits(*at - 1)))
            .collect()
    }

    /// Makes images of the log up to every frame, and up to a place within each.
    fn prefixes(&mut self, scene: &Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
        let log = self.log;
        for cut in [0, 1, rng.usize(..HEADER), HEADER - 1] {
            self.is(0, None, &log[..cut], "torn header", scene)?;
        }
        let tried = self.tried(rng).into_iter().chain([self.wal.frames.len()]);
        for frame in tried {
            let (start, commits) =
                (HEADER + frame * (FRAME_HEADER + self.wal.page_size), self.wal.commits_before(frame));
            self.is(commits, None, &log[..start], "whole frames", scene)?;
            if frame == self.wal.frames.len() {
                break;
            }
            let whole = FRAME_HEADER + self.wal.page_size;
            for cut in [rng.usize(1..=FRAME_HEADER), rng.usize(FRAME_HEADER..whole), whole - 1] {
                self.is(commits, None, &log[..start + cut], "torn frame", scene)?;
            }
        }
        Ok(())
    }

    /// Makes images of the whole log in which a frame and those after it were not yet safe: bits are wrong, or a sector
    /// is missing.
    fn flips_and_holes(&mut self, scene: &Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
        let (log, whole) = (self.log, FRAME_HEADER + self.wal.page_size);
        for frame in self.tried(rng) {
            let (start, commits) = (self.wal.frames[frame].at, self.wal.commits_before(frame));
            for _ in 0..2 {
                let mut damaged = log.to_vec();
                damaged[start + rng.usize(..whole)] ^= 1 << rng.u32(..8);
                self.is(commits, None, &damaged, "flipped bit", scene)?;
            }
            let mut damaged = log.to_vec();
            let sector = (start + rng.usize(..whole)) / SECTOR * SECTOR;
            let end = (sector + SECTOR).min(damaged.len());
            damaged[sector.max(HEADER)..end].fill(0);
            // A sector may begin before the frame, and may have only zeros.
            if let Some(at) = log.iter().zip(&damaged).position(|(was, is)| was != is) {
                let commits = self.wal.commits_before((at - HEADER) / whole);
                self.is(commits, None, &damaged, "lost sector", scene)?;
            }
        }
        Ok(())
    }

    /// Makes images of a safe log that was being copied into the database: any of its pages, or parts of them.
    fn checkpoints(&mut self, scene: &Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
        let log = &self.log[..self.wal.end()];
        let all = self.states.len() - 1;
        let last = self.wal.frames.iter().rposition(|frame| frame.commits).map_or(0, |at| at + 1);
        for _ in 0..40 {
            let mut base = self.base.to_vec();
            for frame in &self.wal.frames[..last] {
                if rng.bool() {
                    continue;
                }
                let from = (frame.page as usize - 1) * self.wal.page_size;
                let written = if rng.u32(..4) == 0 { rng.usize(1..8) * SECTOR } else { self.wal.page_size };
                let page = &log[frame.at + FRAME_HEADER..][..written];
                if base.len() < from + written {
                    base.resize((from + self.wal.page_size).max(base.len()), 0);
                }
                base[from..from + written].copy_from_slice(page);
            }
            self.is(all, Some(&base), log, "torn checkpoint", scene)?;
        }
        demand!(self.folder.path().exists(), "the images are gone");
        Ok(())
    }
}
