//! The whole measurement. Every round has every scenario, one after the other, so that other load on the machine
//! affects all of them alike.

use std::path::{Path, PathBuf};

use crate::bodies::{Bodies, Counts, Version};
use crate::database::{self, PROFILE, text};
use crate::engine::Engine;
use crate::figures::Rounds;
use crate::machine::Machine;
use crate::measure::{self, Taken};
use crate::names::{COMMANDS, EACH, FLOOR, slope_names};
use crate::panel::Panel;
use crate::report::Report;
use crate::searching::Searching;
use crate::{Outcome, counts, link, overlay, reader, report, stages};

/// The arguments of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command to be measured
    #[arg(long)]
    engine: PathBuf,
    /// Where bodies are kept and results are written
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// 40,000 items and three rounds
    #[arg(long)]
    quick: bool,
    /// How often everything is measured
    #[arg(long)]
    rounds: Option<usize>,
}

/// The number of items of the standard catalogue, and of the others, which show the slope.
const STANDARD: (usize, &[usize]) = (230_000, &[10_000, 1_000_000]);

/// The same for a quick measurement.
const QUICK: (usize, &[usize]) = (40_000, &[10_000]);

/// The number of calls of each of [`COMMANDS`].
const COMMAND_TIMES: usize = 20;

/// The profile that is synced while a player reads the other one.
const SECOND: &str = "second";

pub(crate) fn main(args: &Args) -> Outcome {
    let machine = Machine::here()?;
    let (items, others) = if args.quick { QUICK } else { STANDARD };
    let rounds = args.rounds.unwrap_or(if args.quick { 3 } else { 5 }).max(1);
    let home = args.folder.join("bodies");
    let bodies = Bodies::prepare(&home, items, true)?;
    let others = others.iter().map(|items| Bodies::prepare(&home, *items, false)).collect::<Outcome<Vec<_>>>()?;
    let scratch = tempfile::Builder::new().prefix("scratch-").tempdir_in(&args.folder)?;
    let engine = Engine { program: args.engine.clone(), scratch: scratch.path().to_owned() };
    let mut suite = Suite::new(engine, bodies)?;
    let mut measured = Rounds::default();
    for round in 1..=rounds {
        eprintln!("Round {round} of {rounds}.");
        suite.round(&mut measured)?;
        for other in &others {
            suite.slope(other, &mut measured)?;
        }
        if round == 1 {
            suite.verify_floor()?;
            suite.without_transactions(&mut measured)?;
        }
    }
    suite.commands(&mut measured)?;
    eprintln!("Counting rows, bytes and instructions.");
    let written = counts::written(&suite.engine, &mut suite.panel, &suite.bodies)?;
    let report = Report {
        machine,
        rounds,
        items,
        others: others.iter().map(|bodies| bodies.items).collect(),
        bytes: suite.bodies.bytes()?,
        measured,
        written,
        searching: suite.searching()?,
        overlay: suite.overlay(items)?,
        instructions: stages::instructions(),
    };
    report::publish(&report, &args.folder, if args.quick { "quick" } else { "bench" })
}

struct Suite {
    engine: Engine,
    bodies: Bodies,
    panel: Panel,
    /// A panel that honours validators, with a cache that is in step with it.
    honouring: (Panel, PathBuf),
    /// Caches with the profile and nothing else, by the address of the profile: the panel's, and that of the slow line.
    empty: [PathBuf; 2],
    /// A cache at the panel's address without search text.
    empty_without_text: PathBuf,
}

impl Suite {
    fn new(engine: Engine, bodies: Bodies) -> Outcome<Self> {
        let (panel, mut honouring) = (Panel::start(false)?, Panel::start(true)?);
        let path = |name: &str| engine.scratch.join(name);
        let empty = [path("empty.db"), path("empty-slow.db")];
        engine.add_profile(&empty[0], PROFILE, panel.url())?;
        engine.add_profile(&empty[1], PROFILE, &link::before(panel.url())?)?;
        let empty_without_text = path("empty-without.db");
        engine.add_profile(&empty_without_text, PROFILE, panel.url())?;
        database::keep_no_text(&empty_without_text)?;
        honouring.serve(&bodies, Version::First)?;
        let in_step = path("in-step.db");
        engine.add_profile(&in_step, PROFILE, honouring.url())?;
        engine.sync(&in_step, PROFILE)?;
        Ok(Self { engine, bodies, panel, honouring: (honouring, in_step), empty, empty_without_text })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.engine.scratch.join(name)
    }

