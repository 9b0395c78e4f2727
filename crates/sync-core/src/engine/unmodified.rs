//! Listings that are not modified: the conditions for sending a validator, the result of "not modified", and the
//! detection of panels that answer so for a changed listing.
//!
//! A panel whose validators don't follow its listings would freeze the cache. Therefore each listing is received as a
//! whole once a day. A panel that gives a changed listing the validator of the last one is no longer believed.

use std::sync::Arc;

use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};

use super::learning::{FetchStrategy, recent};
use super::state::{Answered, Begun, Compared, KindSync, Unmodified};
use super::{Engine, Run, StepError, cancellable};
use crate::detect::diff::Differ;
use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::lazy_index::LazyIndex;
use crate::facts::PanelFacts;
use crate::model::{ContentKind, Scope};
use crate::ports::source::{Baseline, Listing, ListingEvent, ListingRequest, Usage};
use crate::ports::store::{KeptValidator, StoredIndex, SyncState};
use crate::run::counts::Counts;
use crate::run::options::{SyncMode, SyncOptions};
use crate::run::report::Warning;

/// The seconds for which the validators of such a panel are not believed: thirty days.
const DISBELIEF: i64 = 30 * 86_400;

impl Engine {
    /// Asks for a listing with its validator. Returns `None` if there is none to send.
    pub(super) async fn ask_unless_same(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        categories_answered: bool,
    ) -> Result<Option<Answered>, StepError> {
        let kind = sync.kind;
        let now = self.clock.now();
        sync.validator = cancellable(run.cancel, async { Ok(self.store.validator(run.profile, kind).await?) }).await?;
        let treatment = Arc::clone(&sync.treatment);
        let kept = sync.validator.as_ref().filter(|kept| categories_answered && self.may_lend(run, sync, kept));
        let Some(kept) = kept else { return Ok(None) };
        let (lender, index) = LazyIndex::lent();
        let baseline = Baseline::Unless { validator: kept.validator.clone(), index };
        let request = ListingRequest::new(Scope::whole(kind))
            .compared_with(baseline)
            .leaving_out(treatment.left_out().clone())
            .of_size(sync.facts.listing_wire_bytes);
        let rows = kept.rows;
        run.progress.listing(kind, 0, rows, Usage::default(), Counts::default());
        let asked_at = now + run.panel_ahead;
        let asked = async { Ok(self.source.listing(request).await) };
        // The stream is fused because it is polled again after its end, once the first event is put back.
        let mut events = match cancellable(run.cancel, asked).await? {
            Ok(listing) => listing.events,
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
        .fuse();
        let first = async {
            let asked = std::pin::pin!(lender.asked());
            match select(events.next(), asked).await {
                Either::Left((event, _)) => Ok(event),
                Either::Right(((), _)) => Ok(None),
            }
        };
        Ok(Some(match cancellable(run.cancel, first).await? {
            Some(Ok(ListingEvent::Unmodified { started_at })) => {
                Answered::Unmodified(Unmodified { watermark: started_at.unwrap_or(asked_at), rows })
            }
            first => {
                let events = stream::iter(first).chain(events).boxed();
                Answered::Begun(Begun { listing: Listing { events }, lender, asked_at })
            }
        }))
    }

    /// Returns the validator that a request for a listing would be sent with.
    pub(super) async fn lent_validator(
        &self,
        run: &Run<'_>,
        sync: &KindSync,
    ) -> Result<Option<KeptValidator>, StepError> {
        let kept = self.store.validator(run.profile, sync.kind).await?;
        Ok(kept.filter(|kept| self.may_lend(run, sync, kept)))
    }

    /// Returns whether a listing may be asked for with this validator.
    fn may_lend(&self, run: &Run<'_>, sync: &KindSync, kept: &KeptValidator) -> bool {
        // A field that has to be compared or written in any case needs the listing.
        let wanted = sync.treatment.looks_again || sync.treatment.needs_all || run.account_expired;
        let (scheme, now) = (self.scheme(sync), self.clock.now());
        !wanted && is_lent(kept, &run.state, &run.facts, run.options, sync.kind, scheme, now)
    }

    /// Records the facts from a listing that is not modified.
    pub(super) fn learn_of_same(&self, run: &Run<'_>, sync: &mut KindSync, same: Unmodified) {
        tracing::info!("the panel says that the listing is the same");
        sync.answered = true;
        sync.facts.offered();
        sync.facts.whole_came();
        let policy = run.options.policy.at(run.state.last_sync[sync.kind]);
        sync.facts.fields = sync.facts.fields.unmodified(sync.kind, &policy, same.rows, self.clock.now());
    }

    /// Records that the panel gave a changed listing the validator of the last one. Only items are compared, because
    /// the bytes may differ with a weak validator.
    pub(super) fn doubt_validator(&self, sync: &mut KindSync, stored: &StoredIndex, compared: &Compared) {
        let kind = sync.kind;
        let alike = sync.validator.as_ref().is_some_and(|kept| compared.validator.as_ref() == Some(&kept.validator));
        if alike && is_another(stored, &compared.differ, self.scheme(sync)) {
            tracing::warn!("the panel gives a changed listing the validator of the one before");
            sync.warnings.push(Warning::from(format!(
                "{kind}: the panel calls a changed list unchanged (ETag, Last-Modified). For 30 days, whole lists \
                 are fetched"
            )));
            sync.validators_lied_at = Some(self.clock.now());
        }
    }
}

/// Returns whether a listing may be asked for with its validator: in an incremental run, with the scheme and policy of
/// the stored listing, within a day of it, and if no removal is held.
fn is_lent(
    kept: &KeptValidator,
    state: &SyncState,
    facts: &PanelFacts,
    options: &SyncOptions,
    kind: ContentKind,
    scheme: DigestScheme,
    now: i64,
) -> bool {
    let at = kind;
    let whole = facts.kinds[at].way(now) != FetchStrategy::ByCategory;
    let trusting = options.mode != SyncMode::Full && state.last_sync[at].is_some() && state.held[at] == 0;
    let as_before = kept.scheme == scheme && kept.policy == options.policy && recent(kept.listed_at, now);
    whole && trusting && as_before && believed(facts, now)
}

/// Returns whether the panel's validators are believed.
pub(super) fn believed(facts: &PanelFacts, now: i64) -> bool {
    facts.validators_lied_at.is_none_or(|at| !(0..DISBELIEF).contains(&now.saturating_sub(at)))
}

/// Returns whether a listing differs from the last one, as far as the two can be compared.
fn is_another(before: &StoredIndex, differ: &Differ, scheme: DigestScheme) -> bool {
    before.consistent && before.index.scheme() == scheme && !differ.is_as_known()
}

/// Returns whether every item has a digest that can be compared, so that no element has to be decoded in every listing.
/// This is unknown of an empty listing.
pub(super) fn has_all_digests(index: &ListingIndex) -> bool {
    !index.is_empty() && index.digests().iter().all(|digest| !Digest(*digest).is_never())
}

#[cfg(test)]
mod tests;
