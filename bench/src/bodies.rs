//! The answers of the panel. They are made once from the simulated panel's catalogue, and kept between runs.
//!
//! Besides the catalogue itself, there are three versions that follow it, each of the next day at the panel.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sync_tests::{Catalogue, CatalogueConfig, Changes, Kind, Shape, Step};

use crate::Outcome;

/// A version of the panel's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Version {
    /// The catalogue as a first sync finds it.
    First,
    /// 1 % of the items changed, 0.5 % are new, 0.5 % are gone. A channel keeps the number that viewers dial.
    Changed,
    /// The same, from a panel that counts its channels anew, so that each has another number.
    Renumbered,
    /// One more movie, at the top, so that `num` of all others changes.
    Shifted,
}

impl Version {
    const ALL: [Self; 4] = [Self::First, Self::Changed, Self::Renumbered, Self::Shifted];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Changed => "changed",
            Self::Renumbered => "renumbered",
            Self::Shifted => "shifted",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// Returns the version that has the bodies that this version's folder lacks.
    const fn like(self) -> Self {
        match self {
            Self::Renumbered => Self::Changed,
            Self::First | Self::Changed | Self::Shifted => Self::First,
        }
    }
}

/// The counts that a right sync reports, over all kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) added: u64,
    pub(crate) updated: u64,
    pub(crate) refreshed: u64,
    pub(crate) removed: u64,
}

impl Counts {
    fn of(changes: &Changes) -> Self {
        let count = |ids: &std::collections::BTreeSet<i64>| ids.len() as u64;
        Self {
            added: count(&changes.added),
            updated: count(&changes.updated),
            refreshed: count(&changes.refreshed),
            removed: count(&changes.removed),
        }
    }

    fn add(&mut self, other: Self) {
        self.added += other.added;
        self.updated += other.updated;
        self.refreshed += other.refreshed;
        self.removed += other.removed;
    }
}

/// Returns the action that asks for the categories of a kind, and the one that asks for its listing.
pub(crate) const fn actions(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Channels => ["get_live_categories", "get_live_streams"],
        Kind::Movies => ["get_vod_categories", "get_vod_streams"],
        Kind::Series => ["get_series_categories", "get_series"],
    }
}

/// The bodies of a catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    folder: PathBuf,
    /// The number of items of all kinds.
    pub(crate) items: usize,
}

impl Bodies {
    /// Returns the bodies in a folder.
    pub(crate) fn at(folder: &Path) -> Outcome<Self> {
        let items = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        Ok(Self { folder: folder.to_owned(), items: items.ok_or("a folder of bodies is named by its items")? })
    }

    /// Returns the bodies of a catalogue of this size, in `home`. They are made if they are missing or of another
    /// generator.
    pub(crate) fn prepare(home: &Path, items: usize, all_versions: bool) -> Outcome<Self> {
        let bodies = Self { folder: home.join(items.to_string()), items };
        let (stamp, wanted) = (bodies.folder.join("made-by"), stamp(all_versions));
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(bodies);
        }
        eprintln!("Making the answers of a panel with {items} items (kept in {}).", bodies.folder.display());
        if bodies.folder.exists() {
            fs::remove_dir_all(&bodies.folder)?;
        }
        for version in Version::ALL {
            fs::create_dir_all(bodies.folder.join(version.name()))?;
        }
        bodies.make(all_versions)?;
        fs::write(stamp, wanted)?;
        Ok(bodies)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of the body of an action.
    pub(crate) fn path(&self, version: Version, action: &str) -> PathBuf {
        let own = self.folder.join(version.name()).join(format!("{action}.json"));
        if own.exists() || version == Version::First { own } else { self.path(version.like(), action) }
    }

    /// Returns the path of the body as gzip. Only the first version has it.
    pub(crate) fn gzip_path(&self, action: &str) -> PathBuf {
        self.folder.join(Version::First.name()).join(format!("{action}.json.gz"))
    }

    /// Returns the bytes of all bodies of the first version, plain and as gzip.
    pub(crate) fn bytes(&self) -> Outcome<(u64, u64)> {
        let mut sum = (0, 0);
        for action in Kind::ALL.into_iter().flat_map(actions) {
            sum.0 += fs::metadata(self.path(Version::First, action))?.len();
            sum.1 += fs::metadata(self.gzip_path(action)).map_or(0, |found| found.len());
        }
        Ok(sum)
    }

    /// Returns the counts that a right sync from the first version to this one reports.
    pub(crate) fn expected(&self, version: Version) -> Outcome<Counts> {
        let file = self.folder.join(version.name()).join("expected.json");
        Ok(serde_json::from_slice(&fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?)?)
    }

    fn make(&self, all_versions: bool) -> Outcome {
        let [mut changed, mut renumbered, mut shifted] = [Counts::default(); 3];
        for kind in Kind::ALL {
            let mut catalogue = Catalogue::new(&config(self.items, kind));
            let [categories, listing] = actions(kind);
            let first = catalogue.render(kind, Shape::Array, None);
            self.write(Version::First, categories, &catalogue.render_categories(kind, Shape::Array))?;
            self.write(Version::First, listing, &first)?;
            if !all_versions {
                continue;
            }
            for action in [categories, listing] {
                let gzip = gzip(&fs::read(self.path(Version::First, action))?)?;
                fs::write(self.gzip_path(action), gzip)?;
            }
            if kind == Kind::Movies {
                let step = Step { added_percent: f64::MIN_POSITIVE, kinds: vec![kind], ..Step::default() };
                let mut catalogue = catalogue.clone();
                shifted.add(Counts::of(catalogue.advance(&step).of(kind)));
                self.write(Version::Shifted, listing, &catalogue.render(kind, Shape::Array, None))?;
            }
            let step = Step {
                added_percent: 0.5,
                updated_percent: 1.0,
                removed_percent: 0.5,
                kinds: vec![kind],
                ..Step::default()
            };
            let counts = Counts::of(catalogue.advance(&step).of(kind));
            renumbered.add(counts);
            let body = catalogue.render(kind, Shape::Array, None);
            if kind == Kind::Channels {
                changed.add(Counts { refreshed: 0, ..counts });
                self.write(Version::Changed, listing, &numbered_as(&body, &first)?)?;
                self.write(Version::Renumbered, listing, &body)?;
            } else {
                changed.add(counts);
                self.write(Version::Changed, listing, &body)?;
            }
        }
        for (version, counts) in
            [(Version::Changed, changed), (Version::Renumbered, renumbered), (Version::Shifted, shifted)]
        {
            fs::write(self.folder.join(version.name()).join("expected.json"), serde_json::to_vec(&counts)?)?;
        }
        Ok(())
    }

