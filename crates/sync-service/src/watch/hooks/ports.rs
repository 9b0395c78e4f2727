//! The ports that hooks need.

use async_trait::async_trait;
use sync_core::Profile;

use super::told::Told;
use crate::secrets::Login;

/// Sends results: to a command, or to a server.
///
/// # Contract
///
/// - A send ends by itself, even if the other side hangs.
/// - A send that is dropped leaves nothing behind.
/// - The text of an error has no secret: no login, no command line, and only the host of an address.
#[async_trait]
pub trait HookSender: Send + Sync {
    /// Returns a stable name, as metrics and logs use it.
    fn name(&self) -> &'static str;

    /// Returns whether results of a profile are sent at all.
    fn is_set(&self, profile: &Profile) -> bool;

    /// Sends a result.
    async fn send(&self, told: &Told) -> Result<(), NotSent>;
}

/// The error of a result that could not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// The reason, without a secret.
    pub why: String,
    /// Whether it makes sense to try again.
    pub may_pass: bool,
}

/// Knows the logins of profiles.
#[async_trait]
pub trait Logins: Send + Sync {
    /// Returns the login with which the panel of a profile was last asked. The login is not asked for again. If it is
    /// not known (`None`), no names are sent, because they may contain it.
    async fn login(&self, profile: &Profile) -> Option<Login>;
}
