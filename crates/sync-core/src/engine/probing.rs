//! Probes: asks whether a list has changed before the whole list is asked for, and learns from both.
//!
//! The rules are in [`crate::policy::probe`]. A probe writes nothing but facts. If it sees nothing, the kind stays as
//! it is and is no younger. If it sees a change, fails, or doesn't tell, the whole list is asked for in the same run.

use std::sync::Arc;

use super::learning::{FetchStrategy, recent};
use super::listing::CategoryMatch;
use super::state::{Compared, KindSync, Unmodified};
use super::unmodified::has_all_digests;
use super::{Engine, Run, StepError, cancellable};
use crate::detect::diff::Differ;
use crate::detect::digest::DigestScheme;
use crate::model::{CategoryId, Scope};
use crate::policy::probe::{
    Asked, Circumstances, HEAD, Listed, Look, News, PAGE, ProbeWay, Question, Verdict, is_same, look, of_category,
    of_growth, of_head,
};
use crate::ports::source::{Entry, ProbeAnswer, ProbeRequest, SourceError};
use crate::ports::store::StoredIndex;
use crate::removal::guard::Doubt;
use crate::run::options::SyncMode;
use crate::run::progress::Phase;
use crate::run::record::KindOutcome;

/// The elements of a category beyond twice its items after which a panel is taken to ignore the category.
const MORE_THAN_A_CATEGORY: usize = 200;

impl Engine {
    /// Asks a probe, if one may take the place of the whole list. Returns whether it saw nothing new, so that the list
    /// is not asked for.
    pub(super) async fn probe_first(&self, run: &Run<'_>, sync: &mut KindSync) -> Result<bool, StepError> {
        let Some((look, stored)) = self.prepare_probe(run, sync).await? else { return Ok(false) };
        sync.look = look;
        run.progress.phase(Some(sync.kind), Phase::Probe);
        let now = self.clock.now();
        let ignores = sync.facts.filter_ignored_at.is_some_and(|at| recent(at, now));
        let has_digests = has_all_digests(&stored.index);
        for question in sync.facts.probe.questions(sync.kind, has_digests, ignores, now) {
            let Some(asked) = self.ask_probe(run, sync, question, &stored).await? else { continue };
            let bytes = sync.facts.listing_wire_bytes.unwrap_or_default();
            sync.facts.probe.answered(&asked, look, bytes, now);
            let (verdict, is_proved) = (asked.verdict, question.is_proved);
            tracing::debug!(way = %question.way, ?verdict, is_proved, bytes = asked.bytes, "a probe was answered");
            sync.asked = Some(asked);
            match verdict {
                Verdict::Nothing if look == Look::Probe => {
                    // The panel has shown a part of its list.
                    sync.answered = true;
                    sync.record.mode = SyncMode::Incremental;
                    sync.record.outcome = KindOutcome::ProbedUnchanged;
                    return Ok(true);
                }
                Verdict::Nothing => return Ok(false),
                Verdict::Change if is_proved => return Ok(false),
                // Another way may tell.
                Verdict::Change | Verdict::Ignored | Verdict::Unclear => {}
            }
        }
        Ok(false)
    }

    /// Returns what the look is for and the index, if a probe may be asked.
    async fn prepare_probe(&self, run: &Run<'_>, sync: &KindSync) -> Result<Option<(Look, StoredIndex)>, StepError> {
        let (kind, now) = (sync.kind, self.clock.now());
        let Some(base) = sync.facts.probe.base.as_ref().filter(|_| run.probes) else { return Ok(None) };
        // A field that has to be compared or written in any case needs the listing.
        let wants_list = sync.treatment.looks_again || sync.treatment.needs_all;
        let is_usual = run.options.mode != SyncMode::Full && !run.account_expired && base.policy == run.options.policy;
        if wants_list || !is_usual || sync.facts.way(now) != FetchStrategy::Whole {
            return Ok(None);
        }
        let look = look(
            &sync.facts.probe,
            &Circumstances {
                now,
                next_look: run.options.next_look[kind],
                watermark: run.state.last_sync[kind],
                rows: run.state.rows[kind],
                held: run.state.held[kind],
                listing_bytes: sync.facts.listing_wire_bytes,
            },
        );
        if look == Look::Whole {
            return Ok(None);
        }
        let read = async {
            // A panel that can say that its list is unmodified knows better.
            if self.lent_validator(run, sync).await?.is_some() {
                return Ok(None);
            }
            Ok(Some(self.store.index(run.profile, kind.into()).await?))
        };
        let stored = cancellable(run.cancel, read).await?;
        let is_sound = |stored: &StoredIndex| {
            let is_known = stored.index.scheme() == self.scheme(sync) && stored.index.len() as u64 == base.rows;
            stored.applied_before && stored.consistent && is_known
        };
        Ok(stored.filter(is_sound).map(|stored| (look, stored)))
    }

