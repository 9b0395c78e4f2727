//! Cases of every [`Profiles`](crate::Profiles).

use std::collections::BTreeSet;
use std::time::Duration;

use super::session::{Session, load};
use super::validators::validator;
use crate::facts::PanelFacts;
use crate::model::{ContentId, ContentKind};
use crate::overlay::{ConflictRule, ConflictRules};
use crate::policy::probe::ProbeSetting;
use crate::ports::Cache;
use crate::ports::profiles::{HookSettings, NetworkSettings, PasswordSource, Profile};
use crate::ports::store::{ScopeCommit, StoreError, ValidatorChange};
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::{Evidence, HeldRemoval};
use crate::run::options::{GuardThresholds, PolicyChoice, Retention};
use crate::search::SearchFields;
use crate::testing::profile;

/// Returns a profile whose settings all differ from the defaults.
pub(super) fn unusual() -> Profile {
    Profile {
        base_url: Some("http://panel.example:8080".to_owned()),
        further_addresses: vec!["http://second.example".to_owned(), "http://a.example/tv".to_owned()],
        username: Some("ann".to_owned()),
        password: Some("s3cr3t".to_owned()),
        password_source: PasswordSource::Stored,
        user_agent: Some("Player/1".to_owned()),
        policy: PolicyChoice::Timestamp,
        guard: GuardThresholds { share_percent: 11, floor_rows: 12, category_rows: 13 },
        retention: Retention {
            release_listings: 14,
            release_days: 15,
            tombstone_days: 16,
            feed_days: 17,
            feed_entries: 18,
        },
        verify_tls: false,
        follow_other_hosts: false,
        parallel_requests: 4,
        search: SearchFields::Names,
        network: NetworkSettings {
            connect_timeout: Some(Duration::from_millis(1900)),
            first_byte_timeout: Some(Duration::from_secs(20)),
            idle_timeout: Some(Duration::from_secs(21)),
            total_timeout: Some(Duration::from_nanos(22)),
            password_timeout: Some(Duration::ZERO),
            attempts: Some(3),
            backoff: Some(Duration::from_secs(24)),
            requests_per_second: Some(0.25),
            daily_requests: Some(1234),
            min_bytes_per_second: Some(0),
            rate_limit: Some("08:00,512k Sat-23:00,off".parse().unwrap()),
            listing_deadline: Some(Duration::from_secs(3600)),
            max_body_mib: Some(26),
            max_elements: Some(27),
            max_element_mib: Some(28),
            max_nesting: Some(29),
            max_header_kib: Some(30),
        },
        kinds_off: BTreeSet::from([ContentKind::Series, ContentKind::Channels]),
        probes: ProbeSetting::Off,
        conflicts: ConflictRules {
            name: ConflictRule::Ask,
            category: ConflictRule::Newest,
            icon: ConflictRule::TakePanel,
        },
        hooks: HookSettings {
            on_change: Some("tell \"it\" | sh".to_owned()),
            webhook_file: Some("/run/secrets/hook".to_owned()),
            webhook_env: Some("HOOK".to_owned()),
            before: Some("exit 3".to_owned()),
            always: true,
        },
        ..Profile::new(profile("home"))
    }
}

/// "A profile is saved as a whole, and read back as it was saved."
pub async fn a_profile_is_read_back_as_it_was_saved<C: Cache>(cache: &C) {
    assert_eq!(cache.profiles().await.unwrap(), []);
    let (home, away) = (unusual(), Profile::new(profile("away")));
    cache.save_profile(&home).await.unwrap();
    cache.save_profile(&away).await.unwrap();
    assert_eq!(cache.profile(&home.id).await.unwrap(), Some(home.clone()));
    assert_eq!(cache.profiles().await.unwrap(), [away.clone(), home.clone()], "by id");
    let some = Profile {
        further_addresses: vec!["http://a.example/tv".to_owned()],
        network: NetworkSettings { attempts: Some(20), ..NetworkSettings::default() },
        kinds_off: BTreeSet::from([ContentKind::Movies]),
        ..home
    };
    cache.save_profile(&some).await.unwrap();
    assert_eq!(cache.profile(&some.id).await.unwrap(), Some(some.clone()));
    let plain = Profile::new(some.id);
    cache.save_profile(&plain).await.unwrap();
    assert_eq!(cache.profile(&plain.id).await.unwrap(), Some(plain));
    assert_eq!(cache.profile(&profile("nobody")).await.unwrap(), None);
}

