//! A disk that becomes full: for the command at some pages, and for the store at every page.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;
use sync_core::store::{ContentStore, ScopeCommit, Staging, ValidatorChange};
use sync_core::testing::{movie, profile, staged};
use sync_core::{
    Change, ContentId, ContentKind, DigestScheme, KindOutcome, KindRecord, ListingIndex, Scope, StoreError, SyncMode,
};
use sync_sqlite::{SqliteStore, stop};
use sync_tests::Kind;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::judge::{self, Became, demand};
use super::power::state_of;
use super::scene::{HOME, SYNC, Scene};
use super::snapshot::{Snapshot, assert_sound, beside, reader};
use crate::Outcome;

const STORE: i32 = 8;

fn pages(database: &Path) -> Outcome<u32> {
    Ok(Connection::open(database)?.query_row("PRAGMA page_count", [], |row| row.get(0))?)
}

/// Syncs for the first time into new caches on a disk with room up to some page.
pub(crate) fn at_some_page(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    let new = NewCache::make(scene)?;
    let (least, most) = (pages(&new.database)?, pages(&scene.database)?);
    for _ in 0..6 {
        let limit = rng.u32(least..=most.max(least + 60));
        scene.note(format!("room for {limit} pages"));
        let mut sync = new.sync(scene);
        sync.env(stop::MAX_PAGES, limit.to_string());
        let before = Snapshot::of_files(&new.database, HOME)?;
        let ran = scene.run(sync)?;
        let became = full_is_told(scene, &new.database, &before, &ran)?;
        scene.tally.count(
            Fault::Full,
            match ran.code {
                Some(0) => "room enough",
                _ if became.contains(&Became::New) => "in a later kind",
                _ => "in the first kind",
            },
        );
        new.agrees(scene)?;
    }
    Ok(())
}

/// A cache that is synced for the first time again and again.
pub(crate) struct NewCache {
    pub(crate) database: PathBuf,
    bytes: Vec<u8>,
    _folder: TempDir,
}

impl NewCache {
    pub(crate) fn make(scene: &Scene<'_>) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let database = folder.path().join("cache.db");
        scene.expect(scene.add(&database, HOME), 0)?;
        Ok(Self { bytes: std::fs::read(&database)?, database, _folder: folder })
    }

    pub(crate) fn sync(&self, scene: &Scene<'_>) -> Command {
        scene.program.command(&self.database, &Self::args())
    }

    /// Returns the arguments of a sync.
    pub(crate) fn args() -> Vec<&'static str> {
        [&SYNC[..], &[HOME]].concat()
    }

    /// Removes the fault. One run brings the cache in step with the panel. Then the cache is new again.
    pub(crate) fn agrees(&self, scene: &Scene<'_>) -> Outcome {
        scene.expect(self.sync(scene), 0)?;
        let (after, catalogue) = (Snapshot::of_files(&self.database, HOME)?, scene.catalogue());
        Kind::ALL.into_iter().try_for_each(|kind| judge::agrees(kind, &after, &catalogue))?;
        for suffix in ["-wal", "-shm"] {
            // The file doesn't exist after an orderly end.
            let _ = std::fs::remove_file(beside(&self.database, suffix));
        }
        Ok(std::fs::write(&self.database, &self.bytes)?)
    }
}

/// Checks that a run without room on the disk reports this, and that each kind is as before or as the panel lists it.
pub(crate) fn full_is_told(
    scene: &Scene<'_>,
    database: &Path,
    before: &Snapshot,
    ran: &super::program::Ran,
) -> Outcome<[Became; 3]> {
    let after = Snapshot::of_files(database, HOME)?;
    let became = judge::each_kind(before, &after, &scene.catalogue())?;
    if ran.code == Some(0) {
        demand!(ran.report()?["status"] == "completed", "it ended well and did not complete: {ran:?}");
        return Ok(became);
    }
    demand!(ran.code == Some(STORE), "a full disk ended it with another code: {ran:?}");
    demand!(ran.stderr.contains("the disk is full"), "a full disk is not told: {ran:?}");
    demand!(ran.stderr.contains("make room"), "what to do is not told: {ran:?}");
    if let Ok(report) = ran.report() {
        judge::as_reported(&report, became, &after, &scene.catalogue())?;
    }
    Ok(became)
}

