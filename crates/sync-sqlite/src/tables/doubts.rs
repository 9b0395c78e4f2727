//! The table of marked kinds. The next sync compares them in full, because a check has found inconsistencies.

use diesel::prelude::*;
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::db::fault::of_diesel;
use crate::db::value::Number;
use crate::tables::schema::xtream_doubts;
use crate::tables::words::KindWord;

/// The mark of a kind.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = xtream_doubts, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Doubt<'a> {
    profile_id: &'a str,
    kind: KindWord,
    found_at: i64,
    findings: &'a str,
    settled_run: Option<i64>,
}

/// Selects the row of a kind of a profile, if there is one.
#[expect(clippy::elidable_lifetime_names, reason = "`auto_type` has them named")]
#[diesel::dsl::auto_type]
fn of<'a>(profile: &'a str, kind: KindWord) -> _ {
    xtream_doubts::table.filter(xtream_doubts::profile_id.eq(profile)).filter(xtream_doubts::kind.eq(kind))
}

/// Returns the time since which a kind is marked, in unix seconds by our clock, or `None` if the kind isn't marked.
pub(crate) fn open_since(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Option<i64>, StoreError> {
    of(profile.as_str(), kind.into())
        .filter(xtream_doubts::settled_run.is_null())
        .select(xtream_doubts::found_at)
        .first(conn)
        .optional()
        .map_err(of_diesel)
}

/// Returns the last run that has compared a kind in full because the kind was marked. The history of earlier runs is
/// not relied on.
pub(crate) fn settled_run(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
) -> Result<Option<i64>, StoreError> {
    let found = of(profile.as_str(), kind.into())
        .select(xtream_doubts::settled_run)
        .first::<Option<Number>>(conn)
        .optional()
        .map_err(of_diesel)?;
    Ok(found.flatten().map(|run| run.0))
}

/// Marks a kind from now on. `findings` are the codes of the inconsistencies.
pub(crate) fn raise(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    findings: &str,
    found_at: i64,
) -> Result<(), StoreError> {
    let doubt = Doubt { profile_id: profile.as_str(), kind: kind.into(), found_at, findings, settled_run: None };
    diesel::insert_into(xtream_doubts::table)
        .values(&doubt)
        .on_conflict((xtream_doubts::profile_id, xtream_doubts::kind))
        .do_update()
        .set(&doubt)
        .execute(conn)
        .map_err(of_diesel)
        .map(|_| ())
}

/// Notes the run that has compared a marked kind in full.
pub(crate) fn close(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    run: i64,
) -> Result<(), StoreError> {
    diesel::update(of(profile.as_str(), kind.into()))
        .set(xtream_doubts::settled_run.eq(run))
        .execute(conn)
        .map_err(of_diesel)
        .map(|_| ())
}
