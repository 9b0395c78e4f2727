//! Edits: what a user has changed of an item.

use super::conflict::PanelConflict;
use super::field::{EditField, EditValue};
use crate::model::{ContentId, ContentKind, Item, ValueRef};

/// An edit of one field of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Edit {
    /// The field.
    pub field: EditField,
    /// The user's value.
    pub local: EditValue,
    /// The panel's value at the time of the edit; `None` if it had none, and for fields that only the user has.
    pub base: Option<EditValue>,
    /// The time of the edit, in unix seconds.
    pub edited_at: i64,
    /// The panel's other value, if there is a conflict.
    pub conflict: Option<PanelConflict>,
}

/// The values by which an item is recognised under another id. They are those that the panel listed last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ItemIdentity {
    /// The panel's name.
    pub name: String,
    /// The id at themoviedb.org, if the panel sends one.
    pub tmdb_id: Option<String>,
    /// The panel's own category, if the item has one.
    pub category_id: Option<String>,
}

impl ItemIdentity {
    /// Returns the identity of an item.
    pub fn of(item: &Item) -> Self {
        let positions = item.kind().field_positions();
        let text = |at: Option<usize>| match at.map(|at| item.value(at)) {
            Some(ValueRef::Text(text)) if !text.is_empty() => Some(text.to_owned()),
            _ => None,
        };
        Self {
            name: item.name().to_owned(),
            tmdb_id: text(positions.tmdb_id),
            category_id: text(Some(positions.category_id)),
        }
    }

    /// Returns whether both are certainly the same item: the same name, and the same id at themoviedb.org or the same
    /// category.
    pub fn is_same(&self, other: &Self) -> bool {
        let shared = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let is_other = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        self.name == other.name
            && !is_other(&self.tmdb_id, &other.tmdb_id)
            && (shared(&self.tmdb_id, &other.tmdb_id) || shared(&self.category_id, &other.category_id))
    }
}

/// An item with edits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EditedItem {
    /// The kind.
    pub kind: ContentKind,
    /// The series of an episode; 0 for everything else.
    pub parent: i64,
    /// The panel's id.
    pub id: ContentId,
    /// The values by which the item is recognised.
    pub identity: ItemIdentity,
    /// Its edits, by field. There is at least one.
    pub edits: Vec<Edit>,
    /// The item that may be the same under another id, if this one is gone: its id and its name.
    pub maybe: Option<(ContentId, String)>,
    /// The item that the user has said is not the same.
    pub declined: Option<ContentId>,
}

impl EditedItem {
    /// Returns an item without edits, with the parent 0.
    pub const fn new(kind: ContentKind, id: ContentId, identity: ItemIdentity) -> Self {
        Self { kind, parent: 0, id, identity, edits: Vec::new(), maybe: None, declined: None }
    }

    /// Returns the edit of a field; `None` if there is none.
    pub fn edit(&self, field: EditField) -> Option<&Edit> {
        self.edits.iter().find(|edit| edit.field == field)
    }

    /// Returns whether an edit conflicts, or another item is offered.
    pub fn is_open(&self) -> bool {
        self.maybe.is_some() || self.edits.iter().any(|edit| edit.conflict.is_some())
    }

    /// Answers the conflicts of the item, and returns the fields whose conflict has ended. Taking the panel's value
    /// ends the edit. Keeping the user's value makes the panel's present value the base, and declines an offered item.
    /// If an item is offered and the panel's value is taken, the edits move to that item with their conflicts; the
    /// caller does this.
    pub fn resolve(&mut self, take_panel: bool) -> Vec<EditField> {
        if take_panel && self.maybe.is_some() {
            return self.edits.iter().map(|edit| edit.field).collect();
        }
        let mut changed = Vec::new();
        self.edits.retain_mut(|edit| {
            let Some(conflict) = edit.conflict.take() else { return true };
            changed.push(edit.field);
            edit.base = conflict.panel;
            !take_panel
        });
        if let Some((offered, _)) = self.maybe.take() {
            self.declined = Some(offered);
        }
        changed
    }

