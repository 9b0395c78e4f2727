//! Reads the tables of edited items and edits, and writes what differs.
//!
//! Rows of another program that are no edits are left out. A check names them.

use std::collections::BTreeMap;

use diesel::SqliteConnection;
use sync_core::overlay::{Edit, EditField, EditedItem, ItemIdentity, PanelConflict};
use sync_core::{ContentId, ContentKind, ProfileId, StoreError};

use super::values;
use crate::db::bind::Bind;
use crate::db::statement::{Record, execute, insert, integer, integers, records};
use crate::search::Key;
use crate::tables::ids;

/// Whether the panel lists an edited item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The panel lists the item.
    No,
    /// The panel doesn't list the item, and a sync has looked for the item to which the edits belong.
    Seen,
    /// The panel doesn't list the item, and no sync has looked yet.
    Unseen,
}

impl Gone {
    const fn number(self) -> i64 {
        match self {
            Self::No => 0,
            Self::Seen => 1,
            Self::Unseen => 2,
        }
    }

    const fn of(number: i64) -> Self {
        match number {
            0 => Self::No,
            1 => Self::Seen,
            _ => Self::Unseen,
        }
    }
}

/// An edited item as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) item: EditedItem,
    pub(crate) gone: Gone,
}

const OF_KIND: &str = "profile_id=? AND kind=? AND parent=0 AND typeof(content_id)='integer'";
const OF_IDS: &str = " AND content_id IN (SELECT value FROM json_each(?))";

/// Reads the edited items of a kind, by ascending id.
pub(crate) fn of_kind(conn: &mut SqliteConnection, key: Key<'_>) -> Result<BTreeMap<i64, Kept>, StoreError> {
    load(conn, key, "", &key.binds())
}

/// Reads those of these items that are edited, by ascending id.
pub(crate) fn of_ids(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    wanted: &[i64],
) -> Result<BTreeMap<i64, Kept>, StoreError> {
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let [profile, kind] = key.binds();
    load(conn, key, OF_IDS, &[profile, kind, ids::to_json(wanted).into()])
}

/// Reads the edited items of a kind that have a conflict or an offer, by ascending id.
pub(crate) fn open_of_kind(conn: &mut SqliteConnection, key: Key<'_>) -> Result<BTreeMap<i64, Kept>, StoreError> {
    let sql = format!(
        "SELECT content_id FROM xtream_edits WHERE {OF_KIND} AND conflict_since IS NOT NULL UNION \
         SELECT content_id FROM xtream_edited_items WHERE {OF_KIND} AND maybe_id IS NOT NULL"
    );
    let open = integers(conn, &sql, &[key.binds(), key.binds()].concat())?;
    let mut all = of_ids(conn, key, &open)?;
    all.retain(|_, kept| kept.item.is_open());
    Ok(all)
}

