//! Validators: what panels call the versions of the listings that the cache has.

use diesel::SqliteConnection;
use sync_core::source::Validator;
use sync_core::store::{KeptValidator, ValidatorChange};
use sync_core::{ContentKind, DigestScheme, PolicyChoice, ProfileId, Scope, StoreError};

use crate::db::bind::{Bind, signed};
use crate::db::statement::{Record, execute, record};
use crate::store::SqliteStore;
use crate::tables::doubts;
use crate::tables::row_counts::has_rows;

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
    let sql = "SELECT validator,scheme,change_policy,listed_at,rows FROM xtream_listing_validators \
               WHERE profile_id=? AND kind=?";
    let found = record(conn, sql, &[profile.as_str().into(), kind.as_str().into()])?;
    let Some(kept) = found.map(|mut row| read(&mut row)).transpose()?.flatten() else { return Ok(None) };
    // Where everything is to be compared, the panel is to send everything.
    let relied_on = doubts::open_since(conn, profile, kind)?.is_none() && has_rows(conn, profile, kind, kept.rows)?;
    Ok(relied_on.then_some(kept))
}

/// What another version wrote, and isn't understood, is none.
fn read(row: &mut Record) -> Result<Option<KeptValidator>, StoreError> {
    let policies = [PolicyChoice::Fingerprint, PolicyChoice::Timestamp];
    let name = row.text(2)?;
    let policy = policies.into_iter().find(|policy| policy.as_str() == name);
    let scheme = u32::try_from(row.integer(1)?).ok().map(DigestScheme);
    let rows = u64::try_from(row.integer(4)?).ok();
    let (Some(policy), Some(scheme), Some(rows)) = (policy, scheme, rows) else { return Ok(None) };
    let (validator, listed_at) = (Validator(row.text(0)?), row.integer(3)?);
    Ok(Some(KeptValidator { validator, scheme, policy, listed_at, rows }))
}

/// Does with the validator of a kind what comes with a listing.
pub(crate) fn change(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    scope: &Scope,
    change: &ValidatorChange,
) -> Result<(), StoreError> {
    match change {
        ValidatorChange::Keep => Ok(()),
        // That of a part says nothing of the kind, whose rows have changed.
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
    let sql = "INSERT INTO xtream_listing_validators (profile_id,kind,validator,scheme,change_policy,listed_at,rows) \
               VALUES (?,?,?,?,?,?,?) ON CONFLICT (profile_id,kind) DO UPDATE SET validator=excluded.validator, \
               scheme=excluded.scheme, change_policy=excluded.change_policy, listed_at=excluded.listed_at, \
               rows=excluded.rows";
    let binds = [
        profile.as_str().into(),
        kind.as_str().into(),
        kept.validator.0.as_str().into(),
        i64::from(kept.scheme.0).into(),
        kept.policy.as_str().into(),
        kept.listed_at.into(),
        signed(kept.rows).into(),
    ];
    execute(conn, sql, &binds).map(|_| ())
}

/// Takes out the validator of a kind.
pub(crate) fn forget(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind) -> Result<(), StoreError> {
    let sql = "DELETE FROM xtream_listing_validators WHERE profile_id=? AND kind=?";
    execute(conn, sql, &[Bind::from(profile.as_str()), kind.as_str().into()]).map(|_| ())
}
