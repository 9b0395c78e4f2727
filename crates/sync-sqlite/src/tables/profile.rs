//! Profiles: the accounts whose contents are cached.

use diesel::SqliteConnection;
use sync_core::{GuardThresholds, PasswordSource, PolicyChoice, Profile, ProfileId, Retention, StoreError};

use crate::db::bind::{Bind, signed};
use crate::db::blocking::now;
use crate::db::statement::{Record, execute, records};
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;

const COLUMNS: &str = "SELECT p.profile_id,base_url,username,password,user_agent,change_policy,\
    removal_share_percent,removal_floor_rows,password_source,password_argument,removal_category_rows,\
    release_listings,release_days,tombstone_days,parallel_requests,verify_tls,follow_other_hosts \
    FROM xtream_profiles p \
    LEFT JOIN xtream_sync_settings s ON s.profile_id=p.profile_id";

impl SqliteStore {
    /// Creates the profile when there is none.
    pub fn ensure_profile_blocking(&self, profile: &ProfileId) -> Result<(), StoreError> {
        self.require_writable()?;
        // Looked for first: nobody waits for a writer because of a profile that is there.
        match self.read(|conn| require_profile(conn, profile)) {
            Err(StoreError::UnknownProfile(_)) => self.write(|conn| ensure(conn, profile)),
            found => found,
        }
    }

    /// Writes a profile: a new one, or all columns of one that exists. What was learnt of a panel at
    /// another address is forgotten.
    pub fn save_profile_blocking(&self, row: &Profile) -> Result<(), StoreError> {
        self.write(|conn| {
            ensure(conn, &row.id)?;
            let sql = "DELETE FROM xtream_panel_facts WHERE profile_id IN \
                       (SELECT profile_id FROM xtream_profiles WHERE profile_id=? AND base_url IS NOT ?)";
            if execute(conn, sql, &[row.id.as_str().into(), row.base_url.as_deref().into()])? > 0 {
                // The evidence is counted by one of those facts.
                let sql = "UPDATE xtream_held_removals SET evidence_listing=NULL, evidence_since=NULL, \
                           evidence_panel_since=NULL WHERE profile_id=?";
                execute(conn, sql, &[row.id.as_str().into()])?;
            }
            let sql = "DELETE FROM xtream_listing_validators WHERE profile_id IN (SELECT profile_id FROM \
                       xtream_profiles WHERE profile_id=? AND (base_url IS NOT ? OR username IS NOT ?))";
            let account = [row.id.as_str().into(), row.base_url.as_deref().into(), row.username.as_deref().into()];
            execute(conn, sql, &account)?;
            let sql = "UPDATE xtream_profiles SET base_url=?, username=?, password=?, password_source=?, \
                       password_argument=?, user_agent=?, change_policy=?, updated_at=? WHERE profile_id=?";
            let stored = row.password_source == PasswordSource::Stored;
            let binds = [
                row.base_url.as_deref().into(),
                row.username.as_deref().into(),
                row.password.as_deref().filter(|_| stored).into(),
                row.password_source.as_str().into(),
                row.password_source.argument().into(),
                row.user_agent.as_deref().into(),
                row.policy.as_str().into(),
                now().into(),
                row.id.as_str().into(),
            ];
            execute(conn, sql, &binds)?;
            let sql = "UPDATE xtream_sync_settings SET removal_share_percent=?, removal_floor_rows=?, \
                       removal_category_rows=?, release_listings=?, release_days=?, tombstone_days=?, \
                       parallel_requests=?, verify_tls=?, follow_other_hosts=? WHERE profile_id=?";
            let (guard, retention) = (row.guard, row.retention);
            let binds = [
                i64::from(guard.share_percent).into(),
                signed(guard.floor_rows).into(),
                signed(guard.category_rows).into(),
                i64::from(retention.release_listings).into(),
                i64::from(retention.release_days).into(),
                i64::from(retention.tombstone_days).into(),
                i64::from(row.parallel_requests).into(),
                i64::from(row.verify_tls).into(),
                i64::from(row.follow_other_hosts).into(),
                row.id.as_str().into(),
            ];
            execute(conn, sql, &binds)
        })?;
        // A password that was there before is still in the log.
        self.tidy();
        Ok(())
    }

