//! A snapshot: a connection of its own, in a transaction that reads.

use std::thread::JoinHandle;

use async_trait::async_trait;
use diesel::SqliteConnection;
use diesel::deserialize::{self, QueryableByName};
use diesel::row::{Field, NamedRow, Row};
use diesel::sqlite::{Sqlite, SqliteType};
use sync_core::change_set::Moves;
use sync_core::{
    Category, ChangeRecord, ContentHash, ContentId, ContentKind, Item, KindState, PerKind, ProfileId, RowHash,
    Snapshot, SnapshotState, StoreError, Until,
};
use tokio::sync::{mpsc, oneshot};

use crate::change_set::{content_hash, identity};
use crate::db::connection;
use crate::db::statement::{integers, numbered, record, rows};
use crate::items::item_sql;
use crate::search::Key;
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;
use crate::tables::{self, changes, content, ids, row_counts};

/// Work on the connection of a snapshot.
type Work = Box<dyn FnOnce(&mut SqliteConnection, &ProfileId) + Send>;

/// One state of a profile. The transaction ends with the connection.
///
/// The connection has a thread of its own. The values of an index are megabytes, and the memory allocator keeps what a
/// thread has freed for that thread: read by several threads, an export of a million items took 16 MB more.
pub(crate) struct SqliteSnapshot {
    work: Option<mpsc::UnboundedSender<Work>>,
    thread: Option<JoinHandle<()>>,
}

/// The transaction has ended when the snapshot is gone, so that it doesn't keep a checkpoint from emptying the log.
impl Drop for SqliteSnapshot {
    fn drop(&mut self) {
        self.work = None;
        // If the thread has panicked, the caller has the error.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl SqliteStore {
    /// Opens a snapshot of a profile; see [`sync_core::Snapshots::snapshot`].
    pub(crate) fn snapshot_blocking(&self, profile: &ProfileId) -> Result<SqliteSnapshot, StoreError> {
        let mut conn = self.open_reader()?;
        connection::batch(&mut conn, "BEGIN")?;
        // SQLite takes the state at the first read.
        require_profile(&mut conn, profile)?;
        let profile = profile.clone();
        let (work, mut taken) = mpsc::unbounded_channel::<Work>();
        let thread = std::thread::Builder::new().name("snapshot".to_owned());
        let started = thread.spawn(move || {
            while let Some(work) = taken.blocking_recv() {
                work(&mut conn, &profile);
            }
        });
        let thread = started.map_err(StoreError::backend)?;
        Ok(SqliteSnapshot { work: Some(work), thread: Some(thread) })
    }
}

impl SqliteSnapshot {
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection, &ProfileId) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, result) = oneshot::channel();
        let work: Work = Box::new(move |conn, profile| drop(done.send(work(conn, profile))));
        // If work panics, the thread ends and the result is gone.
        let _ = self.work.as_ref().map(|thread| thread.send(work));
        result.await.unwrap_or_else(|_| Err(StoreError::backend("a panic inside the store")))
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    async fn state(&mut self) -> Result<SnapshotState, StoreError> {
        self.read(|conn, profile| {
            let panel = identity::panel(conn, profile)?;
            let feed = changes::feed(conn, profile)?;
            let mut kinds = PerKind::default();
            for kind in ContentKind::ALL {
                let hash = content_hash::standing(conn, Key { profile, kind })?.hash();
                let rows = row_counts::rows(conn, profile, kind)?;
                let sql = format!("SELECT {} FROM xtream_content_sync WHERE profile_id=?", tables::of(kind).last_sync);
                let listed = record(conn, &sql, &[profile.as_str().into()])?;
                let listed_at = listed.map(|mut row| row.optional_integer(0)).transpose()?.flatten();
                kinds[kind] = KindState::new(hash, rows, listed_at);
            }
            Ok(SnapshotState::new(panel, feed, kinds))
        })
        .await
    }

    async fn hashes_at(&mut self, sequence: i64) -> Result<PerKind<Option<ContentHash>>, StoreError> {
        self.read(move |conn, profile| {
            let mut found = PerKind::default();
            for kind in ContentKind::ALL {
                found[kind] = content_hash::at(conn, Key { profile, kind }, sequence)?;
            }
            Ok(found)
        })
        .await
    }

    async fn run_end(&mut self, until: Until) -> Result<Option<i64>, StoreError> {
        self.read(move |conn, profile| run_end(conn, profile, until)).await
    }

    async fn changes(&mut self, after: i64, limit: u32) -> Result<Vec<ChangeRecord>, StoreError> {
        self.read(move |conn, profile| Ok(changes::page(conn, profile, after, limit)?.changes)).await
    }

    async fn rows(&mut self, kind: ContentKind, ids: Vec<ContentId>) -> Result<Vec<Item>, StoreError> {
        self.read(move |conn, profile| item_sql::rows(conn, profile.as_str(), kind, &ids)).await
    }

    async fn row_hashes(
        &mut self,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<Vec<(ContentId, RowHash)>, StoreError> {
        let rows = self.hashed_rows(kind, ids).await?;
        Ok(rows.iter().map(|(row, hash)| (row.id(), *hash)).collect())
    }

    async fn hashed_rows(
        &mut self,
        kind: ContentKind,
        ids: Vec<ContentId>,
    ) -> Result<Vec<(Item, RowHash)>, StoreError> {
        self.read(move |conn, profile| {
            let own = content_hash::login_hashes(conn, Key { profile, kind })?;
            let mut rows = item_sql::rows(conn, profile.as_str(), kind, &ids)?;
            rows.sort_unstable_by_key(Item::id);
            let hash = |row: &Item| own.get(&row.id().0).copied().unwrap_or_else(|| RowHash::of(row));
            let with_hash = |row: Item| {
                let hash = hash(&row);
                (row, hash)
            };
            Ok(rows.into_iter().map(with_hash).collect())
        })
        .await
    }

    async fn page(&mut self, kind: ContentKind, after: Option<ContentId>, limit: u32) -> Result<Vec<Item>, StoreError> {
        self.read(move |conn, profile| {
            let tables = tables::of(kind);
            let bound = if after.is_some() { format!(" AND {}>?", tables.id) } else { String::new() };
            let sql = format!(
                "SELECT {0} FROM {1} WHERE profile_id=? AND typeof({0})='integer'{bound} ORDER BY {0} LIMIT ?",
                tables.id, tables.items
            );
            let mut binds = vec![profile.as_str().into()];
            binds.extend(after.map(|after| after.0.into()));
            binds.push(i64::from(limit).into());
            let ids: Vec<_> = integers(conn, &sql, &binds)?.into_iter().map(ContentId).collect();
            let mut items = item_sql::rows(conn, profile.as_str(), kind, &ids)?;
            items.sort_unstable_by_key(Item::id);
            Ok(items)
        })
        .await
    }

    async fn categories(&mut self, kind: ContentKind) -> Result<Vec<Category>, StoreError> {
        self.read(move |conn, profile| content::categories(conn, profile, kind)).await
    }

    async fn order(&mut self, kind: ContentKind, skipped: u64, limit: u32) -> Result<Vec<ContentId>, StoreError> {
        self.read(move |conn, profile| {
            let [profile, kind] = Key { profile, kind }.binds();
            // The numbers of the part are selected too, because a row is decoded without knowing anything else.
            let sql = "SELECT ids,?,? FROM xtream_listing_index WHERE profile_id=? AND kind=? AND scope=''";
            let part = [skipped.cast_signed().into(), i64::from(limit).into(), profile, kind];
            let listed = rows::<Listed>(conn, sql, &part)?.pop().map(|Listed(ids)| ids).unwrap_or_default();
            Ok(listed.into_iter().map(ContentId).collect())
        })
        .await
    }

    async fn moves(&mut self, kind: ContentKind, after: i64) -> Result<Moves, StoreError> {
        self.read(move |conn, profile| content_hash::moves_since(conn, Key { profile, kind }, after)).await
    }
}

