//! Profiles: their settings, and the test of their login.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kinds, Members};

/// A line of `profile list --json`: a profile with its settings, and without secrets.
///
/// The members have the order in which they have always been printed, which is that of the alphabet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListedProfile<'a> {
    /// The days for which the change log is kept.
    pub feed_days: u32,
    /// The most entries that the change log keeps, apart from those of the newest run.
    pub feed_entries: u64,
    /// Whether redirects to other hosts are followed.
    pub follow_other_hosts: bool,
    /// The further addresses of the panel, in order.
    pub further_urls: Vec<Cow<'a, str>>,
    /// The most requests at once.
    pub parallel_requests: u32,
    /// Where the password comes from.
    pub password_source: PasswordSource<'a>,
    /// What makes an item updated: `fingerprint` or `timestamp`.
    pub policy: Cow<'a, str>,
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The days over which lists have to miss a held item before it is removed.
    pub release_days: u32,
    /// The number of complete lists that have to miss a held item before it is removed.
    pub release_listings: u32,
    /// The number of items from which on it is suspicious if a category has none any more; 0 if that is no reason.
    pub removal_category_rows: u64,
    /// The number of rows up to which no share is too large.
    pub removal_floor_rows: u64,
    /// The share of the rows of a kind above which a loss is held, in percent.
    pub removal_share_percent: u8,
    /// What a search looks at: `all` (names, titles, cast, directors and genres), `names` (names and titles), or `off`
    /// (no search text is kept).
    pub search: Cow<'a, str>,
    /// Every setting with its value, by key.
    pub settings: BTreeMap<Cow<'a, str>, Value>,
    /// The days for which a removed item is remembered.
    pub tombstone_days: u32,
    /// The address of the panel; empty if the profile has none.
    pub url: Cow<'a, str>,
    /// The user agent of requests; `None` for the usual one.
    pub user_agent: Option<Cow<'a, str>>,
    /// Whether the panel's certificate is verified.
    pub verify_tls: bool,
}

/// Where the password of a profile comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PasswordSource<'a> {
    /// The source: `stored`, `environment`, `file` or `command`.
    pub from: Cow<'a, str>,
    /// The name of the variable. Only the source `environment` has the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// The path of the file. Only the source `file` has the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Cow<'a, str>>,
}

/// The line of `profile show --json`: the settings of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProfileSettings<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// Every setting, by key, in the order of the help.
    pub settings: Members<'a, Setting>,
}

/// A setting: its value and its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Setting {
    /// The value: a number, `true` or `false`, a text, a list of texts, or `null` if the setting has none. A command is
    /// the text `(hidden)`.
    pub value: Value,
    /// The default, in the same form.
    pub default: Value,
}

/// The line of `profile test --json`: the result of one login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoginTest<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The address that was asked; `None` if the profile has none.
    pub address: Option<Cow<'a, str>>,
    /// The login: `ok`, `refused`, `ended` (the account has ended or is locked), `unreachable` or `unusable` (what
    /// answers is no panel).
    pub login: Cow<'a, str>,
    /// The account; `None` if the panel didn't describe one.
    pub account: Option<TestedAccount<'a>>,
    /// What the panel offers of each kind.
    pub kinds: Kinds<TestedKind>,
}

/// An account as the panel describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestedAccount<'a> {
    /// The status, in the panel's words.
    pub status: Cow<'a, str>,
    /// The end of the account; `None` if it never ends, or if the panel's text can't be read.
    pub expires_at: Option<i64>,
    /// The number of streams that the account uses now; `None` if the panel doesn't say.
    pub active_connections: Option<i64>,
    /// The number of streams that the account may use at once; `None` if the panel doesn't say.
    pub max_connections: Option<i64>,
}

/// What the panel offers of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestedKind {
    /// Whether the panel offers the kind; `None` if that is not known.
    pub offered: Option<bool>,
    /// The number of categories; `None` if the panel didn't answer for them.
    pub categories: Option<u64>,
}
