//! From a stored profile to a source that can be asked.

use sync_sqlite::ProfileRow;
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};

use super::args::PanelArgs;
use super::failure::Failure;

/// The source of a profile.
pub(crate) fn source(profile: &ProfileRow, args: &PanelArgs) -> Result<XtreamSource, Failure> {
    let incomplete = || {
        let message = format!("profile `{}` has no address, user name or password", profile.id);
        Failure::usage(message, "add them with `xtream-sync profile add`")
    };
    let base_url = profile.base_url.as_deref().ok_or_else(incomplete)?;
    let username = profile.username.as_deref().ok_or_else(incomplete)?;
    let password = profile.password.as_deref().ok_or_else(incomplete)?;
    let address = PanelAddress::parse(base_url).map_err(sync_app::SyncError::from)?.address;
    let mut config = XtreamConfig::new()
        .connect_timeout(args.connect_timeout)
        .first_byte_timeout(args.first_byte_timeout)
        .idle_timeout(args.idle_timeout)
        .total_timeout(args.total_timeout)
        .attempts(args.attempts)
        .backoff(args.backoff);
    if let Some(user_agent) = &profile.user_agent {
        config = config.user_agent(user_agent);
    }
    let source = XtreamSource::new(address, Credentials::new(username, password), config);
    Ok(source.map_err(sync_app::SyncError::from)?)
}
