//! The store: opening a cache, and its two connections.

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
/// Every method whose name ends in `_blocking` waits for the disk, and perhaps for another program. The other methods
/// run on tokio's blocking threads.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    access: Access,
    writer: Slot,
    /// The reader is separate from the writer, so that reads never wait for an apply.
    reader: Slot,
    held_indexes: HeldIndexes,
    #[cfg(feature = "failpoints")]
    limits: stop::Limits,
}

enum Access {
    /// The lock that keeps other programs from replacing the file.
    ReadWrite(#[expect(dead_code, reason = "held, and dropped with the store")] Option<File>),
    /// The URI under which the file is read.
    ReadOnly(String),
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.inner.path).field("read_only", &self.is_read_only()).finish()
    }
}

impl SqliteStore {
    /// Opens a cache, creates it if there is none, and migrates its schema to the present version.
    ///
    /// The path is always that of a file: `file:x` and `:memory:` have no special meaning.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::Newer`] if a newer version made the file, [`StoreError::Foreign`] if another program did,
    /// and [`StoreError::Corrupt`] if the file is no cache. In each of these cases the file is unchanged.
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

    /// Opens a cache for reading. Nothing in it is written or migrated. SQLite may create its own `-shm` file beside
    /// it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Self::open`], [`StoreError::Missing`] if there is no cache, and [`StoreError::Older`] if
    /// the cache would have to be migrated.
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

    /// Returns the path of the file, with every link resolved.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Returns whether the cache was opened for reading only.
    pub fn is_read_only(&self) -> bool {
        matches!(self.inner.access, Access::ReadOnly(_))
    }

    /// Simulates a full disk when the database has this many pages. `None` removes this limit, from the next connection
    /// on.
    #[cfg(feature = "failpoints")]
    pub fn limit_pages(&self, pages: Option<u32>) {
        self.inner.limits.set_pages(pages);
    }

    /// Returns the search indexes that the store keeps in memory.
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

    /// Runs `work` in a transaction that writes. While other programs write, an error of `patient` ends the wait.
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

    /// Empties the write-ahead log. An active reader may prevent this; a later call does it then.
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

    /// Runs `work`, which is a single statement and so sees one state without a transaction.
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

    /// Runs `work` on one state of the cache. Returns an error if the profile doesn't exist in it.
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

/// Opens a connection for writing, and migrates the cache if it is older.
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