    /// Checks edits from elsewhere. The user's values have to keep the limits. A base or a conflict is dropped if its
    /// value doesn't have the shape of the field. The time of an edit is at most `now`.
    ///
    /// # Errors
    ///
    /// [`InvalidEdit`](super::InvalidEdit) if a value of the user is not allowed.
    pub fn checked(mut self, now: i64) -> Result<Self, super::InvalidEdit> {
        for edit in &mut self.edits {
            let field = edit.field;
            edit.local = edit.local.clone().checked(field)?;
            edit.base = edit.base.take().filter(|base| base.fits(field));
            edit.conflict = edit.conflict.take().filter(|it| it.panel.as_ref().is_none_or(|panel| panel.fits(field)));
            edit.edited_at = edit.edited_at.min(now);
        }
        Ok(self)
    }

    /// Adds edits from elsewhere. If there are two edits of a field, the later one stays. Returns how many of the added
    /// edits did not stay; edits with an equal value don't count.
    pub fn add_later(&mut self, edits: Vec<Edit>) -> u64 {
        let mut superseded = 0;
        for edit in edits {
            match self.edits.iter_mut().find(|known| known.field == edit.field) {
                Some(known) if known.edited_at < edit.edited_at => *known = edit,
                Some(known) => superseded += u64::from(known.local != edit.local),
                None => self.edits.push(edit),
            }
        }
        self.edits.sort_by_key(|edit| edit.field);
        superseded
    }

    /// Returns the user's value of a field; `None` if there is no edit.
    pub fn local(&self, field: EditField) -> Option<&EditValue> {
        self.edit(field).map(|edit| &edit.local)
    }
}

/// One change that a user makes to an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditOp {
    /// The field gets this value.
    Set(EditField, EditValue),
    /// The edit of the field ends: the panel's value is shown again.
    Clear(EditField),
    /// Every edit of the item ends.
    ClearAll,
    /// The item gets this tag besides those that it has.
    AddTag(String),
    /// The item loses this tag.
    RemoveTag(String),
}

