//! The schema: the embedded migrations, and the test whether a file is ours to migrate.

use std::collections::BTreeSet;

use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use sync_core::StoreError;

use crate::db::connection::{connect, immediate};
use crate::db::statement::{integer, records};
use crate::db::{fault, stop};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The `user_version` that this version accepts. This version never writes the number. A later version raises it if
/// older ones must not touch the file although they know all its migrations.
const USER_VERSION: i64 = 0;

/// The relation of a file to the schema of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// The file has no tables.
    Empty,
    /// Migrations have to be run.
    Older,
    /// The schema is that of this version.
    Current,
}

/// Examines a file without writing. Returns an error if a newer version or another program made the file.
pub(crate) fn examine(conn: &mut SqliteConnection) -> Result<Schema, StoreError> {
    let names = records(
        conn,
        r"SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'",
        &[],
    )?;
    let names: Vec<_> = names.into_iter().map(|mut row| row.text(0)).collect::<Result<_, _>>()?;
    let has_history = names.iter().any(|name| name == "__diesel_schema_migrations");
    let applied = if has_history {
        let rows = records(conn, "SELECT version FROM __diesel_schema_migrations ORDER BY version", &[])?;
        rows.into_iter().map(|mut row| row.text(0)).collect::<Result<Vec<_>, _>>()?
    } else {
        Vec::new()
    };
    if applied.is_empty() && names.len() > usize::from(has_history) {
        return Err(StoreError::Foreign);
    }
    let ours = versions()?;
    if let Some(unknown) = applied.iter().find(|version| !ours.contains(version)) {
        return Err(StoreError::Newer(format!("schema {unknown}")));
    }
    let user_version = integer(conn, "PRAGMA user_version", &[])?.unwrap_or_default();
    if user_version > USER_VERSION {
        return Err(StoreError::Newer(format!("format {user_version}")));
    }
    Ok(match applied.len() {
        0 => Schema::Empty,
        some if some < ours.len() => Schema::Older,
        _ => Schema::Current,
    })
}

/// Migrates the schema to that of this version. If several programs try at once, one of them does it.
pub(crate) fn migrate(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    immediate(conn, || Ok(()), run_pending)
}

/// Runs the pending migrations, within a transaction of the caller.
pub(crate) fn run_pending(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    stop::at("migrate.begun");
    if examine(conn)? == Schema::Current {
        return Ok(());
    }
    while conn.has_pending_migration(MIGRATIONS).map_err(fault::of_migration)? {
        stop::at("migrate.step");
        conn.run_next_migration(MIGRATIONS).map_err(fault::of_migration)?;
    }
    stop::at("migrate.before-commit");
    Ok(())
}

/// Returns the version of the newest migration.
pub(crate) fn newest() -> Result<String, StoreError> {
    versions()?.pop().ok_or_else(|| StoreError::backend("there is no migration"))
}

/// Returns the tables and columns that a file lacks although all migrations were run on it.
pub(crate) fn lacking(conn: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let columns = |conn: &mut SqliteConnection| {
        let sql = "SELECT m.name,c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                   WHERE m.type IN ('table','view') AND (m.type='table' OR m.name LIKE 'xtream%') ORDER BY m.name,c.cid";
        let rows = records(conn, sql, &[])?;
        rows.into_iter().map(|mut row| Ok((row.text(0)?, row.text(1)?))).collect::<Result<BTreeSet<_>, StoreError>>()
    };
    let mut made = connect(":memory:")?;
    migrate(&mut made)?;
    let there = columns(conn)?;
    let lacking = columns(&mut made)?.into_iter().filter(|column| !there.contains(column));
    Ok(lacking.map(|(table, column)| format!("the column {table}.{column} is missing")).collect())
}

