//! The port for looking after a cache: what in it doesn't fit, and what has the next sync mend it.

mod breach;

use std::fmt;

use async_trait::async_trait;

pub use breach::Breach;

use crate::model::{ContentId, ContentKind, ProfileId};
use crate::ports::store::StoreError;

/// How many cases of a finding are named.
const EXAMPLES: usize = 3;

/// Looks after a cache.
///
/// # Contract
///
/// - An inspection sees one state of the cache and writes nothing. A cache that is damaged is no error, but what the
///   inspection says.
/// - Marking removes nothing and touches no item. The next sync of a kind that is marked compares every item of it.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Looks at one profile, or at all of them.
    async fn inspect(&self, profile: Option<ProfileId>) -> Result<Inspection, StoreError>;

    /// Has the next sync compare in full what an inspection found inconsistent; returns the kinds that are marked so
    /// now.
    async fn mark(&self, inspection: &Inspection) -> Result<Vec<(ProfileId, ContentKind)>, StoreError>;
}

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
    /// Cases of a breach, of the cache as a whole.
    pub fn new(breach: Breach, cases: &[impl ToString]) -> Self {
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
    pub fn not_as_listed(profile: &ProfileId, kind: ContentKind, ids: &[ContentId]) -> Self {
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

    /// The kinds in which a full comparison mends what was found, each once.
    pub fn to_compare(&self) -> Vec<(ProfileId, ContentKind)> {
        let mut kinds = Vec::new();
        for finding in self.findings.iter().filter(|finding| finding.breach.is_mended_by_comparing()) {
            let found = finding.profile.clone().zip(finding.kind);
            kinds.extend(found.filter(|found| !kinds.contains(found)));
        }
        kinds
    }

    /// What is seen of a damaged cache.
    pub fn from_damage(damage: Vec<String>) -> Self {
        Self { damage, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(one.to_string(), "the recorded number of items differs from the number of rows (5, not 3)");
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
        assert!(!Inspection::from_damage(vec!["a page".to_owned()]).is_sound());
        let findings = vec![Finding::new(Breach::CountWrong, &[""])];
        assert!(!Inspection { findings, ..Inspection::default() }.is_sound());
    }
}