    fn write(&self, version: Version, action: &str, body: &[u8]) -> Outcome {
        Ok(fs::write(self.folder.join(version.name()).join(format!("{action}.json")), body)?)
    }
}

/// Returns the counts of a catalogue: 40 channels and 40 series per 150 movies.
fn config(items: usize, kind: Kind) -> CatalogueConfig {
    let other = items * 40 / 230;
    let count = |own| match own {
        _ if own != kind => 0,
        Kind::Channels | Kind::Series => other,
        Kind::Movies => items - 2 * other,
    };
    CatalogueConfig {
        channels: count(Kind::Channels),
        movies: count(Kind::Movies),
        series: count(Kind::Series),
        ..CatalogueConfig::default()
    }
}

/// Returns a text that changes with the generator, and with the versions that are made from it here.
fn stamp(all_versions: bool) -> String {
    const HERE: u32 = 1;
    let mut catalogue = Catalogue::new(&CatalogueConfig::small(1));
    catalogue.advance(&Step::ordinary());
    let bodies: Vec<u8> = Kind::ALL.into_iter().flat_map(|kind| catalogue.render(kind, Shape::Array, None)).collect();
    format!("{HERE} {all_versions} {:016x}\n", xxhash_rust::xxh3::xxh3_64(&bodies))
}

pub(crate) fn gzip(body: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

#[derive(Deserialize)]
struct Numbered {
    num: i64,
    stream_id: serde_json::Value,
}

impl Numbered {
    fn read(element: &RawValue) -> Outcome<(String, i64)> {
        let Self { num, stream_id } = serde_json::from_str(element.get())?;
        Ok((stream_id.as_str().map_or_else(|| stream_id.to_string(), str::to_owned), num))
    }
}

/// Returns a listing in which every channel has its number from another listing. New channels get higher numbers.
fn numbered_as(body: &[u8], first: &[u8]) -> Outcome<Vec<u8>> {
    let first: Vec<&RawValue> = serde_json::from_slice(first)?;
    let numbers = first.into_iter().map(Numbered::read).collect::<Outcome<std::collections::HashMap<_, _>>>()?;
    let mut next = numbers.values().max().copied().unwrap_or_default();
    let mut out = vec![b'['];
    for element in serde_json::from_slice::<Vec<&RawValue>>(body)? {
        let (id, _) = Numbered::read(element)?;
        let number = numbers.get(&id).copied().unwrap_or_else(|| {
            next += 1;
            next
        });
        let rest = element.get().strip_prefix("{\"num\":").and_then(|rest| Some(&rest[rest.find(',')?..]));
        if out.len() > 1 {
            out.push(b',');
        }
        write!(out, "{{\"num\":{number}{}", rest.ok_or("a channel does not begin with its number")?)?;
    }
    out.push(b']');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_keep_their_numbers() {
        let first = br#"[{"num":1,"name":"a","stream_id":7},{"num":2,"name":"b","stream_id":"8"}]"#;
        let body = br#"[{"num":1,"name":"c","stream_id":9},{"num":2,"name":"B","stream_id":"8"}]"#;
        let kept = numbered_as(body, first).unwrap();
        let expected = r#"[{"num":3,"name":"c","stream_id":9},{"num":2,"name":"B","stream_id":"8"}]"#;
        assert_eq!(String::from_utf8(kept).unwrap(), expected);
    }

    #[test]
    fn bodies_are_made_once_with_their_expected_counts() {
        let home = tempfile::tempdir().unwrap();
        let bodies = Bodies::prepare(home.path(), 2300, true).unwrap();
        let counts = bodies.expected(Version::Changed).unwrap();
        assert_eq!(counts, Counts { added: 12, updated: 23, refreshed: 0, removed: 12 });
        assert_eq!(bodies.expected(Version::Shifted).unwrap(), Counts { added: 1, ..Counts::default() });
        assert!(bodies.expected(Version::Renumbered).unwrap().refreshed > 100);
        let listing = |version, action| fs::read(bodies.path(version, action)).unwrap();
        assert_eq!(listing(Version::Shifted, "get_series"), listing(Version::First, "get_series"));
        assert_ne!(listing(Version::Shifted, "get_vod_streams"), listing(Version::First, "get_vod_streams"));
        let (plain, gzip) = bodies.bytes().unwrap();
        assert!(plain > 1_000_000 && gzip < plain / 3, "{plain} {gzip}");
        let made = fs::metadata(bodies.path(Version::First, "get_series")).unwrap().modified().unwrap();
        let again = Bodies::prepare(home.path(), 2300, true).unwrap();
        assert_eq!(fs::metadata(again.path(Version::First, "get_series")).unwrap().modified().unwrap(), made);
    }
}
