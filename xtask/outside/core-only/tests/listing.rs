//! A listing against the cached items, by the pure parts of the core. The README shows this text.

use sync_core::removal::{Circumstances, Missing, decide_removals};
use sync_core::{ChangePolicy, Channel, Content, ContentId, HoldReason, Loss, compare_channels};

#[test]
fn a_listing_is_compared_with_cached_items() {
    let channel = |id, name: &str| {
        let mut channel = Channel::with_id(ContentId(id));
        channel.name = name.into();
        channel
    };
    let cached = [channel(1, "One"), channel(2, "Two"), channel(3, "Three")];
    let listed = [channel(1, "One"), channel(2, "Two HD"), channel(4, "Four")];

    let found = compare_channels(listed.map(Into::into), &cached, &ChangePolicy::Fingerprint);
    assert_eq!(found.new_items[0].name, "Four");
    assert_eq!(found.updated_items[0].name, "Two HD");
    assert!(!found.server_ids.contains(&ContentId(3)));

    // Is 3 gone, or did the panel lose it? One of three is little; all of three is an outage.
    let now = 1_767_225_600;
    let missing = |ids: &[i64]| ids.iter().map(|id| Missing::new(ContentId(*id))).collect();
    let one = decide_removals(&Circumstances::new(3, 3, now), missing(&[3]));
    assert_eq!(one.removed, [ContentId(3)]);
    let outage = decide_removals(&Circumstances::new(3, 0, now), missing(&[1, 2, 3]));
    assert_eq!((outage.removed.len(), outage.held.len()), (0, 3));
    assert_eq!(outage.reason, Some(HoldReason::Loss(Loss::EmptyListing)));
}
