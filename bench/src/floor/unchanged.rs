//! The floor of a sync without changes: the bytes are drained from the socket, each element is found and hashed, and
//! the index of the last sync is read.

use std::path::Path;

use rusqlite::types::ValueRef;
use sync_tests::Kind;
use xxhash_rust::xxh3::xxh3_64;

use super::elements::Elements;
use super::http::drain;
use crate::bodies::actions;
use crate::{Outcome, measure};

pub(crate) fn main(url: &str, database: &Path) -> Outcome {
    let ((elements, indexed, digest), taken) = measure::section(|| work(url, database))?;
    eprintln!("{elements} elements ({digest:016x}), an index of {indexed} bytes");
    println!("{}", serde_json::to_string(&taken)?);
    Ok(())
}

fn work(url: &str, database: &Path) -> Outcome<(u64, u64, u64)> {
    let (mut count, mut digest) = (0, 0u64);
    for [categories, listing] in Kind::ALL.map(actions) {
        drain(url, categories, <[u8]>::len)?;
        let mut elements = Elements::default();
        drain(url, listing, |bytes| {
            elements.scan(bytes, |element| {
                count += 1;
                digest = digest.wrapping_add(xxh3_64(element));
            });
            elements.forget()
        })?;
    }
    Ok((count, index(database)?, digest))
}

/// Reads all that the store keeps as its index, in any columns.
fn index(database: &Path) -> Outcome<u64> {
    let connection = rusqlite::Connection::open(database)?;
    let mut statement = connection.prepare("SELECT * FROM xtream_listing_index")?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        for at in 0..columns {
            bytes += match row.get_ref(at)? {
                ValueRef::Text(text) | ValueRef::Blob(text) => text.len() as u64,
                _ => 8,
            };
        }
    }
    Ok(bytes)
}
