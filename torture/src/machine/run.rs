//! A run under torture: what it heard, what it wrote, what happened to it.

use std::sync::{Arc, Mutex, MutexGuard};

use sync_core::source::{Completeness, Validator};
use sync_core::store::Lease;
use sync_core::{
    Account, Category, CategoryId, CategorySet, ContentId, ContentKind, Counts, Listed, PerKind, RunId, SyncOptions,
    ValueRef,
};
use tokio_util::sync::CancellationToken;

use super::backend::Hidden;
use super::desk::Desk;
use super::panel::Element;
use super::state::State;
use super::world::World;

/// What the wrappers of both ports and the schedule share of a run.
pub(crate) struct Run {
    /// Which of the world's profiles.
    pub(crate) site: usize,
    pub(crate) options: SyncOptions,
    pub(crate) cancel: CancellationToken,
    pub(crate) desk: Arc<Desk>,
    pub(crate) world: Arc<World>,
    notes: Mutex<Notes>,
}

/// What is noted of a run.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) account: Option<Account>,
    pub(crate) heard: PerKind<Heard>,
    /// What was applied, as the difference of two snapshots; `None` inside when somebody else wrote meanwhile.
    #[expect(clippy::option_option, reason = "nothing applied and not to be counted are two things")]
    pub(crate) applied: PerKind<Option<Option<Counts>>>,
    pub(crate) fence: Option<u64>,
    /// The profile's epoch, when the run got its lease or wrote last.
    pub(crate) epoch: u64,
    /// The kind in whose apply its process dies.
    pub(crate) dying: Option<ContentKind>,
    /// What that apply found that can't be seen through the ports, and its run.
    pub(crate) found: Option<(RunId, Hidden)>,
    /// Whether its latest apply was committed.
    pub(crate) committed: bool,
    /// The real lease, until it is given back or lost.
    pub(crate) lease: Arc<Mutex<Option<Lease>>>,
    /// Calls that were decided since it was cancelled.
    pub(crate) since_cancelled: Option<u32>,
    /// Whether the end was recorded.
    pub(crate) finished: bool,
}

impl Run {
    pub(crate) fn new(site: usize, options: SyncOptions, world: &Arc<World>) -> Arc<Self> {
        Arc::new(Self {
            site,
            options,
            cancel: CancellationToken::new(),
            desk: Arc::default(),
            world: Arc::clone(world),
            notes: Mutex::default(),
        })
    }

    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("nothing panics while holding it")
    }

    /// Takes a state for what the profile looks like now; `written` when this run has written it.
    pub(crate) fn accept(&self, state: State, written: bool) {
        let mut notes = self.notes();
        let mut world = self.world.inner();
        let site = &mut world.sites[self.site];
        site.known = Some(state);
        site.epoch += u64::from(written);
        notes.epoch += u64::from(written);
    }

    pub(crate) fn heard(&self, kind: ContentKind, note: impl FnOnce(&mut Heard)) {
        note(&mut self.notes().heard[kind]);
    }
}

/// What a run heard of a kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// When they were answered.
    pub(crate) categories: Option<Vec<Category>>,
    pub(crate) whole: Answer,
    pub(crate) within: Vec<(CategoryId, Answer)>,
    /// Whether a probe was asked.
    pub(crate) probed: bool,
}

/// One listing, as far as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) elements: Vec<Listed>,
    /// The ids of broken elements, each with how many sound ones came before it.
    pub(crate) broken: Vec<(usize, ContentId)>,
    /// The proof that it is whole.
    pub(crate) end: Option<Completeness>,
    /// What the panel calls it.
    pub(crate) version: Option<Validator>,
    /// Instead of all that: it is as it was, with when it was asked for.
    #[expect(clippy::option_option, reason = "the panel may not tell its time")]
    pub(crate) unmodified: Option<Option<i64>>,
}

/// What a run may take for the listing of a kind.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    pub(crate) elements: Vec<&'a Listed>,
    /// The ids of broken elements, each with how many sound ones came before it.
    pub(crate) broken: Vec<(usize, ContentId)>,
    pub(crate) end: Completeness,
    /// The categories that answered, when it was fetched by category.
    pub(crate) covered: Option<CategorySet>,
}

impl Heard {
    /// The listing, if one was proved whole.
    pub(crate) fn taken(&self) -> Option<Taken<'_>> {
        if self.within.is_empty() {
            let end = self.whole.end?;
            let elements = self.whole.elements.iter().collect();
            return Some(Taken { elements, broken: self.whole.broken.clone(), end, covered: None });
        }
        let mut covered = CategorySet::default();
        let (mut elements, mut broken, mut end) = (Vec::new(), Vec::new(), None::<Completeness>);
        for (category, answer) in &self.within {
            let Some(own) = answer.end else { continue };
            if !belongs(category, &answer.elements) || covered.contains(&category.0) {
                continue;
            }
            covered.insert(&category.0);
            broken.extend(answer.broken.iter().map(|(before, id)| (elements.len() + before, *id)));
            elements.extend(&answer.elements);
            let sum = end.get_or_insert(Completeness { unreadable: 0, trailing_bytes: false, ..own });
            sum.unreadable += own.unreadable;
            sum.trailing_bytes |= own.trailing_bytes;
        }
        Some(Taken { elements, broken, end: end?, covered: Some(covered) })
    }
}

impl Answer {
    /// Notes what came.
    pub(crate) fn take(&mut self, batch: Vec<Element>) {
        for element in batch {
            match element {
                Element::Sound(element) => self.elements.push(*element),
                Element::Broken(id) => self.broken.push((self.elements.len(), id)),
            }
        }
    }
}

impl Taken<'_> {
    /// The ids of a listing in their order, some more than once. Of broken elements these are the ones that
    /// `is_known`, because a broken element adds nothing.
    pub(crate) fn order(&self, is_known: impl Fn(i64) -> bool) -> Vec<i64> {
        let mut ids = Vec::new();
        let mut broken = self.broken.iter().filter(|(_, id)| is_known(id.0)).peekable();
        for place in 0..=self.elements.len() {
            while let Some((_, id)) = broken.next_if(|(before, _)| *before == place) {
                ids.push(id.0);
            }
            ids.extend(self.elements.get(place).map(|element| element.item.id().0));
        }
        ids
    }
}

/// Whether most of an answer is of the category that was asked for.
fn belongs(category: &CategoryId, elements: &[Listed]) -> bool {
    let (mut own, mut foreign) = (0, 0);
    for element in elements {
        let at = element.item.kind().field("category_id").expect("every kind has one");
        let single = element.item.value(at);
        let named = matches!(single, ValueRef::Text(id) if id == category.0.as_str());
        if named || element.item.categories().contains(&category.0) {
            own += 1;
        } else if !element.item.categories().is_empty() || single != ValueRef::Null {
            foreign += 1;
        }
    }
    foreign <= own
}
