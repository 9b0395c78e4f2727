//! Receives a kind: its categories, its listing, and the facts about the panel that follow. Nothing is written yet.

use std::sync::Arc;

use super::learning::{is_known_as_not_offered, is_not_offered};
use super::state::{Answered, Arrived, Compared, KindSync, ListingReceived, Received, Staged};
use super::{Engine, Run, StepError, cancellable};
use crate::detect::merge::Change;
use crate::detect::volatile::{FieldFacts, Heard};
use crate::facts::KindFacts;
use crate::model::{Category, ContentKind};
use crate::ports::source::SourceError;
use crate::ports::store::{Staging, StoredIndex};
use crate::removal::guard::Doubt;
use crate::run::options::SyncMode;
use crate::run::progress::Phase;
use crate::run::record::{KindRecord, ReportError};
use crate::run::report::Warning;

impl Engine {
    /// Receives a kind, compares it and stages the differences. Returns `None` if the panel need not be asked.
    pub(super) async fn receive_kind(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
    ) -> Result<Option<(Received, Staged)>, StepError> {
        let kind = sync.kind;
        if is_not_offered(&run.state, run.options, kind, self.clock.now()) {
            sync.warnings.push(Warning::NotOffered(kind));
            return Ok(None);
        }
        if self.probe_first(run, sync).await? {
            return Ok(None);
        }
        run.progress.phase(Some(kind), Phase::Categories);
        let categories = self.categories(run, kind, &mut sync.record).await?;
        let begun = match self.ask_unless_same(run, sync, categories.is_some()).await? {
            Some(Answered::Unmodified(same)) => {
                self.learn_of_same(run, sync, same);
                Self::probes_after_same(run, sync, same);
                return Ok(Some((Received { categories, listing: ListingReceived::Same(same) }, None)));
            }
            Some(Answered::Begun(begun)) => Some(begun),
            None => None,
        };
        let stored = cancellable(run.cancel, async { Ok(self.store.index(run.profile, kind.into()).await?) }).await?;
        sync.record.mode = mode(run.options.mode, &stored);
        let (mut compared, mut staging) = match self.compare(run, sync, &stored, categories.as_deref(), begun).await {
            Ok(received) => received,
            Err(stop) => {
                sync.denied = matches!(&stop, StepError::Source(error) if error.denies_the_kind());
                if sync.denied && is_known_as_not_offered(&run.state, run.options, kind) {
                    // The panel was asked again and answers as before. This is known, so it is no error.
                    sync.record.error = None;
                    sync.warnings.push(Warning::NotOffered(kind));
                    return Ok(None);
                }
                return Err(stop);
            }
        };
        sync.answered = compared.differ.listed() > 0;
        let doubt = Self::learn(run, &mut sync.facts, &compared, categories.is_some());
        Self::learn_of_probes(run, sync, &compared, doubt);
        self.learn_of_fields(run, sync, &mut compared, &mut *staging).await?;
        Self::learn_of_arrivals(run, sync, &compared.stamps);
        if let (None, Some(by_category)) = (&sync.record.error, &mut compared.by_category) {
            sync.record.error = by_category.error.take();
        }
        self.doubt_validator(sync, &stored, &compared);
        let listing = ListingReceived::Compared(Box::new(Arrived { stored, compared, doubt }));
        Ok(Some((Received { categories, listing }, Some(staging))))
    }

    /// Records the facts from a finished listing; returns the doubt about it, if there is one.
    fn learn(run: &Run<'_>, facts: &mut KindFacts, compared: &Compared, categories_answered: bool) -> Option<Doubt> {
        facts.offered();
        let defect = facts.defects(compared.end);
        match () {
            () if !categories_answered => Some(Doubt::CategoriesMissing),
            () if run.account_expired => Some(Doubt::AccountExpired),
            // An empty listing is a loss, and that reason comes before its defects.
            () if compared.differ.listed() == 0 => None,
            () => defect,
        }
    }

    /// Records the facts about the kind's fields from a finished listing. Items that were staged only because of a
    /// field that is still volatile become unchanged.
    async fn learn_of_fields(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        compared: &mut Compared,
        staging: &mut dyn Staging,
    ) -> Result<(), StepError> {
        let Compared { differ, by_category, .. } = compared;
        let (kind, treatment) = (sync.kind, Arc::clone(&sync.treatment));
        let whole = by_category.as_ref().is_none_or(|parts| parts.unanswered.is_empty());
        let heard = Heard { whole, missing: differ.missing_so_far(), now: self.clock.now() };
        let fields = &sync.facts.fields;
        let conclusion = fields.after(kind, &treatment, differ.tally(), heard);
        let left = differ.accept(conclusion.accepted);
        for ids in left.chunks(ROWS) {
            let mut staged = cancellable(run.cancel, async { Ok(staging.get(ids.to_vec()).await?) }).await?;
            for one in &mut staged {
                one.change = Change::Unchanged;
            }
            cancellable(run.cancel, async { Ok(staging.put(staged).await?) }).await?;
        }
        sync.facts.fields = FieldFacts::concluded(kind, &treatment, differ.tally(), heard, &conclusion);
        Ok(())
    }

    /// Asks for the categories. An error is recorded, and then no row of the kind is removed.
    async fn categories(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        record: &mut KindRecord,
    ) -> Result<Option<Vec<Category>>, StepError> {
        match cancellable(run.cancel, async { Ok(self.source.categories(kind).await?) }).await {
            Ok(categories) => Ok(Some(categories)),
            // Panels ban addresses that ask again with refused credentials.
            Err(StepError::Source(error @ (SourceError::Refused { .. } | SourceError::Denied { .. }))) => {
                Err(error.into())
            }
            Err(StepError::Source(error)) => {
                let mut error = ReportError::from_source(&error, Some(kind));
                error.message = format!("the categories failed ({}); nothing of this kind is removed", error.message);
                record.error = Some(error);
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }
}

/// The number of rows that are read at once.
const ROWS: usize = 500;

fn mode(asked: SyncMode, stored: &StoredIndex) -> SyncMode {
    let full = asked == SyncMode::Full || !stored.applied_before || !stored.consistent;
    if full { SyncMode::Full } else { SyncMode::Incremental }
}
