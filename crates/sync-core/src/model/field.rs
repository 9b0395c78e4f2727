//! Fields: their shapes, their classes, and sets of them.
//!
//! Every kind has one table of [`FieldSpec`]s. Decoders, stores, digests and comparisons read these tables. So a field
//! is declared once, with the reason for its class.

use std::fmt;

use super::sets::{CategorySet, Extra};
use super::text::Text;

/// The type of a field, after normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text that every item has. An absent or empty one keeps the stored name.
    Name,
    /// A text, or nothing. `""` is nothing.
    Text,
    /// A text in which equal numbers have one spelling: `7.50`, `"7.5"` and `7.5` are equal.
    Decimal,
    /// Like [`Shape::Decimal`], but `0` is nothing. It is an id in the catalogue of a third party.
    Reference,
    /// A 64-bit number, or nothing.
    Integer,
    /// A 64-bit number. Nothing is 0.
    Count,
    /// A floating-point number, or nothing.
    Real,
    /// Yes, no, or nothing.
    Flag,
    /// Yes or no. Nothing is no.
    Switch,
    /// A set of category ids.
    Categories,
    /// Keys without a column, each with its JSON text.
    Extra,
}

/// The effect of a difference in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldClass {
    /// The item is *updated*: its row is written, and the change log gets an entry.
    Significant,
    /// The item is *refreshed*: its row is written, without an entry.
    Display,
    /// The difference has no effect. The field is written if the row is written for another reason.
    Ignored,
    /// The field is not compared until listings have shown that the panel doesn't change it by itself. Then it is a
    /// display field.
    Unproven,
}

/// One field of a kind.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// The name, the same in the model, in SQL and in reports.
    pub name: &'static str,
    /// The type.
    pub shape: Shape,
    /// The effect of a difference.
    pub class: FieldClass,
    /// The reason for the class.
    pub reason: &'static str,
}

/// A value of a field, owned.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A text.
    Text(Text),
    /// A number. 0 stands for no and 1 for yes.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Category ids.
    Categories(CategorySet),
    /// Keys without a column.
    Extra(Extra),
}

/// A value of a field, borrowed from its item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Nothing.
    Null,
    /// A text.
    Text(&'a str),
    /// A number. 0 stands for no and 1 for yes.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Category ids.
    Categories(&'a CategorySet),
    /// Keys without a column.
    Extra(&'a Extra),
}

impl ValueRef<'_> {
    /// Returns the same value, owned.
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

    /// Returns the set of every field of a table.
    pub const fn all(table: &[FieldSpec]) -> Self {
        Self(if table.len() >= 32 { u32::MAX } else { (1 << table.len()) - 1 })
    }

    /// Returns the fields of a class.
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

    /// Returns whether the field at this position is in the set.
    pub const fn has(self, position: usize) -> bool {
        self.0 & (1 << position) != 0
    }

    /// Adds the field at this position.
    pub const fn add(&mut self, position: usize) {
        self.0 |= 1 << position;
    }

    /// Removes the field at this position.
    pub const fn drop(&mut self, position: usize) {
        self.0 &= !(1 << position);
    }

    /// Returns whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the fields that are in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the positions in the set, ascending.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        (0..32).filter(move |at| self.has(*at))
    }

    /// Returns the names of the fields, in the order of the table.
    pub fn names(self, table: &'static [FieldSpec]) -> impl Iterator<Item = &'static str> {
        self.positions().filter_map(|at| table.get(at)).map(|spec| spec.name)
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.positions()).finish()
    }
}
