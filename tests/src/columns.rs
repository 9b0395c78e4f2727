//! The columns of the cache, by kind: the keys under which a panel sends them, how their values are normalised, and the
//! meaning of a change. The fixture states these rules by itself, without the code under test.

use crate::item::Kind;

/// The effect of a change of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The item is updated.
    Significant,
    /// The item is refreshed.
    Display,
    /// The change has no effect. The column is written only if the row is written anyway.
    Ignored,
}

/// The rule by which a value becomes the content of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Text,
    /// A text column that holds numbers, in their shortest decimal form.
    Decimal,
    /// As `Decimal`. Zero means that there is no value.
    Reference,
    Integer,
    /// As `Integer`. A missing key or null is zero.
    Count,
    /// 0, 1 or null.
    Flag,
    Real,
    /// All categories as a JSON array.
    CategorySet,
    /// The counter of the listing, unless the item has its own.
    Position,
}

/// A column of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The name in the schema.
    pub name: &'static str,
    /// The effect of a change.
    pub class: Class,
    /// The keys under which panels send the column. The first key that is present counts.
    pub keys: &'static [&'static str],
    pub(crate) rule: Rule,
}

const fn column(name: &'static str, class: Class, rule: Rule, keys: &'static [&'static str]) -> Column {
    Column { name, class, keys, rule }
}

/// Declares a column whose key has the same name.
macro_rules! own {
    ($name:literal, $class:ident, $rule:ident) => {
        column($name, Class::$class, Rule::$rule, &[$name])
    };
}

const TRAILER: Column = column("youtube_trailer", Class::Significant, Rule::Text, &["youtube_trailer", "trailer"]);
const TMDB: Column = column("tmdb_id", Class::Significant, Rule::Reference, &["tmdb_id", "tmdb"]);
const IMDB: Column = column("imdb_id", Class::Significant, Rule::Reference, &["imdb_id", "imdb"]);
const RELEASED: Column =
    column("release_date", Class::Significant, Rule::Text, &["release_date", "releaseDate", "releasedate"]);

static CHANNEL_COLUMNS: [Column; 14] = [
    own!("num", Display, Position),
    own!("name", Significant, Text),
    own!("stream_type", Significant, Text),
    own!("stream_icon", Display, Text),
    own!("thumbnail", Ignored, Text),
    own!("epg_channel_id", Significant, Text),
    own!("added", Display, Decimal),
    own!("category_id", Display, Text),
    own!("category_ids", Significant, CategorySet),
    own!("custom_sid", Ignored, Text),
    own!("tv_archive", Significant, Count),
    own!("direct_source", Ignored, Text),
    own!("tv_archive_duration", Significant, Count),
    own!("is_adult", Significant, Flag),
];

static MOVIE_COLUMNS: [Column; 24] = [
    own!("num", Ignored, Position),
    own!("name", Significant, Text),
    own!("title", Significant, Text),
    own!("year", Significant, Decimal),
    own!("stream_type", Significant, Text),
    own!("stream_icon", Display, Text),
    own!("rating", Display, Real),
    own!("rating_5based", Display, Real),
    own!("genre", Significant, Text),
    own!("added", Display, Decimal),
    own!("episode_run_time", Significant, Integer),
    own!("category_id", Display, Text),
    own!("category_ids", Significant, CategorySet),
    own!("container_extension", Significant, Text),
    own!("custom_sid", Ignored, Text),
    own!("direct_source", Ignored, Text),
    RELEASED,
    own!("cast", Significant, Text),
    own!("director", Significant, Text),
    own!("plot", Significant, Text),
    TRAILER,
    TMDB,
    IMDB,
    own!("is_adult", Significant, Flag),
];

static SERIES_COLUMNS: [Column; 22] = [
    own!("num", Ignored, Position),
    own!("name", Significant, Text),
    own!("title", Significant, Text),
    own!("year", Significant, Decimal),
    own!("stream_type", Significant, Text),
    own!("cover", Display, Text),
    own!("plot", Significant, Text),
    own!("cast", Significant, Text),
    own!("director", Significant, Text),
    own!("genre", Significant, Text),
    RELEASED,
    own!("added", Display, Decimal),
    own!("last_modified", Display, Decimal),
    own!("rating", Display, Decimal),
    own!("rating_5based", Display, Real),
    own!("episode_run_time", Significant, Decimal),
    own!("category_id", Display, Text),
    own!("category_ids", Significant, CategorySet),
    TRAILER,
    TMDB,
    IMDB,
    own!("is_adult", Significant, Flag),
];

/// The columns in which a correct cache may differ from the truth, because a change of these columns alone writes
/// nothing.
pub const IGNORED_COLUMNS: [(Kind, &[&str]); 3] = [
    (Kind::Channels, &["thumbnail", "custom_sid", "direct_source"]),
    (Kind::Movies, &["num", "custom_sid", "direct_source"]),
    (Kind::Series, &["num"]),
];

/// Returns the columns of a kind that are part of the truth. The id isn't one of them, because it is the key of a row.
/// `extra`, the row id, the profile and the times of writing are decided by the cache alone.
pub fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Channels => &CHANNEL_COLUMNS,
        Kind::Movies => &MOVIE_COLUMNS,
        Kind::Series => &SERIES_COLUMNS,
    }
}

/// Returns the column that a key belongs to.
pub(crate) fn column_of(kind: Kind, key: &str) -> Option<&'static Column> {
    columns(kind).iter().find(|column| column.keys.contains(&key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_ignored_columns_is_that_of_the_tables() {
        for (kind, ignored) in IGNORED_COLUMNS {
            let of_table: Vec<&str> = columns(kind)
                .iter()
                .filter(|column| column.class == Class::Ignored)
                .map(|column| column.name)
                .collect();
            assert_eq!(of_table, ignored, "{kind}");
        }
    }
}
