//! Merges a listed item with its stored row, and names the differences.

use crate::model::{
    CategorySet, Content, Extra, FieldClass, FieldPositions, FieldSet, Item, Listed, Text, Value, ValueRef,
};
use crate::run::options::ChangePolicy;

static NO_CATEGORY: CategorySet = CategorySet::NONE;

/// The change that a listing means for one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The item is new.
    Added,
    /// Significant fields differ. The set has them, and display fields that differ as well.
    Updated(FieldSet),
    /// Display fields differ. The set has them.
    Refreshed(FieldSet),
    /// No field differs that counts.
    Unchanged,
    /// Fields differ, but the policy ignores the difference. Nothing is written.
    IgnoredByPolicy,
}

impl Change {
    /// Returns whether the row is written.
    pub const fn is_written(self) -> bool {
        matches!(self, Self::Added | Self::Updated(_) | Self::Refreshed(_))
    }
}

/// Returns the item to store. A key that was present gives the listed value; an absent key keeps the stored one.
///
/// A name is never lost. An item that never had a name is called `#id`. A category set contains `category_id` and all
/// of `category_ids`. If the panel leaves `category_ids` out, those that it sent last stay. Keys without a column are
/// united; a listed value replaces a stored one.
pub fn merge<T: Content>(stored: Option<&T>, listed: Listed<T>) -> T {
    let Listed { item: mut merged, present } = listed;
    lay_over(stored, &mut merged, present);
    merged
}

/// Does the same as [`merge`], in place.
fn lay_over<T: Content>(stored: Option<&T>, listed: &mut T, present: FieldSet) {
    let positions = const { FieldPositions::new(T::FIELDS) };
    if listed.name().is_empty() {
        let known = stored.map(T::name).filter(|name| !name.is_empty());
        let name = known.map_or_else(|| format!("#{}", listed.id()).into(), Text::from);
        listed.put(positions.name, Value::Text(name));
    }
    if let Some(stored) = stored {
        let mut absent = FieldSet(FieldSet::all(T::FIELDS).0 & !present.0);
        for ruled in [positions.name, positions.category_ids, positions.listed_category_ids, positions.extra] {
            absent.drop(ruled);
        }
        for at in absent.positions() {
            listed.put(at, stored.value(at).to_owned());
        }
        if let (ValueRef::Extra(known), ValueRef::Extra(new)) =
            (stored.value(positions.extra), listed.value(positions.extra))
            && !known.is_empty()
        {
            // A value that didn't fit its field stays under its key until the panel sends another value.
            let fits = |key: &str| T::FIELDS.iter().position(|spec| spec.name == key).is_some_and(|at| present.has(at));
            let mut united: Extra = known.iter().filter(|(key, _)| !fits(key)).collect();
            united.extend(new.iter());
            listed.put(positions.extra, Value::Extra(united));
        }
    }
    lay_categories_over(stored, listed, present);
}

/// Sets the whole category set, and the panel's own list if it says more than `category_id`.
fn lay_categories_over<T: Content>(stored: Option<&T>, listed: &mut T, present: FieldSet) {
    let positions = const { FieldPositions::new(T::FIELDS) };
    let (list_listed, category_listed) = (present.has(positions.category_ids), present.has(positions.category_id));
    let kept = |at| stored.map_or(&NO_CATEGORY, |row| set_of(row, at));
    let own = if list_listed { set_of(listed, positions.category_ids) } else { kept(positions.listed_category_ids) };
    let (set, own) = if list_listed || category_listed {
        let category = if category_listed { own_category(listed) } else { stored.and_then(own_category) };
        let category = category.unwrap_or_default();
        let says_more = own.as_slice().iter().any(|id| id != category);
        let is_whole = list_listed && (category.is_empty() || own.contains(category));
        let united = || {
            let mut set = own.clone();
            set.insert(category);
            set
        };
        ((!is_whole).then(united), if says_more { own.clone() } else { CategorySet::NONE })
    } else {
        (Some(kept(positions.category_ids).clone()), own.clone())
    };
    if let Some(set) = set {
        listed.put(positions.category_ids, Value::Categories(set));
    }
    listed.put(positions.listed_category_ids, Value::Categories(own));
}

