//! The arguments of `list`, `search`, `show`, `categories` and `export`: conditions, views, and how to print.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Arguments, ValueEnum};
use sync_core::ContentKind;
use sync_core::catalogue::{Sort, View};
use sync_service::{ItemFilter, Moment};

use super::kind;

#[derive(Debug, Arguments)]
pub(crate) struct ListArgs {
    /// Kind to list: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    #[command(flatten)]
    pub(crate) which: WhichArgs,
}

#[derive(Debug, Arguments)]
pub(crate) struct SearchArgs {
    /// Words to search for. Each is the beginning of a word in the name, title, cast, director or genre. Words in
    /// double quotes stand one behind the other
    #[arg(value_name = "WORDS", required_unless_present = "more")]
    pub(crate) words: Vec<OsString>,
    /// More words, which may have a - before them: then they must not be there
    #[arg(value_name = "WORDS", last = true)]
    pub(crate) more: Vec<OsString>,
    /// Search only this kind: channels, movies or series; it may be repeated [default: all]
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    pub(crate) kinds: Vec<ContentKind>,
    #[command(flatten)]
    pub(crate) which: WhichArgs,
}

/// What items have to be like.
#[derive(Debug, Arguments)]
pub(crate) struct ConditionArgs {
    /// Take only items of the category with this id or name
    #[arg(long, value_name = "NAME|ID", allow_hyphen_values = true)]
    pub(crate) category: Option<String>,
    /// Take only items of this year (1999), or of these years (1990-1999)
    #[arg(long = "year", value_name = "YEARS", value_parser = years)]
    years: Option<(i64, i64)>,
    /// Take only items with at least this rating, 0 to 10
    #[arg(long, value_name = "RATING", value_parser = rating)]
    rating_min: Option<f64>,
    /// Take only items that the panel added since then: a time (2026-11-29T10:00:00Z), a day (2026-11-29, UTC) or an
    /// age (90m, 36h, 7d)
    #[arg(long, value_name = "SINCE")]
    added_since: Option<Moment>,
    /// Take only items whose removal is held
    #[arg(long)]
    held: bool,
    /// Take only favourites
    #[arg(long)]
    favourite: bool,
    /// Take only items with this tag
    #[arg(long, value_name = "TAG", allow_hyphen_values = true)]
    tag: Option<String>,
}

impl ConditionArgs {
    /// Returns the conditions in the form for the use cases.
    pub(crate) fn filter(&self) -> ItemFilter {
        let Self { category, years, rating_min, added_since, held, favourite, tag } = self;
        let mut filter = ItemFilter::none();
        (filter.category, filter.tag) = (category.clone(), tag.clone());
        (filter.years, filter.rating_min, filter.added_since) = (*years, *rating_min, *added_since);
        (filter.held, filter.favourite) = (*held, *favourite);
        filter
    }
}

/// How items are shown, and which of them.
#[derive(Debug, Clone, Copy, Arguments)]
pub(crate) struct ViewArgs {
    /// Show names, categories, numbers and images as the panel has them, without edits and rewrite rules
    #[arg(long = "panel")]
    pub(crate) as_panel: bool,
    /// Show hidden items as well
    #[arg(long)]
    pub(crate) hidden: bool,
    /// Show items that the filter leaves out as well
    #[arg(long)]
    pub(crate) all: bool,
}

impl ViewArgs {
    /// Returns the view in the form for the use cases.
    pub(crate) const fn view(self) -> View {
        View { panel: self.as_panel, hidden: self.hidden, excluded: self.all }
    }
}

/// Which items are shown, in which order, and how.
#[derive(Debug, Arguments)]
pub(crate) struct WhichArgs {
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    #[command(flatten)]
    pub(crate) conditions: ConditionArgs,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// Show them in this order [default: `list`: panel; `search`: the best first]
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(crate) sort: Option<Order>,
    /// Show at most so many items [default: 50; `list` with --json or --csv: all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Show the items behind the one with this cursor; the other options have to be the same
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    pub(crate) after: Option<String>,
    /// Print one JSON object per item, one per line
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print a table as CSV, with a header
    #[arg(long)]
    pub(crate) csv: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// By name
    Name,
    /// By the moment when the panel added them, the newest first
    Added,
    /// By year of release, the newest first
    Year,
    /// By rating, the highest first
    Rating,
    /// In the panel's order
    Panel,
}

