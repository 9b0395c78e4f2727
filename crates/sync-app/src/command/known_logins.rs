//! The logins that were last used to ask the panels: they are blanked in what hooks are told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sync_core::{Profile, ProfileId};
use sync_service::Login;
use sync_service::watch::Logins;
use sync_xtream::Secret;

/// Remembers the newest login of each profile. Nobody is asked for a password a second time, which a command or a slow
/// file could not give.
#[derive(Debug, Default)]
pub(crate) struct KnownLogins(Mutex<BTreeMap<ProfileId, Login>>);

impl KnownLogins {
    /// Notes a login that a panel is asked with.
    pub(crate) fn note(&self, profile: &Profile, username: &str, password: &Secret) {
        let login = Login::new(Some(username), Some(password.expose())).with_former(&profile.logins_before());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(profile.id.clone(), login);
    }
}

#[async_trait]
impl Logins for KnownLogins {
    async fn login(&self, profile: &Profile) -> Option<Login> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&profile.id).cloned()
    }
}
