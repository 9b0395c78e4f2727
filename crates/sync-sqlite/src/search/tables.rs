//! The tables of the search text: how it stands, and its segments.
//!
//! SQL as text, because somebody may have put anything into these tables, and texts that are no UTF-8 are read as bytes.

use diesel::deserialize::{self, QueryableByName};
use diesel::prelude::*;
use diesel::row::{Field, NamedRow, Row};
use diesel::sqlite::{Sqlite, SqliteType, SqliteValue};
use sync_core::search::{FOLDING, SearchFields, Segment};
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{execute, record, records, rows};

/// Both tables.
pub(crate) const TABLES: [&str; 2] = ["xtream_search_segments", "xtream_search_state"];

/// A kind of a profile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) kind: ContentKind,
}

impl<'a> Key<'a> {
    fn binds(self) -> [Bind<'a>; 2] {
        [self.profile.as_str().into(), self.kind.as_str().into()]
    }
}

/// How the search text of a kind stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// The fields that the profile wants searched.
    pub(crate) fields: SearchFields,
    /// Whether there is a text at all.
    pub(crate) is_there: bool,
    /// The stamp of a text that is complete, and as the profile wants it.
    pub(crate) stamp: Option<i64>,
}

/// Reads how the text of a kind stands. What somebody else has put there is no state.
pub(crate) fn state(conn: &mut SqliteConnection, key: Key<'_>) -> Result<State, StoreError> {
    let sql = "SELECT CASE s.search_fields WHEN 'names' THEN 1 WHEN 'off' THEN 2 ELSE 0 END,t.kind IS NOT NULL,\
               iif(t.folding=? AND t.complete=1 AND typeof(t.stamp)='integer' AND t.fields=CASE s.search_fields \
               WHEN 'names' THEN 'names' WHEN 'off' THEN 'off' ELSE 'all' END,t.stamp,NULL) FROM xtream_profiles p \
               LEFT JOIN xtream_sync_settings s ON s.profile_id=p.profile_id \
               LEFT JOIN xtream_search_state t ON t.profile_id=p.profile_id AND t.kind=? WHERE p.profile_id=?";
    let binds = [i64::from(FOLDING).into(), key.kind.as_str().into(), key.profile.as_str().into()];
    let Some(mut found) = record(conn, sql, &binds)? else {
        return Ok(State { fields: SearchFields::default(), is_there: false, stamp: None });
    };
    let fields = match found.integer(0)? {
        1 => SearchFields::Names,
        2 => SearchFields::Off,
        _ => SearchFields::All,
    };
    let (is_there, stamp) = (found.integer(1)? != 0, found.optional_integer(2)?);
    Ok(State { fields, is_there, stamp: stamp.filter(|_| fields != SearchFields::Off) })
}

/// Notes that the text of a kind is complete, and another one than before.
pub(crate) fn stamp(conn: &mut SqliteConnection, key: Key<'_>, fields: SearchFields) -> Result<(), StoreError> {
    let sql = "INSERT INTO xtream_search_state (profile_id,kind,folding,fields,complete,stamp) VALUES (?,?,?,?,1,random()) \
               ON CONFLICT (profile_id,kind) DO UPDATE SET folding=excluded.folding, fields=excluded.fields, complete=1, \
               stamp=excluded.stamp";
    let [profile, kind] = key.binds();
    execute(conn, sql, &[profile, kind, i64::from(FOLDING).into(), fields.as_str().into()]).map(|_| ())
}

/// Has the next sync write the text of a kind anew.
pub(crate) fn doubt(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
    execute(conn, "UPDATE xtream_search_state SET complete=0 WHERE profile_id=? AND kind=?", &key.binds()).map(|_| ())
}

/// Takes the text of a kind out.
pub(crate) fn forget(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
    for table in TABLES {
        execute(conn, &format!("DELETE FROM {table} WHERE profile_id=? AND kind=?"), &key.binds())?;
    }
    Ok(())
}

/// Takes the text of a profile out that wants none. A text of other fields is noticed where it is read.
pub(crate) fn follow_settings(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    fields: SearchFields,
) -> Result<(), StoreError> {
    if fields != SearchFields::Off {
        return Ok(());
    }
    for table in TABLES {
        execute(conn, &format!("DELETE FROM {table} WHERE profile_id=?"), &[profile.as_str().into()])?;
    }
    Ok(())
}

