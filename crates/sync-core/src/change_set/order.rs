//! The order of a listing, as changes of it. Pure functions.
//!
//! A listing of 200,000 items has a megabyte of ids, but only a few hundred items move in a day. A store therefore
//! keeps which items have moved, and a change set says where these items are now. All other items keep their order.

use std::collections::HashSet;

use hashbrown::HashMap;

use crate::detect::index::ListingIndex;
use crate::model::ContentId;

/// The items that have moved between two listings. Added and removed items are not among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Moves {
    /// No item has moved.
    #[default]
    None,
    /// The items that have moved, in ascending order. All others that are in both listings have the same order in both.
    Some(Vec<ContentId>),
    /// So many items have moved that the whole order is shorter.
    Whole,
}

/// The change of the order of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderChange {
    /// The ids of the whole listing, in its order.
    Whole(Vec<ContentId>),
    /// The places of items that are new or have moved. The others keep their order.
    Placed(Vec<Placed>),
}

/// Items that follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The item before them; `None` if they are the first ones. This item has kept its order.
    pub after: Option<ContentId>,
    /// The items, in their order.
    pub ids: Vec<ContentId>,
}

/// If more than one item in so many has moved, the whole order is kept instead.
const WHOLE_FROM: usize = 4;

impl Moves {
    /// Returns the fewest items that have to be moved to bring one listing into the order of another.
    pub fn between(before: &ListingIndex, after: &ListingIndex) -> Self {
        let mut hint = 0;
        let places = after.ids().iter().filter_map(|id| {
            let place = before.position(ContentId(*id), hint)?;
            hint = place + 1;
            Some((*id, place))
        });
        let places: Vec<(i64, usize)> = places.collect();
        if places.is_sorted_by(|a, b| a.1 < b.1) {
            return Self::None;
        }
        let stay = longest_rising(&places);
        if (places.len() - stay.len()) * WHOLE_FROM > places.len() {
            return Self::Whole;
        }
        let moved = places.iter().filter(|(_, place)| !stay.contains(place));
        let mut moved: Vec<_> = moved.map(|(id, _)| ContentId(*id)).collect();
        moved.sort_unstable();
        Self::Some(moved)
    }

    /// Adds the moves of a later listing.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        match (self, later) {
            (Self::Whole, _) | (_, Self::Whole) => Self::Whole,
            (Self::None, moves) | (moves, Self::None) => moves,
            (Self::Some(mut all), Self::Some(more)) => {
                all.extend(more);
                all.sort_unstable();
                all.dedup();
                Self::Some(all)
            }
        }
    }
}

/// Returns the positions of a longest subsequence with rising positions.
fn longest_rising(both: &[(i64, usize)]) -> HashSet<usize> {
    // For each length, the entry with the least position that ends a subsequence of this length; and the predecessor of
    // each entry.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![usize::MAX; both.len()];
    for (nth, (_, at)) in both.iter().enumerate() {
        let length = ends.partition_point(|end| both[*end].1 < *at);
        previous[nth] = length.checked_sub(1).map_or(usize::MAX, |shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(nth);
        } else {
            ends[length] = nth;
        }
    }
    let mut next = ends.last().copied().unwrap_or(usize::MAX);
    let mut found = HashSet::with_capacity(ends.len());
    while let Some((_, at)) = both.get(next) {
        found.insert(*at);
        next = previous[next];
    }
    found
}

impl OrderChange {
    /// Returns the change of the order. The items for which `is_placed` is true are new or have moved, and all others
    /// have kept their order. Returns `None` if no item is placed.
    pub fn placing(order: &[i64], is_placed: impl Fn(ContentId) -> bool) -> Option<Self> {
        let mut placed: Vec<Placed> = Vec::new();
        let (mut after, mut open) = (None, false);
        for id in order.iter().map(|id| ContentId(*id)) {
            if !is_placed(id) {
                (after, open) = (Some(id), false);
            } else if open && let Some(last) = placed.last_mut() {
                last.ids.push(id);
            } else {
                placed.push(Placed { after, ids: vec![id] });
                open = true;
            }
        }
        (!placed.is_empty()).then_some(Self::Placed(placed))
    }

