//! Listings that the panel says are still the same: when it is asked so, what follows from a yes, and
//! how a panel is found out that says so of others.
//!
//! A panel whose validators don't follow its listings would freeze the cache. So each listing is
//! received as a whole once a day all the same, and a panel that gives a changed one the validator of
//! the one before isn't believed any more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};

use super::learning::{Way, recent};
use super::visit::Visit;
use super::{Engine, Run, Stop, guard};
use crate::counts::Counts;
use crate::digest::{Digest, DigestScheme};
use crate::facts::PanelFacts;
use crate::index::ListingIndex;
use crate::lending::{Lender, on_demand};
use crate::model::{Category, ContentKind, Scope};
use crate::plan::KindPlan;
use crate::policy::{SyncMode, SyncOptions};
use crate::report::KindOutcome;
use crate::source::{Listing, ListingEvent, ListingRequest, Unless, Validator};
use crate::store::{KeptValidator, ScopeCommit, StoredIndex, SyncState, ValidatorChange};

/// So many seconds a panel isn't believed that was found out: thirty days.
const DISBELIEF: i64 = 30 * 86_400;

/// How a panel answers to a validator.
pub(super) enum Answered {
    /// The listing is still the same.
    Unmodified(Unmodified),
    /// With a listing, whatever comes of it.
    Begun(Begun),
}

/// A listing that is as it was.
pub(super) struct Unmodified {
    /// The panel's clock at its start, as far as it is known.
    watermark: i64,
    rows: u64,
}

/// A listing that has begun to arrive.
pub(super) struct Begun {
    listing: Listing,
    lender: Lender,
    /// The panel's clock when it was asked for, or ours where it doesn't tell.
    pub(super) asked_at: i64,
}

impl Begun {
    /// Goes on with the listing.
    pub(super) fn go_on(self, known: Option<Arc<ListingIndex>>) -> Listing {
        self.lender.lend(known);
        self.listing
    }
}

/// What is known of a listing that is about to be applied.
pub(super) struct Finished<'a> {
    pub(super) validator: Option<&'a Validator>,
    pub(super) before: &'a StoredIndex,
    /// The new index, where it is another one.
    pub(super) after: Option<&'a ListingIndex>,
    pub(super) counts: Counts,
    /// Whether the listing leaves nothing open: it came whole and without defects, the categories were
    /// answered, and what it misses is gone.
    pub(super) sound: bool,
}

