//! The arguments of `edit` and its short forms, `conflicts`, `filter`, `rewrite` and `overlay`.

use std::path::PathBuf;

use clap::{ArgGroup, Args as Arguments, Subcommand};
use sync_core::ContentKind;
use sync_core::overlay::{FilterAction, FilterBy, FilterRule, MatchBy, NewCategories};

use super::read::ConditionArgs;
use super::{examples, kind};

/// Which profile is meant.
#[derive(Debug, Arguments)]
pub(crate) struct ProfileArg {
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    profile: Option<String>,
}

impl ProfileArg {
    /// Returns the named id, or `None` if no profile was named.
    pub(crate) fn id(&self) -> Option<&str> {
        self.profile.as_deref()
    }
}

/// Items that are named by id.
#[derive(Debug, Arguments)]
pub(crate) struct IdArgs {
    /// Ids of items; in their place, choose items with the options of `list`
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub(crate) words: Vec<String>,
}

/// Which rules are listed, and how.
#[derive(Debug, Arguments)]
pub(crate) struct RuleListArgs {
    /// Kind of the rules: channels, movies or series [default: all]
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<ContentKind>,
    #[command(flatten)]
    pub(crate) of: ProfileArg,
    /// Print one JSON object per rule, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// The rule that is removed.
#[derive(Debug, Arguments)]
pub(crate) struct RuleRemoveArgs {
    /// Kind of the rule: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    /// Position of the rule, as the list of rules shows it
    #[arg(value_name = "POSITION")]
    pub(crate) position: usize,
    #[command(flatten)]
    pub(crate) of: ProfileArg,
}

/// Items that are chosen by conditions, and how the result is printed.
#[derive(Debug, Arguments)]
pub(crate) struct ChosenArgs {
    #[command(flatten)]
    pub(crate) conditions: ConditionArgs,
    /// Take hidden items as well
    #[arg(long)]
    pub(crate) hidden: bool,
    /// Take items that the filter leaves out as well; without ids and conditions, take all items of the kind
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) of: ProfileArg,
    /// Print one JSON object per item, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct EditArgs {
    /// Kind of the items: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    /// Ids of items, and what to change. In place of ids, choose items with the options of `list`. Fields: favourite,
    /// hidden, watched (yes or no); name, icon, note (text); category (ids or names of listed categories, separated by
    /// commas); tags (separated by commas); number, position (seconds), `last_watched` (unix seconds). FIELD= goes back
    /// to the panel's value
    #[arg(value_name = "ID|FIELD=VALUE", required = true, allow_negative_numbers = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
}

#[derive(Debug, Arguments)]
pub(crate) struct FavouriteArgs {
    /// Kind of the items: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    #[command(flatten)]
    pub(crate) ids: IdArgs,
    /// Make them ordinary items again
    #[arg(long)]
    pub(crate) off: bool,
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
}

#[derive(Debug, Arguments)]
pub(crate) struct HideArgs {
    /// Kind of the items: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    #[command(flatten)]
    pub(crate) ids: IdArgs,
    /// Show them again
    #[arg(long)]
    pub(crate) off: bool,
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
}

#[derive(Debug, Arguments)]
pub(crate) struct TagArgs {
    /// Kind of the items: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    /// Tags to add, separated by commas; other tags stay
    #[arg(value_name = "TAGS")]
    pub(crate) tags: String,
    #[command(flatten)]
    pub(crate) ids: IdArgs,
    /// Take these tags away
    #[arg(long)]
    pub(crate) off: bool,
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
}

#[derive(Debug, Arguments)]
pub(crate) struct WatchedArgs {
    /// Kind of the items: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    #[command(flatten)]
    pub(crate) ids: IdArgs,
    /// They were watched up to this position, in seconds, and not to the end; without it, to the end
    #[arg(long, value_name = "SECONDS", conflicts_with = "off")]
    pub(crate) position: Option<u32>,
    /// Forget that they were watched, up to which position, and when
    #[arg(long)]
    pub(crate) off: bool,
    #[command(flatten)]
    pub(crate) chosen: ChosenArgs,
}

#[derive(Debug, Arguments)]
pub(crate) struct ConflictsArgs {
    #[command(flatten)]
    pub(crate) of: ProfileArg,
    /// Show only this kind: channels, movies or series
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<ContentKind>,
    /// Show edits whose items the panel no longer lists, with the number of items that have the name now
    #[arg(long)]
    pub(crate) waiting: bool,
    /// Print one JSON object per conflict, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConflictsCommand {
    /// Answer conflicts: keep your values, or take the panel's
    #[command(after_help = examples::CONFLICTS_RESOLVE)]
    Resolve(ResolveArgs),
}

