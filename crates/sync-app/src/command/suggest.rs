//! A suggestion for an id that no profile has.

use std::path::Path;

use sync_core::text::printable;
use sync_service::similar;

use super::failure::{FIRST_STEPS, Failure};
use super::terminal::quoted;
use super::wiring;

/// Returns the error with a hint that names the most similar profile. Other errors are returned unchanged.
pub(crate) async fn profile(failure: Failure, database: &Path) -> Failure {
    let Some(id) = failure.unknown_id().map(str::to_owned) else { return failure };
    let profiles = match wiring::existing(database) {
        Ok(None) => Vec::new(),
        Ok(Some(cache)) => match cache.profiles().await {
            Ok(profiles) => profiles,
            Err(_) => return failure,
        },
        Err(_) => return failure,
    };
    if profiles.is_empty() {
        return failure.hinting(FIRST_STEPS[1..].join("\n  hint: "));
    }
    match similar(&id, profiles.iter().map(|profile| profile.id.as_str())) {
        Some(meant) => {
            let meant = printable(&quoted(meant));
            failure.hinting(format!("did you mean `{meant}`? See `xtream-sync profile list`"))
        }
        None => failure,
    }
}
