//! The check: whether each table, and all tables together, are consistent.
//!
//! The check reads one state of the cache and writes nothing. It names what it finds. [`SqliteStore::mark_blocking`]
//! takes the findings that a full comparison mends.
//!
//! Most statements are SQL as text, because they test for values that the types of the columns rule out, and use one
//! table after the other. Rows of several columns are read by name.

mod history;
mod kind;
pub(crate) mod mend;
mod overlay;
mod profile;
pub(crate) mod rows;
mod whole;

use diesel::prelude::*;
use sync_core::maintenance::{Finding, Inconsistency, Inspection};
use sync_core::{ContentKind, ProfileId, StoreError};

use crate::change_set::content_hash;
use crate::db::fault::of_diesel;
use crate::db::value::Text;
use crate::search;
use crate::search::tables::Key;
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;
use crate::tables::schema::xtream_profiles;

impl SqliteStore {
    /// Checks one profile or all of them, and the file. Writes nothing.
    ///
    /// # Errors
    ///
    /// A damaged file is no error. The inspection contains what SQLite says about it.
    pub fn inspect_blocking(&self, profile: Option<&ProfileId>) -> Result<Inspection, StoreError> {
        match self.read(|conn| inspect(conn, profile)) {
            Err(StoreError::Corrupt(text)) => Ok(Inspection::from_damage(vec![text])),
            seen => seen,
        }
    }
}

fn inspect(conn: &mut SqliteConnection, only: Option<&ProfileId>) -> Result<Inspection, StoreError> {
    let damage = whole::damage(conn)?;
    if !damage.is_empty() {
        return Ok(Inspection::from_damage(damage));
    }
    let mut seen = Inspection { findings: whole::findings(conn)?, ..Inspection::default() };
    if let Some(profile) = only {
        require_profile(conn, profile)?;
        seen.profiles.push(profile.clone());
    } else {
        let ids = xtream_profiles::table.select(xtream_profiles::profile_id).order(xtream_profiles::profile_id);
        for Text(id) in ids.load(conn).map_err(of_diesel)? {
            // A value that can't be an id is among the findings.
            seen.profiles.extend(ProfileId::new(id));
        }
    }
    for id in seen.profiles.clone() {
        let mut look = Look { conn, profile: &id, kind: None, findings: &mut seen.findings };
        profile::look(&mut look)?;
        for kind in ContentKind::ALL {
            look.kind = Some(kind);
            kind::look(&mut look, kind)?;
            history::look(&mut look, kind)?;
            overlay::look(&mut look, kind)?;
            search_text(&mut look, kind)?;
            content_hash(&mut look, kind)?;
        }
    }
    for finding in &seen.findings {
        let profile = finding.profile.as_ref().map(ProfileId::as_str);
        let kind = finding.kind.map(ContentKind::as_str);
        tracing::warn!(profile, kind, code = finding.inconsistency.code(), "inconsistent: {finding}");
    }
    Ok(seen)
}

/// Checks the search text of a kind. If the rows themselves are inconsistent, it reports nothing, because the text is
/// written again together with the rows.
fn search_text(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    if !are_rows_found(look, kind) {
        let cases = search::check::cases(look.conn, Key { profile: look.profile, kind })?;
        look.note(Inconsistency::SearchIndex, &cases);
    }
    Ok(())
}

/// Checks the content hash of a kind against its rows, if the rows are consistent.
fn content_hash(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    let key = Key { profile: look.profile, kind };
    let Some(recorded) = content_hash::recorded(look.conn, key)?.filter(|_| !are_rows_found(look, kind)) else {
        return Ok(());
    };
    let computed = content_hash::computed(look.conn, key)?.to_string();
    if recorded != computed {
        look.note(Inconsistency::ContentHash, &[format!("{recorded} recorded, {computed} there")]);
    }
    Ok(())
}

/// Returns whether inconsistent rows of a kind were found.
fn are_rows_found(look: &Look<'_>, kind: ContentKind) -> bool {
    let is_of_kind = |finding: &Finding| finding.kind == Some(kind) && finding.profile.as_ref() == Some(look.profile);
    look.findings.iter().any(|it| is_of_kind(it) && it.inconsistency.is_mended_by_comparing())
}

/// The check of a profile, or of a kind of it.
struct Look<'a> {
    conn: &'a mut SqliteConnection,
    profile: &'a ProfileId,
    kind: Option<ContentKind>,
    findings: &'a mut Vec<Finding>,
}

impl Look<'_> {
    /// Adds a finding, if there are cases.
    fn note(&mut self, inconsistency: Inconsistency, cases: &[impl ToString]) {
        if !cases.is_empty() {
            let (profile, kind) = (Some(self.profile.clone()), self.kind);
            self.findings.push(Finding { profile, kind, ..Finding::new(inconsistency, cases) });
        }
    }
}
