//! Decisions about missing items, as tables.

use super::*;
use crate::removal::guard::Doubt::{CategoriesMissing, UnreadableIds};

const EMPTY_LISTING: HoldReason = HoldReason::Loss(Loss::EmptyListing);
const SHARE_LOST: HoldReason = HoldReason::Loss(Loss::ShareLost);
const CATEGORY_LOST: HoldReason = HoldReason::Loss(Loss::CategoryLost);
const RENUMBERED: HoldReason = HoldReason::Loss(Loss::Renumbered);
const SEVERAL_KINDS: HoldReason = HoldReason::Loss(Loss::SeveralKinds);

const NOW: i64 = 1_700_000_000;
const RUN: RunId = RunId(9);

fn at(stored: u64, missing: u64, held_before: &[HeldRemoval]) -> Circumstances<'_> {
    Circumstances {
        stored,
        listed: stored - missing,
        doubt: None,
        held_before,
        consent: false,
        others_shrank: false,
        thresholds: GuardThresholds::default(),
        retention: Retention::default(),
        listing: 10,
        now: NOW,
        panel_now: NOW - 77,
        run: RUN,
    }
}

fn missing(ids: std::ops::RangeInclusive<i64>) -> Vec<Missing> {
    ids.map(|id| Missing::new(ContentId(id))).collect()
}

fn held(id: i64, reason: impl Into<HoldReason>, evidence: Option<Evidence>) -> HeldRemoval {
    HeldRemoval { id: ContentId(id), reason: reason.into(), since: 5, run: RunId(1), evidence, successor: None }
}

fn held_all(
    ids: std::ops::RangeInclusive<i64>,
    reason: impl Into<HoldReason>,
    evidence: Option<Evidence>,
) -> Vec<HeldRemoval> {
    let reason = reason.into();
    ids.map(|id| held(id, reason, evidence)).collect()
}

const HERE: Evidence = Evidence { listing: 10, at: NOW, panel_at: NOW - 77 };

#[test]
fn a_plausible_loss_is_removed() {
    let decision = decide_removals(&at(1000, 300, &[]), missing(1..=300));
    assert_eq!((decision.removed.len(), decision.held.len(), decision.reason), (300, 0, None));
    assert!(!decision.shrank && !decision.evidence);
}

#[test]
fn an_implausible_loss_is_held_and_evidence_begins() {
    let decision = decide_removals(&at(1000, 301, &[]), missing(1..=301));
    let expected = HeldRemoval {
        id: ContentId(1),
        reason: SHARE_LOST,
        since: NOW,
        run: RUN,
        evidence: Some(HERE),
        successor: None,
    };
    assert_eq!((decision.removed.len(), decision.held.len(), decision.reason), (0, 301, Some(SHARE_LOST)));
    assert_eq!(decision.held[0], expected);
    assert!(decision.shrank && decision.evidence);
}

#[test]
fn a_second_kind_that_shrinks_waits_for_consent() {
    let circumstances = Circumstances { others_shrank: true, ..at(1000, 301, &[]) };
    let decision = decide_removals(&circumstances, missing(1..=301));
    assert_eq!(decision.reason, Some(SEVERAL_KINDS));
    assert!(decision.shrank && !decision.evidence);
    assert_eq!(decision.held[0].evidence, None);
    let decision = decide_removals(&Circumstances { others_shrank: true, ..at(1000, 30, &[]) }, missing(1..=30));
    assert_eq!(decision.removed.len(), 30, "a plausible loss is one whatever others do");
}

#[test]
fn every_doubt_holds_everything() {
    for doubt in Doubt::ALL {
        let decision = decide_removals(&Circumstances { doubt: Some(doubt), ..at(1000, 1, &[]) }, missing(1..=1));
        assert_eq!((decision.removed.len(), decision.held.len(), decision.reason), (0, 1, Some(doubt.into())));
        assert_eq!((decision.held[0].evidence, decision.shrank), (None, false));
    }
    // A listing without items is no proof either, however little there is to lose.
    let decision = decide_removals(&at(1, 1, &[]), missing(1..=1));
    assert_eq!((decision.removed.len(), decision.held.len(), decision.reason), (0, 1, Some(EMPTY_LISTING)));
    assert_eq!((decision.held[0].evidence, decision.shrank), (None, true));
}

