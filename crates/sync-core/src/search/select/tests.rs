use proptest::prelude::*;

use super::super::{Entry, SearchFields, Words};
use super::*;
use crate::model::{CategoryId, Item};
use crate::ports::catalogue::Filter;
use crate::testing::{channel, movie};

const MOVIES: ContentKind = ContentKind::Movies;

fn index_of(items: &[Item]) -> SearchIndex {
    SearchIndex::from_entries(items.iter().map(|item| Entry::of(item, SearchFields::All)).collect())
}

/// Returns the ids of a selection of movies. The panel lists `listed`.
fn ids(items: &[Item], listed: &[i64], selection: &Selection) -> Vec<i64> {
    let index = index_of(items);
    let listed: Vec<_> = listed.iter().copied().map(ContentId).collect();
    let order = index.panel_order(&listed);
    let held = HashSet::from([ContentId(2)]);
    let searched = [Searched {
        kind: MOVIES,
        index: &index,
        panel_order: &order,
        held: &held,
        left_out: &HashSet::new(),
        only: None,
    }];
    select(&searched, selection).hits.into_iter().map(|hit| hit.id.0).collect()
}

fn film(id: i64, name: &str, year: &str, added: &str, rating: &str) -> Item {
    movie(id).name(name).with("year", year).with("added", added).with("rating", rating).item()
}

fn films() -> Vec<Item> {
    vec![
        film(1, "Beta", "1999", "300", "7.5"),
        film(2, "álpha", "", "100", ""),
        film(3, "Gamma", "2001", "", "0"),
        film(4, "★", "1999", "300", "9"),
        film(5, "Delta", "2001", "200", "7.5"),
    ]
}

#[test]
fn items_come_in_the_order_that_is_asked_for() {
    for (sort, expected) in [
        (Sort::Panel, [5, 1, 3, 2, 4]),
        (Sort::Name, [2, 1, 5, 3, 4]),
        (Sort::Year, [3, 5, 1, 4, 2]),
        (Sort::Added, [1, 4, 5, 2, 3]),
        (Sort::Rating, [4, 1, 5, 3, 2]),
        (Sort::Rank, [3, 5, 1, 4, 2]),
    ] {
        assert_eq!(ids(&films(), &[5, 1, 3], &Selection::of_kind(MOVIES, 9).sorted(sort)), expected, "{sort:?}");
    }
}

#[test]
fn filters_leave_out_other_items() {
    let mut items = films();
    items[0] =
        movie(1).in_categories(&["7", "12"]).with("year", "1999").with("rating", "7.5").with("added", "300").item();
    let of = |filter: Filter| ids(&items, &[1, 2, 3, 4, 5], &Selection::of_kind(MOVIES, 9).filtered(filter));
    assert_eq!(of(Filter::none()), [1, 2, 3, 4, 5]);
    assert_eq!(of(Filter::none().of_years(1999, 1999)), [1, 4]);
    assert_eq!(of(Filter::none().of_years(2000, i64::MAX)), [3, 5]);
    assert_eq!(of(Filter::none().of_years(i64::MIN, 1999)), [1, 4], "an unknown year passes no filter of years");
    assert_eq!(of(Filter::none().rated_at_least(7.5)), [1, 4, 5]);
    assert_eq!(of(Filter::none().rated_at_least(0.0)), [1, 3, 4, 5], "no rating is not a rating of 0");
    assert_eq!(of(Filter::none().added_since(200)), [1, 4, 5]);
    assert_eq!(of(Filter::none().added_since(-5)), [1, 2, 4, 5]);
    assert_eq!(of(Filter::none().only_held()), [2]);
    let category = |id: &str| CategoryId(id.to_owned());
    assert_eq!(of(Filter::none().in_category(MOVIES, category("12"))), [1]);
    assert_eq!(of(Filter::none().in_category(ContentKind::Series, category("12"))), [] as [i64; 0]);
    assert_eq!(of(Filter::none().in_category(MOVIES, category("1"))), [2, 3, 4, 5]);
}

#[test]
fn a_cursor_belongs_to_its_query() {
    let items = films();
    let index = index_of(&items);
    let searched = [Searched {
        kind: MOVIES,
        index: &index,
        panel_order: &[],
        held: &HashSet::new(),
        left_out: &HashSet::new(),
        only: None,
    }];
    let selection = Selection::of_kind(MOVIES, 2).sorted(Sort::Year);
    let hits = select(&searched, &selection);
    assert!(hits.more);
    let cursor = hits.hits[1].cursor.to_string();
    assert!(selection.clone().after(&cursor).is_ok());
    for other in [
        Selection::of_kind(MOVIES, 2).sorted(Sort::Name),
        Selection::of_kind(ContentKind::Series, 2).sorted(Sort::Year),
        Selection::of_words(Words::new("x"), 2).sorted(Sort::Year),
        selection.filtered(Filter::none().only_held()),
    ] {
        assert!(other.after(&cursor).is_err());
    }
}

