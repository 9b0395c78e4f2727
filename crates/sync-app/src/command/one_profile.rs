//! Commands that work on one profile: which profile that is, and what such commands have in common.

use std::path::Path;
use std::sync::Arc;

use sync_core::{Cache, ContentKind, PasswordSource, Profile, ProfileId};
use sync_service::{Login, Service};

use super::failure::Failure;
use super::{line, wiring};
use crate::SyncError;

/// Opens the cache for reading. If there is no cache, the error is that there is no profile.
pub(crate) fn cache(database: &Path, id: Option<&str>) -> Result<Arc<dyn Cache>, Failure> {
    wiring::existing(database)?.ok_or_else(|| id.map_or_else(Failure::no_profile, Failure::unknown_profile))
}

/// Opens the cache to change a profile. If there is no cache, the error is that there is no profile.
pub(crate) fn cache_to_change(database: &Path, id: Option<&str>) -> Result<Arc<dyn Cache>, Failure> {
    if !database.exists() {
        return Err(id.map_or_else(Failure::no_profile, Failure::unknown_profile));
    }
    Ok(wiring::open(database)?)
}

/// Finds the profile that was named, or the only profile if none was named.
pub(crate) async fn find(service: &Service, id: Option<&str>) -> Result<Profile, Failure> {
    if let Some(text) = id {
        let id = ProfileId::new(text).map_err(SyncError::from)?;
        return service.cache().profile(&id).await?.ok_or_else(|| Failure::unknown_profile(text));
    }
    let mut profiles = service.cache().profiles().await?;
    match (profiles.pop(), profiles.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(Failure::no_profile()),
        _ => Err(Failure::usage(
            "there are several profiles",
            "name one with --profile ID; see `xtream-sync profile list`",
        )),
    }
}

/// Returns the login of a profile, as far as it is known without running a command or asking a person.
pub(crate) fn login(profile: &Profile) -> Login {
    let password = match &profile.password_source {
        PasswordSource::Environment(name) => std::env::var(name).ok(),
        PasswordSource::File(path) => std::fs::read(path)
            .ok()
            .and_then(|read| line::first(&read, "the file").ok())
            .map(|secret| secret.expose().to_owned()),
        PasswordSource::Stored => profile.password.clone(),
        PasswordSource::Command(_) => None,
    };
    Login::new(profile.username.as_deref(), password.as_deref()).with_former(&profile.logins_before())
}

/// Returns the named kind, or all kinds.
pub(crate) fn kinds_of(kind: Option<ContentKind>) -> Vec<ContentKind> {
    kind.map_or_else(|| ContentKind::ALL.to_vec(), |kind| vec![kind])
}