impl Engine<'_> {
    /// Asks for a listing unless it is still the same, where that can be asked; `None` where it can't.
    pub(super) async fn ask_unless_same(
        &self,
        run: &Run<'_>,
        visit: &Visit,
        categories_answered: bool,
    ) -> Result<Option<Answered>, Stop> {
        let kind = visit.kind;
        let trusted = categories_answered && !run.account_expired;
        let (scheme, now) = (self.source.digest_scheme(), self.clock.now());
        let Some(kept) = lent(&run.state, &run.facts, run.options, kind, scheme, now).filter(|_| trusted) else {
            return Ok(None);
        };
        let (lender, demand) = on_demand();
        let unless = Some(Unless::new(kept.validator.clone(), demand));
        let request = ListingRequest { unless, ..ListingRequest::of(Scope::whole(kind)) };
        let rows = kept.rows;
        run.track.listing(kind, 0, rows, 0, Counts::default());
        let asked_at = now + run.panel_ahead;
        let asked = async { Ok(self.source.listing(request).await) };
        let mut events = match guard(run.cancel, asked).await? {
            Ok(listing) => listing.events,
            Err(error) => stream::iter([Err(error)]).boxed(),
        };
        let first = async {
            let asked = std::pin::pin!(lender.asked());
            match select(events.next(), asked).await {
                Either::Left((event, _)) => Ok(event),
                Either::Right(((), _)) => Ok(None),
            }
        };
        Ok(Some(match guard(run.cancel, first).await? {
            Some(Ok(ListingEvent::Unmodified { started_at })) => {
                Answered::Unmodified(Unmodified { watermark: started_at.unwrap_or(asked_at), rows })
            }
            first => {
                let events = stream::iter(first).chain(events).boxed();
                Answered::Begun(Begun { listing: Listing { events }, lender, asked_at })
            }
        }))
    }

    /// Records a listing that is as it was. Of the kind itself nothing is written.
    pub(super) async fn keep(
        &self,
        run: &Run<'_>,
        visit: &mut Visit,
        categories: Option<Vec<Category>>,
        unmodified: Unmodified,
        started: Duration,
    ) -> Result<(), Stop> {
        let kind = visit.kind;
        let Unmodified { watermark, rows } = unmodified;
        tracing::info!("the panel says that the listing is the same");
        visit.facts.offered(None, self.clock.now());
        visit.facts.rotated(false, false);
        visit.facts.whole_came();
        let record = &mut visit.record;
        record.mode = SyncMode::Incremental;
        record.outcome = KindOutcome::Unchanged;
        record.counts = Counts { unchanged: rows, ..Counts::default() };
        record.not_modified = true;
        let stored = usize::try_from(rows).unwrap_or(usize::MAX);
        let categories = self.plausible_categories(run, visit, categories, stored).await?;
        if run.options.dry_run {
            visit.plan = Some(KindPlan::new(kind));
            return Ok(());
        }
        run.track.applying(kind, visit.record.counts);
        visit.record.duration += self.since(started);
        let commit = ScopeCommit {
            run: run.id,
            fence: run.fence,
            applied_at: self.clock.now(),
            categories,
            index: None,
            validator: ValidatorChange::Keep,
            held: None,
            removals: Vec::new(),
            successors: Vec::new(),
            tombstone_days: run.options.retention.tombstone_days,
            watermark,
            first_load: false,
            record: visit.record.clone(),
        };
        let mut staging = self.store.stage(run.profile, Scope::whole(kind)).await?;
        Ok(staging.apply(commit, run.cancel.clone()).await?)
    }

    /// What becomes of the validator with a listing that was received as a whole. Learns of a panel
    /// that gives a changed listing the validator of the one before.
    pub(super) fn validator_after(&self, run: &Run<'_>, visit: &mut Visit, finished: &Finished<'_>) -> ValidatorChange {
        let kind = visit.kind;
        let (scheme, now) = (self.source.digest_scheme(), self.clock.now());
        let kept = run.state.validators[kind.ordinal()].as_ref();
        if kept.is_some_and(|kept| has_lied(kept, finished, scheme)) {
            tracing::warn!("the panel gives a changed listing the validator of the one before");
            visit.warnings.push(format!(
                "{kind}: the panel calls a changed list unchanged (ETag, Last-Modified): it isn't asked so for 30 days"
            ));
            visit.validators_lied_at = Some(now);
        }
        let Finished { validator, before, after, sound, .. } = finished;
        let index = after.unwrap_or(&before.index);
        let ignored = visit.facts.image_hosts_ignored(SyncMode::Auto);
        let settled =
            *sound && !ignored && is_settled(index) && visit.validators_lied_at.is_none() && believed(&run.facts, now);
        match validator {
            Some(validator) if settled => ValidatorChange::Set(KeptValidator {
                validator: (*validator).clone(),
                scheme,
                policy: run.options.policy,
                listed_at: now,
                rows: index.len() as u64,
            }),
            _ => ValidatorChange::Forget,
        }
    }
}

/// The validator that a listing may be asked for with, if any: in an incremental run, under what it
/// was received under, for a day, and where nothing waits to be looked at again.
fn lent<'a>(
    state: &'a SyncState,
    facts: &PanelFacts,
    options: &SyncOptions,
    kind: ContentKind,
    scheme: DigestScheme,
    now: i64,
) -> Option<&'a KeptValidator> {
    let at = kind.ordinal();
    let whole = facts.kinds[at].way(now) != Way::ByCategory && !facts.kinds[at].image_hosts_ignored(options.mode);
    let trusting = options.mode != SyncMode::Full && state.last_sync[at].is_some() && state.held[at] == 0;
    let as_before =
        |kept: &&KeptValidator| kept.scheme == scheme && kept.policy == options.policy && recent(kept.listed_at, now);
    let kept = state.validators[at].as_ref().filter(as_before)?;
    (whole && trusting && believed(facts, now)).then_some(kept)
}

/// Whether a panel's validators are believed.
fn believed(facts: &PanelFacts, now: i64) -> bool {
    facts.validators_lied_at.is_none_or(|at| !(0..DISBELIEF).contains(&now.saturating_sub(at)))
}

/// Whether a listing came with the validator of another one. Bytes may differ without anything to it:
/// weak validators allow that.
fn has_lied(kept: &KeptValidator, finished: &Finished<'_>, scheme: DigestScheme) -> bool {
    let Finished { validator, before, after, counts, .. } = finished;
    let comparable = before.consistent && before.index.scheme() == scheme;
    comparable
        && *validator == Some(&kept.validator)
        && after.is_some_and(|after| !counts.is_quiet() || after.ids() != before.index.ids())
}

/// Whether no element has to be looked at in every listing. Of an empty one nothing is known.
fn is_settled(index: &ListingIndex) -> bool {
    !index.is_empty() && index.digests().iter().all(|digest| *digest != Digest::NEVER.0)
}

#[cfg(test)]
mod tests;
