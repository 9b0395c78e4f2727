//! What a run is asked to do: mode, change policy, thresholds of the removal guard.

use std::fmt;

use crate::model::ContentKind;
use crate::run::record::Trigger;

/// How a run treats what is already known. Both modes write only differences, and both obey the
/// removal guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SyncMode {
    /// Full for a kind that was never synced, was cleared, or is known to be inconsistent;
    /// incremental otherwise.
    #[default]
    Auto,
    /// Decodes every item and compares it with its stored row.
    Full,
    /// Trusts the index: what the panel sends byte for byte as before is not looked at again.
    Incremental,
}

impl SyncMode {
    /// The name used in reports and tables.
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

/// What makes an item an updated one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ChangePolicy {
    /// Its fields differ from the stored ones.
    #[default]
    Fingerprint,
    /// Its `last_modified` or `added` is strictly newer than the last sync, by
    /// [`is_item_updated`](crate::is_item_updated). Edits that the panel doesn't date are not
    /// seen: the cache may then differ from the panel.
    Timestamp {
        /// When the kind was last synced, in unix seconds or RFC 3339; `None` for never.
        last_sync: Option<String>,
    },
}

/// Which change policy a profile uses; the engine fills in the time of the last sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PolicyChoice {
    /// [`ChangePolicy::Fingerprint`].
    #[default]
    Fingerprint,
    /// [`ChangePolicy::Timestamp`].
    Timestamp,
}

impl PolicyChoice {
    /// The name used in tables and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fingerprint => "fingerprint",
            Self::Timestamp => "timestamp",
        }
    }

    /// The policy for a kind last synced at this instant (unix seconds).
    pub fn at(self, last_sync: Option<i64>) -> ChangePolicy {
        match self {
            Self::Fingerprint => ChangePolicy::Fingerprint,
            Self::Timestamp => ChangePolicy::Timestamp { last_sync: last_sync.map(|at| at.to_string()) },
        }
    }
}

/// When many removals at once are implausible. Removals are held when they are more than the share
/// *and* more than the floor, and those of a category that had many items and now has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardThresholds {
    /// Percent of the stored rows of the kind. Default 30.
    pub share_percent: u8,
    /// Rows. Default 50.
    pub floor_rows: u64,
    /// Rows that a category had, from which on it is suspicious that it has none. Default 20; 0
    /// looks at no category.
    pub category_rows: u64,
}

impl Default for GuardThresholds {
    fn default() -> Self {
        Self { share_percent: 30, floor_rows: 50, category_rows: 20 }
    }
}

/// For how long what is gone, or seems to be, is kept in mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// So many complete listings have to miss a held item before it is released. Default 3.
    pub release_listings: u32,
    /// Over at least so many days. Default 7.
    pub release_days: u32,
    /// Days for which a removed item is remembered, and recognised when it returns. Default 30.
    pub tombstone_days: u32,
    /// Days for which entries of the change log are kept. Default 90. The newest run is always kept whole.
    pub feed_days: u32,
    /// Entries of the change log that are kept at most. Default 500,000. The newest run is always kept whole.
    pub feed_entries: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { release_listings: 3, release_days: 7, tombstone_days: 30, feed_days: 90, feed_entries: 500_000 }
    }
}

/// What one run is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncOptions {
    /// How to treat what is known.
    pub mode: SyncMode,
    /// The kinds to sync; the others are skipped.
    pub kinds: Vec<ContentKind>,
    /// What makes an item an updated one.
    pub policy: PolicyChoice,
    /// When removals are held.
    pub guard: GuardThresholds,
    /// When what is held is released, and how long what was removed is remembered.
    pub retention: Retention,
    /// Whether the removals that are recorded as held when the run starts have a person's consent.
    pub accept_removals: bool,
    /// Whether to compare only, and write nothing at all.
    pub dry_run: bool,
    /// What started the run. Default [`Trigger::Library`].
    pub trigger: Trigger,
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They are stored, and typed by people.
    #[test]
    fn names_are_what_they_were() {
        let modes = [SyncMode::Auto, SyncMode::Full, SyncMode::Incremental];
        assert_eq!(modes.map(SyncMode::as_str), ["auto", "full", "incremental"]);
        assert_eq!(modes.map(|mode| mode.to_string()), ["auto", "full", "incremental"]);
        let policies = [PolicyChoice::Fingerprint, PolicyChoice::Timestamp];
        assert_eq!(policies.map(PolicyChoice::as_str), ["fingerprint", "timestamp"]);
    }
}
