//! Cases of every [`Paces`](crate::Paces).

use crate::policy::pace::AccountPace;
use crate::ports::Cache;
use crate::ports::paces::{AccountKey, FORGOTTEN};
use crate::testing::profile;

const NOW: i64 = 1_900_000_000;

fn account(hosts: &[&str], username: &str) -> AccountKey {
    AccountKey::new(hosts.iter().map(ToString::to_string), username)
}

fn paced(rate: f64, used_at: i64) -> AccountPace {
    AccountPace {
        rate,
        held_until: Some(used_at + 60),
        refused_at: Some(used_at - 5),
        refused_rate: Some(3.0),
        requests: 17,
        ..AccountPace::new(used_at)
    }
}

/// "While an entry lasts, no other caller enters an account that may be the same. Other accounts can be entered. An
/// entry ends when it is dropped."
pub async fn one_caller_at_a_time_enters_an_account<C: Cache>(cache: &C) {
    let both = account(&["a.example", "b.example"], "ann");
    let entry = cache.enter(&both).await.unwrap();
    assert!(entry.is_some());
    for (hosts, username, is_free) in [
        (&["a.example", "b.example"][..], "ann", false),
        (&["b.example"], "ann", false),
        (&["b.example", "c.example"], "ann", false),
        (&["c.example"], "ann", true),
        (&["a.example"], "bob", true),
        (&["a.example"], "Ann", true),
    ] {
        let other = cache.enter(&account(hosts, username)).await.unwrap();
        assert_eq!(other.is_some(), is_free, "{hosts:?} {username}");
    }
    let other = cache.enter(&account(&["c.example"], "ann")).await.unwrap();
    assert!(other.is_some());
    drop(entry);
    assert!(cache.enter(&account(&["a.example"], "ann")).await.unwrap().is_some());
    assert!(cache.enter(&account(&["b.example", "c.example"], "ann")).await.unwrap().is_none());
    // A failed attempt enters nothing.
    assert!(cache.enter(&account(&["b.example"], "ann")).await.unwrap().is_some());
}

/// "An account without hosts can always be entered."
pub async fn an_account_without_hosts_can_always_be_entered<C: Cache>(cache: &C) {
    let nowhere = account(&[], "ann");
    let one = cache.enter(&nowhere).await.unwrap();
    assert!(one.is_some() && cache.enter(&nowhere).await.unwrap().is_some());
    cache.save_pace(&nowhere, &paced(1.0, NOW)).await.unwrap();
    assert_eq!(cache.pace(&nowhere).await.unwrap(), None);
}

/// "A pace that was saved for an account is read for it, and for every account that may be the same."
pub async fn a_pace_applies_to_every_host_of_the_account<C: Cache>(cache: &C) {
    let both = account(&["a.example", "b.example"], "ann");
    assert_eq!(cache.pace(&both).await.unwrap(), None);
    let first = paced(2.0, NOW);
    cache.save_pace(&both, &first).await.unwrap();
    assert_eq!(cache.pace(&both).await.unwrap(), Some(first));
    assert_eq!(cache.pace(&account(&["b.example"], "ann")).await.unwrap(), Some(first));
    assert_eq!(cache.pace(&account(&["c.example"], "ann")).await.unwrap(), None);
    assert_eq!(cache.pace(&account(&["a.example"], "bob")).await.unwrap(), None);
    let unused = AccountPace { held_until: None, refused_at: None, refused_rate: None, ..paced(4.0, NOW + 10) };
    cache.save_pace(&account(&["c.example"], "ann"), &unused).await.unwrap();
    let wider = account(&["a.example", "c.example"], "ann");
    assert_eq!(cache.pace(&wider).await.unwrap(), Some(first.more_careful(unused)));
    let later = AccountPace { requests: 18, ..paced(0.5, NOW + 20) };
    cache.save_pace(&wider, &later).await.unwrap();
    assert_eq!(cache.pace(&wider).await.unwrap(), Some(later), "the later one takes the place of both");
}

/// "The pace of an account that was not asked for 90 days is deleted when another one is saved later."
pub async fn an_unused_pace_is_forgotten<C: Cache>(cache: &C) {
    let (old, new) = (account(&["a.example"], "ann"), account(&["b.example"], "bob"));
    cache.save_pace(&old, &paced(1.0, NOW)).await.unwrap();
    cache.save_pace(&new, &paced(1.0, NOW + FORGOTTEN)).await.unwrap();
    assert!(cache.pace(&old).await.unwrap().is_some());
    cache.save_pace(&new, &paced(1.0, NOW + FORGOTTEN + 1)).await.unwrap();
    assert!(cache.pace(&old).await.unwrap().is_none());
    assert!(cache.pace(&new).await.unwrap().is_some());
}

/// "Removing a profile, or its content, leaves the paces of accounts as they are."
pub async fn a_pace_outlives_a_profile<C: Cache>(cache: &C) {
    let (ann, home) = (account(&["a.example"], "ann"), profile("home"));
    cache.ensure_profile(&home).await.unwrap();
    cache.save_pace(&ann, &paced(1.0, NOW)).await.unwrap();
    cache.clear(&home).await.unwrap();
    cache.remove_profile(&home).await.unwrap();
    assert_eq!(cache.pace(&ann).await.unwrap(), Some(paced(1.0, NOW)));
    assert!(cache.inspect(None).await.unwrap().is_sound());
}
