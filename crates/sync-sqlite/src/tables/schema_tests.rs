//! Compares the tables that diesel knows with those that the migrations make.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::db::connection::connect;
use crate::db::{schema, statement};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Returns the columns as `schema.rs` declares them, in the words of the query below.
fn written() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let (mut table, mut key) = ("", Vec::new());
    for line in include_str!("schema.rs").lines().map(str::trim) {
        if let Some((name, columns)) = line.strip_suffix(") {").and_then(|head| head.split_once(" (")) {
            (table, key) = (name, columns.split(", ").collect());
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let key = if key.contains(&column) { " key" } else { "" };
            lines.insert(format!("{table}.{column} {kind}{key}"));
        }
    }
    lines
}

#[test]
fn every_column_has_the_type_of_the_migrations() {
    let mut conn = connect(":memory:").unwrap();
    schema::migrate(&mut conn).unwrap();
    let sql = "SELECT m.name || '.' || c.name || ' ' || iif(c.\"notnull\" OR c.pk, k.name, 'Nullable<' || k.name || '>') \
               || iif(c.pk, ' key', '') AS line FROM sqlite_master m JOIN pragma_table_info(m.name) c JOIN (SELECT \
               'INTEGER' AS type, 'BigInt' AS name UNION VALUES ('TEXT','Text'), ('REAL','Double'), ('BLOB','Binary')) k \
               ON k.type=c.type WHERE m.type='table' AND m.name LIKE 'xtream%'";
    let made = statement::rows::<Line>(&mut conn, sql, &[]).unwrap().into_iter().map(|line| line.line).collect();
    let written = written();
    assert!(written.len() > 150, "{written:?}");
    let differing: Vec<_> = written.symmetric_difference(&made).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}
