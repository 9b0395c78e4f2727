//! The configuration of requests to the panel of a profile, from its settings and the facts about its panel.

use sync_core::{Clock, PanelFacts, Profile};
use sync_service::SystemClock;
use sync_xtream::XtreamConfig;

/// Adds the settings of a profile and the facts about its panel to a configuration.
///
/// Only settings that differ from the defaults of a profile are added, so that the caller's values stay in all other
/// cases.
pub fn panel_config(config: XtreamConfig, profile: &Profile, learnt: &PanelFacts) -> XtreamConfig {
    configured_at(config, profile, learnt, SystemClock::new().now())
}

fn configured_at(config: XtreamConfig, profile: &Profile, learnt: &PanelFacts, now: i64) -> XtreamConfig {
    let mut config = config;
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

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::ProfileId;

    fn profile() -> Profile {
        Profile::new(ProfileId::new("home").unwrap())
    }

    #[test]
    fn a_profile_as_it_begins_leaves_a_configuration_alone() {
        let own =
            XtreamConfig::new().verify_tls(false).follow_other_hosts(false).parallel_requests(3).user_agent("own");
        let configured = panel_config(own.clone(), &profile(), &PanelFacts::default());
        assert_eq!(format!("{configured:?}"), format!("{own:?}"));
    }

    #[test]
    fn what_a_profile_says_and_what_was_learnt_is_taken_over() {
        let profile = Profile {
            verify_tls: false,
            follow_other_hosts: false,
            parallel_requests: 2,
            user_agent: Some("Player/1".to_owned()),
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
            .user_agent("Player/1")
            .learnt_user_agent("Player/2")
            .learnt_uncompressed(true);
        let configured = configured_at(XtreamConfig::new(), &profile, &learnt, 1000 + 86_400);
        assert_eq!(format!("{configured:?}"), format!("{expected:?}"));
        let soon = configured_at(XtreamConfig::new(), &profile, &learnt, 1000 + 3600);
        assert_eq!(format!("{soon:?}"), format!("{:?}", expected.try_other_client(false)));
        assert_ne!(format!("{configured:?}"), format!("{:?}", XtreamConfig::new()));
    }
}
