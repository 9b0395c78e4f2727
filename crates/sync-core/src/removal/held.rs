//! Removals that wait.

use crate::model::ContentId;
use crate::removal::guard::HoldReason;
use crate::run::record::RunId;

/// A removal that waits for evidence or consent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HeldRemoval {
    /// The item.
    pub id: ContentId,
    /// Why.
    pub reason: HoldReason,
    /// Since when, in unix seconds.
    pub since: i64,
    /// The run that first missed it.
    pub run: RunId,
    /// The first sound listing that missed it; `None` when none has so far.
    pub evidence: Option<Evidence>,
    /// The id under which the panel seems to list it now.
    pub successor: Option<ContentId>,
}

/// Where the evidence that an item is gone begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Evidence {
    /// The number of the listing, by [`KindFacts::sound_listings`](crate::KindFacts::sound_listings).
    pub listing: u64,
    /// When it was compared, in unix seconds.
    pub at: i64,
    /// The panel's clock at its start, in unix seconds.
    pub panel_at: i64,
}