/// A half list, then three quarters of it: by its thresholds alone, the guard would remove the last quarter.
#[test]
fn a_better_listing_releases_no_loss() {
    let before = held_all(1..=500, SHARE_LOST, Some(Evidence { listing: 9, ..HERE }));
    let decision = decide_removals(&at(1000, 250, &before), missing(1..=250));
    assert_eq!(decision.held, before[..250], "and nothing of the record moves");
    assert_eq!((decision.removed.len(), decision.reason, decision.shrank), (0, Some(SHARE_LOST), false));
    assert!(decision.evidence);
    // Newly missing items are judged together with the held ones.
    let decision = decide_removals(&at(1000, 260, &before[..250]), missing(1..=260));
    assert_eq!((decision.held.len(), decision.removed.len()), (250, 10), "together still plausible");
    let decision = decide_removals(&at(1000, 310, &before[..250]), missing(1..=310));
    assert_eq!((decision.held.len(), decision.removed.len()), (310, 0), "together no longer");
}

#[test]
fn a_sound_listing_ends_a_doubt() {
    let before = held_all(1..=9, UnreadableIds, None);
    let decision = decide_removals(&at(1000, 9, &before), missing(1..=9));
    assert_eq!((decision.removed.len(), decision.held.len()), (9, 0));
    let decision = decide_removals(&at(20, 9, &held_all(1..=9, UnreadableIds, None)), missing(1..=9));
    assert_eq!(decision.removed.len(), 9);
    let strict = GuardThresholds { floor_rows: 0, ..GuardThresholds::default() };
    let decision = decide_removals(&Circumstances { thresholds: strict, ..at(20, 9, &before) }, missing(1..=9));
    assert_eq!((decision.held.len(), decision.reason), (9, Some(SHARE_LOST)), "judged as if it were new");
    assert_eq!(decision.held[0].since, 5, "and still held since then");
}

#[test]
fn an_empty_listing_turns_into_a_loss_when_something_is_listed_again() {
    let before = held_all(1..=100, EMPTY_LISTING, None);
    let decision = decide_removals(&at(100, 100, &before), missing(1..=100));
    assert_eq!((decision.held, decision.shrank), (before.clone(), false), "the same again writes nothing");
    let decision = decide_removals(&at(100, 3, &before), missing(1..=3));
    assert_eq!(decision.held[0], HeldRemoval { reason: SHARE_LOST, evidence: Some(HERE), ..before[0].clone() });
    assert_eq!(decision.removed, []);
}

#[test]
fn evidence_is_three_listings_over_seven_days_by_both_clocks() {
    const WEEK: i64 = 7 * 86_400;
    let released = |listing: u64, days: i64, panel_days: i64, reason| {
        let evidence = Evidence { listing, at: NOW - days * 86_400, panel_at: NOW - 77 - panel_days * 86_400 };
        let before = held_all(1..=400, reason, Some(evidence));
        decide_removals(&at(1000, 400, &before), missing(1..=400)).removed.len() == 400
    };
    assert!(released(8, 7, 7, SHARE_LOST));
    assert!(released(1, 700, 700, CATEGORY_LOST) && released(8, 7, 7, RENUMBERED));
    assert!(!released(9, 7, 7, SHARE_LOST), "two listings");
    assert!(!released(8, 6, 7, SHARE_LOST), "our clock");
    assert!(!released(8, 700, 6, SHARE_LOST), "the panel's clock, when ours has jumped");
    assert!(!released(8, -9, 7, SHARE_LOST), "a clock set back");
    assert!(!released(1, 700, 700, SEVERAL_KINDS), "by consent only");
    // A doubtful listing doesn't release anything either.
    let old = Evidence { listing: 1, at: NOW - 9 * WEEK, panel_at: NOW - 9 * WEEK };
    let before = held_all(1..=400, SHARE_LOST, Some(old));
    let doubtful = Circumstances { doubt: Some(UnreadableIds), ..at(1000, 400, &before) };
    let empty = Circumstances { listed: 0, ..at(1000, 400, &before) };
    for (at, reason) in [(doubtful, UnreadableIds.into()), (empty, EMPTY_LISTING)] {
        let decision = decide_removals(&at, missing(1..=400));
        assert_eq!((decision.removed.len(), decision.held, decision.reason), (0, before.clone(), Some(reason)));
    }
    // Both numbers are settings.
    let retention = Retention { release_listings: 1, release_days: 0, ..Retention::default() };
    let begun = held_all(1..=400, SHARE_LOST, Some(HERE));
    let decision = decide_removals(&Circumstances { retention, ..at(1000, 400, &begun) }, missing(1..=400));
    assert_eq!(decision.removed.len(), 400);
}

