//! Stores that break one promise each. The machine has to notice every one of them.

mod snapshot;
mod staging;
mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex};

use sync_core::testing::MemoryStore;
use sync_core::{
    ContentHash, ContentId, ContentKind, ContentStore, GuardThresholds, Item, PerKind, ProfileId, StoreError,
    SyncOptions,
};

use super::backend::{Backend, Death, Memory, TestedStore};
use super::run;
use crate::campaign::{Violation, caught};
use crate::dice::Dice;

type Kept<T> = Result<T, StoreError>;

/// The flaw of a store, or of the options of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    ForgetsARow,
    MovesTheWatermarkEarly,
    WritesAHalf,
    HitsAnotherKind,
    HitsAnotherProfile,
    LeasesTwice,
    IgnoresCancellation,
    IgnoresFences,
    LogsNothing,
    ForgetsWhatIsHeld,
    ForgetsToDelete,
    ForgetsCategories,
    ChangesWhatIsSame,
    ForgetsTheEnd,
    TellsNothingAnew,
    /// A flaw of the engine: it removes every missing item.
    GuardsNothing,
    /// It forgets the unreadable elements of a listing.
    ReleasesAtOnce,
    LogsNoBefore,
    LogsTheValueOfAnother,
    PrunesWithinARun,
    KeepsTheEpoch,
    UndoLeavesWhatWasAdded,
    UndoForgetsTheWatermark,
    UndoRestoresAPart,
    UndoForgetsTheHold,
    RefusesAndWrites,
    FindsItemsAsTheyWere,
    FindsWhatIsGone,
    /// A flaw of the engine: it takes probes for lists, however old the last list is.
    ProbesForEver,
    LosesEditsOfWhatIsGone,
    LetsThePanelWin,
    LeavesEditsBehind,
    KeepsHiddenItems,
    /// It applies a change set without proof that the set fits.
    SkipsTheProof,
    ExportMissesARow,
    UndoForgetsTheHash,
}

#[derive(Default)]
struct Marks {
    early: AtomicBool,
    fence: AtomicU64,
    run: AtomicI64,
    profiles: Mutex<Vec<ProfileId>>,
    /// The first epoch of each profile.
    epochs: Mutex<BTreeMap<ProfileId, i64>>,
    /// The sequence up to which the log of each profile is cut.
    cuts: Mutex<BTreeMap<ProfileId, i64>>,
    /// The state before the latest undo, until something else is written.
    undone: Mutex<Option<Undone>>,
    /// The ids from which and to which edits have moved.
    moved: Mutex<Vec<(ContentKind, ContentId, ContentId)>>,
    /// The content hash after the latest change set of each profile and kind.
    led: Mutex<BTreeMap<(ProfileId, usize), ContentHash>>,
    /// Whether the latest call begins an export, or an apply of a set.
    completed: AtomicBool,
    /// The content hashes before the latest undo.
    hashes: Mutex<PerKind<Option<ContentHash>>>,
    /// Every item that ever existed, by profile, kind and id.
    found: Mutex<BTreeMap<(ProfileId, usize, i64), Item>>,
}

/// A profile before an undo.
#[derive(Clone)]
struct Undone {
    profile: ProfileId,
    rows: PerKind<Vec<Item>>,
    last_sync: PerKind<Option<i64>>,
}

#[derive(Clone)]
struct Broken {
    inner: MemoryStore,
    flaw: Flaw,
    marks: Arc<Marks>,
}

impl Broken {
    fn new(flaw: Flaw) -> Self {
        Self { inner: MemoryStore::new(), flaw, marks: Arc::default() }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// Returns the state before the latest undo of a profile, if the store has this flaw.
    fn undone(&self, flaw: Flaw, profile: &ProfileId) -> Option<Undone> {
        self.marks.undone.lock().unwrap().clone().filter(|undone| self.is(flaw) && undone.profile == *profile)
    }

    fn forget_undone(&self) {
        *self.marks.undone.lock().unwrap() = None;
    }

    /// Deletes one row of a kind, if there is one.
    async fn delete_one(&self, profile: &ProfileId, kind: ContentKind) {
        if let Some(item) = self.inner.items(profile, kind).first() {
            let _ = self.inner.delete_content_by_ids(profile, kind, vec![item.id()]).await;
        }
    }
}

impl Backend for Broken {
    fn open(&self) -> Kept<Arc<dyn TestedStore>> {
        Ok(Arc::new(self.clone()))
    }

    fn another(&self) -> Arc<dyn Backend> {
        Arc::new(Self::new(self.flaw))
    }

    fn death(&self) -> Arc<dyn Death> {
        Memory::of(&self.inner).death()
    }

