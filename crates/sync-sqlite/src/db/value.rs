//! The types of the fields in the rows of diesel's typed queries.
//!
//! SQLite stores any value in any column, and diesel's own `i64` reads a text as 0. So the structs of rows have fields
//! of these types, which are as strict as [`crate::db::statement::Record`]: a number is a number, a count isn't
//! negative, and a text is no blob. Any other value is an error, [`sync_core::StoreError::Corrupt`].

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types;
use diesel::sqlite::{Sqlite, SqliteType};

use crate::db::bind::signed;

/// A number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::BigInt)]
pub(crate) struct Number(pub(crate) i64);

/// A number that is never negative. A number beyond SQLite's largest is written as the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::BigInt)]
pub(crate) struct Count(pub(crate) u64);

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Text)]
pub(crate) struct Text(pub(crate) String);

impl FromSql<sql_types::BigInt, Sqlite> for Number {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        match value.value_type() {
            Some(SqliteType::SmallInt | SqliteType::Integer | SqliteType::Long) => Ok(Self(value.read_long())),
            _ => Err("not a number".into()),
        }
    }
}

impl ToSql<sql_types::BigInt, Sqlite> for Number {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0);
        Ok(IsNull::No)
    }
}

impl FromSql<sql_types::BigInt, Sqlite> for Count {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let Number(number) = Number::from_sql(value)?;
        Ok(Self(u64::try_from(number)?))
    }
}

impl ToSql<sql_types::BigInt, Sqlite> for Count {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(signed(self.0));
        Ok(IsNull::No)
    }
}

impl FromSql<sql_types::Text, Sqlite> for Text {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        match value.value_type() {
            Some(SqliteType::Binary) => Err("not a text".into()),
            _ => Ok(Self(value.read_text().to_owned())),
        }
    }
}

impl ToSql<sql_types::Text, Sqlite> for Text {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use diesel::dsl::sql;
    use diesel::prelude::*;
    use sync_core::StoreError;

    use super::*;
    use crate::db::connection::connect;
    use crate::db::fault;

    fn read<T, S>(literal: &str) -> Result<T, StoreError>
    where
        S: sql_types::SingleValue + diesel::query_builder::QueryId + 'static,
        Sqlite: sql_types::HasSqlType<S>,
        T: FromSql<S, Sqlite> + Queryable<S, Sqlite> + 'static,
    {
        let mut conn = connect(":memory:").unwrap();
        diesel::select(sql::<S>(literal)).get_result(&mut conn).map_err(fault::of_diesel)
    }

    #[test]
    fn a_value_that_a_column_cannot_hold_is_damage() {
        assert_eq!(read::<Number, sql_types::BigInt>("-7").unwrap(), Number(-7));
        assert_eq!(read::<Count, sql_types::BigInt>("7").unwrap(), Count(7));
        assert_eq!(read::<Text, sql_types::Text>("'seven'").unwrap(), Text("seven".to_owned()));
        assert_eq!(read::<Text, sql_types::Text>("7").unwrap(), Text("7".to_owned()));
        for literal in ["'seven'", "7.5", "x'07'", "NULL"] {
            assert!(matches!(read::<Number, sql_types::BigInt>(literal), Err(StoreError::Corrupt(_))), "{literal}");
        }
        assert!(matches!(read::<Count, sql_types::BigInt>("-1"), Err(StoreError::Corrupt(_))));
        for literal in ["x'07'", "NULL"] {
            assert!(matches!(read::<Text, sql_types::Text>(literal), Err(StoreError::Corrupt(_))), "{literal}");
        }
    }
}
