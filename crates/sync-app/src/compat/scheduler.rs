//! Syncs of a profile, with their progress over a channel.

use std::sync::Arc;

use sync_core::{Catalogue as _, ContentKind, ProfileId, SyncMode, SyncOptions};
use sync_service::options_of;
use sync_xtream::XtreamConfig;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::cache::ContentCache;
use super::progress::{SyncProgress, SyncStatus};
use super::sending::Sending;
use crate::database::Database;
use crate::error::Result;
use crate::syncer::{Login, Syncer};

/// Runs syncs. A scheduler is cheap to make; clones share the database.
#[derive(Debug, Clone)]
pub struct SyncScheduler {
    db: Database,
    panel: XtreamConfig,
}

/// The time of the last sync per kind: the panel's time at the start of the listing, in unix seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LastSyncTimestamps {
    /// Channels.
    pub channels: Option<i64>,
    /// Movies.
    pub movies: Option<i64>,
    /// Series.
    pub series: Option<i64>,
}

impl SyncScheduler {
    /// Returns a scheduler over a database.
    pub fn new(db: Database) -> Self {
        Self { db, panel: XtreamConfig::new() }
    }

    /// Sets the configuration of requests to panels: timeouts, attempts, user agent. Settings of a profile that
    /// differ from their defaults take precedence.
    pub fn with_panel_config(mut self, panel: XtreamConfig) -> Self {
        self.panel = panel;
        self
    }

    /// Syncs all kinds of a profile incrementally. A kind that was never synced is synced fully, and a kind that the
    /// profile has switched off is left out.
    ///
    /// An unknown profile is created. The settings of a known profile apply, and so do the facts that earlier runs have
    /// learnt of its panel. Errors within the run, also those of an unreachable panel, are in the returned progress; an
    /// `Err` means that the run could not begin. The messages of progress need not be read.
    #[expect(clippy::too_many_arguments, reason = "the signature that callers have")]
    pub async fn run_incremental_sync(
        &self,
        profile_id: &str,
        base_url: &str,
        username: &str,
        password: &str,
        content_cache: &ContentCache,
        progress_tx: &mpsc::Sender<SyncProgress>,
        cancel_token: &CancellationToken,
    ) -> Result<SyncProgress> {
        let login = (base_url, username, password);
        self.run(profile_id, login, SyncMode::Auto, None, content_cache, progress_tx, cancel_token).await
    }

    /// Syncs all kinds of a profile fully: every item is decoded and compared with its row. A kind that the profile has
    /// switched off is left out.
    #[expect(clippy::too_many_arguments, reason = "as the incremental one")]
    pub async fn run_full_sync(
        &self,
        profile_id: &str,
        base_url: &str,
        username: &str,
        password: &str,
        content_cache: &ContentCache,
        progress_tx: &mpsc::Sender<SyncProgress>,
        cancel_token: &CancellationToken,
    ) -> Result<SyncProgress> {
        let login = (base_url, username, password);
        self.run(profile_id, login, SyncMode::Full, None, content_cache, progress_tx, cancel_token).await
    }

    /// Syncs one kind (`channels`, `movies` or `series`) of a profile incrementally, even if the kind is switched off.
    #[expect(clippy::too_many_arguments, reason = "as the one for all kinds")]
    pub async fn sync_content_incremental(
        &self,
        profile_id: &str,
        base_url: &str,
        username: &str,
        password: &str,
        content_type: &str,
        content_cache: &ContentCache,
        progress_tx: &mpsc::Sender<SyncProgress>,
        cancel_token: &CancellationToken,
    ) -> Result<SyncProgress> {
        let (login, kind) = ((base_url, username, password), content_type.parse()?);
        self.run(profile_id, login, SyncMode::Auto, Some(kind), content_cache, progress_tx, cancel_token).await
    }