/// Reads the ids of the edited items of a kind that the panel doesn't list.
pub(crate) fn gone(conn: &mut SqliteConnection, key: Key<'_>) -> Result<BTreeMap<i64, Gone>, StoreError> {
    let sql = "SELECT content_id,gone FROM xtream_edited_items WHERE profile_id=? AND kind=? AND gone>0 AND parent=0";
    let rows = records(conn, sql, &key.binds())?;
    let read = |mut row: Record| Some((row.integer(0).ok()?, Gone::of(row.integer(1).ok()?)));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Reads the ids of all edited items of a kind, ascending.
pub(crate) fn all_ids(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Vec<i64>, StoreError> {
    let sql = format!("SELECT content_id FROM xtream_edited_items WHERE {OF_KIND} ORDER BY content_id");
    integers(conn, &sql, &key.binds())
}

/// Makes the next sync look again for the items to which edits of gone items belong. This concerns the new gone items
/// and all earlier ones.
pub(crate) fn look_again(conn: &mut SqliteConnection, key: Key<'_>, new: &[i64]) -> Result<(), StoreError> {
    let sql = "UPDATE xtream_edited_items SET gone=2 WHERE profile_id=? AND kind=? AND gone>0 AND gone<>2";
    execute(conn, sql, &key.binds())?;
    if !new.is_empty() {
        let sql = format!("UPDATE xtream_edited_items SET gone=2 WHERE {OF_KIND}{OF_IDS}");
        let [profile, kind] = key.binds();
        execute(conn, &sql, &[profile, kind, ids::to_json(new).into()])?;
    }
    Ok(())
}

/// Counts the edits of a profile.
pub(crate) fn count(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM xtream_edits WHERE profile_id=?";
    Ok(integer(conn, sql, &[profile.as_str().into()])?.unwrap_or_default().unsigned_abs())
}

fn load(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    more: &str,
    binds: &[Bind<'_>],
) -> Result<BTreeMap<i64, Kept>, StoreError> {
    let sql = format!(
        "SELECT content_id,name,tmdb_id,category_id,maybe_id,maybe_name,declined_id,gone FROM xtream_edited_items \
         WHERE {OF_KIND}{more}"
    );
    let mut items = BTreeMap::new();
    for mut row in records(conn, &sql, binds)? {
        let id = row.integer(0)?;
        items.insert(id, item(key.kind, id, &mut row));
    }
    if items.is_empty() {
        return Ok(items);
    }
    let sql = format!(
        "SELECT content_id,field,local,base,edited_at,panel,conflict_since FROM xtream_edits WHERE {OF_KIND}{more}"
    );
    for mut row in records(conn, &sql, binds)? {
        let id = row.integer(0)?;
        if let Some((kept, edit)) = items.get_mut(&id).zip(edit(&mut row)) {
            kept.item.edits.push(edit);
        }
    }
    items.retain(|_, kept| !kept.item.edits.is_empty());
    for kept in items.values_mut() {
        kept.item.edits.sort_by_key(|edit| edit.field);
    }
    Ok(items)
}

fn item(kind: ContentKind, id: i64, row: &mut Record) -> Kept {
    let mut text = |at: usize| row.optional_text(at).ok().flatten();
    let identity = ItemIdentity { name: text(1).unwrap_or_default(), tmdb_id: text(2), category_id: text(3) };
    let maybe_name = text(5).unwrap_or_default();
    let mut number = |at: usize| row.optional_integer(at).ok().flatten();
    let mut item = EditedItem::new(kind, ContentId(id), identity);
    item.maybe = number(4).map(|id| (ContentId(id), maybe_name));
    item.declined = number(6).map(ContentId);
    let gone = number(7).map_or(Gone::Unseen, Gone::of);
    Kept { item, gone }
}

/// Reads an edit. Returns `None` if the row is no edit.
fn edit(row: &mut Record) -> Option<Edit> {
    let field = EditField::from_name(&row.text(1).ok()?)?;
    let local = values::local(field, &row.text(2).ok()?)?;
    let mut panel_value = |at| row.optional_text(at).ok().flatten().and_then(|text| values::from_text(field, &text));
    let (base, panel) = (panel_value(3), panel_value(5));
    let edited_at = row.integer(4).ok()?;
    let since = row.optional_integer(6).ok()?;
    Some(Edit { field, local, base, edited_at, conflict: since.map(|since| PanelConflict { panel, since }) })
}

/// Names the edits and edited items of a kind that can't be read, and those without their counterpart: an edit without
/// an item, or an item without an edit.
pub(crate) fn unreadable(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT quote(content_id),field,local,base,edited_at,panel,conflict_since,parent=0 AND \
               typeof(content_id)='integer' AND EXISTS (SELECT 1 FROM xtream_edited_items i WHERE \
               i.profile_id=e.profile_id AND i.kind=e.kind AND i.parent=e.parent AND i.content_id=e.content_id) \
               FROM xtream_edits e WHERE profile_id=? AND kind=? ORDER BY content_id,field";
    let mut odd = Vec::new();
    for mut row in records(conn, sql, &key.binds())? {
        let id = row.text(0)?;
        let name = row.optional_text(1).ok().flatten().unwrap_or_default();
        let [local, base, panel] = [2, 3, 5].map(|at| row.optional_text(at));
        let has_times = row.integer(4).is_ok() && row.optional_integer(6).is_ok();
        let has_item = row.integer(7)? != 0;
        let has_values = EditField::from_name(&name).is_some_and(|field| {
            let is_panels = |text: Option<String>| text.is_none_or(|text| values::from_text(field, &text).is_some());
            let is_local = |text: Option<String>| text.is_some_and(|text| values::local(field, &text).is_some());
            local.is_ok_and(is_local) && base.is_ok_and(is_panels) && panel.is_ok_and(is_panels)
        });
        if !(has_item && has_values && has_times) {
            odd.push(sync_core::text::one_line(&format!("{id} {name}")));
        }
    }
    let sql = "SELECT quote(content_id) FROM xtream_edited_items i WHERE profile_id=? AND kind=? AND NOT EXISTS (SELECT 1 \
               FROM xtream_edits e WHERE e.profile_id=i.profile_id AND e.kind=i.kind AND e.parent=i.parent AND \
               e.content_id=i.content_id) ORDER BY content_id";
    for mut row in records(conn, sql, &key.binds())? {
        odd.push(row.text(0)?);
    }
    Ok(odd)
}

/// The rows of edited items of a kind that are to be written.
pub(crate) struct Changes<'a> {
    key: Key<'a>,
    items: Vec<Vec<Bind<'a>>>,
    edits: Vec<Vec<Bind<'a>>>,
    ended: Vec<(i64, EditField)>,
    gone: Vec<i64>,
}

impl<'a> Changes<'a> {
    pub(crate) const fn new(key: Key<'a>) -> Self {
        Self { key, items: Vec::new(), edits: Vec::new(), ended: Vec::new(), gone: Vec::new() }
    }

    /// Adds what differs of an item. An item without edits is deleted.
    pub(crate) fn add(&mut self, before: Option<&Kept>, after: &Kept) {
        let id = after.item.id.0;
        if after.item.edits.is_empty() {
            self.gone.extend(before.map(|_| id));
            let ended = before.map_or(&[][..], |before| &before.item.edits);
            self.ended.extend(ended.iter().map(|edit| (id, edit.field)));
            return;
        }
        let [profile, kind] = self.key.binds();
        if before.is_none_or(|before| !has_same_row(before, after)) {
            let EditedItem { identity, maybe, declined, .. } = &after.item;
            let (maybe_id, maybe_name) = maybe.clone().unzip();
            self.items.push(vec![
                profile.clone(),
                kind.clone(),
                id.into(),
                identity.name.clone().into(),
                identity.tmdb_id.clone().into(),
                identity.category_id.clone().into(),
                maybe_id.map(|id| id.0).into(),
                maybe_name.into(),
                declined.map(|id| id.0).into(),
                after.gone.number().into(),
            ]);
        }
        let known = |field| before.and_then(|before| before.item.edit(field));
        for edit in after.item.edits.iter().filter(|edit| known(edit.field) != Some(*edit)) {
            let conflict = edit.conflict.as_ref();
            let text = |value: &Option<_>| value.as_ref().map(values::to_text);
            self.edits.push(vec![
                profile.clone(),
                kind.clone(),
                id.into(),
                edit.field.as_str().into(),
                values::to_text(&edit.local).into(),
                text(&edit.base).into(),
                edit.edited_at.into(),
                conflict.and_then(|conflict| text(&conflict.panel)).into(),
                conflict.map(|conflict| conflict.since).into(),
            ]);
        }
        let before = before.map_or(&[][..], |before| &before.item.edits);
        let ended = before.iter().filter(|edit| after.item.edit(edit.field).is_none());
        self.ended.extend(ended.map(|edit| (id, edit.field)));
    }

    /// Writes the changes.
    pub(crate) fn write(self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let head = "INSERT INTO xtream_edited_items (profile_id,kind,content_id,name,tmdb_id,category_id,maybe_id,maybe_name,\
                    declined_id,gone) VALUES";
        let tail = "ON CONFLICT (profile_id,kind,parent,content_id) DO UPDATE SET name=excluded.name,\
                    tmdb_id=excluded.tmdb_id,category_id=excluded.category_id,maybe_id=excluded.maybe_id,\
                    maybe_name=excluded.maybe_name,declined_id=excluded.declined_id,gone=excluded.gone";
        insert(conn, head, tail, self.items, || Ok(()))?;
        let head = "INSERT INTO xtream_edits (profile_id,kind,content_id,field,local,base,edited_at,panel,conflict_since) \
                    VALUES";
        let tail = "ON CONFLICT (profile_id,kind,parent,content_id,field) DO UPDATE SET local=excluded.local,\
                    base=excluded.base,edited_at=excluded.edited_at,panel=excluded.panel,\
                    conflict_since=excluded.conflict_since";
        insert(conn, head, tail, self.edits, || Ok(()))?;
        let [profile, kind] = self.key.binds();
        let sql = "DELETE FROM xtream_edits WHERE profile_id=? AND kind=? AND parent=0 AND content_id=? AND field=?";
        for (id, field) in self.ended {
            execute(conn, sql, &[profile.clone(), kind.clone(), id.into(), field.as_str().into()])?;
        }
        if !self.gone.is_empty() {
            // Edits that can't be read stay, and so does their item. `check` names them.
            let sql = format!(
                "DELETE FROM xtream_edited_items AS i WHERE {OF_KIND}{OF_IDS} AND NOT EXISTS (SELECT 1 FROM xtream_edits e \
                 WHERE e.profile_id=i.profile_id AND e.kind=i.kind AND e.parent=i.parent AND e.content_id=i.content_id)"
            );
            execute(conn, &sql, &[profile, kind, ids::to_json(&self.gone).into()])?;
        }
        Ok(())
    }
}

/// Returns whether two states of an item have the same row, whatever their edits are.
fn has_same_row(a: &Kept, b: &Kept) -> bool {
    let row = |kept: &Kept| (kept.gone, kept.item.identity.clone(), kept.item.maybe.clone(), kept.item.declined);
    row(a) == row(b)
}
