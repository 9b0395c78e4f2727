//! Carries out the decision about a kind: one apply, or only the plan in a dry run.

use std::time::Duration;

use super::state::{Decided, KindSync, Staged};
use super::{Engine, Run, Stop};
use crate::model::Scope;

impl Engine {
    /// Writes the decision about a kind if the run may write. On an error nothing of the kind has changed.
    pub(super) async fn commit(
        &self,
        run: &Run<'_>,
        visit: &mut KindSync,
        decided: Decided,
        staged: Staged,
        started: Duration,
    ) -> Result<(), Stop> {
        let Decided { mut commit, plan, warnings, evidence, shrunk } = decided;
        visit.record = commit.record.clone();
        visit.warnings.extend(warnings);
        if run.grant.is_none() {
            (visit.plan, visit.shrunk) = (plan, shrunk);
            return Ok(());
        }
        run.progress.applying(visit.kind, visit.record.counts);
        visit.record.duration += self.since(started);
        commit.record = visit.record.clone();
        let mut staging = match staged {
            Some(staging) => staging,
            None => self.store.stage(run.profile, Scope::whole(visit.kind)).await?,
        };
        staging.apply(commit, run.cancel.clone()).await?;
        if evidence {
            visit.facts.sound_listings = visit.facts.sound_listings.saturating_add(1);
        }
        visit.shrunk = shrunk;
        Ok(())
    }
}
