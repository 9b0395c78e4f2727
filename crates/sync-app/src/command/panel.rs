//! From a stored profile to a source that can be asked.

use sync_core::PanelFacts;
use sync_core::Profile;
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};

use super::args::PanelArgs;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::password;

/// The source of a profile.
pub(crate) async fn source(
    profile: &Profile,
    learnt: &PanelFacts,
    args: &PanelArgs,
    interrupt: &Interrupt,
) -> Result<XtreamSource, Failure> {
    let incomplete = || {
        let message = format!("profile `{}` has no address, user name or password", profile.id);
        Failure::usage(message, "add them with `xtream-sync profile add`")
    };
    let base_url = profile.base_url.as_deref().ok_or_else(incomplete)?;
    let username = profile.username.as_deref().ok_or_else(incomplete)?;
    let password = password::of(profile, args.password_timeout, &interrupt.token).await?.ok_or_else(incomplete)?;
    let address = PanelAddress::parse(base_url).map_err(sync_app::SyncError::from)?.address;
    let config = sync_app::configured(config(args), profile, learnt);
    let source = XtreamSource::new(address, Credentials::new(username, password), config);
    Ok(source.map_err(sync_app::SyncError::from)?)
}

fn config(args: &PanelArgs) -> XtreamConfig {
    let limits = &args.limits;
    XtreamConfig::new()
        .connect_timeout(args.connect_timeout)
        .first_byte_timeout(args.first_byte_timeout)
        .idle_timeout(args.idle_timeout)
        .total_timeout(args.total_timeout)
        .attempts(args.attempts)
        .backoff(args.backoff)
        .requests_per_second(args.requests_per_second)
        .max_body_bytes(limits.max_body_mib << 20)
        .max_elements(limits.max_elements)
        .max_element_bytes(usize::from(limits.max_element_mib) << 20)
        .max_nesting(limits.max_nesting)
        .max_header_bytes(usize::from(limits.max_header_kib) << 10)
        .min_bytes_per_second(limits.min_bytes_per_second)
}
