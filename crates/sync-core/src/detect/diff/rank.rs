//! Which of several elements of one id stands for the item, whatever their order.

use crate::detect::digest::{full_digest, representative_rank};
use crate::model::{CategorySet, FieldSet, Item, Listed, Value, ValueRef};
use crate::ports::store::StagedItem;

/// Before all others: an element that is as the stored row. It may not have been decoded, or not
/// staged, so how it would rank by its content is not known, and may not matter: keys that it left out
/// are in the row.
pub(super) const AS_STORED: (u64, i64) = (0, i64::MIN);

/// The rank of an element that lies over a row: by its content, unless it is as the row but for the
/// categories, of which the row has those of all elements, and for what isn't looked at.
pub(super) fn rank_over(listed: &Listed, differs: bool) -> (u64, i64) {
    if differs { representative_rank(&listed.item, listed.present) } else { AS_STORED }
}

/// An item with its rank. Where it has none, it lies over nothing, and is all that its element lists.
/// One that is as the row but for its categories is the row but for its categories: in another order it
/// would not have been looked at.
pub(super) fn ranked(staged: StagedItem, stored: Option<&Item>, borrows_category: bool) -> Candidate {
    let StagedItem { item, rank, .. } = staged;
    let rank = rank.unwrap_or_else(|| representative_rank(&item, FieldSet::all(item.kind().fields())));
    let item = match stored.filter(|_| rank == AS_STORED) {
        None => item,
        Some(row) => {
            let (mut same, positions) = (row.clone(), item.kind().field_positions());
            for at in [positions.category_ids, positions.listed_category_ids] {
                same.set(at, item.value(at).to_owned());
            }
            same
        }
    };
    Candidate { rank, item, borrows_category }
}

/// An element of an id that occurs several times, laid over its row, or what several of them came to.
pub(super) struct Candidate {
    pub(super) rank: (u64, i64),
    pub(super) item: Item,
    /// Whether the item has its `category_id` from the row, and no element named that category.
    pub(super) borrows_category: bool,
}

impl Candidate {
    /// The categories that the elements themselves named. What an element borrows from the row depends on
    /// which element stood there before, so it counts only for the element that stands.
    fn named_categories(&self) -> CategorySet {
        let mut named = self.item.categories().clone();
        if let Some(borrowed) = self.item.category_id().filter(|_| self.borrows_category) {
            named.remove(borrowed);
        }
        named
    }
}

/// Makes one item of two elements: the least by content, with the categories of both. Where they list
/// the same, or differ only in what doesn't count, the whole of what became of them decides, so that it
/// isn't the position.
///
/// The result always has the category of the element that stands. So the same listing comes to the same
/// item again, although some of its elements say nothing of their own category.
pub(super) fn one_of(a: Candidate, b: Candidate) -> Candidate {
    let positions = a.item.kind().field_positions();
    let mut named = a.named_categories();
    named.unite(&b.named_categories());
    let mut list = CategorySet::default();
    for item in [&a.item, &b.item] {
        if let ValueRef::Categories(set) = item.value(positions.listed_category_ids) {
            list.unite(set);
        }
    }
    let order = a.rank.cmp(&b.rank).then_with(|| full_digest(&a.item).cmp(&full_digest(&b.item)));
    let mut one = if order.is_le() { a } else { b };
    if let Some(own) = one.item.category_id().filter(|_| one.borrows_category) {
        one.borrows_category = !named.contains(own);
        named.insert(own);
    }
    one.item.set(positions.category_ids, Value::Categories(named));
    one.item.set(positions.listed_category_ids, Value::Categories(list));
    one
}
