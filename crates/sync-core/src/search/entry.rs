//! An entry: the values of an item by which it is searched, filtered and sorted.

use super::SearchFields;
use super::fold::{fold_into, fold_joined_into};
use crate::model::{CategorySet, ContentId, ContentKind, FieldSet, Item, ValueRef};

/// The values of a row from which an entry is made, as the row has them. A store without the whole item fills it from
/// its columns.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EntrySource<'a> {
    /// `name`.
    pub name: &'a str,
    /// `title`.
    pub title: Option<&'a str>,
    /// `cast`.
    pub cast: Option<&'a str>,
    /// `director`.
    pub director: Option<&'a str>,
    /// `genre`.
    pub genre: Option<&'a str>,
    /// `year`.
    pub year: Option<&'a str>,
    /// `release_date`.
    pub release_date: Option<&'a str>,
    /// `added`.
    pub added: Option<&'a str>,
    /// `last_modified`.
    pub last_modified: Option<&'a str>,
    /// `rating`.
    pub rating: Option<f64>,
}

/// The columns of which an entry is made, besides the categories.
const COLUMNS: [&str; 10] =
    ["name", "title", "cast", "director", "genre", "year", "release_date", "added", "last_modified", "rating"];

impl<'a> EntrySource<'a> {
    /// Takes the value of a column. A column that an entry doesn't need is passed over.
    pub fn set(&mut self, column: &str, value: ValueRef<'a>) {
        let text = match value {
            ValueRef::Text(text) => Some(text),
            ValueRef::Real(number) if column == "rating" => {
                self.rating = Some(number);
                None
            }
            _ => None,
        };
        match column {
            "name" => self.name = text.unwrap_or_default(),
            "title" => self.title = text,
            "cast" => self.cast = text,
            "director" => self.director = text,
            "genre" => self.genre = text,
            "year" => self.year = text,
            "release_date" => self.release_date = text,
            "added" => self.added = text,
            "last_modified" => self.last_modified = text,
            "rating" if text.is_some() => self.rating = text.and_then(|text| text.parse().ok()),
            _ => {}
        }
    }

    /// Takes the values of an item.
    pub fn of(item: &'a Item) -> Self {
        match item {
            Item::Channels(it) => Self { name: &it.name, added: it.added.as_deref(), ..Self::default() },
            Item::Movies(it) => Self {
                name: &it.name,
                title: it.title.as_deref(),
                cast: it.cast.as_deref(),
                director: it.director.as_deref(),
                genre: it.genre.as_deref(),
                year: it.year.as_deref(),
                release_date: it.release_date.as_deref(),
                added: it.added.as_deref(),
                last_modified: None,
                rating: it.rating,
            },
            Item::Series(it) => Self {
                name: &it.name,
                title: it.title.as_deref(),
                cast: it.cast.as_deref(),
                director: it.director.as_deref(),
                genre: it.genre.as_deref(),
                year: it.year.as_deref(),
                release_date: it.release_date.as_deref(),
                added: it.added.as_deref(),
                last_modified: it.last_modified.as_deref(),
                rating: it.rating.as_deref().and_then(|rating| rating.parse().ok()),
            },
        }
    }

    /// Returns the year of release: from `year`, or from `release_date` if it begins with a year.
    pub fn year(&self) -> Option<i64> {
        let number = |text: &str| text.get(..4)?.parse().ok().filter(|year| (1800..=2200).contains(year));
        self.year.and_then(number).or_else(|| self.release_date.and_then(number))
    }

    /// Returns the time at which the panel added the item, in unix seconds. For a series without this time, it is the
    /// time of its last modification.
    pub fn added_at(&self) -> Option<i64> {
        let moment = |text: &str| text.parse().ok().filter(|moment| *moment > 0);
        self.added.and_then(moment).or_else(|| self.last_modified.and_then(moment))
    }

    /// Returns the rating, 0 to 10.
    pub fn rating(&self) -> Option<f64> {
        self.rating.filter(|rating| rating.is_finite() && *rating >= 0.0)
    }

    /// Returns the year as an entry keeps it; 0 if it is unknown.
    pub(super) fn kept_year(&self) -> u16 {
        self.year().and_then(|year| u16::try_from(year).ok()).unwrap_or_default()
    }

