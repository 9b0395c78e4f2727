//! The right rows of a kind after a listing: the rules again, as simple as possible.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::{
    CategorySet, ChangePolicy, ContentKind, Extra, FieldClass, FieldFacts, Item, Listed, Standing, Value, ValueRef,
    is_item_updated,
};

use crate::trace::path;

/// The effect of a listing on a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    Added,
    Updated,
    Refreshed,
    Unchanged,
    /// The row differs, but not by the dates that the policy compares.
    Passed,
}

/// The rules by which rows are judged.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) policy: ChangePolicy,
    /// The display fields that are not compared. Of an image, only the host and the query are not compared.
    pub(crate) left_alone: BTreeSet<String>,
    /// The unproven columns and keys that are compared.
    pub(crate) rests: BTreeSet<String>,
}

/// A week, in seconds.
const WEEK: i64 = 7 * 86_400;

impl Rules {
    /// Returns the rules for an unknown panel.
    pub(crate) fn plain(policy: ChangePolicy) -> Self {
        Self { policy, left_alone: BTreeSet::new(), rests: BTreeSet::new() }
    }

    /// Returns the rules for these facts.
    pub(crate) fn of(kind: ContentKind, facts: &FieldFacts, policy: ChangePolicy) -> Self {
        Self::where_compared(kind, [facts, facts], policy, |known, _| match known {
            Some(Standing::Compared { .. }) => Some(true),
            Some(_) => Some(false),
            None => None,
        })
    }

    /// Returns the rules for a listing with these facts before and after it. A field that is stable since this listing
    /// was compared in it, and so was a field that is compared once a week.
    pub(crate) fn between(kind: ContentKind, facts: [&FieldFacts; 2], policy: ChangePolicy, now: i64) -> Self {
        let tries = policy == ChangePolicy::Fingerprint;
        Self::where_compared(kind, facts, policy, |before, after| {
            let rests =
                !matches!(after, Some(Standing::Trial { .. } | Standing::Volatile { .. } | Standing::Written { .. }));
            match before? {
                Standing::Compared { .. } => Some(true),
                Standing::Trial { .. } => Some(matches!(after, Some(Standing::Compared { .. }))),
                Standing::Volatile { looked_at } => Some(tries && !(0..WEEK).contains(&(now - looked_at))),
                Standing::Written { .. } => Some(tries && rests),
            }
        })
    }

    fn where_compared(
        kind: ContentKind,
        facts: [&FieldFacts; 2],
        policy: ChangePolicy,
        compared: impl Fn(Option<Standing>, Option<Standing>) -> Option<bool>,
    ) -> Self {
        let mut rules = Self::plain(policy);
        let of = |name: &str| compared(facts[0].standing(kind, name), facts[1].standing(kind, name));
        for spec in kind.fields() {
            match (spec.class, of(spec.name)) {
                (FieldClass::Display, Some(false)) => drop(rules.left_alone.insert(spec.name.to_owned())),
                (FieldClass::Unproven, Some(true)) => drop(rules.rests.insert(spec.name.to_owned())),
                _ => {}
            }
        }
        for row in facts[0].rows(kind) {
            if let Some(key) = row.name.strip_prefix("extra.")
                && of(key) == Some(true)
            {
                rules.rests.insert(key.to_owned());
            }
        }
        rules
    }
}

/// Returns the row with the element merged into it.
pub(crate) fn laid_over(row: Option<&Item>, element: &Listed) -> Item {
    let (kind, id) = (element.item.kind(), element.item.id());
    let mut new = element.item.clone();
    let mut list = CategorySet::default();
    let mut list_told = false;
    for (at, spec) in kind.fields().iter().enumerate() {
        let listed = element.item.value(at);
        let stored = row.map_or(ValueRef::Null, |row| row.value(at));
        let told = element.present.has(at);
        match (spec.name, listed, stored) {
            ("name", ValueRef::Null, ValueRef::Null) => new.set(at, Value::Text(format!("#{id}").into())),
            ("name", ValueRef::Null, stored) => new.set(at, stored.to_owned()),
            ("listed_category_ids", _, ValueRef::Categories(kept)) if !list_told => list = kept.clone(),
            ("name" | "category_ids" | "listed_category_ids", ..) => {}
            ("extra", ValueRef::Extra(more), ValueRef::Extra(known)) => {
                let mut all = known.clone();
                all.extend(more.iter());
                new.set(at, Value::Extra(all));
            }
            _ if told || row.is_none() => {}
            _ => new.set(at, stored.to_owned()),
        }
        if let ("category_ids", true, ValueRef::Categories(set)) = (spec.name, told, listed) {
            (list, list_told) = (set.clone(), true);
        }
    }
    let at = |name: &str| kind.field(name).expect("every kind has its categories");
    let (single_at, set_at, list_at) = (at("category_id"), at("category_ids"), at("listed_category_ids"));
    if !list_told && !element.present.has(single_at) {
        // The element has no categories.
        let kept = row.map_or(Value::Null, |row| row.value(set_at).to_owned());
        new.set(set_at, kept);
        new.set(list_at, Value::Categories(list));
        return new;
    }
    let mut set = list.clone();
    let says_more = if let ValueRef::Text(single) = new.value(single_at) {
        set.insert(single);
        list.as_slice().iter().any(|id| id.as_str() != single)
    } else {
        !list.is_empty()
    };
    new.set(set_at, Value::Categories(set));
    new.set(list_at, Value::Categories(if says_more { list } else { CategorySet::default() }));
    new
}

