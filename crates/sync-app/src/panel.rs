//! The configuration of requests to the panel of a profile, from its settings and the facts about its panel.

use sync_core::rate::Timetable;
use sync_core::{Clock, NetworkSettings, PanelFacts, Profile};
use sync_service::SystemClock;
use sync_xtream::{Bandwidth, XtreamConfig};

use crate::zone;

/// Adds the settings of a profile and the facts about its panel to a configuration.
///
/// Only settings that differ from the defaults of a profile are added, so that the caller's values stay in all other
/// cases.
pub fn panel_config(config: XtreamConfig, profile: &Profile, learnt: &PanelFacts) -> XtreamConfig {
    configured_at(config, profile, learnt, SystemClock::new().now())
}

fn configured_at(config: XtreamConfig, profile: &Profile, learnt: &PanelFacts, now: i64) -> XtreamConfig {
    let mut config = with_network(config, &profile.network);
    if let Some(user_agent) = &profile.user_agent {
        config = config.user_agent(user_agent);
    }
    if let Some(user_agent) = &learnt.user_agent {
        config = config.learnt_user_agent(user_agent).learnt_uncompressed(learnt.uncompressed);
    }
    if !learnt.may_try_other_client(now) {
        config = config.try_other_client(false);
    }
    if !profile.verify_tls {
        config = config.verify_tls(false);
    }
    if !profile.follow_other_hosts {
        config = config.follow_other_hosts(false);
    }
    if profile.parallel_requests != 1 {
        config = config.parallel_requests(usize::try_from(profile.parallel_requests).unwrap_or(usize::MAX));
    }
    config
}

/// Sets the timeouts, attempts, pace and limits of a profile.
fn with_network(config: XtreamConfig, network: &NetworkSettings) -> XtreamConfig {
    config
        .with(network.connect_timeout, XtreamConfig::connect_timeout)
        .with(network.first_byte_timeout, XtreamConfig::first_byte_timeout)
        .with(network.idle_timeout, XtreamConfig::idle_timeout)
        .with(network.total_timeout, XtreamConfig::total_timeout)
        .with(network.attempts, XtreamConfig::attempts)
        .with(network.backoff, XtreamConfig::backoff)
        .with(network.requests_per_second, XtreamConfig::requests_per_second)
        .with(network.min_bytes_per_second, XtreamConfig::min_bytes_per_second)
        .with(network.listing_deadline, XtreamConfig::listing_deadline)
        .with(network.rate_limit.as_ref().and_then(bandwidth), XtreamConfig::bandwidth)
        .with(network.max_body_mib.map(|mib| mib.saturating_mul(1 << 20)), XtreamConfig::max_body_bytes)
        .with(network.max_elements, XtreamConfig::max_elements)
        .with(network.max_element_mib.map(|mib| usize::from(mib) << 20), XtreamConfig::max_element_bytes)
        .with(network.max_nesting, XtreamConfig::max_nesting)
        .with(network.max_header_kib.map(|kib| usize::from(kib) << 10), XtreamConfig::max_header_bytes)
}

/// Returns the rate limit of a timetable by the clock of this computer, or `None` if the timetable never limits the
/// rate.
pub fn bandwidth(timetable: &Timetable) -> Option<Bandwidth> {
    if timetable.is_off() {
        return None;
    }
    let (timetable, zone, clock) = (timetable.clone(), zone::of_machine(), SystemClock::new());
    Some(Bandwidth::new(move || timetable.limit_at(zone.local_time(clock.now()))))
}

/// Applies a setter only if there is a value.
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
    use super::*;
    use std::time::Duration;

    use sync_core::ProfileId;
    use sync_service::settings::SETTINGS;

    fn profile() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    #[test]
    fn a_new_profile_changes_nothing_of_a_configuration() {
        let own =
            XtreamConfig::new().verify_tls(false).follow_other_hosts(false).parallel_requests(3).user_agent("own");
        let configured = panel_config(own.clone(), &profile(), &PanelFacts::default());
        assert_eq!(format!("{configured:?}"), format!("{own:?}"));
    }

    #[test]
    fn settings_and_learnt_facts_of_a_profile_are_taken_over() {
        let profile = Profile {
            verify_tls: false,
            follow_other_hosts: false,
            parallel_requests: 2,
            user_agent: Some("Player/1".to_owned()),
            network: NetworkSettings {
                attempts: Some(2),
                idle_timeout: Some(Duration::from_millis(2500)),
                max_body_mib: Some(3),
                max_header_kib: Some(5),
                ..NetworkSettings::default()
            },
            ..profile()
        };
        let learnt = PanelFacts {
            user_agent: Some("Player/2".to_owned()),
            uncompressed: true,
            other_client_at: Some(1000),
            ..PanelFacts::default()
        };
        let expected = XtreamConfig::new()
            .verify_tls(false)
            .follow_other_hosts(false)
            .parallel_requests(2)
            .attempts(2)
            .idle_timeout(Duration::from_millis(2500))
            .max_body_bytes(3 << 20)
            .max_header_bytes(5 << 10)
            .user_agent("Player/1")
            .learnt_user_agent("Player/2")
            .learnt_uncompressed(true);
        let configured = configured_at(XtreamConfig::new(), &profile, &learnt, 1000 + 86_400);
        assert_eq!(format!("{configured:?}"), format!("{expected:?}"));
        let soon = configured_at(XtreamConfig::new(), &profile, &learnt, 1000 + 3600);
        assert_eq!(format!("{soon:?}"), format!("{:?}", expected.try_other_client(false)));
        assert_ne!(format!("{configured:?}"), format!("{:?}", XtreamConfig::new()));
    }

    /// The documented defaults are those of the source, and each setting of the requests has an effect.
    #[test]
    fn the_defaults_of_the_settings_are_those_of_the_source() {
        let configured =
            |profile: &Profile| format!("{:?}", panel_config(XtreamConfig::new(), profile, &PanelFacts::default()));
        // The other settings are those of the command and of the service.
        let of_source = |key: &&str| !["timeout.password", "budget.requests"].contains(key);
        for key in NetworkSettings::KEYS.into_iter().filter(of_source) {
            let setting = SETTINGS.iter().find(|setting| setting.key() == key).unwrap();
            let mut profile = profile();
            setting.set(&mut profile, setting.default_text()).unwrap();
            assert_eq!(configured(&profile), format!("{:?}", XtreamConfig::new()), "{key}");
            setting.set(&mut profile, "19").unwrap();
            assert_ne!(configured(&profile), format!("{:?}", XtreamConfig::new()), "{key}");
        }
    }
}
