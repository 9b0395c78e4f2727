//! The state of a profile.
//!
//! The members of these structs have the order in which they have always been printed, which is that of the alphabet.

use std::borrow::Cow;

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use super::{Kind, Kinds, Members};

/// A line of `status --json`: the state of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Status<'a> {
    /// The panel's last answer about the account; `None` if there was none.
    pub account: Option<AccountState<'a>>,
    /// The address at which the next sync asks first; `None` if the profile has none.
    pub address: Option<Cow<'a, str>>,
    /// What is wrong with the profile. Only lines of `status --check` have the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Vec<Problem<'a>>>,
    /// The number of open conflicts, and of items that may be another one.
    pub conflicts: Option<u64>,
    /// Always `None` in this version.
    pub details: Option<serde_json::Value>,
    /// How far the change log goes.
    pub feed: FeedRange,
    /// The further addresses of the panel, in order.
    pub further_urls: Vec<Cow<'a, str>>,
    /// The state of each kind.
    pub kinds: Kinds<StatusOfKind<'a>>,
    /// What runs have learnt of the panel.
    pub learnt: Vec<Fact<'a>>,
    /// A sentence about the last run, for people; `None` if there is none.
    pub message: Option<Cow<'a, str>>,
    /// How fast the account is asked; `None` if it was never asked.
    pub pace: Option<Pace>,
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The latest runs, newest first.
    pub runs: Vec<LastRun<'a>>,
    /// When the service syncs each kind next.
    pub schedule: Kinds<NextSync<'a>>,
    /// The status of the last run; `None` before the first run and after a clear.
    pub status: Option<Cow<'a, str>>,
    /// The address of the panel; `None` if the profile has none.
    pub url: Option<Cow<'a, str>>,
}

/// The panel's last answer about an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccountState<'a> {
    /// The time of the answer, by our own clock; `None` if it is not known.
    pub checked_at: Option<i64>,
    /// The end of the account; `None` if it never ends, or if the panel's text can't be read.
    pub expires_at: Option<i64>,
    /// The status, in the panel's words.
    pub status: Cow<'a, str>,
    /// The end as the panel writes it, if it can't be read with certainty; `None` otherwise.
    pub unread_end: Option<Cow<'a, str>>,
}

/// A problem of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// The kind; `None` if the problem concerns the profile as a whole.
    pub kind: Option<Cow<'a, str>>,
    /// The problem, such as `stale` or `held`.
    pub problem: Cow<'a, str>,
    /// The time since when; `None` if it is not known, or if there never was a sync.
    pub since: Option<i64>,
}

/// How far the change log of a profile goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FeedRange {
    /// The random number of the feed. Positions of another epoch have no meaning.
    pub epoch: i64,
    /// The position behind the newest entry.
    pub newest: i64,
    /// The oldest position from which all later entries can be read.
    pub oldest: i64,
}

/// The state of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatusOfKind<'a> {
    /// The time since which the next run has to compare every item, because a check has found something. The member is
    /// left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubted_since: Option<i64>,
    /// The held removals, by reason.
    pub held: Vec<HeldGroup<'a>>,
    /// The number of items.
    pub items: u64,
    /// The panel's clock at the start of the last applied list; `None` if there was none.
    pub last_sync: Option<i64>,
    /// The time at which a probe has seen nothing new since the last list. The member is left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probed_at: Option<i64>,
    /// Whether the profile has the kind switched off. The member is left out otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub switched_off: bool,
    /// The fields that the panel changes by itself, which are not compared; `extra.KEY` for a key without a column. The
    /// member is left out if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volatile: Vec<Cow<'a, str>>,
}

/// Removals that are held for the same reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeldGroup<'a> {
    /// The number of removals.
    pub count: u64,
    /// The time since which complete lists have missed the items; `None` if there was no such list.
    pub evidence_since: Option<i64>,
    /// The names of up to three of the items.
    pub examples: Vec<Cow<'a, str>>,
    /// The number of complete lists that have missed the items, of the item with the fewest.
    pub listings: u64,
    /// The reason.
    pub reason: Cow<'a, str>,
    /// What releases them: `by_evidence`, `by_consent` or `next_listing`.
    pub releases: Cow<'a, str>,
    /// The time since which the oldest is held.
    pub since: i64,
}

/// A fact that runs have learnt of the panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fact<'a> {
    /// The kind; `None` for the panel as a whole.
    pub kind: Option<Cow<'a, str>>,
    /// The name.
    pub name: Cow<'a, str>,
    /// The value.
    pub value: Cow<'a, str>,
}

/// How fast an account is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pace {
    /// The most requests of a day (UTC); 0 if there is no limit.
    pub budget: u64,
    /// The time until which the panel is left alone; `None` if it may be asked.
    pub held_until: Option<i64>,
    /// The time at which the panel last refused a request because there were too many; `None` if it never did.
    pub refused_at: Option<i64>,
    /// The requests per second that the panel has borne last.
    pub requests_per_second: f64,
    /// The number of requests today (UTC).
    pub requests_today: u64,
}

/// One of the latest runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastRun<'a> {
    /// The time of the end; `None` if the run has not ended.
    pub finished_at: Option<i64>,
    /// The result of each kind that the run has reached.
    #[serde(serialize_with = "by_name")]
    pub kinds: Members<'a, Kind<'a>>,
    /// The number of the run.
    pub run: i64,
    /// The time of the start.
    pub started_at: i64,
    /// How the run ended.
    pub status: Cow<'a, str>,
}

/// When the service syncs a kind next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NextSync<'a> {
    /// The time; `None` if never.
    pub next: Option<i64>,
    /// The reason, for people.
    pub why: Cow<'a, str>,
}

/// Writes objects with their members in the order of the alphabet. `Kind` has another order in the lines of `sync`.
fn by_name<S: Serializer>(kinds: &Members<'_, Kind<'_>>, to: S) -> Result<S::Ok, S::Error> {
    serde_json::to_value(kinds).map_err(S::Error::custom)?.serialize(to)
}
