//! Fields: their shapes, their classes, and sets of them.
//!
//! Every kind of item has one table of [`FieldSpec`]s. Decoders, stores, digests and comparisons
//! walk these tables, so a field is declared once, with the reason for its class.

use std::fmt;

use super::sets::{CategorySet, Extra};
use super::text::Text;

/// What a field holds, after normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text that an item always has: absent or empty keeps what is stored.
    Name,
    /// Text, or nothing. `""` is nothing.
    Text,
    /// Text in which numbers have one spelling: `7.50`, `"7.5"` and `7.5` are equal.
    Decimal,
    /// Like [`Shape::Decimal`], and `0` is nothing: an id in somebody else's catalogue.
    Reference,
    /// A 64-bit number, or nothing.
    Integer,
    /// A 64-bit number; nothing is 0.
    Count,
    /// A floating-point number, or nothing.
    Real,
    /// Yes, no, or nothing.
    Flag,
    /// Yes or no; nothing is no.
    Switch,
    /// A set of category ids.
    Categories,
    /// Keys beyond the table, each with its JSON text.
    Extra,
}

/// What a difference in a field means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldClass {
    /// The item is *updated*: written, and an event in the change log.
    Significant,
    /// The item is *refreshed*: written, without an event.
    Display,
    /// No difference at all: stored when the row is written for another reason.
    Ignored,
    /// Ignored until listings have shown that the panel doesn't change it by itself; from then on of
    /// the display class.
    Unproven,
}

/// One field of a kind.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// The name, the same in the model, in SQL and in reports.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What a difference means.
    pub class: FieldClass,
    /// Why it is in this class.
    pub reason: &'static str,
}

/// A value of a field, owned.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// Text.
    Text(Text),
    /// A number, or 0 and 1 for no and yes.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Category ids.
    Categories(CategorySet),
    /// Keys beyond the table.
    Extra(Extra),
}

/// A value of a field, borrowed from its item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Nothing.
    Null,
    /// Text.
    Text(&'a str),
    /// A number, or 0 and 1 for no and yes.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Category ids.
    Categories(&'a CategorySet),
    /// Keys beyond the table.
    Extra(&'a Extra),
}

impl ValueRef<'_> {
    /// The same value, owned.
    pub fn to_owned(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => Value::Text(text.into()),
            Self::Integer(number) => Value::Integer(number),
            Self::Real(number) => Value::Real(number),
            Self::Categories(set) => Value::Categories(set.clone()),
            Self::Extra(extra) => Value::Extra(extra.clone()),
        }
    }
}

/// A set of fields of one kind, by their positions in its table.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct FieldSet(pub u32);

impl FieldSet {
    /// No field.
    pub const EMPTY: Self = Self(0);

    /// Every field of a table.
    pub const fn all(table: &[FieldSpec]) -> Self {
        Self(if table.len() >= 32 { u32::MAX } else { (1 << table.len()) - 1 })
    }

    /// The fields of a class.
    pub const fn of_class(table: &[FieldSpec], class: FieldClass) -> Self {
        let mut set = 0;
        let mut at = 0;
        while at < table.len() {
            if table[at].class as u8 == class as u8 {
                set |= 1 << at;
            }
            at += 1;
        }
        Self(set)
    }

    /// Whether the field at this position is in the set.
    pub const fn has(self, position: usize) -> bool {
        self.0 & (1 << position) != 0
    }

    /// Adds the field at this position.
    pub const fn add(&mut self, position: usize) {
        self.0 |= 1 << position;
    }

    /// Takes the field at this position out.
    pub const fn drop(&mut self, position: usize) {
        self.0 &= !(1 << position);
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The positions in the set, rising.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        (0..32).filter(move |at| self.has(*at))
    }

    /// The names of the fields, in the order of the table.
    pub fn names(self, table: &'static [FieldSpec]) -> impl Iterator<Item = &'static str> {
        self.positions().filter_map(|at| table.get(at)).map(|spec| spec.name)
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.positions()).finish()
    }
}
