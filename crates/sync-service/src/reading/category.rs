//! Finds categories by the names that people type.

use sync_core::catalogue::SizedCategory;
use sync_core::search::fold;
use sync_core::{Category, CategoryId, ContentKind};

use super::ReadError;
use crate::similar::{is_alike, likeness};

/// The number of similar categories that an error names.
const SIMILAR: usize = 5;

/// A category that a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundCategory {
    /// The kind.
    pub kind: ContentKind,
    /// The panel's id.
    pub id: CategoryId,
    /// The name; `None` if the panel doesn't list the category.
    pub name: Option<String>,
}

impl FoundCategory {
    pub(crate) fn listed(kind: ContentKind, category: &Category) -> Self {
        Self { kind, id: category.id.clone(), name: Some(category.name.clone()) }
    }

    /// Returns a category of the sized ones, which the panel may not list.
    pub fn sized(kind: ContentKind, category: &SizedCategory) -> Self {
        Self { kind, id: category.id.clone(), name: category.name.clone() }
    }
}

/// Returns the categories with this id or this name, at most one per kind.
pub(crate) fn find(wanted: &str, known: &[FoundCategory]) -> Result<Vec<(ContentKind, CategoryId)>, ReadError> {
    let mut found = Vec::new();
    for kind in ContentKind::ALL {
        let of_kind = || known.iter().filter(|category| category.kind == kind);
        if let Some(category) = of_kind().find(|category| category.id.0 == wanted) {
            found.push((kind, category.id.clone()));
            continue;
        }
        let lowered = wanted.trim().to_lowercase();
        let exact = of_kind().filter(|category| category.name.as_deref() == Some(wanted));
        let mut named: Vec<_> = exact.cloned().collect();
        if named.is_empty() {
            let is_like = |name: &String| name.trim().to_lowercase() == lowered;
            named = of_kind().filter(|category| category.name.as_ref().is_some_and(is_like)).cloned().collect();
        }
        match named.len() {
            0 => {}
            1 => found.extend(named.pop().map(|category| (kind, category.id))),
            _ => return Err(ReadError::AmbiguousCategory { found: named }),
        }
    }
    if found.is_empty() { Err(ReadError::UnknownCategory { similar: similar(wanted, known) }) } else { Ok(found) }
}

/// Returns the categories whose names contain the words. If there are none, returns those with similar names, the best
/// first.
fn similar(wanted: &str, known: &[FoundCategory]) -> Vec<FoundCategory> {
    let wanted = fold(wanted);
    let has_words = |name: &String| !wanted.is_empty() && fold(name).contains(&wanted);
    let found = known.iter().filter(|category| category.name.as_ref().is_some_and(has_words));
    let found: Vec<_> = found.take(SIMILAR).cloned().collect();
    if !found.is_empty() {
        return found;
    }
    let likeness = |category: &FoundCategory| Some(likeness(&wanted, &fold(category.name.as_deref()?)));
    let mut alike: Vec<_> = known.iter().filter_map(|category| Some((likeness(category)?, category))).collect();
    alike.retain(|(likeness, _)| is_alike(*likeness));
    // The sort is stable, so equally similar categories keep their order.
    alike.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    alike.into_iter().take(SIMILAR).map(|(_, category)| category.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: ContentKind = ContentKind::Channels;
    const MOVIES: ContentKind = ContentKind::Movies;

    fn category(kind: ContentKind, id: &str, name: &str) -> FoundCategory {
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        FoundCategory { kind, id: CategoryId(id.to_owned()), name }
    }

    fn known() -> Vec<FoundCategory> {
        vec![
            category(CHANNELS, "1", "News"),
            category(CHANNELS, "2", "Kids"),
            category(MOVIES, "1", "Action"),
            category(MOVIES, "3", "KIDS"),
            category(MOVIES, "4", "kids"),
            category(MOVIES, "5", "Drama"),
            category(MOVIES, "6", "Drama"),
            category(MOVIES, "News", "7"),
            category(MOVIES, "99", ""),
        ]
    }

    #[test]
    fn an_id_precedes_a_name_and_the_exact_name_precedes_another_case() {
        let find = |wanted: &str| {
            let found = find(wanted, &known()).unwrap();
            found.into_iter().map(|(kind, id)| (kind, id.0)).collect::<Vec<_>>()
        };
        let is = |expected: &[(ContentKind, &str)]| -> Vec<_> {
            expected.iter().map(|(kind, id)| (*kind, (*id).to_owned())).collect()
        };
        assert_eq!(find("1"), is(&[(CHANNELS, "1"), (MOVIES, "1")]));
        assert_eq!(find("News"), is(&[(CHANNELS, "1"), (MOVIES, "News")]));
        assert_eq!(find("7"), is(&[(MOVIES, "News")]));
        assert_eq!(find("KIDS"), is(&[(CHANNELS, "2"), (MOVIES, "3")]));
        assert_eq!(find(" aCTion "), is(&[(MOVIES, "1")]));
        assert_eq!(find("99"), is(&[(MOVIES, "99")]));
    }

    #[test]
    fn similar_names_are_suggested() {
        let Err(ReadError::AmbiguousCategory { found }) = find("Drama", &known()) else { panic!("two have it") };
        assert_eq!(found.iter().map(|category| category.id.0.as_str()).collect::<Vec<_>>(), ["5", "6"]);
        let Err(ReadError::AmbiguousCategory { found }) = find("kIDS", &known()) else { panic!("two have it") };
        assert_eq!(found.len(), 2);
        let Err(ReadError::UnknownCategory { similar }) = find("kid", &known()) else { panic!("none has it") };
        assert_eq!(similar.len(), 3);
        for (mistyped, name) in [("Axtion", "Action"), ("dramma", "Drama"), ("newz", "News")] {
            let Err(ReadError::UnknownCategory { similar }) = find(mistyped, &known()) else { panic!("none has it") };
            assert_eq!(similar[0].name.as_deref(), Some(name), "{mistyped}");
        }
        let Err(ReadError::UnknownCategory { similar }) = find("weather", &known()) else { panic!("none has it") };
        assert!(similar.is_empty());
        let Err(ReadError::UnknownCategory { similar }) = find("", &known()) else { panic!("none has it") };
        assert!(similar.is_empty());
    }
}
