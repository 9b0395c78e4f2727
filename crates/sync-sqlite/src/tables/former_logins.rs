//! The former logins of a profile. Rows and the change log may still contain them.

use diesel::prelude::*;
use sync_core::{ContentKind, FormerLogin, PasswordSource, Profile, ProfileId, StoreError};

use crate::change_set::content_hash;
use crate::db::fault::of_diesel;
use crate::db::statement::{execute, integer};
use crate::db::value::Text;
use crate::search::Key;
use crate::tables::schema::xtream_former_logins;

/// Returns the former logins of a profile, in order. Values that are no text were written by another program, and are
/// left out.
pub(crate) fn of(conn: &mut SqliteConnection, profile: &str) -> Result<Vec<FormerLogin>, StoreError> {
    let rows: Vec<(Text, Text)> = xtream_former_logins::table
        .filter(xtream_former_logins::profile_id.eq(profile))
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("typeof(username)='text' AND typeof(password)='text'"))
        .order((xtream_former_logins::username, xtream_former_logins::password))
        .select((xtream_former_logins::username, xtream_former_logins::password))
        .load(conn)
        .map_err(of_diesel)?;
    let read = |(username, password): (Text, Text)| FormerLogin {
        username: username.0,
        password: Some(password.0).filter(|password| !password.is_empty()),
    };
    Ok(rows.into_iter().map(read).collect())
}

/// Keeps the former login if the profile gets another login and stored values may contain the former one. The password
/// is stored only if the present password is stored in the cache too.
pub(crate) fn keep(conn: &mut SqliteConnection, before: &Profile, now: &Profile) -> Result<(), StoreError> {
    let Some(former) = before.login_to_keep().filter(|_| now.is_other_login(before)) else { return Ok(()) };
    if !has_content(conn, &before.id)? {
        return Ok(());
    }
    let id = before.id.as_str();
    let is_kept_here = now.password_source == PasswordSource::Stored;
    let password = former.password.filter(|_| is_kept_here).unwrap_or_default();
    let sql = "INSERT INTO xtream_former_logins (profile_id,username,password) VALUES (?,?,?) ON CONFLICT DO NOTHING";
    execute(conn, sql, &[id.into(), former.username.into(), password.into()])?;
    if !is_kept_here {
        let names = "INSERT INTO xtream_former_logins (profile_id,username,password) SELECT profile_id,username,'' FROM \
                     xtream_former_logins WHERE profile_id=? AND password<>'' ON CONFLICT DO NOTHING";
        execute(conn, names, &[id.into()])?;
        execute(conn, "DELETE FROM xtream_former_logins WHERE profile_id=? AND password<>''", &[id.into()])?;
    }
    Ok(())
}

/// Deletes the former logins, unless edits may still contain one.
pub(crate) fn forget(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let sql = "DELETE FROM xtream_former_logins WHERE profile_id=? AND NOT EXISTS (SELECT 1 FROM xtream_edits WHERE \
               xtream_edits.profile_id=xtream_former_logins.profile_id)";
    execute(conn, sql, &[profile.as_str().into()]).map(|_| ())
}

fn has_content(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<bool, StoreError> {
    for kind in ContentKind::ALL {
        if content_hash::has_rows(conn, Key { profile, kind })? {
            return Ok(true);
        }
    }
    let sql = "SELECT 1 FROM xtream_changes WHERE profile_id=? LIMIT 1";
    Ok(integer(conn, sql, &[profile.as_str().into()])?.is_some())
}