/// Makes a user's changes to an item. `item` is its row, if it has one. Returns the fields that changed, in the order
/// of [`EditField::ALL`].
///
/// A value that equals the panel's own ends the edit. A new value has the panel's present value as its base, and no
/// conflict.
///
/// # Errors
///
/// [`InvalidEdit`](super::InvalidEdit) if a value exceeds a limit; then nothing has changed.
pub fn carry_out(
    edited: &mut EditedItem,
    item: Option<&Item>,
    ops: &[EditOp],
    at: i64,
) -> Result<Vec<EditField>, super::InvalidEdit> {
    let mut wanted: Vec<(EditField, Option<EditValue>)> = Vec::new();
    for op in ops {
        match op {
            EditOp::Set(field, value) => wanted.push((*field, Some(value.clone().checked(*field)?))),
            EditOp::Clear(field) => wanted.push((*field, None)),
            EditOp::ClearAll => wanted.extend(EditField::ALL.map(|field| (field, None))),
            EditOp::AddTag(tag) | EditOp::RemoveTag(tag) => {
                let planned = wanted.iter().rev().find(|(field, _)| *field == EditField::Tags);
                let known = planned.map_or_else(|| edited.local(EditField::Tags).cloned(), |(_, value)| value.clone());
                let mut tags = known.map(|value| value.texts().to_vec()).unwrap_or_default();
                tags.retain(|known| known != tag);
                if matches!(op, EditOp::AddTag(_)) {
                    tags.push(tag.clone());
                }
                let value = EditValue::list(tags).map(|value| value.checked(EditField::Tags)).transpose()?;
                wanted.push((EditField::Tags, value));
            }
        }
    }
    let before = edited.edits.clone();
    for (field, value) in wanted {
        let panel = item.and_then(|item| field.of_panel(item));
        let known = edited.edits.iter().position(|edit| edit.field == field);
        let is_panels = item.is_some() && value.is_some() && value == panel;
        let Some(local) = value.filter(|_| !is_panels) else {
            if let Some(at) = known {
                edited.edits.remove(at);
            }
            continue;
        };
        // If the item has no row, the last known value of the panel counts.
        let last = known.map(|at| &edited.edits[at]);
        let last = last.and_then(|edit| edit.conflict.as_ref().map_or(edit.base.clone(), |it| it.panel.clone()));
        let base = if item.is_some() { panel } else { last };
        let edit = Edit { field, local, base, edited_at: at, conflict: None };
        match known {
            Some(at) if edited.edits[at].local == edit.local => {}
            Some(at) => edited.edits[at] = edit,
            None => edited.edits.push(edit),
        }
    }
    edited.edits.sort_by_key(|edit| edit.field);
    let changed = |field: &EditField| {
        let of = |edits: &[Edit]| edits.iter().find(|edit| edit.field == *field).map(|edit| edit.local.clone());
        of(&before) != of(&edited.edits)
    };
    Ok(EditField::ALL.into_iter().filter(changed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::movie;

    fn text(text: &str) -> EditValue {
        EditValue::Text(text.to_owned())
    }

    #[test]
    fn an_edit_has_the_panels_value_as_its_base_and_ends_with_it() {
        let item = movie(1).name("Heat").item();
        let mut edited = EditedItem::new(ContentKind::Movies, ContentId(1), ItemIdentity::of(&item));
        let name = |name: &str| [EditOp::Set(EditField::Name, text(name))];
        let mut edit =
            |ops: &[EditOp], at| carry_out(&mut edited, Some(&item), ops, at).map(|it| (it, edited.edits.clone()));
        let (changed, edits) = edit(&name("Mine"), 5).unwrap();
        let expected = Edit {
            field: EditField::Name,
            local: text("Mine"),
            base: Some(text("Heat")),
            edited_at: 5,
            conflict: None,
        };
        assert_eq!((changed, edits), (vec![EditField::Name], vec![expected.clone()]));
        assert_eq!(edit(&name("Mine"), 9).unwrap(), (vec![], vec![expected]), "nothing has changed");
        assert_eq!(edit(&name("Heat"), 9).unwrap(), (vec![EditField::Name], vec![]), "it is the panel's own");
        let (changed, edits) =
            edit(&[EditOp::AddTag("b".into()), EditOp::AddTag("a".into()), EditOp::AddTag("b".into())], 9).unwrap();
        assert_eq!(
            (changed, edits[0].local.clone()),
            (vec![EditField::Tags], EditValue::List(vec!["a".into(), "b".into()]))
        );
        assert_eq!(edit(&[EditOp::RemoveTag("a".into()), EditOp::RemoveTag("b".into())], 9).unwrap().1, vec![]);
        assert!(edit(&[EditOp::AddTag("x".repeat(200))], 9).is_err());
    }

    #[test]
    fn an_edit_of_a_missing_item_keeps_the_last_panel_value() {
        let item = movie(1).name("Heat").item();
        let mut edited = EditedItem::new(ContentKind::Movies, ContentId(1), ItemIdentity::of(&item));
        carry_out(&mut edited, Some(&item), &[EditOp::Set(EditField::Name, text("Mine"))], 5).unwrap();
        carry_out(&mut edited, None, &[EditOp::Set(EditField::Name, text("Other"))], 6).unwrap();
        assert_eq!(edited.edits[0].base, Some(text("Heat")));
        carry_out(&mut edited, None, &[EditOp::ClearAll], 7).unwrap();
        assert!(edited.edits.is_empty());
    }

    #[test]
    fn an_item_is_the_same_by_name_and_one_more_value() {
        let of = |name: &str, tmdb: Option<&str>, category: Option<&str>| ItemIdentity {
            name: name.to_owned(),
            tmdb_id: tmdb.map(str::to_owned),
            category_id: category.map(str::to_owned),
        };
        let heat = of("Heat", Some("949"), Some("7"));
        assert!(heat.is_same(&of("Heat", Some("949"), Some("8"))));
        assert!(heat.is_same(&of("Heat", None, Some("7"))));
        assert!(!heat.is_same(&of("Heat", None, Some("8"))));
        assert!(!heat.is_same(&of("Heat", Some("950"), Some("7"))), "another film of the same name");
        assert!(!heat.is_same(&of("Heat 2", Some("949"), Some("7"))));
        assert!(!of("x", None, None).is_same(&of("x", None, None)));
    }
}