#[derive(Debug, Arguments)]
#[command(group = ArgGroup::new("answer").required(true))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ResolveArgs {
    /// Ids of the items whose conflicts are answered
    #[arg(value_name = "ID", allow_negative_numbers = true, required_unless_present = "all", conflicts_with = "all")]
    pub(crate) words: Vec<String>,
    /// Keep your values; an item that may be the same under another id is taken for another one
    #[arg(long, group = "answer")]
    pub(crate) keep_local: bool,
    /// Take the panel's values and end your edits; edits move to the item that may be the same
    #[arg(long, group = "answer")]
    pub(crate) take_panel: bool,
    /// Answer all conflicts
    #[arg(long)]
    pub(crate) all: bool,
    /// Answer only conflicts of this kind: channels, movies or series
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<ContentKind>,
    #[command(flatten)]
    pub(crate) of: ProfileArg,
    /// Print one JSON object per item, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FilterCommand {
    /// List the rules in their order, with the number of items that each matches by itself
    #[command(after_help = examples::FILTER_LIST)]
    List(RuleListArgs),
    /// Add a rule; of several rules that match an item, the first one decides
    #[command(after_help = examples::FILTER_ADD, override_usage = "xtream-sync filter add [OPTIONS] <KIND> <ACTION> <PATTERN OPTION>")]
    Add(FilterRuleArgs),
    /// Remove a rule
    #[command(after_help = examples::FILTER_REMOVE)]
    Remove(RuleRemoveArgs),
    /// Show what a rule would do, and don't save it
    #[command(after_help = examples::FILTER_TEST, override_usage = "xtream-sync filter test [OPTIONS] <KIND> <ACTION> <PATTERN OPTION>")]
    Test(FilterRuleArgs),
    /// Say what becomes of items that no rule matches
    #[command(after_help = examples::FILTER_DEFAULT)]
    Default {
        /// Kind of the items: channels, movies or series
        #[arg(value_name = "KIND", value_parser = kind)]
        kind: ContentKind,
        /// Show them or leave them out: include or exclude
        #[arg(value_name = "ACTION", value_parser = action)]
        action: FilterAction,
        #[command(flatten)]
        of: ProfileArg,
    },
    /// Say what becomes of items that no rule matches and all of whose categories are new: first listed after the first
    /// rule
    #[command(after_help = examples::FILTER_NEW)]
    New {
        /// Kind of the items: channels, movies or series
        #[arg(value_name = "KIND", value_parser = kind)]
        kind: ContentKind,
        /// Show them, leave them out, or show them and name the categories in reports: include, exclude or tell
        #[arg(value_name = "ACTION", value_parser = new_categories)]
        action: NewCategories,
        #[command(flatten)]
        of: ProfileArg,
    },
}