    /// Returns a profile, `None` when there is no such one.
    pub fn profile_blocking(&self, profile: &ProfileId) -> Result<Option<Profile>, StoreError> {
        let sql = format!("{COLUMNS} WHERE p.profile_id=?");
        let rows = self.read(|conn| records(conn, &sql, &[profile.as_str().into()]))?;
        rows.into_iter().next().map(read).transpose()
    }

    /// Returns every profile, by id.
    pub fn profiles_blocking(&self) -> Result<Vec<Profile>, StoreError> {
        let rows = self.read(|conn| records(conn, &format!("{COLUMNS} ORDER BY p.profile_id"), &[]))?;
        rows.into_iter().map(read).collect()
    }

    /// Removes a profile and everything that belongs to it; returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Leased`] while a run has its lease.
    pub fn remove_profile_blocking(&self, profile: &ProfileId) -> Result<bool, StoreError> {
        self.require_writable()?;
        // The file of the lock stays: unlinking it under somebody who waits would make two locks.
        let _held = self.lock_profile(profile)?;
        let sql = "DELETE FROM xtream_profiles WHERE profile_id=?";
        let removed = self.write(|conn| execute(conn, sql, &[profile.as_str().into()]))?;
        self.tidy();
        Ok(removed > 0)
    }
}

/// Creates the rows of a profile that are missing.
pub(crate) fn ensure(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let (id, now) = (Bind::from(profile.as_str()), Bind::from(now()));
    let sql = "INSERT INTO xtream_profiles (profile_id,created_at,updated_at) VALUES (?,?,?) ON CONFLICT DO NOTHING";
    execute(conn, sql, &[id.clone(), now.clone(), now.clone()])?;
    let sql = "INSERT INTO xtream_content_sync (profile_id,updated_at) VALUES (?,?) ON CONFLICT DO NOTHING";
    execute(conn, sql, &[id.clone(), now])?;
    execute(conn, "INSERT INTO xtream_sync_settings (profile_id) VALUES (?) ON CONFLICT DO NOTHING", &[id]).map(|_| ())
}

fn read(mut row: Record) -> Result<Profile, StoreError> {
    let id = ProfileId::new(row.text(0)?).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let standard = Profile::new(id);
    let policy = match row.text(5)?.as_str() {
        "timestamp" => PolicyChoice::Timestamp,
        _ => PolicyChoice::Fingerprint,
    };
    let (word, argument) = (row.text(8)?, row.optional_text(9)?);
    let password_source = PasswordSource::from_parts(&word, argument)
        .ok_or_else(|| StoreError::Corrupt(format!("`{word}` is no source of passwords, or lacks what it needs")))?;
    // A profile whose settings were taken away, or hold nonsense, has the defaults.
    Ok(Profile {
        base_url: row.optional_text(1)?,
        username: row.optional_text(2)?,
        password: row.optional_text(3)?.filter(|_| password_source == PasswordSource::Stored),
        password_source,
        user_agent: row.optional_text(4)?,
        policy,
        guard: GuardThresholds {
            share_percent: number(&mut row, 6)?.unwrap_or(standard.guard.share_percent),
            floor_rows: number(&mut row, 7)?.unwrap_or(standard.guard.floor_rows),
            category_rows: number(&mut row, 10)?.unwrap_or(standard.guard.category_rows),
        },
        retention: Retention {
            release_listings: number(&mut row, 11)?.unwrap_or(standard.retention.release_listings),
            release_days: number(&mut row, 12)?.unwrap_or(standard.retention.release_days),
            tombstone_days: number(&mut row, 13)?.unwrap_or(standard.retention.tombstone_days),
        },
        parallel_requests: number(&mut row, 14)?.filter(|at_once| *at_once > 0).unwrap_or(standard.parallel_requests),
        verify_tls: row.optional_integer(15)?.map_or(standard.verify_tls, |verify| verify != 0),
        follow_other_hosts: row.optional_integer(16)?.map_or(standard.follow_other_hosts, |follow| follow != 0),
        ..standard
    })
}

/// A number of the settings; `None` when there is none, or none of that size.
fn number<T: TryFrom<i64>>(row: &mut Record, at: usize) -> Result<Option<T>, StoreError> {
    Ok(row.optional_integer(at)?.and_then(|number| T::try_from(number).ok()))
}
