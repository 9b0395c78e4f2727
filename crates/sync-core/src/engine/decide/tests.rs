//! Decisions about a kind, as tables.

use std::ops::RangeInclusive;

use super::*;
use crate::detect::diff::Differ;
use crate::detect::digest::Digest;
use crate::detect::merge::Change;
use crate::detect::seen_items::Identity;
use crate::detect::volatile::Standing;
use crate::engine::planned::Planned;
use crate::model::ContentKind;
use crate::policy::auto::stamps::StampTally;
use crate::ports::source::{Completeness, Entry};
use crate::ports::store::StoredIndex;
use crate::removal::guard::{Doubt, HoldReason, Loss};
use crate::removal::held::Evidence;
use crate::run::options::ChangePolicy;
use crate::run::record::RunId;
use crate::testing::{category, movie, staged};

const NOW: i64 = 1_700_000_000;
const ASKED_AT: i64 = NOW - 77;
const SCHEME: DigestScheme = DigestScheme(9);
const MOVIES: ContentKind = ContentKind::Movies;
const GRANT: Grant = Grant { run: RunId(9), fence: 4 };
const SHARE_LOST: HoldReason = HoldReason::Loss(Loss::ShareLost);

/// The values that are the same in most cases.
struct Bench {
    options: SyncOptions,
    record: KindRecord,
    facts: KindFacts,
    fields_before: FieldFacts,
    others_shrank: bool,
    account_expired: bool,
    believes_validators: bool,
}

impl Bench {
    fn new() -> Self {
        Self {
            options: SyncOptions::default(),
            record: KindRecord { requests: 3, ..KindRecord::skipped(MOVIES, SyncMode::Full) },
            facts: KindFacts::default(),
            fields_before: FieldFacts::default(),
            others_shrank: false,
            account_expired: false,
            believes_validators: true,
        }
    }

    /// Returns a bench for which the loss of more than one category may be implausible.
    fn strict() -> Self {
        let mut bench = Self::new();
        bench.options.guard.floor_rows = 0;
        bench
    }

    fn at(&self) -> Setting<'_> {
        Setting {
            options: &self.options,
            grant: GRANT,
            record: &self.record,
            facts: &self.facts,
            fields_before: &self.fields_before,
            others_shrank: self.others_shrank,
            account_expired: self.account_expired,
            scheme: SCHEME,
            believes_validators: self.believes_validators,
            now: NOW,
        }
    }

    /// Decides with these answered categories.
    fn decide(&self, categories: Option<&[&str]>, listing: ListingReceived, known: &Known) -> Decided {
        decide(Received { categories: categories.map(named), listing }, known, &self.at())
    }

    fn decide_listing(&self, arrived: Arrived, known: &Known) -> Decided {
        self.decide(Some(&["1"]), compared(arrived), known)
    }
}

fn named(categories: &[&str]) -> Vec<Category> {
    categories.iter().map(|id| category(id)).collect()
}

fn compared(arrived: Arrived) -> ListingReceived {
    ListingReceived::Compared(Box::new(arrived))
}

fn digest(id: i64) -> Digest {
    Digest(id.unsigned_abs() + 100)
}

/// Returns a sound listing over the movies 1 to `stored`: unchanged ones, and new ones.
fn arrived(stored: i64, same: impl IntoIterator<Item = i64>, new: &[i64]) -> Arrived {
    let index = ListingIndex::new(SCHEME, (1..=stored).map(|id| (ContentId(id), digest(id)))).unwrap();
    let stored = StoredIndex { index: Arc::new(index), applied_before: true, consistent: true };
    let mut differ = Differ::new(MOVIES, Arc::clone(&stored.index), SCHEME, ChangePolicy::Fingerprint, true);
    let same = same.into_iter().map(|id| Entry::Same(ContentId(id)));
    let new = new.iter().map(|id| Entry::Item(Box::new(movie(*id).listed()), Some(digest(*id))));
    let mut batch: Vec<_> = same.chain(new).collect();
    differ.prepare(&mut batch);
    differ.resolve(batch, Vec::new(), Vec::new()).unwrap();
    let compared = Compared {
        differ,
        end: Completeness::default(),
        validator: Some(Validator("v2".to_owned())),
        asked_at: ASKED_AT,
        by_category: None,
        news: None,
        planned: None,
        stamps: StampTally::new(ASKED_AT, None, 0),
    };
    Arrived { stored, compared, doubt: None }
}

