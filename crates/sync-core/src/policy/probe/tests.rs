//! Tables of cases for probes.

use std::collections::BTreeSet;

use super::*;
use crate::detect::digest::{Digest, DigestScheme};
use crate::detect::index::ListingIndex;
use crate::model::{ContentId, ContentKind};
use crate::ports::source::{Completeness, Entry, ProbeAnswer};
use crate::run::options::PolicyChoice;
use crate::testing::ItemBuilder;

const NOW: i64 = 1_700_000_000;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
const LIST: u64 = 1_000_000;

fn index(ids: impl IntoIterator<Item = i64>) -> ListingIndex {
    ListingIndex::new(DigestScheme::FIELDS, ids.into_iter().map(|id| (ContentId(id), Digest(id.unsigned_abs() + 1))))
        .unwrap()
}

fn base() -> Base {
    Base {
        listed_at: NOW,
        watermark: NOW + 5,
        elements: 100,
        rows: 100,
        policy: PolicyChoice::Fingerprint,
        tail: None,
        quiet: 0,
    }
}

fn facts() -> ProbeFacts {
    ProbeFacts { base: Some(base()), ..ProbeFacts::default() }
}

fn items(ids: impl IntoIterator<Item = i64>) -> Vec<Entry> {
    ids.into_iter()
        .map(|id| Entry::Item(Box::new(ItemBuilder::of(ContentKind::Movies, id).listed()), Some(Digest(7))))
        .collect()
}

fn same(ids: impl IntoIterator<Item = i64>) -> Vec<Entry> {
    ids.into_iter().map(|id| Entry::Same(ContentId(id))).collect()
}

fn ended(entries: Vec<Entry>) -> ProbeAnswer {
    ProbeAnswer { entries, end: Some(Completeness::default()) }
}

fn cut(entries: Vec<Entry>) -> ProbeAnswer {
    ProbeAnswer { entries, end: None }
}

fn asked(way: ProbeWay, is_proved: bool, verdict: Verdict) -> Asked {
    Asked { question: Question { way, is_proved }, verdict, categories: Vec::new(), bytes: 500 }
}

fn questions(facts: &ProbeFacts, kind: ContentKind, now: i64) -> Vec<(ProbeWay, bool)> {
    facts.questions(kind, true, false, now).into_iter().map(|it| (it.way, it.is_proved)).collect()
}

/// Returns the news of a list compared with another one.
fn news(known: &ListingIndex, entries: &[Entry]) -> News {
    let mut news = News::default();
    news.batch(entries, known);
    news
}

fn listed<'a>(news: &'a News, asked: Option<&'a Asked>, look: Look, now: i64) -> Listed<'a> {
    Listed { now, watermark: now, rows: 100, policy: PolicyChoice::Fingerprint, is_sound: true, news, look, asked }
}

#[test]
fn a_look_asks_a_probe_only_if_the_list_is_young_and_is_what_the_store_has() {
    let at = Circumstances {
        now: NOW + HOUR,
        next_look: Some(NOW + 2 * HOUR),
        watermark: Some(NOW + 5),
        rows: 100,
        held: 0,
        listing_bytes: Some(LIST),
    };
    let quiet = ProbeFacts { base: Some(Base { quiet: 3, ..base() }), ..ProbeFacts::default() };
    for (facts, at, expected) in [
        (&facts(), at, Look::Probe),
        (&ProbeFacts::default(), at, Look::Whole),
        (&facts(), Circumstances { watermark: Some(NOW + 6), ..at }, Look::Whole),
        (&facts(), Circumstances { watermark: None, ..at }, Look::Whole),
        (&facts(), Circumstances { rows: 99, ..at }, Look::Whole),
        (&facts(), Circumstances { held: 1, ..at }, Look::Whole),
        (&facts(), Circumstances { listing_bytes: None, ..at }, Look::Whole),
        (&facts(), Circumstances { listing_bytes: Some(WORTH_BYTES - 1), ..at }, Look::Whole),
        (&facts(), Circumstances { now: NOW - 1, ..at }, Look::Whole),
        (&facts(), Circumstances { next_look: None, ..at }, Look::Whole),
        (&facts(), Circumstances { next_look: Some(NOW + DAY), ..at }, Look::Probe),
        (&facts(), Circumstances { next_look: Some(NOW + DAY + 1), ..at }, Look::Whole),
        (&quiet, Circumstances { next_look: Some(NOW + DAY + 1), ..at }, Look::Audit),
        (&quiet, Circumstances { next_look: None, ..at }, Look::Audit),
        (&quiet, Circumstances { held: 1, next_look: None, ..at }, Look::Whole),
    ] {
        assert_eq!(look(facts, &at), expected, "{at:?}");
    }
}

