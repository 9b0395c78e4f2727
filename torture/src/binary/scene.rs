//! A panel and a cache that follows it, and what was done to them so far.

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

/// The profile that is tortured.
pub(crate) const HOME: &str = "home";
/// The profile that nothing may happen to.
pub(crate) const AWAY: &str = "away";
/// A profile of another account, as far as the command can tell: its panel is reached under another name.
pub(crate) const BESIDE: &str = "beside";

/// A panel and a cache.
pub(crate) struct Scene<'a> {
    pub(crate) program: &'a Program,
    pub(crate) tally: &'a Tally,
    pub(crate) panel: Panel,
    pub(crate) database: PathBuf,
    /// How long an undisturbed sync takes.
    pub(crate) typical: Duration,
    folder: TempDir,
    steps: Vec<String>,
}

impl<'a> Scene<'a> {
    /// A panel of some hundred items and two profiles that follow it.
    pub(crate) fn begin(program: &'a Program, tally: &'a Tally, seed: u64) -> Outcome<Self> {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Mostly small, so that there are many runs; sometimes several statements a kind.
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

    /// Remembers what is done, for who wants to repeat it.
    pub(crate) fn note(&mut self, step: impl Into<String>) {
        self.steps.push(step.into());
    }

    /// Ends it and leaves the files where they are; what was done, and where.
    pub(crate) fn keep(self) -> (Vec<String>, PathBuf) {
        (self.steps, self.folder.keep())
    }

    /// Adds a profile of the panel to a cache.
    pub(crate) fn add(&self, database: &Path, profile: &str) -> Command {
        self.add_at(database, profile, &self.panel.base_url())
    }

    /// Adds [`BESIDE`], or changes nothing of it.
    pub(crate) fn add_beside(&self) -> Command {
        self.add_at(&self.database, BESIDE, &self.panel.base_url().replace("127.0.0.1", "localhost"))
    }

    fn add_at(&self, database: &Path, profile: &str, url: &str) -> Command {
        let args = ["profile", "add", profile, "--url", url, "--username", USERNAME];
        let mut command = self.program.command(database, &args);
        command.env("XTREAM_SYNC_PASSWORD", PASSWORD);
        command
    }

    /// The command over the cache.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.program.command(&self.database, args)
    }

    /// `sync --json`, without a long breath.
    pub(crate) fn sync(&self, more: &[&str]) -> Command {
        self.command(&[&SYNC, more].concat())
    }

    /// A sync of [`HOME`] that stops at a point.
    pub(crate) fn sync_until(&self, point: &str, time: u64) -> Command {
        let mut sync = self.sync(&[HOME]);
        sync.env(stop::STOP_AT, format!("{point}:{time}"));
        sync
    }

    /// Searches what a command said for what nobody may see.
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

    /// Runs a command that has to end with this code.
    pub(crate) fn expect(&self, command: Command, code: i32) -> Outcome<Ran> {
        let ran = self.run(command)?;
        demand!(ran.code == Some(code), "the command was to end with {code}: {ran:?}");
        Ok(ran)
    }

    /// Moves the panel on: enough for several statements a kind, too little for a guard.
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

    /// What the panel lists now.
    pub(crate) fn catalogue(&self) -> Catalogue {
        self.panel.catalogue(|catalogue| catalogue.clone())
    }

    /// What is in the cache now.
    pub(crate) fn look(&self) -> Outcome<Snapshot> {
        let snapshot = Snapshot::of_files(&self.database, HOME)?;
        self.tally.read(snapshot.bytes);
        Ok(snapshot)
    }

    /// The faults are over: one run brings the cache in step with the panel, and leaves nothing behind.
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

    /// An orderly end leaves the cache, its leases, and an empty log at most.
    pub(crate) fn tidy(&self) -> Outcome {
        let log = std::fs::metadata(beside(&self.database, "-wal")).map_or(0, |log| log.len());
        demand!(log == 0, "an orderly end leaves {log} bytes in the log");
        let folder = self.database.parent().unwrap_or(Path::new("."));
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let known = name == "xtream.db" || ["-wal", "-shm", "-lease"].iter().any(|end| name.ends_with(end));
            // Leases of profiles, and the copy that is made before an older cache is brought up to date.
            let known = known || ["-lease-", ".before-"].iter().any(|part| name.contains(part));
            demand!(known, "`{name}` is left beside the cache");
        }
        Ok(())
    }
}

/// A sync without a long breath.
pub(crate) const SYNC: [&str; 6] = ["sync", "--json", "--backoff", "0.01", "--requests-per-second", "1000"];