fn held(ids: RangeInclusive<i64>, reason: HoldReason, evidence: Option<Evidence>) -> Vec<HeldRemoval> {
    let held = |id| HeldRemoval { id: ContentId(id), reason, since: 5, run: RunId(1), evidence, successor: None };
    ids.map(held).collect()
}

/// Returns the values of a store, with the rows of these movies, which are all in category 1.
fn known(missing: impl IntoIterator<Item = i64>) -> Known {
    let row = |id| MissingRow { id: ContentId(id), identity: Identity::of(&movie(id).item()), categories: vec![0] };
    let items: Vec<_> = missing.into_iter().map(row).collect();
    let (sizes, names) =
        (vec![items.len() as u64], items.iter().map(|row| (row.id, format!("Movie {}", row.id))).collect());
    let rows = MissingRows { items, categories: vec!["1".to_owned()], sizes, names };
    Known { rows, categories: vec![category("1")], sizes: HashMap::from([("1".to_owned(), 1000)]), ..Known::default() }
}

fn ids(ids: RangeInclusive<i64>) -> Vec<ContentId> {
    ids.map(ContentId).collect()
}

#[test]
fn an_unchanged_listing_writes_only_the_record_and_the_watermark() {
    let mut bench = Bench::new();
    bench.options.retention.tombstone_days = 7;
    let decided = bench.decide_listing(arrived(10, 1..=10, &[]), &known([]));
    let commit = decided.commit;
    assert_eq!((commit.run, commit.fence, commit.applied_at, commit.watermark), (RunId(9), 4, NOW, ASKED_AT));
    assert_eq!(commit.tombstone_days, 7, "the setting of the profile");
    assert_eq!((commit.record.outcome, commit.record.requests), (KindOutcome::Unchanged, 3));
    assert_eq!(commit.record.counts, Counts { unchanged: 10, ..Counts::default() });
    assert!(commit.categories.is_none() && commit.index.is_none() && commit.held.is_none() && commit.fields.is_none());
    assert!(commit.removals.is_empty() && !commit.first_load && !decided.evidence && decided.shrunk.is_none());
    assert!(decided.warnings.is_empty() && decided.plan.is_none());
}

#[test]
fn a_store_without_an_index_that_it_trusts_gets_one() {
    for (applied_before, consistent) in [(true, false), (false, true), (true, true)] {
        let mut arrived = arrived(10, 1..=10, &[]);
        (arrived.stored.applied_before, arrived.stored.consistent) = (applied_before, consistent);
        let commit = Bench::new().decide_listing(arrived, &known([])).commit;
        assert_eq!(commit.index.is_some(), !(applied_before && consistent));
        assert_eq!(commit.first_load, !applied_before);
    }
}

#[test]
fn facts_of_which_rows_depend_are_written_with_the_rows() {
    let compared = || FieldFacts::default().with(MOVIES, "rating", Standing::Compared { met: 1 });
    let mut bench = Bench::new();
    bench.facts.fields = compared();
    let fields = |bench: &Bench| bench.decide_listing(arrived(10, 1..=10, &[]), &known([])).commit.fields;
    assert_eq!(fields(&bench), None, "the rows don't depend on it");
    bench.fields_before = FieldFacts::default().with(MOVIES, "year", Standing::Compared { met: 1 });
    assert_eq!(fields(&bench), Some(compared()));
}

#[test]
fn the_moves_are_those_from_a_trusted_order() {
    let one = || Moves::Some(vec![ContentId(1)]);
    for (applied_before, consistent, moves) in
        [(true, true, one()), (false, true, one()), (true, false, Moves::Whole), (false, false, Moves::None)]
    {
        let mut moved = arrived(10, (2..=10).chain([1]), &[]);
        (moved.stored.applied_before, moved.stored.consistent) = (applied_before, consistent);
        assert_eq!(Bench::new().decide_listing(moved, &known([])).commit.moves, moves, "{applied_before} {consistent}");
        let mut same = arrived(10, 1..=10, &[]);
        (same.stored.applied_before, same.stored.consistent) = (applied_before, consistent);
        assert_eq!(Bench::new().decide_listing(same, &known([])).commit.moves, Moves::None);
    }
}

