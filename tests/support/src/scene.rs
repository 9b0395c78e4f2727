//! A panel, a cache that has to follow the panel, and the checks whether it does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sync_core::Counts;
use sync_sqlite::SqliteStore;
use sync_tests::{Account, Catalogue, CatalogueConfig, Expected, Kind, Panel, PanelConfig, disagreements};
use tempfile::TempDir;

use crate::cache::{Cache, Logged};
use crate::program::{PASSWORD, Report, Run, Running, USERNAME, command};

/// The profile of every scene. Some scenes add others.
pub const HOME: &str = "home";

/// A panel and a cache.
pub struct Scene {
    /// The simulated panel.
    pub panel: Panel,
    /// The path of the cache.
    pub database: PathBuf,
    folder: TempDir,
}

/// Returns a configuration with one account. Its password must appear in no output.
pub fn panel_config() -> PanelConfig {
    PanelConfig { accounts: vec![Account::new(USERNAME, PASSWORD)], ..PanelConfig::default() }
}

/// Returns the configuration of a catalogue with some hundred items.
pub fn some_hundred(seed: u64) -> CatalogueConfig {
    CatalogueConfig { seed, channels: 150, movies: 400, series: 120, items_per_category: 40 }
}

/// Starts a panel with a catalogue and the only account.
pub fn start_panel(config: &CatalogueConfig) -> Panel {
    Panel::start(panel_config(), Catalogue::new(config)).unwrap()
}

impl Scene {
    /// Returns a panel with this catalogue, and a profile that was never synced.
    pub fn of(config: &CatalogueConfig) -> Self {
        Self::at(start_panel(config))
    }

    /// Returns this panel, and a profile that was never synced.
    pub fn at(panel: Panel) -> Self {
        let scene = Self::without_profile(panel);
        scene.add(HOME, &scene.panel.base_url(), &[]).exits(0);
        scene
    }

