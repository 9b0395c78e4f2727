//! The diff. It compares a listing, as it streams by, with the index of what is known.
//!
//! The diff is linear in the listing, and pure. [`Differ::prepare`] names the rows that a batch needs from the store,
//! and [`Differ::resolve`] returns the items to write. At the end, the diff knows the missing ids and the new index.
//!
//! *An id that is listed several times* is one item. Its categories are those that any of its elements names.
//! Everything else is taken from one element: the one that equals the stored row, else the one that is least by
//! content. An element without a `category_id` names no category; the row's category counts only if that element is the
//! one that is taken. The digest of such an item is [`Digest::NEVER`], so the next listing decodes all its elements,
//! and the result is the same item whatever their order.

mod duplicates;
mod fresh;
mod out;
mod rank;
mod unanswered;
mod verdict;

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::detect::merge::{Change, borrows_category, merge_over};
use crate::detect::seen_items::SeenItems;
use crate::detect::volatile::{Decoded, Note, Tally, Treatment};
use crate::model::{ContentId, ContentKind, Item, Listed, ValueRef};
use crate::ports::source::Entry;
use crate::ports::store::StagedItem;
use crate::run::counts::Counts;
use crate::run::options::ChangePolicy;
use fresh::Fresh;
use out::Out;
use rank::rank_over;
use verdict::Verdict;

/// The value of an id that was not yet seen in this listing.
const UNSEEN: u32 = u32::MAX;

/// The state of a diff between two batches.
#[derive(Debug)]
pub struct Differ {
    kind: ContentKind,
    policy: ChangePolicy,
    scheme: DigestScheme,
    /// Whether the digests are made here, because the source makes none.
    makes_digests: bool,
    treatment: Arc<Treatment>,
    /// Whether an element with the known digest is taken for unchanged.
    trusting: bool,
    known: Arc<ListingIndex>,
    /// The position in this listing, per position of the index.
    seen_at: Vec<u32>,
    /// The positions in this listing of ids that the index doesn't have.
    fresh: Fresh,
    /// Known ids of which only broken elements have come so far.
    broken: HashSet<ContentId>,
    ids: Vec<i64>,
    digests: Vec<u64>,
    counts: Counts,
    cursor: usize,
    seen_items: SeenItems,
    departed: HashSet<ContentId>,
    /// Items whose `category_id` is that of the row, because no element of the listing named it.
    borrowers: HashSet<ContentId>,
    tally: Tally,
    /// Positions in this listing of ids that were listed several times.
    several: HashSet<u32>,
    /// Items that are written only if the listing shows that a field has stopped being volatile.
    tentative: HashMap<ContentId, Note>,
    /// Whether rows that aren't listed are compared again when they come back.
    kept_anew: bool,
    /// Items that differ from their rows although their elements are as before. Another program has written to these
    /// rows.
    foreign_edits: Vec<ContentId>,
}

/// The rows and staged items that a batch needs from the store.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// Ids whose stored rows are needed.
    pub stored: Vec<ContentId>,
    /// Ids that this listing had before. Their staged items are needed.
    pub staged: Vec<ContentId>,
}

/// An entry that breaks the source's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContractBreach {
    /// The source says that the element is the same, but nothing is known of it.
    #[error("element {0} is said to be the same as an unknown one")]
    UnknownSame(ContentId),
    /// The item is of another kind.
    #[error("element {0} is not of the kind that was asked for")]
    WrongKind(ContentId),
}

