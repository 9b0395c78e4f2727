//! The further addresses of a profile, and its settings that have no column.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;
use sync_core::overlay::ConflictRules;
use sync_core::{Profile, ProfileId, SettingRow, StoreError};

use crate::db::fault::of_diesel;
use crate::db::value::Text;
use crate::tables::schema::{xtream_profile_addresses, xtream_profile_settings};

/// A setting as it is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_profile_settings, check_for_backend(Sqlite))]
struct Stored {
    key: Text,
    value: Text,
}

/// A setting as it is written.
#[derive(Insertable)]
#[diesel(table_name = xtream_profile_settings)]
struct NewSetting<'a> {
    profile_id: &'a str,
    key: &'a str,
    value: &'a str,
}

/// Copies the stored values to a profile.
pub(crate) fn load(conn: &mut SqliteConnection, profile: &mut Profile) -> Result<(), StoreError> {
    profile.further_addresses = addresses(conn, profile.id.as_str())?;
    for row in stored(conn, profile.id.as_str())? {
        profile.set_row(&row);
    }
    Ok(())
}

/// Returns the further addresses of a profile, in order.
pub(crate) fn addresses(conn: &mut SqliteConnection, profile_id: &str) -> Result<Vec<String>, StoreError> {
    let found: Vec<Text> = xtream_profile_addresses::table
        .filter(xtream_profile_addresses::profile_id.eq(profile_id))
        .order(xtream_profile_addresses::position)
        .select(xtream_profile_addresses::address)
        .load(conn)
        .map_err(of_diesel)?;
    Ok(found.into_iter().map(|address| address.0).collect())
}

/// Writes the values that differ. A setting that this version doesn't know stays. A value that this version can't read
/// stays as well, unless the setting is changed.
pub(crate) fn save(conn: &mut SqliteConnection, profile: &Profile) -> Result<(), StoreError> {
    let id = profile.id.as_str();
    if addresses(conn, id)? != profile.further_addresses {
        let before = xtream_profile_addresses::table.filter(xtream_profile_addresses::profile_id.eq(id));
        diesel::delete(before).execute(conn).map_err(of_diesel)?;
        for (position, address) in (1i64..).zip(&profile.further_addresses) {
            diesel::insert_into(xtream_profile_addresses::table)
                .values((
                    xtream_profile_addresses::profile_id.eq(id),
                    xtream_profile_addresses::position.eq(position),
                    xtream_profile_addresses::address.eq(address),
                ))
                .execute(conn)
                .map_err(of_diesel)?;
        }
    }
    let mut before = Profile::new(profile.id.clone());
    for row in stored(conn, id)? {
        before.set_row(&row);
    }
    let by_key = |profile: &Profile| -> BTreeMap<String, String> {
        profile.setting_rows().into_iter().map(|row| (row.key, row.value)).collect()
    };
    let (before, wanted) = (by_key(&before), by_key(profile));
    for (key, value) in wanted.iter().filter(|(key, value)| before.get(*key) != Some(value)) {
        diesel::insert_into(xtream_profile_settings::table)
            .values(NewSetting { profile_id: id, key, value })
            .on_conflict((xtream_profile_settings::profile_id, xtream_profile_settings::key))
            .do_update()
            .set(xtream_profile_settings::value.eq(excluded(xtream_profile_settings::value)))
            .execute(conn)
            .map_err(of_diesel)?;
    }
    for key in before.keys().filter(|key| !wanted.contains_key(*key)) {
        let gone = xtream_profile_settings::table
            .filter(xtream_profile_settings::profile_id.eq(id))
            .filter(xtream_profile_settings::key.eq(key));
        diesel::delete(gone).execute(conn).map_err(of_diesel)?;
    }
    Ok(())
}

/// Reads the conflict rules of a profile.
pub(crate) fn conflicts(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<ConflictRules, StoreError> {
    let mut settings = Profile::new(profile.clone());
    for row in stored(conn, profile.as_str())? {
        settings.set_row(&row);
    }
    Ok(settings.conflicts)
}

fn stored(conn: &mut SqliteConnection, profile_id: &str) -> Result<Vec<SettingRow>, StoreError> {
    let rows = xtream_profile_settings::table
        .filter(xtream_profile_settings::profile_id.eq(profile_id))
        // A blob is no value that can be read. It is no damage either.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("typeof(key)='text' AND typeof(value)='text'"))
        .select(Stored::as_select())
        .load(conn)
        .map_err(of_diesel)?;
    Ok(rows.into_iter().map(|row| SettingRow { key: row.key.0, value: row.value.0 }).collect())
}
