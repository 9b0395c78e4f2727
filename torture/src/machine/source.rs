//! The source that reads a simulated panel. It keeps its contract, and waits at the desk before every answer.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{StreamExt, unfold};
use sync_core::source::{
    AnswerFault, Baseline, Completeness, Entry, Learnt, Listing, ListingEvent, ListingRequest, ProbeAnswer,
    ProbeRequest, Usage,
};
use sync_core::{
    Account, Category, ContentId, ContentKind, ContentSource, DigestScheme, LeftOut, ListingIndex, Login, SourceError,
};

use super::desk::{Call, Side, Verdict};
use super::panel::{Element, Panel, Question, Sent};
use super::run::{Answer, Run};
use crate::campaign::Violation;
use crate::elements::fill;
use crate::trace::raw_digest_but;

/// Returns the error for the number of a fault.
pub(crate) fn fault(number: u8) -> SourceError {
    let message = || "as the schedule wants it".to_owned();
    match number % 7 {
        0 => SourceError::Unreachable { message: message(), attempts: 4, overloaded: false },
        1 => SourceError::Unreachable { message: message(), attempts: 4, overloaded: true },
        2 => SourceError::Refused { message: message() },
        3 => SourceError::Unusable { fault: AnswerFault::Html, message: message() },
        4 => SourceError::Unusable { fault: AnswerFault::Truncated, message: message() },
        5 => SourceError::Unusable { fault: AnswerFault::AccountObject, message: message() },
        _ => SourceError::internal(message()),
    }
}

/// The source that reads the panel of a run's profile.
pub(crate) struct PanelSource(pub(crate) Arc<Run>);

impl PanelSource {
    async fn pass(&self, call: Call, side: Side) -> Result<(), SourceError> {
        match self.0.desk.pass(call, side).await {
            Verdict::Fail(number) => Err(fault(number)),
            _ => Ok(()),
        }
    }

    /// Asks the panel, with the time by its clock.
    fn panel<T>(&self, ask: impl FnOnce(&Panel, i64, u64) -> T) -> T {
        let mut world = self.0.world.inner();
        world.visits += 1;
        let (now, visits) = (world.now + world.ahead, world.visits);
        ask(world.panel(self.0.site), now, visits)
    }
}

#[async_trait]
impl ContentSource for PanelSource {
    fn digest_scheme(&self) -> DigestScheme {
        self.0.world.inner().panel(self.0.site).scheme
    }

    fn login(&self) -> Login {
        self.0.world.inner().sites[self.0.site].login.clone()
    }

    fn usage(&self) -> Usage {
        let visits = self.0.world.inner().visits;
        Usage { requests: visits, bytes: visits * 10, wire_bytes: Some(visits * 3), ..Usage::default() }
    }

    fn learnt(&self) -> Learnt {
        Learnt::default()
    }

    async fn account(&self) -> Result<Account, SourceError> {
        self.pass(Call::Account, Side::Before).await?;
        let account = self.panel(|panel, now, _| panel.account(now))?;
        self.0.notes().account = Some(account.clone());
        self.pass(Call::Account, Side::After).await?;
        Ok(account)
    }

    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        self.pass(Call::PanelCategories, Side::Before).await?;
        let categories = self.panel(|panel, _, _| panel.categories(kind))?;
        self.pass(Call::PanelCategories, Side::After).await?;
        self.0.heard(kind, |heard| heard.categories = Some(categories.clone()));
        Ok(categories)
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        let (kind, within) = (request.scope.kind, request.scope.within.clone());
        self.0.heard(kind, |heard| match within.clone() {
            None => (heard.whole, heard.within) = (Answer::default(), Vec::new()),
            Some(category) => heard.within.push((category, Answer::default())),
        });
        self.pass(Call::Listing, Side::Before).await?;
        let validator = request.baseline.validator();
        let mut sent = self.panel(|panel, now, visit| {
            panel.listing(Question { kind, within: within.as_ref(), unless: validator, now, visit })
        });
        if self.panel(|panel, _, _| panel.holds_logins) {
            let login = self.login();
            let batches =
                sent.iter_mut().filter_map(|sent| if let Ok(Sent::Batch(all)) = sent { Some(all) } else { None });
            for element in batches.flatten() {
                if let Element::Sound(element) = element {
                    fill(&mut element.item, &login);
                }
            }
        }
        self.pass(Call::Listing, Side::After).await?;
        let feed = Feed {
            run: Arc::clone(&self.0),
            kind,
            is_part: within.is_some(),
            sent: sent.into(),
            known: None,
            baseline: request.baseline,
            scheme: self.digest_scheme(),
            left_out: request.left_out.clone(),
            met: BTreeSet::new(),
        };
        Ok(Listing { events: unfold(feed, |mut feed| async { feed.next().await.map(|event| (event, feed)) }).boxed() })
    }

    async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
        let kind = request.scope.kind;
        if !self.0.options.probe || self.0.options.dry_run {
            self.0.world.broke(Violation::new(format!("{kind}: a run that may not probe has probed")));
        }
        self.0.heard(kind, |heard| heard.probed = true);
        self.0.world.count("probe", kind.as_str());
        self.pass(Call::Listing, Side::Before).await?;
        let mut sent = self.panel(|panel, _, _| panel.part(kind, request.offset, request.most))?;
        let login = self.login();
        sent.iter_mut().for_each(|element| fill(&mut element.item, &login));
        self.pass(Call::Listing, Side::After).await?;
        let is_cut = sent.len() > request.most;
        let entries = sent.into_iter().map(|element| Entry::Item(Box::new(element), None)).collect();
        Ok(ProbeAnswer { entries, end: (!is_cut).then(Completeness::default) })
    }
}