#[test]
fn the_panels_clock_dates_the_listing() {
    let mut arrived = arrived(10, 1..=10, &[]);
    arrived.compared.end.started_at = Some(NOW - 900);
    assert_eq!(Bench::new().decide_listing(arrived, &known([])).commit.watermark, NOW - 900);
}

#[test]
fn a_plausible_loss_is_removed_and_an_implausible_one_is_held() {
    for (missing, is_held) in [(300, false), (301, true)] {
        let decided = Bench::new().decide_listing(arrived(1000, missing + 1..=1000, &[2000]), &known(1..=missing));
        let commit = decided.commit;
        let counts = commit.record.counts;
        let count = missing.unsigned_abs();
        assert_eq!((counts.added, counts.unchanged), (1, 1000 - count));
        let index = commit.index.unwrap();
        if is_held {
            assert_eq!((counts.removed, counts.held, commit.record.outcome), (0, count, KindOutcome::Held));
            assert_eq!(commit.record.hold_reason, Some(SHARE_LOST));
            assert_eq!((commit.removals, index.len()), (Vec::new(), 1001));
            let evidence = Evidence { listing: 1, at: NOW, panel_at: ASKED_AT };
            let held: Vec<_> = held(1..=missing, SHARE_LOST, Some(evidence))
                .into_iter()
                .map(|held| HeldRemoval { since: NOW, run: RunId(9), ..held })
                .collect();
            assert_eq!(decided.shrunk.as_ref(), Some(&held));
            assert_eq!((commit.held, decided.evidence), (Some(held), true));
        } else {
            assert_eq!((counts.removed, counts.held, commit.record.outcome), (count, 0, KindOutcome::Completed));
            assert_eq!((commit.record.hold_reason, commit.held), (None, None));
            assert_eq!((commit.removals, index.len()), (ids(1..=missing), 701));
            assert!(decided.shrunk.is_none() && !decided.evidence);
        }
    }
}

#[test]
fn a_doubt_removes_nothing() {
    for doubt in Doubt::ALL {
        let doubtful = Arrived { doubt: Some(doubt), ..arrived(10, 2..=10, &[]) };
        let decided = Bench::new().decide_listing(doubtful, &known(1..=1));
        let record = decided.commit.record;
        assert_eq!((record.counts.held, record.hold_reason), (1, Some(doubt.into())));
        assert!(decided.commit.removals.is_empty() && decided.shrunk.is_none() && !decided.evidence);
        assert_eq!(decided.commit.validator, ValidatorChange::Forget);
    }
    let decided = Bench::new().decide_listing(arrived(10, [], &[]), &known(1..=10));
    assert_eq!(decided.commit.record.hold_reason, Some(HoldReason::Loss(Loss::EmptyListing)));
    assert_eq!(decided.shrunk.map(|held| held.len()), Some(10));
}

#[test]
fn unchanged_held_removals_are_not_written_again() {
    let evidence = Some(Evidence { listing: 1, at: NOW - 5, panel_at: NOW - 99 });
    let before = held(1..=400, SHARE_LOST, evidence);
    let known = Known { held: before.clone(), ..known(1..=400) };
    let decided = Bench::new().decide_listing(arrived(1000, 401..=1000, &[]), &known);
    assert_eq!((decided.commit.held, decided.commit.record.counts.held), (None, 400));
    assert!(decided.evidence && decided.shrunk.is_none());
    // An item that comes back is no longer held.
    let known = Known { held: before.clone(), ..self::known(2..=400) };
    let decided = Bench::new().decide_listing(arrived(1000, (1..=1).chain(401..=1000), &[]), &known);
    assert_eq!(decided.commit.held.unwrap(), before[1..]);
}

