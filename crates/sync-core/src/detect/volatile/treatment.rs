//! The treatment of the fields of a kind in one listing.

use std::collections::BTreeMap;

use crate::model::{ContentKind, Extra, FieldClass, FieldSet, Text};

/// The role of a field in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A difference is a reason to write the row.
    Compared,
    /// A difference is a reason to write the row if the whole listing shows that the field has stopped being volatile.
    Tentative,
    /// Differences are counted, but are no reason to write the row.
    Watched,
    /// The field isn't compared, and its value has no part in digests.
    LeftOut,
}

/// The treatment of the fields of a kind in one listing. [`FieldFacts::treatment`](super::FieldFacts::treatment) makes
/// it of the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Treatment {
    /// Columns whose difference is a reason to write the row.
    pub(crate) compared: FieldSet,
    /// Columns whose difference is a reason to write if the listing shows that they have stopped being volatile.
    pub(crate) tentative: FieldSet,
    /// The keys without a column about which there are facts, sorted. There are at most 64.
    pub(crate) keys: Vec<(Text, Role)>,
    /// The keys that are compared and those that are tentative, as bits by their positions.
    pub(crate) compared_keys: u64,
    pub(crate) tentative_keys: u64,
    pub(crate) left_out: LeftOut,
    /// Columns that are volatile but are written, so that the next listing can be compared.
    pub(crate) looks_again: bool,
    /// Whether every element has to be decoded, because rows hold old values that may have to be written.
    pub(crate) needs_all: bool,
    /// Whether unproven fields are tried.
    pub(crate) tries: bool,
}

impl Treatment {
    /// Returns the treatment for a panel of which nothing is known. Every field is compared except for the unproven
    /// ones.
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

    /// Returns the fields that have no part in the digests of the listing.
    pub const fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Returns the position of a key among those about which there are facts.
    pub(crate) fn key(&self, name: &str) -> Option<usize> {
        self.keys.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()
    }

    /// Returns the known keys that have another value in `new`, as bits by their positions.
    pub(crate) fn differing(&self, old: &Extra, new: &Extra) -> u64 {
        let differing = new.iter().filter(|(key, json)| old.get(key) != Some(json));
        differing.filter_map(|(key, _)| self.key(key)).fold(0, |bits, place| bits | 1 << place)
    }

    /// Returns the keys of a role, as bits by their positions.
    fn keys_of(&self, role: Role) -> u64 {
        self.keys.iter().enumerate().fold(0, |bits, (place, (_, own))| bits | u64::from(*own == role) << place)
    }
}

/// The fields that have no part in the digests of a listing, because the panel changes them by itself. Equal digests
/// then say that everything else is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Columns, by their positions. Of the address of an image, only scheme, host and query are left out, not the path.
    pub fields: FieldSet,
    /// Keys without a column, sorted.
    pub extra: Vec<Text>,
}

impl LeftOut {
    /// Nothing.
    pub const NONE: Self = Self { fields: FieldSet::EMPTY, extra: Vec::new() };

    /// Returns whether nothing is left out.
    pub const fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.extra.is_empty()
    }

    /// Returns whether a key without a column is left out.
    pub fn has_key(&self, name: &str) -> bool {
        self.extra.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }
}

/// The treatment while it is made.
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
