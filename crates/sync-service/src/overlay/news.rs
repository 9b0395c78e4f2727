//! The findings of a run in the overlay, ready to be reported: without the login, and with the names of the items.

use sync_core::overlay::{EditEvent, EditField, EditOutcome, EditValue, Move};
use sync_core::store::Applied;
use sync_core::text::one_line;
use sync_core::{ContentId, ContentKind, PerKind, SyncReport};

use super::words::CategoryNames;
use crate::secrets::Login;
use crate::service::Service;

/// The findings of a run in the overlay of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverlayNews {
    /// Edits that conflict now or have ended.
    pub edits: Vec<EditNews>,
    /// Items that are gone, each with the item to which its edits have moved or may belong.
    pub moves: Vec<MoveNews>,
    /// New categories, if the filter of the kind reports them.
    pub new_categories: Vec<CategoryNews>,
    /// The number of findings that are not listed here.
    pub more: u64,
    /// The names of the categories in the edits, as far as they were read.
    pub category_names: CategoryNames,
}

/// An edit that conflicts now, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EditNews {
    /// The item.
    pub id: i64,
    /// The panel's name of the item.
    pub name: String,
    /// The field.
    pub field: EditField,
    /// The outcome.
    pub outcome: EditOutcome,
    /// The user's value.
    pub local: EditValue,
    /// The panel's value; `None` if it has none.
    pub panel: Option<EditValue>,
}

/// Edits that follow an item to another id, or may belong to that id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MoveNews {
    /// The id of the item that is gone.
    pub from: i64,
    /// The id of the item that is the same, or may be.
    pub to: i64,
    /// The panel's name of the item with the id `to`; `None` if it was not read.
    pub name: Option<String>,
    /// Whether the edits have moved. Otherwise the move is an offer.
    pub is_certain: bool,
}

/// A new category.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CategoryNews {
    /// The panel's id.
    pub id: String,
    /// The name.
    pub name: String,
}

impl OverlayNews {
    /// Returns the findings of a kind, with at most `most` of each sort. The login is blanked. Moves have no names.
    pub fn of(applied: &Applied, most: usize, login: &Login) -> Self {
        let blank = |text: &str| login.blank(text).into_owned();
        let edit = |event: &EditEvent| EditNews {
            id: event.id.0,
            name: blank(&event.name),
            field: event.field,
            outcome: event.outcome,
            local: login.blank_value(&event.local),
            panel: event.panel.as_ref().map(|value| login.blank_value(value)),
        };
        let moved = |Move { from, to, is_certain }: &Move| MoveNews {
            from: from.0,
            to: to.0,
            name: None,
            is_certain: *is_certain,
        };
        let left = |all: usize| all.saturating_sub(most) as u64;
        Self {
            edits: applied.edits.iter().take(most).map(edit).collect(),
            moves: applied.moves.iter().take(most).map(moved).collect(),
            new_categories: applied
                .new_categories
                .iter()
                .take(most)
                .map(|category| CategoryNews { id: blank(&category.id.0), name: blank(&category.name) })
                .collect(),
            more: left(applied.edits.len()) + left(applied.moves.len()) + left(applied.new_categories.len()),
            category_names: CategoryNames::default(),
        }
    }

    /// Returns the findings as sentences for people, with at most `most` of each sort and the number of the others.
    pub fn sentences(&self, most: usize) -> Vec<String> {
        let mut sentences: Vec<_> = self.edits.iter().take(most).map(|edit| self.of_edit(edit)).collect();
        sentences.extend(self.moves.iter().take(most).map(of_move));
        let categories = self.new_categories.iter().take(most);
        sentences.extend(categories.map(|it| format!("new category {} \"{}\"", one_line(&it.id), short(&it.name))));
        let all = [self.edits.len(), self.moves.len(), self.new_categories.len()];
        let more = all.iter().map(|all| all.saturating_sub(most) as u64).sum::<u64>() + self.more;
        if more > 0 {
            let further = if sentences.is_empty() { "" } else { "more " };
            let noun = if more == 1 { "change" } else { "changes" };
            sentences.push(format!("{more} {further}{noun} of the overlay"));
        }
        sentences
    }

