//! Rules about which items are shown, and how their names are.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A line of `filter list --json` and `filter add --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum FilterLine<'a> {
    /// A rule.
    Rule(FilterRule<'a>),
    /// What happens to items that no rule of the kind matches. The line comes behind the rules of the kind.
    Defaults(FilterDefaults<'a>),
}

/// A rule of a filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FilterRule<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The position, from 1. The first rule that matches an item decides.
    pub position: u64,
    /// What the rule does: `include` or `exclude`.
    pub action: Cow<'a, str>,
    /// What it looks at: `category` or `name`.
    pub by: Cow<'a, str>,
    /// How it compares: `id`, `name`, `glob` or `regex`.
    pub r#match: Cow<'a, str>,
    /// The pattern.
    pub pattern: Cow<'a, str>,
    /// The number of items that the rule matches by itself.
    pub matches: u64,
    /// The number of items that the filter leaves out now. Only lines of `filter add` have the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
}

/// What the filter of a kind does with items that no rule matches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FilterDefaults<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// What happens to the items: `include` or `exclude`.
    pub default: Cow<'a, str>,
    /// What happens to items of categories that are new: `include`, `exclude`, or `tell` (they are shown, and reports
    /// name the categories).
    pub new: Cow<'a, str>,
    /// The number of items that the filter leaves out now.
    pub left_out: u64,
}

/// The line of `filter test --json`: what a rule would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FilterTrial<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The number of items that are shown now.
    pub shown: u64,
    /// The number of items that are left out now.
    pub hidden: u64,
    /// The number of items that are left out now and would be shown.
    pub would_show: u64,
    /// The number of items that are shown now and would be left out.
    pub would_hide: u64,
    /// Some of the items that would be shown or left out, ten at most.
    pub examples: Vec<FilterExample<'a>>,
}

/// An item that a rule would show or leave out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FilterExample<'a> {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: Cow<'a, str>,
    /// What the rule would do: `show` or `hide`.
    pub would: Cow<'a, str>,
}

/// A line of `rewrite list --json`: a rule that changes how names are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RewriteRule<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The position, from 1. The rules are applied one after another.
    pub position: u64,
    /// The regular expression.
    pub pattern: Cow<'a, str>,
    /// What takes the place of its matches.
    pub replacement: Cow<'a, str>,
    /// The number of items whose names the rule changes by itself.
    pub matches: u64,
}

/// A line of `rewrite test --json`: a name that is shown otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RewrittenName<'a> {
    /// The id of the profile.
    pub profile: Cow<'a, str>,
    /// The kind.
    pub kind: Cow<'a, str>,
    /// The id of the item.
    pub id: i64,
    /// The name without the rules.
    pub before: Cow<'a, str>,
    /// The name with the rules.
    pub after: Cow<'a, str>,
}
