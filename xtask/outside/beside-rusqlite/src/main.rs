//! A program of another person that already uses rusqlite 0.39: the store resolves beside it, links the same SQLite,
//! and takes its version.

use rusqlite::Connection;
use sync_core::{ContentKind, ProfileId};
use sync_sqlite::SqliteStore;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("cache.db");
    let store = SqliteStore::open(&path)?;
    let home = ProfileId::new("home")?;
    store.ensure_profile_blocking(&home)?;
    assert!(store.get_content_ids_blocking(&home, ContentKind::Movies)?.is_empty());

    let reader = Connection::open(&path)?;
    let found: String = reader.query_row("SELECT profile_id FROM xtream_profiles", [], |row| row.get(0))?;
    assert_eq!(found, "home");
    println!("rusqlite and the store share SQLite {}", rusqlite::version());
    Ok(())
}
