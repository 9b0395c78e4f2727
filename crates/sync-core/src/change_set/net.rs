//! Combines the entries of a feed, and finds the rows that are new, changed or gone. Pure functions.

use std::collections::HashMap;

use crate::feed::change::{ChangeRecord, LoggedChange, RowChange};
use crate::feed::collapse::row_change;
use crate::model::{ContentId, ContentKind, FieldClass, FieldSet};

/// The change of a row between two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetChange {
    /// The row was not there before.
    New,
    /// These significant fields may have changed.
    Changed(FieldSet),
    /// The row is no longer there.
    Gone,
}

/// Collects the entries of a kind, oldest first.
#[derive(Debug, Clone)]
pub struct NetChanges {
    kind: ContentKind,
    rows: HashMap<ContentId, Row>,
    loaded: bool,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    was_there: bool,
    is_there: bool,
    /// Whether the row was removed and added again between the two states. Any field may then differ.
    came: bool,
    fields: FieldSet,
}

impl NetChanges {
    /// Returns an empty collection for a kind.
    pub fn new(kind: ContentKind) -> Self {
        Self { kind, rows: HashMap::new(), loaded: false }
    }

    /// Returns whether the kind was loaded for the first time. The rows of the first listing have no entries.
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Adds an entry. Entries of other kinds, and of edits, change nothing.
    pub fn push(&mut self, entry: &ChangeRecord) {
        if entry.kind != self.kind {
            return;
        }
        self.loaded |= entry.change == LoggedChange::Loaded;
        let (Some(id), Some(change)) = (entry.id, row_change(entry)) else { return };
        let came = change == RowChange::Came;
        let new = Row { was_there: !came, is_there: true, came: false, fields: FieldSet::EMPTY };
        let row = self.rows.entry(id).or_insert(new);
        row.is_there = change != RowChange::Went;
        row.came |= came;
        let significant = self.kind.of_class(FieldClass::Significant);
        let fields = match (&entry.change, &entry.columns) {
            (LoggedChange::Updated(fields), _) => *fields,
            (_, Some(columns)) => {
                let mut fields = FieldSet::EMPTY;
                columns.iter().filter_map(|it| self.kind.field(it.column)).for_each(|at| fields.add(at));
                fields
            }
            (_, None) => significant,
        };
        row.fields = FieldSet(row.fields.0 | fields.and(significant).0);
    }

    /// Returns the rows that differ from before, by ascending id.
    pub fn finish(self) -> Vec<(ContentId, NetChange)> {
        let significant = self.kind.of_class(FieldClass::Significant);
        let mut all: Vec<_> = self
            .rows
            .into_iter()
            .filter_map(|(id, row)| {
                let change = match (row.was_there, row.is_there) {
                    (false, false) => return None,
                    (false, true) => NetChange::New,
                    (true, false) => NetChange::Gone,
                    (true, true) if row.came => NetChange::Changed(significant),
                    (true, true) if row.fields.is_empty() => return None,
                    (true, true) => NetChange::Changed(row.fields),
                };
                Some((id, change))
            })
            .collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::change::{TakenBack, updated_columns, whole_row};
    use crate::testing::movie;

    const MOVIES: ContentKind = ContentKind::Movies;

    fn fields(names: &[&str]) -> FieldSet {
        let mut set = FieldSet::EMPTY;
        names.iter().for_each(|name| set.add(MOVIES.field(name).unwrap()));
        set
    }

    fn entry(change: LoggedChange) -> ChangeRecord {
        let record = ChangeRecord::new(1, 9, MOVIES, change).of_item(Some(ContentId(1)), Some("n".to_owned()));
        let item = movie(1).item();
        let columns = match change {
            LoggedChange::Updated(fields) => updated_columns(&item, &item, fields),
            LoggedChange::Removed => whole_row(&item, RowChange::Went),
            LoggedChange::Undone(TakenBack::Removed) => whole_row(&item, RowChange::Came),
            LoggedChange::Undone(TakenBack::Updated) => updated_columns(&item, &item, fields(&["plot"])),
            _ => Vec::new(),
        };
        record.with_columns(Some(columns))
    }

    #[test]
    fn entries_of_a_row_become_one_change() {
        let (added, returned, removed) = (LoggedChange::Added, LoggedChange::Returned, LoggedChange::Removed);
        let updated = |names: &[&str]| LoggedChange::Updated(fields(names));
        let significant = MOVIES.of_class(FieldClass::Significant);
        let changed = |names: &[&str]| Some(NetChange::Changed(fields(names)));
        for (entries, expected) in [
            (vec![added], Some(NetChange::New)),
            (vec![added, updated(&["name"])], Some(NetChange::New)),
            (vec![added, removed], None),
            (vec![updated(&["name", "rating"])], changed(&["name"])),
            (vec![updated(&["name"]), updated(&["plot"])], changed(&["name", "plot"])),
            (vec![updated(&["name"]), LoggedChange::Undone(TakenBack::Updated)], changed(&["name", "plot"])),
            (vec![updated(&["rating"])], None),
            (vec![removed], Some(NetChange::Gone)),
            (vec![removed, returned], Some(NetChange::Changed(significant))),
            (vec![removed, LoggedChange::Undone(TakenBack::Removed)], Some(NetChange::Changed(significant))),
            (vec![removed, returned, removed], Some(NetChange::Gone)),
            (vec![LoggedChange::Converged], None),
        ] {
            let mut net = NetChanges::new(MOVIES);
            entries.iter().for_each(|change| net.push(&entry(*change)));
            let found = net.finish();
            assert_eq!(
                found,
                expected.map(|change| (ContentId(1), change)).into_iter().collect::<Vec<_>>(),
                "{entries:?}"
            );
        }
        let mut net = NetChanges::new(ContentKind::Series);
        net.push(&entry(added));
        assert!(net.finish().is_empty(), "of another kind");
        let mut net = NetChanges::new(MOVIES);
        net.push(&ChangeRecord::new(1, 9, MOVIES, LoggedChange::Loaded));
        assert!(net.is_loaded());
    }
}
