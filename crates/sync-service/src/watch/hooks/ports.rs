//! What hooks need of their surroundings.

use async_trait::async_trait;
use sync_core::Profile;

use super::told::Told;
use crate::secrets::Login;

/// Sends results: to a command, or to a server.
///
/// # Contract
///
/// - A send ends by itself, also if the other side hangs.
/// - A send that is dropped leaves nothing behind.
/// - The words of an error hold no secret: no login, no command line, of an address the host only.
#[async_trait]
pub trait HookSender: Send + Sync {
    /// Returns a stable name, as metrics and logs use it.
    fn name(&self) -> &'static str;

    /// Returns whether results of a profile are sent at all.
    fn is_set(&self, profile: &Profile) -> bool;

    /// Sends a result.
    async fn send(&self, told: &Told) -> Result<(), NotSent>;
}

/// A result could not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// Why, without a secret.
    pub why: String,
    /// Whether it makes sense to try again.
    pub may_pass: bool,
}

/// Knows the logins of profiles.
#[async_trait]
pub trait Logins: Send + Sync {
    /// Returns the login that the panel of a profile was last asked with, without asking anybody. If it is not known,
    /// names are not told, because they may contain it.
    async fn login(&self, profile: &Profile) -> Option<Login>;
}
