//! The writes of a run, seen from outside: the rows that differ before and after it, and the pages in the write-ahead
//! log.
//!
//! A reader from before the run keeps the log from being emptied, so all of it can be read afterwards. Rows show
//! changes. Pages also show rows that were deleted and written again.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use crate::Outcome;
use crate::database::beside;

/// The tables that every run writes, to record that it ran and when.
const BOOKKEEPING: [&str; 8] = [
    "xtream_account_paces",
    "xtream_content_sync",
    "xtream_listing_validators",
    "xtream_panel_facts",
    "xtream_profiles",
    "xtream_sync_run_kinds",
    "xtream_sync_runs",
    "sqlite_sequence",
];

/// For each table, a digest of each row by a digest of its key.
type Rows = BTreeMap<String, HashMap<u64, u64>>;

/// A cache before a run.
#[derive(Debug)]
pub(crate) struct Before {
    path: PathBuf,
    /// A connection inside a transaction that has read the cache as it was.
    reader: Connection,
    rows: Rows,
    length: u64,
}

/// The writes of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Written {
    /// The rows that were added, changed or removed, by table.
    pub(crate) rows: BTreeMap<String, u64>,
    /// The bytes by which database and log have grown.
    pub(crate) bytes: u64,
    /// The pages in the log, by their table or index.
    pub(crate) pages: BTreeMap<String, u64>,
}

impl Written {
    /// Returns the rows of items, categories, digests and changes: all except the bookkeeping.
    pub(crate) fn content_rows(&self) -> u64 {
        self.rows.iter().filter(|(table, _)| !BOOKKEEPING.contains(&table.as_str())).map(|(_, rows)| rows).sum()
    }

    /// Returns the pages of the tables of items and of their indexes.
    pub(crate) fn item_pages(&self) -> u64 {
        let tables = ["xtream_channels", "xtream_movies", "xtream_series"];
        let of_items = |name: &str| tables.iter().any(|table| is_of(name, table));
        self.pages.iter().filter(|(name, _)| of_items(name)).map(|(_, pages)| pages).sum()
    }
}

/// Returns whether a name is this table, or an index of it.
fn is_of(name: &str, table: &str) -> bool {
    let name = name.strip_prefix("sqlite_autoindex_").unwrap_or(name);
    let rest = name.strip_prefix(table);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with("_by_") || rest.trim_start_matches('_').parse::<u32>().is_ok()
    })
}

impl Before {
    /// Reads a cache that no program has open.
    pub(crate) fn of(path: &Path) -> Outcome<Self> {
        let reader = Connection::open(path)?;
        reader.execute_batch("PRAGMA query_only=ON; BEGIN")?;
        let rows = rows(&reader)?;
        Ok(Self { path: path.to_owned(), reader, rows, length: length(path, "") })
    }

    /// Reads again, when the run is over.
    pub(crate) fn written(self) -> Outcome<Written> {
        let log = fs::read(beside(&self.path, "-wal"))?;
        let bytes = log.len() as u64 + length(&self.path, "").saturating_sub(self.length);
        self.reader.execute_batch("COMMIT")?;
        let after = rows(&self.reader)?;
        let pages = by_owner(&self.reader, &pages(&log)?)?;
        Ok(Written { rows: difference(&self.rows, &after), bytes, pages })
    }
}

fn length(path: &Path, end: &str) -> u64 {
    beside(path, end).metadata().map_or(0, |found| found.len())
}

fn difference(before: &Rows, after: &Rows) -> BTreeMap<String, u64> {
    let nothing = HashMap::new();
    let tables = before.keys().chain(after.keys().filter(|table| !before.contains_key(*table)));
    let of = |table: &String| {
        let (before, after) = (before.get(table).unwrap_or(&nothing), after.get(table).unwrap_or(&nothing));
        let written = after.iter().filter(|(key, row)| before.get(key) != Some(row)).count();
        let removed = before.keys().filter(|key| !after.contains_key(key)).count();
        (table.clone(), (written + removed) as u64)
    };
    tables.map(of).filter(|(_, rows)| *rows > 0).collect()
}

fn rows(connection: &Connection) -> Outcome<Rows> {
    let tables = texts(connection, "SELECT name FROM sqlite_master WHERE type='table' ORDER BY 1")?;
    tables.into_iter().map(|table| Ok((table.clone(), table_rows(connection, &table)?))).collect()
}

