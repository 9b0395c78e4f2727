//! The port to the profiles: accounts at panels, and their settings.

mod hooks;
mod network;
mod setting_rows;

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;

use crate::model::{ContentKind, ProfileId};
use crate::overlay::ConflictRules;
use crate::policy::probe::ProbeSetting;
use crate::policy::schedule::Schedules;
use crate::ports::store::StoreError;
use crate::run::options::{GuardThresholds, PolicyChoice, Retention};
use crate::search::SearchFields;

pub use hooks::HookSettings;
pub use network::{NetworkSettings, NotAValue};
pub use setting_rows::SettingRow;

/// Keeps profiles.
///
/// # Contract
///
/// - A profile is saved as a whole, and read back as it was saved.
/// - A profile that [`ContentStore::ensure_profile`](crate::ContentStore::ensure_profile) made has the settings of
///   [`Profile::new`].
/// - A password is kept only if [`Profile::password_source`] is [`PasswordSource::Stored`].
/// - If the addresses change and have none in common with those before, it is another panel: the facts about it and the
///   evidence of held removals are deleted. They stay if addresses are added, reordered, or removed in part.
/// - If the first address or the user name changes, the validators of the listings are deleted.
/// - If the user name, the password or its source changes, refused logins are forgotten. The former login is kept in
///   [`Profile::former_logins`] if the profile has content or changes, because they may hold it. The field is not
///   saved: the store adds to it, and removes the passwords if the present password is kept elsewhere.
///   [`ContentStore::clear`](crate::ContentStore::clear) empties it if there are no edits.
/// - A setting that this version doesn't know stays as a newer version has written it. A value that can't be read is
///   the default, and no error.
/// - Content and history stay if a profile is saved, and are deleted if it is removed.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Profiles: Send + Sync {
    /// Returns a profile, or `None` if it doesn't exist.
    async fn profile(&self, id: &ProfileId) -> Result<Option<Profile>, StoreError>;

    /// Returns every profile, by id.
    async fn profiles(&self) -> Result<Vec<Profile>, StoreError>;

    /// Writes a profile: a new one, or all settings of an existing one.
    async fn save_profile(&self, profile: &Profile) -> Result<(), StoreError>;

    /// Removes a profile and everything that belongs to it. Returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Leased`] while a run has its lease.
    async fn remove_profile(&self, id: &ProfileId) -> Result<bool, StoreError>;
}

/// The origin of a profile's password.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum PasswordSource {
    /// The password is in the cache.
    #[default]
    Stored,
    /// The password is in the environment variable with this name.
    Environment(String),
    /// The password is in the file at this path.
    File(String),
    /// The password is the output of this command.
    Command(String),
}

impl PasswordSource {
    /// Returns the word that is stored for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Environment(_) => "environment",
            Self::File(_) => "file",
            Self::Command(_) => "command",
        }
    }

    /// Returns the name, path or command that belongs to it.
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Stored => None,
            Self::Environment(argument) | Self::File(argument) | Self::Command(argument) => Some(argument),
        }
    }

    /// Returns the source for this word and argument, or `None` if the word is unknown or a needed argument is missing.
    pub fn from_parts(word: &str, argument: Option<String>) -> Option<Self> {
        match (word, argument) {
            ("stored", _) => Some(Self::Stored),
            ("environment", Some(name)) => Some(Self::Environment(name)),
            ("file", Some(path)) => Some(Self::File(path)),
            ("command", Some(command)) => Some(Self::Command(command)),
            _ => None,
        }
    }
}

/// Writes the source without its argument, because a command line may contain a secret.
impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A login that a profile had before.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormerLogin {
    /// The user name.
    pub username: String,
    /// The password, if it was kept in the cache.
    pub password: Option<String>,
}

/// Writes neither the user name nor the password.
impl fmt::Debug for FormerLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormerLogin").finish_non_exhaustive()
    }
}

