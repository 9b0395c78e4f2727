//! From a stored profile to a source that can be asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sync_app::SyncError;
use sync_core::{ContentSource, PanelFacts, Profile, ProfileId};
use sync_service::SourceFactory;
use sync_xtream::{Credentials, PanelAddress, Secret, XtreamConfig, XtreamSource};

use super::args::PanelArgs;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::password;

/// How long a password is waited for, unless an argument says otherwise.
const PASSWORD_TIMEOUT: Duration = Duration::from_secs(60);

/// Makes the source of a profile from the arguments and the password of the profile.
pub(crate) struct Panels<'a> {
    args: &'a PanelArgs,
    interrupt: &'a Interrupt,
    /// The passwords that were looked up. A source is made for each address, and a command may ask a person.
    found: Mutex<Vec<(ProfileId, Secret)>>,
}

impl<'a> Panels<'a> {
    pub(crate) fn new(args: &'a PanelArgs, interrupt: &'a Interrupt) -> Self {
        Self { args, interrupt, found: Mutex::default() }
    }

    /// Returns the password of a profile, which is looked up once.
    async fn password(&self, profile: &Profile) -> Result<Option<Secret>, Failure> {
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found().iter().find(|(id, _)| *id == profile.id).map(|(_, password)| password.clone());
        if known.is_some() {
            return Ok(known);
        }
        let patience = self.args.password_timeout.unwrap_or(PASSWORD_TIMEOUT);
        let password = password::of(profile, patience, &self.interrupt.token).await?;
        found().extend(password.clone().map(|password| (profile.id.clone(), password)));
        Ok(password)
    }
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
        let password = self.password(profile).await?.ok_or_else(incomplete)?;
        let address = PanelAddress::parse(base_url).map_err(SyncError::from)?.address;
        let config = sync_app::panel_config(config(self.args), profile, learnt);
        let source = XtreamSource::new(address, Credentials::new(username, password), config);
        Ok(Arc::new(source.map_err(SyncError::from)?))
    }
}

/// The settings that the arguments name, over the defaults of the source.
fn config(args: &PanelArgs) -> XtreamConfig {
    let limits = &args.limits;
    XtreamConfig::new()
        .with(args.connect_timeout, XtreamConfig::connect_timeout)
        .with(args.first_byte_timeout, XtreamConfig::first_byte_timeout)
        .with(args.idle_timeout, XtreamConfig::idle_timeout)
        .with(args.total_timeout, XtreamConfig::total_timeout)
        .with(args.attempts, XtreamConfig::attempts)
        .with(args.backoff, XtreamConfig::backoff)
        .with(args.requests_per_second, XtreamConfig::requests_per_second)
        .with(limits.max_body_mib.map(|mib| mib << 20), XtreamConfig::max_body_bytes)
        .with(limits.max_elements, XtreamConfig::max_elements)
        .with(limits.max_element_mib.map(|mib| usize::from(mib) << 20), XtreamConfig::max_element_bytes)
        .with(limits.max_nesting, XtreamConfig::max_nesting)
        .with(limits.max_header_kib.map(|kib| usize::from(kib) << 10), XtreamConfig::max_header_bytes)
        .with(limits.min_bytes_per_second, XtreamConfig::min_bytes_per_second)
}

/// Sets what is there.
trait With: Sized {
    fn with<T>(self, value: Option<T>, set: fn(Self, T) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }
}

impl With for XtreamConfig {}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::command::args::{Args, Command};

    fn panel_args(more: &[&str]) -> PanelArgs {
        let args = Args::try_parse_from([&["xtream-sync", "sync"], more].concat()).unwrap();
        let Command::Sync(sync) = args.command else { panic!("it is a sync") };
        sync.panel
    }

    /// A profile can hold such a setting, because an argument that is not named sets none.
    #[test]
    fn what_is_not_named_keeps_the_default_of_the_source() {
        assert_eq!(format!("{:?}", config(&panel_args(&[]))), format!("{:?}", XtreamConfig::new()));
    }

    /// The defaults in `--help` are those of the source.
    #[test]
    fn the_help_names_the_defaults() {
        let command = Args::command();
        let sync = command.find_subcommand("sync").unwrap();
        let mut words = Vec::new();
        for arg in sync.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            if let (Some(long), Some((_, rest))) = (arg.get_long(), help.split_once("[default: ")) {
                words.extend([format!("--{long}"), rest.trim_end_matches(']').to_owned()]);
            }
        }
        assert_eq!(words.len(), 2 * 14, "{words:?}");
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        assert_eq!(format!("{:?}", config(&panel_args(&words))), format!("{:?}", XtreamConfig::new()));
    }
}
