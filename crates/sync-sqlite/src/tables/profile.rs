//! Profiles: the accounts whose contents are cached, and their settings.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::search::SearchFields;
use sync_core::{PasswordSource, PolicyChoice, Profile, ProfileId, StoreError};

use crate::db::bind::signed;
use crate::db::blocking::now;
use crate::db::fault::of_diesel;
use crate::db::value::{Number, Text};
use crate::search;
use crate::store::SqliteStore;
use crate::tables::former_logins;
use crate::tables::guards::require_profile;
use crate::tables::schema::{
    xtream_content_sync, xtream_held_removals, xtream_listing_validators, xtream_panel_facts, xtream_profiles,
    xtream_sync_settings,
};
use crate::tables::settings;
use crate::tables::words::{PolicyWord, Word};

/// A profile as it is read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_profiles, check_for_backend(Sqlite))]
struct Account {
    profile_id: Text,
    base_url: Option<Text>,
    username: Option<Text>,
    password: Option<Text>,
    user_agent: Option<Text>,
    change_policy: PolicyWord,
    password_source: Text,
    password_argument: Option<Text>,
}

/// The settings of a profile.
#[derive(Queryable, Selectable, AsChangeset)]
#[diesel(table_name = xtream_sync_settings, check_for_backend(Sqlite))]
struct Settings {
    removal_share_percent: Number,
    removal_floor_rows: Number,
    removal_category_rows: Number,
    release_listings: Number,
    release_days: Number,
    tombstone_days: Number,
    parallel_requests: Number,
    verify_tls: Number,
    follow_other_hosts: Number,
    feed_days: Number,
    feed_entries: Number,
    search_fields: Text,
}

/// The columns in which an application keeps its schedule. They are only read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_sync_settings, check_for_backend(Sqlite))]
struct OfApplication {
    auto_sync_enabled: Number,
    sync_interval_hours: Number,
}

impl SqliteStore {
    /// Creates the profile if it doesn't exist.
    pub fn ensure_profile_blocking(&self, profile: &ProfileId) -> Result<(), StoreError> {
        self.require_writable()?;
        // The profile is looked for first, so a caller doesn't wait for a writer if the profile exists.
        match self.read(|conn| require_profile(conn, profile)) {
            Err(StoreError::UnknownProfile(_)) => self.write(|conn| ensure(conn, profile)),
            found => found,
        }
    }

    /// Writes a profile: a new one, or all settings of an existing one. Facts about another panel are deleted. Settings
    /// that this version doesn't know stay.
    pub fn save_profile_blocking(&self, row: &Profile) -> Result<(), StoreError> {
        self.write(|conn| {
            ensure(conn, &row.id)?;
            forget_other_panel(conn, row)?;
            let (id, stored) = (row.id.as_str(), row.password_source == PasswordSource::Stored);
            forget_refusals(conn, row, stored)?;
            let before = with_login(conn, &row.id)?;
            former_logins::keep(conn, &before, row)?;
            diesel::update(xtream_profiles::table.filter(xtream_profiles::profile_id.eq(id)))
                .set((
                    xtream_profiles::base_url.eq(row.base_url.as_deref()),
                    xtream_profiles::username.eq(row.username.as_deref()),
                    xtream_profiles::password.eq(row.password.as_deref().filter(|_| stored)),
                    xtream_profiles::password_source.eq(row.password_source.as_str()),
                    xtream_profiles::password_argument.eq(row.password_source.argument()),
                    xtream_profiles::user_agent.eq(row.user_agent.as_deref()),
                    xtream_profiles::change_policy.eq(PolicyWord::from(row.policy)),
                    xtream_profiles::updated_at.eq(now()),
                ))
                .execute(conn)
                .map_err(of_diesel)?;
            diesel::update(xtream_sync_settings::table.filter(xtream_sync_settings::profile_id.eq(id)))
                .set(Settings::of(row))
                .execute(conn)
                .map_err(of_diesel)?;
            settings::save(conn, row)?;
            search::tables::follow_settings(conn, &row.id, row.search)
        })?;
        // The write-ahead log still has the former password.
        self.tidy();
        Ok(())
    }

    /// Returns a profile, or `None` if it doesn't exist.
    pub fn profile_blocking(&self, profile: &ProfileId) -> Result<Option<Profile>, StoreError> {
        self.read(|conn| {
            let found = with_settings()
                .filter(xtream_profiles::profile_id.eq(profile.as_str()))
                .select(<(Account, Option<(Settings, OfApplication)>)>::as_select())
                .first(conn)
                .optional()
                .map_err(of_diesel)?;
            found.map(|found| read(conn, found)).transpose()
        })
    }

