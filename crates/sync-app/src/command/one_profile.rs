//! Commands that work on one profile: which one that is, and what is common to them.

use std::path::Path;
use std::sync::Arc;

use sync_app::SyncError;
use sync_core::{Cache, ContentKind, PasswordSource, Profile, ProfileId};
use sync_service::{Login, Service};

use super::failure::Failure;
use super::{line, wiring};

/// Opens the cache for reading. Without one there is no profile.
pub(crate) fn cache(database: &Path, id: Option<&str>) -> Result<Arc<dyn Cache>, Failure> {
    wiring::existing(database)?.ok_or_else(|| id.map_or_else(Failure::no_profile, Failure::unknown_profile))
}

/// Opens the cache to change something of a profile. Without a cache there is no profile.
pub(crate) fn cache_to_change(database: &Path, id: Option<&str>) -> Result<Arc<dyn Cache>, Failure> {
    if !database.exists() {
        return Err(id.map_or_else(Failure::no_profile, Failure::unknown_profile));
    }
    Ok(wiring::open(database)?)
}

/// The profile that was named; the only one when none was.
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

/// The login of a profile, as far as it is there without asking anybody: a command is not run for it.
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

/// One kind, or all.
pub(crate) fn kinds_of(kind: Option<ContentKind>) -> Vec<ContentKind> {
    kind.map_or_else(|| ContentKind::ALL.to_vec(), |kind| vec![kind])
}
