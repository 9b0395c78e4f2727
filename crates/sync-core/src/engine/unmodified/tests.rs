//! When a validator is sent, when it is believed, and which answers are lies.

use super::*;
use crate::model::ContentId;
use crate::ports::source::{Entry, Validator};
use crate::run::options::PolicyChoice;
use crate::testing::movie;

const NOW: i64 = 1_700_000_000;
const DAY: i64 = 86_400;
const SCHEME: DigestScheme = DigestScheme(9);
const AT: ContentKind = ContentKind::Movies;

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
    state.last_sync[AT] = Some(NOW - 1000);
    state.rows[AT] = 3;
    state
}

/// Returns whether movies are asked for with the validator after these values were changed.
fn lends(change: impl FnOnce(&mut SyncState, &mut PanelFacts, &mut SyncOptions)) -> bool {
    let (mut state, mut facts, mut options) = (state(), PanelFacts::default(), SyncOptions::default());
    change(&mut state, &mut facts, &mut options);
    is_lent(&kept(), &state, &facts, &options, ContentKind::Movies, SCHEME, NOW)
}

/// Does the same with another validator.
fn lends_of(change: impl FnOnce(&mut KeptValidator)) -> bool {
    let mut kept = kept();
    change(&mut kept);
    is_lent(&kept, &state(), &PanelFacts::default(), &SyncOptions::default(), ContentKind::Movies, SCHEME, NOW)
}

#[test]
fn a_validator_is_lent_under_these_conditions_only() {
    assert!(lends(|_, _, _| ()));
    assert!(lends(|_, _, options| options.mode = SyncMode::Incremental));
    assert!(lends(|_, _, options| options.dry_run = true));
    assert!(lends(|_, facts, _| facts.kinds[ContentKind::Channels].overloads = 2), "another kind");
    assert!(lends(|state, _, _| state.held[ContentKind::Channels] = 2), "another kind");
    assert!(lends(|_, facts, _| facts.validators_lied_at = Some(NOW - 30 * DAY)), "long ago");

    assert!(!lends(|_, _, options| options.mode = SyncMode::Full));
    assert!(!lends(|state, _, _| state.last_sync[AT] = None));
    assert!(!lends(|state, _, _| state.held[AT] = 1));
    assert!(!lends(|_, _, options| options.policy = PolicyChoice::Timestamp));
    assert!(!lends_of(|kept| kept.scheme = DigestScheme(8)));
    assert!(!lends_of(|kept| kept.policy = PolicyChoice::Timestamp));
    assert!(!lends(|_, facts, _| (facts.kinds[AT].overloads, facts.kinds[AT].whole_asked_at) = (2, Some(NOW))));
    assert!(!lends(|_, facts, _| facts.validators_lied_at = Some(NOW - 30 * DAY + 1)));
}

#[test]
fn a_listing_is_received_as_a_whole_once_a_day() {
    let after = |seconds| lends_of(|kept| kept.listed_at = NOW - seconds);
    assert!(after(0) && after(DAY - 1));
    assert!(!after(DAY) && !after(i64::MAX));
    assert!(!after(-1), "a clock that was set back");
}

fn index(entries: &[(i64, u64)]) -> ListingIndex {
    ListingIndex::new(SCHEME, entries.iter().map(|(id, digest)| (ContentId(*id), Digest(*digest)))).unwrap()
}

#[test]
fn a_listing_differs_if_an_item_differs() {
    const BEFORE: [(i64, u64); 2] = [(1, 11), (2, 12)];
    let row = |id, name: &str| movie(id).name(name).item();
    let another = |listing: &[(i64, u64, &str)], consistent, scheme| {
        let before = StoredIndex { index: Arc::new(index(&BEFORE)), applied_before: true, consistent };
        let mut differ = Differ::new(
            ContentKind::Movies,
            Arc::clone(&before.index),
            SCHEME,
            crate::ChangePolicy::Fingerprint,
            false,
        );
        let entry =
            |(id, digest, name): &(i64, u64, &str)| Entry::Item(Box::new(row(*id, name).into()), Some(Digest(*digest)));
        let stored = BEFORE.map(|(id, _)| row(id, "A")).to_vec();
        differ.resolve(listing.iter().map(entry).collect(), stored, Vec::new()).unwrap();
        is_another(&before, &differ, scheme)
    };
    assert!(another(&[(1, 11, "A"), (2, 99, "B")], true, SCHEME), "an edit");
    assert!(another(&[(2, 12, "A"), (1, 11, "A")], true, SCHEME), "another order");
    assert!(another(&[(1, 11, "A")], true, SCHEME), "one is gone, and held perhaps");
    assert!(another(&[(1, 11, "A"), (2, 12, "A"), (3, 13, "A")], true, SCHEME), "one has come");

    assert!(!another(&[(1, 11, "A"), (2, 12, "A")], true, SCHEME), "the same");
    assert!(!another(&[(1, 11, "A"), (2, 12, "B")], true, SCHEME), "the rows were changed, not the listing");
    assert!(!another(&[(1, 11, "A"), (2, 99, "A")], true, SCHEME), "other bytes that mean the same");
    assert!(!another(&[(1, 11, "A"), (2, 99, "B")], false, SCHEME), "nobody knows what it was before");
    assert!(!another(&[(1, 11, "A"), (2, 99, "B")], true, DigestScheme(8)), "digests of another kind");
}

#[test]
fn an_item_without_a_digest_is_compared_in_every_listing() {
    assert!(has_all_digests(&index(&[(1, 11), (2, 12)])));
    assert!(!has_all_digests(&index(&[(1, 11), (2, Digest::NEVER.0)])));
    assert!(!has_all_digests(&index(&[])));
}