    /// Returns whether there is nothing to report.
    pub const fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.moves.is_empty() && self.new_categories.is_empty() && self.more == 0
    }

    fn of_edit(&self, edit: &EditNews) -> String {
        let EditNews { id, field, outcome, .. } = edit;
        let words = |value: &EditValue| self.category_names.value(*field, value);
        let (name, local) = (short(&edit.name), short(&words(&edit.local)));
        let panel = edit.panel.as_ref().map_or_else(|| "none".to_owned(), |it| format!("\"{}\"", short(&words(it))));
        match outcome {
            EditOutcome::Converged => format!("the panel has your {field} of {id} \"{name}\" now, and your edit ends"),
            EditOutcome::Overruled => {
                format!("your {field} of {id} \"{name}\", \"{local}\", ends; the panel's is {panel}")
            }
            _ => format!("the panel has another {field} of {id} \"{name}\" now, {panel}; yours stays, \"{local}\""),
        }
    }
}

fn of_move(one: &MoveNews) -> String {
    let MoveNews { from, to, .. } = one;
    let name = one.name.as_ref().map(|name| format!(" \"{}\"", short(name))).unwrap_or_default();
    if one.is_certain {
        format!("the edits of {from}{name} follow it to {to}")
    } else {
        format!("{from}{name} is gone, and may be {to} now; its edits wait for an answer")
    }
}

/// Returns a text on one line, cut if it is long.
fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = one_line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Service {
    /// Returns the findings of a run in the overlay, by kind, with at most `most` of each sort. Moved items and
    /// categories have their names, unless the names can't be read. The login is blanked.
    pub async fn overlay_news(&self, report: &SyncReport, most: usize, login: &Login) -> PerKind<OverlayNews> {
        let mut news = PerKind::from_fn(|kind| OverlayNews::of(&report.overlay[kind], most, login));
        for kind in ContentKind::ALL {
            if news[kind].edits.iter().any(|edit| edit.field == EditField::Category) {
                let categories = self.cache().categories(&report.profile, kind).await.unwrap_or_default();
                let pairs: Vec<_> = categories.iter().map(|it| (it.id.0.as_str(), login.blank(&it.name))).collect();
                news[kind].category_names = CategoryNames::of_pairs(pairs.iter().map(|(id, name)| (*id, &**name)));
            }
            let moves = &mut news[kind].moves;
            if moves.is_empty() {
                continue;
            }
            let ids = moves.iter().map(|one| ContentId(one.to)).collect();
            let rows = self.cache().rows(&report.profile, kind, ids).await.unwrap_or_default();
            for one in moves {
                let row = rows.iter().find(|row| row.id().0 == one.to);
                one.name = row.map(|row| login.blank(row.name()).into_owned());
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_of_news_is_a_sentence_and_the_rest_is_counted() {
        let edit = |outcome, panel: Option<&str>| EditNews {
            id: 42,
            name: "Heat\u{1b}[2J".to_owned(),
            field: EditField::Name,
            outcome,
            local: EditValue::Text("Mine".to_owned()),
            panel: panel.map(|text| EditValue::Text(text.to_owned())),
        };
        let moved =
            |is_certain, name: Option<&str>| MoveNews { from: 42, to: 4711, name: name.map(str::to_owned), is_certain };
        let mut news = OverlayNews {
            edits: vec![
                edit(EditOutcome::Conflicts, Some("Theirs")),
                edit(EditOutcome::Converged, Some("Mine")),
                edit(EditOutcome::Overruled, None),
            ],
            moves: vec![moved(true, Some("X")), moved(false, None)],
            new_categories: vec![CategoryNews { id: "7".to_owned(), name: "News".to_owned() }],
            more: 0,
            category_names: CategoryNames::of(&[sync_core::testing::category("7")]),
        };
        let ids = |ids: &[&str]| EditValue::list(ids).unwrap();
        let of_categories = EditNews {
            field: EditField::Category,
            local: ids(&["7"]),
            panel: Some(ids(&["7", "8"])),
            ..edit(EditOutcome::Overruled, None)
        };
        let words = news.of_edit(&of_categories);
        assert!(words.ends_with(r#""Category 7 (7)", ends; the panel's is "Category 7 (7), 8""#), "{words}");
        assert_eq!(
            news.sentences(5),
            [
                "the panel has another name of 42 \"Heat [2J\" now, \"Theirs\"; yours stays, \"Mine\"",
                "the panel has your name of 42 \"Heat [2J\" now, and your edit ends",
                "your name of 42 \"Heat [2J\", \"Mine\", ends; the panel's is none",
                "the edits of 42 \"X\" follow it to 4711",
                "42 is gone, and may be 4711 now; its edits wait for an answer",
                "new category 7 \"News\"",
            ]
        );
        news.more = 2;
        let short = news.sentences(1);
        assert_eq!((short.len(), short[3].as_str()), (4, "5 more changes of the overlay"));
        assert_eq!(news.sentences(0), ["8 changes of the overlay"]);
        assert!(OverlayNews::default().sentences(5).is_empty() && OverlayNews::default().is_empty());
    }
}
