//! The results of searches, compared with the rows (I24).

use std::collections::HashMap;

use sync_core::catalogue::{Filter, Selection, Sort, View};
use sync_core::overlay::{CompiledRules, OverlayRules, Shown};
use sync_core::search::{RowsOfKind, fold, select_from_rows};
use sync_core::{CategoryId, ContentId, ContentKind, Item, PerKind, ProfileId, SearchFields, Words};

use super::backend::TestedStore;
use super::state::{KindState, State};
use crate::campaign::Violation;
use crate::promise;

/// The number of results of a page. Usually there are more results.
const PAGE: u32 = 20;

/// Asks some questions, which change with the state, and compares the answers with the rows.
pub(crate) async fn agrees(store: &dyn TestedStore, profile: &ProfileId, state: &State) -> Result<(), Violation> {
    let kinds = PerKind::from_fn(|kind| {
        let (rules, state) = (&state.rules, state.kind(kind));
        RowsOfKind {
            shown: shown(rules, kind, state),
            rows: state.rows.values().collect(),
            listed: state.index.ids().iter().copied().map(ContentId).collect(),
            held: state.held.iter().map(|held| held.id).collect(),
        }
    });
    for selection in questions(state) {
        let found = store.select(profile, selection.clone()).await;
        let found = found.map_err(|error| Violation::new(format!("{selection:?} fails: {error} (I24)")))?;
        let expected = select_from_rows(&kinds, &selection, SearchFields::All);
        promise!(
            (&found.rows, &found.next) == (&expected.rows, &expected.next),
            "{selection:?} finds {:?}, not {:?} (I24)",
            found.rows,
            expected.rows
        );
    }
    Ok(())
}

/// Returns how the items of a kind are shown, computed anew from rows, edits and rules.
fn shown(rules: &OverlayRules, kind: ContentKind, state: &KindState) -> HashMap<ContentId, Shown> {
    let mut rules = CompiledRules::new(rules, kind, &state.categories).expect("a store checks rules");
    let shown = |row: &Item| (row.id(), rules.shown_item(row, state.edited.get(&row.id().0)));
    state.rows.values().map(shown).collect()
}

fn questions(state: &State) -> Vec<Selection> {
    let turn = state.changes.len() + state.runs.len();
    let rows: Vec<&Item> = state.kinds.values().flat_map(|kind| kind.rows.values()).collect();
    let Some(item) = rows.get(turn % rows.len().max(1)) else {
        return vec![Selection::of_words(Words::new("a"), PAGE)];
    };
    let name = fold(item.name());
    let word = name.split(' ').nth(turn % 2).unwrap_or(&name);
    let kind = ContentKind::ALL[turn % 3];
    let mut sorts = vec![Sort::Name, Sort::Added, Sort::Year, Sort::Rating];
    if state.kind(kind).consistent {
        // If the index is inconsistent, the store sorts by another order than the one that it returns.
        sorts.push(Sort::Panel);
    }
    let mut filter = Filter::none();
    match (turn % 4, item.category_id()) {
        (0, Some(id)) => filter = filter.in_category(kind, CategoryId(id.to_owned())),
        (1, _) => filter = filter.only_held(),
        (2, _) if turn % 8 < 4 => filter = filter.only_favourites(),
        (2, _) => filter = filter.tagged("kids"),
        _ => {}
    }
    let view = [View::ROWS, View { hidden: true, ..View::SHOWN }, View { panel: true, ..View::SHOWN }][turn % 3];
    vec![
        Selection::of_words(Words::new(item.name()), PAGE),
        Selection::of_words(Words::new(word), 1_000),
        Selection::of_kind(kind, PAGE).sorted(Sort::Name).seen(view),
        Selection::of_kind(kind, PAGE).sorted(sorts[turn % sorts.len()]).filtered(filter),
    ]
}
