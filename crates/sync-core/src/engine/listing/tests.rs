//! The result of several answers, and the categories of their items.

use super::*;
use crate::model::ContentId;
use crate::testing::{ItemBuilder, movie};

fn entry(item: ItemBuilder) -> Entry {
    Entry::Item(Box::new(item.listed()), None)
}

#[test]
fn an_item_belongs_to_the_categories_of_both_keys() {
    let nameless = || movie(9).without("category_id").in_categories(&[]);
    let cases = [
        (movie(1), (1, 0)),
        (movie(1).with("category_id", "2").in_categories(&["2", "1"]), (1, 0)),
        (movie(1).in_categories(&["2"]), (1, 0)),
        (movie(1).with("category_id", "2").in_categories(&["2"]), (0, 1)),
        (movie(1).without("category_id").in_categories(&["2"]), (0, 1)),
        (movie(1).with("category_id", "2").in_categories(&[]), (0, 1)),
        (nameless(), (0, 0)),
    ];
    let asked = CategoryId("1".to_owned());
    for (item, counted) in cases {
        let mut belonging = CategoryMatch::default();
        belonging.count(&[entry(item.clone()), Entry::Same(ContentId(5)), entry(item.clone())], &asked);
        assert_eq!((belonging.own, belonging.foreign), (counted.0 * 2, counted.1 * 2), "{item:?}");
    }
}

#[test]
fn a_defect_of_one_answer_is_a_defect_of_both() {
    let sound = Completeness { started_at: Some(7), ..Completeness::default() };
    let flawed = |unreadable, digest| Completeness {
        unreadable,
        unreadable_digest: digest,
        unreadable_at: None,
        trailing_bytes: true,
        trailing_digest: digest,
        started_at: Some(8),
        wire_bytes: None,
    };
    assert_eq!(merge_completeness(sound, Completeness::default()), sound);
    assert_eq!(
        merge_completeness(sound, flawed(2, Some(5))),
        Completeness { started_at: Some(7), ..flawed(2, Some(5)) }
    );
    assert_eq!(merge_completeness(flawed(2, Some(5)), sound), flawed(2, Some(5)));
    assert_eq!(merge_completeness(flawed(2, Some(5)), flawed(3, Some(6))), flawed(5, Some(11)));
    assert_eq!(
        merge_completeness(flawed(2, Some(5)), flawed(3, None)),
        flawed(5, None),
        "what can't be told never becomes known"
    );
}
