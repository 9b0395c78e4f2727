//! An apply, with all facts that its judgement needs.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{ContentKind, Item, Listed};

use super::run::{Run, Taken};
use super::state::KindState;
use crate::planner::model::{Rules, candidates};

/// An apply, and all facts that its judgement needs.
pub(crate) struct Applied<'a> {
    pub(crate) run: &'a Run,
    pub(crate) kind: ContentKind,
    pub(crate) before: &'a KindState,
    pub(crate) after: &'a KindState,
    pub(crate) taken: &'a Taken<'a>,
    /// The elements by id.
    pub(crate) listed: BTreeMap<i64, Vec<&'a Listed>>,
    /// The rows whose only listed elements are broken. They stay as they are.
    pub(crate) broken: BTreeSet<i64>,
    pub(crate) rules: Rules,
    pub(crate) categories_answered: bool,
    /// Whether the account had expired.
    pub(crate) expired: bool,
    pub(crate) now: i64,
    pub(crate) panel_now: i64,
}

impl Applied<'_> {
    /// Returns whether the panel lists a row, even if only with a broken element.
    pub(crate) fn lists(&self, id: i64) -> bool {
        self.listed.contains_key(&id) || self.broken.contains(&id)
    }

    /// Returns the rows that are right for these elements. If the list was fetched by category, an item also stays in
    /// those of its categories that didn't answer.
    pub(crate) fn candidates(&self, row: Option<&Item>, elements: &[&Listed]) -> Vec<Item> {
        let mut all = candidates(row, elements, &self.rules);
        let (Some(covered), Some(row)) = (&self.taken.covered, row) else { return all };
        let at = self.kind.field("category_ids").expect("every kind has its categories");
        for item in &mut all {
            let mut set = item.categories().clone();
            let kept = row.categories().as_slice().iter().filter(|id| !covered.contains(id));
            kept.for_each(|id| set.insert(id));
            item.set(at, sync_core::Value::Categories(set));
        }
        all
    }

    /// Returns whether the listing would have the row if it existed.
    pub(crate) fn covers(&self, row: &Item) -> bool {
        let Some(covered) = &self.taken.covered else { return true };
        let own = row.categories().as_slice();
        !own.is_empty() && own.iter().all(|id| covered.contains(id))
    }
}