    /// Returns the time of addition as an entry keeps it; 0 if it is unknown.
    pub(super) fn kept_moment(&self) -> u32 {
        self.added_at().map_or(0, |moment| u32::try_from(moment).unwrap_or(u32::MAX))
    }

    /// Returns the rating as an entry keeps it.
    #[expect(clippy::cast_possible_truncation, reason = "a rating has few digits; an order needs no more")]
    pub(super) fn kept_rating(&self) -> Option<f32> {
        self.rating().map(|rating| rating as f32)
    }

    /// Appends the lines of name and title.
    pub(super) fn write_names(&self, lines: &mut String) {
        let start = lines.len();
        line(self.name, lines);
        if let Some(title) = self.title.filter(|title| *title != self.name) {
            let behind_name = lines.len();
            line(title, lines);
            if lines[start..behind_name] == lines[behind_name..] {
                lines.truncate(behind_name);
            }
        }
        joined([Some(self.name), self.title], lines);
    }

    /// Appends the lines of the other searched fields.
    pub(super) fn write_rest(&self, fields: SearchFields, lines: &mut String) {
        if fields == SearchFields::All {
            for text in [self.cast, self.director, self.genre].into_iter().flatten() {
                line(text, lines);
            }
            joined([self.cast, self.director], lines);
        }
    }
}

impl Item {
    /// Returns the year of release: from `year`, or from `release_date` if it begins with a year.
    pub fn year(&self) -> Option<i64> {
        EntrySource::of(self).year()
    }

    /// Returns the time at which the panel added the item, in unix seconds. For a series without this time, it is the
    /// time of its last modification.
    pub fn added_at(&self) -> Option<i64> {
        EntrySource::of(self).added_at()
    }

    /// Returns the rating, 0 to 10.
    pub fn rating(&self) -> Option<f64> {
        EntrySource::of(self).rating()
    }
}

/// The values of an item by which it is searched, filtered and sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The panel's id.
    pub id: ContentId,
    /// The year of release; 0 if it is unknown.
    pub(crate) year: u16,
    /// When the panel added it, in unix seconds; 0 if it is unknown.
    pub(crate) added: u32,
    /// The rating; `None` if there is none.
    pub(crate) rating: Option<f32>,
    pub(crate) categories: CategorySet,
    /// A line each for name and title: a line feed, a blank, and the words. A title that equals the name has no line.
    /// After a tab come the words that contain a sign, each written as one word.
    pub(crate) names: String,
    /// The same for cast, director and genre.
    pub(crate) rest: String,
}

impl Entry {
    /// Returns the columns of a kind whose change requires a new entry of the item.
    pub fn columns(kind: ContentKind) -> FieldSet {
        let mut set = FieldSet::default();
        let columns = COLUMNS.into_iter().chain(["category_ids"]);
        columns.filter_map(|column| kind.field(column)).for_each(|position| set.add(position));
        set
    }

    /// Makes the entry of an item from its values.
    pub fn new(id: ContentId, source: &EntrySource<'_>, categories: CategorySet, fields: SearchFields) -> Self {
        let (mut names, mut rest) = (String::with_capacity(source.name.len() + 2), String::new());
        source.write_names(&mut names);
        source.write_rest(fields, &mut rest);
        Self {
            id,
            year: source.kept_year(),
            added: source.kept_moment(),
            rating: source.kept_rating(),
            categories,
            names,
            rest,
        }
    }

    /// Makes the entry of an item.
    pub fn of(item: &Item, fields: SearchFields) -> Self {
        Self::new(item.id(), &EntrySource::of(item), item.categories().clone(), fields)
    }
}

/// Appends a line with the words of a text. Appends nothing if there are none.
fn line(text: &str, lines: &mut String) {
    let start = lines.len();
    lines.push_str("\n ");
    fold_into(text, lines);
    if lines.len() == start + 2 {
        lines.truncate(start);
    }
}

