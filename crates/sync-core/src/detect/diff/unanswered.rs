//! Categories that were not answered. Their items stay in them.

use hashbrown::HashMap;

use super::{Differ, UNSEEN, count};
use crate::detect::digest::Digest;
use crate::model::{CategorySet, Item, Value};
use crate::ports::store::StagedItem;

impl Differ {
    /// Puts items back into those categories of their rows that were not answered, because nobody knows whether they
    /// have left them. Takes rows and staged items of some of [`Self::departed`]. Returns the items to stage instead.
    pub(crate) fn kept_in_place(
        &mut self,
        stored: Vec<Item>,
        staged: Vec<StagedItem>,
        answered: &CategorySet,
    ) -> Vec<StagedItem> {
        let at = self.kind.field_positions().category_ids;
        let mut staged: HashMap<i64, StagedItem> = staged.into_iter().map(|it| (it.item.id().0, it)).collect();
        let mut out = Vec::new();
        for row in stored {
            let Some(mut one) = staged.remove(&row.id().0) else { continue };
            let mut united = one.item.categories().clone();
            for category in row.categories().as_slice().iter().filter(|category| !answered.contains(category)) {
                united.insert(category);
            }
            if united == *one.item.categories() {
                continue;
            }
            one.item.set(at, Value::Categories(united));
            let change = self.judged_again(Some(&row), &one.item);
            let before = count(&mut self.counts, one.change);
            *before = before.saturating_sub(1);
            *count(&mut self.counts, change) += 1;
            one.change = change;
            // The item is not as the panel lists it, so the next listing compares it again.
            let position = self.known.position(row.id(), 0);
            let place = position.map(|at| self.seen_at[at]).or_else(|| self.fresh.find(&self.ids, row.id()));
            if let Some(place) = place.filter(|place| *place != UNSEEN) {
                self.digests[place as usize] = Digest::NEVER.0;
            }
            out.push(one);
        }
        out
    }
}
