//! The lists of a panel with the channels of iptv-org and the films of Wikipedia.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::table;
use crate::Outcome;

/// The file with the films.
pub(super) const FILMS: &str = "wikipedia-movies-1900-2023.json";

/// The tables of a date, by the name of a file.
const TABLES: [&str; 3] = ["channels", "feeds", "logos"];

const YEAR: i64 = 31_556_952;

/// How the panel numbers its channels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Ids {
    /// By a counter, as panels do: new channels of the second list get the next numbers.
    #[default]
    Counter,
    /// By 48 bits of a hash.
    Hash,
}

/// The files of two dates.
pub(super) struct Found {
    pub(super) dates: [String; 2],
    tables: [[PathBuf; 3]; 2],
    films: Option<PathBuf>,
}

/// The answers of the panel.
pub(super) struct Lists {
    /// The channels of each date, and their number.
    pub(super) live: [(Vec<u8>, usize); 2],
    pub(super) categories: Vec<u8>,
    pub(super) films: Option<Vec<u8>>,
    pub(super) film_categories: Vec<u8>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: String,
    categories: String,
}

#[derive(Deserialize)]
struct Feed {
    channel: String,
    id: String,
    name: String,
    is_main: String,
}

#[derive(Deserialize)]
struct Logo {
    channel: String,
    feed: String,
    /// Older tables don't have this column. All of their logos are in use.
    in_use: Option<String>,
    url: String,
}

#[derive(Deserialize)]
struct Film {
    title: String,
    year: i64,
    #[serde(default)]
    cast: Vec<String>,
    #[serde(default)]
    genres: Vec<String>,
    extract: Option<String>,
    thumbnail: Option<String>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "panels call them so")]
struct Category<'a> {
    category_id: String,
    category_name: &'a str,
    parent_id: i64,
}

/// A channel as a panel lists it.
#[derive(Serialize)]
struct LiveStream<'a> {
    num: usize,
    name: &'a str,
    stream_type: &'a str,
    stream_id: u64,
    stream_icon: &'a str,
    epg_channel_id: &'a str,
    added: String,
    custom_sid: &'a str,
    tv_archive: u8,
    direct_source: &'a str,
    tv_archive_duration: u8,
    category_id: &'a str,
    category_ids: Vec<u64>,
}

/// A movie as a panel lists it in the long form.
#[derive(Serialize)]
struct Movie<'a> {
    num: usize,
    name: &'a str,
    title: &'a str,
    year: String,
    stream_type: &'a str,
    stream_id: usize,
    stream_icon: &'a str,
    rating: u8,
    rating_5based: u8,
    added: String,
    genre: String,
    cast: String,
    plot: &'a str,
    category_id: String,
    category_ids: Vec<usize>,
    container_extension: &'a str,
    custom_sid: &'a str,
    direct_source: &'a str,
}

