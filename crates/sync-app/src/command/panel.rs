//! Makes the source of a stored profile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sync_core::{ContentSource, PanelFacts, Profile, ProfileId};
use sync_service::SourceFactory;
use sync_xtream::{Bandwidth, Credentials, PanelAddress, Secret, XtreamConfig, XtreamSource};

use super::args::PanelArgs;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::known_logins::KnownLogins;
use super::{follower, password};
use crate::SyncError;

/// The time limit for the source of a password, unless an argument or the profile sets another one.
pub(crate) const PASSWORD_TIMEOUT: Duration = Duration::from_secs(60);

/// The time for which a password is used after its look-up. A service notices a changed password after this time.
const PASSWORD_KNOWN: Duration = Duration::from_secs(60);

/// Makes the source of a profile from the arguments and the password of the profile.
pub(crate) struct Panels<'a> {
    args: &'a PanelArgs,
    interrupt: &'a Interrupt,
    /// The passwords that were looked up, and when. Each address has a source of its own, and a look-up may ask a
    /// person, so it isn't repeated per address.
    found: Mutex<Vec<(ProfileId, Secret, Instant)>>,
    /// The logins of this run, for the code that blanks them.
    logins: Arc<KnownLogins>,
    /// The rate limit of this run. All profiles share it.
    bandwidth: Option<Bandwidth>,
}

impl<'a> Panels<'a> {
    pub(crate) fn new(args: &'a PanelArgs, interrupt: &'a Interrupt) -> Self {
        let bandwidth = args.limit_rate.as_ref().and_then(crate::bandwidth);
        Self { args, interrupt, found: Mutex::default(), logins: Arc::default(), bandwidth }
    }

    /// Sets where logins are noted.
    pub(crate) fn with_logins(self, logins: Arc<KnownLogins>) -> Self {
        Self { logins, ..self }
    }

    /// Returns the password of a profile. It is looked up at most once a minute.
    async fn password(&self, profile: &Profile) -> Result<Option<Secret>, Failure> {
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found().retain(|(_, _, at)| at.elapsed() < PASSWORD_KNOWN);
        let known = found().iter().find(|(id, ..)| *id == profile.id).map(|(_, password, _)| password.clone());
        if known.is_some() {
            return Ok(known);
        }
        let patience = self.args.password_timeout.or(profile.network.password_timeout).unwrap_or(PASSWORD_TIMEOUT);
        let password = password::of(profile, patience, &self.interrupt.token).await?;
        found().extend(password.clone().map(|password| (profile.id.clone(), password, Instant::now())));
        Ok(password)
    }
}

#[async_trait]
impl SourceFactory for Panels<'_> {
    type Error = Failure;

    async fn source(&self, profile: &Profile, learnt: &PanelFacts) -> Result<Arc<dyn ContentSource>, Failure> {
        if !profile.has_login() {
            return Err(follower::no_login(profile));
        }
        let incomplete = || {
            let message = format!("profile `{}` has no address, user name or password", profile.id);
            Failure::usage(message, "add them with `xtream-sync profile add`")
        };
        let base_url = profile.base_url.as_deref().ok_or_else(incomplete)?;
        let username = profile.username.as_deref().ok_or_else(incomplete)?;
        let password = self.password(profile).await?.ok_or_else(incomplete)?;
        self.logins.note(profile, username, &password);
        let address = PanelAddress::parse(base_url).map_err(SyncError::from)?.address;
        let config = config(self.args, profile, learnt);
        let config = match &self.bandwidth {
            Some(bandwidth) => config.bandwidth(bandwidth.clone()),
            None => config,
        };
        let source = XtreamSource::new(address, Credentials::new(username, password), config);
        Ok(Arc::new(source.map_err(SyncError::from)?))
    }
}

/// Returns the configuration for a profile. Arguments take precedence over the profile's settings, and settings over
/// the defaults of the source.
fn config(args: &PanelArgs, profile: &Profile, learnt: &PanelFacts) -> XtreamConfig {
    let profile = Profile { network: args.settings().or(&profile.network), ..profile.clone() };
    crate::panel_config(XtreamConfig::new(), &profile, learnt)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use sync_core::{NetworkSettings, ProfileId};

    use super::*;
    use crate::command::args::{Args, Command};

    fn panel_args(more: &[&str]) -> PanelArgs {
        let args = Args::try_parse_from([&["xtream-sync", "sync"], more].concat()).unwrap();
        let Command::Sync(sync) = args.command else { panic!("it is a sync") };
        sync.panel
    }

    fn profile(network: NetworkSettings) -> Profile {
        Profile { network, ..Profile::new(ProfileId::new("home").unwrap()) }
    }

    fn configured(words: &[&str], network: NetworkSettings) -> String {
        format!("{:?}", config(&panel_args(words), &profile(network), &PanelFacts::default()))
    }

    #[test]
    fn an_argument_precedes_the_profile_and_the_profile_the_default() {
        let attempts = |attempts| NetworkSettings { attempts, ..NetworkSettings::default() };
        let source = |attempts| format!("{:?}", XtreamConfig::new().attempts(attempts));
        assert_eq!(configured(&[], attempts(None)), source(4));
        assert_eq!(configured(&[], attempts(Some(2))), source(2));
        assert_eq!(configured(&["--attempts", "3"], attempts(Some(2))), source(3));
        assert_eq!(configured(&["--attempts", "4"], attempts(Some(2))), source(4), "also one that is the default");
        assert_eq!(configured(&["--idle-timeout", "30"], attempts(Some(2))), source(2));
    }

    /// Each argument is also a setting of a profile.
    #[test]
    fn each_argument_is_a_setting() {
        let command = Args::command();
        let sync = command.find_subcommand("sync").unwrap();
        let is_of_the_panel =
            |arg: &&clap::Arg| arg.get_help().is_some_and(|help| help.to_string().contains("[default: "));
        let longs = sync.get_arguments().filter(is_of_the_panel).filter_map(clap::Arg::get_long);
        let words: Vec<_> = longs.flat_map(|long| [format!("--{long}"), "3".to_owned()]).collect();
        let settings = panel_args(&words.iter().map(String::as_str).collect::<Vec<_>>()).settings();
        // The budget is a setting of the service, which has no such argument.
        for key in NetworkSettings::KEYS.into_iter().filter(|key| *key != "budget.requests") {
            assert_eq!(settings.get(key).as_deref(), Some("3"), "{key}");
        }
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
        assert_eq!(words.len(), 2 * 16, "{words:?}");
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        assert_eq!(configured(&words, NetworkSettings::default()), format!("{:?}", XtreamConfig::new()));
    }
}
