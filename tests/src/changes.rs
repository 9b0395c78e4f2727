//! What happened between two versions: the ids added, updated, refreshed and removed.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{Class, columns};
use crate::item::Kind;
use crate::json::JsonForm;
use crate::truth::Row;

/// The difference between two versions of one kind. An id is in one of the sets at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the later version only.
    pub added: BTreeSet<i64>,
    /// A significant column changed.
    pub updated: BTreeSet<i64>,
    /// Display columns changed, and nothing else that counts.
    pub refreshed: BTreeSet<i64>,
    /// In the earlier version only.
    pub removed: BTreeSet<i64>,
}

impl Changes {
    /// The difference between two truths (or any two parts of them that hold the same ids).
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

    /// Whether nothing changed that counts.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The numbers of added, updated, refreshed and removed ids as a JSON object.
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

/// What a right sync of every kind reports after a step or an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Live channels.
    pub channels: Changes,
    /// Movies.
    pub movies: Changes,
    /// Series.
    pub series: Changes,
}

impl Expected {
    /// The changes of a kind.
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

    /// Whether nothing changed that counts.
    pub fn is_empty(&self) -> bool {
        Kind::ALL.into_iter().all(|kind| self.of(kind).is_empty())
    }

    /// The numbers, by kind, as a JSON object.
    pub fn counts(&self) -> JsonForm {
        JsonForm::object(Kind::ALL.map(|kind| (kind.name(), self.of(kind).counts())))
    }
}