/// An account at a panel, and its settings.
#[derive(Clone, PartialEq)]
pub struct Profile {
    /// The id.
    pub id: ProfileId,
    /// The panel's address, without credentials.
    pub base_url: Option<String>,
    /// Further addresses of the same panel, without credentials, in the order in which they are tried.
    pub further_addresses: Vec<String>,
    /// The user name at the panel.
    pub username: Option<String>,
    /// The password, if it is kept here. Anyone who can read the file can read it. With any other
    /// [`Self::password_source`], saving the profile deletes it.
    pub password: Option<String>,
    /// The origin of the password. The default is [`PasswordSource::Stored`].
    pub password_source: PasswordSource,
    /// The former logins, in order. Old values may hold them, so they are blanked as well. The store keeps them.
    pub former_logins: Vec<FormerLogin>,
    /// The user agent with which the panel is asked.
    pub user_agent: Option<String>,
    /// The rule by which an item counts as updated.
    pub policy: PolicyChoice,
    /// The thresholds above which removals are held.
    pub guard: GuardThresholds,
    /// The rules for the release of held items, and the time for which tombstones are kept.
    pub retention: Retention,
    /// Whether the panel has to prove its identity over https. The default is true.
    pub verify_tls: bool,
    /// Whether redirects to other hosts are followed. The default is true.
    pub follow_other_hosts: bool,
    /// The number of requests to the account that may be under way at once. The default is 1.
    pub parallel_requests: u32,
    /// The fields whose text is searched. The default is [`SearchFields::All`].
    pub search: SearchFields,
    /// Timeouts, attempts, pace and limits of requests.
    pub network: NetworkSettings,
    /// The kinds that are switched off: they are synced only if a run names them. Their rows stay. The default is none.
    pub kinds_off: BTreeSet<ContentKind>,
    /// The schedules of the kinds.
    pub schedules: Schedules,
    /// Whether the service postpones a sync while all connections of the account are in use. The default is true.
    pub postpone_when_busy: bool,
    /// Whether the service uses probes in place of whole lists. The default is [`ProbeSetting::Auto`].
    pub probes: ProbeSetting,
    /// The commands and webhooks before and after a sync.
    pub hooks: HookSettings,
    /// The rules for edits when the panel changes the same field. The default is
    /// [`ConflictRule::KeepLocal`](crate::overlay::ConflictRule).
    pub conflicts: ConflictRules,
}

impl Profile {
    /// Returns whether the profile names an account at a panel. A profile without a login is filled by change sets
    /// only.
    pub const fn has_login(&self) -> bool {
        self.base_url.is_some() && self.username.is_some()
    }

    /// Returns a profile with this id and default settings.
    pub fn new(id: ProfileId) -> Self {
        Self {
            id,
            base_url: None,
            further_addresses: Vec::new(),
            username: None,
            password: None,
            password_source: PasswordSource::default(),
            former_logins: Vec::new(),
            user_agent: None,
            policy: PolicyChoice::default(),
            guard: GuardThresholds::default(),
            retention: Retention::default(),
            verify_tls: true,
            follow_other_hosts: true,
            parallel_requests: 1,
            search: SearchFields::default(),
            network: NetworkSettings::default(),
            kinds_off: BTreeSet::new(),
            schedules: Schedules::default(),
            postpone_when_busy: true,
            probes: ProbeSetting::default(),
            hooks: HookSettings::default(),
            conflicts: ConflictRules::default(),
        }
    }

    /// Returns the addresses of the panel, in the order in which they are tried.
    pub fn addresses(&self) -> Vec<&str> {
        self.base_url.iter().chain(&self.further_addresses).map(String::as_str).collect()
    }

    /// Returns whether the panel differs from that of the profile `before`: the addresses differ, and none of them is
    /// the same.
    pub fn is_other_panel(&self, before: &Self) -> bool {
        let (now, before) = (self.addresses(), before.addresses());
        now != before && !now.iter().any(|address| before.contains(address))
    }

    /// Returns whether the login differs from that of the profile `before`, as far as a store keeps it.
    pub fn is_other_login(&self, before: &Self) -> bool {
        (&self.username, &self.password, &self.password_source)
            != (&before.username, &before.password, &before.password_source)
    }

    /// Returns the login as a former one, as far as a store keeps it; `None` if there is no user name.
    pub fn login_to_keep(&self) -> Option<FormerLogin> {
        let username = self.username.clone().filter(|username| !username.is_empty())?;
        let password = self.password.clone().filter(|_| self.password_source == PasswordSource::Stored);
        Some(FormerLogin { username, password: password.filter(|password| !password.is_empty()) })
    }

    /// Returns the logins that values may hold besides the present one. A password that is kept elsewhere may change
    /// without notice, so any password together with the user name may be a former one.
    pub fn logins_before(&self) -> Vec<FormerLogin> {
        let mut before = self.former_logins.clone();
        if self.password_source != PasswordSource::Stored {
            before.extend(self.login_to_keep());
        }
        before
    }

    /// Returns the kinds that are synced unless a run names others, in the order of a run.
    pub fn kinds(&self) -> Vec<ContentKind> {
        ContentKind::ALL.into_iter().filter(|kind| !self.kinds_off.contains(kind)).collect()
    }
}

