//! The findings of a run in the overlay, as JSON and for people.

use serde::Serialize;
use serde_json::Value;
use sync_core::text::printable;
use sync_core::{ContentKind, PerKind, ProfileId};
use sync_service::{OverlayNews, value_json};

use super::terminal::print_err;

/// The number of sentences that are shown per sort and kind.
const MOST: usize = 5;

/// The member `overlay` of a kind in `sync --json`.
#[derive(Serialize)]
pub(crate) struct News<'a> {
    edits: Vec<Edit<'a>>,
    moves: Vec<Move<'a>>,
    new_categories: Vec<Category<'a>>,
    /// The number of findings that are left out.
    more: u64,
}

#[derive(Serialize)]
struct Edit<'a> {
    id: i64,
    name: &'a str,
    field: &'static str,
    outcome: &'static str,
    local: Value,
    panel: Option<Value>,
}

#[derive(Serialize)]
struct Move<'a> {
    from: i64,
    to: i64,
    name: Option<&'a str>,
    certain: bool,
}

#[derive(Serialize)]
struct Category<'a> {
    id: &'a str,
    name: &'a str,
}

impl<'a> From<&'a OverlayNews> for News<'a> {
    fn from(news: &'a OverlayNews) -> Self {
        let edits = news.edits.iter().map(|edit| Edit {
            id: edit.id,
            name: &edit.name,
            field: edit.field.as_str(),
            outcome: edit.outcome.as_str(),
            local: value_json(&edit.local),
            panel: edit.panel.as_ref().map(value_json),
        });
        let moves = news.moves.iter().map(|one| Move {
            from: one.from,
            to: one.to,
            name: one.name.as_deref(),
            certain: one.is_certain,
        });
        let categories = news.new_categories.iter().map(|it| Category { id: &it.id, name: &it.name });
        Self { edits: edits.collect(), moves: moves.collect(), new_categories: categories.collect(), more: news.more }
    }
}

/// Prints the findings of a run to stderr, with what to do next.
pub(crate) fn notes(profile: &ProfileId, news: &PerKind<OverlayNews>) {
    let id = printable(profile.as_str());
    for kind in ContentKind::ALL {
        for sentence in news[kind].sentences(MOST) {
            print_err(&format!("note: {id}: {kind}: {sentence}"));
        }
    }
    let has_questions = |news: &OverlayNews| {
        let conflicts = news.edits.iter().any(|edit| edit.outcome == sync_core::overlay::EditOutcome::Conflicts);
        conflicts || news.moves.iter().any(|one| !one.is_certain)
    };
    if news.values().any(has_questions) {
        print_err("  hint: `xtream-sync conflicts` shows both values; `xtream-sync conflicts resolve` answers");
    }
}