/// Returns the names of the fields of a class in which two items differ.
pub(crate) fn differing(a: &Item, b: &Item, class: FieldClass) -> BTreeSet<&'static str> {
    let fields = a.kind().fields().iter().enumerate();
    fields.filter(|(at, spec)| spec.class == class && a.value(*at) != b.value(*at)).map(|(_, spec)| spec.name).collect()
}

/// Returns the compared fields in which two items differ, without the significant ones.
fn shown(row: &Item, new: &Item, rules: &Rules) -> BTreeSet<String> {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for name in differing(row, new, FieldClass::Display) {
        let image = ["stream_icon", "cover"].contains(&name);
        let alone = rules.left_alone.contains(name) && (!image || same_path(row, new, name));
        if !alone {
            shown.insert(name.to_owned());
        }
    }
    for name in differing(row, new, FieldClass::Unproven) {
        if rules.rests.contains(name) {
            shown.insert(name.to_owned());
        }
    }
    let extra = |item: &Item| match item.kind().field("extra").map(|at| item.value(at).to_owned()) {
        Some(Value::Extra(extra)) => extra,
        _ => Extra::new(),
    };
    let (old, new) = (extra(row), extra(new));
    shown.extend(rules.rests.iter().filter(|key| old.get(key) != new.get(key)).cloned());
    shown
}

/// Returns the meaning of a change from one row to the other.
pub(crate) fn meaning(row: Option<&Item>, new: &Item, rules: &Rules) -> Meaning {
    let Some(row) = row else { return Meaning::Added };
    let significant = differing(row, new, FieldClass::Significant);
    if significant.is_empty() && shown(row, new, rules).is_empty() {
        return Meaning::Unchanged;
    }
    match &rules.policy {
        ChangePolicy::Fingerprint if significant.is_empty() => Meaning::Refreshed,
        ChangePolicy::Fingerprint => Meaning::Updated,
        ChangePolicy::Timestamp { last_sync } => {
            let text = |name: &str| match new.kind().field(name).map(|at| new.value(at)) {
                Some(ValueRef::Text(text)) => Some(text.to_owned()),
                _ => None,
            };
            let date = text("last_modified").or_else(|| text("added"));
            let newer = date.zip(last_sync.as_ref()).is_some_and(|(date, last)| is_item_updated(&date, last));
            if newer { Meaning::Updated } else { Meaning::Passed }
        }
    }
}

/// Returns whether two addresses differ only in scheme, host and query.
fn same_path(a: &Item, b: &Item, name: &str) -> bool {
    let path = |item: &Item| {
        let at = item.kind().field(name)?;
        let ValueRef::Text(text) = item.value(at) else { return None };
        path(text).map(str::to_owned)
    };
    path(a).is_some() && path(a) == path(b)
}

/// Returns the elements of a listing by id, each in the order in which they came.
pub(crate) fn by_id(listing: &[Listed]) -> BTreeMap<i64, Vec<&Listed>> {
    let mut all: BTreeMap<i64, Vec<&Listed>> = BTreeMap::new();
    for element in listing {
        all.entry(element.item.id().0).or_default().push(element);
    }
    all
}

/// Returns the rows that are right for these elements of one id. The row is one of the elements, with the categories of
/// all of them. If an element changes nothing, the stored row is right. If one of several elements changes only the
/// categories, the stored row with these categories is right as well.
pub(crate) fn candidates(row: Option<&Item>, elements: &[&Listed], rules: &Rules) -> Vec<Item> {
    let several = elements.len() > 1;
    let one = |element: &&Listed| {
        let new = laid_over(row, element);
        let means_nothing = |row: &&Item| {
            let mut compared = new.clone();
            if several {
                let at = row.kind().field("category_ids").expect("every kind has its categories");
                compared.set(at, row.value(at).to_owned());
            }
            meaning(Some(row), &compared, rules) == Meaning::Unchanged
        };
        row.filter(means_nothing).cloned().unwrap_or(new)
    };
    let mut all: Vec<Item> = elements.iter().map(one).collect();
    if !several {
        return all;
    }
    let at = |name: &str| all[0].kind().field(name).expect("every kind has its categories");
    let (single_at, set_at, list_at) = (at("category_id"), at("category_ids"), at("listed_category_ids"));
    let (mut named, mut lists) = (CategorySet::default(), CategorySet::default());
    for element in elements {
        let new = laid_over(row, element);
        // An element with a list of categories and without a single category has the categories of the list.
        let lists_only = element.present.has(set_at) && !element.present.has(single_at);
        let source = if lists_only { &element.item } else { &new };
        named.unite(source.categories());
        if let ValueRef::Categories(list) = new.value(list_at) {
            lists.unite(list);
        }
    }
    for item in &mut all {
        let mut set = named.clone();
        if let ValueRef::Text(own) = item.value(single_at) {
            set.insert(own);
        }
        item.set(set_at, Value::Categories(set));
        item.set(list_at, Value::Categories(lists.clone()));
    }
    all
}

/// Returns whether two items are the same in every field that counts.
pub(crate) fn alike(a: &Item, b: &Item, rules: &Rules) -> bool {
    a.id() == b.id() && differing(a, b, FieldClass::Significant).is_empty() && shown(a, b, rules).is_empty()
}
