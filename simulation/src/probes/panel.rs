//! A panel of a world, as a source that a run can ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use sync_core::source::{
    Baseline, Completeness, Entry, Learnt, Listing, ListingEvent, ListingRequest, ProbeAnswer, ProbeRequest, Usage,
};
use sync_core::testing::{ItemBuilder, category};
use sync_core::{
    Account, Category, CategoryId, ContentId, ContentKind, ContentSource, Digest, DigestScheme, ListingIndex,
    SourceError,
};

use super::world::{ANSWER_BYTES, CATEGORIES, ELEMENT_BYTES, Event, NEW, Order, Panel, SENT_AHEAD, What};

/// The scheme of the digests of this source.
const SCHEME: DigestScheme = DigestScheme(4711);

/// The number of elements per batch.
const BATCH: usize = 500;

/// The bytes of the answer to a login, and of a category.
const ACCOUNT_BYTES: u64 = 1000;
const CATEGORY_BYTES: u64 = 80;

#[derive(Debug, Clone, Copy)]
struct Known {
    id: i64,
    category: usize,
    name: u32,
    revision: u32,
    /// Whether it is in the category of new titles.
    is_new: bool,
}

/// The panel, and the requests to it. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Simulated(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    panel: Panel,
    /// The items in the order in which they were added.
    items: Vec<Known>,
    /// The items in the order of the list, until the next event.
    listed: Option<Vec<Known>>,
    positions: HashMap<i64, usize>,
    usage: Usage,
    lists: u64,
    probes: u64,
}

