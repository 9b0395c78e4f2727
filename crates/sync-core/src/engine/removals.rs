//! Gathers what has to be known before missing items are settled.

use std::collections::{HashMap, HashSet};

use super::kind::{Arrived, Compared};
use super::visit::Visit;
use super::{Engine, Run, Stop, guard};
use crate::arrivals::Marks;
use crate::guard::{HoldReason, are_dropped};
use crate::model::{Category, CategoryId, CategorySet, ContentId, ContentKind, Text};
use crate::settle::{Circumstances, Missing, Settled, released, settle};
use crate::store::{HeldRemoval, RunId};

/// Rows looked at in one go; memory is bounded by it.
const ROWS: usize = 500;

/// What is known of a missing item from its row.
struct Traits {
    id: ContentId,
    marks: Marks,
    /// Positions in [`Rows::categories`].
    categories: Vec<u32>,
    covered: bool,
    unanswered: bool,
}

/// What is known of the missing items from their rows.
#[derive(Default)]
struct Rows {
    items: Vec<Traits>,
    categories: Vec<String>,
    /// How many of the missing items each category has.
    sizes: Vec<u64>,
    names: HashMap<ContentId, String>,
}

impl Engine {
    /// Decides about the items that a listing doesn't have. Also returns their names, in a dry run.
    pub(super) async fn settle(
        &self,
        run: &Run<'_>,
        visit: &mut Visit,
        arrived: &Arrived,
        held_before: &[HeldRemoval],
    ) -> Result<(Settled, HashMap<ContentId, String>), Stop> {
        let kind = visit.kind;
        let Arrived { categories, stored, compared, doubt } = arrived;
        let missing = compared.differ.missing();
        let listed = compared.differ.listed() as u64;
        let doubt = doubt.or((listed == 0 && !stored.index.is_empty()).then_some(HoldReason::EmptyListing));
        let waits = |id: &ContentId| {
            held_before.binary_search_by_key(id, |held| held.id).is_ok_and(|at| held_before[at].reason.is_loss())
        };
        let dropped = match categories {
            Some(categories) if doubt.is_none() && !missing.is_empty() => {
                self.dropped_categories(run, kind, categories).await?
            }
            _ => CategorySet::NONE,
        };
        // Rows are looked at only where something depends on them.
        let may_go = !dropped.is_empty() && held_before.iter().any(|held| held.reason == HoldReason::CategoryLost);
        let settles_new = doubt.is_none() && (may_go || missing.iter().any(|id| !waits(id)));
        let needed = compared.by_category.is_some() || settles_new;
        let rows = if needed || run.options.dry_run {
            self.traits(run, kind, compared, &missing).await?
        } else {
            Rows::default()
        };
        let lost = if doubt.is_none() {
            self.lost_categories(run, kind, compared, &rows, &dropped).await?
        } else {
            Vec::new()
        };
        let marks: Vec<_> = rows.items.iter().map(|item| (item.marks, item.id)).collect();
        let successors = if needed { compared.differ.arrivals().successors(&marks) } else { hashbrown::HashMap::new() };
        let known: HashMap<ContentId, &Traits> = rows.items.iter().map(|item| (item.id, item)).collect();
        let missing: Vec<_> = missing
            .into_iter()
            .map(|id| {
                let traits = known.get(&id);
                let is_in = |category: &u32| dropped.contains(&rows.categories[*category as usize]);
                Missing {
                    id,
                    category_dropped: traits.is_some_and(|it| it.categories.iter().any(is_in)),
                    covered: compared.by_category.is_none() || traits.is_some_and(|traits| traits.covered),
                    unanswered: traits.is_some_and(|traits| traits.unanswered),
                    category_lost: traits.is_some_and(|it| it.categories.iter().any(|at| lost.contains(at))),
                    successor: successors.get(&id).copied(),
                }
            })
            .collect();
        let at = Circumstances {
            stored: stored.index.len() as u64,
            listed,
            doubt,
            held_before,
            consent: run.options.accept_removals,
            others_shrank: run.shrunk.iter().any(|(other, _)| *other != kind),
            thresholds: run.options.guard,
            retention: run.options.retention,
            listing: visit.facts.sound_listings.saturating_add(1),
            now: self.clock.now(),
            panel_now: compared.end.started_at.unwrap_or(compared.asked_at),
            run: run.id,
        };
        let together = self.lost_together(run, kind, &at).await?;
        let held_before: Vec<_>;
        let at = if together.is_empty() {
            at
        } else {
            held_before = at.held_before.iter().map(|held| consent_only(held, &together)).collect();
            Circumstances { held_before: &held_before, ..at }
        };
        let settled = settle(&at, missing);
        let moved = settled.successors.len();
        if crate::settle::is_renumbering(moved, settled.removed.len()) {
            visit.warnings.push(format!("{kind}: {moved} of the removed items came back under other ids").into());
        }
        Ok((settled, rows.names))
    }

