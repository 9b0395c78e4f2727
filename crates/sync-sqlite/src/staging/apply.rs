//! The apply: writes everything of a scope in one transaction.
//!
//! The statements for items, categories and held removals are SQL as text, with many rows per statement. Diesel
//! compiles inserts of many rows, and upserts, for each use; and after a loss there are as many held removals as items.

use std::collections::{HashMap, HashSet};

use diesel::sql_types;
use diesel::{QueryableByName, SqliteConnection};
use sync_core::HeldRemoval;
use sync_core::change_set::Moves;
use sync_core::store::{Applied, ScopeCommit};
use sync_core::{Category, Change, ContentId, ContentKind, FieldClass, Item, ProfileId, Scope, StoreError, SyncMode};
use tokio_util::sync::CancellationToken;

use crate::change_set::tracker::Tracker;
use crate::check::mend;
use crate::db::bind::{Bind, signed};
use crate::db::connection::hold_pages_for;
use crate::db::statement::{and_list, execute, in_lists, insert, records, rows};
use crate::db::stop;
use crate::db::value::{Number, Text};
use crate::feed::entry::{Entries, Entry, New};
use crate::feed::reverse::Before;
use crate::items::item_sql::{self, ROWS};
use crate::overlay::pass::{Pass, Texts, Writes};
use crate::search::{self, Key};
use crate::staging::area::Area;
use crate::staging::record::{self, Head};
use crate::store::SqliteStore;
use crate::tables::content::{Deletion, sorted};
use crate::tables::guards::check_fence;
use crate::tables::index;
use crate::tables::row_counts::RowCount;
use crate::tables::tombstone::Tombstones;
use crate::tables::{self, Tables, facts, held, history, run_kind, validator};