#[test]
fn a_page_in_the_panels_order_goes_on_behind_its_item() {
    let items = films();
    let selection = Selection::of_kind(MOVIES, 2);
    let index = index_of(&items);
    let of = |listed: &[i64], index: &SearchIndex, selection: &Selection| {
        let order = index.panel_order(&listed.iter().copied().map(ContentId).collect::<Vec<_>>());
        let searched = [Searched {
            kind: MOVIES,
            index,
            panel_order: &order,
            held: &HashSet::new(),
            left_out: &HashSet::new(),
            only: None,
        }];
        select(&searched, selection).hits
    };
    let first = of(&[1, 2, 3, 4, 5], &index, &selection);
    let behind = selection.behind(first[1].cursor.clone());
    let next = |listed: &[i64], index: &SearchIndex| {
        of(listed, index, &behind).into_iter().map(|hit| hit.id.0).collect::<Vec<_>>()
    };
    assert_eq!(next(&[1, 2, 3, 4, 5], &index), [3, 4]);
    assert_eq!(next(&[9, 8, 1, 2, 3, 4, 5], &index), [3, 4]);
    assert_eq!(next(&[5, 1, 2, 3, 4], &index), [3, 4], "new ones before it move it");
    let without: Vec<_> = items.iter().filter(|item| item.id().0 != 2).cloned().collect();
    assert_eq!(next(&[1, 3, 4, 5], &index_of(&without)), [3, 4], "it is gone");
}

/// Returns a strategy for items of two kinds, with values that are often equal.
fn anything() -> impl Strategy<Value = Vec<(bool, u8, u8, u8, u8)>> {
    prop::collection::vec((any::<bool>(), 0_u8..40, 0_u8..4, 0_u8..4, 0_u8..4), 0..40)
}

fn item((is_movie, id, name, year, rating): (bool, u8, u8, u8, u8)) -> Item {
    let name = ["Dune", "Dune Two", "Blue Dune", "★"][usize::from(name)];
    let year = ["", "1999", "2001", "2001"][usize::from(year)];
    let id = i64::from(id);
    let builder = if is_movie { movie(id).with("year", year).with("rating", &rating.to_string()) } else { channel(id) };
    builder.name(name).with("added", &(id % 3).to_string()).item()
}

proptest! {
    /// The pages of a query have each item once, in the order of the whole, in every order, whatever the size of a
    /// page.
    #[test]
    fn pages_together_are_the_whole_selection(items in anything(), limit in 1_u32..6, with_words: bool) {
        let mut met = HashSet::new();
        let items: Vec<_> = items.into_iter().map(item).filter(|it| met.insert((it.kind(), it.id()))).collect();
        let of = |kind| items.iter().filter(|item| item.kind() == kind).cloned().collect::<Vec<_>>();
        let kinds = [ContentKind::Channels, MOVIES];
        let indexes = kinds.map(|kind| index_of(&of(kind)));
        let orders = indexes.each_ref().map(|index| index.panel_order(&[7, 3, 21, 5].map(ContentId)));
        let none = HashSet::new();
        let searched = [0, 1].map(|at| Searched { kind: kinds[at], index: &indexes[at], panel_order: &orders[at], held: &none, left_out: &none, only: None });
        for sort in [Sort::Panel, Sort::Name, Sort::Added, Sort::Year, Sort::Rating, Sort::Rank] {
            let query = |limit| {
                let mut selection = Selection::of_words(Words::new("dune"), limit);
                selection.words = selection.words.filter(|_| with_words);
                selection.sorted(sort)
            };
            let whole = select(&searched, &query(1_000));
            prop_assert!(!whole.more);
            let expected = if with_words { items.iter().filter(|item| item.name() != "★").count() } else { items.len() };
            prop_assert_eq!(whole.hits.len(), expected, "{:?}", sort);
            let (mut pages, mut selection) = (Vec::new(), query(limit));
            loop {
                let page = select(&searched, &selection);
                prop_assert!(page.hits.len() <= limit as usize);
                pages.extend(page.hits);
                if !page.more {
                    break;
                }
                selection = selection.behind(pages.last().unwrap().cursor.clone());
            }
            prop_assert_eq!(&pages, &whole.hits, "{:?}", sort);
        }
    }
}
