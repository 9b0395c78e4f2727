//! `clear`.

use std::path::Path;

use sync_app::SyncError;
use sync_core::ProfileId;
use sync_core::text::printable;

use super::exit::Exit;
use super::failure::Failure;
use super::terminal::{confirm, grouped};
use super::wiring;

/// Deletes the cached content of a profile.
pub(crate) async fn run(database: &Path, id: &str) -> Result<Exit, Failure> {
    let profile = ProfileId::new(id).map_err(SyncError::from)?;
    if !database.exists() {
        return Err(Failure::unknown_profile(id));
    }
    let store = wiring::open(database)?;
    // The lease keeps other runs from writing meanwhile.
    let _lease = store.lease(&profile).await?;
    let rows: u64 = store.sync_state(&profile).await?.rows.values().sum();
    store.clear(&profile).await?;
    let (profile, rows) = (printable(profile.as_str()), grouped(rows));
    confirm(&format!(
        "`{profile}` cleared: {rows} items; the profile and its settings stay, and the next sync is full"
    ));
    Ok(Exit::Done)
}
