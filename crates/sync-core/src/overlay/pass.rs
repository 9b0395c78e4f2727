//! What a change of rows does to the edits of a user: conflicts, edits that end, and edits that follow an item to
//! another id. Pure functions, which every store calls in the transaction that writes the rows.

use hashbrown::{HashMap, HashSet};

use super::conflict::{ConflictRule, ConflictRules, EditVerdict, PanelValue, judge_edit};
use super::edit::{EditedItem, ItemIdentity};
use super::field::{EditField, EditValue};
use crate::detect::seen_items::is_same_image;
use crate::detect::volatile::Treatment;
use crate::feed::change::ColumnChange;
use crate::model::{CategorySet, ContentId, ContentKind, FieldSet, Item, Value};

/// The circumstances in which rows are written.
#[derive(Debug, Clone, Copy)]
pub struct EditPass {
    /// The rules of the profile.
    pub rules: ConflictRules,
    /// The time at which the listing was asked for, in unix seconds.
    pub asked_at: i64,
    /// The columns that are compared. Columns that the panel changes by itself are not among them.
    pub compared: FieldSet,
}

/// Something that happened to an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct EditEvent {
    /// The kind.
    pub kind: ContentKind,
    /// The item.
    pub id: ContentId,
    /// The panel's name of the item.
    pub name: String,
    /// The field.
    pub field: EditField,
    /// The user's value.
    pub local: EditValue,
    /// The panel's value; `None` if it has none.
    pub panel: Option<EditValue>,
    /// What happened.
    pub outcome: EditOutcome,
}

/// What happened to an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EditOutcome {
    /// The edit conflicts with the panel's value. This is reported once.
    Conflicts,
    /// The panel has the same value now, and the edit has ended.
    Converged,
    /// The rule of the field has ended the edit.
    Overruled,
}

impl EditOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Conflicts, Self::Converged, Self::Overruled];

    /// Returns the outcome with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }

    /// Returns the word for it, in the change log and in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflicts => "conflicts",
            Self::Converged => "converged",
            Self::Overruled => "overruled",
        }
    }
}

impl EditEvent {
    /// Returns the change of the column for the entry of the change log: from the user's value to the panel's. Returns
    /// `None` if the edit goes on.
    pub fn column(&self) -> Option<ColumnChange> {
        if self.outcome == EditOutcome::Conflicts {
            return None;
        }
        // No categories are an empty set, and not a missing value.
        let none = if self.field == EditField::Category { Value::Categories(CategorySet::NONE) } else { Value::Null };
        let after = self.panel.as_ref().map_or(none, EditValue::to_column);
        Some(ColumnChange { column: self.field.column(self.kind)?, before: self.local.to_column(), after })
    }
}

impl EditPass {
    /// Returns the pass of a move or an import by a person. It ends no edit by a rule.
    pub fn by_hand(kind: ContentKind, at: i64) -> Self {
        let rules = ConflictRules::all(ConflictRule::KeepLocal);
        Self { rules, asked_at: at, compared: Treatment::plain(kind).compared }
    }

    /// Judges the edits of an item whose row was written. `changed` are the columns that differ; `None` if the row is
    /// new or has returned. Edits that end are taken out of the item. Returns the events to report.
    pub fn judge(&self, edited: &mut EditedItem, item: &Item, changed: Option<FieldSet>) -> Vec<EditEvent> {
        let kind = item.kind();
        let mut events = Vec::new();
        edited.identity = ItemIdentity::of(item);
        edited.edits.retain_mut(|edit| {
            let column = edit.field.column(kind).and_then(|column| kind.field(column));
            let Some(at) = column.filter(|_| EditField::JUDGED.contains(&edit.field)) else { return true };
            let panel = edit.field.of_panel(item);
            let is_looked_at = match changed {
                Some(changed) => changed.has(at),
                None => !is_rotated(edit.field, edit.base.as_ref(), panel.as_ref()),
            };
            // A volatile column may be written as well, so that the next listing can be compared with it.
            if !is_looked_at || !self.compared.has(at) {
                return true;
            }
            let before = edit.conflict.take();
            let rule = self.rules.of(edit.field);
            let new = PanelValue { value: panel.as_ref(), asked_at: self.asked_at };
            let values = (edit.base.as_ref(), &edit.local);
            let verdict = judge_edit(values, edit.edited_at, before.as_ref().map(|it| it.since), new, rule);
            let outcome = match verdict {
                EditVerdict::Stays => return true,
                EditVerdict::Conflicts(conflict) => {
                    edit.conflict = Some(conflict);
                    EditOutcome::Conflicts
                }
                EditVerdict::Converged => EditOutcome::Converged,
                EditVerdict::Overruled => EditOutcome::Overruled,
            };
            let is_known = outcome == EditOutcome::Conflicts && before.is_some();
            if !is_known {
                let (id, name, field, local) = (item.id(), item.name().to_owned(), edit.field, edit.local.clone());
                events.push(EditEvent { kind, id, name, field, local, panel, outcome });
            }
            outcome == EditOutcome::Conflicts
        });
        events
    }
}

