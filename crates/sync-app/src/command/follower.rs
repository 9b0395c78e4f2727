//! Words about profiles without a login, which change sets fill and no sync.

use sync_core::text::printable;
use sync_core::{Profile, ProfileId};

use super::failure::Failure;
use super::terminal::quoted;

/// Returns the command that applies a set to a profile.
pub(crate) fn apply(id: &ProfileId) -> String {
    format!("`xtream-sync changes apply FILE --profile {}`", named(id))
}

/// Returns the advice that repairs a profile which no sync can repair.
pub(crate) fn renew(id: &ProfileId) -> String {
    format!("`xtream-sync clear {}` and a set of everything, with {},", named(id), apply(id))
}

/// Returns the error that a profile without a login can't ask a panel.
pub(crate) fn no_login(profile: &Profile) -> Failure {
    let id = named(&profile.id);
    let message = format!("profile `{}` has no address, user name or password; change sets fill it", profile.id);
    let hint = format!("apply one with {}, or add a login with `xtream-sync profile add {id}`", apply(&profile.id));
    Failure::usage(message, hint)
}

fn named(id: &ProfileId) -> String {
    printable(&quoted(id.as_str()))
}
