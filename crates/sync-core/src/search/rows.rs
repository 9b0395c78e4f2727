//! Answers a selection from whole rows, for a store that keeps no search text.

use std::collections::{HashMap, HashSet};

use super::entry::Entry;
use super::index::SearchIndex;
use super::select::{Searched, select};
use super::{Hits, SearchFields};
use crate::model::{ContentId, ContentKind, Item, PerKind};
use crate::overlay::Shown;
use crate::ports::catalogue::{AnsweredBy, Selected, SelectedRow, Selection, Sort};

/// All rows of a kind, and the other values that a selection needs.
#[derive(Debug, Clone, Default)]
pub struct RowsOfKind<'a> {
    /// The rows, in any order.
    pub rows: Vec<&'a Item>,
    /// The ids in the panel's order.
    pub listed: Vec<ContentId>,
    /// The items whose removal is held.
    pub held: HashSet<ContentId>,
    /// How items are shown, for those that are not shown as their rows.
    pub shown: HashMap<ContentId, Shown>,
}

/// Returns the items of a selection, by a search index that is made for this call only. Most of the time is spent on
/// folding the text of all rows.
pub fn select_from_rows(kinds: &PerKind<RowsOfKind<'_>>, selection: &Selection, fields: SearchFields) -> Selected {
    // A profile without search text is searched in all fields.
    let searched_fields = if fields == SearchFields::Off { SearchFields::All } else { fields };
    let (view, filter) = (selection.view, &selection.filter);
    let plain = Shown::default();
    let items = kinds.clone().map(|of_kind| {
        let item = |row: &&Item| {
            let shown = of_kind.shown.get(&row.id()).unwrap_or(&plain);
            (view.item((*row).clone(), shown), shown.clone())
        };
        of_kind.rows.iter().map(item).collect::<Vec<_>>()
    });
    let indexes = PerKind::from_fn(|kind| {
        let of_kind = &kinds[kind];
        let entries = items[kind].iter().map(|(item, _)| Entry::of(item, searched_fields));
        let index = SearchIndex::from_entries(entries.collect());
        let order = if selection.sort == Sort::Panel { index.panel_order(&of_kind.listed) } else { Vec::new() };
        (index, order)
    });
    let asks = filter.favourite || filter.tag.is_some();
    let is_asked = |shown: &Shown| {
        (!filter.favourite || shown.favourite) && filter.tag.as_ref().is_none_or(|tag| shown.tags.contains(tag))
    };
    let ids = |kind: ContentKind, passes: &dyn Fn(&Shown) -> bool| -> HashSet<ContentId> {
        items[kind].iter().filter(|(_, shown)| passes(shown)).map(|(item, _)| item.id()).collect()
    };
    let sets = PerKind::from_fn(|kind| (ids(kind, &|shown| !view.has(shown)), ids(kind, &is_asked)));
    let searched: Vec<_> = indexes
        .iter()
        .map(|(kind, (index, panel_order))| {
            let (left_out, only) = &sets[kind];
            Searched { kind, index, panel_order, held: &kinds[kind].held, left_out, only: asks.then_some(only) }
        })
        .collect();
    let found = select(&searched, selection);
    let by_id: HashMap<(ContentKind, ContentId), &(Item, Shown)> =
        items.iter().flat_map(|(kind, of)| of.iter().map(move |it| ((kind, it.0.id()), it))).collect();
    let row = |kind, id| by_id.get(&(kind, id)).copied();
    let answered_by = if fields == SearchFields::Off { AnsweredBy::RowsWithoutText } else { AnsweredBy::RowsUntilSync };
    selected(found, answered_by, row)
}

fn selected<'a>(
    found: Hits,
    answered_by: AnsweredBy,
    row: impl Fn(ContentKind, ContentId) -> Option<&'a (Item, Shown)>,
) -> Selected {
    let next = found.hits.last().filter(|_| found.more).map(|hit| hit.cursor.clone());
    let rows = found.hits.into_iter().filter_map(|hit| {
        let (item, shown) = row(hit.kind, hit.id)?;
        Some(SelectedRow::of(item, shown, hit.cursor))
    });
    Selected::new(rows.collect(), next, answered_by)
}