    /// Returns every profile, by id.
    pub fn profiles_blocking(&self) -> Result<Vec<Profile>, StoreError> {
        self.read(|conn| {
            let found = with_settings()
                .order(xtream_profiles::profile_id)
                .select(<(Account, Option<(Settings, OfApplication)>)>::as_select())
                .load(conn)
                .map_err(of_diesel)?;
            found.into_iter().map(|found| read(conn, found)).collect()
        })
    }

    /// Removes a profile and everything that belongs to it. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::Leased`] while a run has the profile's lease.
    pub fn remove_profile_blocking(&self, profile: &ProfileId) -> Result<bool, StoreError> {
        self.require_writable()?;
        // The lock file stays: if it were deleted while another program waits for it, there would be two locks.
        let _held = self.lock_profile(profile)?;
        let removed = self.write(|conn| {
            diesel::delete(xtream_profiles::table.filter(xtream_profiles::profile_id.eq(profile.as_str())))
                .execute(conn)
                .map_err(of_diesel)
        })?;
        self.tidy();
        Ok(removed > 0)
    }
}

/// Joins profiles with their settings.
#[diesel::dsl::auto_type]
fn with_settings() -> _ {
    let of_same = xtream_sync_settings::profile_id.eq(xtream_profiles::profile_id);
    xtream_profiles::table.left_join(xtream_sync_settings::table.on(of_same))
}

/// A random number for the epoch of a feed.
pub(crate) const RANDOM_EPOCH: &str = "max(1,random() & 9223372036854775807)";

fn random_epoch() -> diesel::expression::SqlLiteral<diesel::sql_types::BigInt> {
    diesel::dsl::sql(RANDOM_EPOCH)
}

