//! How one listing treats the fields of its kind.

use std::collections::BTreeMap;

use crate::model::{ContentKind, Extra, FieldClass, FieldSet, Text};

/// What becomes of a field in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A difference is a reason to write.
    Compared,
    /// A difference is a reason to write if the whole listing shows that the field rests.
    Tentative,
    /// Differences are counted.
    Watched,
    /// It isn't looked at, and its value has no part in digests.
    LeftOut,
}

/// How one listing treats the fields of its kind. Made of what is known by
/// [`FieldFacts::treatment`](super::FieldFacts::treatment).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Treatment {
    /// Columns of which a difference is a reason to write.
    pub(crate) compared: FieldSet,
    /// Columns of which it is one if the listing shows that they rest.
    pub(crate) tentative: FieldSet,
    /// The keys beyond the columns of which something is known, sorted; at most 64.
    pub(crate) keys: Vec<(Text, Role)>,
    /// Those that are compared and those that are tentative, as bits by their places.
    pub(crate) compared_keys: u64,
    pub(crate) tentative_keys: u64,
    pub(crate) left_out: LeftOut,
    /// Columns that are volatile and are written all the same, so that the next listing can be compared.
    pub(crate) looks_again: bool,
    /// Whether every element has to be decoded: rows are behind that may be written.
    pub(crate) needs_all: bool,
    /// Whether fields are tried.
    pub(crate) tries: bool,
}

impl Treatment {
    /// That of a panel of which nothing is known: every field is compared, but for those that have to
    /// prove first that they rest.
    pub const fn plain(kind: ContentKind) -> Self {
        let compared = FieldSet(kind.of_class(FieldClass::Significant).0 | kind.of_class(FieldClass::Display).0);
        Self {
            compared,
            tentative: FieldSet::EMPTY,
            keys: Vec::new(),
            compared_keys: 0,
            tentative_keys: 0,
            left_out: LeftOut::NONE,
            looks_again: false,
            needs_all: false,
            tries: true,
        }
    }

    /// What has no part in the digests of the listing.
    pub const fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// The place of a key among those of which something is known.
    pub(crate) fn key(&self, name: &str) -> Option<usize> {
        self.keys.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()
    }

    /// The known keys that have another value in `new`, as bits by their places.
    pub(crate) fn differing(&self, old: &Extra, new: &Extra) -> u64 {
        let differing = new.iter().filter(|(key, json)| old.get(key) != Some(json));
        differing.filter_map(|(key, _)| self.key(key)).fold(0, |bits, place| bits | 1 << place)
    }

    /// The keys of a role, as bits by their places.
    fn keys_of(&self, role: Role) -> u64 {
        self.keys.iter().enumerate().fold(0, |bits, (place, (_, own))| bits | u64::from(*own == role) << place)
    }
}

/// What has no part in the digests of a listing, because the panel changes it by itself: equal digests
/// then say that everything else is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Columns, by their positions. Of an image it is scheme, host and query, not the path.
    pub fields: FieldSet,
    /// Keys that have no column, sorted.
    pub extra: Vec<Text>,
}

impl LeftOut {
    /// Nothing.
    pub const NONE: Self = Self { fields: FieldSet::EMPTY, extra: Vec::new() };

    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.extra.is_empty()
    }

    /// Whether a key that has no column is left out.
    pub fn has_key(&self, name: &str) -> bool {
        self.extra.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }
}

/// The treatment in the making.
pub(super) struct Making {
    pub(super) treatment: Treatment,
    pub(super) extra: BTreeMap<Text, Role>,
}

impl Making {
    pub(super) fn finish(self) -> Treatment {
        let left_out = |(key, role): (&Text, &Role)| (*role == Role::LeftOut).then(|| key.clone());
        let mut treatment = self.treatment;
        treatment.left_out.extra = self.extra.iter().filter_map(left_out).collect();
        treatment.keys = self.extra.into_iter().collect();
        treatment.compared_keys = treatment.keys_of(Role::Compared);
        treatment.tentative_keys = treatment.keys_of(Role::Tentative);
        treatment
    }
}
