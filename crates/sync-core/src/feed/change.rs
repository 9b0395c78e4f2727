//! Entries of the change log.

use crate::model::{ContentId, ContentKind, FieldClass, FieldSet, FieldSpec, Item, Value, ValueRef};
use crate::run::record::RunId;

/// One entry of the change log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChangeRecord {
    /// The position of the entry. It rises with every entry.
    pub sequence: i64,
    /// The run that wrote the entry; `None` for a deletion by hand.
    pub run: Option<RunId>,
    /// The time of the entry, in unix seconds.
    pub at: i64,
    /// The kind.
    pub kind: ContentKind,
    /// The series of an episode; 0 for everything else.
    pub parent: i64,
    /// The item; `None` for [`LoggedChange::Loaded`].
    pub id: Option<ContentId>,
    /// The change.
    pub change: LoggedChange,
    /// The item's name after the change, or before it if the item is removed. `None` if it was not kept.
    pub name: Option<String>,
    /// The changes of the columns. `None` if a version that kept no values wrote the entry.
    pub columns: Option<Vec<ColumnChange>>,
}

impl ChangeRecord {
    /// Returns an entry without a run, an item and values.
    pub const fn new(sequence: i64, at: i64, kind: ContentKind, change: LoggedChange) -> Self {
        Self { sequence, run: None, at, kind, parent: 0, id: None, change, name: None, columns: Some(Vec::new()) }
    }

    /// Returns the same entry with this run.
    #[must_use]
    pub fn of_run(self, run: Option<RunId>) -> Self {
        Self { run, ..self }
    }

    /// Returns the same entry with this item.
    #[must_use]
    pub fn of_item(self, id: Option<ContentId>, name: Option<String>) -> Self {
        Self { id, name, ..self }
    }

    /// Returns the same entry with these values, or `None` if none were kept.
    #[must_use]
    pub fn with_columns(self, columns: Option<Vec<ColumnChange>>) -> Self {
        Self { columns, ..self }
    }
}

/// The change of an item in the change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoggedChange {
    /// The first listing of a kind was applied.
    Loaded,
    /// The item is new.
    Added,
    /// The item was removed, has a tombstone, and is listed again. It counts as added.
    Returned,
    /// These fields changed.
    Updated(FieldSet),
    /// The item was removed.
    Removed,
    /// An undo took a change back.
    Undone(TakenBack),
    /// The panel has taken over the value of a user's edit, and the edit has ended. The row did not change by this
    /// entry.
    Converged,
    /// A rule has ended a user's edit in favour of the panel's value. The row did not change by this entry.
    Overruled,
}

/// The change that an undo took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TakenBack {
    /// The item had been added. Now it is removed.
    Added,
    /// The item had returned. Now it is removed.
    Returned,
    /// The item had been updated. Now it is as before.
    Updated,
    /// The item had been removed. Now it is back.
    Removed,
    /// An earlier undo had taken a change back. Now the change stands again.
    Undone,
}

impl LoggedChange {
    /// Returns the word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Added => "added",
            Self::Returned => "returned",
            Self::Updated(_) => "updated",
            Self::Removed => "removed",
            Self::Undone(_) => "undone",
            Self::Converged => "converged",
            Self::Overruled => "overruled",
        }
    }

    /// Returns whether the entry is about an edit of the user, and not about a row.
    pub const fn is_of_edit(self) -> bool {
        matches!(self, Self::Converged | Self::Overruled)
    }

    /// Returns the entry that an undo of this change writes, or `None` for a first load, which can't be undone, and for
    /// the end of an edit, which an undo takes back without an entry.
    pub const fn taken_back(self) -> Option<TakenBack> {
        match self {
            Self::Loaded | Self::Converged | Self::Overruled => None,
            Self::Added => Some(TakenBack::Added),
            Self::Returned => Some(TakenBack::Returned),
            Self::Updated(_) => Some(TakenBack::Updated),
            Self::Removed => Some(TakenBack::Removed),
            Self::Undone(_) => Some(TakenBack::Undone),
        }
    }
}

impl TakenBack {
    /// Every change that can be taken back.
    pub const ALL: [Self; 5] = [Self::Added, Self::Returned, Self::Updated, Self::Removed, Self::Undone];

    /// Returns the word used in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Returned => "returned",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Undone => "undone",
        }
    }

    /// Returns the change with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|taken| taken.as_str() == name)
    }
}

/// The change of one column of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnChange {
    /// The name of the column.
    pub column: &'static str,
    /// The value before the change; [`Value::Null`] if there was no row.
    pub before: Value,
    /// The value after the change; [`Value::Null`] if there is no row any more.
    pub after: Value,
}

/// The effect of a change on a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowChange {
    /// The row was inserted.
    Came,
    /// The row was deleted.
    Went,
    /// The row was updated.
    Stayed,
}