    /// Returns the order after the change. The order before it was `before`; the items of `gone` were removed, and
    /// those of `came` were added. The result has each item exactly once. Items without a place in the change come
    /// last, by ascending id.
    pub fn apply(change: Option<&Self>, before: &[i64], gone: &[ContentId], came: &[ContentId]) -> Vec<ContentId> {
        let placed = match change {
            Some(Self::Whole(ids)) => return whole(ids, before, gone, came),
            Some(Self::Placed(placed)) => placed.as_slice(),
            None => &[],
        };
        // A listing is long, and a change of this kind names few of its items.
        let mut named: HashMap<i64, Named<'_>> = HashMap::new();
        gone.iter().for_each(|id| named.entry(id.0).or_default().is_gone = true);
        came.iter().for_each(|id| named.entry(id.0).or_default().waits = true);
        let mut first: &[ContentId] = &[];
        for Placed { after, ids } in placed {
            match after {
                Some(after) => named.entry(after.0).or_default().behind = ids,
                None => first = ids,
            }
            ids.iter().for_each(|id| named.entry(id.0).or_default().is_placed = true);
        }
        for id in before {
            if let Some(it) = named.get_mut(id) {
                it.waits |= !it.is_gone;
            }
        }
        let mut order = Vec::with_capacity(before.len() + came.len());
        place(&mut order, &mut named, first);
        for id in before.iter().map(|id| ContentId(*id)) {
            match named.get(&id.0).copied() {
                None => order.push(id),
                Some(it) if it.is_placed => {}
                Some(it) => {
                    place(&mut order, &mut named, &[id]);
                    place(&mut order, &mut named, it.behind);
                }
            }
        }
        let rest = order.len();
        order.extend(named.iter().filter(|(_, it)| it.waits).map(|(id, _)| ContentId(*id)));
        order[rest..].sort_unstable();
        order
    }
}

/// Returns the order if the change has the whole of it. A table of the whole listing would take more memory than the
/// listing.
fn whole(ids: &[ContentId], before: &[i64], gone: &[ContentId], came: &[ContentId]) -> Vec<ContentId> {
    let mut gone = gone.to_vec();
    gone.sort_unstable();
    let stay = before.iter().map(|id| ContentId(*id)).filter(|id| gone.binary_search(id).is_err());
    let mut there: Vec<ContentId> = Vec::with_capacity(before.len() + came.len());
    there.extend(stay.chain(came.iter().copied()));
    there.sort_unstable();
    there.dedup();
    let mut waits = vec![true; there.len()];
    let mut order = Vec::with_capacity(there.len());
    order.extend(ids.iter().filter(|id| {
        let at = there.binary_search(id);
        at.is_ok_and(|at| std::mem::replace(&mut waits[at], false))
    }));
    order.extend(there.iter().zip(waits).filter(|(_, waits)| *waits).map(|(id, _)| *id));
    order
}

/// The part of a change that is about one item.
#[derive(Debug, Clone, Copy, Default)]
struct Named<'a> {
    is_gone: bool,
    is_placed: bool,
    /// Whether the item exists and is not yet in the order.
    waits: bool,
    /// The items of the run that follows the item.
    behind: &'a [ContentId],
}

