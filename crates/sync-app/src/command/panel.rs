//! From a stored profile to a source that can be asked.

use std::sync::Arc;

use async_trait::async_trait;
use sync_app::SyncError;
use sync_core::{ContentSource, PanelFacts, Profile};
use sync_service::SourceFactory;
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};

use super::args::PanelArgs;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::password;

/// Makes the source of a profile from the arguments and the password of the profile.
pub(crate) struct Panels<'a> {
    pub(crate) args: &'a PanelArgs,
    pub(crate) interrupt: &'a Interrupt,
}

#[async_trait]
impl SourceFactory for Panels<'_> {
    type Error = Failure;

    async fn source(&self, profile: &Profile, learnt: &PanelFacts) -> Result<Arc<dyn ContentSource>, Failure> {
        let incomplete = || {
            let message = format!("profile `{}` has no address, user name or password", profile.id);
            Failure::usage(message, "add them with `xtream-sync profile add`")
        };
        let base_url = profile.base_url.as_deref().ok_or_else(incomplete)?;
        let username = profile.username.as_deref().ok_or_else(incomplete)?;
        let password = password::of(profile, self.args.password_timeout, &self.interrupt.token).await?;
        let password = password.ok_or_else(incomplete)?;
        let address = PanelAddress::parse(base_url).map_err(SyncError::from)?.address;
        let config = sync_app::panel_config(config(self.args), profile, learnt);
        let source = XtreamSource::new(address, Credentials::new(username, password), config);
        Ok(Arc::new(source.map_err(SyncError::from)?))
    }
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
