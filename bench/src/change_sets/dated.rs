//! Two dated lists of real channels, as a panel's lists: the size of a change set between them, compared with the new
//! list.
//!
//! A panel serves the older list and then the newer one to the command. The changes between the two are exported, and
//! applied to a second cache, which must then be equal to the first.

mod lists;
mod table;

use std::path::{Path, PathBuf};

use serde_json::Value;
use sync_tests::Kind;

use crate::Outcome;
use crate::bodies::{Bodies, Version, actions, gzip};
use crate::change_sets::cache::Cache;
use crate::change_sets::{Table, equal, size};
use crate::database::PROFILE;
use crate::engine::Engine;
use crate::figures::Bound;
use crate::panel::Panel;
use lists::{FILMS, Found, Ids};

/// The arguments of the measurement.
///
/// The folder has the tables of channels, feeds and logos of the public project iptv-org/database at two dates:
/// iptv-org-channels-DATE.csv, iptv-org-feeds-DATE.csv and iptv-org-logos-DATE.csv, with dates such as 2026-03-13, each
/// also as .csv.xz. If wikipedia-movies-1900-2023.json (or .json.xz) of prust/wikipedia-movie-data is there, the panel
/// has its films as movies, the same ones at both dates.
///
/// A feed of a channel is a channel of the panel. Its id is that of the entry in the panel, its name has the names of
/// channel and feed, its guide id is "channel@feed", its categories are those of the channel, and its icon is the logo
/// that is in use.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The command to be measured
    #[arg(long)]
    engine: PathBuf,
    /// Where the scratch folder is made
    #[arg(long, default_value = "target/bench")]
    scratch: PathBuf,
    /// The folder with the lists
    folder: PathBuf,
    /// How the panel numbers its channels: in the order in which they came, or by a hash of channel and feed
    #[arg(long, value_enum, default_value_t)]
    ids: Ids,
}

/// The greatest size of a set, as a share of the gzip of the new lists.
const SHARE: f64 = 3.8;

pub(crate) fn main(args: &Args) -> Outcome {
    let found = Found::look(&args.folder)?;
    let lists = found.read(args.ids)?;
    std::fs::create_dir_all(&args.scratch)?;
    let scratch = tempfile::Builder::new().prefix("dated-").tempdir_in(&args.scratch)?;
    let bodies = write(scratch.path(), &lists)?;
    let engine = Engine { program: args.engine.clone(), scratch: scratch.path().to_owned() };
    let [sender, follower] = ["sender.db", "follower.db"].map(|name| Cache::at(&engine, name));
    let [whole, increment, plain] = ["whole", "increment", "plain"].map(|name| scratch.path().join(name));

    let mut panel = Panel::start(false)?;
    panel.serve(&bodies, Version::First)?;
    sender.add_profile(panel.url())?;
    let first = sync(&sender)?;
    sender.export(&whole, &[])?;
    follower.apply(&whole)?;
    let since = sender.position()?;
    panel.serve(&bodies, Version::Changed)?;
    let second = sync(&sender)?;
    sender.export(&increment, &["--since", &since])?;
    sender.export(&plain, &["--since", &since, "--without-display"])?;
    follower.apply(&increment)?;
    equal::verify(&sender.path, &follower.path)?;

    let bytes = |version, kind| -> Outcome<f64> {
        let [_, listing] = actions(kind);
        let gzip = gzip(&std::fs::read(bodies.path(version, listing))?)?;
        #[expect(clippy::cast_precision_loss, reason = "a list is far smaller than 2^52 bytes")]
        Ok(gzip.len() as f64)
    };
    let (live, films) = (bytes(Version::Changed, Kind::Channels)?, bytes(Version::Changed, Kind::Movies)?);
    let (increment, plain) = (size(&increment)?, size(&plain)?);
    println!("{} and {}: {first}; then {second}\n", found.dates[0], found.dates[1]);
    let mut table = Table::default();
    table.once("gzip -6 of the new list of channels", live, "bytes", Bound::None);
    if lists.films.is_some() {
        table.once("gzip -6 of the list of films, the same at both dates", films, "bytes", Bound::None);
    }
    table.once("the set", increment, "bytes", Bound::None);
    table.once("… without display fields", plain, "bytes", Bound::None);
    table.once("the set, of the gzip of the new list of channels", 100.0 * increment / live, "%", Bound::None);
    if lists.films.is_some() {
        let share = 100.0 * increment / (live + films);
        table.once("the set, of the gzip of all new lists", share, "%", Bound::AtMost(SHARE));
        table.once("… without display fields", 100.0 * plain / (live + films), "%", Bound::None);
    }
    table.print();
    if lists.films.is_none() {
        println!("\nThe bar of {SHARE} % is for a panel that has the films too; {FILMS} is not in the folder.");
    }
    Ok(())
}

/// Syncs the lists, with consent to all removals. Returns the counts in words.
fn sync(cache: &Cache) -> Outcome<String> {
    let args = ["sync", PROFILE, "--json", "--only", "channels,movies", "--accept-removals"];
    let line: Value = serde_json::from_str(cache.run(&args)?.0.trim())?;
    let held: u64 = ["channels", "movies"].iter().filter_map(|kind| line["kinds"][kind]["held"].as_u64()).sum();
    if line["status"] != "completed" || held > 0 {
        return Err(format!("the sync did not complete: {line}").into());
    }
    let words = ["channels", "movies"].map(|kind| {
        let count = |name: &str| line["kinds"][kind][name].as_u64().unwrap_or_default();
        let [added, updated, removed] = ["added", "updated", "removed"].map(count);
        format!("{kind} {added} added, {updated} updated, {removed} removed")
    });
    Ok(words.join(", "))
}

/// Writes the answers of the panel.
fn write(scratch: &Path, lists: &lists::Lists) -> Outcome<Bodies> {
    let folder = scratch.join(lists.live[1].1.to_string());
    for (version, (body, _)) in [Version::First, Version::Changed].into_iter().zip(&lists.live) {
        let folder = folder.join(version.name());
        std::fs::create_dir_all(&folder)?;
        let file = |action: &str| folder.join(format!("{action}.json"));
        std::fs::write(file("get_live_streams"), body)?;
        std::fs::write(file("get_live_categories"), &lists.categories)?;
        if version == Version::First {
            let films = lists.films.as_deref().unwrap_or(b"[]");
            std::fs::write(file("get_vod_streams"), films)?;
            std::fs::write(file("get_vod_categories"), &lists.film_categories)?;
            std::fs::write(file("get_series"), b"[]")?;
            std::fs::write(file("get_series_categories"), b"[]")?;
        }
    }
    Bodies::at(&folder)
}
