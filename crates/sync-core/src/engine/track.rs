//! Keeps the progress of a run: one number that never falls, and what it is made of.

use crate::counts::Counts;
use crate::model::{ContentKind, ProfileId};
use crate::progress::{Observer, Phase, Progress};

/// Of a kind's share: categories, then the listing, then the apply.
const LISTING_FROM: u64 = 5;
const APPLYING_FROM: u64 = 85;

pub(super) struct Track<'a> {
    profile: &'a ProfileId,
    observer: &'a dyn Observer,
    kinds: Vec<ContentKind>,
    percent: u8,
}

impl<'a> Track<'a> {
    pub(super) fn new(profile: &'a ProfileId, observer: &'a dyn Observer, asked: &[ContentKind]) -> Self {
        let kinds = ContentKind::ALL.into_iter().filter(|kind| asked.contains(kind)).collect();
        Self { profile, observer, kinds, percent: 0 }
    }

    pub(super) fn phase(&mut self, kind: Option<ContentKind>, phase: Phase) {
        self.tell(kind, phase, 0, 0, 0, Counts::default());
    }

    pub(super) fn listing(&mut self, kind: ContentKind, seen: u64, expected: u64, bytes: u64, counts: Counts) {
        self.tell(Some(kind), Phase::Listing, seen, expected, bytes, counts);
    }

    pub(super) fn applying(&mut self, kind: ContentKind, counts: Counts) {
        self.tell(Some(kind), Phase::Applying, counts.listed(), 0, 0, counts);
    }

    pub(super) fn kind_done(&mut self, kind: ContentKind, counts: Counts) {
        self.tell(Some(kind), Phase::KindDone, counts.listed(), 0, 0, counts);
    }

    fn tell(&mut self, kind: Option<ContentKind>, phase: Phase, seen: u64, expected: u64, bytes: u64, counts: Counts) {
        let share = match phase {
            Phase::Account | Phase::Categories => 0,
            // Without an earlier sync nobody knows how much is to come.
            Phase::Listing if expected == 0 => LISTING_FROM,
            Phase::Listing => LISTING_FROM + (APPLYING_FROM - LISTING_FROM) * seen.min(expected) / expected,
            Phase::Applying => APPLYING_FROM,
            Phase::KindDone => 100,
        };
        let total = self.kinds.len().max(1) as u64;
        let before = kind.and_then(|kind| self.kinds.iter().position(|it| *it == kind)).unwrap_or(0) as u64;
        let percent = u8::try_from((before * 100 + share) / total).unwrap_or(100);
        self.percent = self.percent.max(percent);
        self.observer.progress(Progress {
            profile: self.profile.clone(),
            kind,
            phase,
            seen,
            expected,
            bytes,
            counts,
            percent: self.percent,
        });
    }
}
