//! Answers with the first items in the panel's order, without an index.
//!
//! Most readers of a list want its first page. The listing has the order, so a page needs only the rows of that page.

use std::collections::HashSet;

use super::cursor::{Cursor, Key};
use super::select::{Hit, Hits};
use crate::model::ContentId;
use crate::ports::catalogue::{Filter, Selection, Sort};

/// The largest page that is answered without an index. The pages after a larger one will need the index as well.
const LIMIT_MAX: u32 = 1_000;

/// Returns a page of a kind in the panel's order. Returns `None` if the page needs an index: with words, with a filter,
/// in another order, for several kinds, for many items, behind an item that is not listed, and if the page reaches the
/// items that are not listed.
///
/// `listed` has the ids of the last listing, in its order. `stored` returns those of some ids that have a row and that
/// the view doesn't leave out.
///
/// # Errors
///
/// The errors of `stored`.
pub fn browse<E>(
    selection: &Selection,
    listed: &[ContentId],
    mut stored: impl FnMut(&[ContentId]) -> Result<HashSet<ContentId>, E>,
) -> Result<Option<Hits>, E> {
    let [kind] = selection.kinds[..] else { return Ok(None) };
    let is_plain = selection.words.is_none() && selection.sort == Sort::Panel && selection.filter == Filter::none();
    if !is_plain || selection.limit > LIMIT_MAX {
        return Ok(None);
    }
    let mut at = match selection.place() {
        None => 0,
        Some(place) if place.kind == kind => match listed.iter().position(|id| *id == place.id) {
            Some(found) => found + 1,
            None => return Ok(None),
        },
        Some(_) => return Ok(None),
    };
    // An id that is listed twice counts once, at its first place.
    let before = &listed[..at];
    let limit = selection.limit.max(1) as usize;
    let mut found: Vec<(usize, ContentId)> = Vec::new();
    let mut taken = HashSet::new();
    // One item more than wanted shows that there are more.
    while found.len() <= limit {
        let wanted = limit + 1 - found.len();
        let mut next = Vec::with_capacity(wanted);
        while next.len() < wanted
            && let Some(id) = listed.get(at)
        {
            if taken.insert(*id) {
                next.push((at, *id));
            }
            at += 1;
        }
        if next.is_empty() {
            return Ok(None);
        }
        let ids: HashSet<_> = next.iter().map(|(_, id)| *id).collect();
        let again: HashSet<_> = before.iter().filter(|id| ids.contains(id)).collect();
        next.retain(|(_, id)| !again.contains(id));
        let ids: Vec<_> = next.iter().map(|(_, id)| *id).collect();
        let stored = stored(&ids)?;
        found.extend(next.into_iter().filter(|(_, id)| stored.contains(id)));
    }
    found.truncate(limit);
    let query = selection.query_digest();
    let hit = |(at, id): (usize, ContentId)| {
        let position = u32::try_from(at).unwrap_or(u32::MAX);
        Hit { kind, id, cursor: Cursor::new(query, kind, id, Key::Position(position)) }
    };
    Ok(Some(Hits { hits: found.into_iter().map(hit).collect(), more: true }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::model::{CategoryId, ContentKind};
    use crate::search::Words;

    const MOVIES: ContentKind = ContentKind::Movies;

    fn page(selection: &Selection, listed: &[i64], missing: &[i64]) -> Option<(Vec<i64>, String)> {
        let listed: Vec<_> = listed.iter().copied().map(ContentId).collect();
        let stored = |ids: &[ContentId]| -> Result<HashSet<ContentId>, Infallible> {
            Ok(ids.iter().copied().filter(|id| !missing.contains(&id.0)).collect())
        };
        let Ok(found) = browse(selection, &listed, stored);
        let hits = found?;
        assert!(hits.more);
        let last = hits.hits.last().expect("a page has items").cursor.to_string();
        Some((hits.hits.iter().map(|hit| hit.id.0).collect(), last))
    }

    #[test]
    fn pages_follow_the_listing() {
        let (listed, first) = ([5, 3, 9, 1, 7, 2], Selection::of_kind(MOVIES, 2));
        let (ids, cursor) = page(&first, &listed, &[]).unwrap();
        assert_eq!(ids, [5, 3]);
        let second = first.clone().after(&cursor).unwrap();
        let (ids, cursor) = page(&second, &listed, &[]).unwrap();
        assert_eq!(ids, [9, 1]);
        // Items that are not listed may follow on the last page.
        assert_eq!(page(&first.clone().after(&cursor).unwrap(), &listed, &[]), None);
        // The item determines the place, because the panel may have put others before it.
        assert_eq!(page(&second, &[8, 6, 5, 3, 9, 1, 7], &[]).unwrap().0, [9, 1]);
        assert_eq!(page(&second, &[8, 6, 5, 9, 1, 7], &[]), None, "the item is gone");
    }

    #[test]
    fn ids_without_a_row_and_repeated_ids_are_left_out() {
        let first = Selection::of_kind(MOVIES, 2);
        assert_eq!(page(&first, &[5, 3, 5, 3, 9, 1], &[3]).unwrap().0, [5, 9]);
        assert_eq!(page(&first, &[5, 3, 9], &[3]), None);
        let (_, cursor) = page(&first, &[5, 3, 9], &[]).unwrap();
        let second = first.after(&cursor).unwrap();
        assert_eq!(page(&second, &[5, 3, 5, 9, 3, 1, 2], &[]).unwrap().0, [9, 1]);
        assert_eq!(page(&second, &[5, 3, 5, 3, 1], &[]), None);
        assert_eq!(page(&Selection::of_kind(MOVIES, 0), &[5, 3], &[]).unwrap().0, [5], "a page has an item");
    }

    #[test]
    fn anything_else_needs_an_index() {
        let listed: Vec<_> = (0..5_000).collect();
        let plain = |limit| Selection::of_kind(MOVIES, limit);
        let of = |selection: &Selection| page(selection, &listed, &[]).is_some();
        assert!(of(&plain(1_000)) && !of(&plain(1_001)));
        assert!(!of(&plain(5).sorted(Sort::Name)));
        assert!(!of(&plain(5).filtered(Filter::none().in_category(MOVIES, CategoryId("1".to_owned())))));
        assert!(!of(&plain(5).filtered(Filter::none().only_held())));
        let (mut several, mut words) = (plain(5), Selection::of_words(Words::new("x"), 5).sorted(Sort::Panel));
        several.kinds = ContentKind::ALL.to_vec();
        words.kinds = vec![MOVIES];
        assert!(!of(&several) && !of(&words));
    }
}
