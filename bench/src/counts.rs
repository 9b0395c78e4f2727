//! Counts that don't depend on the machine: rows and bytes written, requests, memory, allocations. CI fails if one of
//! them is too large. No limit of CI is a time.

use std::path::PathBuf;
use std::process::Command;

use serde::Serialize;

use crate::Outcome;
use crate::bodies::{Bodies, Counts, Version};
use crate::database::{self, PROFILE};
use crate::engine::Engine;
use crate::figures::Bound;
use crate::panel::Panel;
use crate::snapshot::{Before, Written};

/// The arguments of the counts.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command to be looked at
    #[arg(long)]
    engine: PathBuf,
    /// The program that counts allocations
    #[arg(long)]
    allocations: PathBuf,
    /// Where bodies are kept
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
}

/// The number of items of the catalogue.
const ITEMS: usize = 40_000;

/// The requests: the account, and the categories and the listing of each kind.
const REQUESTS: f64 = 7.0;

/// The kilobytes of bookkeeping that a sync without changes may write.
pub(crate) const BOOKKEEPING: f64 = 65_536.0;

/// The number of rows that one new movie may write: itself, its entry in the change log, its place in the index, its
/// entry in the search text, the stamp of the search text, and the content hash of the kind.
pub(crate) const SHIFT_ROWS: f64 = 6.0;

/// The limits for 40,000 items: a little more than the present values.
const CHANGED_KIB: f64 = 6000.0;
const FIRST_MIB: f64 = 48.0;
const UNCHANGED_MIB: f64 = 24.0;
const FIRST_ALLOCATIONS: f64 = 8.0;
const UNCHANGED_ALLOCATIONS: f64 = 0.5;

/// The writes of the runs.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) unchanged: Written,
    pub(crate) shifted: Written,
    pub(crate) changed: Written,
    /// The writes of a changed listing in a cache without search text.
    pub(crate) changed_without_text: Written,
    /// The bytes of a cache after a first sync, with and without a search text.
    pub(crate) file: [u64; 2],
    /// The requests of a first sync, and of a sync without changes.
    pub(crate) requests: [u64; 2],
    /// The peak of their memory, in KiB.
    pub(crate) peak_kib: [u64; 2],
}

/// Runs a first sync, a sync without changes, and syncs of two later versions.
pub(crate) fn written(engine: &Engine, panel: &mut Panel, bodies: &Bodies) -> Outcome<Tally> {
    let [base, work] = ["counted.db", "counted-work.db"].map(|name| engine.scratch.join(name));
    let mut tally = Tally::default();
    database::remove(&base)?;
    engine.add_profile(&base, PROFILE, panel.url())?;
    panel.serve(bodies, Version::First)?;
    panel.asked()?;
    let all = Counts { added: bodies.items as u64, ..Counts::default() };
    let first = engine.sync_expecting(&base, PROFILE, all)?;
    let requests = panel.asked()?.requests;

    without_text(engine, panel, bodies, &mut tally)?;
    tally.file[0] = std::fs::metadata(&base)?.len();
    panel.serve(bodies, Version::First)?;
    panel.asked()?;
    let before = Before::of(&base)?;
    let second = engine.sync_expecting(&base, PROFILE, Counts::default())?;
    tally.unchanged = before.written()?;
    tally.requests = [requests, panel.asked()?.requests];
    tally.peak_kib = [first.peak_kib, second.peak_kib];
    for (version, written) in [(Version::Shifted, &mut tally.shifted), (Version::Changed, &mut tally.changed)] {
        panel.serve(bodies, version)?;
        database::copy(&base, &work)?;
        let before = Before::of(&work)?;
        engine.sync_expecting(&work, PROFILE, bodies.expected(version)?)?;
        *written = before.written()?;
    }
    Ok(tally)
}