#[test]
fn consent_and_evidence_release_held_removals() {
    const WEEK: i64 = 7 * 86_400;
    let evidence = Some(Evidence { listing: 1, at: NOW - WEEK, panel_at: ASKED_AT - WEEK });
    let mut bench = Bench::new();
    let removed = |bench: &Bench, evidence, together: &[i64]| {
        let together = together.iter().map(|run| RunId(*run)).collect();
        let known = Known { held: held(1..=400, SHARE_LOST, evidence), together, ..known(1..=400) };
        bench.decide_listing(arrived(1000, 401..=1000, &[]), &known).commit.removals.len()
    };
    assert_eq!(removed(&bench, evidence, &[]), 0, "one listing");
    bench.facts.sound_listings = 2;
    assert_eq!(removed(&bench, evidence, &[]), 400);
    assert_eq!(removed(&bench, evidence, &[7]), 400, "another run");
    assert_eq!(removed(&bench, evidence, &[1]), 0, "lost with another kind: by consent only");
    bench.options.accept_removals = true;
    assert_eq!(removed(&bench, evidence, &[1]), 400);
}

#[test]
fn a_second_kind_that_shrinks_is_held_for_that_reason() {
    let bench = Bench { others_shrank: true, ..Bench::new() };
    let decided = bench.decide_listing(arrived(1000, 401..=1000, &[]), &known(1..=400));
    assert_eq!(decided.commit.record.hold_reason, Some(HoldReason::Loss(Loss::SeveralKinds)));
    assert_eq!(decided.shrunk, Some(Vec::new()), "it shrank, and has nothing to be told anew");
}

#[test]
fn a_category_that_had_many_items_is_lost_unless_the_panel_dropped_it() {
    for (answered, size, lost, removed) in [(&["1", "2"][..], 20, 20, 0), (&["1", "2"], 21, 0, 20), (&["2"], 20, 0, 20)]
    {
        let known = Known {
            categories: vec![category("1"), category("2")],
            sizes: HashMap::from([("1".to_owned(), size)]),
            ..known(1..=20)
        };
        let commit = Bench::new().decide(Some(answered), compared(arrived(1000, 21..=1000, &[])), &known).commit;
        assert_eq!((commit.record.counts.held, commit.removals.len()), (lost, removed), "{answered:?}");
        let reason = HoldReason::Loss(Loss::CategoryLost);
        assert_eq!(commit.record.hold_reason, (lost > 0).then_some(reason));
        assert_eq!(commit.categories.is_some(), answered.len() == 1);
    }
}

#[test]
fn items_under_new_ids_are_reported() {
    let mut arrived = arrived(100, 11..=100, &[]);
    let new = |id: i64| {
        let item = movie(1000 + id).name(&format!("Movie {id}"));
        Entry::Item(Box::new(item.listed()), Some(digest(1000 + id)))
    };
    arrived.compared.differ.resolve((1..=10).map(new).collect(), Vec::new(), Vec::new()).unwrap();
    let decided = Bench::new().decide_listing(arrived, &known(1..=10));
    let told = "movies: 10 of the removed items came back under other ids".to_owned();
    assert_eq!(decided.warnings, [told.into()]);
    assert_eq!(decided.commit.successors[9], (ContentId(10), ContentId(1010)));
}

#[test]
fn by_category_only_covered_items_are_missing() {
    for (covered, unanswered, removed) in [("1", "2", 1), ("2", "1", 0)] {
        let mut arrived = arrived(10, 2..=10, &[]);
        let [covered, unanswered] = [covered, unanswered].map(|id| [id].into_iter().collect());
        arrived.compared.by_category = Some(ByCategory { covered, unanswered, error: None });
        let commit = Bench::new().decide_listing(arrived, &known(1..=1)).commit;
        assert_eq!((commit.record.counts.removed, commit.record.counts.held), (removed, 0));
        assert_eq!(commit.record.counts.unchanged, 10 - removed);
        assert_eq!(commit.validator, ValidatorChange::Forget, "it is that of a part");
    }
}

