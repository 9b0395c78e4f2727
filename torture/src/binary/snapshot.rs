//! The content of a cache, read by plain SQL from a copy of its files.
//!
//! A connection of ours to the files themselves would mend them after a kill. The command has to do that, so a copy is
//! read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use sync_tests::canary::is_shown;
use sync_tests::{Kind, Truth, columns};
use tempfile::TempDir;

use crate::Outcome;

/// The tables with a profile and without a kind.
const OF_PROFILES: [&str; 5] =
    ["xtream_profiles", "xtream_sync_settings", "xtream_content_sync", "xtream_sync_runs", "xtream_panel_facts"];

/// The tables with a column `kind`.
const OF_KINDS: [&str; 5] = [
    "xtream_listing_index",
    "xtream_listing_validators",
    "xtream_held_removals",
    "xtream_tombstones",
    "xtream_changes",
];

/// Returns the table of a kind's categories.
pub(crate) const fn category_table(kind: Kind) -> &'static str {
    match kind {
        Kind::Channels => "xtream_channel_categories",
        Kind::Movies => "xtream_movie_categories",
        Kind::Series => "xtream_series_categories",
    }
}

/// All that is stored of one kind of a profile, and that one transaction writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// The rows by the item's id: the row's own id, and the row as text.
    pub(crate) items: BTreeMap<i64, (i64, String)>,
    /// Categories, index, validator, held removals, tombstones and changes, row by row.
    pub(crate) rest: Vec<String>,
    pub(crate) watermark: Option<i64>,
    pub(crate) count: i64,
    /// The ids of the last listing; `None` before the first one.
    pub(crate) index: Option<Vec<i64>>,
}

/// The recorded result of a run for a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) outcome: String,
    /// Added, updated, refreshed, removed, unchanged, held, skipped.
    pub(crate) counts: [i64; 7],
}

/// A cache at one moment. The copy exists as long as this value.
#[derive(Debug)]
pub(crate) struct Snapshot {
    conn: Connection,
    _copy: Option<TempDir>,
    profile: String,
    pub(crate) parts: [Part; 3],
    /// Every row of every other profile.
    pub(crate) others: Vec<String>,
    /// The settings of this profile.
    pub(crate) settings: Vec<String>,
    /// The number of the last run, and its status.
    pub(crate) last_run: Option<(i64, String)>,
    /// The number of bytes that were read.
    pub(crate) bytes: usize,
}

impl Snapshot {
    /// Copies the files of a cache, and reads their content for a profile.
    pub(crate) fn of_files(database: &Path, profile: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let copy = copied(database, folder.path())?;
        Self::read(Connection::open(copy)?, Some(folder), profile)
    }

    /// Reads a copy of a cache that may not be finished. It has no table, or all of them.
    pub(crate) fn of_unfinished(database: &Path) -> Outcome {
        let folder = tempfile::tempdir()?;
        let conn = Connection::open(copied(database, folder.path())?)?;
        assert_sound(&conn)?;
        let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type='table' AND name LIKE 'xtream%'";
        let tables: i64 = conn.query_row(sql, [], |row| row.get(0))?;
        if tables > 0 {
            for table in OF_PROFILES.into_iter().chain(OF_KINDS) {
                conn.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?;
            }
        }
        Ok(())
    }

    /// Reads the content that a connection sees. It has to stay the same.
    pub(crate) fn read(conn: Connection, copy: Option<TempDir>, profile: &str) -> Outcome<Self> {
        assert_sound(&conn)?;
        let mut snapshot = Self {
            conn,
            _copy: copy,
            profile: profile.to_owned(),
            parts: Default::default(),
            others: Vec::new(),
            settings: Vec::new(),
            last_run: None,
            bytes: 0,
        };
        snapshot.fill()?;
        Ok(snapshot)
    }

