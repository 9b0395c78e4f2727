//! The sync state of a profile.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::store::SyncState;
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::db::fault::of_diesel;
use crate::db::value::{Count, Number};
use crate::store::SqliteStore;
use crate::tables::schema::xtream_content_sync;
use crate::tables::{facts, held};

/// The columns of each kind, side by side.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_content_sync, check_for_backend(Sqlite))]
pub(crate) struct Kinds {
    last_sync_channels: Option<Number>,
    last_sync_movies: Option<Number>,
    last_sync_series: Option<Number>,
    channels_count: Count,
    movies_count: Count,
    series_count: Count,
}

impl Kinds {
    /// Returns the watermark: the panel's clock when the last applied listing was asked for.
    pub(crate) fn last_sync(&self, kind: ContentKind) -> Option<i64> {
        let at = match kind {
            ContentKind::Channels => self.last_sync_channels,
            ContentKind::Movies => self.last_sync_movies,
            ContentKind::Series => self.last_sync_series,
        };
        at.map(|at| at.0)
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self, kind: ContentKind) -> u64 {
        match kind {
            ContentKind::Channels => self.channels_count.0,
            ContentKind::Movies => self.movies_count.0,
            ContentKind::Series => self.series_count.0,
        }
    }
}

impl SqliteStore {
    /// Returns the sync state of a profile.
    pub fn sync_state_blocking(&self, profile: &ProfileId) -> Result<SyncState, StoreError> {
        self.read_profile(profile, |conn| {
            let mut state = SyncState::default();
            let row = xtream_content_sync::table
                .filter(xtream_content_sync::profile_id.eq(profile.as_str()))
                .select(Kinds::as_select())
                .first(conn)
                .optional()
                .map_err(of_diesel)?;
            let Some(row) = row else { return Ok(state) };
            for kind in ContentKind::ALL {
                state.last_sync[kind] = row.last_sync(kind);
                state.rows[kind] = row.rows(kind);
            }
            state.held = held::count(conn, profile)?;
            state.facts = facts::load(conn, profile)?;
            Ok(state)
        })
    }
}