#[test]
fn only_a_sound_listing_has_a_validator() {
    let kept = |bench: &Bench, arrived| {
        matches!(bench.decide_listing(arrived, &known(1..=1)).commit.validator, ValidatorChange::Set(_))
    };
    let sound = || arrived(10, 1..=10, &[]);
    let commit = Bench::new().decide_listing(sound(), &known([])).commit;
    let expected = KeptValidator {
        validator: Validator("v2".to_owned()),
        scheme: SCHEME,
        policy: SyncOptions::default().policy,
        listed_at: NOW,
        rows: 10,
    };
    assert_eq!(commit.validator, ValidatorChange::Set(expected));
    assert!(kept(&Bench::new(), arrived(10, 2..=10, &[])), "what is missing is gone");
    assert!(!kept(&Bench { believes_validators: false, ..Bench::new() }, sound()));
    let mut cases = [sound(), sound(), sound()];
    cases[0].compared.end.unreadable = 1;
    cases[1].compared.end.trailing_bytes = true;
    cases[2].compared.validator = None;
    for open in cases {
        assert!(!kept(&Bench::new(), open));
    }
}

/// The categories after a sync that leaves some out. Some are put back.
#[test]
fn categories_that_vanish_implausibly_stay() {
    const STORED: [&str; 4] = ["1", "2", "3", "4"];
    let after = |bench: &Bench, answered: Option<&[&str]>, sizes: &[(&str, u64)], left: i64| {
        let sizes = sizes.iter().map(|(id, size)| ((*id).to_owned(), *size)).collect();
        let known = Known { categories: named(&STORED), sizes, ..known([]) };
        let decided = bench.decide(answered, compared(arrived(left, 1..=left, &[])), &known);
        let names = |list: Vec<Category>| list.into_iter().map(|it| it.id.0).collect::<String>();
        (decided.commit.categories.map(names), decided.warnings.len())
    };
    let written = |names: &str, warnings| (Some(names.to_owned()), warnings);
    let strict = Bench::strict();
    let full = [("1", 5), ("2", 5), ("3", 5), ("4", 5)];
    assert_eq!(after(&strict, None, &full, 9), (None, 0), "not answered");
    assert_eq!(after(&strict, Some(&STORED), &full, 9), (None, 0), "the same");
    assert_eq!(after(&strict, Some(&["1", "2", "3", "1"]), &full, 9), written("123", 0), "one of four is plausible");
    assert_eq!(after(&strict, Some(&["1", "2"]), &full, 9), (None, 1), "both are put back");
    assert_eq!(after(&strict, Some(&["2", "1"]), &full, 9), written("2134", 1));
    assert_eq!(after(&strict, Some(&["1", "2"]), &full[..3], 9), written("123", 1), "one of them has no item");
    assert_eq!(after(&strict, Some(&["1", "2"]), &full[..2], 9), written("12", 0), "neither has");
    assert_eq!(after(&strict, Some(&[]), &[], 9), (None, 1), "an empty answer says nothing");
    assert_eq!(after(&strict, Some(&[]), &[], 0), written("", 0), "they go with the last row");
    assert_eq!(after(&Bench::new(), Some(&["1", "2"]), &full, 9), written("12", 0), "below the floor");
    let expired = Bench { account_expired: true, ..Bench::new() };
    assert_eq!(after(&expired, Some(&["1", "2", "3"]), &full, 9), (None, 1));
}

/// A category goes with the last of its items.
#[test]
fn a_vanished_category_is_removed_with_its_last_item() {
    for (missing, kept) in [(9, true), (10, false)] {
        let sizes = ["1", "2"].map(|id| (id.to_owned(), 10)).into();
        let known = Known { categories: named(&["1", "2", "3"]), sizes, ..known(1..=missing) };
        let mut bench = Bench::strict();
        bench.options.guard.category_rows = 0;
        let decided = bench.decide(Some(&["2"]), compared(arrived(100, missing + 1..=100, &[])), &known);
        let categories = decided.commit.categories.unwrap();
        assert_eq!(categories.contains(&category("1")), kept, "{missing}");
        assert_eq!(decided.commit.removals.len(), usize::try_from(missing).unwrap());
    }
}