/// "A profile that `ensure_profile` made has the settings of `Profile::new`."
pub async fn a_profile_that_was_ensured_has_the_usual_settings<C: Cache>(cache: &C) {
    let home = unusual();
    cache.ensure_profile(&home.id).await.unwrap();
    assert_eq!(cache.profile(&home.id).await.unwrap(), Some(Profile::new(home.id.clone())));
    cache.save_profile(&home).await.unwrap();
    cache.ensure_profile(&home.id).await.unwrap();
    assert_eq!(cache.profile(&home.id).await.unwrap(), Some(home), "one that is there is left alone");
}

/// "A password is kept only if its source is `PasswordSource::Stored`."
pub async fn a_password_is_kept_only_if_its_source_is_stored<C: Cache>(cache: &C) {
    let elsewhere = [
        PasswordSource::Environment("HOME_PASSWORD".to_owned()),
        PasswordSource::File("/run/secrets/home".to_owned()),
        PasswordSource::Command("pass show home".to_owned()),
    ];
    for password_source in elsewhere {
        let home = Profile { password_source, ..unusual() };
        cache.save_profile(&home).await.unwrap();
        let kept = cache.profile(&home.id).await.unwrap();
        assert_eq!(kept, Some(Profile { password: None, ..home }));
    }
}

/// "If the addresses change and have none in common with those before, it is another panel: the facts about it and the
/// evidence of held removals are deleted. They stay if addresses are added, reordered, or removed in part. If the first
/// address or the user name changes, the validators of the listings are deleted." Items stay in any case.
pub async fn another_address_is_another_panel<C: Cache>(cache: &C) {
    let movies = ContentKind::Movies;
    let [first, second, third] = ["http://panel.example:8080", "http://second.example", "http://a.example/tv"];
    let at = |base_url: &str, further: &[&str]| Profile {
        base_url: Some(base_url.to_owned()),
        further_addresses: further.iter().map(|&address| address.to_owned()).collect(),
        ..unusual()
    };
    for (changed, forgets_facts, forgets_validator) in [
        (at("http://other.example", &[]), true, true),
        (at("http://other.example", &["http://third.example"]), true, true),
        (at("http://other.example", &[third]), false, true),
        (at(first, &[second, third, "http://more.example"]), false, false),
        (at(first, &[third, second]), false, false),
        (at(first, &[]), false, false),
        (at(second, &[first, third]), false, true),
        (at(third, &[]), false, true),
        (Profile { username: Some("bob".to_owned()), ..unusual() }, false, true),
        (Profile { password: Some("another".to_owned()), user_agent: None, ..unusual() }, false, false),
    ] {
        let home = unusual();
        cache.remove_profile(&home.id).await.unwrap();
        cache.save_profile(&home).await.unwrap();
        let session = load(cache, "home", &[1, 2]).await;
        let evidence = Some(Evidence { listing: 1, at: 5, panel_at: 5 });
        let (id, reason, run) = (ContentId(1), HoldReason::Loss(Loss::ShareLost), session.run);
        let held = Some(vec![HeldRemoval { id, reason, since: 5, run, evidence, successor: None }]);
        let validator = ValidatorChange::Set(validator("v", 2));
        session.apply(Vec::new(), ScopeCommit { held, validator, ..session.commit(movies) }).await.unwrap();
        let mut facts = PanelFacts { user_agent: Some("Player/2".to_owned()), ..PanelFacts::default() };
        facts.kinds[movies].sound_listings = 3;
        session.finish(Some(facts.clone())).await;
        cache.save_profile(&changed).await.unwrap();
        let kept = cache.sync_state(&home.id).await.unwrap().facts;
        assert_eq!(kept, if forgets_facts { PanelFacts::default() } else { facts }, "{changed:?}");
        let held = cache.held_removals(&home.id, movies).await.unwrap();
        assert_eq!(held[0].evidence.is_none(), forgets_facts, "{changed:?}");
        let validator = cache.validator(&home.id, movies).await.unwrap();
        assert_eq!(validator.is_none(), forgets_validator, "{changed:?}");
        let ids = cache.get_content_ids(&home.id, movies).await.unwrap();
        assert_eq!(ids, [ContentId(1), ContentId(2)], "{changed:?}");
    }
}

/// "Content and history stay if a profile is saved."
pub async fn content_stays_when_a_profile_is_saved<C: Cache>(cache: &C) {
    let session = load(cache, "home", &[1, 2]).await;
    cache.save_profile(&unusual()).await.unwrap();
    assert_eq!(session.ids(ContentKind::Movies).await, [1, 2]);
    assert_eq!(cache.runs(&session.profile, 9).await.unwrap().len(), 2);
}

