//! Checks what is recorded of a profile as a whole.

use diesel::prelude::*;
use diesel::sql_types;
use diesel::sqlite::Sqlite;
use sync_core::{HoldReason, KindOutcome, RunStatus, StoreError};

use super::{Inconsistency, Look};
use crate::db::bind::Bind;
use crate::db::fault::of_diesel;
use crate::db::statement::{integers, rows};
use crate::db::value::{Number, Text};
use crate::tables::schema::xtream_profiles;

/// The fence of a profile, and the highest fence of its runs.
#[derive(QueryableByName)]
struct Fences {
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    fence: Option<Number>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    given: Option<Number>,
}

/// A password, and the source that the profile names for it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_profiles, check_for_backend(Sqlite))]
struct Secret {
    password: Option<Text>,
    password_source: Text,
}

/// A text that may contain a password.
#[derive(QueryableByName)]
struct Shown {
    #[diesel(sql_type = sql_types::Nullable<sql_types::Text>)]
    text: Option<Text>,
}

/// The least length of a password to look for. Shorter passwords occur in any text by chance.
const PASSWORD_MIN: usize = 8;

/// The columns that hold texts of panels or of errors.
const TEXTS: [(&str, &str); 10] = [
    (
        "xtream_sync_runs.error_message",
        "SELECT error_message AS text FROM xtream_sync_runs WHERE profile_id=? AND error_message IS NOT NULL",
    ),
    ("xtream_profiles.base_url", "SELECT base_url AS text FROM xtream_profiles WHERE profile_id=?"),
    ("xtream_profile_addresses.address", "SELECT address AS text FROM xtream_profile_addresses WHERE profile_id=?"),
    (
        "xtream_profile_settings.value",
        "SELECT value AS text FROM xtream_profile_settings WHERE profile_id=? AND typeof(value)='text'",
    ),
    ("xtream_profiles.password_argument", "SELECT password_argument AS text FROM xtream_profiles WHERE profile_id=?"),
    ("xtream_content_sync.sync_message", "SELECT sync_message AS text FROM xtream_content_sync WHERE profile_id=?"),
    ("xtream_content_sync.account_status", "SELECT account_status AS text FROM xtream_content_sync WHERE profile_id=?"),
    (
        "xtream_listing_validators.validator",
        "SELECT validator AS text FROM xtream_listing_validators WHERE profile_id=?",
    ),
    ("xtream_panel_facts.value", "SELECT value AS text FROM xtream_panel_facts WHERE profile_id=?"),
    (
        "xtream_sync_run_kinds.error_message",
        "SELECT k.error_message AS text FROM xtream_sync_run_kinds k JOIN xtream_sync_runs r ON r.id=k.run_id \
         WHERE r.profile_id=? AND k.error_message IS NOT NULL",
    ),
];

pub(super) fn look(look: &mut Look<'_>) -> Result<(), StoreError> {
    let id = [Bind::from(look.profile.as_str())];
    let missing: Vec<_> = ["xtream_content_sync", "xtream_sync_settings"]
        .into_iter()
        .filter_map(|table| {
            let sql = format!("SELECT 1 FROM {table} WHERE profile_id=?");
            match integers(look.conn, &sql, &id) {
                Ok(found) => found.is_empty().then_some(Ok(table)),
                Err(error) => Some(Err(error)),
            }
        })
        .collect::<Result<_, _>>()?;
    let epoch = "SELECT 1 FROM xtream_profiles WHERE profile_id=? AND (typeof(feed_epoch)<>'integer' OR feed_epoch<=0)";
    let none = integers(look.conn, epoch, &id)?.into_iter().map(|_| "xtream_profiles.feed_epoch");
    let missing: Vec<_> = missing.into_iter().chain(none).collect();
    look.note(Inconsistency::ProfileIncomplete, &missing);

    let sql = "SELECT p.fence,MAX(r.fence) AS given FROM xtream_profiles p JOIN xtream_sync_runs r USING (profile_id) \
               WHERE profile_id=?";
    for Fences { fence, given } in rows(look.conn, sql, &id)? {
        if let Some(Number(given)) = given
            && fence < Some(Number(given))
        {
            look.note(Inconsistency::FenceBehind, &[format!("{} after {given}", fence.map_or(0, |fence| fence.0))]);
        }
    }
    runs(look)?;
    passwords(look)
}

/// Checks the records of the runs, for missing ends and for values that other code can't read.
fn runs(look: &mut Look<'_>) -> Result<(), StoreError> {
    let id = [Bind::from(look.profile.as_str())];
    let sql = "SELECT id FROM xtream_sync_runs r WHERE profile_id=? AND status='syncing' AND EXISTS (SELECT 1 FROM \
               xtream_sync_runs l WHERE l.profile_id=r.profile_id AND l.id>r.id) ORDER BY id";
    let open = integers(look.conn, sql, &id)?;
    look.note(Inconsistency::RunOpen, &open);

    let one_of = |names: Vec<&str>| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(",");
    let statuses = one_of(RunStatus::ALL.map(RunStatus::as_str).to_vec());
    let outcomes = one_of(KindOutcome::ALL.map(KindOutcome::as_str).to_vec());
    let reasons = one_of(HoldReason::codes().collect());
    let sql = format!(
        "SELECT id FROM xtream_sync_runs r WHERE profile_id=? AND (status NOT IN ({statuses}) OR \
         finished_at IS NULL<>(status IN ('syncing','interrupted')) OR EXISTS (SELECT 1 FROM xtream_sync_run_kinds k \
         WHERE k.run_id=r.id AND (outcome NOT IN ({outcomes}) OR hold_reason NOT IN ({reasons}) OR min(added,updated,\
         refreshed,removed,unchanged,held,skipped,bytes,requests,duration_ms)<0))) ORDER BY id"
    );
    let unreadable = integers(look.conn, &sql, &id)?;
    look.note(Inconsistency::RunUnreadable, &unreadable);
    Ok(())
}

/// Looks for the password in columns where it must not be. The password is never printed.
fn passwords(look: &mut Look<'_>) -> Result<(), StoreError> {
    let id = [Bind::from(look.profile.as_str())];
    let found = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(look.profile.as_str()))
        .select(Secret::as_select())
        .first(look.conn)
        .optional()
        .map_err(of_diesel)?;
    let Some(Secret { password: Some(Text(password)), password_source }) = found else { return Ok(()) };
    let mut shown = Vec::new();
    if password_source.0 != "stored" {
        shown.push("xtream_profiles.password");
    }
    if password.len() >= PASSWORD_MIN {
        let encoded = percent_encoded(&password);
        for (place, sql) in TEXTS {
            for row in rows::<Shown>(look.conn, sql, &id)? {
                let text = row.text.map(|text| text.0).unwrap_or_default();
                if text.contains(&password) || text.contains(&encoded) {
                    shown.push(place);
                    break;
                }
            }
        }
    }
    look.note(Inconsistency::PasswordShown, &shown);
    Ok(())
}

/// Returns the text in the encoding that addresses use.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