/// Creates the missing rows of a profile.
pub(crate) fn ensure(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let (id, now) = (profile.as_str(), now());
    diesel::insert_into(xtream_profiles::table)
        .values((
            xtream_profiles::profile_id.eq(id),
            xtream_profiles::feed_epoch.eq(random_epoch()),
            xtream_profiles::created_at.eq(now),
            xtream_profiles::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .map_err(of_diesel)?;
    diesel::insert_into(xtream_content_sync::table)
        .values((xtream_content_sync::profile_id.eq(id), xtream_content_sync::updated_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(conn)
        .map_err(of_diesel)?;
    diesel::insert_into(xtream_sync_settings::table)
        .values(xtream_sync_settings::profile_id.eq(id))
        .on_conflict_do_nothing()
        .execute(conn)
        .map_err(of_diesel)?;
    let without =
        xtream_profiles::table.filter(xtream_profiles::profile_id.eq(id)).filter(xtream_profiles::feed_epoch.le(0));
    diesel::update(without)
        .set(xtream_profiles::feed_epoch.eq(random_epoch()))
        .execute(conn)
        .map_err(of_diesel)
        .map(|_| ())
}

/// Reads the stored addresses of a profile, and nothing else of it.
fn with_addresses(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<Profile, StoreError> {
    let first: Option<Text> = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(profile.as_str()))
        .select(xtream_profiles::base_url)
        .first(conn)
        .map_err(of_diesel)?;
    Ok(Profile {
        base_url: first.map(|text| text.0),
        further_addresses: settings::addresses(conn, profile.as_str())?,
        ..Profile::new(profile.clone())
    })
}

/// Reads the stored login of a profile, and nothing else of it.
fn with_login(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<Profile, StoreError> {
    let found = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(profile.as_str()))
        .select(Account::as_select())
        .first(conn)
        .map_err(of_diesel)?;
    let text = |column: Option<Text>| column.map(|text| text.0);
    // A source that can't be read counts as one in which no password is kept.
    let source = PasswordSource::from_parts(&found.password_source.0, text(found.password_argument));
    Ok(Profile {
        username: text(found.username),
        password: text(found.password),
        password_source: source.unwrap_or_else(|| PasswordSource::Command(String::new())),
        ..Profile::new(profile.clone())
    })
}

/// Deletes the facts about refused logins if the login has changed.
fn forget_refusals(conn: &mut SqliteConnection, row: &Profile, stored: bool) -> Result<(), StoreError> {
    let id = row.id.as_str();
    let same = xtream_profiles::table
        .filter(xtream_profiles::profile_id.eq(id))
        .filter(xtream_profiles::username.is(row.username.as_deref()))
        .filter(xtream_profiles::password.is(row.password.as_deref().filter(|_| stored)))
        .filter(xtream_profiles::password_source.eq(row.password_source.as_str()))
        .filter(xtream_profiles::password_argument.is(row.password_source.argument()));
    let is_same = diesel::select(diesel::dsl::exists(same)).get_result::<bool>(conn).map_err(of_diesel)?;
    if !is_same {
        let refusals = xtream_panel_facts::table
            .filter(xtream_panel_facts::profile_id.eq(id))
            .filter(xtream_panel_facts::fact.eq_any(["refusals", "refused_at"]));
        diesel::delete(refusals).execute(conn).map_err(of_diesel)?;
    }
    Ok(())
}

/// Deletes the facts about another panel, and the validators that another address or account has sent.
fn forget_other_panel(conn: &mut SqliteConnection, row: &Profile) -> Result<(), StoreError> {
    let (id, base_url, username) = (row.id.as_str(), row.base_url.as_deref(), row.username.as_deref());
    let known = xtream_profiles::table.filter(xtream_profiles::profile_id.eq(id)).select(xtream_profiles::profile_id);
    let facts = xtream_panel_facts::table.filter(xtream_panel_facts::profile_id.eq(id));
    let is_other = row.is_other_panel(&with_addresses(conn, &row.id)?);
    if is_other && diesel::delete(facts).execute(conn).map_err(of_diesel)? > 0 {
        // The evidence is counted by one of the deleted facts.
        diesel::update(xtream_held_removals::table.filter(xtream_held_removals::profile_id.eq(id)))
            .set((
                xtream_held_removals::evidence_listing.eq(None::<i64>),
                xtream_held_removals::evidence_since.eq(None::<i64>),
                xtream_held_removals::evidence_panel_since.eq(None::<i64>),
            ))
            .execute(conn)
            .map_err(of_diesel)?;
    }
    let differs = xtream_profiles::base_url.is_not(base_url).or(xtream_profiles::username.is_not(username));
    let others =
        xtream_listing_validators::table.filter(xtream_listing_validators::profile_id.eq_any(known.filter(differs)));
    diesel::delete(others).execute(conn).map_err(of_diesel).map(|_| ())
}

impl Settings {
    fn of(row: &Profile) -> Self {
        Self {
            removal_share_percent: Number(row.guard.share_percent.into()),
            removal_floor_rows: Number(signed(row.guard.floor_rows)),
            removal_category_rows: Number(signed(row.guard.category_rows)),
            release_listings: Number(row.retention.release_listings.into()),
            release_days: Number(row.retention.release_days.into()),
            tombstone_days: Number(row.retention.tombstone_days.into()),
            parallel_requests: Number(row.parallel_requests.into()),
            verify_tls: Number(row.verify_tls.into()),
            follow_other_hosts: Number(row.follow_other_hosts.into()),
            feed_days: Number(row.retention.feed_days.into()),
            feed_entries: Number(signed(row.retention.feed_entries)),
            search_fields: Text(row.search.as_str().to_owned()),
        }
    }

    /// Copies the settings to a profile. A number that makes no sense leaves the default.
    fn apply(&self, profile: &mut Profile) {
        set(&mut profile.guard.share_percent, self.removal_share_percent);
        set(&mut profile.guard.floor_rows, self.removal_floor_rows);
        set(&mut profile.guard.category_rows, self.removal_category_rows);
        set(&mut profile.retention.release_listings, self.release_listings);
        set(&mut profile.retention.release_days, self.release_days);
        set(&mut profile.retention.tombstone_days, self.tombstone_days);
        set(&mut profile.retention.feed_days, self.feed_days);
        set(&mut profile.retention.feed_entries, self.feed_entries);
        if self.parallel_requests.0 > 0 {
            set(&mut profile.parallel_requests, self.parallel_requests);
        }
        profile.verify_tls = self.verify_tls.0 != 0;
        profile.follow_other_hosts = self.follow_other_hosts.0 != 0;
        profile.search = SearchFields::from_name(&self.search_fields.0).unwrap_or_default();
    }
}

fn set<T: TryFrom<i64>>(place: &mut T, number: Number) {
    if let Ok(number) = T::try_from(number.0) {
        *place = number;
    }
}

/// Reads a profile. If its settings were deleted, it has the defaults.
fn read(
    conn: &mut SqliteConnection,
    (account, settings): (Account, Option<(Settings, OfApplication)>),
) -> Result<Profile, StoreError> {
    let text = |column: Option<Text>| column.map(|text| text.0);
    let id = ProfileId::new(account.profile_id.0).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let word = account.password_source.0;
    let password_source = PasswordSource::from_parts(&word, text(account.password_argument))
        .ok_or_else(|| StoreError::Corrupt(format!("`{word}` is no source of passwords, or lacks what it needs")))?;
    let mut profile = Profile {
        base_url: text(account.base_url),
        username: text(account.username),
        password: text(account.password).filter(|_| password_source == PasswordSource::Stored),
        password_source,
        user_agent: text(account.user_agent),
        policy: account.change_policy.ok().unwrap_or(PolicyChoice::Fingerprint),
        ..Profile::new(id)
    };
    if let Some((settings, columns)) = settings {
        settings.apply(&mut profile);
        profile.schedules.automatic = columns.auto_sync_enabled.0 != 0;
        set(&mut profile.schedules.interval_hours, columns.sync_interval_hours);
    }
    profile.former_logins = former_logins::of(conn, profile.id.as_str())?;
    settings::load(conn, &mut profile)?;
    Ok(profile)
}