#[test]
fn growth_is_judged_by_the_last_element() {
    let index = index(1..=100);
    let (open, known) = (base(), Base { tail: Some(100), ..base() });
    let unreadable =
        ProbeAnswer { end: Some(Completeness { unreadable: 1, ..Completeness::default() }), ..ended(items([100])) };
    for (answer, base, is_proved, expected) in [
        (ended(items([100])), &open, false, Verdict::Nothing),
        (ended(items([100])), &known, true, Verdict::Nothing),
        // The panel cuts before it sorts, so the last one may be any.
        (ended(items([40])), &open, false, Verdict::Nothing),
        (ended(items([40])), &known, true, Verdict::Change),
        (ended(items([101])), &open, true, Verdict::Change),
        (ended(items([])), &open, true, Verdict::Change),
        (ended(items([100, 101])), &known, true, Verdict::Change),
        (ended(items(100..150)), &known, true, Verdict::Change),
        (ended(items(1..=50)), &open, false, Verdict::Ignored),
        (cut(items(1..=51)), &open, false, Verdict::Ignored),
        (cut(items(1..=51)), &known, true, Verdict::Ignored),
        (unreadable, &open, true, Verdict::Unclear),
    ] {
        let found = of_growth(&answer, base, &index, is_proved);
        assert_eq!(found.verdict, expected, "{answer:?}");
        assert_eq!(found.tail.is_some(), expected == Verdict::Nothing);
    }
}

#[test]
fn the_head_and_the_canaries_have_to_be_unchanged() {
    for (answer, expected) in [
        (cut(same(1..=201)), Verdict::Nothing),
        (cut([same(1..=200), items([201])].concat()), Verdict::Change),
        (ended(same(1..=200)), Verdict::Change),
    ] {
        assert_eq!(of_head(&answer), expected);
    }
    for (answer, expected) in [
        (ended(same(1..=10)), Verdict::Nothing),
        (ended(same(1..=6)), Verdict::Nothing),
        (ended(same(1..=4)), Verdict::Unclear),
        (ended(Vec::new()), Verdict::Unclear),
        (ended([same(1..=9), items([10])].concat()), Verdict::Change),
        (cut(same(1..=300)), Verdict::Ignored),
    ] {
        assert_eq!(of_category(&answer, 10), expected);
    }
    let known = index(1..=3);
    let item = |id, digest| Entry::Item(Box::new(ItemBuilder::of(ContentKind::Movies, id).listed()), digest);
    assert!(is_same(&item(2, Some(Digest(3))), &known) && is_same(&Entry::Same(ContentId(9)), &known));
    assert!(!is_same(&item(2, Some(Digest(4))), &known) && !is_same(&item(2, None), &known));
    assert!(!is_same(&item(9, Some(Digest(3))), &known) && !is_same(&Entry::Broken(ContentId(2)), &known));
}

#[test]
fn a_way_is_proved_used_and_dropped() {
    let mut facts = facts();
    facts.base.as_mut().unwrap().elements = 5000;
    let growth = ProbeWay::Growth;
    assert_eq!(questions(&facts, ContentKind::Movies, NOW), [(growth, false), (ProbeWay::Canary, false)]);
    assert_eq!(questions(&facts, ContentKind::Series, NOW), [(ProbeWay::Canary, false)], "series have no offset");
    facts.answered(&asked(growth, false, Verdict::Nothing), Look::Probe, LIST, NOW);
    assert_eq!(questions(&facts, ContentKind::Movies, NOW), [(growth, true)]);
    assert_eq!(facts.way(growth).ledger, Ledger { looks: 1, spent: 500, saved: LIST });
    assert_eq!(facts.base.as_ref().unwrap().quiet, 1);
    facts.answered(&asked(growth, true, Verdict::Ignored), Look::Probe, LIST, NOW);
    assert_eq!(facts.way(growth).standing(NOW + 30 * DAY - 1), Standing::Dropped(NOW));
    assert_eq!(facts.way(growth).standing(NOW + 30 * DAY), Standing::Unknown);
    assert_eq!(facts.way(growth).standing(NOW - 1), Standing::Unknown, "a clock that was set back");
    facts.answered(&asked(growth, false, Verdict::Ignored), Look::Probe, LIST, NOW + 30 * DAY);
    assert_eq!(facts.way(growth).standing(NOW + 89 * DAY), Standing::Dropped(NOW + 30 * DAY), "twice as long");
}

