//! Syncs profiles in a database: the composition of cache, panel and clock.

use std::sync::Arc;

use async_trait::async_trait;
use sync_core::{Cache, ContentSource, Observer, PanelFacts, Profile, ProfileId, StoreError, SyncOptions, SyncReport};
use sync_service::{Service, ServiceError, SourceFactory, SystemClock};
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};
use tokio_util::sync::CancellationToken;

use crate::database::Database;
use crate::error::{Result, SyncError};
use crate::panel::panel_config;

/// The address of a panel, and the credentials of an account.
#[derive(Clone)]
pub struct Login {
    /// The panel's address, or any address of it that was pasted.
    pub base_url: String,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Writes the login without the credentials.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// Syncs the profiles of a database. Clones share the database.
#[derive(Debug, Clone)]
pub struct Syncer {
    service: Service,
    panel: XtreamConfig,
}

impl Syncer {
    /// Returns a syncer for the profiles of this database.
    pub fn new(database: &Database) -> Self {
        Self { service: service(Arc::new(database.store().clone())), panel: XtreamConfig::new() }
    }

    /// Returns the syncer with another configuration of requests to panels: timeouts, attempts, user agent. Settings
    /// of a profile that differ from their defaults take precedence.
    #[must_use]
    pub fn with_panel_config(self, panel: XtreamConfig) -> Self {
        Self { panel, ..self }
    }

    /// Returns the use cases over the database.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Syncs a profile with the login that is stored with it, and returns the whole report. Errors within the run, also
    /// those of an unreachable panel, are in the report.
    ///
    /// [`options_of`](crate::options_of) makes the options that a profile's settings ask for.
    ///
    /// # Errors
    ///
    /// The run could not begin: there is no such profile, its login is incomplete or its password is kept elsewhere
    /// ([`SyncError::Incomplete`]), or its address can't be used.
    pub async fn sync(
        &self,
        profile: &ProfileId,
        options: &SyncOptions,
        observer: Arc<dyn Observer>,
        cancel: &CancellationToken,
    ) -> Result<SyncReport> {
        let profile = self.service.profiles(std::slice::from_ref(profile)).await?.remove(0);
        let login = stored_login(&profile).ok_or_else(|| SyncError::Incomplete(profile.id.clone()))?;
        self.run(&profile, &login, options, observer, cancel).await
    }

    /// Syncs a profile with another login than the stored one, and returns the whole report. A profile that the
    /// database doesn't know yet is created. If the address of the login is one of the profile's, the profile's other
    /// addresses are tried after it.
    ///
    /// # Errors
    ///
    /// The run could not begin: the address can't be used, or the cache can't be read.
    pub async fn sync_with_login(
        &self,
        profile: &ProfileId,
        login: &Login,
        options: &SyncOptions,
        observer: Arc<dyn Observer>,
        cancel: &CancellationToken,
    ) -> Result<SyncReport> {
        let profile = at_address(self.settings(profile).await?, login)?;
        self.run(&profile, login, options, observer, cancel).await
    }

    /// Returns the settings of a profile, or the defaults if the profile is new.
    pub(crate) async fn settings(&self, profile: &ProfileId) -> Result<Profile> {
        Ok(self.service.cache().profile(profile).await?.unwrap_or_else(|| Profile::new(profile.clone())))
    }