/// Appends the words of texts that are written as one, after a tab. Appends nothing if there are none.
fn joined(texts: [Option<&str>; 2], lines: &mut String) {
    let start = lines.len();
    lines.push('\t');
    let mut first = None;
    for text in texts.into_iter().flatten().filter(|text| first.replace(*text) != Some(*text)) {
        fold_joined_into(text, lines);
    }
    if lines.len() == start + 1 {
        lines.truncate(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{movie, series};

    #[test]
    fn an_entry_has_a_line_for_each_text() {
        let mut item = movie(5).item();
        let mut set = |name: &str, value: &str| {
            item.set(ContentKind::Movies.field(name).unwrap(), crate::model::Value::Text(value.into()));
        };
        set("name", "EN - Amélie (2001)");
        set("title", "Amélie");
        set("cast", "Audrey Tautou");
        set("genre", "★");
        set("year", "2001");
        set("added", "1700000000");
        set("rating", "8.3");
        let entry = Entry::of(&item, SearchFields::All);
        assert_eq!(entry.names, "\n en amelie 2001\n amelie");
        assert_eq!(entry.rest, "\n audrey tautou");
        assert_eq!(Entry::of(&movie(1).name("X-Men").item(), SearchFields::All).names, "\n x men\t xmen");
        assert_eq!((entry.year, entry.added, entry.rating), (2001, 1_700_000_000, Some(8.3)));
        assert_eq!(Entry::of(&item, SearchFields::Names).rest, "");
    }

    #[test]
    fn a_title_that_is_the_name_has_no_line_of_its_own() {
        let source = EntrySource { name: "Dune!", title: Some("DUNE"), ..EntrySource::default() };
        let entry = Entry::new(ContentId(1), &source, CategorySet::NONE, SearchFields::All);
        assert_eq!(entry.names, "\n dune");
        let source = EntrySource { name: "★", title: Some("DUNE"), ..EntrySource::default() };
        let entry = Entry::new(ContentId(1), &source, CategorySet::NONE, SearchFields::All);
        assert_eq!(entry.names, "\n dune");
    }

    #[test]
    fn years_and_moments_are_read_as_panels_write_them() {
        for (year, release_date, expected) in [
            (Some("1999"), None, Some(1999)),
            (Some("1999-2003"), Some("2001-01-01"), Some(1999)),
            (Some("0"), Some("2001-01-01"), Some(2001)),
            (Some("12.05.1999"), None, None),
            (None, Some("20011"), Some(2001)),
            (Some("9999"), Some("x"), None),
            (Some("é99"), None, None),
        ] {
            let source = EntrySource { year, release_date, ..EntrySource::default() };
            assert_eq!(source.year(), expected, "{year:?} {release_date:?}");
        }
        for (added, last_modified, expected) in
            [(Some("17"), Some("18"), Some(17)), (Some("0"), Some("18"), Some(18)), (Some("x"), None, None)]
        {
            let source = EntrySource { added, last_modified, ..EntrySource::default() };
            assert_eq!(source.added_at(), expected);
        }
        let item = series(3).item();
        assert_eq!((item.year(), item.rating()), (None, None));
    }

    /// A store sets the columns one by one.
    #[test]
    fn an_item_and_its_columns_make_the_same_entry() {
        for kind in ContentKind::ALL {
            let mut item = Item::with_id(kind, ContentId(7));
            for (position, field) in kind.fields().iter().enumerate() {
                let digits = ["year", "added", "last_modified", "rating"].contains(&field.name);
                let text = if digits { format!("20{position:02}") } else { format!("{} text", field.name) };
                item.set(position, crate::model::Value::Text(text.into()));
            }
            let mut source = EntrySource::default();
            for (position, field) in kind.fields().iter().enumerate() {
                source.set(field.name, item.value(position));
            }
            let entry = Entry::of(&item, SearchFields::All);
            assert_eq!(Entry::new(ContentId(7), &source, item.categories().clone(), SearchFields::All), entry);
            assert!(entry.added > 0 && !entry.names.is_empty(), "{kind}");
        }
    }

    #[test]
    fn every_column_of_an_entry_is_a_column_of_some_kind() {
        for column in COLUMNS {
            assert!(ContentKind::ALL.iter().any(|kind| kind.field(column).is_some()), "{column}");
        }
        assert!(ContentKind::ALL.iter().all(|kind| Entry::columns(*kind).has(kind.field("category_ids").unwrap())));
    }
}
