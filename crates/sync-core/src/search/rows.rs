//! Answering a selection from whole rows: for a store that keeps no search text.

use std::collections::{HashMap, HashSet};

use super::entry::Entry;
use super::index::SearchIndex;
use super::select::{Searched, select};
use super::{Hits, SearchFields};
use crate::model::{ContentId, ContentKind, Item, PerKind};
use crate::ports::catalogue::{AnsweredBy, Selected, SelectedRow, Selection, Sort};

/// All rows of a kind, and what else a selection asks of it.
#[derive(Debug, Clone, Default)]
pub struct RowsOfKind<'a> {
    /// The rows, in any order.
    pub rows: Vec<&'a Item>,
    /// The ids in the panel's order.
    pub listed: Vec<ContentId>,
    /// The items whose removal is held.
    pub held: HashSet<ContentId>,
}

/// Returns the items of a selection, with a search index made for this one call. The time is that of folding the text
/// of all rows.
pub fn select_from_rows(kinds: &PerKind<RowsOfKind<'_>>, selection: &Selection, fields: SearchFields) -> Selected {
    // A profile that keeps no text is searched in all of it.
    let searched_fields = if fields == SearchFields::Off { SearchFields::All } else { fields };
    let indexes = kinds.clone().map(|of_kind| {
        let entries = of_kind.rows.iter().map(|item| Entry::of(item, searched_fields));
        let index = SearchIndex::from_entries(entries.collect());
        let order = if selection.sort == Sort::Panel { index.panel_order(&of_kind.listed) } else { Vec::new() };
        (index, order)
    });
    let searched: Vec<_> = indexes
        .iter()
        .map(|(kind, (index, panel_order))| Searched { kind, index, panel_order, held: &kinds[kind].held })
        .collect();
    let found = select(&searched, selection);
    let by_id: HashMap<(ContentKind, ContentId), &Item> =
        kinds.iter().flat_map(|(kind, of)| of.rows.iter().map(move |item| ((kind, item.id()), *item))).collect();
    let row = |kind, id| by_id.get(&(kind, id)).copied();
    let answered_by = if fields == SearchFields::Off { AnsweredBy::RowsWithoutText } else { AnsweredBy::RowsUntilSync };
    selected(found, answered_by, row)
}

fn selected<'a>(
    found: Hits,
    answered_by: AnsweredBy,
    row: impl Fn(ContentKind, ContentId) -> Option<&'a Item>,
) -> Selected {
    let next = found.hits.last().filter(|_| found.more).map(|hit| hit.cursor.clone());
    let rows = found.hits.into_iter().filter_map(|hit| Some(SelectedRow::of(row(hit.kind, hit.id)?, hit.cursor)));
    Selected::new(rows.collect(), next, answered_by)
}