impl Differ {
    /// Returns a diff of a listing against a known index. The source makes its digests by this scheme.
    ///
    /// A *trusting* diff takes an element with the known digest for unchanged. A diff that isn't trusting compares
    /// every item with its stored row.
    pub fn new(
        kind: ContentKind,
        known: Arc<ListingIndex>,
        scheme: DigestScheme,
        policy: ChangePolicy,
        trusting: bool,
    ) -> Self {
        let seen_at = vec![UNSEEN; known.len()];
        let (ids, digests) = (Vec::with_capacity(known.len()), Vec::with_capacity(known.len()));
        Self {
            kind,
            policy,
            scheme,
            makes_digests: scheme == DigestScheme::FIELDS,
            treatment: Arc::new(Treatment::plain(kind)),
            trusting,
            tally: Tally::new(known.scheme() != scheme),
            known,
            seen_at,
            fresh: Fresh::default(),
            broken: HashSet::new(),
            ids,
            digests,
            counts: Counts::default(),
            cursor: 0,
            seen_items: SeenItems::default(),
            departed: HashSet::new(),
            borrowers: HashSet::new(),
            several: HashSet::new(),
            tentative: HashMap::new(),
            kept_anew: false,
            foreign_edits: Vec::new(),
        }
    }

    /// Sets the treatment of the fields. Fields that it leaves out have no part in the digests.
    #[must_use]
    pub fn treating(mut self, treatment: Arc<Treatment>) -> Self {
        self.scheme = self.scheme.leaving_out(self.kind, treatment.left_out());
        self.tally = Tally::new(self.known.scheme() != self.scheme);
        self.treatment = treatment;
        self
    }

    /// Forgets everything since [`Self::new`].
    pub fn reset(&mut self) {
        self.seen_at.fill(UNSEEN);
        self.fresh.clear();
        self.broken.clear();
        self.ids.clear();
        self.digests.clear();
        self.counts = Counts::default();
        self.cursor = 0;
        self.seen_items.clear();
        self.departed.clear();
        self.borrowers.clear();
        self.tally.clear();
        self.several.clear();
        self.tentative.clear();
        self.foreign_edits.clear();
    }

    /// Names the rows that [`Self::resolve`] will need for a batch. If the source makes no digests, it also recognises
    /// the elements that have not changed.
    pub fn prepare(&self, batch: &mut [Entry]) -> Needs {
        if self.makes_digests {
            self.recognise(batch);
        }
        let mut needs = Needs::default();
        let mut hint = self.cursor;
        for entry in batch {
            let id = entry.id();
            let position = self.known.position(id, hint);
            hint = position.map_or(hint, |at| at + 1);
            let seen = self.is_seen(id, position);
            if position.is_some() && (seen || matches!(entry, Entry::Item(..))) {
                needs.stored.push(id);
            }
            if seen {
                needs.staged.push(id);
            }
        }
        for ids in [&mut needs.stored, &mut needs.staged] {
            ids.sort_unstable();
            ids.dedup();
        }
        needs
    }

    /// Makes the digests of items whose source makes none. Items with the known digest become [`Entry::Same`].
    fn recognise(&self, batch: &mut [Entry]) {
        let mut met = HashSet::new();
        for entry in batch {
            let id = entry.id();
            let first = met.insert(id);
            let Entry::Item(listed, made @ None) = entry else { continue };
            let digest = Digest::from_listed_without(listed, self.treatment.left_out());
            *made = Some(digest);
            let position = self.known.position(id, self.cursor);
            let known = position.filter(|_| self.trusting && self.known.scheme() == self.scheme);
            if first && !self.is_seen(id, position) && known.is_some_and(|at| self.known.digest_at(at).same_as(digest))
            {
                *entry = Entry::Same(id);
            }
        }
    }

    fn is_seen(&self, id: ContentId, position: Option<usize>) -> bool {
        match position {
            Some(at) => self.seen_at[at] != UNSEEN,
            None => self.fresh.find(&self.ids, id).is_some(),
        }
    }

