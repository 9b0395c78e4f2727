//! Held removals: rows that the panel no longer lists, and that stay for the time being.
//!
//! What is written for each held item is SQL as text: diesel compiles every UPDATE of its own anew, and after a
//! loss of half a catalogue there are as many as items.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::{ContentId, ContentKind, PerKind, ProfileId, StoreError};
use sync_core::{Evidence, HeldRemoval, RunId};

use crate::db::bind::signed;
use crate::db::fault::of_diesel;
use crate::db::statement::execute;
use crate::db::value::Number;
use crate::store::SqliteStore;
use crate::tables::schema::xtream_held_removals;
use crate::tables::words::{KindWord, ReasonWord, Word};

/// A held removal, as it is read.
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
    /// Returns the removals that are held, by rising id.
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

/// Counts the held removals of each kind.
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

/// Tells anew why an item is held, where it still is.
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
