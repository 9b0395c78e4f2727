//! The floor of a first sync. The bodies are in memory. Each element is decoded into its row, and the row is inserted
//! at once, through one prepared statement per kind, in one transaction.
//!
//! The decoder is serde's, over borrowed text, and not that of `sync-xtream`: the floor must not change with the
//! engine. It makes exactly the same rows, which the suite checks.

use std::path::Path;

use rusqlite::Connection;
use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use sync_core::ContentKind;
use sync_tests::Kind;

use super::row::{Row, Values};
use crate::bodies::{Bodies, Version, actions};
use crate::database::PROFILE;
use crate::{Outcome, measure};

pub(crate) fn main(bodies: &Path, database: &Path) -> Outcome {
    let bodies = Bodies::at(bodies)?;
    let body = |action| std::fs::read(bodies.path(Version::First, action));
    let mut answers = Vec::new();
    for (kind, [categories, listing]) in ContentKind::ALL.into_iter().zip(Kind::ALL.map(actions)) {
        answers.push((kind, body(categories)?, body(listing)?));
    }
    let connection = super::create(database)?;
    let (rows, taken) = measure::section(|| load(&connection, &answers))?;
    eprintln!("{rows} rows");
    println!("{}", serde_json::to_string(&taken)?);
    Ok(())
}

fn load(connection: &Connection, answers: &[(ContentKind, Vec<u8>, Vec<u8>)]) -> Outcome<u64> {
    let mut rows = 0;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for (kind, categories, listing) in answers {
        load_categories(connection, *kind, categories)?;
        rows += load_items(connection, *kind, listing)?;
    }
    connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(rows)
}

fn load_items(connection: &Connection, kind: ContentKind, listing: &[u8]) -> Outcome<u64> {
    let columns: Vec<&str> = kind.fields().iter().map(|spec| spec.name).collect();
    let sql = format!(
        "INSERT INTO xtream_{} (profile_id,{},\"{}\",created_at,updated_at) VALUES ('{PROFILE}',?{},1,1)",
        kind.as_str(),
        kind.id_column(),
        columns.join("\",\""),
        ",?".repeat(columns.len()),
    );
    let mut items = Items { row: Row::new(kind), statement: connection.prepare(&sql)?, count: 0 };
    serde_json::Deserializer::from_slice(listing).deserialize_seq(&mut items)?;
    Ok(items.count)
}

struct Items<'a> {
    row: Row,
    statement: rusqlite::Statement<'a>,
    count: u64,
}

impl<'de> Visitor<'de> for &mut Items<'_> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut values = Values::default();
        while elements.next_element_seed(self.row.seed(&mut values))?.is_some() {
            self.row.bind(&values, &mut self.statement).map_err(A::Error::custom)?;
            self.statement.raw_execute().map_err(A::Error::custom)?;
            self.count += 1;
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Category {
    #[serde(rename = "category_id")]
    id: serde_json::Value,
    #[serde(rename = "category_name")]
    name: String,
    #[serde(default)]
    parent_id: serde_json::Value,
}

fn load_categories(connection: &Connection, kind: ContentKind, body: &[u8]) -> Outcome {
    let table = match kind {
        ContentKind::Channels => "xtream_channel_categories",
        ContentKind::Movies => "xtream_movie_categories",
        ContentKind::Series => "xtream_series_categories",
    };
    let sql = format!(
        "INSERT INTO {table} (profile_id,category_id,category_name,parent_id,position) VALUES ('{PROFILE}',?,?,?,?)"
    );
    let mut statement = connection.prepare(&sql)?;
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (position, category) in (0i64..).zip(&serde_json::from_slice::<Vec<Category>>(body)?) {
        let (id, parent) = (text(&category.id), text(&category.parent_id));
        statement.execute((id, &category.name, parent.parse::<i64>().ok(), position))?;
    }
    Ok(())
}
