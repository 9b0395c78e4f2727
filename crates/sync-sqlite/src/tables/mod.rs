//! The tables of the cache, with one file per table or per few that belong together, and the names of the tables of
//! each kind.
//!
//! Statements that run once per run or once per kind are diesel's typed queries over [`schema`]. Their rows are structs
//! of [`crate::db::value`] and [`words`]. Statements that run for items, or over tables that differ by kind, are SQL as
//! text ([`crate::db::statement`]).

pub(crate) mod changes;
pub(crate) mod content;
pub(crate) mod doubts;
pub(crate) mod facts;
pub(crate) mod former_logins;
pub(crate) mod guards;
pub(crate) mod held;
pub(crate) mod history;
pub(crate) mod ids;
pub(crate) mod index;
pub(crate) mod paces;
pub(crate) mod page;
pub(crate) mod profile;
pub(crate) mod row_counts;
pub(crate) mod run_kind;
#[cfg(not(feature = "schema"))]
pub(crate) mod schema;
#[cfg(feature = "schema")]
#[expect(missing_docs, reason = "the migrations say what is in a column")]
pub mod schema;
#[cfg(test)]
mod schema_tests;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod sync_state;
pub(crate) mod tombstone;
pub(crate) mod validator;
pub(crate) mod words;

use sync_core::ContentKind;

/// The names in SQL that differ by kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tables {
    /// The table of items.
    pub(crate) items: &'static str,
    /// The column of the panel's id.
    pub(crate) id: &'static str,
    /// The table of categories.
    pub(crate) categories: &'static str,
    /// The column of the watermark in `xtream_content_sync`.
    pub(crate) last_sync: &'static str,
    /// The column of the number of rows in `xtream_content_sync`.
    pub(crate) count: &'static str,
}

/// Returns the names of a kind.
pub(crate) const fn of(kind: ContentKind) -> Tables {
    let id = kind.id_column();
    match kind {
        ContentKind::Channels => Tables {
            items: "xtream_channels",
            id,
            categories: "xtream_channel_categories",
            last_sync: "last_sync_channels",
            count: "channels_count",
        },
        ContentKind::Movies => Tables {
            items: "xtream_movies",
            id,
            categories: "xtream_movie_categories",
            last_sync: "last_sync_movies",
            count: "movies_count",
        },
        ContentKind::Series => Tables {
            items: "xtream_series",
            id,
            categories: "xtream_series_categories",
            last_sync: "last_sync_series",
            count: "series_count",
        },
    }
}