/// An outage that also breaks something else: the better listing after it is no proof either.
#[test]
fn a_doubt_hides_no_implausible_loss() {
    for doubt in [CategoriesMissing, UnreadableIds] {
        let bad = Circumstances { doubt: Some(doubt), ..at(1000, 500, &[]) };
        let decision = decide_removals(&bad, missing(1..=500));
        assert_eq!((decision.reason, decision.shrank, decision.evidence), (Some(doubt.into()), true, false));
        assert!(decision.held.iter().all(|held| held.reason == SHARE_LOST && held.evidence.is_none()));
        let decision = decide_removals(&at(1000, 250, &decision.held), missing(1..=250));
        assert_eq!((decision.removed.len(), decision.held.len()), (0, 250));
        let empty = Circumstances { doubt: Some(doubt), listed: 0, ..at(9, 9, &[]) };
        assert!(decide_removals(&empty, missing(1..=9)).held.iter().all(|held| held.reason == EMPTY_LISTING));
    }
}

/// If a doubt becomes a loss, the item counts as missing since the run in which it does.
#[test]
fn a_doubt_that_becomes_a_loss_is_of_this_run() {
    let before = held_all(1..=9, UnreadableIds, None);
    let strict = GuardThresholds { floor_rows: 0, ..GuardThresholds::default() };
    let decision = decide_removals(&Circumstances { thresholds: strict, ..at(20, 9, &before) }, missing(1..=9));
    assert_eq!((decision.held[0].reason, decision.held[0].run, decision.held[0].since), (SHARE_LOST, RUN, 5));
    let still = Circumstances { doubt: Some(CategoriesMissing), ..at(1000, 9, &before) };
    assert_eq!(decide_removals(&still, missing(1..=9)).held[0].run, RunId(1));
}

#[test]
fn evidence_from_the_future_begins_again() {
    let future =
        [Evidence { listing: 21, ..HERE }, Evidence { at: NOW + 1, ..HERE }, Evidence { panel_at: NOW, ..HERE }];
    for evidence in future {
        let before = held_all(1..=400, SHARE_LOST, Some(evidence));
        let decision = decide_removals(&at(1000, 400, &before), missing(1..=400));
        assert_eq!((decision.held.len(), decision.held[0].evidence), (400, Some(HERE)), "{evidence:?}");
    }
}

#[test]
fn evidence_of_this_moment_stays() {
    let early = Evidence { listing: 9, at: NOW - 1, panel_at: NOW - 78 };
    for evidence in
        [Evidence { listing: 10, ..early }, Evidence { at: NOW, ..early }, Evidence { panel_at: NOW - 77, ..early }]
    {
        let before = held_all(1..=400, SHARE_LOST, Some(evidence));
        assert_eq!(decide_removals(&at(1000, 400, &before), missing(1..=400)).held[0].evidence, Some(evidence));
    }
}