/// A rule of a filter.
#[derive(Debug, Arguments)]
#[command(group = ArgGroup::new("pattern"))]
pub(crate) struct FilterRuleArgs {
    /// Kind of the items: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    /// Show the items that the rule matches, or leave them out: include or exclude
    #[arg(value_name = "ACTION", value_parser = action)]
    action: FilterAction,
    /// Match items of the category with this id
    #[arg(long, value_name = "ID", group = "pattern", allow_hyphen_values = true)]
    category_id: Option<String>,
    /// Match items of categories with this whole name, in any case
    #[arg(long, value_name = "NAME", group = "pattern", allow_hyphen_values = true)]
    category: Option<String>,
    /// Match items of categories whose whole name is like this, in any case: * for any characters, ? for one
    #[arg(long, value_name = "GLOB", group = "pattern", allow_hyphen_values = true)]
    category_glob: Option<String>,
    /// Match items of categories in whose name this regular expression is found; (?i) at its beginning ignores the case
    #[arg(long, value_name = "REGEX", group = "pattern", allow_hyphen_values = true)]
    category_regex: Option<String>,
    /// Match items with this whole name of the panel, in any case
    #[arg(long, value_name = "NAME", group = "pattern", allow_hyphen_values = true)]
    name: Option<String>,
    /// Match items whose whole name is like this, in any case: * for any characters, ? for one
    #[arg(long, value_name = "GLOB", group = "pattern", allow_hyphen_values = true)]
    name_glob: Option<String>,
    /// Match items in whose name this regular expression is found; (?i) at its beginning ignores the case
    #[arg(long, value_name = "REGEX", group = "pattern", allow_hyphen_values = true)]
    name_regex: Option<String>,
    /// Insert the rule before the one at this position [default: behind the last one]
    #[arg(long, value_name = "POSITION")]
    pub(crate) at: Option<usize>,
    #[command(flatten)]
    pub(crate) of: ProfileArg,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl FilterRuleArgs {
    /// Returns the rule, or `None` if there is no pattern.
    pub(crate) fn rule(&self) -> Option<FilterRule> {
        use FilterBy::{Category, Name};
        let patterns = [
            (Category, MatchBy::Id, &self.category_id),
            (Category, MatchBy::Name, &self.category),
            (Category, MatchBy::Glob, &self.category_glob),
            (Category, MatchBy::Regex, &self.category_regex),
            (Name, MatchBy::Name, &self.name),
            (Name, MatchBy::Glob, &self.name_glob),
            (Name, MatchBy::Regex, &self.name_regex),
        ];
        patterns.into_iter().find_map(|(by, matches, pattern)| {
            Some(FilterRule { action: self.action, by, matches, pattern: pattern.clone()? })
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RewriteCommand {
    /// List the rules in their order, with the number of names that each changes by itself
    #[command(after_help = examples::REWRITE_LIST)]
    List(RuleListArgs),
    /// Add a rule; each rule changes what those before it have left
    #[command(after_help = examples::REWRITE_ADD)]
    Add {
        /// Kind of the names: channels, movies or series
        #[arg(value_name = "KIND", value_parser = kind)]
        kind: ContentKind,
        /// Regular expression; every place that it matches is replaced. (?i) at its beginning ignores the case
        #[arg(value_name = "REGEX", allow_hyphen_values = true)]
        pattern: String,
        /// What takes the place; $1 and ${name} stand for groups of the expression
        #[arg(value_name = "REPLACEMENT", allow_hyphen_values = true)]
        replacement: String,
        /// Insert the rule before the one at this position [default: behind the last one]
        #[arg(long, value_name = "POSITION")]
        at: Option<usize>,
        #[command(flatten)]
        of: ProfileArg,
    },
    /// Remove a rule
    #[command(after_help = examples::REWRITE_REMOVE)]
    Remove(RuleRemoveArgs),
    /// Show names before and after the rules; with a rule, before and after that one, which is not saved
    #[command(after_help = examples::REWRITE_TEST)]
    Test {
        /// Kind of the names: channels, movies or series
        #[arg(value_name = "KIND", value_parser = kind)]
        kind: ContentKind,
        /// Regular expression of a rule to try
        #[arg(value_name = "REGEX", allow_hyphen_values = true, requires = "replacement")]
        pattern: Option<String>,
        /// What takes the place in that rule
        #[arg(value_name = "REPLACEMENT", allow_hyphen_values = true)]
        replacement: Option<String>,
        /// Try the rule before the one at this position [default: behind the last one]
        #[arg(long, value_name = "POSITION", requires = "pattern")]
        at: Option<usize>,
        /// Show at most so many names [default: 50; with --json: all]
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        #[command(flatten)]
        of: ProfileArg,
        /// Print one JSON object per name, one per line
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OverlayCommand {
    /// Write edits and rules to standard output, or into a file, as lines of JSON
    #[command(after_help = examples::OVERLAY_EXPORT)]
    Export {
        /// Write into this file, which appears when it is whole; a pipe or a device is written to [default: standard
        /// output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace the file if it exists; of a link, the file that it leads to
        #[arg(long, requires = "output")]
        force: bool,
        #[command(flatten)]
        of: ProfileArg,
        /// Write user name and password of the profile where values have them; without this, an import fills in those
        /// of its profile, for its panel only
        #[arg(long)]
        secrets: bool,
    },
    /// Add the edits of an export; of two edits of a field, the later one stays
    #[command(after_help = examples::OVERLAY_IMPORT)]
    Import {
        /// File of an export; - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace the rules of each kind of which the export has rules [default: only those of a kind without rules]
        #[arg(long)]
        rules: bool,
        #[command(flatten)]
        of: ProfileArg,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

fn action(text: &str) -> Result<FilterAction, &'static str> {
    FilterAction::from_name(text).ok_or("use include or exclude")
}

fn new_categories(text: &str) -> Result<NewCategories, &'static str> {
    NewCategories::from_name(text).ok_or("use include, exclude or tell")
}
