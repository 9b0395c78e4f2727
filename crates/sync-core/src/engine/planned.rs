//! Collects the plan of a dry run.

use std::collections::HashMap;

use crate::detect::merge::Change;
use crate::model::{ContentId, ContentKind};
use crate::ports::store::StagedItem;
use crate::removal::decide::RemovalDecision;
use crate::run::plan::{KindPlan, PlannedItem, PlannedRemoval, PlannedUpdate};

/// The items that are staged so far, in the panel's order.
#[derive(Debug, Default)]
pub(super) struct Planned {
    items: Vec<(PlannedItem, Change)>,
    /// The position of an id in `items`. A further element with the same id replaces the planned change.
    at: HashMap<ContentId, usize>,
}

impl Planned {
    pub(super) fn put(&mut self, staged: &[StagedItem]) {
        for one in staged {
            let item = PlannedItem { id: one.item.id(), name: one.item.name().to_owned() };
            if let Some(at) = self.at.get(&item.id) {
                self.items[*at] = (item, one.change);
            } else {
                self.at.insert(item.id, self.items.len());
                self.items.push((item, one.change));
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the plan; `names` are those of the missing items.
    pub(super) fn into_plan(
        self,
        kind: ContentKind,
        decision: &RemovalDecision,
        names: &HashMap<ContentId, String>,
        foreign_edits: &[ContentId],
    ) -> KindPlan {
        let mut plan = KindPlan { foreign_edits: foreign_edits.to_vec(), ..KindPlan::new(kind) };
        for (item, change) in self.items {
            match change {
                Change::Added => plan.added.push(item),
                Change::Updated(fields) => plan.updated.push(PlannedUpdate { item, fields }),
                Change::Refreshed(_) | Change::Unchanged | Change::IgnoredByPolicy => {}
            }
        }
        let planned = |id: ContentId| PlannedItem { id, name: names.get(&id).cloned().unwrap_or_default() };
        plan.removed = decision.removed.iter().copied().map(planned).collect();
        plan.removed.sort_unstable_by_key(|item| item.id);
        plan.held =
            decision.held.iter().map(|held| PlannedRemoval { item: planned(held.id), reason: held.reason }).collect();
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{movie, staged};

    #[test]
    fn the_last_change_of_an_item_is_planned_and_a_restart_empties_the_plan() {
        let mut planned = Planned::default();
        planned.put(&[staged(movie(1), Change::Added), staged(movie(2), Change::Added)]);
        planned.put(&[staged(movie(1).name("Later"), Change::Added)]);
        let names: Vec<_> = planned.items.iter().map(|(item, _)| item.name.as_str()).collect();
        assert_eq!(names, ["Later", "Movie 2"]);
        planned.clear();
        planned.put(&[staged(movie(2), Change::Added)]);
        assert_eq!((planned.items.len(), planned.at.len()), (1, 1));
    }
}
