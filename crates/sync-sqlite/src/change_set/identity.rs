//! The identity of a profile's panel.

use diesel::SqliteConnection;
use sync_core::change_set::Moves;
use sync_core::{ContentKind, Login, PanelIdentity, ProfileId, StoreError};

use crate::change_set::content_hash::{self, Standing};
use crate::db::statement::{execute, record};
use crate::items::item_sql;
use crate::search::Key;
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;
use crate::tables::{changes, row_counts};

/// The number of rows that are read at a time.
const PAGE: usize = 500;

impl SqliteStore {
    /// Returns the identity of a profile's panel, and creates it if there is none; see
    /// [`sync_core::Snapshots::identify`].
    pub fn identify_blocking(
        &self,
        profile: &ProfileId,
        wanted: Option<PanelIdentity>,
    ) -> Result<PanelIdentity, StoreError> {
        self.write(|conn| {
            require_profile(conn, profile)?;
            if let Some(known) = panel(conn, profile)? {
                let mut has_rows = false;
                for kind in ContentKind::ALL {
                    has_rows |= content_hash::has_rows(conn, Key { profile, kind })?;
                }
                if has_rows || wanted.is_none() {
                    return Ok(known);
                }
            }
            let text = wanted.map(|identity| identity.to_string());
            let sql =
                "UPDATE xtream_profiles SET panel_identity=coalesce(?,lower(hex(randomblob(16)))) WHERE profile_id=?";
            execute(conn, sql, &[text.into(), profile.as_str().into()])?;
            panel(conn, profile)?.ok_or_else(|| StoreError::backend("a panel has an identity once it is written"))
        })
    }
}

impl SqliteStore {
    /// Computes the content hashes that are missing; see [`sync_core::Snapshots::complete_hashes`].
    pub fn complete_hashes_blocking(&self, profile: &ProfileId, login: &Login) -> Result<(), StoreError> {
        let is_missing = |conn: &mut SqliteConnection, key: Key<'_>| -> Result<bool, StoreError> {
            Ok(content_hash::standing(conn, key)? == Standing::Unknown && !content_hash::is_doubted(conn, key)?)
        };
        // The hashes are looked for first, so a caller doesn't wait for a writer if all hashes exist.
        let missing = self.read_profile(profile, |conn| {
            let mut missing = false;
            for kind in ContentKind::ALL {
                missing |= is_missing(conn, Key { profile, kind })?;
            }
            Ok(missing)
        })?;
        if !missing {
            return Ok(());
        }
        self.write(|conn| {
            for kind in ContentKind::ALL {
                let key = Key { profile, kind };
                if is_missing(conn, key)? {
                    complete(conn, key, login)?;
                }
            }
            Ok(())
        })
    }
}

/// Reads the identity of the panel. A value that is no identity counts as none.
pub(crate) fn panel(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<Option<PanelIdentity>, StoreError> {
    let sql = "SELECT panel_identity FROM xtream_profiles WHERE profile_id=?";
    let found = record(conn, sql, &[profile.as_str().into()])?;
    let text = found.map(|mut row| row.optional_text(0)).transpose()?.flatten();
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Computes and writes the content hash of a kind.
fn complete(conn: &mut SqliteConnection, key: Key<'_>, login: &Login) -> Result<(), StoreError> {
    let ids = row_counts::stored_ids(conn, key.profile, &key.kind.into())?;
    content_hash::forget_login_hashes(conn, key)?;
    for page in ids.chunks(PAGE) {
        let page: Vec<_> = page.iter().copied().map(sync_core::ContentId).collect();
        for item in item_sql::rows(conn, key.profile.as_str(), key.kind, &page)? {
            if let Some(hash) = login.row_hash(&item) {
                content_hash::save_login_hash(conn, key, item.id().0, Some(hash))?;
            }
        }
    }
    let hash = content_hash::computed(conn, key)?;
    let sequence = changes::feed(conn, key.profile)?.newest;
    content_hash::write(conn, key, sequence, Some(hash), &Moves::None)
}