impl Simulated {
    pub(super) fn new(panel: Panel) -> Self {
        let usage = Usage { wire_bytes: Some(0), ..Usage::default() };
        Self(Arc::new(Mutex::new(State {
            panel,
            items: Vec::new(),
            listed: None,
            positions: HashMap::new(),
            usage,
            lists: 0,
            probes: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the list by an event.
    pub(super) fn happen(&self, event: &Event) {
        let mut state = self.state();
        state.listed = None;
        match event.what {
            What::Add { category, name } => {
                let at = state.items.len();
                state.positions.insert(event.id, at);
                state.items.push(Known { id: event.id, category, name, revision: 0, is_new: false });
            }
            What::Edit => {
                if let Some(at) = state.positions.get(&event.id).copied() {
                    state.items[at].revision += 1;
                }
            }
            What::Remove => {
                if let Some(at) = state.positions.remove(&event.id) {
                    state.items.remove(at);
                    for position in state.positions.values_mut().filter(|position| **position > at) {
                        *position -= 1;
                    }
                }
            }
        }
    }

    /// Returns the ids of the list, ascending.
    pub(super) fn ids(&self) -> Vec<i64> {
        let mut ids: Vec<_> = self.state().items.iter().map(|item| item.id).collect();
        ids.sort_unstable();
        ids
    }

    /// Returns the number of items in the list.
    pub(super) fn rows(&self) -> u64 {
        self.state().items.len() as u64
    }

    /// Returns the bytes of a run that takes the whole list.
    pub(super) fn whole_bytes(&self) -> u64 {
        self.list_bytes() + ANSWER_BYTES + ACCOUNT_BYTES + CATEGORIES as u64 * CATEGORY_BYTES + ANSWER_BYTES
    }

    /// Returns the bytes of the list.
    pub(super) fn list_bytes(&self) -> u64 {
        self.state().items.len() as u64 * ELEMENT_BYTES
    }

    /// Returns the bytes so far, and the numbers of lists and probes.
    pub(super) fn used(&self) -> (u64, u64, u64) {
        let state = self.state();
        (state.usage.wire_bytes.unwrap_or_default(), state.lists, state.probes)
    }
}

impl State {
    fn sent(&mut self, bytes: u64) {
        self.usage.requests += 1;
        self.usage.bytes += bytes;
        *self.usage.wire_bytes.get_or_insert_default() += bytes;
    }

    /// Returns the first elements of the panel's answer, and the number of all its elements. The panel cuts, then
    /// sorts, and then selects the category.
    fn answer(&mut self, within: Option<&CategoryId>, slice: Option<(u64, usize)>, most: usize) -> (Vec<Known>, usize) {
        let order = self.panel.order;
        let category = within.filter(|_| self.panel.honours_category).and_then(|id| id.0.parse().ok());
        let is_within =
            |item: &Known| category.is_none_or(|id: usize| item.category == id || (item.is_new && id == NEW));
        let newest = self.items.len() - self.items.len().min(self.panel.newest);
        let known = self.items.iter().enumerate().map(|(at, item)| Known { is_new: at >= newest, ..*item });
        if let Some((offset, page)) = slice.filter(|_| self.panel.honours_offset) {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let mut items: Vec<_> = known.skip(offset).take(page).collect();
            sort(&mut items, order);
            items.retain(is_within);
            let count = items.len();
            items.truncate(most);
            return (items, count);
        }
        let all = self.listed.take().unwrap_or_else(|| {
            let mut items: Vec<_> = known.collect();
            sort(&mut items, order);
            items
        });
        let count = all.iter().filter(|item| is_within(item)).count();
        let first = all.iter().filter(|item| is_within(item)).take(most).copied().collect();
        self.listed = Some(all);
        (first, count)
    }
}

fn sort(items: &mut [Known], order: Order) {
    match order {
        Order::OldestFirst => {}
        Order::NewestFirst => items.reverse(),
        Order::ByName => items.sort_unstable_by_key(|item| (item.name, item.id)),
    }
}

fn entry(item: Known, known: Option<&ListingIndex>, hint: usize) -> Entry {
    let value = item.id.unsigned_abs() << 20 | u64::from(item.revision) << 1 | u64::from(item.is_new);
    let (id, digest) = (ContentId(item.id), Digest::from_hash(value.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let same = |index: &&ListingIndex| index.position(id, hint).is_some_and(|at| index.digest_at(at).same_as(digest));
    if known.is_some_and(|index| same(&index)) {
        return Entry::Same(id);
    }
    let (category, new) = (item.category.to_string(), NEW.to_string());
    let categories = if item.is_new { vec![category.as_str(), new.as_str()] } else { vec![category.as_str()] };
    let built = ItemBuilder::of(ContentKind::Movies, item.id)
        .name(&format!("{:08x} {}", item.name, item.revision))
        .with("category_id", &category)
        .in_categories(&categories);
    Entry::Item(Box::new(built.listed()), Some(digest))
}

#[async_trait]
impl ContentSource for Simulated {
    fn digest_scheme(&self) -> DigestScheme {
        SCHEME
    }

    fn usage(&self) -> Usage {
        self.state().usage
    }

    fn learnt(&self) -> Learnt {
        Learnt::default()
    }

    async fn account(&self) -> Result<Account, SourceError> {
        self.state().sent(ACCOUNT_BYTES);
        Ok(Account::active())
    }

    async fn categories(&self, _: ContentKind) -> Result<Vec<Category>, SourceError> {
        self.state().sent(CATEGORIES as u64 * CATEGORY_BYTES + ANSWER_BYTES);
        Ok((0..=NEW).map(|number| category(&number.to_string())).collect())
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        let mut state = self.state();
        let (items, _) = state.answer(request.scope.within.as_ref(), None, usize::MAX);
        let bytes = items.len() as u64 * ELEMENT_BYTES + ANSWER_BYTES;
        state.sent(bytes);
        state.lists += 1;
        let known = match request.baseline {
            Baseline::Index(index) if index.scheme() == SCHEME.leaving_out(ContentKind::Movies, &request.left_out) => {
                Some(index)
            }
            _ => None,
        };
        let entries: Vec<_> =
            items.into_iter().enumerate().map(|(at, item)| entry(item, known.as_deref(), at)).collect();
        let batches = entries.chunks(BATCH).map(|batch| ListingEvent::Batch(batch.to_vec()));
        let end = Completeness { wire_bytes: Some(bytes), ..Completeness::default() };
        let events: Vec<_> = batches.chain([ListingEvent::Complete(end)]).map(Ok).collect();
        Ok(Listing { events: stream::iter(events).boxed() })
    }

    async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
        let mut state = self.state();
        let slice = request.offset.map(|offset| (offset, request.most));
        let (items, count) = state.answer(request.scope.within.as_ref(), slice, request.most + 1);
        let (read, is_cut) = (items.len(), count > request.most);
        let rest = (count - read) as u64 * ELEMENT_BYTES;
        state.sent(read as u64 * ELEMENT_BYTES + ANSWER_BYTES + rest.min(SENT_AHEAD));
        state.probes += 1;
        let known = request.known.as_deref();
        let entries = items.into_iter().enumerate().map(|(at, item)| entry(item, known, at)).collect();
        Ok(ProbeAnswer { entries, end: (!is_cut).then(Completeness::default) })
    }
}
