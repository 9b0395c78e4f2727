//! The cache as any reader sees it: by SQL, without the code that wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::Value;
use sync_tests::{Column, Kind, Row, Truth, columns};

/// The tables with the content of a profile, and with everything that is known of it beyond a single run.
const CONTENT: [&str; 11] = [
    "xtream_channels",
    "xtream_movies",
    "xtream_series",
    "xtream_channel_categories",
    "xtream_movie_categories",
    "xtream_series_categories",
    "xtream_listing_index",
    "xtream_held_removals",
    "xtream_tombstones",
    "xtream_changes",
    "xtream_sync_settings",
];

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

/// A connection to a cache.
pub struct Cache(SqliteConnection);

/// The entries of one kind and one run in the change log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// The ids of added items.
    pub added: BTreeSet<i64>,
    /// The ids of updated items.
    pub updated: BTreeSet<i64>,
    /// The ids of removed items.
    pub removed: BTreeSet<i64>,
}

impl Cache {
    /// Opens an existing cache.
    pub fn open(path: &Path) -> Self {
        assert!(path.exists(), "there is no cache");
        let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout=10000; PRAGMA foreign_keys=ON").unwrap();
        Self(connection)
    }

    /// Runs statements.
    pub fn execute(&mut self, sql: &str) {
        self.0.batch_execute(sql).unwrap();
    }

    /// Returns the lines of a query with one column of text.
    pub fn lines(&mut self, sql: &str) -> Vec<String> {
        let sql = format!("SELECT CAST(line AS TEXT) AS text FROM (SELECT NULL AS line WHERE 0 UNION ALL {sql})");
        diesel::sql_query(sql).load::<Line>(&mut self.0).unwrap().into_iter().map(|line| line.text).collect()
    }

    /// Returns the number that a query gives.
    pub fn number(&mut self, sql: &str) -> i64 {
        self.lines(sql)[0].parse().unwrap()
    }

    /// Returns the number of rows of a table.
    pub fn count(&mut self, table: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {table}"))
    }

    /// Returns the rows of a kind, with all columns of the truth.
    pub fn rows(&mut self, profile: &str, kind: Kind) -> BTreeMap<i64, Row> {
        let member = |column: &Column| {
            let name = column.name;
            // SQLite's own JSON rounds numbers. Seventeen digits give the exact number, and the mark keeps it a REAL.
            let real = format!("json(printf('%!.17g',\"{name}\"))");
            format!("'{name}',CASE typeof(\"{name}\") WHEN 'real' THEN {real} ELSE \"{name}\" END")
        };
        let members: Vec<String> = columns(kind).iter().map(member).collect();
        let (id, members) = (kind.id_key(), members.join(","));
        let sql = format!("SELECT json_object('id',{id},{members}) FROM xtream_{kind} WHERE profile_id='{profile}'");
        let row = |line: String| {
            let object: Value = serde_json::from_str(&line).unwrap();
            let row = columns(kind).iter().map(|column| (column.name, content(&object[column.name]))).collect();
            (object["id"].as_i64().unwrap(), row)
        };
        self.lines(&sql).into_iter().map(row).collect()
    }

    /// Returns the categories of a kind in the panel's order: id, name, parent.
    pub fn categories(&mut self, profile: &str, kind: Kind) -> Vec<(String, String, Option<i64>)> {
        let sql = format!(
            "SELECT json_array(position,category_id,category_name,parent_id) FROM {} WHERE profile_id='{profile}'",
            category_table(kind)
        );
        let read = |line: &String| serde_json::from_str(line).unwrap();
        let mut rows: Vec<(i64, String, String, Option<i64>)> = self.lines(&sql).iter().map(read).collect();
        rows.sort();
        rows.into_iter().map(|(_, id, name, parent)| (id, name, parent)).collect()
    }

    /// Returns the whole rows of a kind, with times and row ids.
    pub fn raw_rows(&mut self, profile: &str, kind: Kind) -> BTreeMap<i64, String> {
        let sql = format!("SELECT {}||' '||{{}} FROM xtream_{kind} WHERE profile_id='{profile}'", kind.id_key());
        let lines = self.whole_rows(&format!("xtream_{kind}"), &sql);
        let pair = |line: String| {
            let (id, row) = line.split_once(' ').unwrap();
            (id.parse().unwrap(), row.to_owned())
        };
        lines.into_iter().map(pair).collect()
    }

    /// Returns the SQLite row id of every item of a kind.
    pub fn row_ids(&mut self, profile: &str, kind: Kind) -> BTreeMap<i64, i64> {
        let sql = format!("SELECT json_array({},id) FROM xtream_{kind} WHERE profile_id='{profile}'", kind.id_key());
        self.lines(&sql).iter().map(|line| serde_json::from_str::<(i64, i64)>(line).unwrap()).collect()
    }

