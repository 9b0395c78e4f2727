//! Profiles: the accounts whose contents are cached.

use std::fmt;

use diesel::SqliteConnection;
use sync_core::{GuardThresholds, PolicyChoice, ProfileId, StoreError};

use crate::bind::{Bind, signed};
use crate::statement::{Record, execute, records};
use crate::store::{SqliteStore, now, require_profile};

/// A profile as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfileRow {
    /// Its id.
    pub id: ProfileId,
    /// The panel's address, without credentials.
    pub base_url: Option<String>,
    /// The user name at the panel.
    pub username: Option<String>,
    /// The password. Anyone who can read the file can read it.
    pub password: Option<String>,
    /// What to say to the panel one is.
    pub user_agent: Option<String>,
    /// What makes an item an updated one.
    pub policy: PolicyChoice,
    /// When removals are held.
    pub guard: GuardThresholds,
}

impl ProfileRow {
    /// A profile of which nothing is known but its id.
    pub fn new(id: ProfileId) -> Self {
        Self {
            id,
            base_url: None,
            username: None,
            password: None,
            user_agent: None,
            policy: PolicyChoice::default(),
            guard: GuardThresholds::default(),
        }
    }
}

impl fmt::Debug for ProfileRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("ProfileRow")
            .field("id", &self.id)
            .field("base_url", &self.base_url)
            .field("username", &hidden(&self.username))
            .field("password", &hidden(&self.password))
            .field("user_agent", &self.user_agent)
            .field("policy", &self.policy)
            .field("guard", &self.guard)
            .finish()
    }
}

const COLUMNS: &str = "SELECT p.profile_id,base_url,username,password,user_agent,change_policy,\
    removal_share_percent,removal_floor_rows FROM xtream_profiles p \
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

    /// Writes a profile: a new one, or all columns of one that exists.
    pub fn save_profile_blocking(&self, row: &ProfileRow) -> Result<(), StoreError> {
        self.write(|conn| {
            ensure(conn, &row.id)?;
            let sql = "UPDATE xtream_profiles SET base_url=?, username=?, password=?, user_agent=?, change_policy=?, \
                       updated_at=? WHERE profile_id=?";
            let binds = [
                row.base_url.as_deref().into(),
                row.username.as_deref().into(),
                row.password.as_deref().into(),
                row.user_agent.as_deref().into(),
                row.policy.as_str().into(),
                now().into(),
                row.id.as_str().into(),
            ];
            execute(conn, sql, &binds)?;
            let sql =
                "UPDATE xtream_sync_settings SET removal_share_percent=?, removal_floor_rows=? WHERE profile_id=?";
            let (share, floor) = (i64::from(row.guard.share_percent), signed(row.guard.floor_rows));
            execute(conn, sql, &[share.into(), floor.into(), row.id.as_str().into()]).map(|_| ())
        })
    }

    /// Returns a profile, `None` when there is no such one.
    pub fn profile_blocking(&self, profile: &ProfileId) -> Result<Option<ProfileRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE p.profile_id=?");
        let rows = self.read(|conn| records(conn, &sql, &[profile.as_str().into()]))?;
        rows.into_iter().next().map(read).transpose()
    }

    /// Returns every profile, by id.
    pub fn profiles_blocking(&self) -> Result<Vec<ProfileRow>, StoreError> {
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
        self.write(|conn| {
            let sql = "DELETE FROM xtream_profiles WHERE profile_id=?";
            Ok(execute(conn, sql, &[profile.as_str().into()])? > 0)
        })
    }

    /// [`Self::save_profile_blocking`], off the async threads.
    pub async fn save_profile(&self, row: &ProfileRow) -> Result<(), StoreError> {
        let row = row.clone();
        self.off_thread(move |store| store.save_profile_blocking(&row)).await
    }

    /// [`Self::profile_blocking`], off the async threads.
    pub async fn profile(&self, profile: &ProfileId) -> Result<Option<ProfileRow>, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.profile_blocking(&profile)).await
    }

    /// [`Self::profiles_blocking`], off the async threads.
    pub async fn profiles(&self) -> Result<Vec<ProfileRow>, StoreError> {
        self.off_thread(Self::profiles_blocking).await
    }

    /// [`Self::remove_profile_blocking`], off the async threads.
    pub async fn remove_profile(&self, profile: &ProfileId) -> Result<bool, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.remove_profile_blocking(&profile)).await
    }
}

/// Creates the rows of a profile that are missing.
fn ensure(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let (id, now) = (Bind::from(profile.as_str()), Bind::from(now()));
    let sql = "INSERT INTO xtream_profiles (profile_id,created_at,updated_at) VALUES (?,?,?) ON CONFLICT DO NOTHING";
    execute(conn, sql, &[id.clone(), now.clone(), now.clone()])?;
    let sql = "INSERT INTO xtream_content_sync (profile_id,updated_at) VALUES (?,?) ON CONFLICT DO NOTHING";
    execute(conn, sql, &[id.clone(), now])?;
    execute(conn, "INSERT INTO xtream_sync_settings (profile_id) VALUES (?) ON CONFLICT DO NOTHING", &[id]).map(|_| ())
}

fn read(mut row: Record) -> Result<ProfileRow, StoreError> {
    let id = ProfileId::new(row.text(0)?).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let standard = GuardThresholds::default();
    let policy = match row.text(5)?.as_str() {
        "timestamp" => PolicyChoice::Timestamp,
        _ => PolicyChoice::Fingerprint,
    };
    let share = row.optional_integer(6)?.and_then(|percent| u8::try_from(percent).ok());
    let floor = row.optional_integer(7)?.and_then(|rows| u64::try_from(rows).ok());
    Ok(ProfileRow {
        id,
        base_url: row.optional_text(1)?,
        username: row.optional_text(2)?,
        password: row.optional_text(3)?,
        user_agent: row.optional_text(4)?,
        policy,
        guard: GuardThresholds {
            share_percent: share.unwrap_or(standard.share_percent),
            floor_rows: floor.unwrap_or(standard.floor_rows),
        },
    })
}
