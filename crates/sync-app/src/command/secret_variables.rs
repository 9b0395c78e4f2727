//! The variables of the environment that hold secrets. Commands of hooks don't get them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sync_core::{PasswordSource, Profile};
use sync_service::watch::Caches;

use super::login;

/// The names of the variables that hold secrets of any profile.
pub(crate) struct SecretVariables {
    caches: Arc<dyn Caches>,
    /// All variables that were ever named. A variable that no profile names any more still holds its secret.
    known: Mutex<BTreeSet<String>>,
}

impl std::fmt::Debug for SecretVariables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretVariables").finish_non_exhaustive()
    }
}

impl SecretVariables {
    /// Returns the variables. `named` are those of the command line.
    pub(crate) fn new(caches: Arc<dyn Caches>, named: impl IntoIterator<Item = String>) -> Self {
        let known = named.into_iter().chain([login::VARIABLE.to_owned()]).collect();
        Self { caches, known: Mutex::new(known) }
    }

    /// Returns the variables of the command line, of this profile, and of all profiles that the cache has now. If the
    /// cache can't be read, those of its profiles are as in earlier calls.
    pub(crate) async fn names(&self, profile: &Profile) -> Vec<String> {
        let profiles = match self.caches.for_reading().await {
            Ok(cache) => cache.profiles().await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(profiles.iter().chain([profile]).flat_map(of_profile));
        known.iter().cloned().collect()
    }
}

fn of_profile(profile: &Profile) -> impl Iterator<Item = String> {
    let password = match &profile.password_source {
        PasswordSource::Environment(name) => Some(name.clone()),
        PasswordSource::Stored | PasswordSource::File(_) | PasswordSource::Command(_) => None,
    };
    password.into_iter().chain(profile.hooks.webhook_env.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    use sync_core::ProfileId;

    use crate::command::wiring;

    #[tokio::test]
    async fn the_secrets_of_all_profiles_are_known_without_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("cache.db");
        let profile = |id: &str| Profile::new(ProfileId::new(id).unwrap());
        let mut away = profile("away");
        away.password_source = PasswordSource::Environment("AWAY_PASSWORD".to_owned());
        away.hooks.webhook_env = Some("AWAY_HOOK".to_owned());
        let cache = wiring::open(&database).unwrap();
        cache.save_profile(&away).await.unwrap();
        drop(cache);
        let variables = SecretVariables::new(Arc::new(wiring::Caches::new(&database)), ["HOOK".to_owned()]);
        let mut home = profile("home");
        home.password_source = PasswordSource::Environment("HOME_PASSWORD".to_owned());
        let all = ["AWAY_HOOK", "AWAY_PASSWORD", "HOME_PASSWORD", "HOOK", "XTREAM_SYNC_PASSWORD"];
        assert_eq!(variables.names(&home).await, all);
        drop(folder);
        assert_eq!(variables.names(&profile("other")).await, all);
    }
}
