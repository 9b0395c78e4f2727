//! When a validator is lent, when it is believed, and what counts as a lie.

use super::*;
use crate::model::ContentId;
use crate::policy::PolicyChoice;

const NOW: i64 = 1_700_000_000;
const DAY: i64 = 86_400;
const SCHEME: DigestScheme = DigestScheme(9);
const AT: usize = 1;

fn kept() -> KeptValidator {
    KeptValidator {
        validator: Validator("v1".to_owned()),
        scheme: SCHEME,
        policy: PolicyChoice::Fingerprint,
        listed_at: NOW - 1000,
        rows: 3,
    }
}

fn state() -> SyncState {
    let mut state = SyncState::default();
    state.validators[AT] = Some(kept());
    state.last_sync[AT] = Some(NOW - 1000);
    state.rows[AT] = 3;
    state
}

/// Whether movies are asked for with the validator, after these were changed.
fn is_lent(change: impl FnOnce(&mut SyncState, &mut PanelFacts, &mut SyncOptions)) -> bool {
    let (mut state, mut facts, mut options) = (state(), PanelFacts::default(), SyncOptions::default());
    change(&mut state, &mut facts, &mut options);
    lent(&state, &facts, &options, ContentKind::Movies, SCHEME, NOW).is_some()
}

#[test]
fn a_validator_is_lent_where_nothing_speaks_against_it() {
    assert!(is_lent(|_, _, _| ()));
    assert!(is_lent(|_, _, options| options.mode = SyncMode::Incremental));
    assert!(is_lent(|_, _, options| options.dry_run = true));
    assert!(is_lent(|_, facts, _| facts.kinds[0].overloads = 2), "another kind");
    assert!(is_lent(|state, _, _| state.held[0] = 2), "another kind");
    assert!(is_lent(|_, facts, _| facts.validators_lied_at = Some(NOW - 30 * DAY)), "long ago");

    assert!(!is_lent(|state, _, _| state.validators[AT] = None));
    assert!(!is_lent(|_, _, options| options.mode = SyncMode::Full));
    assert!(!is_lent(|state, _, _| state.last_sync[AT] = None));
    assert!(!is_lent(|state, _, _| state.held[AT] = 1));
    assert!(!is_lent(|_, _, options| options.policy = PolicyChoice::Timestamp));
    assert!(!is_lent(|state, _, _| state.validators[AT].as_mut().unwrap().scheme = DigestScheme(8)));
    assert!(!is_lent(|_, facts, _| facts.kinds[AT].rotations = 2));
    assert!(!is_lent(|_, facts, _| (facts.kinds[AT].overloads, facts.kinds[AT].whole_asked_at) = (2, Some(NOW))));
    assert!(!is_lent(|_, facts, _| facts.validators_lied_at = Some(NOW - 30 * DAY + 1)));
}

#[test]
fn a_listing_is_received_as_a_whole_once_a_day() {
    let after = |seconds| is_lent(|state, _, _| state.validators[AT].as_mut().unwrap().listed_at = NOW - seconds);
    assert!(after(0) && after(DAY - 1));
    assert!(!after(DAY) && !after(i64::MAX));
    assert!(!after(-1), "a clock that was set back");
}

fn index(entries: &[(i64, u64)]) -> ListingIndex {
    ListingIndex::new(SCHEME, entries.iter().map(|(id, digest)| (ContentId(*id), Digest(*digest)))).unwrap()
}

#[test]
fn a_panel_lies_that_gives_another_listing_the_same_validator() {
    const BEFORE: [(i64, u64); 2] = [(1, 11), (2, 12)];
    let lies = |validator: &str, after: Option<ListingIndex>, updated, consistent, scheme| {
        let stored = StoredIndex { index: Arc::new(index(&BEFORE)), applied_before: true, consistent };
        let finished = Finished {
            validator: Some(&Validator(validator.to_owned())),
            before: &stored,
            after: after.as_ref(),
            counts: Counts { updated, ..Counts::default() },
            sound: true,
        };
        has_lied(&kept(), &finished, scheme)
    };
    let edited = || Some(index(&[(1, 11), (2, 99)]));
    assert!(lies("v1", edited(), 1, true, SCHEME));
    assert!(lies("v1", Some(index(&[(2, 12), (1, 11)])), 0, true, SCHEME), "another order");
    assert!(lies("v1", Some(index(&[(1, 11)])), 0, true, SCHEME), "one is gone, and held perhaps");

    assert!(!lies("v2", edited(), 1, true, SCHEME), "it has said so");
    assert!(!lies("v1", None, 0, true, SCHEME), "the same");
    assert!(!lies("v1", None, 1, true, SCHEME), "the rows were changed, not the listing");
    assert!(!lies("v1", edited(), 0, true, SCHEME), "other bytes that mean the same");
    assert!(!lies("v1", edited(), 1, false, SCHEME), "nobody knows what it was before");
    assert!(!lies("v1", edited(), 1, true, DigestScheme(8)), "digests of another kind");
}

#[test]
fn what_is_looked_at_in_every_listing_is_not_settled() {
    assert!(is_settled(&index(&[(1, 11), (2, 12)])));
    assert!(!is_settled(&index(&[(1, 11), (2, Digest::NEVER.0)])));
    assert!(!is_settled(&index(&[])));
}
