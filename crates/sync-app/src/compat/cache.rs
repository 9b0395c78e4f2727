//! The cached content, for callers that aren't asynchronous.

use sync_core::{ContentId, ContentKind, ProfileId};

use crate::database::Database;
use crate::error::Result;

/// The cached content of all profiles. Its calls block; reads never wait for a sync under way.
#[derive(Debug, Clone)]
pub struct ContentCache {
    db: Database,
}

/// The number of cached items per kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ContentCounts {
    /// Channels.
    pub channels: u64,
    /// Movies.
    pub movies: u64,
    /// Series.
    pub series: u64,
}

impl ContentCache {
    /// The cache in a database.
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    /// The database of the cache.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// Returns the ids of all cached items of a kind (`channels`, `movies` or `series`), in ascending order.
    ///
    /// An unknown profile has none.
    pub fn get_content_ids(&self, profile_id: &str, content_type: &str) -> Result<Vec<i64>> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        let ids = self.db.store().get_content_ids_blocking(&profile, kind);
        match ids {
            Err(sync_core::StoreError::UnknownProfile(_)) => Ok(Vec::new()),
            ids => Ok(ids?.into_iter().map(|id| id.0).collect()),
        }
    }

    /// Deletes any number of items by their ids; returns the number of deleted items.
    ///
    /// The panel still lists them: the next sync brings them back as added.
    pub fn delete_content_by_ids(&self, profile_id: &str, content_type: &str, ids: &[i64]) -> Result<usize> {
        let (profile, kind) = (ProfileId::new(profile_id)?, content_type.parse::<ContentKind>()?);
        let ids: Vec<_> = ids.iter().copied().map(ContentId).collect();
        let deleted = self.db.store().delete_content_by_ids_blocking(&profile, kind, &ids)?;
        Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
    }

    /// Deletes the cached content of a profile; the profile and its settings stay.
    pub fn clear_profile_content(&self, profile_id: &str) -> Result<()> {
        Ok(self.db.store().clear_blocking(&ProfileId::new(profile_id)?)?)
    }

    /// Returns the number of cached items per kind.
    pub fn get_content_counts(&self, profile_id: &str) -> Result<ContentCounts> {
        let rows = self.db.store().sync_state_blocking(&ProfileId::new(profile_id)?)?.rows;
        Ok(ContentCounts {
            channels: rows[ContentKind::Channels],
            movies: rows[ContentKind::Movies],
            series: rows[ContentKind::Series],
        })
    }

    /// Creates the profile if it doesn't exist.
    pub fn initialize_profile(&self, profile_id: &str) -> Result<()> {
        Ok(self.db.store().ensure_profile_blocking(&ProfileId::new(profile_id)?)?)
    }
}