    fn told(&self, mut options: SyncOptions) -> SyncOptions {
        match self.flaw {
            Flaw::GuardsNothing => {
                options.guard = GuardThresholds { share_percent: 255, floor_rows: u64::MAX, category_rows: 0 };
            }
            Flaw::ProbesForEver => options.next_look = PerKind::from_fn(|_| Some(i64::MIN)),
            Flaw::ReleasesAtOnce => (options.retention.release_listings, options.retention.release_days) = (0, 0),
            _ => {}
        }
        options
    }
}

/// Returns the violations among this number of seeds.
fn violations(flaw: Flaw, seeds: u64) -> impl Iterator<Item = Violation> {
    (1..=seeds).filter_map(move |seed| {
        let mut dice = Dice::new(seed);
        let (world, steps) = (dice.salt(), super::draw::schedule(&mut dice));
        caught(|| run(Arc::new(Broken::new(flaw)), world, &steps)).err()
    })
}

#[test]
fn a_store_without_a_flaw_passes() {
    assert_eq!(violations(Flaw::None, 40).next(), None);
}

/// Checks that every flaw is found, and reported by the promise that it breaks.
#[test]
fn every_flaw_is_found() {
    let flaws = [
        (Flaw::ForgetsARow, "(I1)"),
        (Flaw::MovesTheWatermarkEarly, "the watermark moved"),
        (Flaw::WritesAHalf, "(I2)"),
        (Flaw::HitsAnotherKind, "(I4)"),
        (Flaw::HitsAnotherProfile, "nobody wrote"),
        (Flaw::LeasesTwice, "(I9)"),
        (Flaw::IgnoresCancellation, "after the cancellation"),
        (Flaw::IgnoresFences, "(I9)"),
        (Flaw::LogsNothing, "logged"),
        (Flaw::ForgetsWhatIsHeld, "neither gone nor held"),
        (Flaw::ForgetsToDelete, "user deleted"),
        (Flaw::ForgetsCategories, "categories are"),
        (Flaw::ChangesWhatIsSame, "(I1)"),
        (Flaw::ForgetsTheEnd, "recorded as"),
        (Flaw::TellsNothingAnew, "after the end of a run held as"),
        (Flaw::GuardsNothing, "(I5)"),
        (Flaw::ReleasesAtOnce, "(I5)"),
        (Flaw::LogsNoBefore, "(I19)"),
        (Flaw::LogsTheValueOfAnother, "(I19)"),
        (Flaw::PrunesWithinARun, "(I19)"),
        (Flaw::KeepsTheEpoch, "(I19)"),
        (Flaw::UndoLeavesWhatWasAdded, "(I20)"),
        (Flaw::UndoForgetsTheWatermark, "the watermark is"),
        (Flaw::UndoRestoresAPart, "(I20)"),
        (Flaw::UndoForgetsTheHold, "is back and held as"),
        (Flaw::RefusesAndWrites, "(I20)"),
        (Flaw::FindsItemsAsTheyWere, "(I24)"),
        (Flaw::FindsWhatIsGone, "(I24)"),
        (Flaw::ProbesForEver, "no list within a day"),
        (Flaw::LosesEditsOfWhatIsGone, "(I8)"),
        (Flaw::LetsThePanelWin, "(I8)"),
        (Flaw::LeavesEditsBehind, "did not follow its item"),
        (Flaw::KeepsHiddenItems, "(I24)"),
        (Flaw::SkipsTheProof, "(I21)"),
        (Flaw::ExportMissesARow, "(I21)"),
        (Flaw::UndoForgetsTheHash, "(I21)"),
    ];
    for (flaw, told) in flaws {
        // A flaw may break several promises. The first schedules may report another one than expected.
        let mut others = Vec::new();
        let found = violations(flaw, 2000).take(20).any(|Violation(words)| {
            let is_told = words.contains(told);
            others.push(words);
            is_told
        });
        assert!(found, "{flaw:?} goes unnoticed, or was told as: {others:#?}");
    }
}

/// Checks the end of the machine itself: a schedule that fails is made smaller, and reported.
#[test]
fn a_story_has_fewer_steps() {
    let fails = |steps: &[super::Step]| caught(|| run(Arc::new(Broken::new(Flaw::HitsAnotherKind)), 1, steps)).err();
    let steps = super::draw::schedule(&mut Dice::new(7));
    let violation = fails(&steps).expect("some kind has a row to be hit");
    let story = super::shrink::story(&steps, violation, &fails);
    assert!(story.contains("these are enough") && story.lines().count() <= steps.len(), "{story}");
}
