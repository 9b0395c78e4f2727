//! Values that are bound to a statement.

use diesel::QueryResult;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Binary, Double, Nullable, Text};
use diesel::sqlite::Sqlite;

/// A value to bind.
#[derive(Debug, Clone)]
pub(crate) enum Bind<'a> {
    Null,
    /// NULL with the type of an integer. Diesel caches a statement by its text and the types of its binds. If a column
    /// of numbers always uses this NULL, there is one cached statement and not many.
    NullInteger,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    Owned(String),
    Blob(&'a [u8]),
}

impl Bind<'_> {
    /// Appends a placeholder and the value to a query.
    pub(crate) fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        match self {
            Self::Null => out.push_bind_param::<Nullable<Text>, _>(&None::<&str>),
            Self::NullInteger => out.push_bind_param::<Nullable<BigInt>, _>(&None::<i64>),
            Self::Integer(number) => out.push_bind_param::<BigInt, _>(number),
            Self::Real(number) => out.push_bind_param::<Double, _>(number),
            Self::Text(text) => out.push_bind_param::<Text, str>(text),
            Self::Owned(text) => out.push_bind_param::<Text, str>(text),
            Self::Blob(bytes) => out.push_bind_param::<Binary, [u8]>(bytes),
        }
    }
}

impl From<i64> for Bind<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Bind<'_> {
    fn from(text: String) -> Self {
        Self::Owned(text)
    }
}

impl<'a> From<&'a [u8]> for Bind<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes)
    }
}

impl From<Option<i64>> for Bind<'_> {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::NullInteger, Self::Integer)
    }
}

impl<'a> From<Option<&'a str>> for Bind<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<String>> for Bind<'_> {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Null, Self::Owned)
    }
}

/// Returns an unsigned number within the range of SQLite's integers. A larger number becomes the largest integer.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
