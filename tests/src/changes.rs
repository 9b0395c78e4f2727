//! The changes between two versions: the ids added, updated, refreshed and removed.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{Class, columns};
use crate::item::Kind;
use crate::json::JsonForm;
use crate::truth::Row;

/// The difference between two versions of one kind. An id is in at most one of the sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The ids that only the later version has.
    pub added: BTreeSet<i64>,
    /// The ids of which a significant column changed.
    pub updated: BTreeSet<i64>,
    /// The ids of which display columns changed, and no significant column.
    pub refreshed: BTreeSet<i64>,
    /// The ids that only the earlier version has.
    pub removed: BTreeSet<i64>,
}

impl Changes {
    /// Returns the difference between two truths, or between two parts of them that hold the same ids.
    pub fn between(kind: Kind, before: &BTreeMap<i64, Row>, after: &BTreeMap<i64, Row>) -> Self {
        let mut changes = Self::default();
        changes.removed.extend(before.keys().filter(|id| !after.contains_key(id)));
        for (id, row) in after {
            let Some(former) = before.get(id) else {
                changes.added.insert(*id);
                continue;
            };
            let differs = |class| {
                let mut of_class = columns(kind).iter().filter(|column| column.class == class);
                of_class.any(|column| row[column.name] != former[column.name])
            };
            if differs(Class::Significant) {
                changes.updated.insert(*id);
            } else if differs(Class::Display) {
                changes.refreshed.insert(*id);
            }
        }
        changes
    }

    /// Returns whether no change counts.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the numbers of added, updated, refreshed and removed ids as a JSON object.
    pub fn counts(&self) -> JsonForm {
        let count = |ids: &BTreeSet<i64>| JsonForm::Integer(i64::try_from(ids.len()).expect("a length fits"));
        JsonForm::object([
            ("added", count(&self.added)),
            ("updated", count(&self.updated)),
            ("refreshed", count(&self.refreshed)),
            ("removed", count(&self.removed)),
        ])
    }
}

/// The changes that a correct sync reports per kind after a step or an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The changes of channels.
    pub channels: Changes,
    /// The changes of movies.
    pub movies: Changes,
    /// The changes of series.
    pub series: Changes,
}

impl Expected {
    /// Returns the changes of a kind.
    pub fn of(&self, kind: Kind) -> &Changes {
        match kind {
            Kind::Channels => &self.channels,
            Kind::Movies => &self.movies,
            Kind::Series => &self.series,
        }
    }

    pub(crate) fn of_mut(&mut self, kind: Kind) -> &mut Changes {
        match kind {
            Kind::Channels => &mut self.channels,
            Kind::Movies => &mut self.movies,
            Kind::Series => &mut self.series,
        }
    }

    /// Returns whether no change counts.
    pub fn is_empty(&self) -> bool {
        Kind::ALL.into_iter().all(|kind| self.of(kind).is_empty())
    }

    /// Returns the numbers as a JSON object, by kind.
    pub fn counts(&self) -> JsonForm {
        JsonForm::object(Kind::ALL.map(|kind| (kind.name(), self.of(kind).counts())))
    }
}
