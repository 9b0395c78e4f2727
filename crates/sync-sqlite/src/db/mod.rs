//! The database below the tables: files, connections, schema, statements, and the errors of SQLite.

pub(crate) mod bind;
pub(crate) mod blocking;
pub(crate) mod connection;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod lock;
pub(crate) mod open;
pub(crate) mod schema;
pub(crate) mod statement;
#[cfg(not(feature = "failpoints"))]
pub(crate) mod stop;
#[cfg(feature = "failpoints")]
pub mod stop;
pub(crate) mod value;
