//! Undo: puts kinds of a profile back as they were before a run.

use sync_core::{ContentKind, ProfileId, RunId, StoreError, UndoOutcome, UndoRequest};

use crate::service::Service;

impl Service {
    /// Puts kinds back as they were before a run. If `run` is `None`, the run is the newest one that changed something;
    /// see [`ContentStore::undo`](sync_core::ContentStore::undo). A dry run returns what would be done, and writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Leased`] while another run has the lease of the profile; [`StoreError::Refused`] if there is no
    /// such run.
    pub async fn undo(
        &self,
        profile: &ProfileId,
        run: Option<RunId>,
        kinds: &[ContentKind],
        dry_run: bool,
    ) -> Result<UndoOutcome, StoreError> {
        let lease = if dry_run { None } else { Some(self.cache().lease(profile).await?) };
        let fence = lease.as_ref().map(|lease| lease.fence);
        let request = UndoRequest { fence, run, kinds: kinds.to_vec(), at: self.now() };
        self.cache().undo(profile, request).await
    }
}
