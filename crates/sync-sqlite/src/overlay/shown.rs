//! Reads the table of items that are not shown as their rows, and keeps it in step.

use std::collections::HashMap;
use std::fmt::Write as _;

use diesel::SqliteConnection;
use diesel::deserialize::{self, QueryableByName};
use diesel::row::{Field, NamedRow};
use diesel::sqlite::{Sqlite, SqliteType};
use sync_core::overlay::{CompiledRules, Edit, Shown};
use sync_core::{CategorySet, ContentId, StoreError};

use super::edited::{self, Kept};
use crate::db::bind::Bind;
use crate::db::statement::{Cell, Record, execute, insert, record, records, rows};
use crate::items::columns;
use crate::search::Key;
use crate::tables::{ids, of};

/// The columns of what is shown, in the order of [`binds`] and [`read`].
pub(crate) const COLUMNS: [&str; 13] = [
    "excluded",
    "hidden",
    "favourite",
    "watched",
    "name",
    "category_id",
    "category_ids",
    "number",
    "icon",
    "note",
    "tags",
    "position",
    "last_watched",
];

/// The number of rows that are compared at a time.
const PAGE: usize = 2_000;

/// Returns whether any item of a kind is not shown as its row.
pub(crate) fn exists(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    is_there(conn, key, "")
}

/// Returns whether any item of a kind is shown with another name or in other categories than its row.
pub(crate) fn has_other_texts(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    is_there(conn, key, " AND (name IS NOT NULL OR category_ids IS NOT NULL)")
}

/// Returns whether any item of a kind is shown in other categories than its row.
pub(crate) fn has_other_categories(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    is_there(conn, key, " AND category_ids IS NOT NULL")
}

/// Returns whether a filter excludes any item of a kind.
pub(crate) fn has_excluded(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    is_there(conn, key, " AND excluded<>0")
}

fn is_there(conn: &mut SqliteConnection, key: Key<'_>, more: &str) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 FROM xtream_shown WHERE profile_id=? AND kind=?{more} LIMIT 1");
    Ok(record(conn, &sql, &key.binds())?.is_some())
}

/// Reads how these items are shown, if they have a row in the table. A row that can't be read shows the item as it is.
pub(crate) fn of_ids(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    wanted: &[i64],
) -> Result<HashMap<ContentId, Shown>, StoreError> {
    let stored = stored(conn, key, Some(wanted))?;
    Ok(stored.into_iter().map(|(id, shown)| (ContentId(id), shown.unwrap_or_default())).collect())
}

/// Reads the rows of the table, and `None` for each row that can't be read. Without ids, it reads all rows of the kind.
fn stored(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    wanted: Option<&[i64]>,
) -> Result<HashMap<i64, Option<Shown>>, StoreError> {
    let mut sql = format!(
        "SELECT content_id,{} FROM xtream_shown WHERE profile_id=? AND kind=? AND typeof(content_id)='integer'",
        COLUMNS.join(",")
    );
    let mut binds = key.binds().to_vec();
    if let Some(wanted) = wanted {
        sql.push_str(" AND content_id IN (SELECT value FROM json_each(?))");
        binds.push(ids::to_json(wanted).into());
    }
    let read = |mut row: Record| Ok((row.integer(0)?, read(&mut row)));
    records(conn, &sql, &binds)?.into_iter().map(read).collect()
}

/// Reads how an item is shown, from the columns behind the id. Returns `None` if a column has a value that is never
/// written there.
fn read(row: &mut Record) -> Option<Shown> {
    let mut flag = |at: usize| match row.take(at) {
        Cell::Integer(0) => Some(false),
        Cell::Integer(1) => Some(true),
        _ => None,
    };
    let (excluded, hidden, favourite, watched) = (flag(1)?, flag(2)?, flag(3)?, flag(4)?);
    let mut text = |at: usize| match row.take(at) {
        Cell::Null => Some(None),
        Cell::Text(text) if !text.is_empty() => Some(Some(text)),
        _ => None,
    };
    let (name, category_id, category_ids) = (text(5)?, text(6)?, text(7)?);
    let (icon, note, tags) = (text(9)?, text(10)?, text(11)?);
    let mut number = |at: usize| row.optional_integer(at).ok();
    let (number, position, last_watched) = (number(8)?, number(12)?, number(13)?);
    let categories = category_ids.as_deref().map(columns::categories);
    let first = categories.as_ref().and_then(|set| set.as_slice().first()).map(|id| id.as_str().to_owned());
    if categories.as_ref().is_some_and(CategorySet::is_empty) || first != category_id {
        return None;
    }
    let tags = match tags {
        Some(tags) => serde_json::from_str(&tags).ok()?,
        None => Vec::new(),
    };
    Some(Shown {
        name,
        categories,
        number,
        icon,
        favourite,
        hidden,
        excluded,
        note,
        tags,
        position,
        watched,
        last_watched,
    })
}