/// Adds to the order those of the items that are not in it yet.
fn place(order: &mut Vec<ContentId>, named: &mut HashMap<i64, Named<'_>>, ids: &[ContentId]) {
    for id in ids {
        if let Some(it) = named.get_mut(&id.0).filter(|it| it.waits) {
            it.waits = false;
            order.push(*id);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::detect::digest::DigestScheme;

    fn between(before: &[i64], after: &[i64]) -> Moves {
        let index =
            |ids: &[i64]| ListingIndex::from_columns(DigestScheme::FIELDS, ids.to_vec(), vec![0; ids.len()]).unwrap();
        Moves::between(&index(before), &index(after))
    }

    fn ids(of: &[i64]) -> Vec<ContentId> {
        of.iter().copied().map(ContentId).collect()
    }

    #[test]
    fn the_fewest_items_move() {
        let some = |of: &[i64]| Moves::Some(ids(of));
        for (before, after, moves) in [
            (&[][..], &[][..], Moves::None),
            (&[], &[1, 2], Moves::None),
            (&[1, 2, 3], &[1, 3], Moves::None),
            (&[1, 2, 3], &[9, 1, 8, 3, 7], Moves::None),
            (&[1, 2, 3, 4, 5], &[2, 3, 4, 5, 1], some(&[1])),
            (&[1, 2, 3, 4, 5], &[5, 1, 2, 9, 3, 4], some(&[5])),
            (&[1, 2, 3, 4, 5, 6, 7, 8], &[8, 1, 2, 3, 4, 6, 5, 7], some(&[5, 8])),
            (&[1, 2, 3, 4], &[4, 3, 2, 1], Moves::Whole),
        ] {
            let found = between(before, after);
            let count = |moves: &Moves| if let Moves::Some(ids) = moves { ids.len() } else { 0 };
            assert_eq!(count(&found), count(&moves), "{before:?} {after:?}: {found:?}");
            assert_eq!(matches!(found, Moves::Whole), matches!(moves, Moves::Whole), "{before:?} {after:?}");
        }
        assert_eq!(some(&[1, 3]).and(some(&[2, 3])), some(&[1, 2, 3]));
        assert_eq!(some(&[1]).and(Moves::Whole).and(Moves::None), Moves::Whole);
    }

    #[test]
    fn items_without_a_place_come_last() {
        let placed = |after: Option<i64>, of: &[i64]| Placed { after: after.map(ContentId), ids: ids(of) };
        let change = OrderChange::Placed(vec![placed(None, &[7]), placed(Some(2), &[8, 1]), placed(Some(99), &[6])]);
        let order = OrderChange::apply(Some(&change), &[1, 2, 3], &[], &ids(&[5, 6, 7, 8]));
        assert_eq!(order, ids(&[7, 2, 8, 1, 3, 5, 6]));
        let whole = OrderChange::Whole(ids(&[3, 3, 9, 1]));
        assert_eq!(OrderChange::apply(Some(&whole), &[1, 2, 3], &[], &[]), ids(&[3, 1, 2]));
        assert_eq!(OrderChange::apply(Some(&whole), &[1, 2, 3], &ids(&[1]), &ids(&[2, 0])), ids(&[3, 0, 2]));
        assert_eq!(OrderChange::apply(None, &[3, 1, 2], &ids(&[2]), &ids(&[4])), ids(&[3, 1, 4]));
    }

    /// Returns lists of ids, each once.
    fn listings() -> impl Strategy<Value = Vec<Vec<i64>>> {
        let one = proptest::sample::subsequence((1..=24_i64).collect::<Vec<_>>(), 0..=24).prop_shuffle();
        let near = (1..=24_i64, 0..24_usize, any::<bool>());
        (one, proptest::collection::vec(near, 0..12)).prop_map(|(first, steps)| {
            let mut all = vec![first];
            for (id, at, stays) in steps {
                let mut next = all.last().cloned().unwrap_or_default();
                next.retain(|known| *known != id);
                if stays {
                    next.insert(at.min(next.len()), id);
                }
                all.push(next);
            }
            all
        })
    }

    proptest! {
        #[test]
        fn the_last_order_follows_from_the_first_one_and_the_moves(listings in listings()) {
            let (first, last) = (&listings[0], &listings[listings.len() - 1]);
            let mut moves = Moves::None;
            let mut came = HashSet::new();
            for pair in listings.windows(2) {
                moves = moves.and(between(&pair[0], &pair[1]));
                came.extend(pair[1].iter().filter(|id| !pair[0].contains(id)).map(|id| ContentId(*id)));
            }
            let change = match &moves {
                Moves::Whole => Some(OrderChange::Whole(ids(last))),
                Moves::Some(moved) => OrderChange::placing(last, |id| came.contains(&id) || moved.contains(&id)),
                Moves::None => OrderChange::placing(last, |id| came.contains(&id)),
            };
            let but_not_in = |these: &[i64], those: &[i64]| -> Vec<ContentId> {
                these.iter().filter(|id| !those.contains(id)).map(|id| ContentId(*id)).collect()
            };
            let (gone, new) = (but_not_in(first, last), but_not_in(last, first));
            prop_assert_eq!(OrderChange::apply(change.as_ref(), first, &gone, &new), ids(last));
        }
    }
}
