//! Answers selections, from the search text or, without one, from the rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use diesel::SqliteConnection;
use sync_core::catalogue::{AnsweredBy, Selected, SelectedRow, Selection, Sort};
use sync_core::search::{Depth, Hits, SearchFields, SearchIndex, Searched, browse, select};
use sync_core::{ContentId, ContentKind, Item, ProfileId, StoreError};
use xxhash_rust::xxh3::xxh3_64;

use super::HeldIndexes;
use super::entries::Values;
use super::load;
use super::tables::{self, Key, State};
use super::write::has_rows;
use crate::db::bind::Bind;
use crate::db::statement::{Cell, Record, integers, record, records};
use crate::items::columns;
use crate::overlay;
use crate::overlay::shown::{has_excluded, has_other_texts};
use crate::overlay::view::{Apart, condition};
use crate::store::SqliteStore;
use crate::tables::{ids, of};

/// The columns that a list shows.
const SHOWN: [&str; 6] = ["name", "year", "release_date", "rating", "category_id", "category_ids"];

impl SqliteStore {
    /// Returns the items of a selection, in its order.
    pub fn select_blocking(&self, profile: &ProfileId, selection: &Selection) -> Result<Selected, StoreError> {
        self.read_profile(profile, |conn| {
            Reader { conn, held: self.held_indexes(), profile, selection, answered_by: AnsweredBy::SearchText }.run()
        })
    }
}

/// The search index of a kind, with the values that a search in it needs.
struct Prepared {
    kind: ContentKind,
    index: Arc<SearchIndex>,
    panel_order: Arc<Vec<u32>>,
    held: HashSet<ContentId>,
    apart: Apart,
}

struct Reader<'a> {
    conn: &'a mut SqliteConnection,
    held: &'a HeldIndexes,
    profile: &'a ProfileId,
    selection: &'a Selection,
    answered_by: AnsweredBy,
}

