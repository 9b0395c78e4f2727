//! Upgrades an older cache, after making a copy of it.
//!
//! The copy is `NAME.before-VERSION`, beside the cache. It stays until the next upgrade has made its own copy. The
//! migrations run in one transaction, so a failed migration leaves the cache unchanged.

use std::fs;
use std::path::{Path, PathBuf};

use diesel::SqliteConnection;
use sync_core::StoreError;

use crate::db::connection::immediate;
use crate::db::schema::{self, Schema};
use crate::db::statement::integer;
use crate::db::{fault, file};
use crate::maintenance::copy::look_at;
use crate::maintenance::copy::{self, Copy};

/// The number of attempts. If another program writes between the copy and the migrations, the copy is made again.
const ATTEMPTS: u32 = 5;

/// Copies a cache of an older schema, and migrates it.
pub(crate) fn upgrade(conn: &mut SqliteConnection, cache: &Path) -> Result<(), StoreError> {
    let kept = file::named_after(cache, &format!(".before-{}", schema::newest()?));
    for _ in 0..ATTEMPTS {
        let copied = changes_of_others(conn)?;
        keep(conn, &kept)?;
        let mut is_of_now = true;
        immediate(
            conn,
            || Ok(()),
            |conn| {
                is_of_now = changes_of_others(conn)? == copied;
                if is_of_now { schema::run_pending(conn) } else { Ok(()) }
            },
        )
        .map_err(|error| match error {
            StoreError::Backend(cause) => {
                let kept = kept.display();
                StoreError::Migration(format!("{cause}; it is unchanged, and a copy of it is in {kept}"))
            }
            error => error,
        })?;
        if is_of_now || schema::examine(conn)? == Schema::Current {
            tracing::info!(copy = %kept.display(), "the cache was migrated; the copy has the old one");
            forget_older(cache, &kept);
            return Ok(());
        }
    }
    Err(StoreError::Locked)
}

/// Returns a number that changes when another connection has written.
fn changes_of_others(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(integer(conn, "PRAGMA data_version", &[])?.unwrap_or_default())
}

/// Copies the cache, unless another program has just migrated it.
fn keep(conn: &mut SqliteConnection, kept: &Path) -> Result<(), StoreError> {
    let refused = |error: StoreError| match error {
        StoreError::Full => StoreError::Migration(
            "there is no room for the copy that is made first, beside it and as large as the cache".to_owned(),
        ),
        StoreError::Corrupt(_) | StoreError::Locked => error,
        error => {
            let error = error.with_causes();
            StoreError::Migration(format!("a copy has to be made first, and could not be: {error}"))
        }
    };
    let copy = Copy::beside(kept).map_err(|error| refused(fault::of_io(&error, "creating it")))?;
    copy::fill(copy.path(), conn).map_err(refused)?;
    look_at(copy.path()).map_err(refused)?;
    if schema::examine(&mut copy::open(copy.path())?)? != Schema::Older {
        return Ok(());
    }
    copy.put(kept, true).map_err(|error| refused(fault::of_io(&error, "naming it")))
}

/// Deletes the copies that earlier upgrades have made.
fn forget_older(cache: &Path, kept: &Path) {
    let Some(prefix) = file::named_after(cache, ".before-").file_name().map(|name| name.to_string_lossy().into_owned())
    else {
        return;
    };
    let is_older = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let version = name.strip_prefix(&prefix);
        version.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit())) && path != kept
    };
    let beside = fs::read_dir(file::folder_of(cache)).into_iter().flatten().flatten().map(|entry| entry.path());
    for older in beside.filter(is_older) {
        // An error is ignored, because this only tidies up.
        let _ = fs::remove_file(older);
    }
}

#[cfg(test)]
mod tests {
    use crate::db::connection::{batch, writer};

    use super::*;

    #[test]
    fn only_foreign_writes_count_as_foreign() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let (mut ours, mut theirs) = (writer(&path).unwrap(), writer(&path).unwrap());
        batch(&mut ours, "CREATE TABLE t (a)").unwrap();
        let before = changes_of_others(&mut ours).unwrap();
        batch(&mut ours, "INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(changes_of_others(&mut ours).unwrap(), before);
        batch(&mut theirs, "INSERT INTO t VALUES (2)").unwrap();
        assert_ne!(changes_of_others(&mut ours).unwrap(), before);
    }
}
