//! Decides which stored categories of a kind stay. A panel can lose categories as easily as items.

use std::collections::HashSet;

use super::Setting;
use crate::engine::state::Known;
use crate::model::{Category, CategorySet};
use crate::removal::guard::{Doubt, HoldReason, are_dropped, implausible};
use crate::run::report::Warning;

/// Returns the known categories that the panel has dropped from its list of categories.
pub(super) fn dropped_categories(answered: &[Category], stored: &[Category], setting: &Setting<'_>) -> CategorySet {
    let missing = vanished(answered, stored);
    let plausible = are_dropped(stored.len(), missing.len(), setting.options.guard);
    if plausible { missing.iter().map(|known| &known.id.0).collect() } else { CategorySet::NONE }
}

/// Returns the stored categories that the panel doesn't list.
fn vanished<'a>(answered: &[Category], stored: &'a [Category]) -> Vec<&'a Category> {
    let listed: HashSet<_> = answered.iter().map(|category| &category.id).collect();
    stored.iter().filter(|known| !listed.contains(&known.id)).collect()
}

/// Returns the reason why the loss of this number of categories is implausible; `None` if it is plausible.
fn implausibly_vanished(listed: usize, vanished: usize, setting: &Setting<'_>) -> Option<HoldReason> {
    let (listed, missing) = (listed as u64, vanished as u64);
    let expired = setting.account_expired.then_some(HoldReason::Doubt(Doubt::AccountExpired));
    let loss = implausible(listed + missing, listed, missing, setting.options.guard).map(HoldReason::Loss);
    expired.filter(|_| missing > 0).or(loss)
}

/// Returns the vanished categories whose number of items the decision needs.
pub(in crate::engine) fn weighed<'a>(
    answered: &[Category],
    stored: &'a [Category],
    setting: &Setting<'_>,
) -> Vec<&'a Category> {
    let vanished = vanished(answered, stored);
    let listed: HashSet<_> = answered.iter().map(|category| &category.id).collect();
    let weighs = !answered.is_empty() && implausibly_vanished(listed.len(), vanished.len(), setting).is_some();
    if weighs { vanished } else { Vec::new() }
}

/// Returns the categories to write; `None` if nothing changes. Categories that vanished implausibly are put back. Of
/// the others, those without items after this listing are removed. All of them are removed with the last row of the
/// kind; `left` is the number of rows.
///
/// The decision is idempotent: a next sync of the same lists must come to the same categories.
pub(super) fn kept_categories(
    mut answered: Vec<Category>,
    known: &Known,
    left: usize,
    is_empty: impl Fn(&str, u64) -> bool,
    setting: &Setting<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<Vec<Category>> {
    let stored = &known.categories;
    let mut met = HashSet::new();
    answered.retain(|category| met.insert(category.id.clone()));
    let mut missing: Vec<_> = vanished(&answered, stored);
    if implausibly_vanished(answered.len(), missing.len(), setting).is_some() && left > 0 {
        if !answered.is_empty() {
            missing.retain(|category| !is_empty(&category.id.0, known.size(&category.id.0)));
        }
        if let Some(reason) = implausibly_vanished(answered.len(), missing.len(), setting) {
            let kind = setting.record.kind;
            let told = format!("{kind}: {} categories are missing and stay, because {reason}", missing.len());
            warnings.push(told.into());
            answered.extend(missing.into_iter().cloned());
        }
    }
    (answered != *stored).then_some(answered)
}