/// "Removes a profile and everything that belongs to it."
pub async fn a_removed_profile_is_gone_with_its_content<C: Cache>(cache: &C) {
    let home = profile("home");
    let other = load(cache, "other", &[1]).await;
    load(cache, "home", &[1, 2]).await.end().await;
    assert!(cache.remove_profile(&home).await.unwrap());
    assert!(!cache.remove_profile(&home).await.unwrap());
    assert_eq!(cache.profile(&home).await.unwrap(), None);
    assert!(matches!(cache.sync_state(&home).await, Err(StoreError::UnknownProfile(_))));
    cache.ensure_profile(&home).await.unwrap();
    assert_eq!(cache.get_content_ids(&home, ContentKind::Movies).await.unwrap(), []);
    assert_eq!(cache.runs(&home, 9).await.unwrap(), []);
    assert_eq!(other.ids(ContentKind::Movies).await, [1]);
}

/// "`StoreError::Leased` while a run has its lease."
pub async fn a_profile_under_a_lease_is_not_removed<C: Cache>(cache: &C) {
    let session = Session::start(cache, "home").await;
    let home = session.profile.clone();
    assert!(matches!(cache.remove_profile(&home).await, Err(StoreError::Leased(_))));
    drop(session);
    assert!(cache.remove_profile(&home).await.unwrap());
}

/// "If the user name, the password or its source changes, refused logins are forgotten."
pub async fn another_login_may_be_tried_at_once<C: Cache>(cache: &C) {
    let refused = || PanelFacts {
        refusals: 3,
        refused_at: Some(7),
        user_agent: Some("Player/1".to_owned()),
        ..PanelFacts::default()
    };
    for (changed, forgets) in [
        (Profile { username: Some("bob".to_owned()), ..unusual() }, true),
        (Profile { password: Some("another".to_owned()), ..unusual() }, true),
        (Profile { password_source: PasswordSource::Environment("A".to_owned()), ..unusual() }, true),
        (Profile { user_agent: None, postpone_when_busy: false, ..unusual() }, false),
    ] {
        cache.save_profile(&unusual()).await.unwrap();
        let session = Session::start(cache, unusual().id.as_str()).await;
        session.finish(Some(refused())).await;
        cache.save_profile(&changed).await.unwrap();
        let facts = cache.sync_state(&changed.id).await.unwrap().facts;
        let expected = if forgets { PanelFacts { refusals: 0, refused_at: None, ..refused() } } else { refused() };
        assert_eq!(facts, expected, "{changed:?}");
    }
}

/// "The former login is kept in `Profile::former_logins` if the profile has content or changes, because they may hold
/// it."
pub async fn a_login_that_rows_may_hold_is_kept<C: Cache>(cache: &C) {
    let with = |password: &str| Profile { password: Some(password.to_owned()), ..unusual() };
    let home = with("first").id;
    let former = async || {
        let known = cache.profile(&home).await.unwrap().unwrap().former_logins;
        known.into_iter().map(|login| (login.username, login.password)).collect::<Vec<_>>()
    };
    let ann = |password: Option<&str>| ("ann".to_owned(), password.map(str::to_owned));
    for password in ["first", "second"] {
        cache.save_profile(&with(password)).await.unwrap();
    }
    assert_eq!(former().await, [], "nothing can hold the first one");
    load(cache, "home", &[1, 2]).await.end().await;
    cache.save_profile(&with("second")).await.unwrap();
    cache.save_profile(&Profile { policy: PolicyChoice::Fingerprint, ..with("second") }).await.unwrap();
    assert_eq!(former().await, [], "it is the same");
    cache.save_profile(&with("third")).await.unwrap();
    assert_eq!(former().await, [ann(Some("second"))]);
    // The store keeps the former logins, whatever profile is saved.
    let elsewhere = PasswordSource::Environment("HOME_PASSWORD".to_owned());
    cache.save_profile(&Profile { password_source: elsewhere, ..with("fourth") }).await.unwrap();
    cache.save_profile(&Profile { username: Some("bob".to_owned()), ..with("fourth") }).await.unwrap();
    assert_eq!(former().await, [ann(None)], "a password that is kept elsewhere is not kept here either");
    cache.clear(&home).await.unwrap();
    assert_eq!(former().await, []);
    cache.save_profile(&with("fifth")).await.unwrap();
    assert_eq!(former().await, [("bob".to_owned(), Some("fourth".to_owned()))], "there are changes of before");
    cache.remove_profile(&home).await.unwrap();
    cache.save_profile(&with("sixth")).await.unwrap();
    assert_eq!(former().await, []);
}
