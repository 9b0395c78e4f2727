//! The logins that panels were last asked with. They are blanked in the results that hooks are told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sync_core::{Profile, ProfileId};
use sync_service::Login;
use sync_service::watch::Logins;
use sync_xtream::Secret;

/// Remembers the newest login of each profile. Hooks don't cause a second look-up of the password, because a command or
/// a slow file may not give it again.
#[derive(Debug, Default)]
pub(crate) struct KnownLogins(Mutex<BTreeMap<ProfileId, Login>>);

impl KnownLogins {
    /// Notes a login with which a panel is asked.
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
