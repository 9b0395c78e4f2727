//! The diff: a listing, as it streams by, against the index of what is known.
//!
//! Linear in the listing, and pure: what it needs from the store it names, batch by batch
//! ([`Differ::prepare`]), and what has to be written it returns ([`Differ::resolve`]). At the end
//! it knows what is missing and what the new index is.
//!
//! *An id that occurs several times* is one item: the categories that its elements name united, the rest
//! from the element that is as the stored row, else from the one that is least by content. An element that
//! leaves its `category_id` out names none; the row's counts only if that element stands. The elements are never
//! byte-identical to what is known, because its digest becomes [`Digest::NEVER`]; so the next
//! listing decodes them all and comes to the same item whatever their order.

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

/// Not yet seen in this listing.
const UNSEEN: u32 = u32::MAX;

/// The state of a diff between two batches.
#[derive(Debug)]
pub struct Differ {
    kind: ContentKind,
    policy: ChangePolicy,
    scheme: DigestScheme,
    /// Whether the digests are made here, as the source has none of its own.
    makes_digests: bool,
    treatment: Arc<Treatment>,
    /// Whether what the index knows may be taken for what is stored.
    trusting: bool,
    known: Arc<ListingIndex>,
    /// For every position of the index, where this listing has it.
    seen_at: Vec<u32>,
    /// Where this listing has the ids that the index doesn't know.
    fresh: Fresh,
    /// Known ids of which only broken elements have come so far.
    broken: HashSet<ContentId>,
    ids: Vec<i64>,
    digests: Vec<u64>,
    counts: Counts,
    cursor: usize,
    seen_items: SeenItems,
    departed: HashSet<ContentId>,
    /// Items whose `category_id` is the row's, because no element of the listing named it.
    borrowers: HashSet<ContentId>,
    tally: Tally,
    /// Positions of ids that were listed several times.
    several: HashSet<u32>,
    /// Items that are written only if the listing shows that a field rests.
    tentative: HashMap<ContentId, Note>,
    /// Whether rows that aren't listed are to be looked at again when they come back.
    kept_anew: bool,
    /// Items that differ from their rows although they are listed as they were.
    foreign_edits: Vec<ContentId>,
}

/// What the store is to lend for a batch.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// Ids whose stored rows are needed.
    pub stored: Vec<ContentId>,
    /// Ids that this listing had before, whose staged items are needed.
    pub staged: Vec<ContentId>,
}

/// An entry that breaks the source's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContractBreach {
    /// Said to be the same as known, but nothing is known of it.
    #[error("element {0} is said to be the same as an unknown one")]
    UnknownSame(ContentId),
    /// An item of another kind.
    #[error("element {0} is not of the kind that was asked for")]
    WrongKind(ContentId),
}

impl Differ {
    /// A diff of a listing against a known index. The source makes its digests by this scheme.
    ///
    /// A *trusting* diff takes what has the known digest for what is stored; one that isn't looks
    /// at the stored row of every item.
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

    /// Treats the fields so, and leaves out of the digests what is left out.
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

    /// Looks a batch over: recognises what has not changed, where the source has no digests of its
    /// own, and names what [`Self::resolve`] will need.
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

    /// Digests the items of a source that makes no digests, and takes those that are as known for
    /// the same.
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

