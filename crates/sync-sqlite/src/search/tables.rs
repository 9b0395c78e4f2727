//! The tables of the search text: its state and its segments.
//!
//! The statements are SQL as text, because other programs may have written anything into these tables. Texts that are
//! not UTF-8 are read as bytes.

use diesel::SqliteConnection;
use sync_core::search::{FOLDING, SearchFields, Segment, SegmentFacts, SegmentTexts};
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{execute, record, records};

/// Both tables.
pub(crate) const TABLES: [&str; 2] = ["xtream_search_segments", "xtream_search_state"];

/// A kind of a profile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) kind: ContentKind,
}

impl<'a> Key<'a> {
    /// Returns profile and kind, the key of most tables.
    pub(crate) fn binds(self) -> [Bind<'a>; 2] {
        [self.profile.as_str().into(), self.kind.as_str().into()]
    }
}

/// The state of the search text of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// The fields that the profile wants to search.
    pub(crate) fields: SearchFields,
    /// Whether there is a text at all.
    pub(crate) is_there: bool,
    /// The stamp of the text; `None` if the text is incomplete, or not as the profile wants it.
    pub(crate) stamp: Option<i64>,
}

/// Reads the state of the text of a kind. A row that another program has written counts as no state.
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

/// Notes that the text of a kind is complete and has changed.
pub(crate) fn stamp(conn: &mut SqliteConnection, key: Key<'_>, fields: SearchFields) -> Result<(), StoreError> {
    let sql = "INSERT INTO xtream_search_state (profile_id,kind,folding,fields,complete,stamp) VALUES (?,?,?,?,1,random()) \
               ON CONFLICT (profile_id,kind) DO UPDATE SET folding=excluded.folding, fields=excluded.fields, complete=1, \
               stamp=excluded.stamp";
    let [profile, kind] = key.binds();
    execute(conn, sql, &[profile, kind, i64::from(FOLDING).into(), fields.as_str().into()]).map(|_| ())
}

/// Makes the next sync write the text of a kind again.
pub(crate) fn doubt(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
    execute(conn, "UPDATE xtream_search_state SET complete=0 WHERE profile_id=? AND kind=?", &key.binds()).map(|_| ())
}

/// Deletes the text of a kind.
pub(crate) fn forget(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
    for table in TABLES {
        execute(conn, &format!("DELETE FROM {table} WHERE profile_id=? AND kind=?"), &key.binds())?;
    }
    Ok(())
}

/// Deletes the text of a profile that wants no text. A text of other fields is noticed when it is read.
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

/// Reads the batches of a kind, ascending, each with the number of its entries. Returns `None` if a row is no batch.
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

/// Reads the ids of the rows of a batch, in order.
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

/// Reads the segment in a row. Returns `None` if the row is no segment. The columns are read as bytes, because other
/// programs may have written values that are no text.
pub(crate) fn segment(conn: &mut SqliteConnection, row: i64) -> Result<Option<Segment>, StoreError> {
    let sql = "SELECT entries,CAST(facts AS BLOB),CAST(names AS BLOB),CAST(rest AS BLOB) FROM xtream_search_segments \
               WHERE id=?";
    let Some(mut row) = record(conn, sql, &[row.into()])? else { return Ok(None) };
    let (Ok(entries), Ok(facts)) = (row.integer(0), row.blob(1)) else { return Ok(None) };
    let mut text = |at: usize| row.blob(at).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let read = possible(entries, &facts).zip(text(2)).zip(text(3));
    Ok(read.map(|((entries, names), rest)| Segment { entries, facts, names, rest }))
}

/// A value per segment, by batch (the oldest first) and by position in the batch.
pub(crate) type Batches<T> = Vec<Vec<T>>;

/// The ids of the rows of segments, and the segments without their texts.
pub(crate) type Facts = (Batches<i64>, Batches<SegmentFacts>);

/// Reads the segments of a kind without their texts. Returns `None` if one of the rows is no segment.
pub(crate) fn facts(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Option<Facts>, StoreError> {
    let sql = "SELECT id,batch,entries,CAST(facts AS BLOB) FROM xtream_search_segments WHERE profile_id=? AND kind=? \
               ORDER BY batch,place";
    let (mut ids, mut all): (Batches<i64>, Batches<SegmentFacts>) = (Vec::new(), Vec::new());
    let mut last = None;
    for mut row in records(conn, sql, &key.binds())? {
        let read = (row.integer(0), row.integer(1), row.integer(2), row.blob(3));
        let (Ok(id), Ok(batch), Ok(entries), Ok(facts)) = read else { return Ok(None) };
        let Some(entries) = possible(entries, &facts) else { return Ok(None) };
        if last.replace(batch) != Some(batch) {
            ids.push(Vec::new());
            all.push(Vec::new());
        }
        if let (Some(ids), Some(segments)) = (ids.last_mut(), all.last_mut()) {
            ids.push(id);
            segments.push(SegmentFacts { entries, facts });
        }
    }
    Ok(Some((ids, all)))
}

/// Reads the texts of the segment in a row, with or without the text of the fields other than names. Returns `None` if
/// the values are no texts.
pub(crate) fn texts(
    conn: &mut SqliteConnection,
    row: i64,
    with_rest: bool,
) -> Result<Option<SegmentTexts>, StoreError> {
    let rest = if with_rest { "CAST(rest AS BLOB)" } else { "x''" };
    let sql = format!("SELECT CAST(names AS BLOB),{rest} FROM xtream_search_segments WHERE id=?");
    let Some(mut row) = record(conn, &sql, &[row.into()])? else { return Ok(None) };
    let mut text = |at: usize| row.blob(at).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(text(0).zip(text(1)).map(|(names, rest)| SegmentTexts { names, rest }))
}

/// Returns the number of entries, if so many bytes of facts can be of so many entries. An entry takes at least one
/// byte, so an invented number doesn't make the program allocate much memory.
fn possible(entries: i64, facts: &[u8]) -> Option<u32> {
    u32::try_from(entries).ok().filter(|entries| *entries as usize <= facts.len())
}