    #[expect(clippy::too_many_arguments, reason = "what the three above have in common")]
    async fn run(
        &self,
        profile_id: &str,
        (base_url, username, password): (&str, &str, &str),
        mode: SyncMode,
        only: Option<ContentKind>,
        content_cache: &ContentCache,
        progress_tx: &mpsc::Sender<SyncProgress>,
        cancel_token: &CancellationToken,
    ) -> Result<SyncProgress> {
        let profile = ProfileId::new(profile_id)?;
        let syncer = Syncer::new(content_cache.database()).with_panel_config(self.panel.clone());
        let options = options_of(&syncer.settings(&profile).await?);
        let kinds = only.map_or_else(|| options.kinds.clone(), |kind| vec![kind]);
        let options = SyncOptions { mode, kinds, ..options };
        let login =
            Login { base_url: base_url.to_owned(), username: username.to_owned(), password: password.to_owned() };
        let sending = Arc::new(Sending::new(progress_tx));
        let observer = Arc::clone(&sending) as _;
        let report = syncer.sync_with_login(&profile, &login, &options, observer, cancel_token).await?;
        Ok(sending.end(&report))
    }

    /// Returns the status of the last sync of a profile.
    pub async fn get_sync_status(&self, profile_id: &str) -> Result<SyncStatus> {
        let status = self.db.store().content_status(&ProfileId::new(profile_id)?).await?;
        Ok(status.sync_status.map_or(SyncStatus::Pending, Into::into))
    }

    /// Returns the time of the last sync per kind.
    pub fn get_last_sync_timestamps(&self, profile_id: &str) -> Result<LastSyncTimestamps> {
        let last = self.db.store().sync_state_blocking(&ProfileId::new(profile_id)?)?.last_sync;
        Ok(LastSyncTimestamps {
            channels: last[ContentKind::Channels],
            movies: last[ContentKind::Movies],
            series: last[ContentKind::Series],
        })
    }

    /// Returns whether an item has changed since the last sync, judged by the timestamps alone; see
    /// [`sync_core::is_item_updated`].
    pub fn is_item_updated(item_timestamp: &str, last_sync: &str) -> bool {
        sync_core::is_item_updated(item_timestamp, last_sync)
    }
}

#[cfg(test)]
mod tests {
    use super::super::progress::SyncHandle;
    use super::*;

    /// Compiles only if a runtime with several threads accepts the future.
    fn spawnable<F: Future + Send>(run: F) -> F {
        run
    }

    #[tokio::test]
    async fn every_call_can_be_spawned() {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::open(folder.path().join("cache.db")).unwrap();
        let (cache, scheduler) = (ContentCache::new(db.clone()), SyncScheduler::new(db));
        let (_handle, tx, cancel) = SyncHandle::new("home".to_owned());
        // The run is cancelled before it begins, so no panel is asked.
        cancel.cancel();
        let (url, user, password) = ("http://127.0.0.1:9", "ann", "secret");
        let runs = [
            spawnable(scheduler.run_incremental_sync("home", url, user, password, &cache, &tx, &cancel)).await,
            spawnable(scheduler.run_full_sync("home", url, user, password, &cache, &tx, &cancel)).await,
            spawnable(scheduler.sync_content_incremental("home", url, user, password, "movies", &cache, &tx, &cancel))
                .await,
        ];
        for run in runs {
            assert_eq!(run.unwrap().status, SyncStatus::Cancelled);
        }
        // A run that was cancelled before it began has created no profile.
        let status = spawnable(scheduler.get_sync_status("home")).await;
        assert!(matches!(status, Ok(SyncStatus::Pending) | Err(_)), "{status:?}");
        let db = cache.database();
        let _ = spawnable(db.check()).await.unwrap();
        let backup = folder.path().join("backup.db");
        let _ = spawnable(db.back_up(&backup)).await.unwrap();
        let _ = spawnable(Database::restore(folder.path().join("other.db"), &backup)).await;
    }
}
