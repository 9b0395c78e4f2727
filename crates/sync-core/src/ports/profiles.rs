//! The port to the profiles: accounts at panels, and their settings.

use std::fmt;

use async_trait::async_trait;

use crate::model::ProfileId;
use crate::ports::store::StoreError;
use crate::run::options::{GuardThresholds, PolicyChoice, Retention};
use crate::search::SearchFields;

/// Keeps profiles.
///
/// # Contract
///
/// - A profile is saved as a whole, and read back as it was saved.
/// - A profile that [`ContentStore::ensure_profile`](crate::ContentStore::ensure_profile) made has the settings of
///   [`Profile::new`].
/// - A password is kept only where [`Profile::password_source`] is [`PasswordSource::Stored`].
/// - When the address changes, what was learnt of the panel is forgotten, the evidence of held removals with it. When the
///   address or the user name changes, the validators of its listings are forgotten.
/// - Content and history stay when a profile is saved, and go when it is removed.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Profiles: Send + Sync {
    /// Returns a profile; `None` when there is no such one.
    async fn profile(&self, id: &ProfileId) -> Result<Option<Profile>, StoreError>;

    /// Returns every profile, by id.
    async fn profiles(&self) -> Result<Vec<Profile>, StoreError>;

    /// Writes a profile: a new one, or all settings of one that exists.
    async fn save_profile(&self, profile: &Profile) -> Result<(), StoreError>;

    /// Removes a profile and everything that belongs to it; returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Leased`] while a run has its lease.
    async fn remove_profile(&self, id: &ProfileId) -> Result<bool, StoreError>;
}

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
    /// The word for it, as it is stored.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Environment(_) => "environment",
            Self::File(_) => "file",
            Self::Command(_) => "command",
        }
    }

    /// The name, path or command that belongs to it.
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Stored => None,
            Self::Environment(argument) | Self::File(argument) | Self::Command(argument) => Some(argument),
        }
    }

    /// The source that this word and this argument stand for; `None` when the word is unknown, or the argument that it
    /// needs is missing.
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

/// Without the argument: a command line may hold a secret.
impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An account at a panel, and its settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
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
    /// The user agent that the panel is told.
    pub user_agent: Option<String>,
    /// What makes an item an updated one.
    pub policy: PolicyChoice,
    /// When removals are held.
    pub guard: GuardThresholds,
    /// When what is held is released, and how long what was removed is remembered.
    pub retention: Retention,
    /// Whether the panel has to prove its identity over https. Default true.
    pub verify_tls: bool,
    /// Whether redirects to other hosts are followed. Default true.
    pub follow_other_hosts: bool,
    /// How many requests to the account may be under way at once. Default 1.
    pub parallel_requests: u32,
    /// The fields whose text is searched. Default [`SearchFields::All`].
    pub search: SearchFields,
}

impl Profile {
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
            search: SearchFields::default(),
        }
    }
}

/// Without user name and password.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("Profile")
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
            .field("search", &self.search)
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
    fn no_secret_is_shown() {
        let profile = Profile {
            username: Some("s3cr3t".to_owned()),
            password: Some("s3cr3t".to_owned()),
            password_source: PasswordSource::Command("echo s3cr3t".to_owned()),
            ..Profile::new(ProfileId::new("home").unwrap())
        };
        assert!(!format!("{profile:?}").contains("s3cr3t"));
    }
}