fn own_category<T: Content>(item: &T) -> Option<&str> {
    let positions = const { FieldPositions::new(T::FIELDS) };
    if let ValueRef::Text(id) = item.value(positions.category_id) { Some(id) } else { None }
}

fn set_of<T: Content>(item: &T, at: usize) -> &CategorySet {
    if let ValueRef::Categories(set) = item.value(at) { set } else { &NO_CATEGORY }
}

/// Returns the fields in which two items differ.
pub fn differences<T: Content>(before: &T, after: &T) -> FieldSet {
    let mut set = FieldSet::EMPTY;
    for at in 0..T::FIELDS.len() {
        if before.value(at) != after.value(at) {
            set.add(at);
        }
    }
    set
}

/// Judges a merged item against its stored row.
pub fn judge<T: Content>(stored: Option<&T>, merged: &T, policy: &ChangePolicy) -> Change {
    let Some(stored) = stored else { return Change::Added };
    let compared = const {
        let significant = FieldSet::of_class(T::FIELDS, FieldClass::Significant);
        FieldSet(significant.0 | FieldSet::of_class(T::FIELDS, FieldClass::Display).0)
    };
    meaning(merged, differences(stored, merged).and(compared), policy)
}

/// Returns the change of a merged item that differs from its row in these fields.
fn meaning<T: Content>(merged: &T, shown: FieldSet, policy: &ChangePolicy) -> Change {
    if shown.is_empty() {
        return Change::Unchanged;
    }
    let significant = shown.and(FieldSet::of_class(T::FIELDS, FieldClass::Significant));
    match policy {
        ChangePolicy::Fingerprint if significant.is_empty() => Change::Refreshed(shown),
        ChangePolicy::Fingerprint => Change::Updated(shown),
        ChangePolicy::Timestamp { last_sync } => {
            let newer = timestamp(merged)
                .is_some_and(|item| last_sync.as_deref().is_some_and(|last| crate::is_item_updated(item, last)));
            if newer { Change::Updated(shown) } else { Change::IgnoredByPolicy }
        }
    }
}

/// Returns the text by which the policy `timestamp` judges: `last_modified` if the item has it, else `added`.
fn timestamp<T: Content>(item: &T) -> Option<&str> {
    let positions = const { FieldPositions::new(T::FIELDS) };
    positions.last_modified.into_iter().chain([positions.added]).find_map(|at| match item.value(at) {
        ValueRef::Text(text) => Some(text),
        _ => None,
    })
}

/// Does the same as [`merge`] for items of any kind, in place. Returns whether the kinds are the same.
pub(crate) fn merge_over(stored: Option<&Item>, listed: &mut Listed) -> bool {
    if listed.item.name().is_empty() {
        // A name that is made here is not what the panel said.
        listed.present.drop(listed.item.kind().field_positions().name);
    }
    macro_rules! of_kind {
        ($Kind:ident, $item:expr) => {{
            let stored = match stored {
                None => None,
                Some(Item::$Kind(stored)) => Some(stored),
                Some(_) => return false,
            };
            lay_over(stored, $item, listed.present);
            true
        }};
    }
    match &mut listed.item {
        Item::Channels(item) => of_kind!(Channels, item),
        Item::Movies(item) => of_kind!(Movies, item),
        Item::Series(item) => of_kind!(Series, item),
    }
}

/// Returns whether a listed item, not yet merged, takes its `category_id` from the row and adds it to the categories
/// that it lists.
pub(crate) fn borrows_category(stored: Option<&Item>, listed: &Listed) -> bool {
    let positions = listed.item.kind().field_positions();
    if !listed.present.has(positions.category_ids) || listed.present.has(positions.category_id) {
        return false;
    }
    stored.and_then(Item::category_id).is_some_and(|own| !listed.item.categories().contains(own))
}

/// Does the same as [`differences`] for items of any kind. Returns `None` if the kinds differ.
pub(crate) fn differences_of(stored: &Item, merged: &Item) -> Option<FieldSet> {
    match (stored, merged) {
        (Item::Channels(stored), Item::Channels(merged)) => Some(differences(stored, merged)),
        (Item::Movies(stored), Item::Movies(merged)) => Some(differences(stored, merged)),
        (Item::Series(stored), Item::Series(merged)) => Some(differences(stored, merged)),
        _ => None,
    }
}