    fn fill(&mut self) -> Outcome {
        for kind in Kind::ALL {
            self.parts[kind as usize] = self.part(kind)?;
        }
        let own = format!("profile_id='{}'", self.profile);
        let other = format!("profile_id<>'{}'", self.profile);
        self.settings = self.rows("xtream_sync_settings", &own)?;
        let mut others = Vec::new();
        for table in OF_PROFILES.into_iter().chain(OF_KINDS) {
            others.extend(self.rows(table, &other)?);
        }
        for kind in Kind::ALL {
            others.extend(self.rows(&format!("xtream_{kind}"), &other)?);
            others.extend(self.rows(category_table(kind), &other)?);
        }
        self.others = others;
        // These tables are compared nowhere. They are read because they might show the password.
        for table in ["xtream_profiles", "xtream_content_sync", "xtream_sync_runs", "xtream_panel_facts"] {
            self.rows(table, &own)?;
        }
        self.rows("xtream_sync_run_kinds", "1")?;
        let sql = "SELECT id,status FROM xtream_sync_runs WHERE profile_id=?1 ORDER BY id DESC LIMIT 1";
        let mut statement = self.conn.prepare(sql)?;
        let mut found = statement.query_map([&self.profile], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.last_run = found.next().transpose()?;
        Ok(())
    }

    fn part(&mut self, kind: Kind) -> Outcome<Part> {
        let own = format!("profile_id='{}'", self.profile);
        let mut part = Part { items: self.items(kind)?, ..Part::default() };
        part.rest = self.rows(category_table(kind), &own)?;
        for table in OF_KINDS {
            part.rest.extend(self.rows(table, &format!("{own} AND kind='{kind}'"))?);
        }
        let sql = format!("SELECT last_sync_{kind},{kind}_count FROM xtream_content_sync WHERE {own}");
        let known = one(&self.conn, &sql, |row| Ok((row.get(0)?, row.get(1)?)))?;
        (part.watermark, part.count) = known.unwrap_or_default();
        let sql = format!("SELECT ids FROM xtream_listing_index WHERE {own} AND kind='{kind}' AND scope=''");
        let ids: Option<String> = one(&self.conn, &sql, |row| row.get(0))?;
        part.index = ids.map(|ids| serde_json::from_str(&ids)).transpose()?;
        Ok(part)
    }

    fn items(&mut self, kind: Kind) -> Outcome<BTreeMap<i64, (i64, String)>> {
        let sql = format!("SELECT * FROM xtream_{kind} WHERE profile_id=?1");
        let mut statement = self.conn.prepare(&sql)?;
        let at = statement.column_index(kind.id_key())?;
        let mut rows = statement.query([&self.profile])?;
        let mut items = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let text = text_of(row)?;
            self.bytes += text.len();
            items.insert(row.get(at)?, (row.get("id")?, text));
        }
        Ok(items)
    }

    /// Returns the rows of a table as texts, in the order of its keys. None of them may show the password.
    fn rows(&mut self, table: &str, condition: &str) -> Outcome<Vec<String>> {
        let mut statement = self.conn.prepare(&format!("SELECT * FROM {table} WHERE {condition} ORDER BY 1,2,3"))?;
        let mut rows = statement.query([])?;
        let mut texts = Vec::new();
        while let Some(row) = rows.next()? {
            let text = text_of(row)?;
            self.bytes += text.len();
            texts.push(format!("{table}: {text}"));
        }
        Ok(texts)
    }

    /// Returns the rows of a kind with all columns of the truth.
    pub(crate) fn truth(&self, kind: Kind) -> Outcome<BTreeMap<i64, sync_tests::Row>> {
        let sql = format!("SELECT * FROM xtream_{kind} WHERE profile_id=?1");
        let mut statement = self.conn.prepare(&sql)?;
        let at = statement.column_index(kind.id_key())?;
        let own: Vec<_> = columns(kind).iter().map(|column| column.name).collect();
        let places = own.iter().map(|name| statement.column_index(name)).collect::<Result<Vec<_>, _>>()?;
        let mut rows = statement.query([&self.profile])?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let content = |(name, place): (&&'static str, &usize)| Ok((*name, truth(row.get_ref(*place)?)?));
            let row_found: Outcome<sync_tests::Row> = own.iter().zip(&places).map(content).collect();
            found.insert(row.get(at)?, row_found?);
        }
        Ok(found)
    }

