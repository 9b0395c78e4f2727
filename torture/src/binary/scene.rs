//! A panel, a cache that follows it, and the steps so far.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sync_sqlite::stop;
use sync_tests::canary::{PASSWORD, USERNAME, is_shown};
use sync_tests::{Account, Catalogue, CatalogueConfig, Kind, Panel, PanelConfig, Step};
use tempfile::TempDir;

use super::judge::{self, demand};
use super::program::{Program, Ran, Running};
use super::snapshot::{Snapshot, beside};
use super::tally::Tally;
use crate::Outcome;

/// The profile that the faults hit.
pub(crate) const HOME: &str = "home";
/// A profile that must not change.
pub(crate) const AWAY: &str = "away";
/// A profile of another account, as far as the command can tell: its panel is reached under another name.
pub(crate) const BESIDE: &str = "beside";

/// A panel and a cache.
pub(crate) struct Scene<'a> {
    pub(crate) program: &'a Program,
    pub(crate) tally: &'a Tally,
    pub(crate) panel: Panel,
    pub(crate) database: PathBuf,
    /// The duration of an undisturbed sync.
    pub(crate) typical: Duration,
    folder: TempDir,
    steps: Vec<String>,
}

impl<'a> Scene<'a> {
    /// Makes a panel of some hundred items and two profiles that follow it.
    pub(crate) fn begin(program: &'a Program, tally: &'a Tally, seed: u64) -> Outcome<Self> {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Most panels are small, so that there are many runs. Some need several statements per kind.
        let scale = if rng.u32(..8) == 0 { 10 } else { 1 };
        let config = CatalogueConfig {
            seed: rng.u64(..),
            channels: scale * rng.usize(20..80),
            movies: scale * rng.usize(40..200),
            series: scale * rng.usize(10..60),
            items_per_category: 40,
        };
        let account = Account::new(USERNAME, PASSWORD);
        let panel =
            Panel::start(PanelConfig { accounts: vec![account], ..PanelConfig::default() }, Catalogue::new(&config))?;
        let folder = tempfile::Builder::new().prefix("torture-").tempdir()?;
        let database = folder.path().join("cache").join("xtream.db");
        let mut scene =
            Self { program, tally, panel, database, typical: Duration::from_millis(30), folder, steps: Vec::new() };
        scene.note(format!("{} channels, {} movies, {} series", config.channels, config.movies, config.series));
        for profile in [HOME, AWAY] {
            scene.expect(scene.add(&scene.database.clone(), profile), 0)?;
        }
        scene.expect(scene.sync(&[AWAY]), 0)?;
        scene.agree()?;
        Ok(scene)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Records a step, so that a person can repeat it.
    pub(crate) fn note(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    /// Ends the scene and keeps the files. Returns the steps and the place of the files.
    pub(crate) fn keep(self) -> (Vec<String>, PathBuf) {
        (self.steps, self.folder.keep())
    }

    /// Returns a command that adds a profile of the panel to a cache.
    pub(crate) fn add(&self, database: &Path, profile: &str) -> Command {
        self.add_at(database, profile, &self.panel.base_url())
    }

    /// Returns a command that adds [`BESIDE`], or changes nothing if it exists.
    pub(crate) fn add_beside(&self) -> Command {
        self.add_at(&self.database, BESIDE, &self.panel.base_url().replace("127.0.0.1", "localhost"))
    }

    fn add_at(&self, database: &Path, profile: &str, url: &str) -> Command {
        let args = ["profile", "add", profile, "--url", url, "--username", USERNAME];
        let mut command = self.program.command(database, &args);
        command.env("XTREAM_SYNC_PASSWORD", PASSWORD);
        command
    }

    /// Returns the command over the cache.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.program.command(&self.database, args)
    }

    /// Returns `sync --json` with short waits.
    pub(crate) fn sync(&self, more: &[&str]) -> Command {
        self.command(&[&SYNC, more].concat())
    }

    /// Returns a sync of [`HOME`] that stops at a point.
    pub(crate) fn sync_until(&self, point: &str, time: u64) -> Command {
        let mut sync = self.sync(&[HOME]);
        sync.env(stop::STOP_AT, format!("{point}:{time}"));
        sync
    }

    /// Searches the output of a command for secrets.
    pub(crate) fn watched(&self, ran: Outcome<Ran>) -> Outcome<Ran> {
        let ran = ran?;
        self.tally.ran(ran.stdout.len() + ran.stderr.len());
        demand!(!is_shown(&ran.stdout) && !is_shown(&ran.stderr), "the password is shown: {ran:?}");
        demand!(!ran.stderr.contains("panicked"), "a panic: {ran:?}");
        Ok(ran)
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, command: Command) -> Outcome<Ran> {
        self.watched(Running::start(command)?.end())
    }

    /// Runs a command, and checks its exit code.
    pub(crate) fn expect(&self, command: Command, code: i32) -> Outcome<Ran> {
        let ran = self.run(command)?;
        demand!(ran.code == Some(code), "the command was to end with {code}: {ran:?}");
        Ok(ran)
    }

    /// Changes the panel's lists: enough for several statements per kind, too little for the removal guard.
    pub(crate) fn step(&self, rng: &mut fastrand::Rng) {
        let step = Step {
            added_percent: f64::from(rng.u32(0..15)),
            updated_percent: f64::from(rng.u32(0..40)),
            refreshed_percent: f64::from(rng.u32(0..20)),
            removed_percent: f64::from(rng.u32(0..5)),
            renumber: rng.u32(..10) == 0,
            ..Step::default()
        };
        self.panel.advance(&step);
    }

    /// Returns the present lists of the panel.
    pub(crate) fn catalogue(&self) -> Catalogue {
        self.panel.catalogue(|catalogue| catalogue.clone())
    }

    /// Returns the present content of the cache.
    pub(crate) fn look(&self) -> Outcome<Snapshot> {
        let snapshot = Snapshot::of_files(&self.database, HOME)?;
        self.tally.read(snapshot.bytes);
        Ok(snapshot)
    }

    /// Ends the faults: one run brings the cache in step with the panel, and leaves no files behind.
    pub(crate) fn agree(&mut self) -> Outcome<Snapshot> {
        self.panel.behave();
        let ran = self.expect(self.sync(&[HOME]), 0)?;
        self.typical = (self.typical * 3 + ran.took) / 4;
        let after = self.look()?;
        let catalogue = self.catalogue();
        for kind in Kind::ALL {
            judge::agrees(kind, &after, &catalogue)?;
        }
        demand!(ran.report()?["status"] == "completed", "the run did not complete: {ran:?}");
        let status = after.last_run.as_ref().map(|(_, status)| status.as_str());
        demand!(status == Some("completed"), "the last run is recorded as {status:?}");
        self.tidy()?;
        Ok(after)
    }

    /// Checks the files after an orderly end: the cache, its leases, and an empty log at most.
    pub(crate) fn tidy(&self) -> Outcome {
        let log = std::fs::metadata(beside(&self.database, "-wal")).map_or(0, |log| log.len());
        demand!(log == 0, "an orderly end leaves {log} bytes in the log");
        let folder = self.database.parent().unwrap_or(Path::new("."));
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let known = name == "xtream.db" || ["-wal", "-shm", "-lease"].iter().any(|end| name.ends_with(end));
            // These are the leases of profiles, and the copy that is made before the migration of an older cache.
            let known = known || ["-lease-", ".before-"].iter().any(|part| name.contains(part));
            demand!(known, "`{name}` is left beside the cache");
        }
        Ok(())
    }
}

/// The arguments of a sync with short waits.
pub(crate) const SYNC: [&str; 6] = ["sync", "--json", "--backoff", "0.01", "--requests-per-second", "1000"];