/// A part of the ids of a listing. It is decoded in SQLite's memory, because a copy of the text would be as large as
/// all ids.
struct Listed(Vec<i64>);

impl QueryableByName<Sqlite> for Listed {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let field = Row::get(row, 0).ok_or("no ids")?;
        let Some(mut value) = field.value() else { return Ok(Self(Vec::new())) };
        if value.value_type() != Some(SqliteType::Text) {
            return Ok(Self(Vec::new()));
        }
        let number = |at| -> deserialize::Result<usize> {
            let field = Row::get(row, at).ok_or("no number")?;
            let mut value = field.value().ok_or("no number")?;
            Ok(usize::try_from(value.read_long())?)
        };
        Ok(Self(ids::part_of_json(value.read_text(), number(1)?, number(2)?).unwrap_or_default()))
    }
}

/// Returns the end of the latest run or deletion by hand that is not after a position in the feed.
fn run_end(conn: &mut SqliteConnection, profile: &ProfileId, until: Until) -> Result<Option<i64>, StoreError> {
    let oldest = changes::feed(conn, profile)?.oldest;
    let mut look = |sql: &str, value: i64| -> Result<Option<i64>, StoreError> {
        let (sql, binds) = numbered(sql, &[profile.as_str().into(), value.into()]);
        record(conn, &sql, &binds)?.map_or(Ok(None), |mut row| row.optional_integer(0))
    };
    let last = "SELECT MAX(sequence) FROM xtream_changes WHERE profile_id=?1 AND ";
    let mut end = match until {
        Until::Sequence(sequence) if sequence < oldest => return Ok(None),
        Until::Sequence(sequence) => sequence,
        Until::Run(run) => look(&format!("{last} run_id>0 AND run_id<=?2"), run.0)?.unwrap_or(oldest),
        Until::Time(at) => look(&format!("{last} at<=?2"), at)?.unwrap_or(oldest),
    };
    let commit = "SELECT 1 FROM xtream_content_hashes WHERE profile_id=?1 AND sequence=?2";
    if look(commit, end)?.is_some() {
        // A kind was committed here. None of its entries is behind the position, even if its run continued.
        return Ok(Some(end));
    }
    let first = "SELECT MIN(sequence) FROM xtream_changes WHERE profile_id=?1 AND run_id=(SELECT run_id FROM \
                 xtream_changes WHERE profile_id=?1 AND sequence>?2 AND run_id>0 ORDER BY sequence LIMIT 1)";
    if let Some(first) = look(first, end)?.filter(|first| *first <= end) {
        // The position is within this run.
        end = first.saturating_sub(1);
    }
    let before =
        "SELECT run_id FROM xtream_changes WHERE profile_id=?1 AND sequence<=?2 ORDER BY sequence DESC LIMIT 1";
    let after = "SELECT run_id FROM xtream_changes WHERE profile_id=?1 AND sequence>?2 ORDER BY sequence LIMIT 1";
    if look(before, end)? == Some(0) && look(after, end)? == Some(0) {
        // The position may be within a deletion.
        let mark = "SELECT MAX(sequence) FROM xtream_content_hashes WHERE profile_id=?1 AND sequence<=?2";
        end = look(mark, end)?.unwrap_or(oldest);
    }
    Ok(Some(end.max(oldest)))
}
