//! The findings of a run in the overlay, as JSON and for people.

use sync_core::text::printable;
use sync_core::{ContentKind, PerKind, ProfileId};
use sync_service::{OverlayNews, value_json};

use super::terminal::print_err;
use crate::json::{self, EditNews, MoveNews, NewCategory};

/// The number of sentences that are shown per sort and kind.
const MOST: usize = 5;

impl<'a> From<&'a OverlayNews> for json::OverlayNews<'a> {
    fn from(news: &'a OverlayNews) -> Self {
        let edits = news.edits.iter().map(|edit| EditNews {
            id: edit.id,
            name: edit.name.as_str().into(),
            field: edit.field.as_str().into(),
            outcome: edit.outcome.as_str().into(),
            local: value_json(&edit.local),
            panel: edit.panel.as_ref().map(value_json),
        });
        let moves = news.moves.iter().map(|one| MoveNews {
            from: one.from,
            to: one.to,
            name: one.name.as_deref().map(Into::into),
            certain: one.is_certain,
        });
        let categories = news
            .new_categories
            .iter()
            .map(|it| NewCategory { id: it.id.as_str().into(), name: it.name.as_str().into() });
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