/// Writes the staged items and everything that belongs to the commit, completely or not at all.
#[expect(clippy::too_many_lines, reason = "one transaction, step by step")]
pub(crate) fn apply(
    store: &SqliteStore,
    profile: &ProfileId,
    scope: &Scope,
    area: &mut Area,
    commit: &ScopeCommit,
    cancel: &CancellationToken,
) -> Result<Applied, StoreError> {
    let rows = area.len();
    store.with_writer(|conn| hold_pages_for(conn, rows))?;
    stop::at("apply.before-begin");
    store
        .write_unless(
            || unless_cancelled(cancel),
            |conn| {
                stop::at("apply.begun");
                check_fence(conn, profile, commit.fence)?;
                history::check_under_way(conn, profile, commit.run)?;
                let before = Before::new(conn, profile, scope, commit)?;
                let text = search::write::Writer::new(conn, profile, scope.kind)?;
                let key = Key { profile, kind: scope.kind };
                let listing = (commit.asked_at, commit.compared);
                // A full run may find rows that another program has changed.
                let writes = rows > 0
                    || !commit.removals.is_empty()
                    || commit.held.is_some()
                    || commit.record.mode == SyncMode::Full;
                let writes = if writes { Writes::Rows } else { Writes::Categories(commit.categories.as_deref()) };
                let touches = rows > 0 || !commit.removals.is_empty();
                let content = if touches || commit.moves != Moves::None || commit.proof.is_some() {
                    Some(Tracker::new(conn, key, commit.proof)?)
                } else {
                    None
                };
                let overlay = Pass::new(conn, key, commit.run, commit.applied_at, listing, writes)?;
                let mut apply = Apply {
                    conn,
                    profile,
                    kind: scope.kind,
                    tables: tables::of(scope.kind),
                    commit,
                    cancel,
                    before,
                    text,
                    overlay,
                    content,
                    unlogged: Vec::new(),
                    came: 0,
                    came_anew: HashSet::new(),
                };
                if let Some(categories) = &commit.categories {
                    if let Some(overlay) = &mut apply.overlay {
                        overlay.categories(apply.conn, categories)?;
                    }
                    apply.categories(categories)?;
                    if let Some(overlay) = &mut apply.overlay {
                        overlay.categories_replaced(apply.conn)?;
                    }
                }
                stop::at("apply.categories");
                if commit.first_load {
                    apply.log(vec![Entry::loaded()])?;
                    apply.flush_log()?;
                }
                if !area.is_empty() || !commit.removals.is_empty() {
                    let mut rows = RowCount::new(apply.conn, profile, scope.kind)?;
                    apply.items(area)?;
                    let new = rows.written(apply.conn)?;
                    if new > apply.came && !commit.first_load {
                        apply.log_unforeseen(rows.last_before())?;
                        apply.text.doubt();
                    }
                    if new != apply.came {
                        apply.recompute_content();
                    }
                    if let Some(overlay) = &mut apply.overlay {
                        overlay.before_removals(apply.conn, &commit.removals, commit.held.as_deref())?;
                    }
                    rows.removed(apply.removals()?);
                    // The index of a whole kind has an entry for every row.
                    let expected = commit.index.as_ref().filter(|_| scope.within.is_none());
                    rows.save(apply.conn, profile, expected.map(|index| index.len() as u64))?;
                } else if let Some(overlay) = &mut apply.overlay {
                    overlay.before_removals(apply.conn, &[], commit.held.as_deref())?;
                }
                stop::at("apply.removals");
                apply.tombstones().prune(apply.conn)?;
                if let Some(held) = &commit.held {
                    apply.held(held)?;
                }
                stop::at("apply.held");
                if let Some(new) = &commit.index {
                    index::save(apply.conn, profile, scope, new)?;
                }
                validator::change(apply.conn, profile, scope, &commit.validator)?;
                if let Some(fields) = &commit.fields {
                    facts::save_fields(apply.conn, profile, scope.kind, fields)?;
                }
                stop::at("apply.index");
                apply.bookkeeping(scope.within.is_none())?;
                apply.before.keep(apply.conn, profile, scope, commit)?;
                let is_compared = scope.within.is_none() && commit.record.mode == SyncMode::Full;
                let was_doubted = is_compared && mend::end_mark(apply.conn, profile, scope.kind, commit.run)?;
                if was_doubted {
                    apply.text.doubt();
                    if let Some(overlay) = &mut apply.overlay {
                        overlay.doubt();
                    }
                }
                if is_compared && !commit.first_load {
                    // Another program may have changed rows that were written again.
                    let mut content = match apply.content.take() {
                        Some(content) => content,
                        None => Tracker::new(apply.conn, key, None)?,
                    };
                    if was_doubted {
                        content.recompute_after_doubt(apply.conn)?;
                    } else {
                        content.recompute();
                    }
                    apply.content = Some(content);
                }
                let applied = apply.finish_overlay()?;
                // This comes after all entries of the commit, so that a change set can be exported from the position at
                // its end.
                if let Some(content) = apply.content.take() {
                    content.finish(apply.conn, &commit.moves, commit.proof)?;
                }
                apply.text.finish(apply.conn, || unless_cancelled(cancel))?;
                stop::at("apply.bookkeeping");
                unless_cancelled(cancel)?;
                stop::at("apply.before-commit");
                Ok(applied)
            },
        )
        .inspect(|_| stop::at("apply.committed"))
}

struct Apply<'a> {
    conn: &'a mut SqliteConnection,
    profile: &'a ProfileId,
    kind: ContentKind,
    tables: Tables,
    commit: &'a ScopeCommit,
    cancel: &'a CancellationToken,
    /// The state that an undo needs.
    before: Before,
    /// The search text.
    text: search::write::Writer<'a>,
    /// The effects on edits and on what is shown; `None` if there are no edits and rules.
    overlay: Option<Pass<'a>>,
    /// The content hash; `None` if no row is changed.
    content: Option<Tracker<'a>>,
    /// Entries of the change log that wait until a statement is full.
    unlogged: Vec<Entry>,
    /// The number of rows that are known to be new.
    came: u64,
    /// The new rows that were staged as updates.
    came_anew: HashSet<i64>,
}

fn unless_cancelled(cancel: &CancellationToken) -> Result<(), StoreError> {
    if cancel.is_cancelled() { Err(StoreError::Cancelled) } else { Ok(()) }
}

impl<'a> Apply<'a> {
    fn go_on(&self) -> Result<(), StoreError> {
        unless_cancelled(self.cancel)
    }

    fn recompute_content(&mut self) {
        if let Some(content) = &mut self.content {
            content.recompute();
        }
    }