/// Does the same as [`meaning`] for an item of any kind.
pub(crate) fn meaning_of(merged: &Item, shown: FieldSet, policy: &ChangePolicy) -> Change {
    match merged {
        Item::Channels(merged) => meaning(merged, shown, policy),
        Item::Movies(merged) => meaning(merged, shown, policy),
        Item::Series(merged) => meaning(merged, shown, policy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channel, ContentId, ContentKind, Movie};
    use crate::testing::ItemBuilder;

    fn movie() -> Movie {
        let mut movie = Movie::with_id(ContentId(1));
        movie.name = "Alien".into();
        movie.title = Some("Alien".into());
        movie.plot = Some("In space.".into());
        movie.category_id = Some("3".into());
        movie.category_ids = ["3"].into_iter().collect();
        movie.added = Some("100".into());
        movie
    }

    fn listed(names: &[&str], change: impl FnOnce(&mut Movie)) -> Listed<Movie> {
        let mut item = Movie::with_id(ContentId(1));
        change(&mut item);
        let mut present = FieldSet::EMPTY;
        for name in names {
            present.add(Movie::KIND.field(name).unwrap());
        }
        Listed { item, present }
    }

    #[test]
    fn items_of_every_kind_are_judged_by_their_fields() {
        for kind in ContentKind::ALL {
            let row = ItemBuilder::of(kind, 1);
            let judged = |stored: &Item, new: ItemBuilder| {
                let new = new.item();
                let differing = differences_of(stored, &new)?;
                Some(meaning_of(&new, differing, &ChangePolicy::Fingerprint))
            };
            assert_eq!(judged(&row.clone().item(), row.clone()), Some(Change::Unchanged), "{kind}");
            let renamed = judged(&row.clone().item(), row.name("Another"));
            assert!(
                matches!(renamed, Some(Change::Updated(fields)) if fields.has(kind.field("name").unwrap())),
                "{kind}"
            );
            let other = if kind == ContentKind::Movies { ContentKind::Series } else { ContentKind::Movies };
            assert_eq!(judged(&ItemBuilder::of(other, 1).item(), ItemBuilder::of(kind, 1)), None, "{kind}");
        }
    }

    fn names(set: FieldSet) -> Vec<&'static str> {
        set.names(Movie::FIELDS).collect()
    }

    #[test]
    fn an_absent_key_keeps_and_an_empty_one_clears() {
        let merged = merge(Some(&movie()), listed(&["name", "plot"], |it| it.name = "Alien".into()));
        assert_eq!(merged.plot, None, "present as empty");
        assert_eq!(merged.title.as_deref(), Some("Alien"), "absent");
    }

    #[test]
    fn field_31_a_name_is_never_lost_and_an_empty_one_is_a_number_sign_and_the_id() {
        assert_eq!(merge(Some(&movie()), listed(&["name"], |_| {})).name, "Alien");
        assert_eq!(merge(None, listed(&["name"], |_| {})).name, "#1");
        let mut nameless = movie();
        nameless.name = Text::default();
        assert_eq!(merge(Some(&nameless), listed(&[], |_| {})).name, "#1");
    }

    #[test]
    fn the_category_set_has_the_ids_of_both_keys() {
        let set = |listed| merge(Some(&movie()), listed).category_ids.as_slice().join(",");
        assert_eq!(set(listed(&[], |_| {})), "3");
        assert_eq!(set(listed(&["category_id"], |it| it.category_id = Some("4".into()))), "4");
        assert_eq!(set(listed(&["category_id"], |_| {})), "");
        let both = |it: &mut Movie| {
            it.category_id = Some("4".into());
            it.category_ids = ["5", "6"].into_iter().collect();
        };
        assert_eq!(set(listed(&["category_id", "category_ids"], both)), "4,5,6");
        let only_set = |it: &mut Movie| it.category_ids = ["5"].into_iter().collect();
        assert_eq!(set(listed(&["category_ids"], only_set)), "3,5", "the own category is kept when its key is absent");
    }

    #[test]
    fn stored_categories_stay_when_the_panel_leaves_the_list_out() {
        let both = |it: &mut Movie| {
            it.category_id = Some("3".into());
            it.category_ids = ["3", "8"].into_iter().collect();
        };
        let stored = merge(None, listed(&["category_id", "category_ids"], both));
        assert_eq!(stored.listed_category_ids.as_slice(), ["3", "8"]);
        let short = merge(Some(&stored), listed(&["category_id"], |it| it.category_id = Some("3".into())));
        assert_eq!(short.category_ids.as_slice(), ["3", "8"]);
        let moved = merge(Some(&short), listed(&["category_id"], |it| it.category_id = Some("4".into())));
        assert_eq!(moved.category_ids.as_slice(), ["3", "4", "8"], "the panel's list was not taken back");
    }

    #[test]
    fn keys_beyond_the_table_are_united() {
        let mut stored = movie();
        stored.extra = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "1".to_owned())].into();
        let merged =
            merge(Some(&stored), listed(&["extra"], |it| it.extra = [("b".to_owned(), "2".to_owned())].into()));
        assert_eq!(merged.extra, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into());
    }

    #[test]
    fn field_30_a_value_that_didnt_fit_is_dropped_when_its_field_is_sent_again() {
        let extra = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, json)| (*key, *json)).collect::<Extra>();
        let mut stored = movie();
        stored.extra = extra(&[("a", "1"), ("rating", r#""18+""#)]);
        let sent = |names: &[&str], pairs: &[(&str, &str)]| {
            merge(Some(&stored), listed(names, |it| it.extra = extra(pairs))).extra
        };
        assert_eq!(sent(&["extra"], &[]), stored.extra, "an absent key keeps it");
        assert_eq!(sent(&["extra", "rating"], &[]), extra(&[("a", "1")]));
        let unread = [("rating", r#""PG""#)];
        assert_eq!(sent(&["extra", "rating"], &unread), extra(&[("a", "1"), ("rating", r#""PG""#)]));
    }

    #[test]
    fn the_class_of_a_differing_field_decides() {
        let fingerprint = ChangePolicy::Fingerprint;
        let judged = |change: fn(&mut Movie)| {
            let mut after = movie();
            change(&mut after);
            judge(Some(&movie()), &after, &fingerprint)
        };
        assert_eq!(judged(|_| {}), Change::Unchanged);
        assert_eq!(judged(|it| it.num = Some(9)), Change::Unchanged);
        assert_eq!(judged(|it| it.direct_source = Some("token".into())), Change::Unchanged);
        let Change::Refreshed(fields) = judged(|it| it.rating = Some(7.0)) else { panic!("display") };
        assert_eq!(names(fields), ["rating"]);
        let Change::Updated(fields) = judged(|it| {
            it.rating = Some(7.0);
            it.title = Some("Aliens".into());
            it.num = Some(9);
        }) else {
            panic!("significant")
        };
        assert_eq!(names(fields), ["title", "rating"]);
        assert_eq!(judge(None, &movie(), &fingerprint), Change::Added);
    }

    #[test]
    fn the_timestamp_policy_compares_the_dates() {
        let policy = |last: &str| ChangePolicy::Timestamp { last_sync: Some(last.to_owned()) };
        let mut edited = movie();
        edited.plot = None;
        assert_eq!(judge(Some(&movie()), &edited, &policy("100")), Change::IgnoredByPolicy, "not strictly newer");
        assert!(matches!(judge(Some(&movie()), &edited, &policy("99")), Change::Updated(_)));
        assert!(matches!(judge(Some(&movie()), &edited, &policy("1970-01-01T00:01:39Z")), Change::Updated(_)));
        assert_eq!(judge(Some(&movie()), &movie(), &policy("99")), Change::Unchanged, "equal fields write nothing");
        edited.added = Some("soon".into());
        assert_eq!(judge(Some(&movie()), &edited, &policy("99")), Change::IgnoredByPolicy, "unparsable is not updated");
    }

    #[test]
    fn items_of_two_kinds_dont_merge() {
        let channel = Channel::with_id(ContentId(1)).into_item();
        let mut movie = movie().into_item().into();
        assert!(!merge_over(Some(&channel), &mut movie));
    }
}
