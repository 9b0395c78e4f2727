//! The tables of the cache, a file for each or for a few that belong together, and the names of those of each kind.
//!
//! What runs once a run or once a kind is diesel's typed queries over [`schema`]; rows are structs of
//! [`crate::db::value`] and [`words`]. What runs for items, or over tables that differ by kind, is SQL as text
//! ([`crate::db::statement`]).

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

/// What differs by kind in the SQL.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tables {
    /// Items.
    pub(crate) items: &'static str,
    /// The column of the panel's id.
    pub(crate) id: &'static str,
    /// Categories.
    pub(crate) categories: &'static str,
    /// The watermark in `xtream_content_sync`.
    pub(crate) last_sync: &'static str,
    /// The number of rows in `xtream_content_sync`.
    pub(crate) count: &'static str,
}

/// The tables of a kind.
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
