//! Finds the items to which imported edits belong.

use super::edit::{EditedItem, ItemIdentity};
use crate::model::ContentId;

/// The way in which an imported item was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMatch {
    /// The item was found under its id.
    ById,
    /// The item was found under this id, by its name and one more value.
    ByName(ContentId),
    /// The item was not found. Its edits wait under its own id, unless another item has this id.
    Unmatched,
}

/// Finds an imported item. `stored` is the identity of the row under its id, if there is one. `alike` are the rows of
/// the kind with its name.
///
/// An item under the same id is the same if its name, its id at themoviedb.org or its category is the same. Otherwise a
/// row is the item if it is certainly the same, or if no other row has the name. Movies with different ids at
/// themoviedb.org are never the same, and an item that the user has declined is not taken.
pub fn find_imported(
    item: &EditedItem,
    stored: Option<&ItemIdentity>,
    alike: &[(ContentId, ItemIdentity)],
) -> ImportMatch {
    let is_another = |other: &ItemIdentity| {
        other.tmdb_id.is_some() && item.identity.tmdb_id.is_some() && other.tmdb_id != item.identity.tmdb_id
    };
    let shares = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let stored = stored.filter(|other| !is_another(other));
    if stored.is_some_and(|it| it.name == item.identity.name || shares(&it.tmdb_id, &item.identity.tmdb_id)) {
        return ImportMatch::ById;
    }
    let may_be = |(id, identity): &&(ContentId, ItemIdentity)| !is_another(identity) && item.declined != Some(*id);
    let alike: Vec<_> = alike.iter().filter(may_be).collect();
    let same: Vec<_> = alike.iter().filter(|(_, identity)| identity.is_same(&item.identity)).collect();
    // The panel may have renamed it.
    let is_renamed = stored.is_some_and(|it| shares(&it.category_id, &item.identity.category_id));
    match (&same[..], &alike[..]) {
        ([(id, _)], _) => ImportMatch::ByName(*id),
        _ if is_renamed => ImportMatch::ById,
        ([], [(id, _)]) => ImportMatch::ByName(*id),
        _ => ImportMatch::Unmatched,
    }
}

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// The number of items that were found under their ids.
    pub matched_by_id: u64,
    /// The number of items that were found by their names.
    pub matched_by_name: u64,
    /// The number of items that were not found. Their edits wait under their own ids, or are left out if another item
    /// has the id.
    pub unmatched: u64,
    /// The number of edits that were left out because the cache has a later edit of the same field.
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
        let other = of("Casablanca", None, "9");
        assert_eq!(find_imported(&item, Some(&other), &[]), ImportMatch::Unmatched, "another item has the id");
        let film = EditedItem { identity: of("Heat", Some("949"), "7"), declined: Some(ContentId(6)), ..item };
        let another = (ContentId(5), of("Heat", Some("950"), "7"));
        assert_eq!(find_imported(&film, Some(&another.1), std::slice::from_ref(&another)), ImportMatch::Unmatched);
        assert_eq!(find_imported(&film, None, &[row(6, "Heat", "7")]), ImportMatch::Unmatched, "it was declined");
    }
}