/// Returns the versions of the embedded migrations.
fn versions() -> Result<Vec<String>, StoreError> {
    let migrations = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).map_err(fault::of_migration)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::connection::batch;

    fn texts(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
        records(conn, sql, &[]).unwrap().into_iter().map(|mut row| row.text(0).unwrap()).collect()
    }

    /// Returns the tables, the indexes, and the columns with their full declarations.
    fn tables(conn: &mut SqliteConnection) -> Vec<String> {
        let sql = "SELECT m.name || ' ' || coalesce(c.cid || c.name || c.type || c.\"notnull\" || c.pk || \
                   coalesce(c.dflt_value,'-'),'') FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c \
                   WHERE m.name LIKE 'xtream%' AND m.type IN ('table','index') ORDER BY m.name,c.cid";
        texts(conn, sql)
    }

    #[test]
    fn migrations_go_up_and_down_and_up() {
        let mut conn = connect(":memory:").unwrap();
        assert_eq!(examine(&mut conn).unwrap(), Schema::Empty);
        migrate(&mut conn).unwrap();
        let made = tables(&mut conn);
        assert!(made.len() > 150, "{made:?}");
        conn.revert_all_migrations(MIGRATIONS).unwrap();
        assert_eq!(tables(&mut conn), [""; 0]);
        assert_eq!(examine(&mut conn).unwrap(), Schema::Empty);
        migrate(&mut conn).unwrap();
        assert_eq!(tables(&mut conn), made);
        assert_eq!(examine(&mut conn).unwrap(), Schema::Current);
    }

    /// Returns every row of every table, with the columns of the first schema.
    fn rows(conn: &mut SqliteConnection, columns: &[(String, String)]) -> Vec<String> {
        let of = |(table, columns): &(String, String)| {
            texts(conn, &format!("SELECT '{table} ' || {columns} FROM {table} ORDER BY 1"))
        };
        columns.iter().flat_map(of).collect()
    }

    #[test]
    fn every_row_survives_the_way_up_and_the_way_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/first-schema.cache"), &path).unwrap();
        let mut conn = connect(path.to_str().unwrap()).unwrap();
        let made = tables(&mut conn);
        let sql = "SELECT name FROM sqlite_master WHERE type='table' AND name LIKE 'xtream%' ORDER BY 1";
        let columns: Vec<_> = texts(&mut conn, sql)
            .into_iter()
            .map(|table| {
                let sql = format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')");
                (table, texts(&mut conn, &sql).join("||','||"))
            })
            .collect();
        let before = rows(&mut conn, &columns);
        let filled = columns.iter().filter(|(table, _)| before.iter().any(|row| row.starts_with(table))).count();
        assert_eq!((columns.len(), filled), (15, 15), "the fixture has rows in every table");

        assert_eq!(examine(&mut conn).unwrap(), Schema::Older);
        migrate(&mut conn).unwrap();
        assert_eq!(rows(&mut conn, &columns), before);
        for _ in 1..versions().unwrap().len() {
            conn.revert_last_migration(MIGRATIONS).unwrap();
        }
        assert_eq!(tables(&mut conn), made);
        assert_eq!(rows(&mut conn, &columns), before);
        migrate(&mut conn).unwrap();
        assert_eq!(rows(&mut conn, &columns), before);
        assert!(texts(&mut conn, "SELECT \"table\" FROM pragma_foreign_key_check").is_empty());
        assert_eq!(texts(&mut conn, "PRAGMA integrity_check"), ["ok"]);
    }

    /// A migration on a full disk reports that, and leaves the cache unchanged.
    #[test]
    fn a_migration_without_room_is_reported_as_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/first-schema.cache"), &path).unwrap();
        let mut conn = connect(path.to_str().unwrap()).unwrap();
        let (made, pages) = (tables(&mut conn), texts(&mut conn, "SELECT page_count || '' FROM pragma_page_count"));
        batch(&mut conn, &format!("PRAGMA max_page_count={}", pages[0])).unwrap();
        assert!(matches!(migrate(&mut conn), Err(StoreError::Full)));
        assert_eq!(tables(&mut conn), made);
        batch(&mut conn, "PRAGMA max_page_count=100000").unwrap();
        migrate(&mut conn).unwrap();
        assert_eq!(examine(&mut conn).unwrap(), Schema::Current);
    }

    #[test]
    fn a_foreign_database_is_refused() {
        let mut conn = connect(":memory:").unwrap();
        batch(&mut conn, "CREATE TABLE addresses (name TEXT)").unwrap();
        assert!(matches!(examine(&mut conn), Err(StoreError::Foreign)));
        assert!(matches!(migrate(&mut conn), Err(StoreError::Foreign)));
    }

    /// If a profile is removed, every table with profiles loses its rows.
    #[test]
    fn every_table_with_a_profile_is_deleted_with_it() {
        let mut conn = connect(":memory:").unwrap();
        migrate(&mut conn).unwrap();
        let sql = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name='profile_id' \
                   WHERE m.type='table' AND m.name<>'xtream_profiles' AND NOT EXISTS (SELECT 1 FROM \
                   pragma_foreign_key_list(m.name) f WHERE f.\"from\"='profile_id' AND f.\"table\"='xtream_profiles' \
                   AND f.on_delete='CASCADE')";
        assert!(records(&mut conn, sql, &[]).unwrap().is_empty());
    }
}
