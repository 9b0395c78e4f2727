//! The rare case of an id that is listed several times.

use super::out::Out;
use super::rank::{AS_STORED, Candidate, one_of, rank_over, ranked};
use super::verdict::Verdict;
use super::{ContractBreach, Differ, count};
use crate::detect::digest::Digest;
use crate::detect::merge::{Change, borrows_category};
use crate::model::Item;
use crate::ports::source::Entry;
use crate::ports::store::StagedItem;

impl Differ {
    /// Takes a further element of an id, and makes one item of it and the staged one. If nothing was staged, the
    /// earlier element equals the stored row.
    pub(super) fn repeated(
        &mut self,
        entry: Entry,
        place: u32,
        stored: Option<&Item>,
        out: &mut Out,
    ) -> Result<(), ContractBreach> {
        let id = entry.id();
        if self.several.insert(place) {
            let known = self.known.position(id, self.cursor.saturating_sub(1)).map(|at| self.known.digest_at(at));
            self.tally.take_back(place, stored.is_some() && known.is_some_and(|it| !it.is_never()));
        }
        self.digests[place as usize] = Digest::NEVER.0;
        let as_stored = || {
            stored.map(|row| StagedItem {
                item: row.clone(),
                change: Change::Unchanged,
                rank: Some(AS_STORED),
                hash: None,
            })
        };
        let earlier = out.take(id).or_else(as_stored);
        let earlier_borrows = self.borrowers.remove(&id);
        let now = match entry {
            Entry::Same(_) | Entry::Broken(_) => {
                ranked(as_stored().ok_or(ContractBreach::UnknownSame(id))?, stored, false)
            }
            Entry::Item(mut listed, _) => {
                let borrows = borrows_category(stored, &listed);
                let Verdict { change, differs, .. } = self.merged(stored, &mut listed)?;
                let rank = stored.map(|_| rank_over(&listed, differs));
                ranked(StagedItem { item: listed.item, change, rank, hash: None }, stored, borrows)
            }
        };
        let Candidate { rank, item, borrows_category } = match earlier {
            None => now,
            Some(earlier) => {
                let before = count(&mut self.counts, earlier.change);
                *before = before.saturating_sub(1);
                one_of(ranked(earlier, stored, earlier_borrows), now)
            }
        };
        if borrows_category {
            self.borrowers.insert(id);
        }
        if !self.known.is_empty() {
            self.seen_items.observe_again(&item);
        }
        let change = self.judged_again(stored, &item);
        self.note_departure(stored, &item);
        *count(&mut self.counts, change) += 1;
        out.put(StagedItem { item, change, rank: Some(rank), hash: None });
        Ok(())
    }
}