/// Nobody could agree to these removals when they were recorded, so nobody can agree later.
#[test]
fn consent_doesnt_cover_unanswered_categories() {
    let before = held_all(1..=20, CategoriesMissing, None);
    let decision = decide_removals(&Circumstances { consent: true, ..at(1000, 20, &before) }, missing(1..=20));
    assert_eq!(decision.removed.len(), 20, "the guard lets them go");
    let before = held_all(1..=400, CategoriesMissing, None);
    let decision = decide_removals(&Circumstances { consent: true, ..at(1000, 400, &before) }, missing(1..=400));
    assert_eq!((decision.removed.len(), decision.held[0].reason), (0, SHARE_LOST));
}

#[test]
fn consent_covers_recorded_removals_and_the_guard_judges_the_rest() {
    let before = held_all(1..=600, SEVERAL_KINDS, None);
    let decision = decide_removals(&Circumstances { consent: true, ..at(1000, 610, &before) }, missing(1..=610));
    assert_eq!((decision.removed.len(), decision.held.len()), (610, 0));
    let decision = decide_removals(&Circumstances { consent: true, ..at(1000, 800, &before) }, missing(1..=800));
    assert_eq!((decision.removed.len(), decision.held.len()), (600, 200), "200 of the 400 left are implausible");
    // Nobody can agree to a removal if the panel did not answer for the category.
    let unanswered = Circumstances { consent: true, doubt: Some(CategoriesMissing), ..at(1000, 600, &before) };
    assert_eq!(decide_removals(&unanswered, missing(1..=600)).held, before);
    let empty = held_all(1..=90, EMPTY_LISTING, None);
    let agreed = Circumstances { consent: true, ..at(90, 90, &empty) };
    assert_eq!(decide_removals(&agreed, missing(1..=90)).removed.len(), 90);
}

#[test]
fn a_lost_category_is_held_and_the_rest_is_removed() {
    let mut gone = missing(1..=25);
    gone.iter_mut().take(20).for_each(|item| item.category_lost = true);
    let decision = decide_removals(&at(1000, 25, &[]), gone);
    assert_eq!((decision.removed.len(), decision.held.len(), decision.reason), (5, 20, Some(CATEGORY_LOST)));
    assert!(decision.evidence && !decision.shrank);
}

#[test]
fn a_renumbering_has_its_own_reason() {
    let moved = |of: usize, all: i64| {
        let mut gone = missing(1..=all);
        gone.iter_mut().take(of).for_each(|item| item.successor = Some(ContentId(item.id.0 + 5000)));
        gone
    };
    let decision = decide_removals(&Circumstances { others_shrank: true, ..at(1000, 400, &[]) }, moved(201, 400));
    assert_eq!((decision.reason, decision.shrank), (Some(RENUMBERED), false));
    assert_eq!(decision.held[0].successor, Some(ContentId(5001)));
    assert_eq!(decide_removals(&at(1000, 400, &[]), moved(200, 400)).reason, Some(SHARE_LOST), "half is not most");
    // If the guard lets the items go, their new ids are kept.
    let decision = decide_removals(&at(1000, 40, &[]), moved(40, 40));
    assert_eq!((decision.removed.len(), decision.successors[39]), (40, (ContentId(40), ContentId(5040))));
    // The same is true of items that are released later, when no id is new any more.
    let before: Vec<_> = (1..=400)
        .map(|id| HeldRemoval { successor: Some(ContentId(id + 5000)), ..held(id, RENUMBERED, Some(HERE)) })
        .collect();
    let decision = decide_removals(&Circumstances { consent: true, ..at(1000, 400, &before) }, missing(1..=400));
    assert_eq!(decision.successors.len(), 400);
}

#[test]
fn an_item_that_the_listing_doesnt_cover_is_not_missing() {
    let mut gone = missing(1..=4);
    for item in &mut gone {
        item.covered = item.id.0 > 2;
    }
    let before = [held(2, SHARE_LOST, Some(HERE))];
    let decision = decide_removals(&at(1000, 4, &before), gone);
    assert_eq!((decision.not_covered, decision.removed), (vec![ContentId(1)], vec![ContentId(3), ContentId(4)]));
    assert_eq!(decision.held, [held(2, SHARE_LOST, None)], "its evidence begins anew");
    // A person can agree all the same, unless the item may be in a category that did not answer.
    for (unanswered, removed) in [(false, 1), (true, 0)] {
        let item = Missing { covered: false, unanswered, ..missing(2..=2)[0] };
        let decision = decide_removals(&Circumstances { consent: true, ..at(1000, 1, &before) }, vec![item]);
        assert_eq!(decision.removed.len(), removed, "{unanswered}");
    }
}

