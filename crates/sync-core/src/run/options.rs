//! The options of a run: mode, change policy, thresholds of the removal guard.

use std::fmt;

use crate::model::{ContentKind, PerKind};
use crate::ports::profiles::FormerLogin;
use crate::run::record::Trigger;

/// How a run treats items that it knows. Both modes write only differences, and the removal guard applies in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SyncMode {
    /// Full for a kind that was never synced, was cleared, or is known to be inconsistent. Incremental otherwise.
    #[default]
    Auto,
    /// Decodes every item and compares it with its stored row.
    Full,
    /// Trusts the index: an element with the same bytes as before is not decoded.
    Incremental,
}

impl SyncMode {
    /// Returns the name used in reports and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Full => "full",
            Self::Incremental => "incremental",
        }
    }
}

impl fmt::Display for SyncMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The rule by which an item counts as updated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ChangePolicy {
    /// The item's fields differ from the stored ones.
    #[default]
    Fingerprint,
    /// The item's `last_modified` or `added` is strictly newer than the last sync, by
    /// [`is_item_updated`](crate::is_item_updated). Changes that the panel doesn't date are not seen, so the cache may
    /// then differ from the panel.
    Timestamp {
        /// The time of the last sync of the kind, in unix seconds or RFC 3339; `None` if there was none.
        last_sync: Option<String>,
    },
}

/// The choice of a profile's change policy. The engine adds the time of the last sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PolicyChoice {
    /// [`ChangePolicy::Fingerprint`].
    #[default]
    Fingerprint,
    /// [`ChangePolicy::Timestamp`].
    Timestamp,
}

impl PolicyChoice {
    /// Returns the name used in tables and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fingerprint => "fingerprint",
            Self::Timestamp => "timestamp",
        }
    }

    /// Returns the policy for a kind that was last synced at this time, in unix seconds.
    pub fn at(self, last_sync: Option<i64>) -> ChangePolicy {
        match self {
            Self::Fingerprint => ChangePolicy::Fingerprint,
            Self::Timestamp => ChangePolicy::Timestamp { last_sync: last_sync.map(|at| at.to_string()) },
        }
    }
}

/// The thresholds above which many removals at once are implausible. Removals are held if they exceed the share *and*
/// the floor. Those of a category are held if it had many items and now has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardThresholds {
    /// The share, in per cent of the stored rows of the kind. Default 30.
    pub share_percent: u8,
    /// The floor, in rows. Default 50.
    pub floor_rows: u64,
    /// The number of items from which on it is suspicious if a category has none any more. Default 20. 0 turns this
    /// rule off.
    pub category_rows: u64,
}

impl Default for GuardThresholds {
    fn default() -> Self {
        Self { share_percent: 30, floor_rows: 50, category_rows: 20 }
    }
}

/// How long removed and missing items are remembered, and entries of the change log are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The number of complete listings that have to miss a held item before it is released. Default 3.
    pub release_listings: u32,
    /// The number of days that these listings have to span at least. Default 7.
    pub release_days: u32,
    /// The days for which a removed item keeps its tombstone, by which it is recognised if it returns. Default 30.
    pub tombstone_days: u32,
    /// The days for which entries of the change log are kept. Default 90. The newest run is always kept completely.
    pub feed_days: u32,
    /// The greatest number of entries of the change log. Default 500,000. The newest run is always kept completely.
    pub feed_entries: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { release_listings: 3, release_days: 7, tombstone_days: 30, feed_days: 90, feed_entries: 500_000 }
    }
}

/// The options of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncOptions {
    /// How the run treats items that it knows.
    pub mode: SyncMode,
    /// The kinds to sync; the others are skipped.
    pub kinds: Vec<ContentKind>,
    /// The rule by which an item counts as updated.
    pub policy: PolicyChoice,
    /// The thresholds above which removals are held.
    pub guard: GuardThresholds,
    /// When held items are released, and how long removed ones are remembered.
    pub retention: Retention,
    /// Whether a person agrees to the removals that are recorded as held at the start of the run.
    pub accept_removals: bool,
    /// Whether the run compares only and writes nothing.
    pub dry_run: bool,
    /// What starts the run. Default [`Trigger::Library`].
    pub trigger: Trigger,
    /// Logins that the profile had before: kept values may hold them.
    pub former_logins: Vec<FormerLogin>,
    /// Whether the run may ask a probe in place of a whole list, as the service does between two whole lists. Default
    /// no.
    pub probe: bool,
    /// The time of the next run that takes each kind, in unix seconds, as far as it is known. A probe is asked for only
    /// if the whole list can wait until then. Only runs with [`Self::probe`] need it.
    pub next_look: PerKind<Option<i64>>,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            mode: SyncMode::Auto,
            kinds: ContentKind::ALL.to_vec(),
            policy: PolicyChoice::default(),
            guard: GuardThresholds::default(),
            retention: Retention::default(),
            accept_removals: false,
            dry_run: false,
            trigger: Trigger::Library,
            former_logins: Vec::new(),
            probe: false,
            next_look: PerKind::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These names are stored, and people type them.
    #[test]
    fn names_are_stable() {
        let modes = [SyncMode::Auto, SyncMode::Full, SyncMode::Incremental];
        assert_eq!(modes.map(SyncMode::as_str), ["auto", "full", "incremental"]);
        assert_eq!(modes.map(|mode| mode.to_string()), ["auto", "full", "incremental"]);
        let policies = [PolicyChoice::Fingerprint, PolicyChoice::Timestamp];
        assert_eq!(policies.map(PolicyChoice::as_str), ["fingerprint", "timestamp"]);
    }
}
