//! Profiles: the accounts whose contents are cached.

use std::fmt;

use diesel::SqliteConnection;
use sync_core::{GuardThresholds, PolicyChoice, ProfileId, Retention, StoreError};

use crate::db::bind::{Bind, signed};
use crate::db::blocking::now;
use crate::db::statement::{Record, execute, records};
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;

/// Where the password of a profile comes from.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum PasswordSource {
    /// From the cache itself.
    #[default]
    Stored,
    /// From the environment variable of this name.
    Environment(String),
    /// From the file at this path.
    File(String),
    /// From what this command prints.
    Command(String),
}

impl PasswordSource {
    /// The word in the table.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Environment(_) => "environment",
            Self::File(_) => "file",
            Self::Command(_) => "command",
        }
    }

    fn argument(&self) -> Option<&str> {
        match self {
            Self::Stored => None,
            Self::Environment(argument) | Self::File(argument) | Self::Command(argument) => Some(argument),
        }
    }

    fn read(word: &str, argument: Option<String>) -> Result<Self, StoreError> {
        match (word, argument) {
            ("stored", _) => Ok(Self::Stored),
            ("environment", Some(name)) => Ok(Self::Environment(name)),
            ("file", Some(path)) => Ok(Self::File(path)),
            ("command", Some(command)) => Ok(Self::Command(command)),
            _ => Err(StoreError::Corrupt(format!("`{word}` is no source of passwords, or lacks what it needs"))),
        }
    }
}

/// Without the argument: a command line may hold a secret.
impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A profile as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfileRow {
    /// Its id.
    pub id: ProfileId,
    /// The panel's address, without credentials.
    pub base_url: Option<String>,
    /// The user name at the panel.
    pub username: Option<String>,
    /// The password, where it is kept here; anyone who can read the file can read it. With any
    /// other [`Self::password_source`] it is cleared when the profile is saved.
    pub password: Option<String>,
    /// Where the password comes from. Default [`PasswordSource::Stored`].
    pub password_source: PasswordSource,
    /// What to say to the panel one is.
    pub user_agent: Option<String>,
    /// What makes an item an updated one.
    pub policy: PolicyChoice,
    /// When removals are held.
    pub guard: GuardThresholds,
    /// When what is held is released, and how long what was removed is remembered.
    pub retention: Retention,
    /// Whether the panel has to prove who it is over https. Default true.
    pub verify_tls: bool,
    /// Whether redirects to other hosts are followed. Default true.
    pub follow_other_hosts: bool,
    /// How many requests to the account may be under way at once. Default 1.
    pub parallel_requests: u32,
}

impl ProfileRow {
    /// A profile of which nothing is known but its id.
    pub fn new(id: ProfileId) -> Self {
        Self {
            id,
            base_url: None,
            username: None,
            password: None,
            password_source: PasswordSource::default(),
            user_agent: None,
            policy: PolicyChoice::default(),
            guard: GuardThresholds::default(),
            retention: Retention::default(),
            verify_tls: true,
            follow_other_hosts: true,
            parallel_requests: 1,
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
            .field("password_source", &self.password_source)
            .field("user_agent", &self.user_agent)
            .field("policy", &self.policy)
            .field("guard", &self.guard)
            .field("retention", &self.retention)
            .field("verify_tls", &self.verify_tls)
            .field("follow_other_hosts", &self.follow_other_hosts)
            .field("parallel_requests", &self.parallel_requests)
            .finish()
    }
}

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
    pub fn save_profile_blocking(&self, row: &ProfileRow) -> Result<(), StoreError> {
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
        let sql = "DELETE FROM xtream_profiles WHERE profile_id=?";
        let removed = self.write(|conn| execute(conn, sql, &[profile.as_str().into()]))?;
        self.tidy();
        Ok(removed > 0)
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
pub(crate) fn ensure(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let (id, now) = (Bind::from(profile.as_str()), Bind::from(now()));
    let sql = "INSERT INTO xtream_profiles (profile_id,created_at,updated_at) VALUES (?,?,?) ON CONFLICT DO NOTHING";
    execute(conn, sql, &[id.clone(), now.clone(), now.clone()])?;
    let sql = "INSERT INTO xtream_content_sync (profile_id,updated_at) VALUES (?,?) ON CONFLICT DO NOTHING";
    execute(conn, sql, &[id.clone(), now])?;
    execute(conn, "INSERT INTO xtream_sync_settings (profile_id) VALUES (?) ON CONFLICT DO NOTHING", &[id]).map(|_| ())
}

fn read(mut row: Record) -> Result<ProfileRow, StoreError> {
    let id = ProfileId::new(row.text(0)?).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let standard = ProfileRow::new(id);
    let policy = match row.text(5)?.as_str() {
        "timestamp" => PolicyChoice::Timestamp,
        _ => PolicyChoice::Fingerprint,
    };
    let password_source = PasswordSource::read(&row.text(8)?, row.optional_text(9)?)?;
    // A profile whose settings were taken away, or hold nonsense, has the defaults.
    Ok(ProfileRow {
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