impl EditPass {
    /// Moves the edits of an item to another one, whose row is `row`, and judges them there. If the other item has an
    /// edit of a field, the edit of this field stays where it is. Returns the events to report.
    pub fn follow(&self, from: &mut EditedItem, to: &mut EditedItem, row: &Item) -> Vec<EditEvent> {
        let (staying, moving): (Vec<_>, Vec<_>) =
            std::mem::take(&mut from.edits).into_iter().partition(|edit| to.edit(edit.field).is_some());
        // The edits that stay are offered, because otherwise nothing would show that they exist.
        from.maybe = (!staying.is_empty()).then(|| (to.id, to.identity.name.clone()));
        from.edits = staying;
        // The edits that the other item already has were judged with its row.
        let mut moved = EditedItem { edits: moving, ..EditedItem::new(to.kind, to.id, to.identity.clone()) };
        let events = self.judge(&mut moved, row, None);
        to.edits.extend(moved.edits);
        to.edits.sort_by_key(|edit| edit.field);
        events
    }
}

/// Returns whether the address of an image differs only in parts that some panels make anew for every answer.
fn is_rotated(field: EditField, base: Option<&EditValue>, panel: Option<&EditValue>) -> bool {
    let texts = base.and_then(EditValue::text).zip(panel.and_then(EditValue::text));
    field == EditField::Icon && texts.is_some_and(|(base, panel)| base != panel && is_same_image(base, panel))
}

/// A stored row with the name of an edited item that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlikeRow {
    /// Its id.
    pub id: ContentId,
    /// The values by which the item is recognised.
    pub identity: ItemIdentity,
    /// Whether the panel lists the item. A row that is held or is being removed is not listed. A row that an undo has
    /// put back is listed.
    pub is_listed: bool,
    /// Whether the item was listed before as well, and was recognised by the same values.
    pub was_listed: bool,
}

/// A move of the edits of an item that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Move {
    /// The item that is gone.
    pub from: ContentId,
    /// The item that is the same, or may be.
    pub to: ContentId,
    /// Whether the item is certainly the same. Then the edits move. Otherwise the move is offered.
    pub is_certain: bool,
}

/// Returns whether the values by which a written row is recognised may have changed. `changed` are the columns that
/// differ; `None` for a new row.
pub fn changes_identity(kind: ContentKind, changed: Option<FieldSet>) -> bool {
    let columns = ["name", "tmdb_id", "category_id"];
    changed.is_none_or(|changed| columns.into_iter().filter_map(|name| kind.field(name)).any(|at| changed.has(at)))
}

/// Finds the items under which missing items are listed now. `gone` are the edited items that the panel no longer
/// lists. `alike` are all rows of the kind that have the name of one of them: as they were before removals, and after
/// additions.
///
/// A move is certain if both items have the same name, and the same id at themoviedb.org or the same category, and no
/// other item, old or new, has these values. If the missing item has no row any more, it may be one of several, so the
/// category is not enough.
pub fn find_moves(gone: &[EditedItem], alike: &[AlikeRow]) -> Vec<Move> {
    // There may be very many of both, but few have the same name.
    let mut rows: HashMap<&str, Vec<&AlikeRow>> = HashMap::new();
    for row in alike {
        rows.entry(&row.identity.name).or_default().push(row);
    }
    let mut items: HashMap<&str, Vec<&EditedItem>> = HashMap::new();
    for item in gone {
        items.entry(&item.identity.name).or_default().push(item);
    }
    let with_row: HashSet<ContentId> = alike.iter().map(|row| row.id).collect();
    let mut moves = Vec::new();
    for item in gone {
        let name = item.identity.name.as_str();
        let Some(rows) = rows.get(name) else { continue };
        let others: Vec<_> = rows.iter().filter(|row| row.id != item.id).collect();
        let is_same = |row: &&&&AlikeRow| row.identity.is_same(&item.identity);
        // An item that was listed before as well is another copy.
        let is_new = |row: &&&&AlikeRow| row.is_listed && !row.was_listed;
        let new: Vec<_> = others.iter().filter(is_new).copied().collect();
        let same: Vec<_> = new.iter().filter(is_same).copied().collect();
        let copies = others.iter().filter(|row| !is_new(row)).filter(is_same).count();
        let is_twin =
            |it: &&&EditedItem| it.id != item.id && it.identity.is_same(&item.identity) && !with_row.contains(&it.id);
        let old_twins = copies + items.get(name).map_or(0, |items| items.iter().filter(is_twin).count());
        let (to, is_certain) = match (&same[..], &new[..]) {
            ([new], _) => {
                let by_tmdb = item.identity.tmdb_id.is_some() && item.identity.tmdb_id == new.identity.tmdb_id;
                (new.id, old_twins == 0 && (by_tmdb || with_row.contains(&item.id)))
            }
            ([], [new]) if !is_another(&item.identity, &new.identity) => (new.id, false),
            _ => continue,
        };
        if item.declined != Some(to) {
            moves.push(Move { from: item.id, to, is_certain });
        }
    }
    moves
}

