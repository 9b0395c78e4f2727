//! Carries out the decision about a kind: one apply, or only the plan in a dry run.

use std::time::Duration;

use super::state::{Decided, KindSync, Staged};
use super::{Engine, Run, StepError};
use crate::model::Scope;

impl Engine {
    /// Writes the decision about a kind if the run may write. On an error nothing of the kind has changed.
    pub(super) async fn commit(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        decided: Decided,
        staged: Staged,
        started: Duration,
    ) -> Result<(), StepError> {
        let Decided { mut commit, plan, warnings, evidence, shrunk } = decided;
        sync.record = commit.record.clone();
        sync.warnings.extend(warnings);
        if run.grant.is_none() {
            (sync.plan, sync.shrunk) = (plan, shrunk);
            return Ok(());
        }
        run.progress.applying(sync.kind, sync.record.counts);
        sync.record.duration += self.since(started);
        commit.record = sync.record.clone();
        (commit.asked_at, commit.compared) = (sync.began_at, sync.treatment.compared);
        let mut staging = match staged {
            Some(staging) => staging,
            None => self.store.stage(run.profile, Scope::whole(sync.kind)).await?,
        };
        sync.overlay = staging.apply(commit, run.cancel.clone()).await?;
        if evidence {
            sync.facts.sound_listings = sync.facts.sound_listings.saturating_add(1);
        }
        sync.shrunk = shrunk;
        Ok(())
    }
}
