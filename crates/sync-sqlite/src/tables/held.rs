//! Held removals: rows that the panel no longer lists, and that stay for now.
//!
//! The statements that run per held item are SQL as text. Diesel compiles each of its own UPDATEs for each use, and if
//! half of the items are missing, there are as many held removals as listed items.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::{ContentId, ContentKind, PerKind, ProfileId, StoreError};
use sync_core::{Evidence, HeldRemoval, RunId};

use crate::db::bind::signed;
use crate::db::fault::of_diesel;
use crate::db::statement::{execute, insert};
use crate::db::value::Number;
use crate::store::SqliteStore;
use crate::tables;
use crate::tables::schema::xtream_held_removals;
use crate::tables::words::{KindWord, ReasonWord, Word};

/// A held removal as it is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_held_removals, check_for_backend(Sqlite))]
struct Removal {
    content_id: Number,
    reason: ReasonWord,
    held_since: Number,
    run_id: Number,
    evidence_listing: Option<Number>,
    evidence_since: Option<Number>,
    evidence_panel_since: Option<Number>,
    successor_id: Option<Number>,
}

impl SqliteStore {
    /// Returns the held removals of a kind, by ascending id.
    pub fn held_blocking(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<HeldRemoval>, StoreError> {
        self.read_profile(profile, |conn| held(conn, profile, kind))
    }
}

impl Removal {
    fn read(self) -> Result<HeldRemoval, StoreError> {
        let evidence = match (self.evidence_listing, self.evidence_since, self.evidence_panel_since) {
            (Some(Number(listing)), Some(Number(at)), Some(Number(panel_at))) => {
                u64::try_from(listing).ok().map(|listing| Evidence { listing, at, panel_at })
            }
            _ => None,
        };
        Ok(HeldRemoval {
            id: ContentId(self.content_id.0),
            reason: self.reason.known()?,
            since: self.held_since.0,
            run: RunId(self.run_id.0),
            evidence,
            successor: self.successor_id.map(|id| ContentId(id.0)),
        })
    }
}

/// Reads the held removals of a kind.
pub(crate) fn held(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Vec<HeldRemoval>, StoreError> {
    let rows = xtream_held_removals::table
        .filter(xtream_held_removals::profile_id.eq(profile.as_str()))
        .filter(xtream_held_removals::kind.eq(KindWord::from(kind)))
        .order(xtream_held_removals::content_id)
        .select(Removal::as_select())
        .load(conn)
        .map_err(of_diesel)?;
    rows.into_iter().map(Removal::read).collect()
}

/// Stores held removals. An existing row is replaced. `go_on` may end the work with an error.
pub(crate) fn keep<'a>(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    removals: impl IntoIterator<Item = &'a HeldRemoval>,
    go_on: impl Fn() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let rows = removals.into_iter().map(|held| {
        vec![
            profile.as_str().into(),
            kind.as_str().into(),
            held.id.0.into(),
            held.reason.as_str().into(),
            held.since.into(),
            held.run.0.into(),
            held.evidence.map(|evidence| signed(evidence.listing)).into(),
            held.evidence.map(|evidence| evidence.at).into(),
            held.evidence.map(|evidence| evidence.panel_at).into(),
            held.successor.map(|id| id.0).into(),
        ]
    });
    let head = "INSERT INTO xtream_held_removals (profile_id,kind,content_id,reason,held_since,run_id,\
                evidence_listing,evidence_since,evidence_panel_since,successor_id) VALUES";
    let tail = "ON CONFLICT (profile_id,kind,content_id) DO UPDATE SET reason=excluded.reason, \
                held_since=excluded.held_since, run_id=excluded.run_id, \
                evidence_listing=excluded.evidence_listing, evidence_since=excluded.evidence_since, \
                evidence_panel_since=excluded.evidence_panel_since, successor_id=excluded.successor_id";
    insert(conn, head, tail, rows, go_on)
}

/// Releases a held item.
pub(crate) fn release(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    id: i64,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM xtream_held_removals WHERE profile_id=? AND kind=? AND content_id=?";
    execute(conn, sql, &[profile.as_str().into(), kind.as_str().into(), id.into()]).map(|_| ())
}

/// Releases the held items that have no row.
pub(crate) fn release_without_row(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<(), StoreError> {
    let (items, id) = (tables::of(kind).items, kind.id_column());
    let sql = format!(
        "DELETE FROM xtream_held_removals AS held WHERE held.profile_id=? AND held.kind=? AND NOT EXISTS \
         (SELECT 1 FROM {items} WHERE {items}.profile_id=held.profile_id AND {items}.{id}=held.content_id)"
    );
    execute(conn, &sql, &[profile.as_str().into(), kind.as_str().into()]).map(|_| ())
}

/// Counts the held removals per kind.
pub(crate) fn count(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<PerKind<u64>, StoreError> {
    let groups = xtream_held_removals::table
        .filter(xtream_held_removals::profile_id.eq(profile.as_str()))
        .group_by(xtream_held_removals::kind)
        .select((xtream_held_removals::kind, diesel::dsl::count_star()))
        .load::<(KindWord, i64)>(conn)
        .map_err(of_diesel)?;
    let mut held = PerKind::default();
    for (kind, count) in groups {
        held[kind.known()?] = count.unsigned_abs();
    }
    Ok(held)
}

/// Writes the reason and the evidence of an item again, if the item is still held.
pub(crate) fn hold_anew(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    told: &HeldRemoval,
) -> Result<(), StoreError> {
    let sql = "UPDATE xtream_held_removals SET reason=?, evidence_listing=?, evidence_since=?, evidence_panel_since=? \
               WHERE profile_id=? AND kind=? AND content_id=?";
    let binds = [
        told.reason.as_str().into(),
        told.evidence.map(|evidence| signed(evidence.listing)).into(),
        told.evidence.map(|evidence| evidence.at).into(),
        told.evidence.map(|evidence| evidence.panel_at).into(),
        profile.as_str().into(),
        kind.as_str().into(),
        told.id.0.into(),
    ];
    execute(conn, sql, &binds).map(|_| ())
}