impl Found {
    /// Finds the tables of the first and the last date in a folder.
    pub(super) fn look(folder: &Path) -> Outcome<Self> {
        let needs = "the folder must have iptv-org-channels-DATE.csv, iptv-org-feeds-DATE.csv and \
                     iptv-org-logos-DATE.csv (or .csv.xz) of two dates, from github.com/iptv-org/database";
        let mut dates = BTreeSet::new();
        let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}; {needs}", folder.display()))?;
        for entry in entries {
            let name = entry?.file_name();
            let rest = name.to_str().and_then(|name| name.strip_prefix("iptv-org-feeds-"));
            dates.extend(rest.and_then(|rest| rest.split('.').next()).map(str::to_owned));
        }
        let (Some(first), Some(last)) = (dates.pop_first(), dates.pop_last()) else {
            return Err(format!("{}: there are no two dates; {needs}", folder.display()).into());
        };
        let of_date = |date: &str| -> Outcome<[PathBuf; 3]> {
            let find = |table: &str| {
                let name = format!("iptv-org-{table}-{date}.csv");
                table::find(folder, &name).ok_or_else(|| format!("{name} is missing; {needs}"))
            };
            let [channels, feeds, logos] = TABLES.map(find);
            Ok([channels?, feeds?, logos?])
        };
        let tables = [of_date(&first)?, of_date(&last)?];
        Ok(Self { tables, dates: [first, last], films: table::find(folder, FILMS) })
    }

    /// Reads the tables, and makes lists from them.
    pub(super) fn read(&self, ids: Ids) -> Outcome<Lists> {
        let mut clock = Clock::new(&self.dates)?;
        let channels = [table::rows::<Channel>(&self.tables[0][0])?, table::rows::<Channel>(&self.tables[1][0])?];
        let mut names: BTreeSet<&str> = channels.iter().flatten().flat_map(|it| it.categories.split(';')).collect();
        names.insert(UNDEFINED);
        names.remove("");
        let categories: BTreeMap<&str, u64> = names.into_iter().zip(1..).collect();
        let mut numbers = Numbers { ids, known: HashMap::new() };
        let mut live = Vec::new();
        for (channels, tables) in channels.iter().zip(&self.tables) {
            let feeds = table::rows::<Feed>(&tables[1])?;
            let logos = table::rows::<Logo>(&tables[2])?;
            live.push((listing(channels, &feeds, &logos, &categories, &mut numbers, &clock)?, feeds.len()));
            clock.next();
        }
        let listed: Vec<_> = categories
            .iter()
            .map(|(name, id)| Category { category_id: id.to_string(), category_name: name, parent_id: 0 })
            .collect();
        let (films, film_categories) = match &self.films {
            Some(path) => films(path)?,
            None => (None, b"[]".to_vec()),
        };
        let live = live.try_into().map_err(|_| "there are two dates")?;
        Ok(Lists { live, categories: serde_json::to_vec(&listed)?, films, film_categories })
    }
}

const UNDEFINED: &str = "undefined";

/// The numbers of the channels, and the times at which they were added.
struct Numbers {
    ids: Ids,
    known: HashMap<String, (u64, i64)>,
}

impl Numbers {
    fn of(&mut self, guide_id: &str, clock: &Clock) -> (u64, i64) {
        let hash = xxh3_64(guide_id.as_bytes());
        let next = self.known.len() as u64 + 1;
        let id = if self.ids == Ids::Counter { next } else { (hash >> 16).max(1) };
        *self.known.entry(guide_id.to_owned()).or_insert_with(|| (id, clock.within(hash)))
    }
}

/// The span of the times at which channels were added: for the first list within the three years before it, and for
/// others between the two dates.
struct Clock {
    from: i64,
    to: i64,
    last: i64,
}

impl Clock {
    fn new(dates: &[String; 2]) -> Outcome<Self> {
        let seconds = |date: &String| -> Outcome<i64> {
            let date: chrono::NaiveDate = date.parse().map_err(|_| format!("{date} is no date"))?;
            Ok(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp())
        };
        let (first, last) = (seconds(&dates[0])?, seconds(&dates[1])?);
        Ok(Self { from: first - 3 * YEAR, to: first, last })
    }

    const fn next(&mut self) {
        (self.from, self.to) = (self.to, self.last);
    }

    /// Returns a time that looks random, but is the same in each run.
    fn within(&self, hash: u64) -> i64 {
        let span = (self.to - self.from).unsigned_abs().max(1);
        self.from.saturating_add_unsigned(hash % span)
    }
}