    /// Returns this panel, without a profile.
    pub fn without_profile(panel: Panel) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The cache is in a folder of its own, which the program has to create.
        let database = folder.path().join("cache").join("xtream.db");
        Self { panel, database, folder }
    }

    /// Returns a scene like [`Self::of`], with some hundred items and synced once.
    pub fn synced(seed: u64) -> Self {
        let scene = Self::of(&some_hundred(seed));
        scene.sync(&[]).exits(0);
        scene
    }

    /// Returns the folder of the scene.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a profile. The password comes from the environment.
    pub fn add(&self, profile: &str, url: &str, more: &[&str]) -> Run {
        let args = [&["profile", "add", profile, "--url", url, "--username", USERNAME], more].concat();
        let mut command = command(&self.database, &args);
        command.env("XTREAM_SYNC_PASSWORD", PASSWORD);
        Running::start(command).end()
    }

    /// Runs the command to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        Running::start(command(&self.database, args)).end()
    }

    /// Runs `sync --json` to its end, with a short pause between attempts.
    pub fn sync(&self, more: &[&str]) -> Run {
        self.run(&[&["sync", "--json", "--backoff", "0.01"], more].concat())
    }

    /// Starts a sync like [`Self::sync`], and returns while it runs.
    pub fn start_sync(&self, more: &[&str]) -> Running {
        Running::start(command(&self.database, &[&["sync", "--backoff", "0.01"], more].concat()))
    }

    /// Opens the cache.
    pub fn cache(&self) -> Cache {
        Cache::open(&self.database)
    }

    /// Returns the ids of a kind that are in the cache.
    pub fn ids(&self, kind: Kind) -> Vec<i64> {
        self.panel.catalogue(|catalogue| catalogue.ids(kind))
    }

    /// Fails unless every column of every item of a kind, and its categories, agree with the panel.
    #[track_caller]
    pub fn assert_true_of(&self, kind: Kind) {
        assert_true(&mut self.cache(), HOME, &self.panel, kind);
        self.assert_consistent();
    }

    /// Fails unless the tables of the cache agree with each other.
    #[track_caller]
    pub fn assert_consistent(&self) {
        let inspection = SqliteStore::open_read_only(&self.database).unwrap().inspect_blocking(None).unwrap();
        assert!(inspection.is_sound(), "{inspection:#?}");
    }

    /// Fails unless the cache agrees with the panel for all kinds.
    #[track_caller]
    pub fn assert_true(&self) {
        for kind in Kind::ALL {
            self.assert_true_of(kind);
        }
    }

    /// Syncs after a step or an edit of the panel. Fails unless exactly the expected changes are counted, logged and
    /// written, and the cache is right afterwards.
    #[track_caller]
    pub fn follow(&self, expected: &Expected) -> Report {
        let before = Kind::ALL.map(|kind| (self.cache().raw_rows(HOME, kind), self.cache().row_ids(HOME, kind)));
        let report = self.sync(&[]).exits(0).report();
        assert_eq!(report.status(), "completed");
        let mut cache = self.cache();
        for (kind, (rows, row_ids)) in Kind::ALL.into_iter().zip(before) {
            let changes = expected.of(kind);
            assert_eq!(report.counts(kind), self.counts(expected, kind), "{kind}");
            let outcome = if changes.is_empty() { "unchanged" } else { "completed" };
            assert_eq!(report.outcome(kind), outcome, "{kind}");
            let logged = Logged {
                added: changes.added.clone(),
                updated: changes.updated.clone(),
                removed: changes.removed.clone(),
            };
            assert_eq!(cache.logged(HOME, kind), logged, "{kind}");
            let now = cache.raw_rows(HOME, kind);
            let written: BTreeSet<i64> =
                rows.iter().filter(|(id, row)| now.get(id).is_some_and(|now| now != *row)).map(|(id, _)| *id).collect();
            let differing: BTreeSet<i64> = changes.updated.union(&changes.refreshed).copied().collect();
            assert_eq!(written, differing, "{kind}: the rows that were written");
            let stays = |(id, row): (&i64, &i64)| row_ids.get(id).is_none_or(|before| before == row);
            assert!(cache.row_ids(HOME, kind).iter().all(stays), "{kind}: a row has another row id");
        }
        self.assert_true();
        report
    }

    /// Returns the number of kinds that the last run has written.
    pub fn written(&self) -> usize {
        let sql = "SELECT kind FROM xtream_sync_run_kinds WHERE run_id=(SELECT MAX(id) FROM xtream_sync_runs)";
        self.cache().lines(sql).len()
    }

    /// Returns the counts that a report should have.
    pub fn counts(&self, expected: &Expected, kind: Kind) -> Counts {
        let changes = expected.of(kind);
        let [added, updated, refreshed, removed] =
            [&changes.added, &changes.updated, &changes.refreshed, &changes.removed].map(|ids| ids.len() as u64);
        let listed = self.ids(kind).len() as u64;
        let unchanged = listed - added - updated - refreshed;
        Counts { added, updated, refreshed, removed, unchanged, ..Counts::default() }
    }

    /// Returns the bytes of the cache and of its write-ahead log.
    pub fn bytes(&self) -> [Option<Vec<u8>>; 2] {
        let mut log = self.database.clone().into_os_string();
        log.push("-wal");
        [std::fs::read(&self.database).ok(), std::fs::read(log).ok().filter(|log| !log.is_empty())]
    }
}

/// Fails unless every column of every item of a kind, and its categories, agree with the panel.
#[track_caller]
pub fn assert_true(cache: &mut Cache, profile: &str, panel: &Panel, kind: Kind) {
    let (truth, categories) = panel.catalogue(|catalogue| (catalogue.truth(kind), catalogue.categories_truth(kind)));
    let found = disagreements(kind, &truth, &cache.rows(profile, kind));
    assert!(found.is_empty(), "{} disagreements, such as {:#?}", found.len(), &found[..found.len().min(5)]);
    assert_eq!(cache.categories(profile, kind), categories, "categories of {kind}");
    let counted = cache.number(&format!("SELECT {kind}_count FROM xtream_content_sync WHERE profile_id='{profile}'"));
    assert_eq!(counted, i64::try_from(truth.len()).unwrap(), "the count of {kind}");
}
