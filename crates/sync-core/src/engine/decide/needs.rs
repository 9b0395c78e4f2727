//! The values that a decision about missing items needs from the store. Most runs need none.

use std::collections::HashSet;

use super::Setting;
use super::categories::dropped_categories;
use crate::engine::state::{Arrived, Known, MissingRows};
use crate::model::{Category, CategorySet, ContentId};
use crate::removal::decide::released;
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::HeldRemoval;
use crate::run::record::RunId;

/// The values that the decision about missing items needs.
pub(in crate::engine) struct Needs {
    /// The known categories that the panel has dropped from its list of categories.
    pub(super) dropped: CategorySet,
    /// Whether the decision depends on the rows of the missing items.
    pub(in crate::engine) rows: bool,
    sound: bool,
}

impl Needs {
    /// Returns the needs of a listing without the items `missing`, from the held removals and the stored categories.
    pub(in crate::engine) fn new(
        answered: Option<&[Category]>,
        arrived: &Arrived,
        known: &Known,
        missing: &[ContentId],
        setting: &Setting<'_>,
    ) -> Self {
        let sound = setting.circumstances(arrived, &known.held).is_sound();
        let dropped = match answered {
            Some(answered) if sound && !missing.is_empty() => dropped_categories(answered, &known.categories, setting),
            _ => CategorySet::NONE,
        };
        let lost = HoldReason::Loss(Loss::CategoryLost);
        let may_go = !dropped.is_empty() && known.held.iter().any(|held| held.reason == lost);
        let waits = |id: &ContentId| {
            let found = known.held.binary_search_by_key(id, |held| held.id);
            found.is_ok_and(|found| known.held[found].reason.is_loss())
        };
        let decides_new = sound && (may_go || missing.iter().any(|id| !waits(id)));
        Self { dropped, rows: arrived.compared.by_category.is_some() || decides_new, sound }
    }

    /// Returns the categories that may have lost all of their many items, as positions in
    /// [`MissingRows::categories`]. Whether they have depends on how many they had.
    pub(in crate::engine) fn suspects(&self, arrived: &Arrived, rows: &MissingRows, setting: &Setting<'_>) -> Vec<u32> {
        let threshold = setting.options.guard.category_rows;
        let seen_items = arrived.compared.differ.seen_items();
        let is_suspect = |position: &u32| {
            let (name, missing) = rows.category(*position);
            !self.dropped.contains(name) && seen_items.may_be_emptied(name, threshold, missing)
        };
        let looked_at = if self.sound && self.rows && threshold > 0 { rows.sizes.len() } else { 0 };
        (0..).take(looked_at).filter(is_suspect).collect()
    }

    /// Returns the categories that had many items and have none.
    pub(super) fn lost_categories(&self, arrived: &Arrived, known: &Known, setting: &Setting<'_>) -> Vec<u32> {
        let mut lost = self.suspects(arrived, &known.rows, setting);
        lost.retain(|position| {
            let (name, missing) = known.rows.category(*position);
            let size = known.size(name);
            let seen_items = arrived.compared.differ.seen_items();
            size >= setting.options.guard.category_rows && seen_items.is_emptied(name, size, missing)
        });
        lost
    }
}

/// Returns the runs that first held the removals that evidence releases now.
pub(in crate::engine) fn ready(arrived: &Arrived, held: &[HeldRemoval], setting: &Setting<'_>) -> HashSet<RunId> {
    let circumstances = setting.circumstances(arrived, held);
    held.iter().filter(|held| released(&circumstances, held)).map(|held| held.run).collect()
}