    fn round(&mut self, measured: &mut Rounds) -> Outcome {
        let [base, work, floor, naive] = ["base.db", "work.db", "floor.db", "naive.db"].map(|name| self.path(name));
        let all = Counts { added: self.bodies.items as u64, ..Counts::default() };
        self.panel.serve(&self.bodies, Version::First)?;

        database::remove(&floor)?;
        measured.note(FLOOR, self.own(&["floor-first", text(self.bodies.folder())?, text(&floor)?])?);
        database::copy(&self.empty[0], &base)?;
        measured.note("first", self.engine.sync_expecting(&base, PROFILE, all)?);
        database::remove(&naive)?;
        let url = self.panel.url().to_owned();
        measured.note("first, naive", measure::run_own(&self.engine.scratch, &["naive", &url, text(&naive)?])?.1);

        measured.note("unchanged, floor", self.own(&["floor-unchanged", &url, text(&base)?])?);
        database::copy(&base, &work)?;
        measured.note("unchanged", self.engine.sync_expecting(&work, PROFILE, Counts::default())?);
        measured.note("unchanged, naive", measure::run_own(&self.engine.scratch, &["naive", &url, text(&naive)?])?.1);

        self.without_text(all, measured)?;
        self.restless(&base, &work, measured)?;
        for (name, version) in
            [("changed", Version::Changed), ("renumbered", Version::Renumbered), ("shifted", Version::Shifted)]
        {
            self.panel.serve(&self.bodies, version)?;
            database::copy(&base, &work)?;
            measured.note(name, self.engine.sync_expecting(&work, PROFILE, self.bodies.expected(version)?)?);
        }
        self.validators(measured)?;
        self.slow(all, measured)?;
        self.read(&base, &work, measured)
    }

    /// Measures the same syncs into a cache without search text.
    fn without_text(&mut self, all: Counts, measured: &mut Rounds) -> Outcome {
        let [base, work] = ["without.db", "work.db"].map(|name| self.path(name));
        database::copy(&self.empty_without_text, &base)?;
        measured.note("first, no search text", self.engine.sync_expecting(&base, PROFILE, all)?);
        database::copy(&base, &work)?;
        measured.note("unchanged, no search text", self.engine.sync_expecting(&work, PROFILE, Counts::default())?);
        self.panel.serve(&self.bodies, Version::Changed)?;
        let expected = self.bodies.expected(Version::Changed)?;
        measured.note("changed, no search text", self.engine.sync_expecting(&base, PROFILE, expected)?);
        self.panel.serve(&self.bodies, Version::First)
    }

    /// Measures searches in a cache after a first sync.
    fn searching(&self) -> Outcome<Searching> {
        let base = self.path("base.db");
        let (printed, taken) = measure::run_own(&self.engine.scratch, &["search", text(&base)?, PROFILE])?;
        eprintln!("Searching took at most {} MiB.", taken.peak_kib / 1024);
        Ok(serde_json::from_str(&printed)?)
    }

    /// Measures edits and filters, in a cache of their own with this number of movies.
    fn overlay(&self, movies: usize) -> Outcome<overlay::Figures> {
        let (printed, _) = measure::run_own(&self.engine.scratch, &["overlay", "--items", &movies.to_string()])?;
        Ok(serde_json::from_str(&printed)?)
    }

    /// Measures the commands that people wait for, on a cache after a first sync.
    fn commands(&self, measured: &mut Rounds) -> Outcome {
        let base = self.path("base.db");
        for _ in 0..COMMAND_TIMES {
            for (name, args) in COMMANDS {
                let args = [&["--database", text(&base)?][..], args].concat();
                measured.note(name, measure::run(&self.engine.scratch, &self.engine.program, &args)?.1);
            }
        }
        Ok(())
    }

    /// Measures a panel that writes the time of the answer into every item, after runs have learnt of this.
    fn restless(&mut self, base: &Path, work: &Path, measured: &mut Rounds) -> Outcome {
        let learnt = self.path("restless.db");
        if !learnt.exists() {
            database::copy(base, &learnt)?;
            // The field is volatile after two lists, and the third is the first whose digests leave the dates out. Two
            // more are for unproven fields: they may be found to be stable, and are written once then.
            for number in 1..=5 {
                self.panel.serve_restless(&self.bodies, number)?;
                self.engine.sync(&learnt, PROFILE)?;
            }
        }
        self.panel.serve_restless(&self.bodies, 6)?;
        database::copy(&learnt, work)?;
        measured.note("unchanged, restless", self.engine.sync_expecting(work, PROFILE, Counts::default())?);
        Ok(())
    }

