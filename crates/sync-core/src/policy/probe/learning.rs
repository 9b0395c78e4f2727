//! Learns about probes from probes and whole lists.

use super::base::Base;
use super::canary::{Candidate, chosen};
use super::judge::Verdict;
use super::ledger::Standing;
use super::{Look, News, ProbeFacts, ProbeWay};
use crate::model::ContentKind;
use crate::run::options::PolicyChoice;

/// The number of lists in a row with all new items at the head that prove the order of a panel, if its ids don't prove
/// it.
const AT_HEAD: u32 = 3;

/// The least size of a list whose head is a small part of it, as a multiple of the head.
const HEADS: u64 = 4;

/// A question that may be asked at a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The way.
    pub way: ProbeWay,
    /// Whether the way is proved at this panel. Otherwise the answer may prove it.
    pub is_proved: bool,
}

/// A probe that was asked for at a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The verdict about the answer.
    pub verdict: Verdict,
    /// The categories that were asked for, if the way is [`ProbeWay::Canary`].
    pub categories: Vec<String>,
    /// The wire bytes of the probe.
    pub bytes: u64,
}

/// A whole list that was received.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// Our time, in unix seconds.
    pub now: i64,
    /// The watermark that comes with it.
    pub watermark: i64,
    /// The number of stored rows after it.
    pub rows: u64,
    /// The policy by which it was compared.
    pub policy: PolicyChoice,
    /// Whether the list left nothing open: it is complete, without defects, and without doubt.
    pub is_sound: bool,
    /// Its new items.
    pub news: &'a News,
    /// The purpose of the look.
    pub look: Look,
    /// The probe of the same look, if there was one.
    pub asked: Option<&'a Asked>,
}

impl ProbeFacts {
    /// Returns the questions that may be asked at a look, in their order. The next one is asked if an answer decides
    /// nothing.
    ///
    /// `has_digests` is whether elements can be recognised, and `ignores_category` whether the panel is known to ignore
    /// the category.
    pub fn questions(&self, kind: ContentKind, has_digests: bool, ignores_category: bool, now: i64) -> Vec<Question> {
        let elements = self.base.as_ref().map_or(0, |base| base.elements);
        let is_possible = |way: ProbeWay| match way {
            ProbeWay::Growth => kind != ContentKind::Series && elements > 0,
            ProbeWay::Head => has_digests && elements >= HEADS * super::HEAD as u64,
            ProbeWay::Canary => has_digests && !ignores_category,
        };
        let mut questions = Vec::new();
        for way in ProbeWay::ALL.into_iter().filter(|way| is_possible(*way)) {
            match self.way(way).standing(now) {
                Standing::Proved => {
                    questions.push(Question { way, is_proved: true });
                    // The ways after this one cost more.
                    break;
                }
                // Only lists prove the order of a list.
                Standing::Unknown if way != ProbeWay::Head => questions.push(Question { way, is_proved: false }),
                Standing::Unknown | Standing::Dropped(_) => {}
            }
        }
        questions
    }

    /// Returns the categories that may be asked for. The choice among them needs their sizes.
    pub fn candidates(&self) -> Vec<String> {
        self.categories.keys().cloned().collect()
    }

    /// Returns the categories that are asked for, given the sizes of the candidates. The result is empty if a probe of
    /// these categories would not be worth its cost.
    pub fn canaries(&self, sizes: &[u64], rows: u64) -> Vec<String> {
        let candidates: Vec<_> = self
            .categories
            .iter()
            .zip(sizes)
            .map(|((category, lists), items)| Candidate { category: category.clone(), lists: *lists, items: *items })
            .collect();
        chosen(&candidates, self.lists, rows)
    }