/// Returns whether two items of the same name are certainly different movies.
fn is_another(a: &ItemIdentity, b: &ItemIdentity) -> bool {
    a.tmdb_id.is_some() && b.tmdb_id.is_some() && a.tmdb_id != b.tmdb_id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FieldClass;
    use crate::overlay::{ConflictRule, Edit, EditOp, PanelConflict, carry_out};
    use crate::testing::movie;

    const KIND: ContentKind = ContentKind::Movies;

    fn text(text: &str) -> EditValue {
        EditValue::Text(text.to_owned())
    }

    fn pass(rule: ConflictRule) -> EditPass {
        let compared = FieldSet(KIND.of_class(FieldClass::Significant).0 | KIND.of_class(FieldClass::Display).0);
        EditPass { rules: ConflictRules::all(rule), asked_at: 100, compared }
    }

    fn renamed(from: &str, to: &str) -> EditedItem {
        let item = movie(1).name(from).item();
        let mut edited = EditedItem::new(KIND, ContentId(1), ItemIdentity::of(&item));
        let ops = [EditOp::Set(EditField::Name, text(to)), EditOp::Set(EditField::Favourite, EditValue::Flag(true))];
        carry_out(&mut edited, Some(&item), &ops, 5).unwrap();
        edited
    }

    fn only(field: &str) -> FieldSet {
        let mut fields = FieldSet::EMPTY;
        fields.add(KIND.field(field).unwrap());
        fields
    }

    #[test]
    fn a_conflict_is_reported_once_and_ends_when_the_panel_lists_the_base() {
        let mut edited = renamed("Old", "Mine");
        let judge = |edited: &mut EditedItem, name: &str, changed| {
            pass(ConflictRule::Ask).judge(edited, &movie(1).name(name).item(), changed)
        };
        assert!(judge(&mut edited, "New", Some(only("plot"))).is_empty(), "the name did not change");
        let told = judge(&mut edited, "New", Some(only("name")));
        assert_eq!((told.len(), told[0].outcome, told[0].column()), (1, EditOutcome::Conflicts, None));
        assert_eq!(edited.identity.name, "New");
        assert!(judge(&mut edited, "Newer", Some(only("name"))).is_empty(), "it was told already");
        let conflict = PanelConflict { panel: Some(text("Newer")), since: 100 };
        assert_eq!(edited.edit(EditField::Name).unwrap().conflict, Some(conflict));
        assert!(judge(&mut edited, "Old", None).is_empty());
        assert_eq!(edited.edit(EditField::Name).unwrap().conflict, None);
        let told = judge(&mut edited, "Mine", None);
        assert_eq!(told[0].outcome, EditOutcome::Converged);
        let column = told[0].column().unwrap();
        assert_eq!(
            (column.column, column.before.clone(), column.after),
            ("name", column.before, Value::Text("Mine".into()))
        );
        assert_eq!(edited.edits.iter().map(|edit| edit.field).collect::<Vec<_>>(), [EditField::Favourite]);
    }

    #[test]
    fn an_image_address_that_rotates_is_no_conflict() {
        let item = |icon: &str| movie(1).name("x").with("stream_icon", icon).item();
        let mut edited = EditedItem::new(KIND, ContentId(1), ItemIdentity::default());
        let set = [EditOp::Set(EditField::Icon, text("http://me/mine.png"))];
        carry_out(&mut edited, Some(&item("http://a/1.png?t=1")), &set, 5).unwrap();
        let judge = |edited: &mut EditedItem, icon: &str, compared| {
            let pass = EditPass { compared, ..pass(ConflictRule::Ask) };
            pass.judge(edited, &item(icon), None).len()
        };
        let compared = pass(ConflictRule::Ask).compared;
        assert_eq!(judge(&mut edited, "http://b/1.png?t=2", compared), 0);
        assert_eq!(judge(&mut edited, "http://b/2.png", FieldSet::EMPTY), 0, "the panel changes it by itself");
        assert_eq!(judge(&mut edited, "http://b/2.png", compared), 1);
    }

    fn of(name: &str, tmdb: Option<&str>, category: &str) -> ItemIdentity {
        let (tmdb_id, category_id) = (tmdb.map(str::to_owned), Some(category.to_owned()));
        ItemIdentity { name: name.to_owned(), tmdb_id, category_id }
    }

    #[test]
    fn edits_follow_an_item_that_is_certainly_the_same() {
        let gone = |id: i64, name: &str, tmdb: Option<&str>, category: &str| EditedItem {
            edits: vec![Edit { field: EditField::Note, local: text("n"), base: None, edited_at: 0, conflict: None }],
            ..EditedItem::new(KIND, ContentId(id), of(name, tmdb, category))
        };
        let row = |id: i64, name: &str, tmdb: Option<&str>, category: &str, is_listed| AlikeRow {
            id: ContentId(id),
            identity: of(name, tmdb, category),
            is_listed,
            was_listed: false,
        };
        let find = |gone: &[EditedItem], alike: &[AlikeRow]| -> Vec<(i64, i64, bool)> {
            find_moves(gone, alike).into_iter().map(|it| (it.from.0, it.to.0, it.is_certain)).collect()
        };
        let one = [gone(1, "Heat", None, "7")];
        let old = row(1, "Heat", None, "7", false);
        assert_eq!(find(&one, &[old.clone(), row(11, "Heat", None, "7", true)]), [(1, 11, true)]);
        assert_eq!(find(&one, &[row(11, "Heat", None, "7", true)]), [(1, 11, false)], "the old row is gone");
        assert_eq!(find(&one, &[old.clone(), row(11, "Heat", None, "8", true)]), [(1, 11, false)], "another category");
        assert_eq!(find(&one, std::slice::from_ref(&old)), []);
        let several = [old.clone(), row(11, "Heat", None, "7", true), row(12, "Heat", None, "7", true)];
        assert_eq!(find(&one, &several), [], "which one is it?");
        let twin = [old.clone(), row(2, "Heat", None, "7", false), row(11, "Heat", None, "7", true)];
        assert_eq!(find(&one, &twin), [(1, 11, false)], "it may be the other old one");
        let copy = AlikeRow { was_listed: true, ..row(2, "Heat", None, "7", true) };
        assert_eq!(find(&one, &[old.clone(), copy.clone()]), [], "it was listed all along");
        let beside = [old.clone(), copy, row(11, "Heat", None, "7", true)];
        assert_eq!(find(&one, &beside), [(1, 11, false)], "it may be another copy");
        let by_tmdb = [gone(1, "Heat", Some("949"), "7")];
        assert_eq!(find(&by_tmdb, &[row(11, "Heat", Some("949"), "8", true)]), [(1, 11, true)]);
        assert_eq!(find(&by_tmdb, &[row(11, "Heat", Some("950"), "8", true)]), []);
        let two = [gone(1, "Heat", Some("949"), "7"), gone(2, "Heat", Some("949"), "7")];
        assert_eq!(find(&two, &[row(11, "Heat", Some("949"), "8", true)]), [(1, 11, false), (2, 11, false)]);
        let declined = [EditedItem { declined: Some(ContentId(11)), ..one[0].clone() }];
        assert_eq!(find(&declined, &[row(11, "Heat", None, "8", true)]), []);
        let (mut from, mut to) = (one[0].clone(), gone(11, "Heat", None, "7"));
        to.edits[0].field = EditField::Icon;
        let film = |id: i64| movie(id).name("Heat").item();
        assert!(pass(ConflictRule::Ask).follow(&mut from, &mut to, &film(11)).is_empty());
        assert_eq!((from.edits.len(), to.edits.len()), (0, 2));
        let mut third = gone(12, "Heat", None, "7");
        pass(ConflictRule::Ask).follow(&mut to, &mut third, &film(12));
        assert_eq!((to.edits.len(), third.edits.len()), (1, 2), "an edit of the same field stays");
    }
}