#[test]
fn a_way_that_costs_more_than_it_saves_is_dropped() {
    let mut facts = facts();
    let growth = ProbeWay::Growth;
    facts.answered(&asked(growth, false, Verdict::Nothing), Look::Probe, LIST, NOW);
    for look in 1..8 {
        assert_eq!(facts.way(growth).standing(NOW), Standing::Proved, "{look}");
        let verdict = if look < 4 { Verdict::Nothing } else { Verdict::Change };
        facts.answered(&asked(growth, true, verdict), Look::Probe, LIST, NOW);
    }
    assert_eq!(facts.way(growth).standing(NOW), Standing::Dropped(NOW), "four lists saved and four fetched");
    for _ in 0..5 {
        facts.answered(&asked(ProbeWay::Canary, false, Verdict::Change), Look::Probe, LIST, NOW);
    }
    assert_eq!(facts.way(ProbeWay::Canary).standing(NOW), Standing::Dropped(NOW), "attempts without a result");
}

#[test]
fn a_list_that_contradicts_a_probe_drops_it() {
    let known = index(1..=100);
    let grown = news(&known, &[same(1..=100), items([101])].concat());
    let as_before = news(&known, &same(1..=100));
    let growth = ProbeWay::Growth;
    let proved = || {
        let mut facts = facts();
        facts.answered(&asked(growth, false, Verdict::Nothing), Look::Probe, LIST, NOW);
        facts
    };
    let nothing = asked(growth, true, Verdict::Nothing);
    for (news, asked, look, dropped) in [
        (&grown, Some(&nothing), Look::Audit, true),
        (&as_before, Some(&nothing), Look::Audit, false),
        (&grown, Some(&asked(growth, true, Verdict::Change)), Look::Audit, false),
        (&grown, None, Look::Whole, false),
    ] {
        let mut facts = proved();
        facts.listed(&listed(news, asked, look, NOW + DAY));
        assert_eq!(facts.way(growth).standing(NOW + DAY) == Standing::Dropped(NOW + DAY), dropped, "{asked:?}");
    }
    let mut facts = proved();
    for list in 1..=8 {
        assert_eq!(facts.way(growth).standing(NOW), Standing::Proved, "{list}");
        facts.answered(&nothing, Look::Probe, LIST, NOW);
        facts.listed(&listed(&grown, None, Look::Whole, NOW));
    }
    assert_eq!(facts.way(growth).standing(NOW), Standing::Dropped(NOW), "other lists always find what no probe saw");
}