    /// Compares a batch, given the rows and staged items that it needs. Returns the items to stage.
    pub fn resolve(
        &mut self,
        batch: Vec<Entry>,
        stored: Vec<Item>,
        staged: Vec<StagedItem>,
    ) -> Result<Vec<StagedItem>, ContractBreach> {
        // Most batches of most listings are completely as known. They cost no allocation and no move.
        let recognised = self.recognised(&batch);
        if recognised == batch.len() {
            return Ok(Vec::new());
        }
        let stored: HashMap<i64, Item> = stored.into_iter().map(|item| (item.id().0, item)).collect();
        let earlier: HashMap<i64, StagedItem> = staged.into_iter().map(|it| (it.item.id().0, it)).collect();
        let decoded = batch.iter().filter(|entry| matches!(entry, Entry::Item(..))).count();
        let mut out = Out::new(earlier, decoded);
        for entry in batch.into_iter().skip(recognised) {
            let id = entry.id();
            let position = self.known.position(id, self.cursor);
            self.cursor = position.map_or(self.cursor, |at| at + 1);
            match (&entry, position) {
                (Entry::Broken(_), _) => {
                    self.note_broken(id, position);
                    continue;
                }
                (Entry::Same(_), Some(at)) if self.seen_at[at] == UNSEEN => {
                    self.same(id, at);
                    continue;
                }
                _ => {}
            }
            match self.admit(id, position) {
                None => self.first(entry, position, self.ids.len() - 1, stored.get(&id.0), &mut out)?,
                Some(place) if self.broken.remove(&id) => {
                    self.counts.unchanged -= 1;
                    self.first(entry, position, place as usize, stored.get(&id.0), &mut out)?;
                }
                Some(place) => self.repeated(entry, place, stored.get(&id.0), &mut out)?,
            }
        }
        Ok(out.items)
    }

    /// Takes the elements at the beginning of a batch that are the same, as long as each is the first of its id.
    /// Returns their number.
    fn recognised(&mut self, batch: &[Entry]) -> usize {
        for (taken, entry) in batch.iter().enumerate() {
            let Entry::Same(id) = entry else { return taken };
            let position = self.known.position(*id, self.cursor);
            let Some(at) = position.filter(|at| self.seen_at[*at] == UNSEEN) else { return taken };
            self.cursor = at + 1;
            self.same(*id, at);
        }
        batch.len()
    }

    /// Gives an id the next position of the listing, or returns the position that it has already.
    fn admit(&mut self, id: ContentId, position: Option<usize>) -> Option<u32> {
        let place = next_place(&self.ids);
        let seen = match position {
            Some(at) if self.seen_at[at] == UNSEEN => {
                self.seen_at[at] = place;
                None
            }
            Some(at) => Some(self.seen_at[at]),
            None => self.fresh.admit(&self.ids, id, place),
        };
        if seen.is_none() {
            self.ids.push(id.0);
            self.digests.push(Digest::NEVER.0);
        }
        seen
    }

    /// Takes an element that is the same and is the first of its id.
    #[inline]
    fn same(&mut self, id: ContentId, at: usize) {
        self.seen_at[at] = next_place(&self.ids);
        self.ids.push(id.0);
        self.digests.push(self.known.digest_at(at).0);
        self.counts.unchanged += 1;
        self.tally.same();
    }

    /// Notes a broken element. Its row stays as it is, at the element's position in the listing.
    fn note_broken(&mut self, id: ContentId, position: Option<usize>) {
        // Without a row, nothing is kept and nothing is added.
        let Some(at) = position.filter(|at| self.seen_at[*at] == UNSEEN) else { return };
        self.admit(id, position);
        if self.known.scheme() == self.scheme {
            *self.digests.last_mut().expect("it has just been admitted") = self.known.digest_at(at).0;
        }
        self.counts.unchanged += 1;
        self.broken.insert(id);
    }

