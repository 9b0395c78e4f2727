//! Finds the items that imported edits belong to.

use super::edit::{EditedItem, ItemIdentity};
use crate::model::ContentId;

/// How an imported item was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMatch {
    /// Under its id.
    ById,
    /// Under this id, by its name and one more value.
    ByName(ContentId),
    /// Not at all. Its edits wait under its own id.
    Unmatched,
}

/// Finds an imported item. `stored` is the identity of the row under its id, if there is one. `alike` are the rows of the
/// kind with its name.
///
/// An item under the same id is the same if its name or its id at themoviedb.org is. Else one row that is certainly the
/// same, or that alone has the name, is it. An item that the panel has renamed is found by its id.
pub fn find_imported(
    item: &EditedItem,
    stored: Option<&ItemIdentity>,
    alike: &[(ContentId, ItemIdentity)],
) -> ImportMatch {
    let shares_tmdb = |other: &ItemIdentity| other.tmdb_id.is_some() && other.tmdb_id == item.identity.tmdb_id;
    if stored.is_some_and(|it| it.name == item.identity.name || shares_tmdb(it)) {
        return ImportMatch::ById;
    }
    let same: Vec<_> = alike.iter().filter(|(_, identity)| identity.is_same(&item.identity)).collect();
    match (&same[..], alike, stored) {
        ([(id, _)], ..) | ([], [(id, _)], None) => ImportMatch::ByName(*id),
        (_, _, Some(_)) => ImportMatch::ById,
        _ => ImportMatch::Unmatched,
    }
}

/// What an import has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Items that were found under their ids.
    pub matched_by_id: u64,
    /// Items that were found by their names.
    pub matched_by_name: u64,
    /// Items that were not found. Their edits wait under their own ids.
    pub unmatched: u64,
    /// Edits that were left out, because the cache has a later edit of the same field.
    pub superseded: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContentKind;

    #[test]
    fn an_item_is_found_by_id_or_by_name() {
        let of = |name: &str, tmdb: Option<&str>, category: &str| ItemIdentity {
            name: name.to_owned(),
            tmdb_id: tmdb.map(str::to_owned),
            category_id: Some(category.to_owned()),
        };
        let item = EditedItem::new(ContentKind::Movies, ContentId(1), of("Heat", None, "7"));
        let row = |id, name: &str, category: &str| (ContentId(id), of(name, None, category));
        let (same, renamed) = (of("Heat", None, "9"), of("Heat (1995)", None, "7"));
        assert_eq!(find_imported(&item, Some(&same), &[row(1, "Heat", "9")]), ImportMatch::ById);
        assert_eq!(find_imported(&item, Some(&renamed), &[]), ImportMatch::ById, "the panel has renamed it");
        let elsewhere = [row(5, "Heat", "7"), row(6, "Heat", "8")];
        assert_eq!(find_imported(&item, Some(&renamed), &elsewhere), ImportMatch::ByName(ContentId(5)));
        assert_eq!(find_imported(&item, None, &elsewhere), ImportMatch::ByName(ContentId(5)));
        assert_eq!(
            find_imported(&item, None, &elsewhere[1..]),
            ImportMatch::ByName(ContentId(6)),
            "alone with the name"
        );
        let twins = [row(5, "Heat", "7"), row(6, "Heat", "7")];
        assert_eq!(find_imported(&item, None, &twins), ImportMatch::Unmatched);
        assert_eq!(find_imported(&item, None, &[]), ImportMatch::Unmatched);
    }
}