    /// Asks a question. Returns `None` if there is nothing to ask for.
    async fn ask_probe(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        question: Question,
        stored: &StoredIndex,
    ) -> Result<Option<Asked>, StepError> {
        let before = self.source.usage();
        let mut categories = Vec::new();
        let verdict = match question.way {
            ProbeWay::Growth => self.probe_growth(run, sync, question, stored).await,
            ProbeWay::Head => self.probe_head(run, sync, stored).await,
            ProbeWay::Canary => {
                let sizes = self.canaries(run, sync).await?;
                if sizes.is_empty() {
                    return Ok(None);
                }
                categories = sizes.iter().map(|(category, _)| category.clone()).collect();
                self.probe_categories(run, sync, question, stored, &sizes).await
            }
        };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(StepError::Source(SourceError::Unsupported)) => return Ok(None),
            // Panels ban addresses that ask again with refused credentials.
            Err(StepError::Source(error @ SourceError::Refused { .. })) => return Err(error.into()),
            Err(StepError::Source(error)) => {
                tracing::info!(way = %question.way, code = error.code().as_str(), "a probe failed");
                Verdict::Unclear
            }
            Err(stop) => return Err(stop),
        };
        let used = self.source.usage().since(before);
        let bytes = used.wire_bytes.unwrap_or(used.bytes);
        Ok(Some(Asked { question, verdict, categories, bytes }))
    }

    async fn probe(&self, run: &Run<'_>, request: ProbeRequest) -> Result<ProbeAnswer, StepError> {
        cancellable(run.cancel, async { Ok(self.source.probe(request).await?) }).await
    }

    /// Asks for the list from its last element on. A way that isn't proved yet is proved by a second question: behind
    /// the last element there must be nothing.
    async fn probe_growth(
        &self,
        run: &Run<'_>,
        sync: &mut KindSync,
        question: Question,
        stored: &StoredIndex,
    ) -> Result<Verdict, StepError> {
        let Some(base) = sync.facts.probe.base.clone() else { return Ok(Verdict::Unclear) };
        let behind = |offset| ProbeRequest::new(Scope::whole(sync.kind), PAGE).behind(offset);
        let answer = self.probe(run, behind(base.elements.saturating_sub(1))).await?;
        let found = of_growth(&answer, &base, &stored.index, question.is_proved);
        if found.verdict == Verdict::Nothing {
            if !question.is_proved {
                let beyond = self.probe(run, behind(base.elements)).await?;
                if beyond.end.is_none() || !beyond.entries.is_empty() {
                    return Ok(Verdict::Ignored);
                }
            }
            sync.facts.probe.tail_seen(found.tail);
        }
        Ok(found.verdict)
    }

    /// Asks for the first elements of the list, and compares them.
    async fn probe_head(&self, run: &Run<'_>, sync: &KindSync, stored: &StoredIndex) -> Result<Verdict, StepError> {
        let request = ProbeRequest::new(Scope::whole(sync.kind), HEAD);
        let request = request.compared_with(Arc::clone(&stored.index), sync.treatment.left_out().clone());
        let mut answer = self.probe(run, request).await?;
        self.recognise(run, sync, stored, &mut answer.entries);
        Ok(of_head(&answer))
    }

    /// Returns the categories to ask for, and the numbers of their items.
    async fn canaries(&self, run: &Run<'_>, sync: &KindSync) -> Result<Vec<(String, u64)>, StepError> {
        let names = sync.facts.probe.candidates();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let ids = names.iter().cloned().map(CategoryId).collect();
        let sizes = async { Ok(self.store.category_sizes(run.profile, sync.kind, ids).await?) };
        let sizes = cancellable(run.cancel, sizes).await?;
        let chosen = sync.facts.probe.canaries(&sizes, run.state.rows[sync.kind]);
        let size = |name: &String| names.iter().position(|known| known == name).map_or(0, |at| sizes[at]);
        Ok(chosen.into_iter().map(|name| (name.clone(), size(&name))).collect())
    }

    /// Asks for categories, one after the other, until one has changed. A way that isn't proved is proved by the first
    /// one: all its items have to belong to it.
    async fn probe_categories(
        &self,
        run: &Run<'_>,
        sync: &KindSync,
        question: Question,
        stored: &StoredIndex,
        sizes: &[(String, u64)],
    ) -> Result<Verdict, StepError> {
        for (number, (category, items)) in sizes.iter().enumerate() {
            let category = CategoryId(category.clone());
            let most = usize::try_from(*items).unwrap_or(usize::MAX);
            let most = most.saturating_mul(2).saturating_add(MORE_THAN_A_CATEGORY);
            let scope = Scope { kind: sync.kind, within: Some(category.clone()) };
            let mut request = ProbeRequest::new(scope, most);
            // An element that isn't decoded doesn't show its category.
            let proves = number == 0 && !question.is_proved;
            if proves {
                request.left_out = sync.treatment.left_out().clone();
            } else {
                request = request.compared_with(Arc::clone(&stored.index), sync.treatment.left_out().clone());
            }
            let mut answer = self.probe(run, request).await?;
            if proves {
                let mut belonging = CategoryMatch::default();
                belonging.count(&answer.entries, &category);
                if belonging.own == 0 || belonging.foreign > 0 {
                    let is_other = belonging.foreign > 0 || answer.end.is_none();
                    return Ok(if is_other { Verdict::Ignored } else { Verdict::Unclear });
                }
            }
            self.recognise(run, sync, stored, &mut answer.entries);
            match of_category(&answer, *items) {
                Verdict::Nothing => {}
                verdict => return Ok(verdict),
            }
        }
        Ok(Verdict::Nothing)
    }

    /// Recognises elements that are as before, if the source hasn't.
    fn recognise(&self, run: &Run<'_>, sync: &KindSync, stored: &StoredIndex, entries: &mut [Entry]) {
        let index = &stored.index;
        if self.source.digest_scheme() == DigestScheme::FIELDS {
            let policy = run.options.policy.at(run.state.last_sync[sync.kind]);
            let differ = Differ::new(sync.kind, Arc::clone(index), DigestScheme::FIELDS, policy, true);
            differ.treating(Arc::clone(&sync.treatment)).prepare(entries);
        }
        for entry in entries.iter_mut().filter(|entry| is_same(entry, index)) {
            *entry = Entry::Same(entry.id());
        }
    }

    /// Returns what the new items of a listing are noted in, if anybody needs it.
    pub(super) fn news(run: &Run<'_>, sync: &KindSync) -> Option<News> {
        let is_needed = run.options.probe || sync.facts.probe.base.is_some();
        (is_needed && run.grant.is_some()).then(News::default)
    }

    /// Records what a whole list teaches about probes.
    pub(super) fn learn_of_probes(run: &Run<'_>, sync: &mut KindSync, compared: &Compared, doubt: Option<Doubt>) {
        let Some(news) = &compared.news else { return };
        let Compared { differ, end, asked_at, by_category, .. } = compared;
        let flawless = doubt.is_none() && end.unreadable == 0 && !end.trailing_bytes;
        sync.facts.probe.listed(&Listed {
            now: sync.began_at,
            watermark: end.started_at.unwrap_or(*asked_at),
            rows: differ.listed() as u64,
            policy: run.options.policy,
            is_sound: flawless && by_category.is_none(),
            news,
            look: sync.look,
            asked: sync.asked.as_ref(),
        });
    }

    /// Records that the panel says that its list is unmodified.
    pub(super) fn probes_after_same(run: &Run<'_>, sync: &mut KindSync, same: Unmodified) {
        sync.facts.probe.unmodified(run.state.last_sync[sync.kind], same.watermark);
    }
}
