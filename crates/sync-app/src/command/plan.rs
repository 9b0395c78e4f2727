//! The plan of a dry run, for people.

use sync_core::text::one_line;
use sync_core::{HoldReason, KindPlan, PlannedItem, SyncReport};

use super::terminal::{grouped, print_out};

/// The number of items that are shown per group.
const SHOWN: usize = 20;

/// Prints what a sync would do.
pub(crate) fn print(report: &SyncReport) {
    for plan in &report.plan {
        lines(plan, &mut |line| print_out(&line));
    }
}

/// Passes the lines of a plan to `out`. There are none if a sync would change nothing.
fn lines(plan: &KindPlan, out: &mut dyn FnMut(String)) {
    let KindPlan { kind, added, updated, removed, held, .. } = plan;
    if added.is_empty() && updated.is_empty() && removed.is_empty() && held.is_empty() {
        return;
    }
    out(format!("  {kind}"));
    group("added", added.len(), added.iter().map(item), out);
    let names = |fields: sync_core::FieldSet| fields.names(kind.fields()).collect::<Vec<_>>().join(", ");
    group(
        "updated",
        updated.len(),
        updated.iter().map(|one| format!("{}: {}", item(&one.item), names(one.fields))),
        out,
    );
    group("removed", removed.len(), removed.iter().map(item), out);
    for reason in HoldReason::ALL {
        let of_reason = || held.iter().filter(|one| one.reason == reason);
        let title = format!("held, because {reason}");
        group(&title, of_reason().count(), of_reason().map(|one| item(&one.item)), out);
    }
}

fn group(title: &str, count: usize, items: impl Iterator<Item = String>, out: &mut dyn FnMut(String)) {
    if count == 0 {
        return;
    }
    out(format!("    {title}: {}", grouped(count as u64)));
    items.take(SHOWN).for_each(|item| out(format!("      {item}")));
    if count > SHOWN {
        out(format!("      … and {} more (--json shows all)", grouped((count - SHOWN) as u64)));
    }
}

fn item(item: &PlannedItem) -> String {
    format!("{}  {}", item.id, one_line(&item.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{ContentId, ContentKind, FieldSet, Loss, PlannedRemoval, PlannedUpdate};

    fn planned(id: i64, name: &str) -> PlannedItem {
        PlannedItem { id: ContentId(id), name: name.to_owned() }
    }

    fn told(plan: &KindPlan) -> Vec<String> {
        let mut told = Vec::new();
        lines(plan, &mut |line| told.push(line));
        told
    }

    #[test]
    fn a_plan_without_changes_prints_nothing() {
        assert_eq!(told(&KindPlan::new(ContentKind::Movies)), [""; 0]);
    }

    #[test]
    fn a_plan_names_items_fields_and_reasons() {
        let position = |name| ContentKind::Movies.fields().iter().position(|field| field.name == name).unwrap();
        let mut fields = FieldSet::EMPTY;
        ["name", "year"].map(position).into_iter().for_each(|at| fields.add(at));
        let held = |id, reason| PlannedRemoval { item: planned(id, "H"), reason };
        let plan = KindPlan {
            kind: ContentKind::Movies,
            added: vec![planned(1, "New\u{1b}[2J\none")],
            updated: vec![PlannedUpdate { item: planned(2, "Other"), fields }],
            removed: vec![planned(3, "Gone")],
            held: vec![
                held(4, HoldReason::Loss(Loss::ShareLost)),
                held(5, HoldReason::Loss(Loss::CategoryLost)),
                held(6, HoldReason::Loss(Loss::ShareLost)),
            ],
            foreign_edits: Vec::new(),
        };
        let expected = [
            "  movies",
            "    added: 1",
            "      1  New [2J one",
            "    updated: 1",
            "      2  Other: name, year",
            "    removed: 1",
            "      3  Gone",
            "    held, because more items are missing than is plausible: 2",
            "      4  H",
            "      6  H",
            "    held, because a category that had many items has none: 1",
            "      5  H",
        ];
        assert_eq!(told(&plan), expected);
    }

    #[test]
    fn a_long_group_is_cut() {
        let items = |count| (0..count).map(|id| planned(id, "x")).collect();
        let plan = |count| KindPlan { added: items(count), ..KindPlan::new(ContentKind::Series) };
        assert_eq!(told(&plan(20)).len(), 2 + 20);
        let told = told(&plan(1254));
        assert_eq!((told.len(), told[22].as_str()), (2 + 20 + 1, "      … and 1,234 more (--json shows all)"));
    }
}