    /// Measures the naive program as it is often found, with one transaction per row. It takes so long that one round
    /// is enough.
    fn without_transactions(&mut self, measured: &mut Rounds) -> Outcome {
        let naive = self.path("naive.db");
        database::remove(&naive)?;
        self.panel.serve(&self.bodies, Version::First)?;
        let args = ["naive", self.panel.url(), text(&naive)?, "--each"];
        measured.note(EACH, measure::run_own(&self.engine.scratch, &args)?.1);
        Ok(())
    }

    /// Runs a subcommand that measures itself. Returns the figures that it prints.
    fn own(&self, args: &[&str]) -> Outcome<Taken> {
        Ok(serde_json::from_str(&measure::run_own(&self.engine.scratch, args)?.0)?)
    }

    /// Measures a catalogue of another size: a first sync, a sync without changes, and the floor of the first one.
    fn slope(&mut self, bodies: &Bodies, measured: &mut Rounds) -> Outcome {
        let work = self.path("work.db");
        let [first, unchanged, of_floor] = slope_names(bodies.items)?;
        let all = Counts { added: bodies.items as u64, ..Counts::default() };
        self.panel.serve(bodies, Version::First)?;
        let floor = self.path("floor-other.db");
        database::remove(&floor)?;
        measured.note(of_floor, self.own(&["floor-first", text(bodies.folder())?, text(&floor)?])?);
        database::remove(&floor)?;
        database::copy(&self.empty[0], &work)?;
        measured.note(first, self.engine.sync_expecting(&work, PROFILE, all)?);
        measured.note(unchanged, self.engine.sync_expecting(&work, PROFILE, Counts::default())?);
        Ok(())
    }

    fn validators(&mut self, measured: &mut Rounds) -> Outcome {
        let (panel, in_step) = &mut self.honouring;
        panel.asked()?;
        measured.note("validators", self.engine.sync_expecting(in_step, PROFILE, Counts::default())?);
        #[expect(clippy::cast_precision_loss, reason = "a body is far smaller than 2^52 bytes")]
        measured.note_value("validators, bytes", panel.asked()?.listing_bytes as f64);
        Ok(())
    }

    fn slow(&mut self, all: Counts, measured: &mut Rounds) -> Outcome {
        let work = self.path("work.db");
        self.panel.serve_gzip(&self.bodies)?;
        self.panel.asked()?;
        database::copy(&self.empty[1], &work)?;
        measured.note("first, slow", self.engine.sync_expecting(&work, PROFILE, all)?);
        measured.note("unchanged, slow", self.engine.sync_expecting(&work, PROFILE, Counts::default())?);
        if self.panel.asked()?.takes_gzip { Ok(()) } else { Err("the engine does not ask for gzip".into()) }
    }

    /// Measures a player that reads one profile while another one is synced for the first time: into the same cache
    /// and, for an equal load without a writer, into another cache.
    fn read(&mut self, base: &Path, work: &Path, measured: &mut Rounds) -> Outcome {
        let [both, other] = [self.path("both.db"), self.path("other.db")];
        let all = Counts { added: self.bodies.items as u64, ..Counts::default() };
        self.panel.serve(&self.bodies, Version::First)?;
        database::copy(base, &both)?;
        self.engine.add_profile(&both, SECOND, self.panel.url())?;
        for (name, read) in [("reader, idle", other.as_path()), ("reader", work)] {
            database::copy(&both, work)?;
            database::copy(&both, &other)?;
            let latency = reader::beside(read, PROFILE, || self.engine.sync_expecting(work, SECOND, all).map(drop))?;
            measured.note_value(name, latency.p99);
            measured.note_value(if read == work { "reader, p50" } else { "reader, idle, p50" }, latency.p50);
        }
        Ok(())
    }

    /// Checks that the rows of the floor are those of the engine. Otherwise it is no floor.
    fn verify_floor(&self) -> Outcome {
        let connection = rusqlite::Connection::open(self.path("base.db"))?;
        connection.execute("ATTACH ?1 AS floor", [text(&self.path("floor.db"))?])?;
        let tables = ["channels", "movies", "series", "channel_categories", "movie_categories", "series_categories"];
        for table in tables.map(|name| format!("xtream_{name}")) {
            let sql = format!(
                "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('{table}') \
                 WHERE name NOT IN ('id','created_at','updated_at')"
            );
            let columns: String = connection.query_row(&sql, [], |row| row.get(0))?;
            for (one, other) in [("main", "floor"), ("floor", "main")] {
                let sql = format!(
                    "SELECT count(*) FROM (SELECT {columns} FROM {one}.{table} EXCEPT SELECT {columns} FROM {other}.{table})"
                );
                let alone: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
                if alone > 0 {
                    return Err(format!("{alone} rows of {table} are in the cache of {one} and not of {other}").into());
                }
            }
        }
        Ok(())
    }
}
