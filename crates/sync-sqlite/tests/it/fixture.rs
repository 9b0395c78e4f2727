//! A store in a folder of its own, with runs in progress and access to its tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use sync_core::store::{ContentStore, Lease, RunEnd, ScopeCommit, StagedItem};
use sync_core::testing::{ItemBuilder, profile, staged};
use sync_core::{
    Change, ContentId, ContentKind, Counts, Digest, DigestScheme, HoldReason, KindOutcome, KindRecord, ListingIndex,
    ProfileId, Scope, StoreError, SyncMode,
};
use sync_core::{HeldRemoval, RunId};
use sync_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) struct Cache {
    pub(crate) store: SqliteStore,
    pub(crate) home: ProfileId,
    pub(crate) folder: TempDir,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("cache.db")).unwrap();
        let home = profile("home");
        store.ensure_profile_blocking(&home).unwrap();
        Self { store, home, folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("cache.db")
    }

    /// Loads movies as the first listing, in a run of its own.
    pub(crate) async fn load(&self, ids: impl IntoIterator<Item = i64>) {
        let ids: Vec<_> = ids.into_iter().collect();
        let run = self.start();
        let commit = run.commit(ContentKind::Movies);
        let counts = Counts { added: ids.len() as u64, ..Counts::default() };
        let record = KindRecord { counts, ..commit.record };
        let commit = ScopeCommit { index: index_of(&ids), first_load: true, record, ..commit };
        let items = ids.iter().map(|id| staged(sync_core::testing::movie(*id), Change::Added)).collect();
        self.apply(items, commit).await.unwrap();
        self.finish(run);
    }

    pub(crate) fn start(&self) -> Run {
        let lease = self.store.lease_blocking(&self.home).unwrap();
        let run = self.store.start_run_blocking(&self.home, lease.fence, 1000).unwrap();
        Run { lease, run }
    }

    pub(crate) fn finish(&self, run: Run) {
        self.store.finish_run_blocking(&self.home, &run.end()).unwrap();
        drop(run);
    }

    pub(crate) async fn apply(&self, items: Vec<StagedItem>, commit: ScopeCommit) -> Result<(), StoreError> {
        let mut staging = self.store.stage(&self.home, Scope::whole(commit.record.kind)).await.unwrap();
        staging.put(items).await?;
        staging.apply(commit, CancellationToken::new()).await.map(drop)
    }

    pub(crate) fn ids(&self, kind: ContentKind) -> Vec<i64> {
        self.store.get_content_ids_blocking(&self.home, kind).unwrap().iter().map(|id| id.0).collect()
    }

    /// Returns every row of every table, as SQL literals, except the tables to which runs write their records.
    pub(crate) fn contents(&self) -> Vec<String> {
        let bookkeeping = ["xtream_sync_runs", "xtream_sync_run_kinds", "xtream_content_sync", "xtream_profiles"];
        let mut lines = Vec::new();
        for table in self.sql("SELECT name AS line FROM sqlite_master WHERE type='table' AND name LIKE 'xtream%'") {
            if !bookkeeping.contains(&table.as_str()) {
                lines.extend(self.table(&table));
            }
        }
        lines
    }

    /// Returns every row of a table, as SQL literals.
    pub(crate) fn table(&self, table: &str) -> Vec<String> {
        let columns =
            self.sql(&format!("SELECT 'quote(\"' || name || '\")' AS line FROM pragma_table_info('{table}')"));
        let row = columns.join(" || ',' || ");
        self.sql(&format!("SELECT '{table}: ' || {row} AS line FROM {table} ORDER BY 1"))
    }

    /// Returns the column `line` of the result of a query.
    pub(crate) fn sql(&self, sql: &str) -> Vec<String> {
        lines(&self.path(), sql)
    }

    pub(crate) fn execute(&self, sql: &str) {
        execute(&self.path(), sql);
    }
}

/// Returns the column `line` of the result of a query.
pub(crate) fn lines(database: &Path, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(sql).load(&mut connection(database)).unwrap();
    rows.into_iter().map(|row| row.line.unwrap_or_default()).collect()
}

pub(crate) fn execute(database: &Path, sql: &str) {
    // A program that knows nothing of the schema may do the same.
    let mut conn = connection(database);
    conn.batch_execute("PRAGMA foreign_keys=OFF").unwrap();
    diesel::sql_query(sql).execute(&mut conn).unwrap();
}

fn connection(database: &Path) -> SqliteConnection {
    SqliteConnection::establish(database.to_str().unwrap()).unwrap()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<Text>)]
    line: Option<String>,
}

pub(crate) struct Run {
    pub(crate) lease: Lease,
    pub(crate) run: RunId,
}

impl Run {
    pub(crate) fn end(&self) -> RunEnd {
        RunEnd::new(self.run, self.lease.fence, 2000)
    }

    /// Returns a removal that this run holds, without evidence.
    pub(crate) fn held(&self, id: i64, reason: HoldReason, since: i64) -> HeldRemoval {
        HeldRemoval { id: ContentId(id), reason, since, run: self.run, evidence: None, successor: None }
    }

    pub(crate) fn commit(&self, kind: ContentKind) -> ScopeCommit {
        let record = KindRecord { outcome: KindOutcome::Completed, ..KindRecord::skipped(kind, SyncMode::Full) };
        ScopeCommit { watermark: 1400, ..ScopeCommit::new(self.run, self.lease.fence, 1_700_000_000, record) }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a commit takes")]
pub(crate) fn index_of(ids: &[i64]) -> Option<Arc<ListingIndex>> {
    let entries = ids.iter().map(|id| (ContentId(*id), Digest(id.unsigned_abs() + 7)));
    Some(Arc::new(ListingIndex::new(DigestScheme(42), entries).unwrap()))
}

pub(crate) fn added(item: ItemBuilder) -> StagedItem {
    staged(item, Change::Added)
}
