//! Which of several elements of one id stands for the item, whatever their order.

use crate::digest::{choice, whole};
use crate::merge::Change;
use crate::model::{CategorySet, FieldClass, FieldSet, Item, Listed, Value, ValueRef};
use crate::store::StagedItem;

/// Before all others: an element that is as the stored row. It may not have been decoded, or not
/// staged, so how it would rank by its content is not known, and may not matter: keys that it left out
/// are in the row.
pub(super) const AS_STORED: (u64, i64) = (0, i64::MIN);

/// The rank of an element that lies over a row: by its content, unless it is as the row but for the
/// categories, of which the row has those of all elements, and an image that isn't looked at.
pub(super) fn rank_over(row: &Item, listed: &Listed, change: Change, ignored: Option<usize>) -> (u64, i64) {
    let kind = row.kind();
    let mut counted = FieldSet(FieldSet::all(kind.fields()).0 & !kind.of_class(FieldClass::Ignored).0);
    for at in [Some(kind.places().category_ids), ignored].into_iter().flatten() {
        counted.drop(at);
    }
    let differs = match change {
        Change::Unchanged => false,
        Change::Updated(fields) | Change::Refreshed(fields) => !fields.and(counted).is_empty(),
        Change::Added | Change::Passed => counted.positions().any(|at| row.value(at) != listed.item.value(at)),
    };
    if differs { choice(&listed.item, listed.present) } else { AS_STORED }
}

/// An item with its rank. Where it has none, it lies over nothing, and is all that its element lists.
/// One that is as the row but for its categories is the row but for its categories: in another order it
/// would not have been looked at.
pub(super) fn ranked(staged: StagedItem, stored: Option<&Item>) -> ((u64, i64), Item) {
    let StagedItem { item, rank, .. } = staged;
    let rank = rank.unwrap_or_else(|| choice(&item, FieldSet::all(item.kind().fields())));
    match stored.filter(|_| rank == AS_STORED) {
        None => (rank, item),
        Some(row) => {
            let (mut same, places) = (row.clone(), item.kind().places());
            for at in [places.category_ids, places.listed_category_ids] {
                same.set(at, item.value(at).to_owned());
            }
            (rank, same)
        }
    }
}

/// Makes one item of two elements: the least by content, with the categories of both. Where they list
/// the same, or differ only in what doesn't count, the whole of what became of them decides, so that it
/// isn't the position.
pub(super) fn one_of(a: ((u64, i64), Item), b: ((u64, i64), Item)) -> ((u64, i64), Item) {
    let kind = a.1.kind();
    let places = kind.places();
    let united = [places.category_ids, places.listed_category_ids].map(|at| {
        let mut united = CategorySet::default();
        for item in [&a.1, &b.1] {
            if let ValueRef::Categories(set) = item.value(at) {
                united.unite(set);
            }
        }
        (at, united)
    });
    let order = a.0.cmp(&b.0).then_with(|| whole(&a.1).cmp(&whole(&b.1)));
    let (rank, mut item) = if order.is_le() { a } else { b };
    for (at, set) in united {
        item.set(at, Value::Categories(set));
    }
    (rank, item)
}
