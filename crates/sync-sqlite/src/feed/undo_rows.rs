//! The undo of one kind: rows, log, index, and everything that depends on them.

use std::fmt::Write as _;

use diesel::SqliteConnection;
use sync_core::change_set::Moves;
use sync_core::feed::change::put_back;
use sync_core::{
    Category, CategoryId, ContentId, ContentKind, Counts, FieldClass, FieldSet, HeldRemoval, HoldReason, KindOutcome,
    KindRecord, LoggedChange, Loss, ProfileId, RunId, Scope, StoreError, SyncMode, TakenBack, UndoCounts,
};

use crate::change_set::tracker::Tracker;
use crate::db::bind::Bind;
use crate::db::statement::{execute, integer, integers, numbered, records};
use crate::db::stop;
use crate::feed::entry::{self, Entries, Entry};
use crate::feed::reverse::{self, Before, CategoryRow, Tombstone};
use crate::feed::{row_ids, values};
use crate::items::{columns, item_sql};
use crate::overlay::pass::{Pass, Writes};
use crate::overlay::{log, rules, shown};
use crate::search::{self, Key};
use crate::tables::content::sorted;
use crate::tables::{self, held, index, row_counts, run_kind, validator};

/// The number of entries that are taken back at a time.
const PAGE: i64 = 500;

/// The undo of a kind.
pub(crate) struct KindUndo<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) kind: ContentKind,
    /// The run that is undone.
    pub(crate) of: RunId,
    /// The run of the undo itself.
    pub(crate) run: RunId,
    pub(crate) at: i64,
}

/// An entry that is taken back.
struct Taken {
    sequence: i64,
    id: i64,
    change: TakenBack,
    before: Option<String>,
    after: Option<String>,
}

/// The ids of the items that an undo has changed.
#[derive(Default)]
struct Moved {
    gone: Vec<ContentId>,
    put_back: Vec<ContentId>,
    /// The columns of the items that were put back.
    columns: Vec<(ContentId, FieldSet)>,
    back: Vec<ContentId>,
}

impl Moved {
    /// Returns all ids, ascending, without duplicates.
    fn all(&self) -> Vec<i64> {
        sorted(&[&self.gone[..], &self.put_back, &self.back].concat())
    }
}

