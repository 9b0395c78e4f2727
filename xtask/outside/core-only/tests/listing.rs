//! A listing against what is cached, by the pure parts of the core. The README shows this text.

use sync_core::{
    ChangePolicy, Channel, Content, ContentId, GuardThresholds, HoldReason, RemovalEvidence, Verdict, compare_channels,
    judge_removals,
};

#[test]
fn a_listing_is_compared_with_what_is_cached() {
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
    let evidence = RemovalEvidence {
        stored: 3,
        listed: 3,
        missing: 1,
        complete: true,
        unreadable: 0,
        trailing_bytes: false,
        categories_answered: true,
        account_expired: false,
    };
    let outage = RemovalEvidence { listed: 0, missing: 3, ..evidence };
    assert_eq!(judge_removals(&evidence, GuardThresholds::default()), Verdict::Allow);
    assert_eq!(judge_removals(&outage, GuardThresholds::default()), Verdict::Hold(HoldReason::EmptyListing));
}
