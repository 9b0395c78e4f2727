//! The store itself: opening, and its two connections.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::SqliteConnection;
use sync_core::{ProfileId, StoreError};

use crate::db::blocking::off_thread;
use crate::db::connection::{self, Slot};
use crate::db::open::{open_to_read, refuse_untouched};
use crate::db::schema::{self, Schema};
use crate::db::{file, lock, stop};
use crate::maintenance::upgrade;
use crate::search::HeldIndexes;
use crate::tables::guards::require_profile;

/// A cache in one SQLite file. Clones share it.
///
/// Every method whose name ends in `_blocking` waits for the disk, and perhaps for another
/// program. The others hand the work to tokio's blocking threads.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    access: Access,
    writer: Slot,
    /// Apart from the writer, so that reads never wait for an apply.
    reader: Slot,
    held_indexes: HeldIndexes,
    #[cfg(feature = "failpoints")]
    limits: stop::Limits,
}

enum Access {
    /// With what keeps others from putting another file into its place.
    ReadWrite(#[expect(dead_code, reason = "held, and dropped with the store")] Option<File>),
    /// With the URI that the file is read under.
    ReadOnly(String),
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.inner.path).field("read_only", &self.is_read_only()).finish()
    }
}

impl SqliteStore {
    /// Opens a cache, creating it where there is none, and brings its schema up to date.
    ///
    /// The path is always that of a file: `file:x` and `:memory:` have no special meaning.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] when a newer version made it, [`StoreError::Foreign`] when another program
    /// did, [`StoreError::Corrupt`] when it is no cache; in each case not one byte of the file has changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = file::create(path.as_ref())?;
        stop::at("open.created");
        if std::fs::metadata(&path).is_ok_and(|found| found.len() > 0) {
            refuse_untouched(&path)?;
        }
        let open = lock::shared(&path)?;
        let writer = open_writer(&path).map_err(|error| file::explained(error, &path))?;
        stop::at("open.ready");
        Ok(Self::with(path, Access::ReadWrite(open), Some(writer), None))
    }

    /// Opens a cache for looking at it: nothing of it is written, and nothing migrated. SQLite may
    /// put its own `-shm` file beside it.
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`], [`StoreError::Missing`] when there is no cache, and
    /// [`StoreError::Older`] when it would have to be migrated.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let named = path.as_ref();
        let (uri, reader, schema) = open_to_read(named)?;
        let path = file::existing(named)?;
        match schema {
            Schema::Empty => Err(file::missing(named)),
            Schema::Older => Err(StoreError::Older),
            Schema::Current => Ok(Self::with(path, Access::ReadOnly(uri), None, Some(reader))),
        }
    }

    fn with(path: PathBuf, access: Access, writer: Option<SqliteConnection>, reader: Option<SqliteConnection>) -> Self {
        let inner = Inner {
            path,
            access,
            writer: Slot::new(writer),
            reader: Slot::new(reader),
            held_indexes: HeldIndexes::default(),
            #[cfg(feature = "failpoints")]
            limits: stop::Limits::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The file, with every link resolved.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Whether it was opened for reading only.
    pub fn is_read_only(&self) -> bool {
        matches!(self.inner.access, Access::ReadOnly(_))
    }

    /// Has the disk be full when the database has so many pages; `None` goes back to no limit of ours, with the next
    /// connection.
    #[cfg(feature = "failpoints")]
    pub fn limit_pages(&self, pages: Option<u32>) {
        self.inner.limits.set_pages(pages);
    }

    /// The search indexes that the store holds.
    pub(crate) fn held_indexes(&self) -> &HeldIndexes {
        &self.inner.held_indexes
    }

    pub(crate) fn require_writable(&self) -> Result<(), StoreError> {
        if self.is_read_only() {
            return Err(StoreError::ReadOnly("it was opened for reading only".to_owned()));
        }
        Ok(())
    }

    /// Runs `work` in a transaction that writes.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_writer(|conn| connection::immediate(conn, || Ok(()), work))
    }

    /// Runs `work` in a transaction that writes; while others write, `patient` may end the wait.
    pub(crate) fn write_unless<T>(
        &self,
        patient: impl Fn() -> Result<(), StoreError>,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_writer(|conn| connection::immediate(conn, patient, work))
    }

    /// Runs `work` with the connection for writing, outside a transaction.
    pub(crate) fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.require_writable()?;
        self.inner
            .writer
            .with(
                || connection::writer(self.path()),
                |conn| {
                    #[cfg(feature = "failpoints")]
                    self.inner.limits.apply(conn)?;
                    work(conn)
                },
            )
            .map_err(|error| file::explained(error, self.path()))
    }

    /// Empties the write-ahead log. A reader in the middle of something may forbid that it is done
    /// now; then it is left to a later one.
    pub(crate) fn tidy(&self) {
        self.with_writer(connection::checkpoint).unwrap_or_else(|error| {
            tracing::debug!(error = %error, "the write-ahead log was not emptied");
        });
    }

    /// Runs `work` on one state of the cache.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read_at_once(|conn| connection::snapshot(conn, work))
    }

    /// Runs `work`, which is a single statement, and so needs no transaction to see one state.
    pub(crate) fn read_at_once<T>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.inner.reader.with(|| self.open_reader(), work)
    }

    /// Opens another connection for reading.
    pub(crate) fn open_reader(&self) -> Result<SqliteConnection, StoreError> {
        match &self.inner.access {
            Access::ReadWrite(_) => connection::reader(file::plain(self.path())?),
            Access::ReadOnly(uri) => connection::reader(uri),
        }
    }

    /// Runs `work` on one state of the cache, in which the profile exists.
    pub(crate) fn read_profile<T>(
        &self,
        profile: &ProfileId,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read(|conn| {
            require_profile(conn, profile)?;
            work(conn)
        })
    }

    /// Runs `work` on one of tokio's blocking threads.
    pub(crate) async fn off_thread<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let store = self.clone();
        off_thread(move || work(&store)).await
    }
}

/// Opens a connection for writing, to a cache that is up to date from then on.
fn open_writer(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut writer = connection::connect(file::plain(path)?)?;
    let schema = schema::examine(&mut writer)?;
    connection::set_up_writer(&mut writer)?;
    match schema {
        Schema::Current => {}
        Schema::Empty => schema::migrate(&mut writer)?,
        Schema::Older => upgrade::upgrade(&mut writer, path)?,
    }
    if schema != Schema::Current {
        stop::at("migrate.committed");
    }
    Ok(writer)
}