/// Writes the profile without user name and password.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("Profile")
            .field("id", &self.id)
            .field("base_url", &self.base_url)
            .field("further_addresses", &self.further_addresses)
            .field("username", &hidden(&self.username))
            .field("password", &hidden(&self.password))
            .field("password_source", &self.password_source)
            .field("former_logins", &self.former_logins.len())
            .field("user_agent", &self.user_agent)
            .field("policy", &self.policy)
            .field("guard", &self.guard)
            .field("retention", &self.retention)
            .field("verify_tls", &self.verify_tls)
            .field("follow_other_hosts", &self.follow_other_hosts)
            .field("parallel_requests", &self.parallel_requests)
            .field("search", &self.search)
            .field("network", &self.network)
            .field("kinds_off", &self.kinds_off)
            .field("schedules", &self.schedules)
            .field("postpone_when_busy", &self.postpone_when_busy)
            .field("probes", &self.probes)
            .field("hooks", &self.hooks)
            .field("conflicts", &self.conflicts)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_of_passwords_is_read_back_from_its_parts() {
        let sources = [
            PasswordSource::Stored,
            PasswordSource::Environment("HOME_PASSWORD".to_owned()),
            PasswordSource::File("/run/secrets/home".to_owned()),
            PasswordSource::Command("pass show home".to_owned()),
        ];
        for source in sources {
            let argument = source.argument().map(str::to_owned);
            assert_eq!(PasswordSource::from_parts(source.as_str(), argument), Some(source));
        }
        assert_eq!(PasswordSource::from_parts("file", None), None);
        assert_eq!(PasswordSource::from_parts("keyring", Some("home".to_owned())), None);
    }

    #[test]
    fn a_panel_is_the_same_if_one_address_is_the_same() {
        let at = |addresses: &[&str]| Profile {
            base_url: addresses.first().map(|&address| address.to_owned()),
            further_addresses: addresses.iter().skip(1).map(|&address| address.to_owned()).collect(),
            ..Profile::new(ProfileId::new("home").unwrap())
        };
        for (before, now, is_other) in [
            (&[][..], &[][..], false),
            (&[], &["a"], true),
            (&["a"], &[], true),
            (&["a"], &["a"], false),
            (&["a"], &["b"], true),
            (&["a"], &["a", "b"], false),
            (&["a", "b"], &["b", "a"], false),
            (&["a", "b"], &["b"], false),
            (&["a", "b"], &["c", "b"], false),
            (&["a"], &["b", "a"], false),
            (&["a", "b"], &["c", "d"], true),
        ] {
            assert_eq!(at(now).is_other_panel(&at(before)), is_other, "{before:?} {now:?}");
        }
    }

    #[test]
    fn kinds_that_are_off_are_not_synced_by_themselves() {
        let kinds_off = BTreeSet::from([ContentKind::Movies]);
        let profile = Profile { kinds_off, ..Profile::new(ProfileId::new("home").unwrap()) };
        assert_eq!(profile.kinds(), [ContentKind::Channels, ContentKind::Series]);
    }

    #[test]
    fn a_former_password_that_was_kept_elsewhere_is_unknown() {
        let former =
            |password: Option<&str>| FormerLogin { username: "ann".to_owned(), password: password.map(str::to_owned) };
        let home = Profile {
            username: Some("ann".to_owned()),
            password: Some("s3cr3t".to_owned()),
            former_logins: vec![former(Some("first"))],
            ..Profile::new(ProfileId::new("home").unwrap())
        };
        assert_eq!(home.login_to_keep(), Some(former(Some("s3cr3t"))));
        assert_eq!(home.logins_before(), [former(Some("first"))]);
        let elsewhere = Profile { password_source: PasswordSource::File("/run/secrets/home".to_owned()), ..home };
        assert_eq!(elsewhere.login_to_keep(), Some(former(None)));
        assert_eq!(elsewhere.logins_before(), [former(Some("first")), former(None)]);
        assert_eq!(Profile::new(elsewhere.id).login_to_keep(), None);
    }

    #[test]
    fn no_secret_is_shown() {
        let profile = Profile {
            username: Some("s3cr3t".to_owned()),
            password: Some("s3cr3t".to_owned()),
            password_source: PasswordSource::Command("echo s3cr3t".to_owned()),
            hooks: HookSettings {
                on_change: Some("tell --token s3cr3t".to_owned()),
                before: Some("ask --token s3cr3t".to_owned()),
                ..HookSettings::default()
            },
            ..Profile::new(ProfileId::new("home").unwrap())
        };
        assert!(!format!("{profile:?}").contains("s3cr3t"));
    }
}
