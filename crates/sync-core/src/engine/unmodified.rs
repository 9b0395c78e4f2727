//! Listings that the panel says are still the same: when it is asked so, what follows from a yes, and
//! how a panel is found out that says so of others.
//!
//! A panel whose validators don't follow its listings would freeze the cache. So each listing is
//! received as a whole once a day all the same, and a panel that gives a changed one the validator of
//! the one before isn't believed any more.

use std::sync::Arc;

use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};

use super::learning::{Way, recent};
use super::state::{Answered, Begun, Compared, Unmodified, Visit};
use super::{Engine, Run, Stop, guard};
use crate::detect::diff::Differ;
use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::lazy_index::LazyIndex;
use crate::facts::PanelFacts;
use crate::model::{ContentKind, Scope};
use crate::ports::source::{Baseline, Listing, ListingEvent, ListingRequest};
use crate::ports::store::{KeptValidator, StoredIndex, SyncState};
use crate::run::counts::Counts;
use crate::run::options::{SyncMode, SyncOptions};
use crate::run::report::Warning;

/// So many seconds a panel isn't believed that was found out: thirty days.
const DISBELIEF: i64 = 30 * 86_400;

impl Engine {
    /// Asks for a listing unless it is still the same, where that can be asked; `None` where it can't.
    pub(super) async fn ask_unless_same(
        &self,
        run: &Run<'_>,
        visit: &mut Visit,
        categories_answered: bool,
    ) -> Result<Option<Answered>, Stop> {
        let kind = visit.kind;
        visit.validator = guard(run.cancel, async { Ok(self.store.validator(run.profile, kind).await?) }).await?;
        let (scheme, now) = (self.scheme(visit), self.clock.now());
        let treatment = Arc::clone(&visit.treatment);
        // What is to be written in any case needs the listing.
        let wanted = treatment.looks_again || treatment.needs_all;
        let may_lend =
            |kept: &&KeptValidator| !wanted && is_lent(kept, &run.state, &run.facts, run.options, kind, scheme, now);
        let kept = visit.validator.as_ref().filter(|_| categories_answered && !run.account_expired).filter(may_lend);
        let Some(kept) = kept else { return Ok(None) };
        let (lender, index) = LazyIndex::lent();
        let baseline = Baseline::Unless { validator: kept.validator.clone(), index };
        let request =
            ListingRequest::of(Scope::whole(kind)).compared_with(baseline).leaving_out(treatment.left_out().clone());
        let rows = kept.rows;
        run.track.listing(kind, 0, rows, 0, Counts::default());
        let asked_at = now + run.panel_ahead;
        let asked = async { Ok(self.source.listing(request).await) };
        // What has ended is asked once more where the first event is put back, which not every stream bears.
        let mut events = match guard(run.cancel, asked).await? {
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

    /// Takes in what it says of the panel and the kind that a listing is as it was.
    pub(super) fn learn_of_same(&self, run: &Run<'_>, visit: &mut Visit, same: Unmodified) {
        tracing::info!("the panel says that the listing is the same");
        visit.answered = true;
        visit.facts.offered();
        visit.facts.whole_came();
        let policy = run.options.policy.at(run.state.last_sync[visit.kind]);
        visit.facts.fields = visit.facts.fields.unmodified(visit.kind, &policy, same.rows, self.clock.now());
    }

    /// Learns of a panel that gives a changed listing the validator of the one before. Bytes may differ
    /// without anything to it: weak validators allow that.
    pub(super) fn doubt_validator(&self, visit: &mut Visit, stored: &StoredIndex, compared: &Compared) {
        let kind = visit.kind;
        let alike = visit.validator.as_ref().is_some_and(|kept| compared.validator.as_ref() == Some(&kept.validator));
        if alike && is_another(stored, &compared.differ, self.scheme(visit)) {
            tracing::warn!("the panel gives a changed listing the validator of the one before");
            visit.warnings.push(Warning::from(format!(
                "{kind}: the panel calls a changed list unchanged (ETag, Last-Modified): it isn't asked so for 30 days"
            )));
            visit.validators_lied_at = Some(self.clock.now());
        }
    }
}

/// Whether a listing may be asked for with its validator: in an incremental run, under what it was
/// received under, for a day, and where nothing waits to be looked at again.
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
    let whole = facts.kinds[at].way(now) != Way::ByCategory;
    let trusting = options.mode != SyncMode::Full && state.last_sync[at].is_some() && state.held[at] == 0;
    let as_before = kept.scheme == scheme && kept.policy == options.policy && recent(kept.listed_at, now);
    whole && trusting && as_before && believed(facts, now)
}

/// Whether a panel's validators are believed.
pub(super) fn believed(facts: &PanelFacts, now: i64) -> bool {
    facts.validators_lied_at.is_none_or(|at| !(0..DISBELIEF).contains(&now.saturating_sub(at)))
}

/// Whether a listing is another one than the one before, as far as the two can be compared.
fn is_another(before: &StoredIndex, differ: &Differ, scheme: DigestScheme) -> bool {
    before.consistent && before.index.scheme() == scheme && !differ.is_as_known()
}

/// Whether no element has to be looked at in every listing. Of an empty one nothing is known.
pub(super) fn is_settled(index: &ListingIndex) -> bool {
    !index.is_empty() && index.digests().iter().all(|digest| !Digest(*digest).is_never())
}

#[cfg(test)]
mod tests;