impl Reader<'_> {
    fn run(mut self) -> Result<Selected, StoreError> {
        if let Some(hits) = self.browsed()? {
            return self.selected(hits);
        }
        let mut kinds = Vec::new();
        for kind in ContentKind::ALL.into_iter().filter(|kind| self.selection.kinds.contains(kind)) {
            kinds.push(self.kind(kind)?);
        }
        let searched: Vec<_> = kinds
            .iter()
            .map(|it| Searched {
                kind: it.kind,
                index: &it.index,
                panel_order: &it.panel_order,
                held: &it.held,
                left_out: &it.apart.left_out,
                only: it.apart.only.as_ref(),
            })
            .collect();
        let hits = select(&searched, self.selection);
        self.selected(hits)
    }

    /// Returns a page in the panel's order, if it is the first page and needs no index.
    fn browsed(&mut self) -> Result<Option<Hits>, StoreError> {
        let [kind] = self.selection.kinds[..] else { return Ok(None) };
        if self.selection.words.is_some() || self.selection.sort != Sort::Panel {
            return Ok(None);
        }
        let key = Key { profile: self.profile, kind };
        let view = self.selection.view;
        // If many items are left out, a page may be far behind the first items.
        if !view.excluded && has_excluded(self.conn, key)? {
            return Ok(None);
        }
        let state = tables::state(self.conn, key)?;
        let is_held =
            |stamp| self.held.get(key, stamp, Depth::Values).is_some() || !self.held.is_first_look(key, stamp);
        if state.stamp.is_some_and(is_held) {
            return Ok(None);
        }
        let listed = self.listed(key)?;
        let hits = browse(self.selection, &listed, |ids| {
            let tables = of(kind);
            let mut sql = format!(
                "SELECT {0} FROM {1} i WHERE profile_id=? AND {0} IN (SELECT value FROM json_each(?))",
                tables.id, tables.items
            );
            if let Some(is_left_out) = condition(view) {
                let _ = write!(
                    sql,
                    " AND NOT EXISTS (SELECT 1 FROM xtream_shown s WHERE s.profile_id=i.profile_id AND s.kind='{kind}' \
                     AND s.content_id=i.{} AND {is_left_out})",
                    tables.id
                );
            }
            let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
            let found = integers(self.conn, &sql, &[key.profile.as_str().into(), ids::to_json(&ids).into()])?;
            Ok::<_, StoreError>(found.into_iter().map(ContentId).collect())
        })?;
        if hits.is_some() && state.stamp.is_none() {
            self.answered_by = without_text(state);
        }
        Ok(hits)
    }

    fn kind(&mut self, kind: ContentKind) -> Result<Prepared, StoreError> {
        let key = Key { profile: self.profile, kind };
        let state = tables::state(self.conn, key)?;
        let by_panel = self.selection.sort == Sort::Panel;
        // The text has the shown values.
        let wants_others = self.selection.view.panel && has_other_texts(self.conn, key)?;
        let of_text = if wants_others { None } else { self.of_text(key, state)? };
        let (index, panel_order) = if let Some((index, stamp)) = of_text {
            let order = if by_panel { self.kept_order(key, stamp, &index)? } else { Arc::default() };
            (index, order)
        } else {
            let index = self.of_rows(key, state)?;
            let order = if by_panel { index.panel_order(&self.listed(key)?) } else { Vec::new() };
            (Arc::new(index), Arc::new(order))
        };
        let held = if self.selection.filter.held { self.held(key)? } else { HashSet::new() };
        let apart = Apart::of(self.conn, key, self.selection.view, &self.selection.filter)?;
        Ok(Prepared { kind, index, panel_order, held, apart })
    }

    /// Returns the index of the text, and the stamp of the text. Returns `None` if no text can be used.
    fn of_text(&mut self, key: Key<'_>, state: State) -> Result<Option<(Arc<SearchIndex>, i64)>, StoreError> {
        let Some(stamp) = state.stamp else { return Ok(None) };
        // A text of names has no texts of other fields.
        let depth = match (&self.selection.words, self.selection.sort) {
            (Some(_), _) if state.fields == SearchFields::All => Depth::Texts,
            (Some(_), _) | (None, Sort::Name) => Depth::Names,
            (None, _) => Depth::Values,
        };
        let index = text_index(self.conn, self.held, key, stamp, depth)?;
        Ok(index.map(|index| (index, stamp)))
    }

    fn of_rows(&mut self, key: Key<'_>, state: State) -> Result<SearchIndex, StoreError> {
        if !has_rows(self.conn, key)? {
            // The kind has no rows, so a text would be empty.
            return Ok(SearchIndex::default());
        }
        let is_off = state.fields == SearchFields::Off;
        // The present text has other names than the panel's, and the next sync doesn't change that.
        self.answered_by = if state.stamp.is_some() && self.selection.view.panel {
            AnsweredBy::RowsWithoutText
        } else {
            without_text(state)
        };
        // If a profile keeps no text, all its fields are searched.
        let fields = match self.selection.words {
            None => SearchFields::Names,
            Some(_) if is_off => SearchFields::All,
            Some(_) => state.fields,
        };
        let values = if self.selection.view.panel { Values::Panel } else { Values::Shown };
        load::of_rows(self.conn, key, fields, values)
    }

    /// Returns the panel's order. It is computed again only if the listing has changed.
    fn kept_order(&mut self, key: Key<'_>, stamp: i64, index: &SearchIndex) -> Result<Arc<Vec<u32>>, StoreError> {
        let text = self.listed_text(key)?;
        let listing = xxh3_64(&text);
        if let Some(order) = self.held.order(key, stamp, listing) {
            return Ok(order);
        }
        let order = Arc::new(index.panel_order(&listed(&text)));
        self.held.keep_order(key, stamp, listing, &order);
        Ok(order)
    }

    /// Returns the ids of the last listing in its order, in their stored form.
    fn listed_text(&mut self, key: Key<'_>) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT CAST(ids AS BLOB) FROM xtream_listing_index WHERE profile_id=? AND kind=? AND scope=''";
        let found = record(self.conn, sql, &[key.profile.as_str().into(), key.kind.as_str().into()])?;
        Ok(found.and_then(|mut row| row.blob(0).ok()).unwrap_or_default())
    }

    fn listed(&mut self, key: Key<'_>) -> Result<Vec<ContentId>, StoreError> {
        Ok(listed(&self.listed_text(key)?))
    }

    fn held(&mut self, key: Key<'_>) -> Result<HashSet<ContentId>, StoreError> {
        let sql = "SELECT content_id FROM xtream_held_removals WHERE profile_id=? AND kind=? AND typeof(content_id)='integer'";
        let ids = integers(self.conn, sql, &[key.profile.as_str().into(), key.kind.as_str().into()])?;
        Ok(ids.into_iter().map(ContentId).collect())
    }

    /// Reads the rows of the items that were found. An item of the index whose row is gone is left out.
    fn selected(self, found: Hits) -> Result<Selected, StoreError> {
        let view = self.selection.view;
        let mut items = HashMap::with_capacity(found.hits.len());
        for kind in ContentKind::ALL {
            let ids: Vec<_> = found.hits.iter().filter(|hit| hit.kind == kind).map(|hit| hit.id.0).collect();
            if !ids.is_empty() {
                let key = Key { profile: self.profile, kind };
                let mut overlaid = overlay::shown::of_ids(self.conn, key, &ids)?;
                for item in rows_of_list(self.conn, key, &ids)? {
                    let shown = overlaid.remove(&item.id()).unwrap_or_default();
                    items.insert((kind, item.id()), (view.item(item, &shown), shown));
                }
            }
        }
        let next = found.hits.last().filter(|_| found.more).map(|hit| hit.cursor.clone());
        let row = |hit: sync_core::search::Hit| {
            let (item, shown) = items.get(&(hit.kind, hit.id))?;
            Some(SelectedRow::of(item, shown, hit.cursor))
        };
        Ok(Selected::new(found.hits.into_iter().filter_map(row).collect(), next, self.answered_by))
    }
}