/// A listing on its way.
struct Feed {
    run: Arc<Run>,
    kind: ContentKind,
    is_part: bool,
    sent: VecDeque<Result<Sent, SourceError>>,
    known: Option<Arc<ListingIndex>>,
    /// The index is taken from here once the panel has begun to answer with a listing.
    baseline: Baseline,
    scheme: DigestScheme,
    left_out: LeftOut,
    met: BTreeSet<ContentId>,
}

impl Feed {
    async fn next(&mut self) -> Option<Result<ListingEvent, SourceError>> {
        let next = self.sent.pop_front()?;
        if let Verdict::Fail(number) = self.run.desk.pass(Call::Event, Side::Before).await {
            self.sent.clear();
            return Some(Err(fault(number)));
        }
        let sent = match next {
            Ok(sent) => sent,
            Err(error) => {
                self.sent.clear();
                return Some(Err(error));
            }
        };
        if !matches!(sent, Sent::Unmodified(_)) && self.known.is_none() {
            self.known = std::mem::take(&mut self.baseline).index().await;
        }
        Some(Ok(match sent {
            Sent::Version(version) => {
                self.heard(|answer| answer.version = Some(version.clone()));
                ListingEvent::Version(version)
            }
            Sent::Unmodified(started_at) => {
                self.heard(|answer| answer.unmodified = Some(started_at));
                ListingEvent::Unmodified { started_at }
            }
            Sent::Batch(elements) => {
                let entries = elements.iter().map(|element| self.entry(element)).collect();
                self.heard(|answer| answer.take(elements));
                ListingEvent::Batch(entries)
            }
            Sent::Restarted => {
                self.met.clear();
                self.heard(|answer| *answer = Answer::default());
                ListingEvent::Restarted
            }
            Sent::Complete(end) => {
                self.sighted(end.unreadable_digest, false);
                self.sighted(end.trailing_digest, true);
                self.heard(|answer| answer.end = Some(end));
                ListingEvent::Complete(end)
            }
        }))
    }

    fn heard(&self, note: impl FnOnce(&mut Answer)) {
        self.run.heard(self.kind, |heard| {
            let part = heard.within.last_mut().filter(|_| self.is_part).map(|(_, answer)| answer);
            note(part.unwrap_or(&mut heard.whole));
        });
    }

    fn sighted(&self, digest: Option<u64>, follows: bool) {
        if let Some(digest) = digest {
            let mut world = self.run.world.inner();
            *world.sites[self.run.site].sighted[self.kind].entry((follows, digest)).or_default() += 1;
        }
    }

    /// Returns an element as a source that keeps its contract sends it.
    fn entry(&mut self, element: &Element) -> Entry {
        let element = match element {
            Element::Sound(element) => element,
            Element::Broken(id) => return Entry::Broken(*id),
        };
        let item = |digest| Entry::Item(element.clone(), digest);
        if self.scheme == DigestScheme::FIELDS {
            return item(None);
        }
        let (id, digest) = (element.item.id(), raw_digest_but(element, &self.left_out));
        let first = self.met.insert(id);
        let scheme = self.scheme.leaving_out(self.kind, &self.left_out);
        let known = self.known.as_ref().filter(|known| first && known.scheme() == scheme);
        let same =
            known.is_some_and(|known| known.position(id, 0).is_some_and(|at| known.digest_at(at).same_as(digest)));
        if same { Entry::Same(id) } else { item(Some(digest)) }
    }
}
