//! The check: whether the tables say what they should, each for itself and all together.
//!
//! It reads one state of the cache and writes nothing. What it finds is named; what a full
//! comparison mends can be handed to [`SqliteStore::mark_blocking`].
//!
//! Most of it is SQL as text: it asks whether columns hold what their types rule out, and names tables one after
//! the other. Rows of several columns are read by name.

mod history;
mod kind;
pub(crate) mod mend;
mod overlay;
mod profile;
pub(crate) mod rows;
mod whole;

use diesel::prelude::*;
use sync_core::maintenance::{Breach, Finding, Inspection};
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
    /// Looks at one profile, or at all of them, and at the file. Writes nothing.
    ///
    /// # Errors
    ///
    /// A damaged file is no error but what it says.
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
            // What can't be an id is among the findings.
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
        tracing::warn!(profile, kind, code = finding.breach.code(), "inconsistent: {finding}");
    }
    Ok(seen)
}

/// Looks at the search text of a kind. Where the rows themselves don't fit, it says nothing: the text is written anew
/// with them.
fn search_text(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    if !are_rows_found(look, kind) {
        let cases = search::check::cases(look.conn, Key { profile: look.profile, kind })?;
        look.note(Breach::SearchIndex, &cases);
    }
    Ok(())
}

/// Looks whether the content hash of a kind is that of its rows, if these are all right.
fn content_hash(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    let key = Key { profile: look.profile, kind };
    let Some(recorded) = content_hash::recorded(look.conn, key)?.filter(|_| !are_rows_found(look, kind)) else {
        return Ok(());
    };
    let computed = content_hash::computed(look.conn, key)?.to_string();
    if recorded != computed {
        look.note(Breach::ContentHash, &[format!("{recorded} recorded, {computed} there")]);
    }
    Ok(())
}

/// Returns whether rows of a kind were found that don't fit.
fn are_rows_found(look: &Look<'_>, kind: ContentKind) -> bool {
    let is_of_kind = |finding: &Finding| finding.kind == Some(kind) && finding.profile.as_ref() == Some(look.profile);
    look.findings.iter().any(|it| is_of_kind(it) && it.breach.is_mended_by_comparing())
}

/// A look at a profile, or at a kind of it.
struct Look<'a> {
    conn: &'a mut SqliteConnection,
    profile: &'a ProfileId,
    kind: Option<ContentKind>,
    findings: &'a mut Vec<Finding>,
}

impl Look<'_> {
    /// Notes cases of a breach, where there are any.
    fn note(&mut self, breach: Breach, cases: &[impl ToString]) {
        if !cases.is_empty() {
            let (profile, kind) = (Some(self.profile.clone()), self.kind);
            self.findings.push(Finding { profile, kind, ..Finding::new(breach, cases) });
        }
    }
}