#[test]
fn an_unmodified_listing_writes_no_item() {
    let same = || ListingReceived::Same(Unmodified { watermark: 55, rows: 7 });
    let known = || Known { categories: vec![category("1")], ..Known::default() };
    let decided = Bench::new().decide(Some(&["1"]), same(), &known());
    let commit = decided.commit;
    assert_eq!((commit.watermark, commit.validator), (55, ValidatorChange::Keep));
    assert!(commit.index.is_none() && commit.held.is_none() && commit.categories.is_none() && !commit.first_load);
    let record = KindRecord {
        outcome: KindOutcome::Unchanged,
        counts: Counts { unchanged: 7, ..Counts::default() },
        not_modified: true,
        requests: 3,
        ..KindRecord::skipped(MOVIES, SyncMode::Incremental)
    };
    assert_eq!((commit.record, decided.plan), (record, Some(KindPlan::new(MOVIES))));
    let commit = Bench::new().decide(Some(&["1", "2"]), same(), &known()).commit;
    assert_eq!(commit.categories.map(|list| list.len()), Some(2));
    // A category that the panel leaves out stays if it has items.
    for (size, kept) in [(1, 1), (0, 0)] {
        let known = Known { sizes: HashMap::from([("1".to_owned(), size)]), ..known() };
        let bench = Bench { account_expired: true, ..Bench::new() };
        let commit = bench.decide(Some(&["2"]), same(), &known).commit;
        assert_eq!(commit.categories.map(|list| list.len()), Some(1 + kept));
    }
}

/// A dry run makes the decision of a run, and names the items.
#[test]
fn a_plan_has_the_changes_that_would_be_written() {
    let decided = |planned: Option<Planned>| {
        let mut arrived = arrived(1000, 401..=1000, &[2000]);
        arrived.compared.planned = planned;
        let known = Known { held: held(1..=10, HoldReason::Loss(Loss::Renumbered), None), ..known(1..=400) };
        Bench::new().decide_listing(arrived, &known)
    };
    let mut planned = Planned::default();
    planned.put(&[staged(movie(2000), Change::Added)]);
    let (real, dry) = (decided(None), decided(Some(planned)));
    assert_eq!(format!("{:?}", real.commit), format!("{:?}", dry.commit));
    let plan = dry.plan.unwrap();
    assert!(real.plan.is_none() && plan.removed.is_empty());
    assert_eq!((plan.added[0].name.as_str(), plan.held.len()), ("Movie 2000", 400));
    assert_eq!(
        (plan.held[9].reason, plan.held[9].item.name.as_str()),
        (HoldReason::Loss(Loss::Renumbered), "Movie 10")
    );
    assert_eq!(plan.held[10].reason, SHARE_LOST);
}

/// The store is asked only for values that the decision uses.
#[test]
fn rows_and_sizes_are_read_only_if_the_decision_needs_them() {
    let (bench, strict) = (Bench::new(), Bench::strict());
    let at = bench.at();
    let needs = |arrived: &Arrived, held: Vec<HeldRemoval>| {
        let known = Known { held, ..known(1..=30) };
        let missing = arrived.compared.differ.missing();
        let needs = Needs::new(Some(&[category("1")]), arrived, &known, &missing, &at);
        (needs.rows, needs.suspects(arrived, &known.rows, &at).len())
    };
    assert_eq!(needs(&arrived(100, 1..=100, &[]), Vec::new()), (false, 0), "nothing is missing");
    assert_eq!(needs(&arrived(100, 31..=100, &[]), Vec::new()), (true, 1));
    assert_eq!(needs(&arrived(100, 31..=100, &[]), held(1..=30, SHARE_LOST, None)), (false, 0), "all of it waits");
    let doubtful = Arrived { doubt: Some(Doubt::TrailingBytes), ..arrived(100, 31..=100, &[]) };
    assert_eq!(needs(&doubtful, Vec::new()), (false, 0), "nothing goes in doubt");
    // The number of items is needed only for categories that vanished implausibly.
    let wanted = |answered: &[&str], stored: &[&str]| weighed(&named(answered), &named(stored), &strict.at()).len();
    assert_eq!([wanted(&["1", "2"], &["1", "2", "3", "4"]), wanted(&["1", "2", "3"], &["1", "2", "3", "4"])], [2, 0]);
    assert_eq!(wanted(&[], &["1", "2"]), 0, "an empty answer says nothing");
}
