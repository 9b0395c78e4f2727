//! Items of `list` and `search` as lines: a table, JSON or CSV.

use std::io::{self, Write};

use sync_core::Profile;
use sync_core::text::printable;
use sync_service::{FoundItem, Login};

use super::args::WhichArgs;
use super::json;
use super::look::Look;
use super::table::{Column, Table, cell};
use super::value::joined_ids;
use crate::json::FoundItem as Line;

/// The columns of the table. A list of one kind leaves out the first column, which names the kind.
const COLUMNS: [Column; 6] = [
    Column::text("KIND").spare(3),
    Column::number("ID").dim(),
    Column::text("NAME").cut_to(16),
    Column::number("YEAR").spare(1),
    Column::number("RATING").spare(2),
    Column::text("CATEGORY").cut_to(10).spare(4),
];

/// The number of rows that decide the widths of the columns. A later row that is wider is cut on a terminal, and is
/// wider in a file.
const MEASURED: usize = 1_000;

/// The names of the members, which are also the names of the columns of CSV.
const MEMBERS: [&str; 11] = [
    "profile",
    "kind",
    "id",
    "name",
    "category",
    "category_name",
    "categories",
    "year",
    "rating",
    "favourite",
    "cursor",
];

/// How items are shown.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    profile: &'a Profile,
    login: &'a Login,
    look: Look,
    form: Form<'a>,
    /// The number of columns that are left out at the beginning.
    without: usize,
    /// Whether an item has been shown.
    any: bool,
}

#[derive(Debug)]
enum Form<'a> {
    Json,
    Csv,
    Text(Option<Table<'a>>),
}

impl<'a> Lines<'a> {
    pub(crate) fn new(profile: &'a Profile, login: &'a Login, which: &WhichArgs, has_kinds: bool, look: Look) -> Self {
        let form = match (which.json, which.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => Form::Text(None),
        };
        let without = usize::from(!has_kinds);
        Self { profile, login, look, form, without, any: false }
    }

    /// Returns whether an item has been shown.
    pub(crate) const fn any(&self) -> bool {
        self.any
    }

    /// Writes some items.
    pub(crate) fn write(&mut self, items: &[FoundItem], mut out: &mut dyn Write) -> io::Result<()> {
        let is_first = !self.any && !items.is_empty();
        self.any |= is_first;
        match &mut self.form {
            Form::Json => items.iter().try_for_each(|item| {
                let texts = Texts::of(item, self.login);
                json::write_line(&mut out, &line(self.profile, item, &texts))
            }),
            Form::Csv => {
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                if is_first {
                    writer.write_record(MEMBERS)?;
                }
                for item in items {
                    let texts = Texts::of(item, self.login);
                    write_record(&mut writer, &line(self.profile, item, &texts), self.look)?;
                }
                writer.flush()
            }
            Form::Text(table) => {
                let rows: Vec<_> = items.iter().map(|item| row(item, self.login, self.without)).collect();
                if is_first {
                    let measured = &rows[..rows.len().min(MEASURED)];
                    let made = Table::new(self.look, &COLUMNS[self.without..], 0, 2, measured);
                    writeln!(out, "{}", made.header())?;
                    *table = Some(made);
                }
                let Some(table) = table else { return Ok(()) };
                rows.iter().try_for_each(|row| writeln!(out, "{}", table.line(row)))
            }
        }
    }
}

/// The texts of an item, without the login.
struct Texts<'a> {
    name: std::borrow::Cow<'a, str>,
    category_name: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    fn of(item: &'a FoundItem, login: &Login) -> Self {
        let category_name = item.category_name.as_deref().map(|name| login.blank(name));
        Self { name: login.blank(&item.row.name), category_name }
    }
}

fn line<'a>(profile: &'a Profile, item: &'a FoundItem, texts: &'a Texts<'a>) -> Line<'a> {
    let row = &item.row;
    Line {
        profile: profile.id.as_str().into(),
        kind: row.kind.as_str().into(),
        id: row.id.0,
        name: (&*texts.name).into(),
        category: row.category.as_ref().map(|id| id.0.as_str().into()),
        category_name: texts.category_name.as_deref().map(Into::into),
        categories: row.categories.iter().map(|id| id.as_str().into()).collect(),
        year: row.year,
        rating: row.rating,
        favourite: row.favourite,
        cursor: item.cursor.as_str().into(),
    }
}

fn write_record<W: Write>(writer: &mut csv::Writer<W>, line: &Line<'_>, look: Look) -> io::Result<()> {
    // Characters that could control a terminal are written to files only.
    let text = |text: &str| if look.is_terminal() { printable(text) } else { text.to_owned() };
    let number = |number: Option<String>| number.unwrap_or_default();
    let cells = [
        text(&line.profile),
        line.kind.clone().into_owned(),
        line.id.to_string(),
        text(&line.name),
        text(line.category.as_deref().unwrap_or_default()),
        text(line.category_name.as_deref().unwrap_or_default()),
        text(&joined_ids(line.categories.iter().map(|id| &**id))),
        number(line.year.map(|year| year.to_string())),
        number(line.rating.map(|rating| rating.to_string())),
        line.favourite.to_string(),
        line.cursor.clone().into_owned(),
    ];
    Ok(writer.write_record(&cells)?)
}

/// Returns the cells of an item in the table.
fn row(item: &FoundItem, login: &Login, without: usize) -> Vec<String> {
    let (row, texts) = (&item.row, Texts::of(item, login));
    let category = texts.category_name.as_deref().or_else(|| row.category.as_ref().map(|id| id.0.as_str()));
    let cells = [
        row.kind.as_str().to_owned(),
        row.id.0.to_string(),
        cell(&texts.name),
        row.year.map(|year| year.to_string()).unwrap_or_default(),
        row.rating.map(|rating| format!("{rating:.1}")).unwrap_or_default(),
        cell(category.unwrap_or_default()),
    ];
    cells.into_iter().skip(without).collect()
}

#[cfg(test)]
mod tests;
