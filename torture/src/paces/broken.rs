//! Stores that break the promise of one pace. The engine has to notice every one of them.

use async_trait::async_trait;
use sync_core::{AccountKey, AccountPace, Entry, StoreError};

use super::*;
use crate::campaign::caught;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// Several runs enter an account at once.
    LetsEverybodyIn,
    /// Only one of the hosts of an account is locked.
    LocksTheFirstHost,
    /// Refusals are not stored.
    ForgetsRefusals,
    /// The pace is stored only at the end of a run, and a killed run has no end.
    RemembersAtTheEndOnly,
    /// Each host has a pace of its own.
    RemembersTheFirstHost,
}

struct Broken {
    inner: MemoryStore,
    flaw: Flaw,
    /// The pace that was given out last. It is stored only when it is asked for again.
    late: Mutex<Option<(AccountKey, AccountPace)>>,
}

fn first_host(account: &AccountKey) -> AccountKey {
    AccountKey::new(account.hosts().take(1).map(str::to_owned), account.username())
}

#[async_trait]
impl Paces for Broken {
    async fn enter(&self, account: &AccountKey) -> Result<Option<Entry>, StoreError> {
        match self.flaw {
            Flaw::LetsEverybodyIn => Ok(Some(Entry::new(()))),
            Flaw::LocksTheFirstHost => self.inner.enter(&first_host(account)).await,
            _ => self.inner.enter(account).await,
        }
    }

    async fn pace(&self, account: &AccountKey) -> Result<Option<AccountPace>, StoreError> {
        self.inner.pace(account).await
    }

    async fn save_pace(&self, account: &AccountKey, pace: &AccountPace) -> Result<(), StoreError> {
        match self.flaw {
            Flaw::ForgetsRefusals => {
                let mut blind = *pace;
                (blind.refused_at, blind.refused_rate, blind.held_until) = (None, None, None);
                self.inner.save_pace(account, &blind).await
            }
            Flaw::RemembersAtTheEndOnly => {
                // A refusal holds the account, and the end of a run doesn't follow at once.
                if pace.held_until.is_some() {
                    *self.late.lock().unwrap() = Some((account.clone(), *pace));
                    return Ok(());
                }
                self.inner.save_pace(account, pace).await
            }
            Flaw::RemembersTheFirstHost => self.inner.save_pace(&first_host(account), pace).await,
            _ => self.inner.save_pace(account, pace).await,
        }
    }
}

/// Returns the first seed at which a flaw is found.
fn found(flaw: Flaw) -> Option<(u64, Violation)> {
    (1..400).find_map(|seed| {
        let store = Arc::new(Broken { inner: MemoryStore::new(), flaw, late: Mutex::default() });
        caught(|| run(store, seed)).err().map(|violation| (seed, violation))
    })
}

#[test]
fn every_flaw_of_the_pace_is_found() {
    assert_eq!(found(Flaw::None), None);
    for (flaw, told) in [
        (Flaw::LetsEverybodyIn, "requests of one account at once"),
        (Flaw::LocksTheFirstHost, "requests of one account at once"),
        (Flaw::ForgetsRefusals, "after a refusal"),
        (Flaw::RemembersAtTheEndOnly, "after a refusal"),
        (Flaw::RemembersTheFirstHost, "I23"),
    ] {
        let (seed, violation) = found(flaw).unwrap_or_else(|| panic!("{flaw:?} is not found"));
        assert!(violation.0.contains(told), "{flaw:?}, seed {seed}: {}", violation.0);
    }
}
