//! The progress of a run in the form for callers, and the handle of a run.

use sync_core::{ContentKind, Counts, KindRecord, RunStatus, SyncReport};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The number of messages that wait for a reader. Further messages are dropped, except for the last one of a run.
const CAPACITY: usize = 100;

/// The status of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum SyncStatus {
    /// The sync has not begun.
    #[default]
    Pending,
    /// The sync is under way.
    Syncing,
    /// Everything was done.
    Completed,
    /// A part failed or is held; the rest was done.
    Partial,
    /// Nothing was done.
    Failed,
    /// Cancelled by the caller.
    Cancelled,
    /// The process ended during the sync.
    Interrupted,
}

impl From<RunStatus> for SyncStatus {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Syncing => Self::Syncing,
            RunStatus::Completed => Self::Completed,
            RunStatus::Partial => Self::Partial,
            RunStatus::Cancelled => Self::Cancelled,
            RunStatus::Interrupted => Self::Interrupted,
            _ => Self::Failed,
        }
    }
}

/// The progress of a sync, or its result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SyncProgress {
    /// The status.
    pub status: SyncStatus,
    /// The share of the work that is done, in percent: 100 at the end of a completed or partial run, and less in all
    /// other cases.
    pub percent: u8,
    /// The current step, in words. The next kind is received while one is written, so the steps of two kinds can
    /// alternate.
    pub step: String,
    /// The counts of the channels.
    pub channels: Counts,
    /// The counts of the movies.
    pub movies: Counts,
    /// The counts of the series.
    pub series: Counts,
    /// The errors, in words.
    pub errors: Vec<String>,
    /// Warnings at the end of a run, for example about a certificate that isn't verified or a redirect to another
    /// host.
    pub warnings: Vec<String>,
}

impl SyncProgress {
    pub(crate) fn counts(&mut self, kind: ContentKind) -> &mut Counts {
        match kind {
            ContentKind::Channels => &mut self.channels,
            ContentKind::Movies => &mut self.movies,
            ContentKind::Series => &mut self.series,
        }
    }

    /// Returns the last message of a run. `percent` is the progress of a run that ended early.
    pub(crate) fn of_report(report: &SyncReport, percent: u8) -> Self {
        let is_done = matches!(report.status, RunStatus::Completed | RunStatus::Partial);
        let mut progress = Self {
            status: report.status.into(),
            percent: if is_done { 100 } else { percent.min(99) },
            step: report.status.to_string(),
            errors: report.errors.iter().map(ToString::to_string).collect(),
            warnings: report.warnings.iter().map(ToString::to_string).collect(),
            ..Self::default()
        };
        for KindRecord { kind, counts, .. } in report.kinds.values() {
            *progress.counts(*kind) = *counts;
        }
        progress
    }
}

/// The handle of a run, for its caller.
#[derive(Debug)]
#[non_exhaustive]
pub struct SyncHandle {
    /// The profile.
    pub profile_id: String,
    /// Cancels the run.
    pub cancel_token: CancellationToken,
    /// Receives the progress. It need not be read. The last message is always the end of the run, even for a slow
    /// reader.
    pub progress_rx: mpsc::Receiver<SyncProgress>,
}

impl SyncHandle {
    /// Returns a handle, and the sender of progress and the cancellation token for the run.
    pub fn new(profile_id: String) -> (Self, mpsc::Sender<SyncProgress>, CancellationToken) {
        let (sender, progress_rx) = mpsc::channel(CAPACITY);
        let cancel_token = CancellationToken::new();
        (Self { profile_id, cancel_token: cancel_token.clone(), progress_rx }, sender, cancel_token)
    }

    /// Cancels the run.
    pub fn cancel(&self) {
        self.cancel_token.cancel();
    }

    /// Returns whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancel_token.is_cancelled()
    }
}

#[cfg(all(test, feature = "serde"))]
mod serde_tests {
    use serde_json::{json, to_value};
    use sync_core::Counts;

    use super::{SyncProgress, SyncStatus};
    use crate::{ContentCounts, LastSyncTimestamps};

    #[test]
    fn progress_and_counts_have_the_names_of_their_fields() {
        let progress = SyncProgress { status: SyncStatus::Partial, percent: 100, ..SyncProgress::default() };
        let none = to_value(Counts::default()).unwrap();
        let shape = json!({"status": "partial", "percent": 100, "step": "", "channels": none, "movies": none,
            "series": none, "errors": [], "warnings": []});
        assert_eq!(to_value(progress).unwrap(), shape);
        assert_eq!(serde_json::from_value::<SyncStatus>(json!("pending")).unwrap(), SyncStatus::Pending);
        let counts = ContentCounts { channels: 1, ..ContentCounts::default() };
        assert_eq!(to_value(counts).unwrap(), json!({"channels": 1, "movies": 0, "series": 0}));
        let synced = LastSyncTimestamps { movies: Some(5), ..LastSyncTimestamps::default() };
        assert_eq!(to_value(synced).unwrap(), json!({"channels": null, "movies": 5, "series": null}));
    }
}