fn table_rows(connection: &Connection, table: &str) -> Outcome<HashMap<u64, u64>> {
    let keys = texts(connection, &format!("SELECT name FROM pragma_table_info('{table}') WHERE pk>0 ORDER BY pk"))?;
    let key = if keys.is_empty() { vec!["rowid".to_owned()] } else { keys };
    let mut statement = connection.prepare(&format!("SELECT \"{}\",* FROM \"{table}\"", key.join("\",\"")))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let (mut of_key, mut of_row) = (Xxh3::new(), Xxh3::new());
        for at in 0..columns {
            let hasher = if at < key.len() { &mut of_key } else { &mut of_row };
            match row.get_ref(at)? {
                ValueRef::Null => hasher.update(&[0]),
                ValueRef::Integer(number) => hasher.update(&number.to_le_bytes()),
                ValueRef::Real(number) => hasher.update(&number.to_bits().to_le_bytes()),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    hasher.update(&(bytes.len() as u64).to_le_bytes());
                    hasher.update(bytes);
                }
            }
        }
        found.insert(of_key.digest(), of_row.digest());
    }
    Ok(found)
}

fn texts(connection: &Connection, sql: &str) -> Outcome<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let texts = statement.query_map([], |row| row.get(0))?;
    Ok(texts.collect::<Result<_, _>>()?)
}

/// Returns the page numbers of the frames in a log. See "WAL format" in SQLite's documentation of its files.
fn pages(log: &[u8]) -> Outcome<Vec<u32>> {
    const HEAD: usize = 32;
    const FRAME_HEAD: usize = 24;
    let number =
        |bytes: &[u8], at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
    if log.is_empty() {
        return Ok(Vec::new());
    }
    let page = number(log, 8).and_then(|size| usize::try_from(size).ok()).ok_or("the log has no head")?;
    let frames = log.get(HEAD..).ok_or("the log has no head")?.chunks_exact(FRAME_HEAD + page);
    Ok(frames.filter_map(|frame| number(frame, 0)).collect())
}

/// Returns the number of these pages per table or index. A page without an owner is on the list of free pages.
fn by_owner(connection: &Connection, pages: &[u32]) -> Outcome<BTreeMap<String, u64>> {
    let mut owners = HashMap::new();
    if !pages.is_empty() {
        let mut statement = connection.prepare("SELECT pageno,name FROM dbstat")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            owners.insert(row.get::<_, u32>(0)?, row.get::<_, String>(1)?);
        }
    }
    let mut counted = BTreeMap::new();
    for page in pages {
        *counted.entry(owners.get(page).cloned().unwrap_or_else(|| "(free)".to_owned())).or_default() += 1;
    }
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_pages_of_a_run_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode=WAL; CREATE TABLE xtream_movies (id INTEGER PRIMARY KEY, a TEXT); \
                 CREATE TABLE xtream_sync_runs (id INTEGER PRIMARY KEY, a TEXT); \
                 CREATE TABLE other (a TEXT, b TEXT, PRIMARY KEY (a)) WITHOUT ROWID; \
                 INSERT INTO xtream_movies VALUES (1,'x'),(2,'y'),(3,'z'); INSERT INTO other VALUES ('k','v');",
            )
            .unwrap();
        drop(writer);
        let before = Before::of(&path).unwrap();
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "BEGIN; UPDATE xtream_movies SET a='changed' WHERE id=1; DELETE FROM xtream_movies WHERE id=2; \
                 DELETE FROM other; INSERT INTO other VALUES ('k','v'); INSERT INTO xtream_sync_runs VALUES (9,'run'); COMMIT",
            )
            .unwrap();
        drop(writer);
        let written = before.written().unwrap();
        let rows: Vec<_> = written.rows.iter().map(|(table, rows)| (table.as_str(), *rows)).collect();
        assert_eq!(rows, [("xtream_movies", 2), ("xtream_sync_runs", 1)]);
        assert_eq!((written.content_rows(), written.item_pages()), (2, 1));
        // A row that was deleted and written again is no changed row, but a written page.
        assert_eq!(written.pages.get("other"), Some(&1));
        assert!(written.bytes >= 3 * 4096, "{}", written.bytes);
    }

    #[test]
    fn an_index_belongs_to_its_table() {
        for name in ["xtream_movies", "xtream_movies_by_category", "sqlite_autoindex_xtream_movies_1"] {
            assert!(is_of(name, "xtream_movies"), "{name}");
        }
        assert!(!is_of("xtream_movie_categories", "xtream_movies"));
    }
}
