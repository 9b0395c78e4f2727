//! A run under torture: the answers to it, its writes, and its faults.

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

/// The state of a run that the wrappers of both ports and the schedule share.
pub(crate) struct Run {
    /// The index of the profile in the world.
    pub(crate) site: usize,
    pub(crate) options: SyncOptions,
    pub(crate) cancel: CancellationToken,
    pub(crate) desk: Arc<Desk>,
    pub(crate) world: Arc<World>,
    notes: Mutex<Notes>,
}

/// The records of a run.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) account: Option<Account>,
    pub(crate) heard: PerKind<Heard>,
    /// The applied changes, as the difference of two snapshots; `None` inside if another program wrote in between.
    #[expect(clippy::option_option, reason = "nothing applied and not to be counted are two things")]
    pub(crate) applied: PerKind<Option<Option<Counts>>>,
    pub(crate) fence: Option<u64>,
    /// The profile's epoch, when the run got its lease or wrote last.
    pub(crate) epoch: u64,
    /// The kind in whose apply its process dies.
    pub(crate) dying: Option<ContentKind>,
    /// The state before that apply that the ports don't show, and its run.
    pub(crate) found: Option<(RunId, Hidden)>,
    /// Whether its latest apply was committed.
    pub(crate) committed: bool,
    /// The real lease, until it is given back or lost.
    pub(crate) lease: Arc<Mutex<Option<Lease>>>,
    /// The number of calls that were decided since the cancellation.
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

    /// Records a state as the present one of the profile. `written` is whether this run has written it.
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

/// The answers about a kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// The time of the answer about the categories.
    pub(crate) categories: Option<Vec<Category>>,
    pub(crate) whole: Answer,
    pub(crate) within: Vec<(CategoryId, Answer)>,
    /// Whether a probe was asked.
    pub(crate) probed: bool,
}

/// One listing, as far as it was received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) elements: Vec<Listed>,
    /// The ids of broken elements, each with the number of sound elements before it.
    pub(crate) broken: Vec<(usize, ContentId)>,
    /// The proof that it is whole.
    pub(crate) end: Option<Completeness>,
    /// The panel's name for its version.
    pub(crate) version: Option<Validator>,
    /// If the panel answered that the listing is unmodified, the time of the request.
    #[expect(clippy::option_option, reason = "the panel may not tell its time")]
    pub(crate) unmodified: Option<Option<i64>>,
}

/// The answers that a run may take for the listing of a kind.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    pub(crate) elements: Vec<&'a Listed>,
    /// The ids of broken elements, each with the number of sound elements before it.
    pub(crate) broken: Vec<(usize, ContentId)>,
    pub(crate) end: Completeness,
    /// The categories that answered, if the kind was fetched by category.
    pub(crate) covered: Option<CategorySet>,
}

impl Heard {
    /// Returns the listing, if one was proved complete.
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
    /// Records a batch.
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
    /// Returns the ids of a listing in their order, some more than once. A broken element adds nothing, so its id is
    /// included only if it `is_known`.
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

/// Returns whether most of an answer is of the category that was asked for.
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