/// Runs the same in a cache without search text, as far as it differs.
fn without_text(engine: &Engine, panel: &mut Panel, bodies: &Bodies, tally: &mut Tally) -> Outcome {
    let base = engine.scratch.join("counted-without.db");
    database::remove(&base)?;
    engine.add_profile(&base, PROFILE, panel.url())?;
    database::keep_no_text(&base)?;
    let all = Counts { added: bodies.items as u64, ..Counts::default() };
    engine.sync_expecting(&base, PROFILE, all)?;
    tally.file[1] = std::fs::metadata(&base)?.len();
    panel.serve(bodies, Version::Changed)?;
    let before = Before::of(&base)?;
    engine.sync_expecting(&base, PROFILE, bodies.expected(Version::Changed)?)?;
    tally.changed_without_text = before.written()?;
    database::remove(&base)
}

/// A number with its limit.
struct Counted {
    words: &'static str,
    count: f64,
    limit: f64,
}

pub(crate) fn main(args: &Args) -> Outcome {
    let bodies = Bodies::prepare(&args.folder.join("bodies"), ITEMS, true)?;
    let scratch = tempfile::Builder::new().prefix("scratch-").tempdir_in(&args.folder)?;
    let engine = Engine { program: args.engine.clone(), scratch: scratch.path().to_owned() };
    let mut panel = Panel::start(false)?;
    let tally = written(&engine, &mut panel, &bodies)?;
    let [first, unchanged] = allocations(args)?;
    #[expect(clippy::cast_precision_loss, reason = "all of these are small")]
    let counted = |words, count: u64, limit| Counted { words, count: count as f64, limit };
    let kib = |count: u64| count / 1024;
    let counts = [
        counted("unchanged: rows of content", tally.unchanged.content_rows(), 0.0),
        counted("unchanged: pages of item tables and their indexes", tally.unchanged.item_pages(), 0.0),
        counted("unchanged: bytes added to database and log", tally.unchanged.bytes, BOOKKEEPING),
        counted("one movie more at the top: rows of content", tally.shifted.content_rows(), SHIFT_ROWS),
        counted("1 % changed: KiB added to database and log", kib(tally.changed.bytes), CHANGED_KIB),
        counted("first: requests", tally.requests[0], REQUESTS),
        counted("unchanged: requests", tally.requests[1], REQUESTS),
        counted("first: memory at its highest, MiB", kib(tally.peak_kib[0]), FIRST_MIB),
        counted("unchanged: memory at its highest, MiB", kib(tally.peak_kib[1]), UNCHANGED_MIB),
        Counted { words: "first: allocations an item", count: first, limit: FIRST_ALLOCATIONS },
        Counted { words: "unchanged: allocations an item", count: unchanged, limit: UNCHANGED_ALLOCATIONS },
    ];
    let mut beyond = 0;
    for Counted { words, count, limit } in &counts {
        let holds = Bound::AtMost(*limit).holds(*count);
        beyond += usize::from(!holds);
        println!("{words:<52} {count:>10.2}   at most {limit:>7}   {}", if holds { "" } else { "TOO MUCH" });
    }
    match beyond {
        0 => Ok(()),
        _ => Err(format!("{beyond} counts are beyond their limits").into()),
    }
}

/// Returns the allocations per item of a first sync, and of a sync without changes: the difference between 3000 items
/// and 1000.
fn allocations(args: &Args) -> Outcome<[f64; 2]> {
    let blocks = |items: &str| -> Outcome<[f64; 2]> {
        let output = Command::new(&args.allocations).arg(items).stderr(std::process::Stdio::inherit()).output()?;
        let said = String::from_utf8(output.stdout)?;
        let mut numbers = said.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
        match (numbers.next(), numbers.next()) {
            (Some(first), Some(second)) => Ok([first, second]),
            _ => Err(format!("{} says {said:?}", args.allocations.display()).into()),
        }
    };
    let (few, many) = (blocks("1000")?, blocks("3000")?);
    Ok([0, 1].map(|at| (many[at] - few[at]) / 2000.0))
}
