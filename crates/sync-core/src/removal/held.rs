//! Held removals, and the evidence for them.

use crate::model::ContentId;
use crate::removal::guard::HoldReason;
use crate::run::record::RunId;

/// A removal that waits for evidence or consent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HeldRemoval {
    /// The item.
    pub id: ContentId,
    /// The reason.
    pub reason: HoldReason,
    /// The time since which it is held, in unix seconds.
    pub since: i64,
    /// The run in which the item was first missing.
    pub run: RunId,
    /// The first sound listing without the item; `None` if there is none yet.
    pub evidence: Option<Evidence>,
    /// The id under which the panel seems to list the item now.
    pub successor: Option<ContentId>,
}

/// The beginning of the evidence that an item is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Evidence {
    /// The number of the listing, by [`KindFacts::sound_listings`](crate::KindFacts::sound_listings).
    pub listing: u64,
    /// The time at which it was compared, in unix seconds, by our clock.
    pub at: i64,
    /// The time at which the listing was asked for, in unix seconds, by the panel's clock.
    pub panel_at: i64,
}