fn binds(shown: &Shown) -> [Bind<'static>; 13] {
    let first = shown.categories.as_ref().and_then(|set| set.as_slice().first());
    let tags = (!shown.tags.is_empty()).then(|| serde_json::Value::from(shown.tags.as_slice()).to_string());
    [
        i64::from(shown.excluded).into(),
        i64::from(shown.hidden).into(),
        i64::from(shown.favourite).into(),
        i64::from(shown.watched).into(),
        shown.name.clone().into(),
        first.map(|id| id.as_str().to_owned()).into(),
        shown.categories.as_ref().and_then(columns::categories_text).into(),
        shown.number.into(),
        shown.icon.clone().into(),
        shown.note.clone().into(),
        tags.into(),
        shown.position.into(),
        shown.last_watched.into(),
    ]
}

/// Adapts the table to rows, edits and rules for these items. Returns those that are shown with another name or in
/// other categories than before.
pub(crate) fn refresh(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    rules: &mut CompiledRules,
    wanted: &[i64],
) -> Result<Vec<i64>, StoreError> {
    let mut difference = Difference::default();
    for page in wanted.chunks(PAGE) {
        let edited = edited::of_ids(conn, key, page)?;
        difference.stored = stored(conn, key, Some(page))?;
        let sql = format!("{} AND {} IN (SELECT value FROM json_each(?))", rows_of(key), of(key.kind).id);
        let mut sets = HashMap::new();
        for row in rows::<Row>(conn, &sql, &[key.profile.as_str().into(), ids::to_json(page).into()])? {
            difference.look(row, rules, &mut sets, |id| edits_of(&edited, id));
        }
        difference.end();
        difference.write(conn, key)?;
    }
    Ok(difference.other_texts)
}

/// Adapts the table to rows, edits and rules for a whole kind. Returns the items that are shown with another name or in
/// other categories than before.
pub(crate) fn refresh_all(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    rules: &mut CompiledRules,
) -> Result<Vec<i64>, StoreError> {
    let mut difference = compare_all(conn, key, rules)?;
    difference.write(conn, key)?;
    Ok(difference.other_texts)
}

/// Returns the items of a kind that are not shown as rows, edits and rules say, ascending.
pub(crate) fn wrong(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Vec<i64>, StoreError> {
    let (_, mut rules) = super::rules::compiled(conn, key)?;
    let found = compare_all(conn, key, &mut rules)?;
    let others = found.others.iter().map(|(id, _)| *id);
    let mut wrong: Vec<_> = found.plain.iter().chain(&found.excluded).copied().chain(others).collect();
    wrong.sort_unstable();
    Ok(wrong)
}

fn compare_all(conn: &mut SqliteConnection, key: Key<'_>, rules: &mut CompiledRules) -> Result<Difference, StoreError> {
    let edited = edited::of_kind(conn, key)?;
    let mut difference = Difference { stored: stored(conn, key, None)?, ..Difference::default() };
    if rules.is_empty() && edited.is_empty() {
        // Every item is shown as its row.
        let has_texts = |shown: &Option<Shown>| {
            shown.as_ref().is_none_or(|shown| shown.name.is_some() || shown.categories.is_some())
        };
        let stored = difference.stored.iter().filter(|(_, shown)| has_texts(shown));
        difference.other_texts = stored.map(|(id, _)| *id).collect();
        difference.end();
        return Ok(difference);
    }
    let id = of(key.kind).id;
    let sql = format!("{} AND {id}>=? ORDER BY {id} LIMIT {PAGE}", rows_of(key));
    let (mut next, mut sets) = (Some(i64::MIN), HashMap::new());
    while let Some(from) = next {
        next = None;
        for row in rows::<Row>(conn, &sql, &[key.profile.as_str().into(), from.into()])? {
            let id = difference.look(row, rules, &mut sets, |id| edits_of(&edited, id));
            next = id.checked_add(1);
        }
    }
    difference.end();
    Ok(difference)
}

fn edits_of(edited: &std::collections::BTreeMap<i64, Kept>, id: i64) -> &[Edit] {
    edited.get(&id).map_or(&[], |kept| &kept.item.edits)
}

/// Returns the SQL that selects the columns that rules use, from the rows of a kind.
fn rows_of(key: Key<'_>) -> String {
    let tables = of(key.kind);
    format!(
        "SELECT {0},name,category_ids FROM {1} WHERE profile_id=? AND typeof({0})='integer'",
        tables.id, tables.items
    )
}

/// The columns of an item that rules use. A value that is no text counts as an empty text.
struct Row {
    id: i64,
    name: String,
    categories: String,
}

impl QueryableByName<Sqlite> for Row {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let text = |at: usize| match diesel::row::Row::get(row, at).as_ref().and_then(Field::value) {
            Some(mut value) if value.value_type() != Some(SqliteType::Binary) => value.read_text().to_owned(),
            _ => String::new(),
        };
        let id = diesel::row::Row::get(row, 0).ok_or("no id")?.value().map(|mut id| id.read_long()).ok_or("no id")?;
        Ok(Self { id, name: text(1), categories: text(2) })
    }
}