    /// The runs that were the first to miss what is about to be released by evidence here, and in which
    /// another kind shrank as well. It is marked when such a run ends; this is for one that did not.
    async fn lost_together(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        at: &Circumstances<'_>,
    ) -> Result<HashSet<RunId>, Stop> {
        let ready: HashSet<_> = at.held_before.iter().filter(|held| released(at, held)).map(|held| held.run).collect();
        let mut together = HashSet::new();
        if ready.is_empty() {
            return Ok(together);
        }
        for other in ContentKind::ALL.into_iter().filter(|other| *other != kind) {
            let held = guard(run.cancel, async { Ok(self.store.held(run.profile, other).await?) }).await?;
            let lost = held.iter().filter(|held| held.reason == HoldReason::SeveralKinds && ready.contains(&held.run));
            together.extend(lost.map(|held| held.run));
        }
        Ok(together)
    }

    /// Looks at the rows of the missing items.
    async fn traits(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        compared: &Compared,
        missing: &[ContentId],
    ) -> Result<Rows, Stop> {
        let mut rows = Rows::default();
        let mut positions: HashMap<Text, u32> = HashMap::new();
        for ids in missing.chunks(ROWS) {
            let found =
                guard(run.cancel, async { Ok(self.store.rows(run.profile, kind, ids.to_vec()).await?) }).await?;
            for item in found {
                let mut categories = Vec::new();
                for name in item.categories().as_slice() {
                    let at = *positions.entry(name.clone()).or_insert_with(|| {
                        rows.categories.push(name.as_str().to_owned());
                        rows.sizes.push(0);
                        u32::try_from(rows.sizes.len() - 1).expect("fewer categories than items")
                    });
                    rows.sizes[at as usize] += 1;
                    categories.push(at);
                }
                if run.options.dry_run {
                    rows.names.insert(item.id(), item.name().to_owned());
                }
                let own = item.categories();
                let by_category = compared.by_category.as_ref();
                rows.items.push(Traits {
                    id: item.id(),
                    marks: Marks::of(&item),
                    categories,
                    covered: by_category.is_none_or(|it| is_covered(own, &it.covered)),
                    unanswered: by_category
                        .is_some_and(|it| own.as_slice().iter().any(|category| it.unanswered.contains(category))),
                });
            }
        }
        Ok(rows)
    }

    /// The known categories that the panel has dropped from its list of categories.
    async fn dropped_categories(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        answered: &[Category],
    ) -> Result<CategorySet, Stop> {
        let stored = guard(run.cancel, async { Ok(self.store.categories(run.profile, kind).await?) }).await?;
        let listed: HashSet<_> = answered.iter().map(|category| &category.id).collect();
        let missing: CategorySet =
            stored.iter().filter(|known| !listed.contains(&known.id)).map(|known| &known.id.0).collect();
        let plausible = are_dropped(stored.len(), missing.as_slice().len(), run.options.guard);
        Ok(if plausible { missing } else { CategorySet::NONE })
    }

    /// The categories that had many items and have none, as positions in [`Rows::categories`].
    async fn lost_categories(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        compared: &Compared,
        rows: &Rows,
        dropped: &CategorySet,
    ) -> Result<Vec<u32>, Stop> {
        let threshold = run.options.guard.category_rows;
        let arrivals = compared.differ.arrivals();
        let mut suspects: Vec<u32> = (0..).take(rows.sizes.len()).collect();
        suspects.retain(|at| {
            let (name, missing) = (&rows.categories[*at as usize], rows.sizes[*at as usize]);
            threshold > 0 && !dropped.contains(name) && arrivals.may_be_deserted(name, threshold, missing)
        });
        if suspects.is_empty() {
            return Ok(suspects);
        }
        let names = suspects.iter().map(|at| CategoryId(rows.categories[*at as usize].clone())).collect();
        let sizes = guard(run.cancel, async { Ok(self.store.category_sizes(run.profile, kind, names).await?) }).await?;
        let mut sizes = sizes.into_iter();
        suspects.retain(|at| {
            let size = sizes.next().unwrap_or_default();
            let (name, missing) = (&rows.categories[*at as usize], rows.sizes[*at as usize]);
            size >= threshold && arrivals.is_deserted(name, size, missing)
        });
        Ok(suspects)
    }
}

/// A held removal, for consent only if it was lost in one of these runs.
fn consent_only(held: &HeldRemoval, together: &HashSet<RunId>) -> HeldRemoval {
    let reason =
        if held.reason.is_shrink() && together.contains(&held.run) { HoldReason::SeveralKinds } else { held.reason };
    HeldRemoval { reason, ..held.clone() }
}

/// Whether a listing of these categories would have the item. One without category is in none.
fn is_covered(categories: &CategorySet, covered: &CategorySet) -> bool {
    !categories.is_empty() && categories.as_slice().iter().all(|category| covered.contains(category))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_with_other_kinds_waits_for_consent() {
        let held = |reason, run| HeldRemoval {
            id: ContentId(1),
            reason,
            since: 5,
            run: RunId(run),
            evidence: None,
            successor: None,
        };
        let together = HashSet::from([RunId(3)]);
        let cases = [
            (HoldReason::ShareLost, 3, HoldReason::SeveralKinds),
            (HoldReason::ShareLost, 4, HoldReason::ShareLost),
            (HoldReason::CategoriesMissing, 3, HoldReason::CategoriesMissing),
        ];
        for (reason, run, then) in cases {
            assert_eq!(consent_only(&held(reason, run), &together), held(then, run));
        }
    }
}