#[test]
fn the_order_of_a_panel_is_learnt_from_where_new_items_are() {
    let falling: Vec<i64> = (1..=1000).rev().collect();
    let known = index(falling.iter().copied());
    let list = |new: Vec<i64>, at: usize| {
        let mut entries = same(falling.iter().copied());
        let _ = entries.splice(at..at, items(new));
        news(&known, &entries)
    };
    let standing = |facts: &ProbeFacts| facts.way(ProbeWay::Head).standing(NOW);
    let mut facts = ProbeFacts { base: Some(Base { elements: 1000, ..base() }), ..ProbeFacts::default() };
    facts.listed(&listed(&list(vec![1002, 1001], 0), None, Look::Whole, NOW));
    assert_eq!(standing(&facts), Standing::Proved, "ids fall, and new ones are at the head");
    facts.listed(&listed(&list(vec![1003], 500), None, Look::Whole, NOW));
    assert_eq!(standing(&facts), Standing::Unknown, "not any more");

    let shuffled: Vec<i64> = (0..1000).map(|at| at * 617 % 1009 + 1).collect();
    let known = index(shuffled.iter().copied());
    let mut facts = ProbeFacts { base: Some(Base { elements: 1000, ..base() }), ..ProbeFacts::default() };
    for list in 1..=3 {
        assert_eq!(standing(&facts), Standing::Unknown, "{list}");
        let entries = [items([5000 + list]), same(shuffled.iter().copied())].concat();
        facts.listed(&listed(&news(&known, &entries), None, Look::Whole, NOW));
    }
    assert_eq!(standing(&facts), Standing::Proved, "three lists in a row");
    assert_eq!(questions(&facts, ContentKind::Series, NOW), [(ProbeWay::Head, true)]);
    let first = news(&index([]), &items(1..=10));
    let mut facts = ProbeFacts::default();
    facts.listed(&listed(&first, None, Look::Whole, NOW));
    assert_eq!((facts.at_head, facts.lists), (0, 0), "nothing is learnt from a first list");
}

#[test]
fn canaries_are_the_fewest_items_that_show_every_list() {
    let candidate = |category: &str, lists: u32, items| Candidate { category: category.to_owned(), lists, items };
    let all = 0b1111_1111_1111;
    let (small, large) = (candidate("small", all, 20), candidate("large", all, 900));
    let (left, right) = (candidate("left", 0b1111_1110_0000, 20), candidate("right", 0b0001_1111, 30));
    let most = candidate("most", all - 1, 1);
    for (candidates, lists, rows, expected) in [
        (vec![large.clone(), small.clone()], 12, 1000, vec!["small"]),
        (vec![left.clone(), right], 12, 1000, vec!["left", "right"]),
        (vec![left, most], 12, 1000, vec![]),
        (vec![large], 12, 1000, vec![]),
        (vec![small.clone()], 11, 1000, vec![]),
        (vec![small.clone()], 12, 200, vec![]),
        (vec![small], 13, 1000, vec![]),
        (Vec::new(), 12, 1000, vec![]),
    ] {
        assert_eq!(chosen(&candidates, lists, rows), expected);
    }
    let mut facts = facts();
    for list in 0..40 {
        let names: Vec<_> = (0..30).filter(|name| list % (name + 1) == 0).map(|name| format!("c{name:02}")).collect();
        facts.note_categories(&names);
    }
    assert_eq!((facts.lists, facts.categories["c00"]), (32, u32::MAX));
    assert!(facts.candidates().len() <= 24);
}

#[test]
fn facts_are_written_and_read_back() {
    let mut facts = ProbeFacts { base: Some(Base { tail: Some(-4), quiet: 2, ..base() }), ..ProbeFacts::default() };
    facts.answered(&asked(ProbeWay::Growth, false, Verdict::Nothing), Look::Probe, LIST, NOW);
    facts.answered(&asked(ProbeWay::Canary, false, Verdict::Ignored), Look::Probe, LIST, NOW);
    facts.note_categories(&BTreeSet::from(["7".to_owned(), "a b\"c".to_owned()]));
    facts.at_head = 2;
    let mut read = ProbeFacts::default();
    for (name, value) in facts.rows().iter().rev() {
        assert!(read.set(name, value), "{name}");
    }
    assert_eq!(read, facts);
    assert_eq!(ProbeFacts::default().rows(), []);
    for (name, value) in
        [("probe.base", "1 2 x"), ("probe.growth", "likely"), ("probe.at_head", "-1"), ("probe.category.7", "z")]
    {
        let mut facts = ProbeFacts::default();
        assert!(facts.set(name, value));
        assert_eq!(facts, ProbeFacts::default(), "{name}={value}");
    }
    assert!(!ProbeFacts::default().set("overloads", "2"));
}

#[test]
fn another_watermark_ends_the_base() {
    let mut facts = facts();
    facts.unmodified(Some(NOW + 5), NOW + 50);
    assert_eq!(facts.base.as_ref().map(|base| base.watermark), Some(NOW + 50));
    facts.unmodified(Some(NOW + 5), NOW + 60);
    assert_eq!(facts.base, None);
}