impl KindUndo<'_> {
    fn key(&self) -> [Bind<'_>; 2] {
        [self.profile.as_str().into(), self.kind.as_str().into()]
    }

    pub(crate) fn carry_out(&self, conn: &mut SqliteConnection, counts: &UndoCounts) -> Result<(), StoreError> {
        let (profile, kind) = (self.profile, self.kind);
        let (watermark, reverse) = reverse::kept(conn, kind, self.of)?.unwrap_or_default();
        let mut mine = Before::look(conn, profile, kind, true)?;
        if reverse.categories.is_some() {
            mine.categories(conn, profile, kind)?;
        }
        let key = Key { profile, kind };
        let listing = (self.at, kind.of_class(FieldClass::Significant));
        let mut overlay = Pass::new(conn, key, self.run, self.at, listing, Writes::Rows)?;
        if let Some(overlay) = &mut overlay {
            let sql = "SELECT DISTINCT content_id FROM xtream_changes WHERE profile_id=? AND kind=? AND run_id=? AND \
                       content_id IS NOT NULL";
            let [profile_id, of_kind] = self.key();
            let ids = integers(conn, sql, &[profile_id, of_kind, self.of.0.into()])?;
            overlay.before_undo(conn, &ids)?;
        }
        let mut content = Tracker::new(conn, key, None)?;
        let mut moved = Moved::default();
        let mut from = 0;
        while let Some(last) = self.page(conn, from, &mut mine, &mut moved, &mut content)? {
            from = last;
        }
        stop::at("undo.rows");
        self.bury(conn, &reverse.tombstones)?;
        self.hold(conn, &reverse.held, &moved.back)?;
        if let Some(categories) = &reverse.categories {
            if let Some(overlay) = &mut overlay {
                let category = |row: &CategoryRow| Category {
                    id: CategoryId(row.1.clone()),
                    name: row.2.clone(),
                    parent_id: row.3,
                };
                overlay.categories(conn, &categories.iter().map(category).collect::<Vec<_>>())?;
            }
            self.categories(conn, categories)?;
            if let Some(overlay) = &mut overlay {
                overlay.categories_replaced(conn)?;
            }
        }
        self.index(conn, &moved)?;
        let mut other_texts = moved.all();
        if let Some(overlay) = overlay.as_mut() {
            overlay.after_undo(conn, &moved.gone, &moved.columns, &moved.back)?;
        }
        if let Some(overlay) = overlay {
            other_texts.extend(overlay.finish(conn)?.other_texts);
        }
        let edited = log::bring_back(conn, key, self.of)?;
        if !edited.is_empty() {
            let (_, mut compiled) = rules::compiled(conn, key)?;
            other_texts.extend(shown::refresh(conn, key, &mut compiled, &edited)?);
        }
        other_texts.sort_unstable();
        other_texts.dedup();
        search::write::follow(conn, profile, kind, &other_texts)?;
        validator::forget(conn, profile, kind)?;
        row_counts::recount(conn, profile, kind)?;
        let sql = format!("UPDATE xtream_content_sync SET {}=? WHERE profile_id=?", tables::of(kind).last_sync);
        execute(conn, &sql, &[watermark.into(), profile.as_str().into()])?;
        let rows = row_counts::count(conn, profile, kind)?;
        let (added, updated, removed) = (counts.added, counts.updated, counts.removed);
        let unchanged = rows.saturating_sub(added + updated);
        let record = KindRecord {
            outcome: KindOutcome::Completed,
            counts: Counts { added, updated, removed, unchanged, ..Counts::default() },
            ..KindRecord::skipped(kind, SyncMode::Incremental)
        };
        run_kind::record(conn, self.run, &record)?;
        mine.keep_with(conn, profile, kind, self.run)?;
        content.finish(conn, &Moves::None, None)?;
        stop::at("undo.kind");
        Ok(())
    }

    /// Takes back the entries after a sequence, as many as fit a page. Returns the sequence of the last one.
    fn page(
        &self,
        conn: &mut SqliteConnection,
        from: i64,
        mine: &mut Before,
        moved: &mut Moved,
        content: &mut Tracker<'_>,
    ) -> Result<Option<i64>, StoreError> {
        let entries = self.entries(conn, from)?;
        let Some(last) = entries.last().map(|entry| entry.sequence) else { return Ok(None) };
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        mine.lifted(conn, self.profile, self.kind, &ids)?;
        let ids: Vec<_> = ids.into_iter().map(ContentId).collect();
        let mut log = Vec::with_capacity(entries.len());
        let put_back = moved.put_back.len();
        item_sql::rows(conn, self.profile.as_str(), self.kind, &ids)?.iter().for_each(|row| content.take(row));
        for taken in entries {
            log.push(self.take_back(conn, &taken, moved)?);
        }
        for id in &moved.put_back[put_back..] {
            content.forget(conn, id.0)?;
        }
        for row in item_sql::rows(conn, self.profile.as_str(), self.kind, &ids)? {
            content.add_again(conn, &row)?;
        }
        let entries = Entries { profile: self.profile, kind: self.kind, run: self.run, at: self.at };
        entries.append(conn, log)?;
        stop::at("undo.page");
        Ok(Some(last))
    }

    fn entries(&self, conn: &mut SqliteConnection, from: i64) -> Result<Vec<Taken>, StoreError> {
        let [profile, kind] = self.key();
        let sql = format!(
            "SELECT sequence,content_id,change,returned,before,after FROM xtream_changes WHERE profile_id=? AND kind=? \
             AND run_id=? AND content_id IS NOT NULL AND change NOT IN ('converged','overruled') AND sequence>? ORDER BY sequence LIMIT {PAGE}"
        );
        let rows = records(conn, &sql, &[profile, kind, self.of.0.into(), from.into()])?;
        let read = |mut row: crate::db::statement::Record| {
            let (sequence, id) = (row.integer(0)?, row.integer(1)?);
            let change = match (row.text(2)?.as_str(), row.integer(3)?) {
                ("added", 0) => TakenBack::Added,
                ("added", _) => TakenBack::Returned,
                ("updated", _) => TakenBack::Updated,
                ("removed", _) => TakenBack::Removed,
                _ => TakenBack::Undone,
            };
            Ok(Taken { sequence, id, change, before: row.optional_text(4)?, after: row.optional_text(5)? })
        };
        rows.into_iter().map(read).collect()
    }

    /// Takes back one entry. Returns the entry that the log gets for it.
    fn take_back(&self, conn: &mut SqliteConnection, taken: &Taken, moved: &mut Moved) -> Result<Entry, StoreError> {
        let id = ContentId(taken.id);
        let mut entry = match (&taken.before, &taken.after) {
            (None, _) => {
                moved.gone.push(id);
                self.remove(conn, taken.id)?
            }
            (Some(before), None) => {
                moved.back.push(id);
                self.insert(conn, taken.id, before)?
            }
            (Some(before), Some(_)) => {
                moved.put_back.push(id);
                moved.columns.push((id, self.columns(before)));
                self.put_back(conn, id, before)?
            }
        };
        entry.change = LoggedChange::Undone(taken.change);
        Ok(entry)
    }

    /// Returns the columns of which an entry has values.
    fn columns(&self, before: &str) -> FieldSet {
        let mut fields = FieldSet::EMPTY;
        let columns = values::parse(before).unwrap_or_default();
        columns.keys().filter_map(|column| self.kind.field(column)).for_each(|at| fields.add(at));
        fields
    }

    /// Removes a row that the run had added.
    fn remove(&self, conn: &mut SqliteConnection, id: i64) -> Result<Entry, StoreError> {
        let rows = entry::whole_rows(conn, self.profile, self.kind, "?", &[id])?;
        let row = rows.into_iter().next().ok_or_else(|| lost(id))?;
        let tables = tables::of(self.kind);
        let sql = format!("DELETE FROM {} WHERE id=?", tables.items);
        execute(conn, &sql, &[row.row.into()])?;
        row_ids::keep(conn, self.kind, Some(row.row))?;
        let change = LoggedChange::Undone(TakenBack::Added);
        Ok(Entry { id: Some(id), change, name: Some(row.name), before: Some(row.json), after: None })
    }

    /// Brings back a complete row.
    fn insert(&self, conn: &mut SqliteConnection, id: i64, before: &str) -> Result<Entry, StoreError> {
        let row = values::parse(before).ok_or_else(|| lost(id))?;
        let mut head = format!("INSERT INTO {} (profile_id", tables::of(self.kind).items);
        let mut binds = vec![Bind::from(self.profile.as_str())];
        for column in entry::all_columns(self.kind) {
            if let Some(json) = row.get(column) {
                let _ = write!(head, ",\"{column}\"");
                binds.push(values::bind(json.get()));
            }
        }
        let sql = format!("{head}) VALUES ({})", crate::db::statement::places(binds.len()));
        execute(conn, &sql, &binds)?;
        let name = row.get("name").and_then(|json| serde_json::from_str(json.get()).ok());
        let change = LoggedChange::Undone(TakenBack::Removed);
        Ok(Entry { id: Some(id), change, name, before: None, after: Some(before.to_owned()) })
    }

    /// Gives a row its earlier values.
    fn put_back(&self, conn: &mut SqliteConnection, id: ContentId, before: &str) -> Result<Entry, StoreError> {
        let kind = self.kind;
        let now = item_sql::rows(conn, self.profile.as_str(), kind, &[id])?.pop().ok_or_else(|| lost(id.0))?;
        let columns = values::parse(before).ok_or_else(|| lost(id.0))?;
        let old = put_back(now.clone(), &values::changes(kind, Some(&columns), None));
        let mut fields = FieldSet::EMPTY;
        let mut sql = format!("UPDATE {} SET ", tables::of(kind).items);
        let mut binds = Vec::new();
        for (at, field) in kind.fields().iter().enumerate() {
            if columns.contains_key(field.name) || now.value(at) != old.value(at) {
                fields.add(at);
                let _ = write!(sql, "{}\"{}\"=?", if binds.is_empty() { "" } else { "," }, field.name);
                binds.push(columns::to_sql(field.shape, old.value(at)));
            }
        }
        if !binds.is_empty() {
            let _ = write!(sql, " WHERE profile_id=? AND {}=?", kind.id_column());
            binds.extend([self.profile.as_str().into(), id.0.into()]);
            execute(conn, &sql, &binds)?;
        }
        Ok(Entry::put_back(&now, &old, fields))
    }

    /// Restores the earlier tombstones of the items that an undo has changed.
    fn bury(&self, conn: &mut SqliteConnection, tombstones: &[Tombstone]) -> Result<(), StoreError> {
        let [profile, kind] = self.key();
        let sql = "DELETE FROM xtream_tombstones WHERE profile_id=?1 AND kind=?2 AND parent=0 AND content_id IN \
                   (SELECT content_id FROM xtream_changes WHERE profile_id=?1 AND kind=?2 AND run_id=?3)";
        let (sql, binds) = numbered(sql, &[profile.clone(), kind.clone(), self.of.0.into()]);
        execute(conn, &sql, &binds)?;
        let sql = "INSERT OR IGNORE INTO xtream_tombstones (profile_id,kind,content_id,name,removed_at,run_id,\
                   successor_id,item_created_at) VALUES (?,?,?,?,?,?,?,?)";
        for (id, name, removed_at, run, successor, created_at) in tombstones {
            let binds = [
                profile.clone(),
                kind.clone(),
                (*id).into(),
                name.as_str().into(),
                (*removed_at).into(),
                (*run).into(),
                (*successor).into(),
                (*created_at).into(),
            ];
            execute(conn, sql, &binds)?;
        }
        Ok(())
    }

    /// Restores the held removals from before the run, except those that a later run has changed. Holds the items that
    /// the undo brings back.
    fn hold(
        &self,
        conn: &mut SqliteConnection,
        changes: &[reverse::HeldChange],
        back: &[ContentId],
    ) -> Result<(), StoreError> {
        let now = held::held(conn, self.profile, self.kind)?;
        let find = |id: i64| now.binary_search_by_key(&ContentId(id), |held| held.id).ok().map(|at| &now[at]);
        for change in changes {
            let after = change.after.as_ref().and_then(|hold| hold.held(change.id));
            let before = change.before.as_ref().and_then(|hold| hold.held(change.id));
            match (before, after, find(change.id)) {
                // The run was the first in which the item was missing.
                (None, Some(_), Some(_)) => held::release(conn, self.profile, self.kind, change.id)?,
                (Some(before), Some(after), Some(now)) if after == *now => self.keep_held(conn, &before)?,
                // The panel has listed the item since, so the old evidence no longer counts.
                (Some(before), None, None) => self.keep_held(conn, &HeldRemoval { evidence: None, ..before })?,
                _ => {}
            }
        }
        for id in back {
            let reason = HoldReason::Loss(Loss::Undone);
            let held = HeldRemoval { id: *id, reason, since: self.at, run: self.run, evidence: None, successor: None };
            self.keep_held(conn, &held)?;
        }
        held::release_without_row(conn, self.profile, self.kind)
    }

    fn keep_held(&self, conn: &mut SqliteConnection, removal: &HeldRemoval) -> Result<(), StoreError> {
        held::keep(conn, self.profile, self.kind, std::iter::once(removal), || Ok(()))
    }

    /// Restores the earlier categories, with the numbers of their rows if these are free.
    fn categories(&self, conn: &mut SqliteConnection, wanted: &[CategoryRow]) -> Result<(), StoreError> {
        let table = tables::of(self.kind).categories;
        execute(conn, &format!("DELETE FROM {table} WHERE profile_id=?"), &[self.profile.as_str().into()])?;
        for (row, id, name, parent_id, position) in wanted {
            let taken = integer(conn, &format!("SELECT 1 FROM {table} WHERE id=?"), &[(*row).into()])?.is_some();
            let sql = format!(
                "INSERT INTO {table} (id,profile_id,category_id,category_name,parent_id,position) VALUES (?,?,?,?,?,?)"
            );
            let binds = [
                if taken { Bind::NullInteger } else { (*row).into() },
                self.profile.as_str().into(),
                id.as_str().into(),
                name.as_str().into(),
                (*parent_id).into(),
                (*position).into(),
            ];
            execute(conn, &sql, &binds)?;
        }
        Ok(())
    }

    /// Updates the index. The removed items are left out, and the digests of the other changed items are forgotten, so
    /// that the next run compares these items again.
    fn index(&self, conn: &mut SqliteConnection, moved: &Moved) -> Result<(), StoreError> {
        let whole = Scope::whole(self.kind);
        let name = row_counts::scope_name(&whole);
        for (scope, known) in index::all(conn, self.profile, self.kind)? {
            // An index that can't be read is not trusted anyway.
            let Some(known) = known.filter(|_| scope == name) else { continue };
            index::save(conn, self.profile, &whole, &known.undone(&moved.gone, &moved.put_back, &moved.back))?;
        }
        Ok(())
    }
}

fn lost(id: i64) -> StoreError {
    StoreError::Corrupt(format!("the change log says what {id} was, and that can't be put back"))
}
