//! Chooses the element that is taken for an item with several elements, whatever their order.

use crate::detect::digest::{full_digest, representative_rank};
use crate::model::{CategorySet, FieldSet, Item, Listed, Value, ValueRef};
use crate::ports::store::StagedItem;

/// The rank before all others, of an element that equals the stored row. Such an element may not have been decoded or
/// staged. So its rank by content is unknown, and must not matter: the row has the keys that it left out.
pub(super) const AS_STORED: (u64, i64) = (0, i64::MIN);

/// Returns the rank of an element that is merged with a row: by its content, unless it equals the row. Categories have
/// no part in that comparison, because the row has those of all elements. Neither have fields that aren't compared.
pub(super) fn rank_over(listed: &Listed, differs: bool) -> (u64, i64) {
    if differs { representative_rank(&listed.item, listed.present) } else { AS_STORED }
}

/// Returns an item with its rank. An item without a stored rank has no row and is exactly its element. An item that
/// differs from the row only in its categories counts as the row, because in another order of elements it would not
/// have been compared.
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

/// One of several elements of an id, merged with its row, or the item that was made of several elements.
pub(super) struct Candidate {
    pub(super) rank: (u64, i64),
    pub(super) item: Item,
    /// Whether the item has its `category_id` from the row, and no element named that category.
    pub(super) borrows_category: bool,
}

impl Candidate {
    /// Returns the categories that the elements themselves named. A category from the row depends on the order of the
    /// elements, so it counts only for the element that is taken.
    fn named_categories(&self) -> CategorySet {
        let mut named = self.item.categories().clone();
        if let Some(borrowed) = self.item.category_id().filter(|_| self.borrows_category) {
            named.remove(borrowed);
        }
        named
    }
}

/// Makes one item of two elements: the least by content, with the categories of both. If their content is equal as far
/// as it counts, the whole merged items are compared, so that their order doesn't decide.
///
/// The result always has the category of the element that is taken. So the same listing gives the same item again, even
/// if some of its elements name no category of their own.
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
