//! The right to ask an account: locks beside the cache.

use sync_core::{AccountKey, Paces as _};
use sync_sqlite::SqliteStore;

use crate::fixture::Cache;

fn ann(hosts: &[&str]) -> AccountKey {
    AccountKey::new(hosts.iter().map(ToString::to_string), "ann")
}

fn locks(cache: &Cache) -> usize {
    let names = std::fs::read_dir(cache.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().contains("-lease-account-")).count()
}

/// Every handle of the file has its own locks, like those of another process.
#[tokio::test]
async fn an_entry_is_exclusive_over_stores() {
    let cache = Cache::new();
    let other = SqliteStore::open(cache.path()).unwrap();
    let entry = cache.store.enter(&ann(&["a.example", "b.example"])).await.unwrap();
    assert!(entry.is_some());
    assert!(other.enter(&ann(&["b.example"])).await.unwrap().is_none());
    assert!(other.enter(&ann(&["c.example"])).await.unwrap().is_some());
    drop(entry);
    assert!(other.enter(&ann(&["b.example"])).await.unwrap().is_some());
}

/// A dry run writes nothing to the cache, but waits for the account like any other run.
#[tokio::test]
async fn a_reader_creates_no_lock_and_respects_existing_ones() {
    let cache = Cache::new();
    let reader = SqliteStore::open_read_only(cache.path()).unwrap();
    let account = ann(&["a.example"]);
    assert!(reader.enter(&account).await.unwrap().is_some());
    assert_eq!(locks(&cache), 0);
    let entry = cache.store.enter(&account).await.unwrap();
    assert!(entry.is_some() && reader.enter(&account).await.unwrap().is_none());
    drop(entry);
    let read = reader.enter(&account).await.unwrap();
    assert!(read.is_some() && cache.store.enter(&account).await.unwrap().is_none());
    assert_eq!(locks(&cache), 1);
    assert!(reader.save_pace(&account, &sync_core::AccountPace::new(1)).await.is_err());
}

/// Values of another program cause no error.
#[tokio::test]
async fn an_invalid_pace_is_ignored() {
    let cache = Cache::new();
    let account = ann(&["a.example"]);
    for values in ["'x',NULL,NULL,NULL,0,5", "1.0,'x',NULL,NULL,0,5", "1.0,NULL,NULL,NULL,x'00',5"] {
        cache.execute(&format!("INSERT OR REPLACE INTO xtream_account_paces VALUES ('a.example','ann',{values})"));
        assert_eq!(cache.store.pace(&account).await.unwrap(), None, "{values}");
    }
    cache.execute("INSERT OR REPLACE INTO xtream_account_paces VALUES ('a.example','ann',-5,9,9,-1,-7,5)");
    let read = cache.store.pace(&account).await.unwrap().unwrap();
    assert_eq!((read.requests, read.refused_rate), (0, None));
    let now = sync_core::Now { wall: 9, monotonic: std::time::Duration::ZERO };
    assert!(sync_core::policy::pace::Pace::at_start(Some(&read), now).rate() > 0.0);
}