/// Returns what answers a selection if there is no text.
fn without_text(state: State) -> AnsweredBy {
    if state.fields == SearchFields::Off { AnsweredBy::RowsWithoutText } else { AnsweredBy::RowsUntilSync }
}

/// Returns the index of the text with this stamp, from memory or from the tables. Returns `None` if the text can't be
/// read.
fn text_index(
    conn: &mut SqliteConnection,
    held: &HeldIndexes,
    key: Key<'_>,
    stamp: i64,
    depth: Depth,
) -> Result<Option<Arc<SearchIndex>>, StoreError> {
    if let Some(index) = held.get(key, stamp, depth) {
        return Ok(Some(index));
    }
    let Some(index) = load::of_text(conn, key, depth)? else { return Ok(None) };
    let index = Arc::new(index);
    held.keep(key, stamp, depth, &index);
    Ok(Some(index))
}

/// Returns the number of items in each category, from the search text. Returns `None` if no text can be used.
pub(crate) fn category_sizes(
    conn: &mut SqliteConnection,
    held: &HeldIndexes,
    key: Key<'_>,
) -> Result<Option<BTreeMap<String, u64>>, StoreError> {
    let Some(stamp) = tables::state(conn, key)?.stamp else { return Ok(None) };
    // The categories are to be counted by the rows, but the text has the shown categories.
    if overlay::shown::has_other_categories(conn, key)? {
        return Ok(None);
    }
    Ok(text_index(conn, held, key, stamp, Depth::Values)?.map(|index| index.category_sizes()))
}

/// Reads stored ids. A value that is no list of ids has no ids.
fn listed(text: &[u8]) -> Vec<ContentId> {
    let ids = std::str::from_utf8(text).ok().and_then(|text| ids::from_json(text, text.len() / 8));
    ids.unwrap_or_default().into_iter().map(ContentId).collect()
}

/// Reads items with the columns that a list shows.
fn rows_of_list(conn: &mut SqliteConnection, key: Key<'_>, wanted: &[i64]) -> Result<Vec<Item>, StoreError> {
    let (kind, tables) = (key.kind, of(key.kind));
    let columns: Vec<_> = SHOWN.into_iter().filter_map(|name| kind.field(name).map(|at| (at, name))).collect();
    let names: Vec<_> = columns.iter().map(|(_, name)| format!(",\"{name}\"")).collect();
    let names = names.concat();
    let sql = format!(
        "SELECT {0}{names} FROM {1} WHERE profile_id=? AND {0} IN (SELECT value FROM json_each(?))",
        tables.id, tables.items
    );
    let read = |mut row: Record| {
        let mut item = Item::with_id(kind, ContentId(row.integer(0)?));
        for (place, (at, _)) in columns.iter().enumerate() {
            let stored = match row.take(place + 1) {
                Cell::Integer(number) => Bind::Integer(number),
                Cell::Real(number) => Bind::Real(number),
                Cell::Text(text) => Bind::Owned(text),
                Cell::Null | Cell::Blob(_) => Bind::Null,
            };
            item.set(*at, columns::from_sql(kind.fields()[*at].shape, &stored));
        }
        Ok(item)
    };
    let binds = [key.profile.as_str().into(), ids::to_json(wanted).into()];
    records(conn, &sql, &binds)?.into_iter().map(read).collect()
}
