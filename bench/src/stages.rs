//! The pure stages by themselves, for a tool that counts instructions.
//!
//! The number of instructions does not depend on the load of the machine. `valgrind` is used if it is installed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use sync_core::source::Entry;
use sync_core::testing::ItemBuilder;
use sync_core::{ChangePolicy, ContentId, ContentKind, Differ, Digest, DigestScheme, Fingerprint, ListingIndex};
use sync_tests::{Catalogue, CatalogueConfig, Kind, Shape};
use sync_xtream::bench;
use xxhash_rust::xxh3::xxh3_64;

use crate::Outcome;
use crate::floor::elements::Elements;

/// The stages, by name, each with its work for one element.
pub(crate) const STAGES: [(&str, &str); 7] = [
    ("split-floor", "find a movie in the panel's bytes and hash it, as the floor does"),
    ("split", "find a movie in the panel's bytes"),
    ("recognise", "find a movie in the panel's bytes and see that it is as known"),
    ("decode", "find a movie in the panel's bytes and decode it"),
    ("fingerprint", "take the fingerprint of a movie"),
    ("diff-same", "diff a movie that is as known"),
    ("diff-new", "diff a movie of which nothing is known"),
];

/// The number of elements of a run under the tool, which makes everything fifty times slower.
const ELEMENTS: usize = 5000;

/// The bytes of a piece, about as many as one read of a fast connection gives.
const PIECE: usize = 400_000;

/// The digests here are random, so they have a scheme that doesn't exist.
const SCHEME: DigestScheme = DigestScheme(u32::MAX);

/// Runs a stage. Only the part within [`counted`] counts.
pub(crate) fn main(name: &str, elements: usize) -> Outcome {
    let ids: Vec<i64> = (1..=i64::try_from(elements)?).collect();
    let movies = || ids.iter().map(|id| ItemBuilder::of(ContentKind::Movies, *id).with("plot", &"A plot. ".repeat(20)));
    let came_to = match name {
        "split-floor" | "split" | "recognise" | "decode" => wire(name, elements)?,
        "fingerprint" => {
            let items: Vec<_> = movies().map(ItemBuilder::item).collect();
            counted(&mut || items.iter().map(|item| Fingerprint::of(item).0).fold(0, u64::wrapping_add))
        }
        "diff-same" => diff(&ids, ids.iter().map(|id| Entry::Same(ContentId(*id))).collect())?,
        "diff-new" => {
            diff(&[], movies().map(|movie| Entry::Item(Box::new(movie.listed()), Some(Digest(1)))).collect())?
        }
        _ => return Err(format!("there is no stage {name}").into()),
    };
    println!("{came_to}");
    Ok(())
}

/// Runs a stage of the wire, over movies as the simulated panel lists them.
fn wire(name: &str, elements: usize) -> Outcome<u64> {
    let sizes = CatalogueConfig { channels: 0, movies: elements, series: 0, ..CatalogueConfig::default() };
    let body = Catalogue::new(&sizes).render(Kind::Movies, Shape::Array, None);
    let decode = |known| {
        let mut count = 0;
        bench::decode(ContentKind::Movies, &body, PIECE, known, |entries| count += entries.len());
        count
    };
    let known = (name == "recognise").then(|| bench::index(ContentKind::Movies, &body));
    let came_to = counted(&mut || match name {
        "split-floor" => {
            let (mut count, mut sum) = (0, 0u64);
            Elements::default().scan(&body, |element| {
                count += 1;
                sum = sum.wrapping_add(xxh3_64(element));
            });
            std::hint::black_box(sum);
            count
        }
        "split" => bench::split(&body, PIECE) as u64,
        _ => decode(known.clone()) as u64,
    });
    if came_to != elements as u64 {
        return Err(format!("{came_to} of {elements} elements were found").into());
    }
    Ok(came_to)
}

fn diff(known: &[i64], entries: Vec<Entry>) -> Outcome<u64> {
    let known = ListingIndex::new(SCHEME, known.iter().map(|id| (ContentId(*id), Digest(id.unsigned_abs()))))?;
    let mut differ = Differ::new(ContentKind::Movies, Arc::new(known), SCHEME, ChangePolicy::Fingerprint, true);
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    for entry in entries {
        match batches.last_mut() {
            Some(batch) if batch.len() < 500 => batch.push(entry),
            _ => batches.push(vec![entry]),
        }
    }
    Ok(counted(&mut || {
        for mut batch in batches.drain(..) {
            differ.prepare(&mut batch);
            differ.resolve(batch, Vec::new(), Vec::new()).expect("what is the same is known");
        }
        differ.counts().unchanged + differ.counts().added
    }))
}

/// Does the work that the tool counts. The function must not be inlined, because the tool counts by its name.
#[inline(never)]
fn counted(work: &mut dyn FnMut() -> u64) -> u64 {
    std::hint::black_box(work())
}

/// Returns the instructions for one element of each stage, by its name; `None` without the tool.
pub(crate) fn instructions() -> Option<Vec<(&'static str, u64)>> {
    STAGES.iter().map(|(name, _)| Some((*name, of_stage(name)?))).collect()
}

/// Runs a program under valgrind. Returns its output, and the instructions of all its threads.
pub(crate) fn under_valgrind(program: &Path, args: &[&str]) -> Outcome<(String, f64)> {
    let mut call = Command::new("valgrind");
    call.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).args(args);
    for name in ["NO_PROXY", "no_proxy"] {
        call.env(name, "127.0.0.1,localhost");
    }
    let output = call.stdin(Stdio::null()).output().map_err(|error| format!("valgrind can't be started: {error}"))?;
    let said = String::from_utf8(output.stderr)?;
    let count = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok((String::from_utf8(output.stdout)?, count)),
        _ => Err(format!("{} under valgrind: {}\n{said}", program.display(), output.status).into()),
    }
}

fn of_stage(name: &str) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*stages*counted*"])
        .arg(std::env::current_exe().ok()?)
        .args(["stage", name, &ELEMENTS.to_string()])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(output.stderr).ok()?;
    let collected = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse::<u64>().ok())?;
    (collected > 0).then_some(collected / ELEMENTS as u64)
}
