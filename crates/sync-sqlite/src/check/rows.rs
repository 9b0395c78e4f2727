//! Checks the columns of items that have a form of their own.
//!
//! One function says what these columns should hold. A check names the rows that differ, and after a full comparison
//! the columns get these values.
//!
//! Every row of a kind is read, and a column may hold anything. So the statement is SQL as text, and values may have
//! any type.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use diesel::SqliteConnection;
use serde_json::value::RawValue;
use sync_core::{CategorySet, ContentKind, ProfileId, StoreError};

use super::{Inconsistency, Look};
use crate::db::bind::Bind;
use crate::db::statement::{Cell, Record, execute, records};
use crate::items::columns;
use crate::tables;

/// The number of rows that are read at a time.
const ROWS: i64 = 500;

/// The columns of a row that have a form.
struct Formed {
    row: i64,
    id: i64,
    name: String,
    category: String,
    /// `category_ids`, `listed_category_ids`, `extra`.
    texts: [Cell; 3],
}

/// The errors in the columns of a row, and the values that correct them.
#[derive(Default)]
struct Mended {
    inconsistencies: Vec<Inconsistency>,
    /// The columns to write, with their texts.
    writes: Vec<(&'static str, Option<String>)>,
}

/// Names the rows whose columns don't have their form.
pub(super) fn look(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    let mut cases: BTreeMap<Inconsistency, Vec<i64>> = BTreeMap::new();
    each(look.conn, look.profile, kind, |_, row| {
        for inconsistency in mended(&row).inconsistencies {
            cases.entry(inconsistency).or_default().push(row.id);
        }
        Ok(())
    })?;
    for (inconsistency, ids) in cases {
        look.note(inconsistency, &ids);
    }
    Ok(())
}

/// Brings the columns into their form. Nothing is thrown away: a value that is no JSON becomes a text in the JSON.
pub(crate) fn mend(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<(), StoreError> {
    let now = Bind::Integer(crate::db::blocking::now());
    each(conn, profile, kind, |conn, row| {
        let writes = mended(&row).writes;
        if writes.is_empty() {
            return Ok(());
        }
        let mut sql = format!("UPDATE {} SET updated_at=?", tables::of(kind).items);
        let mut binds = vec![now.clone()];
        for (column, text) in writes {
            let _ = write!(sql, ",{column}=?");
            binds.push(text.into());
        }
        sql.push_str(" WHERE id=?");
        binds.push(row.row.into());
        execute(conn, &sql, &binds).map(|_| ())
    })
}

/// Calls `work` with every row of a kind, by ascending id.
fn each(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    mut work: impl FnMut(&mut SqliteConnection, Formed) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let tables = tables::of(kind);
    let sql = format!(
        "SELECT id,{0},name,category_id,category_ids,listed_category_ids,extra FROM {1} WHERE profile_id=? AND {0}>=? \
         AND typeof({0})='integer' ORDER BY {0} LIMIT {ROWS}",
        tables.id, tables.items
    );
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        let page = records(conn, &sql, &[profile.as_str().into(), from.into()])?;
        next = None;
        for row in page {
            let row = read(row)?;
            next = row.id.checked_add(1);
            work(conn, row)?;
        }
    }
    Ok(())
}

fn read(mut row: Record) -> Result<Formed, StoreError> {
    Ok(Formed {
        row: row.integer(0)?,
        id: row.integer(1)?,
        // A value that is no text is neither a name nor a category.
        name: row.optional_text(2).ok().flatten().unwrap_or_default(),
        category: row.optional_text(3).ok().flatten().unwrap_or_default(),
        texts: [row.take(4), row.take(5), row.take(6)],
    })
}

/// Returns the values that the columns of a row should have, if they differ.
fn mended(row: &Formed) -> Mended {
    let mut mended = Mended::default();
    if row.name.is_empty() {
        mended.writes.push(("name", Some(format!("#{}", row.id))));
        mended.inconsistencies.push(Inconsistency::NameMissing);
    }
    let [categories, listed, extra] = &row.texts;
    let (own, own_is_one) = set_in(listed);
    let (set, set_is_one) = set_in(categories);
    let mut whole = set.clone();
    whole.unite(&own);
    whole.insert(&row.category);
    if !(set_is_one && own_is_one) {
        mended.inconsistencies.push(Inconsistency::CategoriesMalformed);
    } else if set != whole {
        mended.inconsistencies.push(Inconsistency::CategoryNotInSet);
    }
    if !set_is_one || set != whole {
        mended.writes.push(("category_ids", columns::categories_text(&whole)));
    }
    if !own_is_one {
        mended.writes.push(("listed_category_ids", columns::categories_text(&own)));
    }
    if !is_extra(extra) {
        let kept = serde_json::json!({ "unreadable": shown(extra) });
        mended.writes.push(("extra", Some(kept.to_string())));
        mended.inconsistencies.push(Inconsistency::ExtraMalformed);
    }
    mended
}

/// Reads the set in a column. Also returns whether the set has its form: a list of texts in ascending order.
fn set_in(column: &Cell) -> (CategorySet, bool) {
    let ids = match column {
        Cell::Null => return (CategorySet::default(), true),
        Cell::Text(text) => serde_json::from_str::<Vec<String>>(text).ok(),
        _ => None,
    };
    let set: CategorySet = ids.iter().flatten().collect();
    let is_one = ids.is_some_and(|ids| set.as_slice() == ids);
    (set, is_one)
}

fn is_extra(column: &Cell) -> bool {
    match column {
        Cell::Null => true,
        Cell::Text(text) => serde_json::from_str::<BTreeMap<String, &RawValue>>(text).is_ok(),
        _ => false,
    }
}

fn shown(column: &Cell) -> String {
    match column {
        Cell::Null => String::new(),
        Cell::Integer(number) => number.to_string(),
        Cell::Real(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