    /// Returns every table of content, row by row and byte by byte.
    pub fn content(&mut self, profile: &str) -> BTreeMap<&'static str, Vec<String>> {
        CONTENT
            .into_iter()
            .map(|table| {
                let sql = format!("SELECT {{}} FROM {table} WHERE profile_id='{profile}' ORDER BY 1");
                (table, self.whole_rows(table, &sql))
            })
            .collect()
    }

    /// Returns what is stored of one kind: its items, categories and digests.
    pub fn content_of(&mut self, profile: &str, kind: Kind) -> Vec<String> {
        let items = format!("xtream_{kind}");
        let mut rows = Vec::new();
        for table in [items.as_str(), category_table(kind)] {
            let sql = format!("SELECT {{}} FROM {table} WHERE profile_id='{profile}' ORDER BY 1");
            rows.extend(self.whole_rows(table, &sql));
        }
        for table in ["xtream_listing_index", "xtream_held_removals", "xtream_tombstones", "xtream_changes"] {
            let sql = format!("SELECT {{}} FROM {table} WHERE profile_id='{profile}' AND kind='{kind}' ORDER BY 1");
            rows.extend(self.whole_rows(table, &sql));
        }
        rows.extend(self.lines(&format!(
            "SELECT quote(last_sync_{kind})||' '||{kind}_count FROM xtream_content_sync WHERE profile_id='{profile}'"
        )));
        rows
    }

    /// Runs a query in which `{}` stands for the whole row as text.
    fn whole_rows(&mut self, table: &str, sql: &str) -> Vec<String> {
        let columns = self.lines(&format!("SELECT 'quote(\"'||name||'\")' FROM pragma_table_info('{table}')"));
        self.lines(&format!("SELECT * FROM ({})", sql.replace("{}", &columns.join("||','||"))))
    }

    /// Returns the entries that the last run wrote into the change log for a kind.
    pub fn logged(&mut self, profile: &str, kind: Kind) -> Logged {
        let mut ids = |change: &str| -> BTreeSet<i64> {
            let sql = format!(
                "SELECT content_id FROM xtream_changes WHERE profile_id='{profile}' AND kind='{kind}' AND \
                 change='{change}' AND run_id=(SELECT MAX(id) FROM xtream_sync_runs WHERE profile_id='{profile}')"
            );
            self.lines(&sql).iter().map(|id| id.parse().unwrap()).collect()
        };
        Logged { added: ids("added"), updated: ids("updated"), removed: ids("removed") }
    }

    /// Returns the fields that the last run's log names for an updated item.
    pub fn logged_fields(&mut self, kind: Kind, id: i64) -> String {
        let sql = format!(
            "SELECT fields FROM xtream_changes WHERE kind='{kind}' AND content_id={id} AND change='updated' AND \
             run_id=(SELECT MAX(id) FROM xtream_sync_runs)"
        );
        self.lines(&sql).join(" + ")
    }

    /// Returns the tables that have a column of the profile.
    pub fn tables_with_profiles(&mut self) -> Vec<String> {
        self.lines(
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name='profile_id' \
             WHERE m.type='table'",
        )
    }

    /// Returns whether some connection is in a write transaction.
    pub fn is_locked(&mut self) -> bool {
        self.execute("PRAGMA busy_timeout=0");
        let taken = self.0.batch_execute("BEGIN IMMEDIATE; ROLLBACK");
        taken.is_err()
    }

    /// Fails unless SQLite finds no damage in the file.
    pub fn assert_sound(&mut self) {
        assert_eq!(self.lines("SELECT integrity_check FROM pragma_integrity_check"), ["ok"]);
        assert_eq!(self.count("pragma_foreign_key_check"), 0);
    }
}

/// Returns the name of the table with the categories of a kind.
pub fn category_table(kind: Kind) -> &'static str {
    match kind {
        Kind::Channels => "xtream_channel_categories",
        Kind::Movies => "xtream_movie_categories",
        Kind::Series => "xtream_series_categories",
    }
}

fn content(value: &Value) -> Truth {
    match value {
        Value::Null => Truth::Null,
        Value::String(text) => Truth::Text(text.clone()),
        Value::Number(number) => number.as_i64().map_or_else(|| Truth::Real(number.as_f64().unwrap()), Truth::Integer),
        other => panic!("{other} is no content of a column"),
    }
}

/// Returns the columns in which rows of a kind differ, without ids and values.
pub fn differing(before: &Row, after: &Row) -> Vec<&'static str> {
    before.iter().filter(|(column, value)| after[*column] != **value).map(|(column, _)| *column).collect()
}
