//! Receives a listing and compares it: in one piece, or category by category if that is too much for
//! the panel.

use std::sync::Arc;

use futures_util::StreamExt;

use super::learning::{FetchStrategy, is_overload};
use super::planned::Planned;
use super::state::{Begun, ByCategory, Compared, KindSync};
use super::{Engine, Run, StepError, cancellable};
use crate::detect::diff::Differ;
use crate::detect::digest::DigestScheme;
use crate::detect::merge::Change;
use crate::error::ErrorClass;
use crate::hint::Hint;
use crate::model::{Category, CategoryId, CategorySet, ContentKind, Scope, ValueRef};
use crate::policy::auto::stamps::StampTally;
use crate::policy::probe::News;
use crate::ports::source::{
    AnswerFault, Completeness, Entry, Listing, ListingEvent, ListingRequest, SourceError, Usage, Validator,
};
use crate::ports::store::{StagedItem, Staging, StoredIndex};
use crate::run::options::SyncMode;
use crate::run::record::ReportError;

/// The number of categories in a row without a connection after which the others are not asked for.
const FAILURES_MAX: usize = 3;

/// The number of items after which an answer for a category is judged. Without this, a panel that ignores the
/// category could send its whole list for each of them.
const JUDGED_AFTER: usize = 200;

/// The least number of items of other categories that is taken for another list. Fewer are an error in the panel's
/// data.
const ANOTHER_LIST: usize = 20;

/// The number of items that are put back into their categories at once.
const ROWS: usize = 500;

/// A comparison that is under way.
struct Comparing {
    kind: ContentKind,
    differ: Differ,
    staging: Box<dyn Staging>,
    /// The staged items by name, for a run that makes a plan.
    planned: Option<Planned>,
    validator: Option<Validator>,
    /// The new items, as far as probes need to know of them.
    news: Option<News>,
    expected: u64,
    usage: Usage,
    /// The dates of new and changed items.
    stamps: StampTally,
}

/// Counts the items of an answer that belong to the category that was asked for.
#[derive(Default)]
pub(super) struct CategoryMatch {
    pub(super) own: usize,
    pub(super) foreign: usize,
}

/// Adds the hashes of the items that hold the login.
fn hashed(run: &Run<'_>, mut items: Vec<StagedItem>) -> Vec<StagedItem> {
    for staged in items.iter_mut().filter(|staged| staged.change.is_written()) {
        staged.hash = run.login.row_hash(&staged.item);
    }
    items
}

impl Engine {
    /// Receives the listing of a kind, compares it, and stages the items that differ. The listing may have begun
    /// already.
    pub(super) async fn compare(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        stored: &StoredIndex,
        categories: Option<&[Category]>,
        begun: Option<Begun>,
    ) -> Result<(Compared, Box<dyn Staging>), StepError> {
        let kind = sync.kind;
        let trusting = sync.record.mode == SyncMode::Incremental;
        let treatment = Arc::clone(&sync.treatment);
        let scheme = self.scheme(sync);
        let policy = run.options.policy.at(run.state.last_sync[kind]);
        // If rows hold old values of a field that may be written now, every element is merged with its row.
        let trusting = trusting && !treatment.needs_all;
        let differ = Differ::new(kind, Arc::clone(&stored.index), self.source.digest_scheme(), policy, trusting);
        let asked_at = begun.as_ref().map_or_else(|| self.clock.now() + run.panel_ahead, |begun| begun.asked_at);
        let mut comparing = Comparing {
            kind,
            differ: differ.treating(Arc::clone(&treatment)),
            staging: self.store.stage(run.profile, Scope::whole(kind)).await?,
            planned: run.grant.is_none().then(Planned::default),
            validator: None,
            news: Self::news(run, sync),
            expected: stored.index.len() as u64,
            usage: self.source.usage(),
            stamps: run.stamp_tally(kind, asked_at),
        };
        run.progress.listing(kind, 0, comparing.expected, Usage::default(), comparing.differ.counts());
        let way = sync.facts.way(self.clock.now());
        let categories = categories.filter(|categories| !categories.is_empty() && way != FetchStrategy::Whole);
        if way != FetchStrategy::ByCategory || categories.is_none() {
            let known = (trusting && stored.index.scheme() == scheme).then(|| Arc::clone(&stored.index));
            let listing = if let Some(begun) = begun {
                Ok(begun.go_on(known))
            } else {
                let request = ListingRequest::new(Scope::whole(kind))
                    .compared_with(known.into())
                    .leaving_out(treatment.left_out().clone())
                    .of_size(sync.facts.listing_wire_bytes);
                self.ask(run, request).await
            };
            match self.receive(run, &mut comparing, listing).await {
                Ok(end) => {
                    sync.facts.whole_came();
                    sync.facts.sized(end);
                    return Ok(comparing.end(end, asked_at, None));
                }
                Err(StepError::Source(error)) if is_overload(&error) => {
                    sync.facts.overloaded(self.clock.now());
                    if categories.is_none() {
                        return Err(error.into());
                    }
                    tracing::warn!(
                        code = error.code().as_str(),
                        "the whole listing is too much for the panel; by category"
                    );
                    comparing.reset().await?;
                }
                Err(stop) => {
                    if matches!(stop, StepError::Source(_)) {
                        sync.facts.failed_otherwise();
                    }
                    return Err(stop);
                }
            }
        }
        self.by_category(run, sync, comparing, asked_at, categories.unwrap_or_default()).await
    }

