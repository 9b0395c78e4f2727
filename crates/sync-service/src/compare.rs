//! Compares a cache with its panel, and writes nothing.

use std::sync::Arc;

use sync_core::maintenance::Finding;
use sync_core::{Observer, Profile, SyncMode, SyncOptions, SyncReport};
use tokio_util::sync::CancellationToken;

use crate::service::{Service, options_of};
use crate::source::{ServiceError, SourceFactory};

/// The result of a comparison of a cache with its panel.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Compared {
    /// The report of the dry run.
    pub report: SyncReport,
    /// Rows that differ although the panel lists them as before. Another program has written them.
    pub findings: Vec<Finding>,
    /// Whether the panel's lists differ from the cache.
    pub differs: bool,
}

impl Service {
    /// Decodes every item that the panel lists, and compares it with its row. Nothing is written.
    ///
    /// # Errors
    ///
    /// The comparison could not begin: the cache can't be read, or there is no source.
    pub async fn compare<F: SourceFactory + ?Sized>(
        &self,
        profile: &Profile,
        sources: &F,
        observer: Arc<dyn Observer>,
        cancel: &CancellationToken,
    ) -> Result<Compared, ServiceError<F::Error>> {
        let options = SyncOptions { mode: SyncMode::Full, dry_run: true, ..options_of(profile) };
        let report = self.sync(profile, &options, sources, observer, cancel).await?;
        let foreign_edits = report.plan.iter().filter(|plan| !plan.foreign_edits.is_empty());
        let findings =
            foreign_edits.map(|plan| Finding::not_as_listed(&profile.id, plan.kind, &plan.foreign_edits)).collect();
        let differs = report.kinds.values().any(|record| !record.counts.is_quiet());
        Ok(Compared { report, findings, differs })
    }
}