    /// Takes the first readable element of an id. `place` is its position in the listing.
    fn first(
        &mut self,
        entry: Entry,
        position: Option<usize>,
        place: usize,
        stored: Option<&Item>,
        out: &mut Out,
    ) -> Result<(), ContractBreach> {
        let id = entry.id();
        let known_digest = position.map(|at| self.known.digest_at(at));
        let digest = match entry {
            Entry::Same(_) | Entry::Broken(_) => {
                self.counts.unchanged += 1;
                self.tally.same();
                known_digest.ok_or(ContractBreach::UnknownSame(id))?
            }
            Entry::Item(mut listed, digest) => {
                // `prepare` makes the digests if the source makes none. A source that makes its own may leave one out.
                let digest = digest.unwrap_or(Digest::NEVER);
                if borrows_category(stored, &listed) {
                    self.borrowers.insert(id);
                }
                let verdict = self.merged(stored, &mut listed)?;
                let change = verdict.change;
                let as_known = self.known.scheme() == self.scheme && known_digest.is_some_and(|it| it.same_as(digest));
                // If a field was left alone on purpose, its difference is no error of the row.
                if as_known && change.is_written() && verdict.firm {
                    self.foreign_edits.push(id);
                }
                if stored.is_some() {
                    let counts = known_digest.is_some_and(|it| !it.is_never()) && change != Change::IgnoredByPolicy;
                    let moved = counts && !as_known && !self.tally.is_blind();
                    let decoded = Decoded { note: verdict.note, written: change.is_written(), counts, moved };
                    self.tally.take(self.last_place(), decoded);
                }
                if verdict.tentative {
                    self.tentative.insert(id, verdict.note);
                }
                // Without a known index, no item can be missing.
                if !self.known.is_empty() {
                    self.seen_items.observe(&listed.item, stored);
                }
                self.note_departure(stored, &listed.item);
                *count(&mut self.counts, change) += 1;
                // Two kinds of items are compared in each listing: those whose id was listed several times (see
                // `repeated`), and those whose difference the policy ignores, because they are not as the stored row.
                if change != Change::Unchanged || known_digest.is_some_and(Digest::is_never) {
                    // Without a row, the merged item is the element itself, and its rank can be made later.
                    let rank = stored.map(|_| rank_over(&listed, verdict.differs));
                    out.put_first(StagedItem { item: listed.item, change, rank, hash: None });
                }
                if change == Change::IgnoredByPolicy { Digest::NEVER } else { digest }
            }
        };
        self.digests[place] = digest.0;
        Ok(())
    }

    /// Merges an element with its row, in place.
    fn merged(&mut self, stored: Option<&Item>, listed: &mut Listed) -> Result<Verdict, ContractBreach> {
        let wrong = ContractBreach::WrongKind(listed.item.id());
        if listed.item.kind() != self.kind {
            return Err(wrong);
        }
        if let ValueRef::Extra(extra) = listed.item.value(self.kind.field_positions().extra) {
            self.tally.meet(extra, &self.treatment);
        }
        if !merge_over(stored, listed) {
            return Err(wrong);
        }
        Ok(Verdict::judge(stored, &listed.item, &self.treatment, &self.policy))
    }

    /// Judges an item once more, after it was merged with another element.
    fn judged_again(&mut self, stored: Option<&Item>, item: &Item) -> Change {
        let verdict = Verdict::judge(stored, item, &self.treatment, &self.policy);
        if verdict.tentative {
            self.tentative.insert(item.id(), verdict.note);
        } else if !self.tentative.is_empty() {
            self.tentative.remove(&item.id());
        }
        verdict.change
    }

    fn last_place(&self) -> u32 {
        u32::try_from(self.ids.len() - 1).expect("a listing has fewer than 2^32 items")
    }

    /// Takes back the refresh of items that would be written only for fields that are still volatile. Returns their
    /// ids, ascending. They were staged, and are to be staged again as unchanged.
    pub(crate) fn accept(&mut self, accepted: Note) -> Vec<ContentId> {
        let mut left: Vec<_> = Vec::new();
        for (id, note) in std::mem::take(&mut self.tentative) {
            if !note.meets(accepted) {
                self.counts.refreshed = self.counts.refreshed.saturating_sub(1);
                self.counts.unchanged += 1;
                self.tally.left(note);
                left.push(id);
            }
        }
        self.kept_anew = self.treatment.needs_all && !accepted.is_empty();
        left.sort_unstable();
        left
    }