/// The differences between the table and what it should hold.
#[derive(Debug, Default)]
struct Difference {
    /// The rows of the table that are not compared yet.
    stored: HashMap<i64, Option<Shown>>,
    /// The items that should have no row in the table.
    plain: Vec<i64>,
    /// The items that should have a row which does nothing but exclude them, and that have no row.
    excluded: Vec<i64>,
    others: Vec<(i64, Shown)>,
    other_texts: Vec<i64>,
}

impl Difference {
    /// Compares an item, and returns its id. `sets` has the sets of categories that were read already.
    fn look<'e>(
        &mut self,
        row: Row,
        rules: &mut CompiledRules,
        sets: &mut HashMap<String, CategorySet>,
        edits: impl Fn(i64) -> &'e [Edit],
    ) -> i64 {
        let Row { id, name, categories } = row;
        if !sets.contains_key(&categories) {
            sets.insert(categories.clone(), columns::categories(&categories));
        }
        let shown = rules.shown(&name, &sets[&categories], edits(id));
        self.compare(id, shown);
        id
    }

    fn compare(&mut self, id: i64, shown: Shown) {
        let stored = if self.stored.is_empty() { None } else { self.stored.remove(&id) };
        if stored.is_none() && shown.is_plain() {
            return;
        }
        let is_known = stored.is_some();
        let before = stored.flatten();
        if before.as_ref() == Some(&shown) && !shown.is_plain() {
            return;
        }
        let texts = |shown: &Shown| (shown.name.clone(), shown.categories.clone());
        // If the row can't be read, it is unknown what was shown.
        if (is_known && before.is_none()) || before.as_ref().map(texts).unwrap_or_default() != texts(&shown) {
            self.other_texts.push(id);
        }
        let only_excluded = || Shown { excluded: true, ..Shown::default() };
        if shown.is_plain() {
            self.plain.push(id);
        } else if !is_known && shown == only_excluded() {
            self.excluded.push(id);
        } else {
            self.others.push((id, shown));
        }
    }

    /// Deletes the remaining rows of the table, because their items don't exist.
    fn end(&mut self) {
        self.plain.extend(self.stored.drain().map(|(id, _)| id));
    }

    fn write(&mut self, conn: &mut SqliteConnection, key: Key<'_>) -> Result<(), StoreError> {
        let [profile, kind] = key.binds();
        if !self.plain.is_empty() {
            let sql = "DELETE FROM xtream_shown WHERE profile_id=? AND kind=? AND content_id IN (SELECT value FROM json_each(?))";
            execute(conn, sql, &[profile.clone(), kind.clone(), ids::to_json(&self.plain).into()])?;
        }
        if !self.excluded.is_empty() {
            let sql =
                "INSERT INTO xtream_shown (profile_id,kind,content_id,excluded) SELECT ?,?,value,1 FROM json_each(?)";
            execute(conn, sql, &[profile.clone(), kind.clone(), ids::to_json(&self.excluded).into()])?;
        }
        let mut head = String::from("INSERT INTO xtream_shown (profile_id,kind,content_id");
        let mut tail = String::from("ON CONFLICT (profile_id,kind,content_id) DO UPDATE SET ");
        for (nth, column) in COLUMNS.into_iter().enumerate() {
            let _ = write!(head, ",{column}");
            let _ = write!(tail, "{}{column}=excluded.{column}", if nth == 0 { "" } else { "," });
        }
        head.push_str(") VALUES");
        let rows = self.others.iter().map(|(id, shown)| {
            let key = [profile.clone(), kind.clone(), (*id).into()];
            key.into_iter().chain(binds(shown)).collect()
        });
        insert(conn, &head, &tail, rows, || Ok(()))?;
        self.plain.clear();
        self.excluded.clear();
        self.others.clear();
        Ok(())
    }
}
