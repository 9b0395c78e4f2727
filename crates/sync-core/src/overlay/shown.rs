//! How an item is shown: its row, the user's edits over it, and the decisions of the rules.

use super::edit::{Edit, EditedItem};
use super::field::{EditField, EditValue};
use super::filter::CompiledFilter;
use super::pattern::InvalidPattern;
use super::rewrite::CompiledRewrites;
use super::rules::OverlayRules;
use crate::model::{Category, CategorySet, ContentKind, Item, Value};

/// The values by which an item is shown beside or in place of its row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
pub struct Shown {
    /// The name, if it is another one than the panel's: the user's, or else the rewritten one.
    pub name: Option<String>,
    /// The user's categories.
    pub categories: Option<CategorySet>,
    /// The user's number.
    pub number: Option<i64>,
    /// The user's image.
    pub icon: Option<String>,
    /// Whether it is a favourite.
    pub favourite: bool,
    /// Whether the user has hidden it.
    pub hidden: bool,
    /// Whether the filter leaves it out.
    pub excluded: bool,
    /// The user's note.
    pub note: Option<String>,
    /// The user's tags, sorted.
    pub tags: Vec<String>,
    /// The position up to which it was watched, in seconds.
    pub position: Option<i64>,
    /// Whether it was watched to its end.
    pub watched: bool,
    /// When it was last watched, in unix seconds.
    pub last_watched: Option<i64>,
}

impl Shown {
    /// Returns whether the item is shown as its row is.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what the edits of an item show.
    pub fn of_edits(edits: &[Edit]) -> Self {
        let mut shown = Self::default();
        for Edit { field, local, .. } in edits {
            match field {
                EditField::Favourite => shown.favourite = true,
                EditField::Hidden => shown.hidden = true,
                EditField::Watched => shown.watched = true,
                EditField::Name => shown.name = local.text().map(str::to_owned),
                EditField::Icon => shown.icon = local.text().map(str::to_owned),
                EditField::Note => shown.note = local.text().map(str::to_owned),
                EditField::Number => shown.number = local.number(),
                EditField::Position => shown.position = local.number(),
                EditField::LastWatched => shown.last_watched = local.number(),
                EditField::Tags => shown.tags = local.texts().to_vec(),
                EditField::Category => shown.categories = Some(local.texts().iter().map(String::as_str).collect()),
            }
        }
        shown
    }

    /// Returns an item as it is shown: with the user's name, categories, number and image.
    #[must_use]
    pub fn over(&self, mut item: Item) -> Item {
        let kind = item.kind();
        let positions = kind.field_positions();
        let mut put = |field: EditField, value: Option<Value>| {
            let at = field.column(kind).and_then(|column| kind.field(column));
            if let (Some(at), Some(value)) = (at, value) {
                item.put(at, value);
            }
        };
        put(EditField::Name, self.name.as_deref().map(|name| Value::Text(name.into())));
        put(EditField::Icon, self.icon.as_deref().map(|icon| Value::Text(icon.into())));
        put(EditField::Number, self.number.map(Value::Integer));
        put(EditField::Category, self.categories.clone().map(Value::Categories));
        if let Some(first) = self.categories.as_ref().and_then(|set| set.as_slice().first()) {
            item.put(positions.category_id, Value::Text(first.clone()));
        }
        item
    }
}

/// The rules of a kind, prepared to decide how its items are shown.
#[derive(Debug, Clone)]
pub struct CompiledRules {
    filter: Option<CompiledFilter>,
    rewrites: CompiledRewrites,
    is_empty: bool,
}

impl CompiledRules {
    /// Prepares the rules of a kind for a panel with these categories.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] if a rule was not checked.
    pub fn new(rules: &OverlayRules, kind: ContentKind, categories: &[Category]) -> Result<Self, InvalidPattern> {
        let filter = &rules.filters[kind];
        let compiled = (!filter.is_empty()).then(|| filter.compile(categories)).transpose()?;
        let rewrites = CompiledRewrites::new(&rules.rewrites[kind])?;
        let is_empty = compiled.is_none() && rules.rewrites[kind].is_empty();
        Ok(Self { filter: compiled, rewrites, is_empty })
    }

    /// Returns whether every item is shown as its row and its edits are.
    pub const fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Returns how an item with this name and these categories of the panel is shown, with these edits.
    pub fn shown(&mut self, name: &str, categories: &CategorySet, edits: &[Edit]) -> Shown {
        let mut shown = Shown::of_edits(edits);
        if shown.name.is_none() {
            shown.name = self.rewrites.rewritten(name);
        }
        shown.excluded = self.filter.as_mut().is_some_and(|filter| filter.excludes(name, categories));
        shown
    }

    /// Returns how an item is shown.
    pub fn shown_item(&mut self, item: &Item, edited: Option<&EditedItem>) -> Shown {
        self.shown(item.name(), item.categories(), edited.map_or(&[], |edited| &edited.edits))
    }
}

/// Returns the user's value of a field as it is shown; `None` if there is none.
pub fn shown_value(shown: &Shown, field: EditField) -> Option<EditValue> {
    let flag = |is_set: bool| is_set.then_some(EditValue::Flag(true));
    let text = |text: &Option<String>| text.clone().map(EditValue::Text);
    match field {
        EditField::Favourite => flag(shown.favourite),
        EditField::Hidden => flag(shown.hidden),
        EditField::Watched => flag(shown.watched),
        EditField::Name => text(&shown.name),
        EditField::Icon => text(&shown.icon),
        EditField::Note => text(&shown.note),
        EditField::Number => shown.number.map(EditValue::Number),
        EditField::Position => shown.position.map(EditValue::Number),
        EditField::LastWatched => shown.last_watched.map(EditValue::Number),
        EditField::Tags => EditValue::list(&shown.tags),
        EditField::Category => shown.categories.as_ref().map(EditValue::of_categories),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::movie;

    #[test]
    fn an_edit_precedes_a_rule_and_a_rule_precedes_the_row() {
        let mut rules = OverlayRules::default();
        let rewrite = crate::overlay::RewriteRule { pattern: "^FR: ".to_owned(), replacement: String::new() };
        rules.change(ContentKind::Movies, crate::overlay::RuleChange::AddRewrite(rewrite, None), &[]).unwrap();
        let mut compiled = CompiledRules::new(&rules, ContentKind::Movies, &[]).unwrap();
        let item = movie(1).name("FR: Heat").with("category_id", "7").item();
        assert_eq!(compiled.shown_item(&item, None).name.as_deref(), Some("Heat"));
        let edit = |field, local| Edit { field, local, base: None, edited_at: 0, conflict: None };
        let edits = [
            edit(EditField::Name, EditValue::Text("Mine".to_owned())),
            edit(EditField::Category, EditValue::list(["9", "8"]).unwrap()),
            edit(EditField::Number, EditValue::Number(5)),
            edit(EditField::Icon, EditValue::Text("http://x/y".to_owned())),
            edit(EditField::Favourite, EditValue::Flag(true)),
        ];
        let shown = compiled.shown(item.name(), item.categories(), &edits);
        for edit in &edits {
            assert_eq!(shown_value(&shown, edit.field).as_ref(), Some(&edit.local));
        }
        let item = shown.over(item);
        assert_eq!((item.name(), item.category_id()), ("Mine", Some("8")));
        assert_eq!(EditField::Icon.of_panel(&item), Some(EditValue::Text("http://x/y".to_owned())));
        assert!(Shown::of_edits(&[]).is_plain() && !shown.is_plain());
    }
}
