//! The cost of change sets: their bytes compared with those of the lists, and the CPU time and memory of an export and
//! an apply compared with those of a sync with the same result.

mod cache;
pub(crate) mod dated;
mod equal;

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::bodies::{Bodies, Counts, Version, actions, gzip};
use crate::database;
use crate::engine::Engine;
use crate::figures::{Bound, Spread, trimmed};
use crate::machine::Machine;
use crate::measure::{self, Taken};
use crate::panel::Panel;
use cache::Cache;
use sync_tests::Kind;

/// The arguments of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command to be measured
    #[arg(long)]
    engine: PathBuf,
    /// Where bodies are kept
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Items of the catalogue of which 1 % changes
    #[arg(long, default_value_t = 230_000)]
    items: usize,
    /// Items of the catalogue of which everything is exported and applied, for the memory; 0 leaves that out
    #[arg(long, default_value_t = 1_000_000)]
    whole: usize,
    /// How often the CPU time is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

/// A line of the table.
struct Line {
    figure: String,
    spread: Spread,
    unit: &'static str,
    bound: Bound,
}

/// The table, with the lines so far.
#[derive(Default)]
struct Table(Vec<Line>);

pub(crate) fn main(args: &Args) -> Outcome {
    let machine = Machine::here()?;
    let home = args.folder.join("bodies");
    std::fs::create_dir_all(&home)?;
    let scratch = tempfile::Builder::new().prefix("sets-").tempdir_in(&args.folder)?;
    let engine = Engine { program: args.engine.clone(), scratch: scratch.path().to_owned() };
    let mut bench = Bench { engine, panel: Panel::start(false)?, table: Table::default() };
    bench.changes(&Bodies::prepare(&home, args.items, true)?, args.rounds.max(1))?;
    if args.whole > 0 {
        bench.whole(&Bodies::prepare(&home, args.whole, false)?)?;
    }
    println!("{}, {}, {} rounds\n", machine.date, machine.words, args.rounds.max(1));
    bench.table.print();
    Ok(())
}

struct Bench {
    engine: Engine,
    panel: Panel,
    table: Table,
}

/// The CPU seconds of each round. `start` has those of a process that does nothing.
#[derive(Default)]
struct Seconds {
    direct: Vec<f64>,
    export: Vec<f64>,
    apply: Vec<f64>,
    start: Vec<f64>,
}

impl Bench {
    fn cache(&self, name: &str) -> Cache {
        Cache::at(&self.engine, name)
    }

    /// Measures a catalogue of which 1 % changes: bytes, and CPU time.
    fn changes(&mut self, bodies: &Bodies, rounds: usize) -> Outcome {
        self.panel.serve(bodies, Version::First)?;
        let set = |name: &str| self.engine.scratch.join(name);
        let (whole, increment, plain) = (set("whole"), set("increment"), set("plain"));
        let [base, follower, sender, work] =
            ["base.db", "follower.db", "sender.db", "work.db"].map(|it| self.cache(it));
        base.add_profile(self.panel.url())?;
        base.sync(Counts { added: bodies.items as u64, ..Counts::default() })?;
        base.export(&whole, &[])?;
        follower.apply(&whole)?;
        let since = base.position()?;
        let expected = bodies.expected(Version::Changed)?;
        self.panel.serve(bodies, Version::Changed)?;
        let mut seconds = Seconds::default();
        for round in 1..=rounds {
            eprintln!("Round {round} of {rounds}.");
            seconds.start.push(self.start()?.cpu);
            database::copy(&base.path, &sender.path)?;
            seconds.direct.push(sender.sync(expected)?.cpu);
            seconds.export.push(sender.export(&increment, &["--since", &since])?.cpu);
            database::copy(&follower.path, &work.path)?;
            seconds.apply.push(work.apply(&increment)?.cpu);
        }
        equal::verify(&sender.path, &work.path)?;
        sender.export(&plain, &["--since", &since, "--without-display"])?;
        database::copy(&follower.path, &work.path)?;
        work.apply(&plain)?;
        equal::verify(&sender.path, &work.path)?;
        let of_all = [&base, &follower, &sender, &work].map(|cache| database::remove(&cache.path));
        of_all.into_iter().collect::<Outcome>()?;

        let listings = [Version::First, Version::Changed].map(|version| gzipped(bodies, version));
        let [first, changed] = listings;
        let (first, changed) = (first?, changed?);
        let items = bodies.items;
        let (whole, increment, plain) = (size(&whole)?, size(&increment)?, size(&plain)?);
        let table = &mut self.table;
        table.once(&format!("gzip -6 of the new listings of {items} items"), changed, "bytes", Bound::None);
        table.once("1 % changed: the set", increment, "bytes", Bound::None);
        table.once("… of that gzip", 100.0 * increment / changed, "%", Bound::AtMost(1.0));
        table.once("… without display fields", plain, "bytes", Bound::None);
        table.once("… of that gzip", 100.0 * plain / changed, "%", Bound::AtMost(0.6));
        table.once("everything, of the gzip of its listings", 100.0 * whole / first, "%", Bound::None);
        seconds.report(table);
        Ok(())
    }