    async fn run(
        &self,
        profile: &Profile,
        login: &Login,
        options: &SyncOptions,
        observer: Arc<dyn Observer>,
        cancel: &CancellationToken,
    ) -> Result<SyncReport> {
        let panel = Panel { login, config: &self.panel };
        self.service.sync(profile, options, &panel, observer, cancel).await.map_err(|error| match error {
            ServiceError::Source(error) => error,
            ServiceError::Store(error) => error.into(),
            other => SyncError::Store(StoreError::backend(other.to_string())),
        })
    }
}

/// Returns the use cases over a cache, with the machine's clock.
pub(crate) fn service(cache: Arc<dyn Cache>) -> Service {
    Service::new(cache, Arc::new(SystemClock::new()))
}

/// Returns the profile with the address of a login as its first address. Its other addresses stay if the login's
/// address is one of the profile's.
fn at_address(profile: Profile, login: &Login) -> Result<Profile> {
    let credentials = Credentials::new(&login.username, login.password.as_str());
    let address = PanelAddress::parse(&login.base_url)?.address.without_login(&credentials).to_string();
    let is_it = |known: &str| PanelAddress::parse(known).is_ok_and(|known| known.address.to_string() == address);
    let (same, others): (Vec<_>, Vec<_>) = profile.addresses().into_iter().partition(|known| is_it(known));
    // The spelling is the profile's, because facts use it for the address.
    let first = same.first().map_or_else(|| address.clone(), |&known| known.to_owned());
    let others = if same.is_empty() { Vec::new() } else { others.into_iter().map(str::to_owned).collect() };
    Ok(Profile { base_url: Some(first), further_addresses: others, ..profile })
}

fn stored_login(profile: &Profile) -> Option<Login> {
    Some(Login {
        base_url: profile.base_url.clone()?,
        username: profile.username.clone()?,
        password: profile.password.clone()?,
    })
}

/// Makes the source of a panel from a login.
struct Panel<'a> {
    login: &'a Login,
    config: &'a XtreamConfig,
}

#[async_trait]
impl SourceFactory for Panel<'_> {
    type Error = SyncError;

    async fn source(&self, profile: &Profile, learnt: &PanelFacts) -> Result<Arc<dyn ContentSource>> {
        let credentials = Credentials::new(&self.login.username, self.login.password.as_str());
        // A profile with several addresses is passed with one of them.
        let address = profile.base_url.as_deref().unwrap_or(&self.login.base_url);
        let address = PanelAddress::parse(address)?.address.without_login(&credentials);
        let config = panel_config(self.config.clone(), profile, learnt);
        Ok(Arc::new(XtreamSource::new(address, credentials, config)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::PasswordSource;

    #[tokio::test]
    async fn a_profile_without_a_stored_login_is_not_synced() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path().join("cache.db")).unwrap();
        let (syncer, id) = (Syncer::new(&database), ProfileId::new("home").unwrap());
        let (options, cancel) = (SyncOptions::default(), CancellationToken::new());
        let sync = async || syncer.sync(&id, &options, Arc::new(()), &cancel).await;
        assert!(matches!(sync().await, Err(SyncError::Store(StoreError::UnknownProfile(_)))));
        let elsewhere = Profile {
            base_url: Some("http://127.0.0.1:9".to_owned()),
            username: Some("ann".to_owned()),
            password_source: PasswordSource::Environment("HOME_PASSWORD".to_owned()),
            ..Profile::new(id.clone())
        };
        syncer.service().cache().save_profile(&elsewhere).await.unwrap();
        let error = sync().await.unwrap_err();
        assert!(matches!(&error, SyncError::Incomplete(profile) if *profile == id), "{error}");
    }

    #[test]
    fn a_login_is_for_one_of_the_addresses_of_the_profile_or_for_another_panel() {
        let at = |base_url: &str| Login {
            base_url: base_url.to_owned(),
            username: "ann".to_owned(),
            password: "s3cr3t".to_owned(),
        };
        let profile = Profile {
            base_url: Some("http://a.example".to_owned()),
            further_addresses: vec!["http://b.example:8080/tv".to_owned()],
            ..Profile::new(ProfileId::new("home").unwrap())
        };
        for (login, addresses) in [
            ("http://a.example/", &["http://a.example", "http://b.example:8080/tv"][..]),
            ("http://b.example:8080/tv/ann/s3cr3t", &["http://b.example:8080/tv", "http://a.example"]),
            (
                "http://a.example/get.php?username=ann&password=s3cr3t",
                &["http://a.example", "http://b.example:8080/tv"],
            ),
            ("http://c.example", &["http://c.example"]),
        ] {
            assert_eq!(at_address(profile.clone(), &at(login)).unwrap().addresses(), addresses, "{login}");
        }
        assert!(at_address(profile, &at("http://")).is_err());
    }

    #[test]
    fn a_login_shows_nothing() {
        let secret = || "s3cr3t".to_owned();
        let login = Login { base_url: secret(), username: secret(), password: secret() };
        assert!(!format!("{login:?}").contains("s3cr3t"));
    }
}