/// Applies a first load, and then an update, with room for one more page each time until it fits. Returns the number of
/// points.
pub(crate) fn every_point(items: u32, jobs: usize) -> Outcome<u32> {
    // The points are divided among the jobs. Each job has a cache of its own and takes every n-th page.
    let share = u32::try_from(jobs)?;
    let points = AtomicU32::new(0);
    let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..share)
            .map(|first| {
                let points = &points;
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
                    let runtime = runtime.map_err(|error| error.to_string())?;
                    runtime.block_on(loads(items, first, share, points)).map_err(|error| error.to_string())
                })
            })
            .collect();
        started.into_iter().map(|job| job.join().unwrap_or_else(|_| Err("a panic".to_owned()))).collect()
    });
    outcomes.into_iter().collect::<Result<(), String>>()?;
    Ok(points.into_inner())
}

async fn loads(items: u32, first: u32, share: u32, points: &AtomicU32) -> Outcome {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("cache.db");
    let store = SqliteStore::open(&database)?;
    let (home, scope) = (profile("home"), Scope::whole(ContentKind::Movies));
    store.ensure_profile_blocking(&home)?;
    let lease = store.lease_blocking(&home)?;
    for (step, change) in (0_u8..).zip([Change::Added, Change::Updated(sync_core::FieldSet(2))]) {
        let run = store.start_run_blocking(&home, lease.fence, 1)?;
        let ids: Vec<i64> = (1..=i64::from(items)).collect();
        let mut staging = store.stage(&home, scope.clone()).await?;
        for piece in ids.chunks(500) {
            let long = "plot ".repeat(40 + 40 * usize::from(step));
            staging.put(piece.iter().map(|id| staged(movie(*id).with("plot", &long), change)).collect()).await?;
        }
        let digests = vec![1 + u64::from(step); ids.len()];
        let index = ListingIndex::from_columns(DigestScheme::FIELDS, ids, digests)?;
        let record =
            KindRecord { outcome: KindOutcome::Completed, ..KindRecord::skipped(ContentKind::Movies, SyncMode::Full) };
        let commit = ScopeCommit {
            index: Some(index.into()),
            validator: ValidatorChange::Keep,
            watermark: 4 + i64::from(step),
            first_load: step == 0,
            ..ScopeCommit::new(run, lease.fence, 5 + i64::from(step), record)
        };
        until_it_fits(&store, &database, staging.as_mut(), &commit, (first, share), points).await?;
        let rows: BTreeSet<ContentId> =
            store.get_content_ids_blocking(&home, ContentKind::Movies)?.into_iter().collect();
        demand!(rows.len() == items as usize, "{} rows of {items}", rows.len());
        store.limit_pages(None);
        store.finish_run_blocking(&home, &sync_core::store::RunEnd::new(run, lease.fence, 9))?;
    }
    Ok(())
}

async fn until_it_fits(
    store: &SqliteStore,
    database: &Path,
    staging: &mut dyn Staging,
    commit: &ScopeCommit,
    (first, share): (u32, u32),
    points: &AtomicU32,
) -> Outcome {
    let look = reader(database)?;
    let before = state_of(&look)?;
    let mut limit = pages(database)? + first;
    loop {
        store.limit_pages(Some(limit));
        match staging.apply(commit.clone(), CancellationToken::new()).await {
            Ok(_) => return assert_sound(&look),
            Err(StoreError::Full) => {}
            Err(other) => return Err(format!("with room for {limit} pages: {other:?}").into()),
        }
        points.fetch_add(1, Ordering::Relaxed);
        demand!(state_of(&look)? == before, "something is written with room for {limit} pages");
        assert_sound(&look)?;
        limit += share;
    }
}