    fn profile_id(&self) -> Bind<'a> {
        Bind::Text(self.profile.as_str())
    }

    /// Returns profile and kind, the key of most tables.
    fn key(&self) -> [Bind<'a>; 2] {
        [self.profile_id(), self.kind.as_str().into()]
    }

    /// Writes the categories that differ. Rows that stay keep their ids.
    fn categories(&mut self, wanted: &[Category]) -> Result<(), StoreError> {
        let table = self.tables.categories;
        let sql = format!("SELECT category_id,category_name,parent_id,position FROM {table} WHERE profile_id=?");
        let mut known = HashMap::new();
        for row in rows::<KnownCategory>(self.conn, &sql, &[self.profile_id()])? {
            known.insert(row.category_id.0, (row.category_name.0, row.parent_id.map(|id| id.0), row.position.0));
        }
        let mut met = HashSet::new();
        let mut differing = Vec::new();
        for (position, category) in wanted.iter().filter(|category| met.insert(&category.id)).enumerate() {
            let position = signed(position as u64);
            let same = known.remove(&category.id.0).is_some_and(|(name, parent_id, at)| {
                name == category.name && parent_id == category.parent_id && at == position
            });
            if !same {
                let (id, name) = (category.id.0.as_str(), category.name.as_str());
                differing.push(vec![
                    self.profile_id(),
                    id.into(),
                    name.into(),
                    category.parent_id.into(),
                    position.into(),
                ]);
            }
        }
        if !differing.is_empty() || !known.is_empty() {
            self.before.categories(self.conn, self.profile, self.kind)?;
        }
        let cancel = self.cancel;
        let head = format!("INSERT INTO {table} (profile_id,category_id,category_name,parent_id,position) VALUES");
        let tail = "ON CONFLICT (profile_id,category_id) DO UPDATE SET category_name=excluded.category_name, \
                    parent_id=excluded.parent_id, position=excluded.position";
        insert(self.conn, &head, tail, differing, || unless_cancelled(cancel))?;
        let sql = format!("DELETE FROM {table} WHERE profile_id=? AND category_id=?");
        for gone in known.keys() {
            execute(self.conn, &sql, &[self.profile_id(), gone.as_str().into()])?;
        }
        Ok(())
    }

    /// Writes the staged items, and their entries in the change log.
    fn items(&mut self, area: &mut Area) -> Result<(), StoreError> {
        if area.is_empty() {
            return Ok(());
        }
        let remembered = self.tombstones().remembered(self.conn)?;
        let mut returned = Vec::new();
        let category = self.kind.field("category_id");
        let mut moved = Batch::default();
        let mut in_place = Batch::default();
        area.for_each_written(|head, body| {
            let fields = match head.change {
                Change::Updated(fields) | Change::Refreshed(fields) => Some(fields),
                _ => None,
            };
            let returns = head.change == Change::Added && remembered.contains(&head.id);
            if returns {
                returned.push(head.id);
            }
            let stays = fields.is_some_and(|fields| category.is_some_and(|at| !fields.has(at)));
            let batch = if stays { &mut in_place } else { &mut moved };
            batch.push(head, body, returns);
            if batch.heads.len() == ROWS { self.flush(batch, !stays) } else { Ok(()) }
        })?;
        self.flush(&mut moved, true)?;
        self.flush(&mut in_place, false)?;
        self.flush_log()?;
        self.before.lifted(self.conn, self.profile, self.kind, &returned)?;
        let cancel = self.cancel;
        self.tombstones().lift(self.conn, &returned, &mut || unless_cancelled(cancel))
    }

    fn tombstones(&self) -> Tombstones<'a> {
        Tombstones { profile: self.profile, kind: self.kind, commit: self.commit }
    }

    /// Writes a batch and empties it.
    fn flush(&mut self, batch: &mut Batch, moved: bool) -> Result<(), StoreError> {
        self.go_on()?;
        let now = Bind::Integer(self.commit.applied_at);
        let mut binds = Vec::with_capacity(batch.heads.len() * (self.kind.fields().len() + 1));
        let mut rest = batch.bytes.as_slice();
        for (head, _) in &batch.heads {
            let (body, others) = rest.split_at(head.body);
            record::binds(self.kind, head.id, body, &mut binds)?;
            rest = others;
        }
        let entries = self.entries(batch, &binds)?;
        if let Some(overlay) = &mut self.overlay {
            let ids: Vec<_> = batch.heads.iter().map(|(head, _)| head.id).collect();
            overlay.before_write(self.conn, &ids)?;
        }
        item_sql::upsert(self.conn, self.kind, moved, &self.profile_id(), &now, &binds)?;
        let significant = self.kind.of_class(FieldClass::Significant);
        for ((head, _), binds) in batch.heads.iter().zip(binds.chunks(self.kind.fields().len() + 1)) {
            let changed = match head.change {
                Change::Updated(fields) | Change::Refreshed(fields) if !self.came_anew.contains(&head.id) => {
                    Some(fields)
                }
                _ => None,
            };
            let shown = match &mut self.overlay {
                Some(overlay) => overlay.wrote(head.id, changed, &binds[1..]),
                None => Texts::default(),
            };
            self.text.written(self.conn, head.id, changed, &binds[1..], shown)?;
            match (&mut self.content, head.change) {
                // A display field is not part of the hash.
                (Some(content), Change::Refreshed(fields)) if !fields.and(significant).is_empty() => {
                    content.recompute();
                }
                (None, _) | (_, Change::Refreshed(_)) => {}
                (Some(content), _) => content.add(self.conn, head.id, &binds[1..], head.hash)?,
            }
        }
        self.log(entries)?;
        batch.clear();
        stop::at("apply.items");
        Ok(())
    }

    /// Returns the entries of the change log for a batch, before its rows are written. `binds` has the id and the
    /// fields of each row.
    fn entries(&mut self, batch: &Batch, binds: &[Bind<'_>]) -> Result<Vec<Entry>, StoreError> {
        let (kind, first_load) = (self.kind, self.commit.first_load);
        let updated = batch.heads.iter().filter(|(head, _)| matches!(head.change, Change::Updated(_)));
        let updated: Vec<_> = updated.map(|(head, _)| ContentId(head.id)).collect();
        let rows = if updated.is_empty() {
            Vec::new()
        } else {
            item_sql::rows(self.conn, self.profile.as_str(), kind, &updated)?
        };
        if let Some(overlay) = &mut self.overlay {
            overlay.was(&rows);
        }
        if let Some(content) = &mut self.content {
            rows.iter().for_each(|row| content.take(row));
        }
        let rows: HashMap<i64, Item> = rows.into_iter().map(|row| (row.id().0, row)).collect();
        let mut entries = Vec::new();
        for ((head, returns), binds) in batch.heads.iter().zip(binds.chunks(kind.fields().len() + 1)) {
            let new = New { kind, id: head.id, fields: &binds[1..] };
            let entry = match (head.change, rows.get(&head.id)) {
                (Change::Updated(fields), Some(row)) => Some(Entry::updated(row, &new, fields)),
                // The row was deleted after it was compared, so the item counts as added.
                (Change::Updated(_), None) => {
                    self.came += 1;
                    self.came_anew.insert(head.id);
                    Some(Entry::came(&new, *returns))
                }
                (Change::Added, _) => {
                    self.came += 1;
                    (!first_load).then(|| Entry::came(&new, *returns))
                }
                _ => None,
            };
            entries.extend(entry);
        }
        Ok(entries)
    }

    /// Logs the rows that were new although they were staged as refreshed. They had been deleted after they were
    /// compared.
    fn log_unforeseen(&mut self, last: i64) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT {0},name FROM {1} WHERE profile_id=? AND id>? AND {0} NOT IN (SELECT content_id FROM xtream_changes \
             WHERE profile_id=? AND kind=? AND run_id=? AND change='added') ORDER BY id",
            self.tables.id, self.tables.items
        );
        let [profile, kind] = self.key();
        let binds = [profile.clone(), last.into(), profile, kind, self.commit.run.0.into()];
        let mut entries = Vec::new();
        for mut row in records(self.conn, &sql, &binds)? {
            entries.push(Entry::unforeseen(row.integer(0)?, row.text(1)?));
        }
        self.log(entries)?;
        self.flush_log()
    }

    /// Appends entries to the change log as soon as they fill a statement.
    fn log(&mut self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.unlogged.extend(entries);
        if self.unlogged.len() < ROWS { Ok(()) } else { self.flush_log() }
    }

    fn flush_log(&mut self) -> Result<(), StoreError> {
        let (commit, entries) = (self.commit, std::mem::take(&mut self.unlogged));
        let log = Entries { profile: self.profile, kind: self.kind, run: commit.run, at: commit.applied_at };
        log.append(self.conn, entries)
    }

    /// Removes rows, after writing their tombstones. Returns how many rows there were.
    fn removals(&mut self) -> Result<u64, StoreError> {
        let (tombstones, cancel, commit) = (self.tombstones(), self.cancel, self.commit);
        tombstones.check()?;
        let deletion = Deletion { profile: self.profile, kind: self.kind, run: commit.run, at: commit.applied_at };
        let mut deleted = 0;
        in_lists(&sorted(&commit.removals), |list, ids| {
            unless_cancelled(cancel)?;
            tombstones.bury(self.conn, list, ids)?;
            let removed = deletion.run(self.conn, list, ids)?;
            if let Some(content) = &mut self.content {
                content.take_removed(&removed);
            }
            deleted += removed.len() as u64;
            Ok(())
        })?;
        tombstones.name_successors(self.conn, &mut || unless_cancelled(cancel))?;
        self.text.removed(self.conn, &commit.removals)?;
        Ok(deleted)
    }

    /// Replaces the held removals of the kind, and writes only those that differ.
    fn held(&mut self, wanted: &[HeldRemoval]) -> Result<(), StoreError> {
        let (profile, kind, cancel) = (self.profile, self.kind, self.cancel);
        let known = held::held(self.conn, profile, kind)?;
        let mut known: HashMap<ContentId, HeldRemoval> = known.into_iter().map(|held| (held.id, held)).collect();
        let differing: Vec<_> = wanted.iter().filter(|held| known.remove(&held.id).as_ref() != Some(*held)).collect();
        held::keep(self.conn, profile, kind, differing, || unless_cancelled(cancel))?;
        // An item whose row was deleted after the listing was compared can't be held.
        held::release_without_row(self.conn, profile, kind)?;
        let gone: Vec<_> = known.into_keys().collect();
        let key = self.key();
        in_lists(&sorted(&gone), |list, ids| {
            unless_cancelled(cancel)?;
            let sql =
                format!("DELETE FROM xtream_held_removals WHERE profile_id=? AND kind=? AND content_id IN ({list})");
            execute(self.conn, &sql, &and_list(key.clone(), ids)).map(|_| ())
        })
    }

    /// Judges and moves edits, and adapts what is shown and searched. Returns the results to report.
    fn finish_overlay(&mut self) -> Result<Applied, StoreError> {
        let Some(overlay) = self.overlay.take() else { return Ok(Applied::default()) };
        let finished = overlay.finish(self.conn)?;
        self.text.shown_otherwise(self.conn, &finished.other_texts)?;
        Ok(finished.applied)
    }

    /// Writes the watermark and the run record. The watermark is that of a whole kind, so a listing of a part of it
    /// doesn't change it.
    fn bookkeeping(&mut self, whole: bool) -> Result<(), StoreError> {
        let now = self.commit.applied_at;
        if whole {
            let sql =
                format!("UPDATE xtream_content_sync SET {}=?, updated_at=? WHERE profile_id=?", self.tables.last_sync);
            execute(self.conn, &sql, &[self.commit.watermark.into(), now.into(), self.profile_id()])?;
        }
        run_kind::record(self.conn, self.commit.run, &self.commit.record)
    }
}

/// A stored category.
#[derive(QueryableByName)]
struct KnownCategory {
    #[diesel(sql_type = sql_types::Text)]
    category_id: Text,
    #[diesel(sql_type = sql_types::Text)]
    category_name: Text,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    parent_id: Option<Number>,
    #[diesel(sql_type = sql_types::BigInt)]
    position: Number,
}

/// Staged items that wait until a statement is full.
#[derive(Default)]
struct Batch {
    /// The heads, each with whether the item has returned.
    heads: Vec<(Head, bool)>,
    bytes: Vec<u8>,
}

impl Batch {
    fn push(&mut self, head: Head, body: &[u8], returns: bool) {
        self.heads.push((head, returns));
        self.bytes.extend_from_slice(body);
    }

    fn clear(&mut self) {
        self.heads.clear();
        self.bytes.clear();
    }
}
