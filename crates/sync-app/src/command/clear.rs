//! `clear`.

use std::path::Path;

use sync_core::ProfileId;
use sync_core::text::printable;

use super::exit::Exit;
use super::failure::Failure;
use super::terminal::{confirm, grouped};
use super::{follower, wiring};
use crate::SyncError;

/// Deletes the cached content of a profile.
pub(crate) async fn run(database: &Path, id: &str) -> Result<Exit, Failure> {
    let profile = ProfileId::new(id).map_err(SyncError::from)?;
    if !database.exists() {
        return Err(Failure::unknown_profile(id));
    }
    let store = wiring::open(database)?;
    // The lease keeps other runs from writing during the deletion.
    let _lease = store.lease(&profile).await?;
    let rows: u64 = store.sync_state(&profile).await?.rows.values().sum();
    store.clear(&profile).await?;
    let has_login = store.profile(&profile).await?.is_none_or(|profile| profile.has_login());
    let next = if has_login {
        "and the next sync is full".to_owned()
    } else {
        format!("and a set of everything fills it: {}", follower::apply(&profile))
    };
    let (profile, rows) = (printable(profile.as_str()), grouped(rows));
    confirm(&format!("`{profile}` cleared: {rows} items; the profile and its settings stay, {next}"));
    Ok(Exit::Done)
}