fn listing(
    channels: &[Channel],
    feeds: &[Feed],
    logos: &[Logo],
    categories: &BTreeMap<&str, u64>,
    numbers: &mut Numbers,
    clock: &Clock,
) -> Outcome<Vec<u8>> {
    let channels: HashMap<&str, &Channel> = channels.iter().map(|channel| (channel.id.as_str(), channel)).collect();
    let mut icons: HashMap<(&str, &str), &str> = HashMap::new();
    for logo in logos.iter().filter(|logo| logo.in_use.as_deref().is_none_or(|word| word == "TRUE")) {
        icons.entry((&logo.channel, &logo.feed)).or_insert(&logo.url);
    }
    let mut listed = Vec::new();
    for (num, feed) in (1..).zip(feeds) {
        let channel = channels.get(feed.channel.as_str()).copied();
        let name = channel.map_or(feed.channel.as_str(), |channel| &channel.name);
        let name = if feed.is_main == "TRUE" { name.to_owned() } else { format!("{name} {}", feed.name) };
        let guide_id = format!("{}@{}", feed.channel, feed.id);
        let of_feed = icons.get(&(feed.channel.as_str(), feed.id.as_str()));
        let icon = of_feed.or_else(|| icons.get(&(feed.channel.as_str(), ""))).copied().unwrap_or_default();
        let own = channel.map_or("", |channel| &channel.categories);
        let own = if own.is_empty() { UNDEFINED } else { own };
        let ids: Vec<u64> = own.split(';').filter_map(|name| categories.get(name).copied()).collect();
        let (stream_id, added) = numbers.of(&guide_id, clock);
        let stream = LiveStream {
            num,
            name: &name,
            stream_type: "live",
            stream_id,
            stream_icon: icon,
            epg_channel_id: &guide_id,
            added: added.to_string(),
            custom_sid: "",
            tv_archive: 0,
            direct_source: "",
            tv_archive_duration: 0,
            category_id: &ids.first().map(u64::to_string).unwrap_or_default(),
            category_ids: ids,
        };
        listed.push(serde_json::to_string(&stream)?);
    }
    Ok(array(&listed))
}

/// Returns the films, and their categories, which are their genres.
fn films(path: &Path) -> Outcome<(Option<Vec<u8>>, Vec<u8>)> {
    let films: Vec<Film> = serde_json::from_reader(std::io::BufReader::new(table::open(path)?))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let names: BTreeSet<&str> = films.iter().flat_map(|film| &film.genres).map(String::as_str).collect();
    let ids: BTreeMap<&str, usize> = names.into_iter().chain([UNDEFINED]).zip(1..).collect();
    let mut listed = Vec::new();
    for (id, film) in (1..).zip(&films) {
        let mut own: Vec<usize> = film.genres.iter().filter_map(|genre| ids.get(genre.as_str()).copied()).collect();
        if own.is_empty() {
            own.push(ids[UNDEFINED]);
        }
        let movie = Movie {
            num: id,
            name: &film.title,
            title: &film.title,
            year: film.year.to_string(),
            stream_type: "movie",
            stream_id: id,
            stream_icon: film.thumbnail.as_deref().unwrap_or_default(),
            rating: 0,
            rating_5based: 0,
            added: (1_600_000_000 + id * 600).to_string(),
            genre: film.genres.join(", "),
            cast: film.cast.join(", "),
            plot: film.extract.as_deref().unwrap_or_default(),
            category_id: own[0].to_string(),
            category_ids: own,
            container_extension: "mp4",
            custom_sid: "",
            direct_source: "",
        };
        listed.push(serde_json::to_string(&movie)?);
    }
    let categories: Vec<_> = ids
        .iter()
        .map(|(name, id)| Category { category_id: id.to_string(), category_name: name, parent_id: 0 })
        .collect();
    Ok((Some(array(&listed)), serde_json::to_vec(&categories)?))
}

/// Returns an array as PHP prints it: slashes and all characters beyond ASCII are escaped.
fn array(elements: &[String]) -> Vec<u8> {
    let text = elements.join(",");
    let mut out = String::with_capacity(text.len() * 5 / 4);
    out.push('[');
    for character in text.chars() {
        match character {
            '/' => out.push_str("\\/"),
            ascii if ascii.is_ascii() => out.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]).iter() {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push(']');
    out.into_bytes()
}