#[test]
fn field_32_a_category_that_was_dropped_no_longer_holds_its_items() {
    let before = held_all(1..=20, CATEGORY_LOST, Some(HERE));
    let dropped =
        |ids| -> Vec<_> { missing(ids).into_iter().map(|item| Missing { category_dropped: true, ..item }).collect() };
    let decision = decide_removals(&at(1000, 20, &before), dropped(1..=20));
    assert_eq!((decision.removed.len(), decision.held.len()), (20, 0));
    // Share and floor still hold them, and so does any objection to the listing.
    let many = held_all(1..=301, CATEGORY_LOST, Some(HERE));
    let decision = decide_removals(&at(1000, 301, &many), dropped(1..=301));
    assert_eq!((decision.removed.len(), decision.held.len(), decision.reason), (0, 301, Some(SHARE_LOST)));
    let doubtful = Circumstances { doubt: Some(UnreadableIds), ..at(1000, 20, &before) };
    assert_eq!(decide_removals(&doubtful, dropped(1..=20)).held, before);
    // Another category of the item is lost. Other losses have nothing to do with categories.
    let lost = dropped(1..=20).into_iter().map(|item| Missing { category_lost: true, ..item }).collect();
    assert_eq!(decide_removals(&at(1000, 20, &before), lost).held, before);
    for reason in [SHARE_LOST, RENUMBERED, SEVERAL_KINDS, EMPTY_LISTING] {
        let before = held_all(1..=20, reason, None);
        assert_eq!(decide_removals(&at(1000, 20, &before), dropped(1..=20)).held.len(), 20, "{reason:?}");
    }
}

#[test]
fn removals_of_several_kinds_in_one_run_get_a_new_reason() {
    let lost = |ids, reason| RemovalDecision {
        held: held_all(ids, reason, Some(HERE)),
        shrank: true,
        ..RemovalDecision::default()
    };
    let mut channels = lost(1..=3, SHARE_LOST);
    channels.held[1].reason = UnreadableIds.into();
    channels.held[2].run = RunId(2);
    let channels = channels.shrunk(RunId(1)).unwrap();
    assert_eq!(channels, [held(1, SHARE_LOST, Some(HERE))], "what this run was the first to miss");
    assert_eq!(RemovalDecision { held: channels.clone(), ..RemovalDecision::default() }.shrunk(RunId(1)), None);
    let series = lost(7..=7, EMPTY_LISTING).shrunk(RunId(1)).unwrap();
    // The last kind has recorded this already.
    let movies = lost(5..=5, SEVERAL_KINDS).shrunk(RunId(1)).unwrap();
    assert_eq!(movies, []);
    let (channels, movies, series) =
        ((ContentKind::Channels, channels), (ContentKind::Movies, movies), (ContentKind::Series, series));
    assert_eq!(lost_together(std::slice::from_ref(&channels)), []);
    assert_eq!(
        lost_together(&[series, channels, movies]),
        [(ContentKind::Channels, held(1, SEVERAL_KINDS, None)), (ContentKind::Series, held(7, SEVERAL_KINDS, None)),]
    );
}

#[test]
fn removals_of_several_kinds_wait_for_consent() {
    let held = |reason, run| HeldRemoval { run: RunId(run), ..held(1, reason, None) };
    let together = HashSet::from([RunId(3)]);
    let cases = [
        (SHARE_LOST, 3, SEVERAL_KINDS),
        (SHARE_LOST, 4, SHARE_LOST),
        (CategoriesMissing.into(), 3, CategoriesMissing.into()),
    ];
    for (reason, run, then) in cases {
        assert_eq!(consent_only(&held(reason, run), &together), held(then, run));
    }
}