    /// Takes a batch and what it needed; returns what is to be staged.
    pub fn resolve(
        &mut self,
        batch: Vec<Entry>,
        stored: Vec<Item>,
        staged: Vec<StagedItem>,
    ) -> Result<Vec<StagedItem>, ContractBreach> {
        // Most batches of most listings are wholly as known: nothing is made or moved for them.
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

    /// Takes the elements at the beginning of a batch that are the same, each the first of its id.
    /// Returns how many they are.
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

    /// Gives an id the next place of the listing, or returns the one that it has.
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

    /// Takes an element that is the same, the first of its id.
    #[inline]
    fn same(&mut self, id: ContentId, at: usize) {
        self.seen_at[at] = next_place(&self.ids);
        self.ids.push(id.0);
        self.digests.push(self.known.digest_at(at).0);
        self.counts.unchanged += 1;
        self.tally.same();
    }

    /// Keeps the row of a broken element as it is, in the element's place of the listing.
    fn note_broken(&mut self, id: ContentId, position: Option<usize>) {
        // Without a row there is nothing to keep, and nothing is added.
        let Some(at) = position.filter(|at| self.seen_at[*at] == UNSEEN) else { return };
        self.admit(id, position);
        if self.known.scheme() == self.scheme {
            *self.digests.last_mut().expect("it has just been admitted") = self.known.digest_at(at).0;
        }
        self.counts.unchanged += 1;
        self.broken.insert(id);
    }

    /// The first readable element of an id, whose place in the listing is `place`.
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
                // `prepare` has made the digests of sources without any; a source with its own may leave one out.
                let digest = digest.unwrap_or(Digest::NEVER);
                if borrows_category(stored, &listed) {
                    self.borrowers.insert(id);
                }
                let verdict = self.merged(stored, &mut listed)?;
                let change = verdict.change;
                let as_known = self.known.scheme() == self.scheme && known_digest.is_some_and(|it| it.same_as(digest));
                // What was left alone on purpose is no flaw of the row.
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
                // Against nothing known there is nothing to miss.
                if !self.known.is_empty() {
                    self.seen_items.observe(&listed.item, stored);
                }
                self.note_departure(stored, &listed.item);
                *count(&mut self.counts, change) += 1;
                // Of ids that occur several times, every element is needed again: see `repeated`. So is
                // what was passed over: it is not as the stored row is.
                if change != Change::Unchanged || known_digest.is_some_and(Digest::is_never) {
                    // What lies over nothing is the element itself, and its rank can be had when it is wanted.
                    let rank = stored.map(|_| rank_over(&listed, verdict.differs));
                    out.put_first(StagedItem { item: listed.item, change, rank });
                }
                if change == Change::IgnoredByPolicy { Digest::NEVER } else { digest }
            }
        };
        self.digests[place] = digest.0;
        Ok(())
    }

    /// Lays an element over its row, in the element's place.
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

    /// Judges what has become of an item that was judged before.
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

    /// Leaves items alone that are written only for what doesn't rest. Returns those that are not
    /// written after all, by rising id: they were staged, and are to be staged as unchanged.
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

    /// How many of the known ids the listing doesn't have, so far.
    pub(crate) fn missing_so_far(&self) -> u64 {
        let listed = self.ids.len() - self.fresh.len();
        self.known.len().saturating_sub(listed) as u64
    }

    /// The items that differ from their rows although they are listed as they were: a diff that
    /// trusts the index doesn't see them, and somebody else has written to the rows.
    pub(crate) fn foreign_edits(&self) -> &[ContentId] {
        &self.foreign_edits
    }

    /// Notes whether an item has left a category in which its row is.
    fn note_departure(&mut self, stored: Option<&Item>, item: &Item) {
        let Some(row) = stored else { return };
        let (before, now) = (row.categories(), item.categories());
        if before.as_slice().iter().all(|category| now.contains(category)) {
            // Looked for only where something was noted: most items leave nothing.
            if !self.departed.is_empty() {
                self.departed.remove(&item.id());
            }
        } else {
            self.departed.insert(item.id());
        }
    }

    /// The items that have left a category in which their rows are, by rising id.
    pub(crate) fn departed(&self) -> Vec<ContentId> {
        let mut ids: Vec<_> = self.departed.iter().copied().collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) const fn seen_items(&self) -> &SeenItems {
        &self.seen_items
    }

    /// Whether the listing is, so far, what is known: the same items in the same order, and what differs
    /// in their elements means nothing.
    pub(crate) fn is_as_known(&self) -> bool {
        self.ids == self.known.ids() && (self.counts.is_quiet() || self.digests == self.known.digests())
    }

    /// The counts so far; removals are not among them.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How many different items the listing has so far.
    pub const fn listed(&self) -> usize {
        self.ids.len()
    }

    /// The known ids that the listing doesn't have, in the order of the index.
    pub fn missing(&self) -> Vec<ContentId> {
        let unseen = self.seen_at.iter().zip(self.known.ids()).filter(|(place, _)| **place == UNSEEN);
        unseen.map(|(_, id)| ContentId(*id)).collect()
    }

    /// Ends the diff: returns the new index, or `None` when it is the same as the known one.
    ///
    /// `kept` are missing ids whose rows stay; they come last, with their old digests.
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

/// The place that the next id of a listing gets.
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
