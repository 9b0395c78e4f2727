//! The port for maintenance: it finds inconsistencies of a cache, and makes the next sync repair them.

mod inconsistency;

use std::fmt;

use async_trait::async_trait;

pub use inconsistency::Inconsistency;

use crate::model::{ContentId, ContentKind, ProfileId};
use crate::ports::store::StoreError;

/// The number of cases that a finding names.
const EXAMPLES: usize = 3;

/// Inspects a cache.
///
/// # Contract
///
/// - An inspection reads one state of the cache and writes nothing. If the cache is damaged, that is the result of the
///   inspection and not an error.
/// - Marking removes nothing and changes no item. The next sync of a marked kind compares every item of it. How items
///   are shown is corrected at once.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Inspects one profile, or all of them.
    async fn inspect(&self, profile: Option<ProfileId>) -> Result<Inspection, StoreError>;

    /// Marks the kinds in which an inspection found inconsistencies, so that the next sync compares them in full.
    /// Returns the marked kinds.
    async fn mark(&self, inspection: &Inspection) -> Result<Vec<(ProfileId, ContentKind)>, StoreError>;
}

/// The result of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The messages of SQLite about a damaged file. It is empty if the file is sound. Nothing else of a damaged file
    /// was checked.
    pub damage: Vec<String>,
    /// The profiles that were checked.
    pub profiles: Vec<ProfileId>,
    /// The inconsistencies.
    pub findings: Vec<Finding>,
}

/// An inconsistency that a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The broken invariant.
    pub inconsistency: Inconsistency,
    /// The profile; `None` if it concerns the cache as a whole.
    pub profile: Option<ProfileId>,
    /// The kind; `None` if it concerns the profile as a whole.
    pub kind: Option<ContentKind>,
    /// The number of cases.
    pub count: u64,
    /// The first cases: ids, or other names.
    pub examples: Vec<String>,
}

impl Finding {
    /// Returns a finding with these cases, about the cache as a whole.
    pub fn new(inconsistency: Inconsistency, cases: &[impl ToString]) -> Self {
        Self {
            inconsistency,
            profile: None,
            kind: None,
            count: cases.len() as u64,
            examples: cases.iter().take(EXAMPLES).map(ToString::to_string).collect(),
        }
    }

    /// Returns the finding that rows differ from the panel's items although the elements are as before. Only a
    /// comparison with the panel shows this, and no table.
    pub fn not_as_listed(profile: &ProfileId, kind: ContentKind, ids: &[ContentId]) -> Self {
        Self { profile: Some(profile.clone()), kind: Some(kind), ..Self::new(Inconsistency::RowsNotAsListed, ids) }
    }
}

impl fmt::Display for Finding {
    /// Writes the number of cases, the words, and the examples.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inconsistency.is_counted() {
            write!(f, "{} ", self.count)?;
        }
        f.write_str(self.inconsistency.words(self.count))?;
        if !self.examples.is_empty() {
            // A single table can have many such rows.
            let more = if self.examples.len() == EXAMPLES && self.count > EXAMPLES as u64 { ", …" } else { "" };
            write!(f, " ({}{more})", self.examples.join(", "))?;
        }
        Ok(())
    }
}

impl Inspection {
    /// Returns whether there is neither damage nor an inconsistency.
    pub const fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.findings.is_empty()
    }

    /// Returns the kinds in which a full comparison repairs an inconsistency, each once.
    pub fn to_compare(&self) -> Vec<(ProfileId, ContentKind)> {
        let mut kinds = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.inconsistency.is_mended_by_comparing()) {
            let found = finding.profile.clone().zip(finding.kind);
            kinds.extend(found.filter(|found| !kinds.contains(found)));
        }
        kinds
    }

    /// Returns the inspection of a damaged cache.
    pub fn from_damage(damage: Vec<String>) -> Self {
        Self { damage, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_has_its_number_and_names_three_cases() {
        let words = |cases: &[u64]| Finding::new(Inconsistency::NameMissing, cases).to_string();
        assert_eq!(words(&[7]), "1 item without a name (7)");
        assert_eq!(words(&[7, 8, 9]), "3 items without a name (7, 8, 9)");
        assert_eq!(words(&[7, 8, 9, 10]), "4 items without a name (7, 8, 9, …)");
        assert_eq!(words(&[]), "0 items without a name");
        // A single table can have many such rows.
        let many = Finding { count: 900, ..Finding::new(Inconsistency::RowsOfNobody, &["a", "b"]) };
        assert_eq!(many.to_string(), "900 rows that belong to no profile, or to no run (a, b)");
        let one = Finding::new(Inconsistency::CountWrong, &["5, not 3"]);
        assert_eq!(one.to_string(), "the recorded number of items differs from the number of rows (5, not 3)");
    }

    #[test]
    fn rows_that_are_not_as_listed_concern_their_kind() {
        let home = ProfileId::new("home").unwrap();
        let found = Finding::not_as_listed(&home, ContentKind::Movies, &[ContentId(4), ContentId(7)]);
        assert_eq!((found.profile, found.kind), (Some(home), Some(ContentKind::Movies)));
        assert_eq!((found.inconsistency, found.count), (Inconsistency::RowsNotAsListed, 2));
        assert_eq!(found.examples, ["4", "7"]);
    }

    #[test]
    fn an_inspection_with_damage_or_findings_is_not_sound() {
        assert!(Inspection::default().is_sound());
        assert!(!Inspection::from_damage(vec!["a page".to_owned()]).is_sound());
        let findings = vec![Finding::new(Inconsistency::CountWrong, &[""])];
        assert!(!Inspection { findings, ..Inspection::default() }.is_sound());
    }
}
