//! The table of content hashes: the content of a kind at positions of the feed.
//!
//! The statements are SQL as text. An apply reads and writes one row of the table, and everything else runs rarely.

use std::collections::HashMap;

use diesel::SqliteConnection;
use sync_core::change_set::Moves;
use sync_core::{ContentHash, ContentId, ProfileId, RowHash, StoreError};

use crate::change_set::row_hash;
use crate::db::statement::{execute, integer, record, records};
use crate::search::Key;
use crate::tables::{self, changes, doubts, ids};

/// The state of the content hash of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The kind was never applied, and has no rows.
    Untouched,
    /// The content has this hash.
    Known(ContentHash),
    /// The hash is not known: the kind is marked, or an older version has written its rows.
    Unknown,
}

impl Standing {
    /// The hash, if it is known.
    pub(crate) const fn hash(self) -> Option<ContentHash> {
        match self {
            Self::Untouched => Some(ContentHash::EMPTY),
            Self::Known(hash) => Some(hash),
            Self::Unknown => None,
        }
    }
}

/// Returns the state of the content hash of a kind.
pub(crate) fn standing(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Standing, StoreError> {
    let sql = "SELECT hash FROM xtream_content_hashes WHERE profile_id=? AND kind=? ORDER BY sequence DESC LIMIT 1";
    match record(conn, sql, &key.binds())? {
        Some(mut row) => Ok(read(row.optional_text(0)?).map_or(Standing::Unknown, Standing::Known)),
        None if has_rows(conn, key)? => Ok(Standing::Unknown),
        None => Ok(Standing::Untouched),
    }
}

/// Returns the stored value for a kind's present content, even if the value is no hash. Returns `None` if there is no
/// value.
pub(crate) fn recorded(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Option<String>, StoreError> {
    let sql = "SELECT CAST(hash AS TEXT) FROM xtream_content_hashes WHERE profile_id=? AND kind=? \
               ORDER BY sequence DESC LIMIT 1";
    Ok(record(conn, sql, &key.binds())?.map(|mut row| row.optional_text(0)).transpose()?.flatten())
}

/// Reads a hash. A value that is no hash was written by another program, and is ignored.
fn read(text: Option<String>) -> Option<ContentHash> {
    text?.parse().ok()
}

pub(crate) fn has_rows(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 FROM {} WHERE profile_id=? LIMIT 1", tables::of(key.kind).items);
    Ok(integer(conn, &sql, &key.binds()[..1])?.is_some())
}

/// Returns the hash of a kind at a position of the feed, if it is known.
pub(crate) fn at(conn: &mut SqliteConnection, key: Key<'_>, sequence: i64) -> Result<Option<ContentHash>, StoreError> {
    let [profile, kind] = key.binds();
    let sql = "SELECT hash FROM xtream_content_hashes WHERE profile_id=? AND kind=? AND sequence<=? \
               ORDER BY sequence DESC LIMIT 1";
    match record(conn, sql, &[profile, kind, sequence.into()])? {
        Some(mut row) => Ok(read(row.optional_text(0)?)),
        None => Ok(match standing(conn, key)? {
            Standing::Untouched => Some(ContentHash::EMPTY),
            Standing::Known(_) | Standing::Unknown => None,
        }),
    }
}

/// Returns the items that have moved since a position of the feed. If the rows can't be read, any item may have moved.
pub(crate) fn moves_since(conn: &mut SqliteConnection, key: Key<'_>, after: i64) -> Result<Moves, StoreError> {
    let [profile, kind] = key.binds();
    let sql =
        "SELECT moves FROM xtream_content_hashes WHERE profile_id=? AND kind=? AND sequence>=? AND moves IS NOT NULL";
    let mut all = Moves::None;
    for mut row in records(conn, sql, &[profile, kind, after.into()])? {
        all = all.and(row.text(0).map_or(Moves::Whole, |text| moves_of(&text)));
    }
    Ok(all)
}

fn moves_of(text: &str) -> Moves {
    match serde_json::from_str::<Vec<i64>>(text) {
        Ok(ids) => Moves::Some(ids.into_iter().map(ContentId).collect()),
        Err(_) => Moves::Whole,
    }
}

fn moves_text(moves: &Moves) -> Option<String> {
    match moves {
        Moves::None => None,
        Moves::Some(ids) => Some(ids::to_json(&ids.iter().map(|id| id.0).collect::<Vec<_>>())),
        Moves::Whole => Some("\"whole\"".to_owned()),
    }
}

/// Writes the content hash of a kind from the present position on.
pub(crate) fn write(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    sequence: i64,
    hash: Option<ContentHash>,
    moves: &Moves,
) -> Result<(), StoreError> {
    let [profile, kind] = key.binds();
    let place = [profile.clone(), kind.clone(), sequence.into()];
    let sql = "SELECT moves FROM xtream_content_hashes WHERE profile_id=? AND kind=? AND sequence=?";
    let before = record(conn, sql, &place)?.map(|mut row| row.optional_text(0)).transpose()?.flatten();
    let all = before.map_or(Moves::None, |text| moves_of(&text)).and(moves.clone());
    let sql = "INSERT INTO xtream_content_hashes (profile_id,kind,sequence,hash,moves) VALUES (?,?,?,?,?) \
               ON CONFLICT (profile_id,kind,sequence) DO UPDATE SET hash=excluded.hash, moves=excluded.moves";
    let hash = hash.map(|hash| hash.to_string());
    execute(conn, sql, &[profile, kind, sequence.into(), hash.into(), moves_text(&all).into()]).map(|_| ())
}

/// Notes that the hash of a kind is unknown from the present position on.
pub(crate) fn doubt(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
    if standing(conn, key)? == Standing::Unknown {
        return Ok(());
    }
    let sequence = changes::feed(conn, key.profile)?.newest;
    write(conn, key, sequence, None, &Moves::None)
}

/// Deletes the hashes at positions from which the feed can't be read any more.
pub(crate) fn prune(conn: &mut SqliteConnection, profile: &ProfileId, floor: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM xtream_content_hashes AS old WHERE profile_id=? AND sequence<? AND EXISTS (SELECT 1 FROM \
               xtream_content_hashes later WHERE later.profile_id=old.profile_id AND later.kind=old.kind AND \
               later.sequence>old.sequence AND later.sequence<=?)";
    execute(conn, sql, &[profile.as_str().into(), floor.into(), floor.into()]).map(|_| ())
}

/// Reads the hashes of the rows that contain the login. Values that are no hash are left out.
pub(crate) fn login_hashes(conn: &mut SqliteConnection, key: Key<'_>) -> Result<HashMap<i64, RowHash>, StoreError> {
    let sql = "SELECT content_id,hash FROM xtream_login_hashes WHERE profile_id=? AND kind=? AND typeof(content_id)='integer'";
    let mut found = HashMap::new();
    for mut row in records(conn, sql, &key.binds())? {
        if let Some(hash) = row.optional_text(1)?.and_then(|text| text.parse().ok()) {
            found.insert(row.integer(0)?, hash);
        }
    }
    Ok(found)
}

/// Writes the hash of a row that contains the login, or deletes it.
pub(crate) fn save_login_hash(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    id: i64,
    hash: Option<RowHash>,
) -> Result<(), StoreError> {
    let [profile, kind] = key.binds();
    let Some(hash) = hash else {
        let sql = "DELETE FROM xtream_login_hashes WHERE profile_id=? AND kind=? AND content_id=?";
        return execute(conn, sql, &[profile, kind, id.into()]).map(|_| ());
    };
    let sql = "INSERT INTO xtream_login_hashes (profile_id,kind,content_id,hash) VALUES (?,?,?,?) \
               ON CONFLICT (profile_id,kind,content_id) DO UPDATE SET hash=excluded.hash";
    execute(conn, sql, &[profile, kind, id.into(), hash.to_string().into()]).map(|_| ())
}

/// Deletes the hashes of all rows of a kind that contain the login.
pub(crate) fn forget_login_hashes(conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
    execute(conn, "DELETE FROM xtream_login_hashes WHERE profile_id=? AND kind=?", &key.binds()).map(|_| ())
}

/// Returns whether a kind is marked, so that the next run compares it in full.
pub(crate) fn is_doubted(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    Ok(doubts::open_since(conn, key.profile, key.kind)?.is_some())
}

/// Computes the hash of the stored rows.
pub(crate) fn computed(conn: &mut SqliteConnection, key: Key<'_>) -> Result<ContentHash, StoreError> {
    let own = login_hashes(conn, key)?;
    let mut content = ContentHash::EMPTY;
    row_hash::each(conn, key, |id, hash| content.add(own.get(&id).copied().unwrap_or(hash)))?;
    Ok(content)
}
