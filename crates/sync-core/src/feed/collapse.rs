//! Collapses several changes of an item into one. Pure functions.

use crate::feed::change::{ChangeRecord, ColumnChange, LoggedChange, RowChange};
use crate::model::{FieldSet, Item, Value};

/// The changes of one item, in their order, while they are collapsed.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Collapsed {
    first: LoggedChange,
    was_there: bool,
    is_there: bool,
    /// The first value of each changed column, and the last one that is known.
    columns: Vec<ColumnChange>,
    /// Whether the row was inserted in between. Then its last values are not in the log.
    came: bool,
    has_values: bool,
    last: ChangeRecord,
}

/// Returns the effect of a change on the row of its item.
pub fn row_change(change: &ChangeRecord) -> Option<RowChange> {
    let columns = change.columns.as_deref().unwrap_or_default();
    let id = columns.iter().find(|column| column.column == "id");
    let is_there = |value: Option<&Value>| value.is_none_or(|value| *value != Value::Null);
    change.change.row(is_there(id.map(|id| &id.before)), is_there(id.map(|id| &id.after)))
}

impl Collapsed {
    /// Begins with the first change of an item. Returns `None` for an entry without an item.
    pub fn new(change: ChangeRecord) -> Option<Self> {
        let row = row_change(&change)?;
        change.id?;
        Some(Self {
            first: change.change,
            was_there: row != RowChange::Came,
            is_there: row != RowChange::Went,
            columns: change.columns.clone().unwrap_or_default(),
            came: row == RowChange::Came,
            has_values: change.columns.is_some(),
            last: change,
        })
    }

    /// Adds a later change of the item.
    pub fn push(&mut self, change: ChangeRecord) {
        let Some(row) = row_change(&change) else { return };
        self.is_there = row != RowChange::Went;
        self.came |= row == RowChange::Came;
        self.has_values &= change.columns.is_some();
        for later in change.columns.iter().flatten() {
            match self.columns.iter_mut().find(|known| known.column == later.column) {
                Some(known) => known.after = later.after.clone(),
                None => self.columns.push(later.clone()),
            }
        }
        self.last = change;
    }

    /// Returns the collapsed change, or `None` if nothing has changed in the end. `now` is the present row, if there is
    /// one. It is needed for a row that was deleted and inserted again, because only it has the last values.
    pub fn finish(self, now: Option<&Item>) -> Option<ChangeRecord> {
        let Self { first, was_there, is_there, mut columns, came, has_values, last } = self;
        let change = match (was_there, is_there) {
            (false, false) => return None,
            (false, true) => {
                let change = if first == LoggedChange::Returned { first } else { LoggedChange::Added };
                let columns = has_values.then(Vec::new);
                return Some(ChangeRecord { change, columns, ..last });
            }
            (true, false) => {
                for column in &mut columns {
                    column.after = Value::Null;
                }
                LoggedChange::Removed
            }
            (true, true) => {
                let kind = last.kind;
                let significant = kind.of_class(crate::model::FieldClass::Significant);
                if let Some(now) = now.filter(|_| came) {
                    for column in &mut columns {
                        if let Some(at) = kind.field(column.column) {
                            column.after = now.value(at).to_owned();
                        }
                    }
                }
                columns.retain(|column| {
                    kind.field(column.column).is_some_and(|at| significant.has(at)) && column.before != column.after
                });
                if columns.is_empty() && has_values {
                    return None;
                }
                let mut fields = FieldSet::EMPTY;
                columns.iter().filter_map(|column| kind.field(column.column)).for_each(|at| fields.add(at));
                if !has_values && let LoggedChange::Updated(told) = last.change {
                    fields = told;
                }
                LoggedChange::Updated(fields)
            }
        };
        Some(ChangeRecord { change, columns: has_values.then_some(columns), ..last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::change::{TakenBack, updated_columns, whole_row};
    use crate::model::{ContentId, ContentKind};
    use crate::testing::movie;

    fn item(name: &str) -> Item {
        movie(1).name(name).item()
    }

    fn entry(sequence: i64, change: LoggedChange, columns: Vec<ColumnChange>) -> ChangeRecord {
        let record = ChangeRecord::new(sequence, 9, ContentKind::Movies, change);
        record.of_item(Some(ContentId(1)), Some("n".to_owned())).with_columns(Some(columns))
    }

    fn updated(sequence: i64, before: &str, after: &str) -> ChangeRecord {
        let mut fields = FieldSet::EMPTY;
        fields.add(ContentKind::Movies.field("name").unwrap());
        entry(sequence, LoggedChange::Updated(fields), updated_columns(&item(before), &item(after), fields))
    }

    fn removed(sequence: i64, name: &str) -> ChangeRecord {
        entry(sequence, LoggedChange::Removed, whole_row(&item(name), RowChange::Went))
    }

    fn came(sequence: i64, change: LoggedChange) -> ChangeRecord {
        entry(sequence, change, Vec::new())
    }

    /// Returns the word of the collapsed change, and the name before and after.
    fn collapsed(changes: Vec<ChangeRecord>, now: Option<&str>) -> Option<(&'static str, Value, Value)> {
        let mut changes = changes.into_iter();
        let mut one = Collapsed::new(changes.next().unwrap()).unwrap();
        changes.for_each(|change| one.push(change));
        let now = now.map(item);
        let found = one.finish(now.as_ref())?;
        let name = found.columns.as_ref().unwrap().iter().find(|column| column.column == "name").cloned();
        let (before, after) = name.map_or((Value::Null, Value::Null), |name| (name.before, name.after));
        Some((found.change.as_str(), before, after))
    }

    #[test]
    fn several_changes_become_one() {
        let text = |text: &str| Value::Text(text.into());
        let (added, returned) = (LoggedChange::Added, LoggedChange::Returned);
        let cases = [
            (vec![updated(1, "a", "b"), updated(2, "b", "c")], Some("c"), Some(("updated", text("a"), text("c")))),
            (vec![updated(1, "a", "b"), updated(2, "b", "a")], Some("a"), None),
            (vec![came(1, added), updated(2, "a", "b")], Some("b"), Some(("added", Value::Null, Value::Null))),
            (vec![came(1, returned), updated(2, "a", "b")], Some("b"), Some(("returned", Value::Null, Value::Null))),
            (vec![came(1, added), removed(2, "a")], None, None),
            (vec![updated(1, "a", "b"), removed(2, "b")], None, Some(("removed", text("a"), Value::Null))),
            (vec![removed(1, "a"), came(2, returned)], Some("b"), Some(("updated", text("a"), text("b")))),
            (vec![removed(1, "a"), came(2, returned)], Some("a"), None),
            (vec![removed(1, "a")], None, Some(("removed", text("a"), Value::Null))),
        ];
        for (changes, now, expected) in cases {
            assert_eq!(collapsed(changes.clone(), now), expected, "{changes:?}");
        }
        let undone = entry(2, LoggedChange::Undone(TakenBack::Removed), whole_row(&item("a"), RowChange::Came));
        assert_eq!(collapsed(vec![removed(1, "a"), undone], Some("a")), None);
    }

    #[test]
    fn a_first_load_has_no_item() {
        assert!(Collapsed::new(ChangeRecord::new(1, 2, ContentKind::Movies, LoggedChange::Loaded)).is_none());
    }
}