    /// Receives a kind category by category.
    async fn by_category(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        mut comparing: Comparing,
        asked_at: i64,
        categories: &[Category],
    ) -> Result<(Compared, Box<dyn Staging>), StepError> {
        let kind = comparing.kind;
        let told = format!("{kind}: fetched category by category, as the whole list is too much for the panel");
        sync.warnings.push(told.into());
        let mut covered = CategorySet::default();
        let mut whole: Option<Completeness> = None;
        let mut failures: Vec<SourceError> = Vec::new();
        let mut in_a_row = 0;
        for category in categories {
            if covered.contains(&category.id.0) {
                continue;
            }
            // The source gets no index: an element that it doesn't decode doesn't show its category.
            let scope = Scope { kind, within: Some(category.id.clone()) };
            let request = ListingRequest::new(scope).leaving_out(sync.treatment.left_out().clone());
            match self.receive_category(run, sync, &mut comparing, request, &category.id).await {
                Ok(end) => {
                    in_a_row = 0;
                    covered.insert(&category.id.0);
                    whole = Some(whole.map_or(end, |whole| merge_completeness(whole, end)));
                }
                Err(StepError::Source(error)) if goes_on(&error) => {
                    in_a_row = if error.class() == ErrorClass::Unreachable { in_a_row + 1 } else { 0 };
                    failures.push(error);
                    if in_a_row == FAILURES_MAX {
                        break;
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        let unanswered: CategorySet =
            categories.iter().map(|category| &category.id.0).filter(|id| !covered.contains(id)).collect();
        let first = failures.into_iter().next();
        let Some(end) = whole else {
            let none = || SourceError::Unusable {
                fault: AnswerFault::WrongItems,
                message: "no category could be fetched".to_owned(),
            };
            return Err(first.unwrap_or_else(none).into());
        };
        let error = first.map(|first| {
            let mut error = ReportError::from_source(&first, Some(kind));
            error.message = format!(
                "{} of {} categories failed ({}); their items are unchanged",
                unanswered.as_slice().len(),
                categories.len(),
                error.message
            );
            error.with_hint(Hint::OthersAreUpToDate)
        });
        if !unanswered.is_empty() {
            self.keep_in_place(run, &mut comparing, &covered).await?;
        }
        Ok(comparing.end(end, asked_at, Some(ByCategory { covered, unanswered, error })))
    }

    /// Puts listed items back into their categories that failed, because only those listings would name them.
    async fn keep_in_place(
        &self,
        run: &Run<'_>,
        comparing: &mut Comparing,
        covered: &CategorySet,
    ) -> Result<(), StepError> {
        let Comparing { kind, differ, staging, planned, .. } = comparing;
        for ids in differ.departed().chunks(ROWS) {
            let stored =
                cancellable(run.cancel, async { Ok(self.store.rows(run.profile, *kind, ids.to_vec()).await?) }).await?;
            let staged = cancellable(run.cancel, async { Ok(staging.get(ids.to_vec()).await?) }).await?;
            let kept = differ.kept_in_place(stored, staged, covered);
            if let Some(planned) = planned {
                planned.put(&kept);
            }
            if !kept.is_empty() {
                let kept = hashed(run, kept);
                cancellable(run.cancel, async { Ok(staging.put(kept).await?) }).await?;
            }
        }
        Ok(())
    }

    async fn ask(&self, run: &Run<'_>, request: ListingRequest) -> Result<Listing, StepError> {
        cancellable(run.cancel, async { Ok(self.source.listing(request).await?) }).await
    }

    /// Receives the listing of a kind to its proved end.
    async fn receive(
        &self,
        run: &Run<'_>,
        comparing: &mut Comparing,
        listing: Result<Listing, StepError>,
    ) -> Result<Completeness, StepError> {
        let mut listing = listing?;
        loop {
            match next(run, &mut listing).await? {
                ListingEvent::Batch(batch) => self.stage(run, comparing, batch).await?,
                ListingEvent::Version(validator) => comparing.validator = Some(validator),
                ListingEvent::Restarted => {
                    tracing::info!("the answer was cut; the listing starts again");
                    comparing.reset().await?;
                }
                ListingEvent::Complete(end) => return Ok(end),
                ListingEvent::Unmodified { .. } => return Err(unasked()),
            }
        }
    }

    /// Receives the listing of a category. It is compared after its end is proved, so that one that fails leaves no
    /// trace. Until then it is in memory, which is possible because a category is a small part of a kind.
    async fn receive_category(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        comparing: &mut Comparing,
        request: ListingRequest,
        category: &CategoryId,
    ) -> Result<Completeness, StepError> {
        let mut belonging = CategoryMatch::default();
        let mut batches = Vec::new();
        let mut listing = self.ask(run, request).await?;
        let end = loop {
            match next(run, &mut listing).await? {
                ListingEvent::Batch(batch) => {
                    belonging.count(&batch, category);
                    if belonging.own + belonging.foreign >= JUDGED_AFTER {
                        belonging.check(sync, self.clock.now())?;
                    }
                    batches.push(batch);
                }
                ListingEvent::Restarted => {
                    belonging = CategoryMatch::default();
                    batches.clear();
                }
                // It would be the validator of a part of the kind.
                ListingEvent::Version(_) => {}
                ListingEvent::Complete(end) => break end,
                ListingEvent::Unmodified { .. } => return Err(unasked()),
            }
        };
        belonging.check(sync, self.clock.now())?;
        for batch in batches {
            self.stage(run, comparing, batch).await?;
        }
        Ok(end)
    }

    /// Returns the scheme of the digests of a listing.
    pub(super) fn scheme(&self, sync: &KindSync) -> DigestScheme {
        self.source.digest_scheme().leaving_out(sync.kind, sync.treatment.left_out())
    }

    async fn stage(&self, run: &Run<'_>, comparing: &mut Comparing, mut batch: Vec<Entry>) -> Result<(), StepError> {
        let Comparing { kind, differ, staging, planned, stamps, news, .. } = &mut *comparing;
        let work = async {
            let needs = differ.prepare(&mut batch);
            if let Some(news) = news {
                news.batch(&batch, differ.known());
            }
            let stored = match needs.stored {
                ids if ids.is_empty() => Vec::new(),
                ids => self.store.rows(run.profile, *kind, ids).await?,
            };
            let staged = match needs.staged {
                ids if ids.is_empty() => Vec::new(),
                ids => staging.get(ids).await?,
            };
            let items = differ.resolve(batch, stored, staged).map_err(SourceError::internal)?;
            if let Some(planned) = planned {
                planned.put(&items);
            }
            if let Some(news) = news {
                items.iter().filter(|it| it.change == Change::Added).for_each(|it| news.added(&it.item));
            }
            if !items.is_empty() {
                stamps.put(&items);
                staging.put(hashed(run, items)).await?;
            }
            Ok(())
        };
        cancellable(run.cancel, work).await?;
        let used = self.source.usage().since(comparing.usage);
        let (seen, counts) = (comparing.differ.listed() as u64, comparing.differ.counts());
        run.progress.listing(comparing.kind, seen, comparing.expected, used, counts);
        Ok(())
    }
}

/// Waits for the next event of a listing.
async fn next(run: &Run<'_>, listing: &mut Listing) -> Result<ListingEvent, StepError> {
    let event = cancellable(run.cancel, async { Ok(listing.events.next().await.transpose()?) }).await?;
    event.ok_or_else(|| {
        StepError::Source(SourceError::Unusable {
            fault: AnswerFault::Truncated,
            message: "the listing has no end".to_owned(),
        })
    })
}

/// Returns the error of a source that sends an event it was not asked for.
fn unasked() -> StepError {
    StepError::Source(SourceError::internal("a listing is said to be unmodified, and nobody asked"))
}

impl Comparing {
    async fn reset(&mut self) -> Result<(), StepError> {
        self.differ.reset();
        if let Some(planned) = &mut self.planned {
            planned.clear();
        }
        self.validator = None;
        self.stamps.clear();
        if let Some(news) = &mut self.news {
            news.clear();
        }
        Ok(self.staging.reset().await?)
    }

    /// Returns the comparison, and the staging area with its differences.
    fn end(self, end: Completeness, asked_at: i64, by_category: Option<ByCategory>) -> (Compared, Box<dyn Staging>) {
        let Self { differ, staging, planned, validator, stamps, news, .. } = self;
        (Compared { differ, end, validator, asked_at, by_category, planned, stamps, news }, staging)
    }
}

impl CategoryMatch {
    /// Returns an error if the panel has ignored the category that it was asked for. This becomes a fact if the answer
    /// is large enough to prove it.
    fn check(&self, sync: &mut KindSync, now: i64) -> Result<(), StepError> {
        if self.foreign <= self.own {
            return Ok(());
        }
        let fault = if self.foreign < ANOTHER_LIST {
            AnswerFault::WrongItems
        } else {
            sync.facts.filter_ignored_at = Some(now);
            AnswerFault::FilterIgnored
        };
        let message = "it was asked for one category and listed others".to_owned();
        Err(StepError::Source(SourceError::Unusable { fault, message }))
    }

    pub(super) fn count(&mut self, batch: &[Entry], category: &CategoryId) {
        for entry in batch {
            let Entry::Item(listed, _) = entry else { continue };
            let field = listed.item.kind().field("category_id").map(|at| listed.item.value(at));
            let named = matches!(field, Some(ValueRef::Text(id)) if id == category.0);
            let categories = listed.item.categories();
            if named || categories.contains(&category.0) {
                self.own += 1;
            } else if !categories.is_empty() || !matches!(field, None | Some(ValueRef::Null)) {
                // An item without a category proves nothing.
                self.foreign += 1;
            }
        }
    }
}

/// Returns whether the other categories are worth asking for after this error.
fn goes_on(error: &SourceError) -> bool {
    !matches!(
        error,
        SourceError::Refused { .. }
            | SourceError::Denied { .. }
            | SourceError::Internal(_)
            | SourceError::Unusable { fault: AnswerFault::FilterIgnored, .. }
    )
}

/// Combines the ends of two answers. A defect of one is a defect of both.
fn merge_completeness(a: Completeness, b: Completeness) -> Completeness {
    let sum = |seen: (bool, Option<u64>), more: (bool, Option<u64>)| match (seen, more) {
        ((false, _), (_, digest)) | ((_, digest), (false, _)) => digest,
        ((_, a), (_, b)) => Some(a?.wrapping_add(b?)),
    };
    Completeness {
        unreadable: a.unreadable + b.unreadable,
        unreadable_at: a.unreadable_at.or(b.unreadable_at),
        unreadable_digest: sum((a.unreadable > 0, a.unreadable_digest), (b.unreadable > 0, b.unreadable_digest)),
        trailing_bytes: a.trailing_bytes || b.trailing_bytes,
        trailing_digest: sum((a.trailing_bytes, a.trailing_digest), (b.trailing_bytes, b.trailing_digest)),
        started_at: a.started_at,
        // Parts are not the whole.
        wire_bytes: None,
    }
}

#[cfg(test)]
mod tests;