    /// Records the answer to a probe. `listing_bytes` is the size of the whole list.
    pub fn answered(&mut self, asked: &Asked, look: Look, listing_bytes: u64, now: i64) {
        let Question { way, is_proved } = asked.question;
        let facts = self.way_mut(way);
        match asked.verdict {
            Verdict::Ignored => facts.drop_at(now),
            Verdict::Nothing => {
                if !is_proved {
                    facts.prove();
                }
                let saved = if look == Look::Probe { listing_bytes } else { 0 };
                facts.looked(asked.bytes, saved, now);
                if let (Look::Probe, Some(base)) = (look, &mut self.base) {
                    base.quiet = base.quiet.saturating_add(1);
                }
            }
            Verdict::Change | Verdict::Unclear if is_proved => {
                let led_to = if look == Look::Probe { listing_bytes } else { 0 };
                facts.looked(asked.bytes.saturating_add(led_to), 0, now);
            }
            Verdict::Change | Verdict::Unclear => facts.unproved(now),
        }
    }

    /// Records the last element that a growth probe has shown.
    pub fn tail_seen(&mut self, tail: Option<i64>) {
        if let (Some(base), Some(tail)) = (&mut self.base, tail) {
            base.tail = Some(tail);
        }
    }

    /// Records a whole list.
    pub fn listed(&mut self, listed: &Listed<'_>) {
        let Listed { now, news, .. } = *listed;
        let before = self.base.take();
        // If there was no list before, everything is new.
        if let Some(before) = before.as_ref().filter(|_| news.has_additions()) {
            self.judge(listed, before.quiet);
            self.learn_order(news, now);
            self.note_categories(news.categories());
        }
        self.base = listed.is_sound.then(|| Base {
            listed_at: now,
            watermark: listed.watermark,
            elements: news.elements(),
            rows: listed.rows,
            policy: listed.policy,
            tail: before.filter(|it| !news.has_additions() && it.elements == news.elements()).and_then(|it| it.tail),
            quiet: 0,
        });
    }

    /// Records the panel's answer that the list is unmodified. The watermark has then moved.
    pub fn unmodified(&mut self, before: Option<i64>, watermark: i64) {
        self.base = self.base.take().filter(|base| Some(base.watermark) == before);
        if let Some(base) = &mut self.base {
            base.watermark = watermark;
        }
    }

    /// Compares the additions of a list with the verdicts of probes since the list before.
    fn judge(&mut self, listed: &Listed<'_>, quiet: u32) {
        let Some(asked) = listed.asked.filter(|asked| asked.question.is_proved) else {
            if quiet > 0
                && let Some(way) = self.in_use(listed.now)
            {
                self.way_mut(way).missed(listed.now);
            }
            return;
        };
        let facts = self.way_mut(asked.question.way);
        let is_visible = match asked.question.way {
            ProbeWay::Growth => true,
            ProbeWay::Head => listed.news.is_seen_at_head(),
            ProbeWay::Canary => asked.categories.iter().any(|category| listed.news.categories().contains(category)),
        };
        match asked.verdict {
            // The probe of the same look saw nothing.
            Verdict::Nothing if is_visible => facts.drop_at(listed.now),
            Verdict::Nothing if quiet > 0 => facts.missed(listed.now),
            Verdict::Change => facts.misses = 0,
            Verdict::Nothing | Verdict::Ignored | Verdict::Unclear => {}
        }
    }

    /// Learns from the places of new items whether the panel lists the newest first.
    fn learn_order(&mut self, news: &News, now: i64) {
        self.at_head = if news.is_all_at_head() { self.at_head.saturating_add(1).min(AT_HEAD) } else { 0 };
        let is_proved = self.at_head >= AT_HEAD || (self.at_head > 0 && news.is_falling());
        let head = self.way_mut(ProbeWay::Head);
        match head.standing(now) {
            Standing::Unknown if is_proved => head.prove(),
            // The panel has another order now.
            Standing::Proved if !news.is_seen_at_head() => head.standing = Standing::Unknown,
            Standing::Unknown | Standing::Proved | Standing::Dropped(_) => {}
        }
    }

    /// Returns the way that looks use; `None` if there is none.
    fn in_use(&self, now: i64) -> Option<ProbeWay> {
        ProbeWay::ALL.into_iter().find(|way| self.way(*way).standing(now) == Standing::Proved)
    }
}