    /// Returns the figures of a process that does nothing.
    fn start(&self) -> Outcome<Taken> {
        Ok(measure::run(&self.engine.scratch, &self.engine.program, &["--version"])?.1)
    }

    /// Measures a whole catalogue: memory.
    fn whole(&mut self, bodies: &Bodies) -> Outcome {
        eprintln!("Exporting and applying everything of {} items.", bodies.items);
        self.panel.serve(bodies, Version::First)?;
        let file = self.engine.scratch.join("whole");
        let [sender, follower] = ["sender.db", "follower.db"].map(|name| self.cache(name));
        sender.add_profile(self.panel.url())?;
        let first = sender.sync(Counts { added: bodies.items as u64, ..Counts::default() })?;
        let export = sender.export(&file, &[])?;
        let apply = follower.apply(&file)?;
        equal::verify(&sender.path, &follower.path)?;
        [&sender, &follower].map(|cache| database::remove(&cache.path)).into_iter().collect::<Outcome>()?;
        let (peaks, bytes) = ([first, export, apply].map(mib), size(&file)?);
        let table = &mut self.table;
        let items = bodies.items;
        table.once(&format!("everything of {items} items: the set"), bytes, "bytes", Bound::None);
        table.once("… export, memory at its highest", peaks[1], "MiB", Bound::AtMost(32.0));
        table.once("… apply, memory at its highest", peaks[2], "MiB", Bound::None);
        table.once("… first sync of as many, memory at its highest", peaks[0], "MiB", Bound::None);
        table.once("… apply ÷ first sync, memory", peaks[2] / peaks[0], "", Bound::AtMost(1.0));
        table.once("… export, CPU", export.cpu, "s", Bound::None);
        table.once("… apply ÷ first sync, CPU", apply.cpu / first.cpu, "", Bound::None);
        Ok(())
    }
}

impl Seconds {
    /// Adds the times, each without that of a start, and their ratios to a sync.
    fn report(&self, table: &mut Table) {
        let without_start =
            |taken: &[f64]| -> Vec<f64> { taken.iter().zip(&self.start).map(|(taken, start)| taken - start).collect() };
        let [direct, export, apply] = [&self.direct, &self.export, &self.apply].map(|taken| without_start(taken));
        let both: Vec<f64> = export.iter().zip(&apply).map(|(export, apply)| export + apply).collect();
        let mut times = |figure: &str, values: &[f64]| {
            table.push(figure, Spread::of(values).map(|it| it.times(1000.0)), "ms", Bound::None);
        };
        times("start of a process, CPU; not in the lines below", &self.start);
        times("1 % changed: direct sync, CPU", &direct);
        times("… export, CPU", &export);
        times("… apply, CPU", &apply);
        table.push("… export and apply ÷ direct sync", Spread::of_ratio(&both, &direct), "", Bound::AtMost(0.8));
    }
}

impl Table {
    fn push(&mut self, figure: &str, spread: Option<Spread>, unit: &'static str, bound: Bound) {
        self.0.extend(spread.map(|spread| Line { figure: figure.to_owned(), spread, unit, bound }));
    }

    /// Adds a number that was measured once.
    fn once(&mut self, figure: &str, value: f64, unit: &'static str, bound: Bound) {
        self.push(figure, Some(Spread::exactly(value)), unit, bound);
    }

    fn print(&self) {
        println!("| figure | median | spread | bar | |\n| --- | --- | --- | --- | --- |");
        for Line { figure, spread, unit, bound } in &self.0 {
            let Spread { median, least, most } = *spread;
            let range = if least < most { format!("{}–{}", trimmed(least), trimmed(most)) } else { String::new() };
            let verdict = match bound {
                Bound::None => "",
                bound if bound.holds(median) => "reached",
                _ => "**missed**",
            };
            println!("| {figure} | {} {unit} | {range} | {} | {verdict} |", trimmed(median), bound.words());
        }
    }
}

/// Returns the bytes of all listings as gzip -6.
fn gzipped(bodies: &Bodies, version: Version) -> Outcome<f64> {
    let mut sum = 0;
    for [_, listing] in Kind::ALL.map(actions) {
        sum += gzip(&std::fs::read(bodies.path(version, listing))?)?.len();
    }
    #[expect(clippy::cast_precision_loss, reason = "a list is far smaller than 2^52 bytes")]
    Ok(sum as f64)
}

fn size(file: &Path) -> Outcome<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a set is far smaller than 2^52 bytes")]
    Ok(std::fs::metadata(file)?.len() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "memory in KiB is far below 2^52")]
fn mib(taken: Taken) -> f64 {
    taken.peak_kib as f64 / 1024.0
}
