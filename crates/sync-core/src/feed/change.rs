//! One entry of the change log.

use crate::model::{ContentId, ContentKind, FieldClass, FieldSet, FieldSpec, Item, Value, ValueRef};
use crate::run::record::RunId;

/// One entry of the change log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChangeRecord {
    /// Rises with every change.
    pub sequence: i64,
    /// The run that wrote it; `None` for a deletion by hand.
    pub run: Option<RunId>,
    /// When it was written, in unix seconds.
    pub at: i64,
    /// The kind.
    pub kind: ContentKind,
    /// The series of an episode; 0 for everything else.
    pub parent: i64,
    /// The item; `None` for [`LoggedChange::Loaded`].
    pub id: Option<ContentId>,
    /// What happened.
    pub change: LoggedChange,
    /// The item's name after the change, or before it where the item is gone. `None` where it was not kept.
    pub name: Option<String>,
    /// What the change did to the columns of the row. `None` for an entry of a version that kept no values.
    pub columns: Option<Vec<ColumnChange>>,
}

impl ChangeRecord {
    /// An entry that no run wrote, that is of no item, and that has no values.
    pub const fn new(sequence: i64, at: i64, kind: ContentKind, change: LoggedChange) -> Self {
        Self { sequence, run: None, at, kind, parent: 0, id: None, change, name: None, columns: Some(Vec::new()) }
    }

    /// The same entry, written by this run.
    #[must_use]
    pub fn of_run(self, run: Option<RunId>) -> Self {
        Self { run, ..self }
    }

    /// The same entry, about this item.
    #[must_use]
    pub fn of_item(self, id: Option<ContentId>, name: Option<String>) -> Self {
        Self { id, name, ..self }
    }

    /// The same entry, with these values; `None` where none were kept.
    #[must_use]
    pub fn with_columns(self, columns: Option<Vec<ColumnChange>>) -> Self {
        Self { columns, ..self }
    }
}

/// What the change log says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoggedChange {
    /// The first load of a kind.
    Loaded,
    /// The item is new.
    Added,
    /// The item was removed, is still remembered, and came back. It counts as added.
    Returned,
    /// These fields changed.
    Updated(FieldSet),
    /// The item is gone.
    Removed,
    /// An undo took a change back.
    Undone(TakenBack),
}

/// The change that an undo took back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TakenBack {
    /// The item had been added: it is gone.
    Added,
    /// The item had returned: it is gone.
    Returned,
    /// The item had been updated: it is as before.
    Updated,
    /// The item had been removed: it is back.
    Removed,
    /// An earlier undo had taken a change back: the change stands again.
    Undone,
}

impl LoggedChange {
    /// The word for it in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Added => "added",
            Self::Returned => "returned",
            Self::Updated(_) => "updated",
            Self::Removed => "removed",
            Self::Undone(_) => "undone",
        }
    }

    /// What an undo of this change takes back; `None` for a first load, which can't be undone.
    pub const fn taken_back(self) -> Option<TakenBack> {
        match self {
            Self::Loaded => None,
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

    /// The word for it in tables and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Returned => "returned",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Undone => "undone",
        }
    }

    /// The change with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|taken| taken.as_str() == name)
    }
}

/// What a change did to one column of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnChange {
    /// The name of the column.
    pub column: &'static str,
    /// Its value before; [`Value::Null`] where the row was not there.
    pub before: Value,
    /// Its value after; [`Value::Null`] where the row is gone.
    pub after: Value,
}

/// Whether a row was there before a change, and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowChange {
    /// The row came.
    Came,
    /// The row went.
    Went,
    /// The row stayed, with other values.
    Stayed,
}

impl LoggedChange {
    /// What the change did to the row. `None` for a first load, which is about no row. `before` and `after` say whether
    /// the entry has values of the row before the change, and after it.
    pub const fn row(self, before: bool, after: bool) -> Option<RowChange> {
        match self {
            Self::Loaded => None,
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

/// Every field of a row that came or went.
pub fn whole_row(item: &Item, row: RowChange) -> Vec<ColumnChange> {
    let value = |at: usize| item.value(at).to_owned();
    let column = |(at, field): (usize, &FieldSpec)| match row {
        RowChange::Went => ColumnChange { column: field.name, before: value(at), after: Value::Null },
        _ => ColumnChange { column: field.name, before: Value::Null, after: value(at) },
    };
    item.kind().fields().iter().enumerate().map(column).collect()
}

/// An item with the values that these columns had before the change.
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

/// Brings the one category that the panel shows, and the panel's own list, back into the set: both may have moved
/// since without an entry.
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

/// The fields of a set of which the change log keeps values: those whose change is an event. With the set of categories
/// goes the one that the panel shows, and the panel's own list: they are parts of it.
pub fn valued(kind: ContentKind, fields: FieldSet) -> FieldSet {
    let positions = kind.field_positions();
    let mut valued = FieldSet(fields.0 & kind.of_class(FieldClass::Significant).0);
    if valued.has(positions.category_ids) {
        valued.add(positions.category_id);
        valued.add(positions.listed_category_ids);
    }
    valued
}

/// What an update did to those of these fields of which the change log keeps values.
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