    /// Returns the categories of a kind in the panel's order: id, name, parent.
    pub(crate) fn categories(&self, kind: Kind) -> Outcome<Vec<(String, String, Option<i64>)>> {
        let table = category_table(kind);
        let sql =
            format!("SELECT category_id,category_name,parent_id FROM {table} WHERE profile_id=?1 ORDER BY position");
        let mut statement = self.conn.prepare(&sql)?;
        let rows = statement.query_map([&self.profile], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the result of a run for a kind, if it is recorded.
    pub(crate) fn recorded(&self, run: i64, kind: Kind) -> Outcome<Option<Recorded>> {
        let sql = format!(
            "SELECT outcome,added,updated,refreshed,removed,unchanged,held,skipped FROM xtream_sync_run_kinds \
             WHERE run_id={run} AND kind='{kind}'"
        );
        one(&self.conn, &sql, |row| {
            let mut counts = [0; 7];
            for (at, count) in counts.iter_mut().enumerate() {
                *count = row.get(at + 1)?;
            }
            Ok(Recorded { outcome: row.get(0)?, counts })
        })
    }

    /// Returns the ids whose removal is held.
    pub(crate) fn held(&self, kind: Kind) -> Outcome<BTreeSet<i64>> {
        let sql = format!("SELECT content_id FROM xtream_held_removals WHERE profile_id=?1 AND kind='{kind}'");
        let mut statement = self.conn.prepare(&sql)?;
        let ids = statement.query_map([&self.profile], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Returns the ids that a run's log has of a kind, by their change.
    pub(crate) fn logged(&self, run: i64, kind: Kind, change: &str) -> Outcome<BTreeSet<i64>> {
        let sql = format!(
            "SELECT content_id FROM xtream_changes WHERE run_id={run} AND kind='{kind}' AND change='{change}' AND \
             content_id IS NOT NULL"
        );
        let mut statement = self.conn.prepare(&sql)?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

/// Copies the database and its log, as they are now, into a folder.
pub(crate) fn copied(database: &Path, folder: &Path) -> Outcome<PathBuf> {
    let copy = folder.join("copy.db");
    std::fs::copy(database, &copy)?;
    let log = beside(database, "-wal");
    if log.exists() {
        std::fs::copy(log, beside(&copy, "-wal"))?;
    }
    Ok(copy)
}

/// Returns the name of a file that SQLite has beside a database.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens a cache for reading.
pub(crate) fn reader(database: &Path) -> Outcome<Connection> {
    Ok(Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)
}

/// Checks that SQLite finds nothing wrong with the file.
pub(crate) fn assert_sound(conn: &Connection) -> Outcome {
    let told: String =
        conn.query_row("SELECT group_concat(integrity_check) FROM pragma_integrity_check", [], |row| row.get(0))?;
    if told != "ok" {
        return Err(format!("integrity_check: {told}").into());
    }
    let broken: i64 = conn.query_row("SELECT COUNT(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if broken > 0 {
        return Err(format!("{broken} rows refer to what is not there").into());
    }
    Ok(())
}

fn one<T>(conn: &Connection, sql: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Outcome<Option<T>> {
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query_map([], read)?;
    Ok(rows.next().transpose()?)
}

/// Returns a row as text without the password. That no other table has the password is checked elsewhere.
fn text_of(row: &Row<'_>) -> Outcome<String> {
    let mut text = String::new();
    for at in 0..row.as_ref().column_count() {
        if row.as_ref().column_name(at)? == "password" {
            continue;
        }
        let written = match row.get_ref(at)? {
            ValueRef::Null => write!(text, "|"),
            ValueRef::Integer(number) => write!(text, "{number}|"),
            ValueRef::Real(number) => write!(text, "{number:?}|"),
            ValueRef::Text(bytes) => write!(text, "'{}'|", String::from_utf8_lossy(bytes)),
            ValueRef::Blob(bytes) => write!(text, "{:016x}|", xxhash_rust::xxh3::xxh3_64(bytes)),
        };
        written?;
    }
    if is_shown(&text) {
        return Err(format!("the password is in the cache: {text}").into());
    }
    Ok(text)
}

fn truth(value: ValueRef<'_>) -> Outcome<Truth> {
    Ok(match value {
        ValueRef::Null => Truth::Null,
        ValueRef::Integer(number) => Truth::Integer(number),
        ValueRef::Real(number) => Truth::Real(number),
        ValueRef::Text(bytes) => Truth::Text(String::from_utf8(bytes.to_vec())?),
        ValueRef::Blob(_) => return Err("a column of content is a blob".into()),
    })
}
