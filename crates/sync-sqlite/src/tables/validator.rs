//! Validators: the panels' names for the versions of the listings that the cache has.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::source::Validator;
use sync_core::store::{KeptValidator, ValidatorChange};
use sync_core::{ContentKind, DigestScheme, ProfileId, Scope, StoreError};

use crate::db::bind::signed;
use crate::db::fault::of_diesel;
use crate::db::value::{Number, Text};
use crate::store::SqliteStore;
use crate::tables::doubts;
use crate::tables::row_counts::has_rows;
use crate::tables::schema::xtream_listing_validators;
use crate::tables::words::{KindWord, PolicyWord, Word};

/// The stored validator of a listing.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = xtream_listing_validators, check_for_backend(Sqlite))]
struct Kept {
    validator: Text,
    scheme: Number,
    change_policy: PolicyWord,
    listed_at: Number,
    rows: Number,
}

/// Selects the row of a kind of a profile, if there is one.
#[expect(clippy::elidable_lifetime_names, reason = "`auto_type` has them named")]
#[diesel::dsl::auto_type]
fn of<'a>(profile: &'a str, kind: KindWord) -> _ {
    xtream_listing_validators::table
        .filter(xtream_listing_validators::profile_id.eq(profile))
        .filter(xtream_listing_validators::kind.eq(kind))
}

impl SqliteStore {
    /// Returns the validator of a kind's listing; see [`sync_core::ContentStore::validator`].
    pub fn validator_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
    ) -> Result<Option<KeptValidator>, StoreError> {
        self.read_profile(profile, |conn| load(conn, profile, kind))
    }
}

fn load(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Option<KeptValidator>, StoreError> {
    let found =
        of(profile.as_str(), kind.into()).select(Kept::as_select()).first(conn).optional().map_err(of_diesel)?;
    let Some(kept) = found.and_then(Kept::read) else { return Ok(None) };
    // If everything is to be compared, the panel has to send everything.
    let relied_on = doubts::open_since(conn, profile, kind)?.is_none() && has_rows(conn, profile, kind, kept.rows)?;
    Ok(relied_on.then_some(kept))
}

impl Kept {
    fn of(kept: &KeptValidator) -> Self {
        Self {
            validator: Text(kept.validator.0.clone()),
            scheme: Number(kept.scheme.0.into()),
            change_policy: kept.policy.into(),
            listed_at: Number(kept.listed_at),
            rows: Number(signed(kept.rows)),
        }
    }

    /// Reads the validator. One that another version wrote and this version can't read counts as none.
    fn read(self) -> Option<KeptValidator> {
        Some(KeptValidator {
            validator: Validator(self.validator.0),
            scheme: DigestScheme(u32::try_from(self.scheme.0).ok()?),
            policy: self.change_policy.ok()?,
            listed_at: self.listed_at.0,
            rows: u64::try_from(self.rows.0).ok()?,
        })
    }
}

/// Changes the validator of a kind as the commit of a listing says.
pub(crate) fn change(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    scope: &Scope,
    change: &ValidatorChange,
) -> Result<(), StoreError> {
    match change {
        ValidatorChange::Keep => Ok(()),
        // The validator of a part says nothing about the kind, whose rows have changed.
        ValidatorChange::Set(kept) if scope.within.is_none() => save(conn, profile, scope.kind, kept),
        ValidatorChange::Set(_) | ValidatorChange::Forget => forget(conn, profile, scope.kind),
    }
}

fn save(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    kept: &KeptValidator,
) -> Result<(), StoreError> {
    let kept = Kept::of(kept);
    let key = (
        xtream_listing_validators::profile_id.eq(profile.as_str()),
        xtream_listing_validators::kind.eq(KindWord::from(kind)),
    );
    diesel::insert_into(xtream_listing_validators::table)
        .values((key, &kept))
        .on_conflict((xtream_listing_validators::profile_id, xtream_listing_validators::kind))
        .do_update()
        .set(&kept)
        .execute(conn)
        .map_err(of_diesel)
        .map(|_| ())
}

/// Deletes the validator of a kind.
pub(crate) fn forget(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<(), StoreError> {
    diesel::delete(of(profile.as_str(), kind.into())).execute(conn).map_err(of_diesel).map(|_| ())
}