    pub(crate) const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Returns the number of known ids that the listing doesn't have so far.
    pub(crate) fn missing_so_far(&self) -> u64 {
        let listed = self.ids.len() - self.fresh.len();
        self.known.len().saturating_sub(listed) as u64
    }

    /// Returns the items that differ from their rows although their elements are as before. Another program has written
    /// to these rows. A diff that trusts the index doesn't find them.
    pub(crate) fn foreign_edits(&self) -> &[ContentId] {
        &self.foreign_edits
    }

    /// Notes whether an item has left a category that its row is in.
    fn note_departure(&mut self, stored: Option<&Item>, item: &Item) {
        let Some(row) = stored else { return };
        let (before, now) = (row.categories(), item.categories());
        if before.as_slice().iter().all(|category| now.contains(category)) {
            // Most items leave no category. So the set is searched only if it has entries.
            if !self.departed.is_empty() {
                self.departed.remove(&item.id());
            }
        } else {
            self.departed.insert(item.id());
        }
    }

    /// The index that the listing is compared with.
    pub(crate) fn known(&self) -> &ListingIndex {
        &self.known
    }

    /// Returns the items that have left a category that their rows are in, by ascending id.
    pub(crate) fn departed(&self) -> Vec<ContentId> {
        let mut ids: Vec<_> = self.departed.iter().copied().collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) const fn seen_items(&self) -> &SeenItems {
        &self.seen_items
    }

    /// Returns whether the listing is as known so far: the same items in the same order, and no difference that counts.
    pub(crate) fn is_as_known(&self) -> bool {
        self.ids == self.known.ids() && (self.counts.is_quiet() || self.digests == self.known.digests())
    }

    /// Returns the counts so far. Removals are not among them.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns the number of different items that the listing has so far.
    pub const fn listed(&self) -> usize {
        self.ids.len()
    }

    /// Returns the known ids that the listing doesn't have, in the order of the index.
    pub fn missing(&self) -> Vec<ContentId> {
        let unseen = self.seen_at.iter().zip(self.known.ids()).filter(|(place, _)| **place == UNSEEN);
        unseen.map(|(_, id)| ContentId(*id)).collect()
    }

    /// Ends the diff. Returns the new index, or `None` if it equals the known one.
    ///
    /// `kept` are the missing ids whose rows stay. They come last, with their old digests.
    pub fn into_index(mut self, kept: &[ContentId]) -> Option<ListingIndex> {
        for id in kept {
            if let Some(at) = self.known.position(*id, self.cursor) {
                let same_scheme = self.known.scheme() == self.scheme;
                self.ids.push(id.0);
                let keeps = same_scheme && !self.kept_anew;
                self.digests.push(if keeps { self.known.digest_at(at).0 } else { Digest::NEVER.0 });
                self.cursor = at + 1;
            }
        }
        let same = self.known.scheme() == self.scheme
            && self.known.ids() == self.ids.as_slice()
            && self.known.digests() == self.digests.as_slice();
        if same {
            return None;
        }
        drop(self.seen_at);
        drop(self.fresh);
        Some(ListingIndex::from_columns(self.scheme, self.ids, self.digests).expect("every id was admitted once"))
    }
}

/// Returns the position that the next id of a listing gets.
fn next_place(ids: &[i64]) -> u32 {
    u32::try_from(ids.len()).expect("a listing has fewer than 2^32 items")
}

fn count(counts: &mut Counts, change: Change) -> &mut u64 {
    match change {
        Change::Added => &mut counts.added,
        Change::Updated(_) => &mut counts.updated,
        Change::Refreshed(_) => &mut counts.refreshed,
        Change::Unchanged | Change::IgnoredByPolicy => &mut counts.unchanged,
    }
}

#[cfg(test)]
mod tests;