impl From<Order> for Sort {
    fn from(order: Order) -> Self {
        match order {
            Order::Name => Self::Name,
            Order::Added => Self::Added,
            Order::Year => Self::Year,
            Order::Rating => Self::Rating,
            Order::Panel => Self::Panel,
        }
    }
}

#[derive(Debug, Arguments)]
pub(crate) struct ShowArgs {
    /// Kind of the item: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    /// The panel's id of the item
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub(crate) id: i64,
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Print user name and password of the profile where the panel's values have them. A file that the output goes to
    /// can then be read by you only
    #[arg(long)]
    pub(crate) secrets: bool,
    /// Show name, categories, number and image as the panel has them, without edits and rewrite rules
    #[arg(long = "panel")]
    pub(crate) as_panel: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct CategoriesArgs {
    /// Kind of the categories: channels, movies or series
    #[arg(value_name = "KIND", value_parser = kind)]
    pub(crate) kind: ContentKind,
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Print one JSON object per category, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Arguments)]
pub(crate) struct ExportArgs {
    /// Format of the export
    #[arg(value_enum, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// The profile; it may be left out where there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) profile: Option<String>,
    /// Export only this kind: channels, movies or series; it may be repeated [default: all]
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    pub(crate) kinds: Vec<ContentKind>,
    /// Write into this file, which appears when it is whole; a pipe or a device is written to [default: standard
    /// output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace the file if it exists; of a link, the file that it leads to
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) view: ViewArgs,
    /// Write user name and password of the profile where the panel's values have them. A file that the output goes to
    /// can then be read by you only
    #[arg(long)]
    pub(crate) secrets: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object per item, one per line
    Json,
    /// A table as CSV (RFC 4180), with a header
    Csv,
}

fn years(text: &str) -> Result<(i64, i64), &'static str> {
    let year = |text: &str| {
        let is_plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| is_plain)
    };
    let (first, last) = text.trim().split_once('-').unwrap_or((text.trim(), text.trim()));
    let (first, last) = year(first.trim()).zip(year(last.trim())).ok_or("use a year (1999) or two (1990-1999)")?;
    if first <= last { Ok((first, last)) } else { Err("the first year is later than the last one") }
}

fn rating(text: &str) -> Result<f64, &'static str> {
    let rating = text.trim().parse().ok().filter(|rating| (0.0..=10.0).contains(rating));
    rating.ok_or("use a number from 0 to 10")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One in sixty-four cursors begins with a hyphen.
    #[test]
    fn a_cursor_may_begin_with_a_hyphen() {
        use clap::Parser as _;
        let args = ["xtream-sync", "list", "movies", "--after", "-Aa_", "--category", "- new -"];
        let super::super::Command::List(list) = super::super::Args::try_parse_from(args).unwrap().command else {
            panic!("list")
        };
        assert_eq!(
            (list.which.after.as_deref(), list.which.conditions.category.as_deref()),
            (Some("-Aa_"), Some("- new -"))
        );
    }

    #[test]
    fn years_and_ratings_are_read() {
        assert_eq!(years("1999"), Ok((1999, 1999)));
        assert_eq!(years("1990-1999"), Ok((1990, 1999)));
        for wrong in ["", "x", "1999-1990", "-1999", "1999-", "19999", "1990-1999-2000", "+199"] {
            assert!(years(wrong).is_err(), "{wrong}");
        }
        assert_eq!(rating("7.5"), Ok(7.5));
        for wrong in ["", "11", "-1", "NaN", "inf", "good"] {
            assert!(rating(wrong).is_err(), "{wrong}");
        }
    }
}
