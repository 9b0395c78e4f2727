//! The progress of a run: one number that never falls, and the shares of the kinds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{ContentKind, PerKind, ProfileId};
use crate::ports::source::{Usage, Wait, WaitObserver};
use crate::run::counts::Counts;
use crate::run::progress::{Observer, Phase, Progress};

/// The parts of a kind's share in per cent: categories, then the listing, then the apply.
const LISTING_FROM: u64 = 5;
const APPLYING_FROM: u64 = 85;

pub(super) struct ProgressMeter {
    profile: ProfileId,
    observer: Arc<dyn Observer>,
    /// The number of kinds that were asked for.
    kinds: u64,
    so_far: Mutex<SoFar>,
}

/// The progress so far.
#[derive(Default)]
struct SoFar {
    /// The share per kind, in per cent. Two of them may rise at once.
    shares: PerKind<u64>,
    /// The share of the whole run, in per cent. It doesn't fall if a listing starts again.
    percent: u8,
    /// The last report about what the source is asked for. The source is asked for one thing at a time.
    asking: Option<Progress>,
}

impl ProgressMeter {
    pub(super) fn new(profile: &ProfileId, observer: &Arc<dyn Observer>, asked: &[ContentKind]) -> Self {
        let kinds = ContentKind::ALL.iter().filter(|kind| asked.contains(kind)).count() as u64;
        Self { profile: profile.clone(), observer: Arc::clone(observer), kinds, so_far: Mutex::default() }
    }

    pub(super) fn phase(&self, kind: Option<ContentKind>, phase: Phase) {
        self.tell(kind, phase, 0, 0, Usage::default(), Counts::default());
    }

    pub(super) fn listing(&self, kind: ContentKind, seen: u64, expected: u64, used: Usage, counts: Counts) {
        self.tell(Some(kind), Phase::Listing, seen, expected, used, counts);
    }

    pub(super) fn applying(&self, kind: ContentKind, counts: Counts) {
        self.tell(Some(kind), Phase::Applying, counts.listed(), 0, Usage::default(), counts);
    }

    pub(super) fn kind_done(&self, kind: ContentKind, counts: Counts) {
        self.tell(Some(kind), Phase::KindDone, counts.listed(), 0, Usage::default(), counts);
    }

    fn tell(&self, kind: Option<ContentKind>, phase: Phase, seen: u64, expected: u64, used: Usage, counts: Counts) {
        let Usage { bytes, wire_bytes, .. } = used;
        let begun = Progress::new(self.profile.clone(), kind, phase);
        let mut progress = Progress { seen, expected, bytes, wire_bytes, counts, ..begun };
        {
            let mut so_far = self.so_far();
            progress.percent = so_far.percent(kind, share(phase, seen, expected), self.kinds);
            if matches!(phase, Phase::Account | Phase::Probe | Phase::Categories | Phase::Listing) {
                so_far.asking = Some(progress.clone());
            }
        }
        self.observer.progress(progress);
    }

    fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WaitObserver for ProgressMeter {
    fn waits(&self, wait: Wait) {
        let told = {
            let so_far = self.so_far();
            so_far.asking.clone().map(|asking| Progress { percent: so_far.percent, wait: Some(wait), ..asking })
        };
        if let Some(progress) = told {
            self.observer.progress(progress);
        }
    }
}

impl SoFar {
    /// Sets the share of a kind, and returns that of the run.
    fn percent(&mut self, kind: Option<ContentKind>, share: u64, kinds: u64) -> u8 {
        if let Some(kind) = kind {
            self.shares[kind] = share;
        }
        let percent = self.shares.values().sum::<u64>() / kinds.max(1);
        self.percent = self.percent.max(u8::try_from(percent).unwrap_or(100));
        self.percent
    }
}

/// Returns the share of a kind that is done, in per cent.
fn share(phase: Phase, seen: u64, expected: u64) -> u64 {
    match phase {
        Phase::Account | Phase::Probe | Phase::Categories => 0,
        // Without an earlier sync the number of items is unknown.
        Phase::Listing if expected == 0 => LISTING_FROM,
        Phase::Listing => LISTING_FROM + (APPLYING_FROM - LISTING_FROM) * seen.min(expected) / expected,
        Phase::Applying => APPLYING_FROM,
        Phase::KindDone => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_goes_on_by_what_was_seen() {
        let listing = |seen, expected| share(Phase::Listing, seen, expected);
        assert_eq!([listing(0, 200), listing(9, 0)], [LISTING_FROM; 2]);
        assert_eq!(listing(100, 200), LISTING_FROM.midpoint(APPLYING_FROM));
        assert_eq!([listing(200, 200), listing(900, 200), share(Phase::Applying, 0, 0)], [APPLYING_FROM; 3]);
        assert_eq!((share(Phase::Categories, 5, 9), share(Phase::KindDone, 0, 0)), (0, 100));
    }
}