/// The batches of a kind, rising, each with the number of its entries. `None` if they are none.
pub(crate) fn batches(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Option<Vec<(i64, u64)>>, StoreError> {
    let sql = "SELECT batch,CAST(TOTAL(entries) AS INTEGER) FROM xtream_search_segments WHERE profile_id=? AND kind=? \
               GROUP BY batch ORDER BY batch";
    let mut all = Vec::new();
    for mut row in records(conn, sql, &key.binds())? {
        let (Ok(batch), Ok(entries)) = (row.integer(0), row.integer(1)) else { return Ok(None) };
        if !(1..i64::MAX / 2).contains(&batch) {
            return Ok(None);
        }
        all.push((batch, entries.unsigned_abs()));
    }
    Ok(Some(all))
}

/// The ids of the rows of a batch, by place.
pub(crate) fn rows_of(conn: &mut SqliteConnection, key: Key<'_>, batch: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM xtream_search_segments WHERE profile_id=? AND kind=? AND batch=? ORDER BY place";
    let [profile, kind] = key.binds();
    crate::db::statement::integers(conn, sql, &[profile, kind, batch.into()])
}

/// Writes a segment.
pub(crate) fn insert(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    (batch, place): (i64, i64),
    segment: &Segment,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO xtream_search_segments (profile_id,kind,batch,place,entries,facts,names,rest) \
               VALUES (?,?,?,?,?,?,?,?)";
    let [profile, kind] = key.binds();
    let binds = [
        profile,
        kind,
        batch.into(),
        place.into(),
        i64::from(segment.entries).into(),
        Bind::Blob(&segment.facts),
        segment.names.as_str().into(),
        segment.rest.as_str().into(),
    ];
    execute(conn, sql, &binds).map(|_| ())
}

/// Deletes the row of a segment.
pub(crate) fn delete_row(conn: &mut SqliteConnection, row: i64) -> Result<(), StoreError> {
    execute(conn, "DELETE FROM xtream_search_segments WHERE id=?", &[row.into()]).map(|_| ())
}

/// Deletes the segments of a kind.
pub(crate) fn delete_all(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
    execute(conn, "DELETE FROM xtream_search_segments WHERE profile_id=? AND kind=?", &key.binds()).map(|_| ())
}

/// Columns of a segment, as bytes: what somebody else has put there may be no text.
const COLUMNS: &str = "batch,entries,CAST(facts AS BLOB),CAST(names AS BLOB)";

/// Reads the segment of a row; `None` where it is none.
pub(crate) fn segment(conn: &mut SqliteConnection, row: i64) -> Result<Option<Segment>, StoreError> {
    let sql = format!("SELECT {COLUMNS},CAST(rest AS BLOB) FROM xtream_search_segments WHERE id=?");
    let found = rows::<Stored>(conn, &sql, &[row.into()])?.pop();
    Ok(found.and_then(|stored| stored.0).map(|(_, segment)| segment))
}

/// Reads the batches of a kind, the oldest first, with or without the text of the other fields than names; `None` where
/// one of their segments is none.
pub(crate) fn segments(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    with_rest: bool,
) -> Result<Option<Vec<Vec<Segment>>>, StoreError> {
    let rest = if with_rest { ",CAST(rest AS BLOB)" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS}{rest} FROM xtream_search_segments WHERE profile_id=? AND kind=? ORDER BY batch,place"
    );
    let mut batches: Vec<Vec<Segment>> = Vec::new();
    let mut last = None;
    for stored in rows::<Stored>(conn, &sql, &key.binds())? {
        let Some((batch, segment)) = stored.0 else { return Ok(None) };
        if last.replace(batch) != Some(batch) {
            batches.push(Vec::new());
        }
        if let Some(segments) = batches.last_mut() {
            segments.push(segment);
        }
    }
    Ok(Some(batches))
}

/// A row as a segment of a batch, or nothing where it is none.
struct Stored(Option<(i64, Segment)>);

impl QueryableByName<Sqlite> for Stored {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut found = Vec::with_capacity(5);
        for at in 0..row.field_count() {
            found.push(Row::get(row, at).ok_or("a column is missing")?);
        }
        let number = |at: usize| number(found.get(at)?.value()?);
        let bytes = |at: usize| found.get(at)?.value().map(|mut value| value.read_blob().to_vec());
        let text = |at: usize| String::from_utf8(bytes(at)?).ok();
        let read = || {
            let (entries, facts) = (u32::try_from(number(1)?).ok()?, bytes(2)?);
            let rest = if found.len() > 4 { text(4)? } else { String::new() };
            // An entry takes some bytes: a number that somebody made up must not become so much memory.
            let is_possible = entries as usize <= facts.len();
            is_possible.then_some((number(0)?, Segment { entries, facts, names: text(3)?, rest }))
        };
        Ok(Self(read()))
    }
}

fn number(mut value: SqliteValue<'_, '_, '_>) -> Option<i64> {
    let is_number = matches!(value.value_type(), Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long));
    is_number.then(|| value.read_long())
}