impl LoggedChange {
    /// Returns the effect of the change on the row, or `None` for a first load, which concerns no single row, and for
    /// the end of an edit. `before` and `after` say whether the entry has values of the row before and after the
    /// change.
    pub const fn row(self, before: bool, after: bool) -> Option<RowChange> {
        match self {
            Self::Loaded | Self::Converged | Self::Overruled => None,
            Self::Added | Self::Returned | Self::Undone(TakenBack::Removed) => Some(RowChange::Came),
            Self::Removed | Self::Undone(TakenBack::Added | TakenBack::Returned) => Some(RowChange::Went),
            Self::Updated(_) | Self::Undone(TakenBack::Updated) => Some(RowChange::Stayed),
            Self::Undone(TakenBack::Undone) => Some(match (before, after) {
                (false, _) => RowChange::Came,
                (true, false) => RowChange::Went,
                (true, true) => RowChange::Stayed,
            }),
        }
    }
}

/// Returns every field of a row that was inserted or deleted.
pub fn whole_row(item: &Item, row: RowChange) -> Vec<ColumnChange> {
    let value = |at: usize| item.value(at).to_owned();
    let column = |(at, field): (usize, &FieldSpec)| match row {
        RowChange::Went => ColumnChange { column: field.name, before: value(at), after: Value::Null },
        _ => ColumnChange { column: field.name, before: Value::Null, after: value(at) },
    };
    item.kind().fields().iter().enumerate().map(column).collect()
}

/// Returns the item with the values that these columns had before the change.
#[must_use]
pub fn put_back(mut item: Item, columns: &[ColumnChange]) -> Item {
    let kind = item.kind();
    for column in columns {
        if let Some(at) = kind.field(column.column) {
            item.put(at, column.before.clone());
        }
    }
    stay_in_set(&mut item);
    item
}

/// Makes `category_id` and the panel's own list of categories agree with the category set. Both may have changed since
/// then without an entry.
fn stay_in_set(item: &mut Item) {
    let positions = item.kind().field_positions();
    let set = item.categories().clone();
    if item.category_id().is_some_and(|id| !set.contains(id)) {
        let first = set.as_slice().first().map_or(Value::Null, |id| Value::Text(id.clone()));
        item.put(positions.category_id, first);
    }
    let ValueRef::Categories(listed) = item.value(positions.listed_category_ids) else { return };
    if listed.iter().any(|id| !set.contains(id)) {
        let kept = listed.iter().filter(|id| set.contains(id)).collect();
        item.put(positions.listed_category_ids, Value::Categories(kept));
    }
}

/// Returns the fields of a set whose values the change log keeps: those whose difference is an entry. The category set
/// brings `category_id` and the panel's own list with it, because they are parts of it.
pub fn valued(kind: ContentKind, fields: FieldSet) -> FieldSet {
    let positions = kind.field_positions();
    let mut valued = FieldSet(fields.0 & kind.of_class(FieldClass::Significant).0);
    if valued.has(positions.category_ids) {
        valued.add(positions.category_id);
        valued.add(positions.listed_category_ids);
    }
    valued
}

/// Returns the changes of those of these fields whose values the change log keeps.
pub fn updated_columns(before: &Item, after: &Item, fields: FieldSet) -> Vec<ColumnChange> {
    let table = before.kind().fields();
    let column = |at: usize| ColumnChange {
        column: table[at].name,
        before: before.value(at).to_owned(),
        after: after.value(at).to_owned(),
    };
    let always = before.kind().of_class(FieldClass::Significant);
    let columns = valued(before.kind(), fields).positions();
    columns.filter(|at| always.has(*at) || before.value(*at) != after.value(*at)).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::movie;

    #[test]
    fn only_events_have_values() {
        let kind = ContentKind::Movies;
        let mut fields = FieldSet::EMPTY;
        for name in ["name", "rating", "plot"] {
            fields.add(kind.field(name).unwrap());
        }
        let (before, after) = (movie(1).name("Old").item(), movie(1).name("New").item());
        let columns = updated_columns(&before, &after, fields);
        let names: Vec<_> = columns.iter().map(|column| column.column).collect();
        assert_eq!(names, ["name", "plot"]);
        assert_eq!((&columns[0].before, &columns[0].after), (&Value::Text("Old".into()), &Value::Text("New".into())));
        assert_eq!((&columns[1].before, &columns[1].after), (&Value::Null, &Value::Null));
    }

    #[test]
    fn an_undone_change_does_the_opposite_to_the_row() {
        let cases = [
            (LoggedChange::Added, TakenBack::Added, RowChange::Came, RowChange::Went),
            (LoggedChange::Returned, TakenBack::Returned, RowChange::Came, RowChange::Went),
            (LoggedChange::Updated(FieldSet::EMPTY), TakenBack::Updated, RowChange::Stayed, RowChange::Stayed),
            (LoggedChange::Removed, TakenBack::Removed, RowChange::Went, RowChange::Came),
        ];
        for (change, taken, done, undone) in cases {
            assert_eq!(change.taken_back(), Some(taken));
            assert_eq!(TakenBack::from_name(taken.as_str()), Some(taken));
            assert_eq!(change.row(true, true), Some(done));
            assert_eq!(LoggedChange::Undone(taken).row(true, true), Some(undone));
        }
        assert_eq!((LoggedChange::Loaded.taken_back(), LoggedChange::Loaded.row(false, true)), (None, None));
        let again = LoggedChange::Undone(TakenBack::Undone);
        let rows =
            [(false, true), (true, false), (true, true)].map(|(before, after)| again.row(before, after).unwrap());
        assert_eq!(rows, [RowChange::Came, RowChange::Went, RowChange::Stayed]);
    }
}
