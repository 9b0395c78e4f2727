//! The check: whether the tables say what they should, each for itself and all together.
//!
//! It reads one state of the cache and writes nothing. What it finds is named; what a full
//! comparison mends can be handed to [`SqliteStore::doubt_blocking`].

mod breach;
mod history;
mod kind;
pub(crate) mod mend;
mod profile;
pub(crate) mod rows;
mod whole;

use std::fmt;

use diesel::SqliteConnection;
use sync_core::{ContentKind, ProfileId, StoreError};

pub use breach::Breach;

use crate::db::statement::records;
use crate::store::SqliteStore;
use crate::tables::guards::require_profile;

/// How many cases of a finding are named.
const EXAMPLES: usize = 3;

/// What a check has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// What SQLite says of a file that is damaged; empty when it is whole. Of a damaged file nothing
    /// else was looked at.
    pub damage: Vec<String>,
    /// The profiles that were looked at.
    pub profiles: Vec<ProfileId>,
    /// What doesn't fit.
    pub findings: Vec<Finding>,
}

/// Something that doesn't fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub breach: Breach,
    /// Of which profile; `None` when it is of the cache as a whole.
    pub profile: Option<ProfileId>,
    /// Of which kind; `None` when it is of the profile as a whole.
    pub kind: Option<ContentKind>,
    /// How many cases there are.
    pub count: u64,
    /// The first of them: ids, or what else names one.
    pub examples: Vec<String>,
}

impl Finding {
    fn new(breach: Breach, cases: &[impl ToString]) -> Self {
        Self {
            breach,
            profile: None,
            kind: None,
            count: cases.len() as u64,
            examples: cases.iter().take(EXAMPLES).map(ToString::to_string).collect(),
        }
    }

    /// Rows that differ from what the panel lists, although it lists what it listed before: no
    /// table shows that, only a comparison with the panel.
    pub fn not_as_listed(profile: &ProfileId, kind: ContentKind, ids: &[sync_core::ContentId]) -> Self {
        Self { profile: Some(profile.clone()), kind: Some(kind), ..Self::new(Breach::RowsNotAsListed, ids) }
    }
}

impl fmt::Display for Finding {
    /// How many of what, and which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.breach.is_counted() {
            write!(f, "{} ", self.count)?;
        }
        f.write_str(self.breach.words(self.count))?;
        if !self.examples.is_empty() {
            // Of few tables there can be many rows.
            let more = if self.examples.len() == EXAMPLES && self.count > EXAMPLES as u64 { ", …" } else { "" };
            write!(f, " ({}{more})", self.examples.join(", "))?;
        }
        Ok(())
    }
}

impl Inspection {
    /// Whether all is well.
    pub const fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.findings.is_empty()
    }

    fn of_damage(damage: Vec<String>) -> Self {
        Self { damage, ..Self::default() }
    }
}

impl SqliteStore {
    /// Looks at one profile, or at all of them, and at the file. Writes nothing.
    ///
    /// # Errors
    ///
    /// A damaged file is no error but what it says.
    pub fn inspect_blocking(&self, profile: Option<&ProfileId>) -> Result<Inspection, StoreError> {
        match self.read(|conn| inspect(conn, profile)) {
            Err(StoreError::Corrupt(text)) => Ok(Inspection::of_damage(vec![text])),
            seen => seen,
        }
    }

    /// [`Self::inspect_blocking`], off the async threads.
    pub async fn inspect(&self, profile: Option<&ProfileId>) -> Result<Inspection, StoreError> {
        let profile = profile.cloned();
        self.off_thread(move |store| store.inspect_blocking(profile.as_ref())).await
    }
}

fn inspect(conn: &mut SqliteConnection, only: Option<&ProfileId>) -> Result<Inspection, StoreError> {
    let damage = whole::damage(conn)?;
    if !damage.is_empty() {
        return Ok(Inspection::of_damage(damage));
    }
    let mut seen = Inspection { findings: whole::findings(conn)?, ..Inspection::default() };
    if let Some(profile) = only {
        require_profile(conn, profile)?;
        seen.profiles.push(profile.clone());
    } else {
        for mut row in records(conn, "SELECT profile_id FROM xtream_profiles ORDER BY profile_id", &[])? {
            // What can't be an id is among the findings.
            seen.profiles.extend(ProfileId::new(row.text(0)?));
        }
    }
    for id in seen.profiles.clone() {
        let mut look = Look { conn, profile: &id, kind: None, findings: &mut seen.findings };
        profile::look(&mut look)?;
        for kind in ContentKind::ALL {
            look.kind = Some(kind);
            kind::look(&mut look, kind)?;
            history::look(&mut look, kind)?;
        }
    }
    for finding in &seen.findings {
        let profile = finding.profile.as_ref().map(ProfileId::as_str);
        let kind = finding.kind.map(ContentKind::as_str);
        tracing::warn!(profile, kind, code = finding.breach.code(), "inconsistent: {finding}");
    }
    Ok(seen)
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

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::ContentId;

    #[test]
    fn a_finding_tells_how_many_and_names_three() {
        let words = |cases: &[u64]| Finding::new(Breach::NameMissing, cases).to_string();
        assert_eq!(words(&[7]), "1 item without a name (7)");
        assert_eq!(words(&[7, 8, 9]), "3 items without a name (7, 8, 9)");
        assert_eq!(words(&[7, 8, 9, 10]), "4 items without a name (7, 8, 9, …)");
        assert_eq!(words(&[]), "0 items without a name");
        // Of few tables there can be many rows.
        let many = Finding { count: 900, ..Finding::new(Breach::RowsOfNobody, &["a", "b"]) };
        assert_eq!(many.to_string(), "900 rows that belong to no profile, or to no run (a, b)");
        let one = Finding::new(Breach::CountWrong, &["5, not 3"]);
        assert_eq!(one.to_string(), "the recorded number of items is not that of the rows (5, not 3)");
    }

    #[test]
    fn what_is_not_as_listed_is_of_its_kind() {
        let home = ProfileId::new("home").unwrap();
        let found = Finding::not_as_listed(&home, ContentKind::Movies, &[ContentId(4), ContentId(7)]);
        assert_eq!((found.profile, found.kind), (Some(home), Some(ContentKind::Movies)));
        assert_eq!((found.breach, found.count), (Breach::RowsNotAsListed, 2));
        assert_eq!(found.examples, ["4", "7"]);
    }

    #[test]
    fn nothing_but_soundness_is_sound() {
        assert!(Inspection::default().is_sound());
        assert!(!Inspection::of_damage(vec!["a page".to_owned()]).is_sound());
        let findings = vec![Finding::new(Breach::CountWrong, &[""])];
        assert!(!Inspection { findings, ..Inspection::default() }.is_sound());
    }
}
