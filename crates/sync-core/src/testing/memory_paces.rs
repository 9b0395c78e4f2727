//! The pace of accounts in memory.

use async_trait::async_trait;

use super::memory_store::MemoryStore;
use crate::policy::pace::AccountPace;
use crate::ports::paces::{AccountKey, Entry, FORGOTTEN, Paces};
use crate::ports::store::StoreError;

/// The hosts of an account that was entered.
struct Entered {
    store: MemoryStore,
    hosts: Vec<(String, String)>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut inner = self.store.inner();
        for host in &self.hosts {
            inner.entered.remove(host);
        }
    }
}

fn keys(account: &AccountKey) -> Vec<(String, String)> {
    account.hosts().map(|host| (host.to_owned(), account.username().to_owned())).collect()
}

#[async_trait]
impl Paces for MemoryStore {
    async fn enter(&self, account: &AccountKey) -> Result<Option<Entry>, StoreError> {
        let hosts = keys(account);
        let mut inner = self.inner();
        if hosts.iter().any(|host| inner.entered.contains(host)) {
            return Ok(None);
        }
        inner.entered.extend(hosts.iter().cloned());
        drop(inner);
        Ok(Some(Entry::new(Entered { store: self.clone(), hosts })))
    }

    async fn pace(&self, account: &AccountKey) -> Result<Option<AccountPace>, StoreError> {
        let inner = self.inner();
        let found = keys(account).into_iter().filter_map(|host| inner.paces.get(&host).copied());
        Ok(found.reduce(AccountPace::more_careful))
    }

    async fn save_pace(&self, account: &AccountKey, pace: &AccountPace) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.paces.extend(keys(account).into_iter().map(|host| (host, *pace)));
        let oldest = pace.used_at.saturating_sub(FORGOTTEN);
        inner.paces.retain(|_, pace| pace.used_at >= oldest);
        Ok(())
    }
}
