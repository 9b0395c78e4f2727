//! The effects of a write of rows on the overlay: edits are judged and follow their items, and what is shown is
//! renewed. An apply and an undo both use this module. A kind without edits and rules has no [`Pass`], and no cost.

mod finish;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use diesel::SqliteConnection;
use sync_core::overlay::{AlikeRow, CompiledRules, OverlayRules, changes_identity};
use sync_core::store::Applied;
use sync_core::{Category, CategorySet, ContentId, FieldSet, HeldRemoval, Item, RunId, StoreError};

use super::edited::{self, Gone, Kept};
use super::named::{has_name, named};
use super::{missing, rows_there, rules};
use crate::db::bind::Bind;
use crate::db::statement::record;
use crate::items::{columns, item_sql};
use crate::search::Key;
use crate::tables::content::categories;
use crate::tables::held;

/// A write of rows of a kind that has edits, rules, or items that are not shown as their rows.
pub(crate) struct Pass<'a> {
    key: Key<'a>,
    run: RunId,
    at: i64,
    /// The time at which the listing was asked for, and the fields that were compared with it.
    listing: (i64, FieldSet),
    edited: HashSet<i64>,
    gone_before: BTreeMap<i64, Gone>,
    /// The names of the edited items that were gone before.
    gone_names: HashSet<String>,
    rules: OverlayRules,
    compiled: CompiledRules,
    /// The edited items that were written, each with the columns that differ; `None` for a new row.
    written: BTreeMap<i64, Option<FieldSet>>,
    /// The edits of written items, before the write.
    known: BTreeMap<i64, Kept>,
    /// The written items, if there are rules.
    touched: Vec<i64>,
    removed: Vec<i64>,
    /// Whether any item may be shown differently now.
    all: bool,
    /// Whether to look for the items to which the edits of gone items belong.
    look: bool,
    gone_after: BTreeSet<i64>,
    /// The items that have rows although the panel did not list them before.
    held_before: BTreeSet<i64>,
    is_undo: bool,
    /// The written rows whose identity may differ from before.
    others: HashSet<i64>,
    alike: BTreeMap<i64, AlikeRow>,
    new_categories: Vec<Category>,
}

/// The part of a kind that is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Writes<'a> {
    /// Rows or holds, and perhaps categories.
    Rows,
    /// Only these categories; `None` leaves them as they are.
    Categories(Option<&'a [Category]>),
}

/// The result of a pass.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) applied: Applied,
    /// The items whose entry in the search text has to be renewed.
    pub(crate) other_texts: Vec<i64>,
}

/// The name and the categories with which an item is shown, if they differ from those of its row.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Texts {
    pub(crate) name: Option<String>,
    pub(crate) categories: Option<CategorySet>,
}

impl<'a> Pass<'a> {
    /// Begins a pass, before anything of the kind is written. Returns `None` if there is nothing to do.
    pub(crate) fn new(
        conn: &mut SqliteConnection,
        key: Key<'a>,
        run: RunId,
        at: i64,
        listing: (i64, FieldSet),
        writes: Writes<'_>,
    ) -> Result<Option<Self>, StoreError> {
        if let Writes::Categories(listed) = writes
            && !has_unseen(conn, key)?
        {
            // Reading the rules costs more than everything else that such a listing needs.
            let is_same =
                listed.is_none_or(|listed| categories(conn, key.profile, key.kind).is_ok_and(|it| it == listed));
            return if is_same { Ok(None) } else { Self::of_categories(conn, key, run, at, listing) };
        }
        let mut sql = String::from("SELECT 1 WHERE ");
        let mut binds = Vec::new();
        for (nth, table) in ["xtream_edited_items", "xtream_shown"].into_iter().chain(rules::TABLES).enumerate() {
            let or = if nth == 0 { "" } else { " OR " };
            let _ = write!(sql, "{or}EXISTS (SELECT 1 FROM {table} WHERE profile_id=? AND kind=?)");
            binds.extend(key.binds());
        }
        if record(conn, &sql, &binds)?.is_none() {
            return Ok(None);
        }
        let (rules, compiled) = rules::compiled(conn, key)?;
        let edited: HashSet<_> = edited::all_ids(conn, key)?.into_iter().collect();
        let gone_before = if edited.is_empty() { BTreeMap::new() } else { edited::gone(conn, key)? };
        let mut pass = Self::with(key, (run, at), listing, (rules, compiled));
        pass.edited = edited;
        pass.look = gone_before.values().any(|gone| *gone == Gone::Unseen);
        pass.gone_before = gone_before;
        let gone: Vec<_> = pass.gone_before.keys().copied().collect();
        let gone = edited::of_ids(conn, key, &gone)?;
        pass.gone_names.extend(gone.into_values().map(|kept| kept.item.identity.name));
        Ok(Some(pass))
    }

    /// Begins the pass of a listing that writes no row. Such a listing concerns only a filter, and only if categories
    /// differ.
    fn of_categories(
        conn: &mut SqliteConnection,
        key: Key<'a>,
        run: RunId,
        at: i64,
        listing: (i64, FieldSet),
    ) -> Result<Option<Self>, StoreError> {
        let mut rules = OverlayRules::default();
        (rules.filters[key.kind], rules.rewrites[key.kind]) = rules::of_kind(conn, key, &mut 0)?;
        if rules.is_empty(key.kind) {
            return Ok(None);
        }
        let compiled = CompiledRules::new(&OverlayRules::default(), key.kind, &[]);
        let compiled = compiled.map_err(|error| StoreError::backend(error.to_string()))?;
        Ok(Some(Self::with(key, (run, at), listing, (rules, compiled))))
    }

    /// Returns a pass that has seen nothing yet.
    fn with(
        key: Key<'a>,
        (run, at): (RunId, i64),
        listing: (i64, FieldSet),
        (rules, compiled): (OverlayRules, CompiledRules),
    ) -> Self {
        Self {
            key,
            run,
            at,
            listing,
            edited: HashSet::new(),
            gone_names: HashSet::new(),
            look: false,
            gone_before: BTreeMap::new(),
            rules,
            compiled,
            written: BTreeMap::new(),
            known: BTreeMap::new(),
            touched: Vec::new(),
            removed: Vec::new(),
            all: false,
            gone_after: BTreeSet::new(),
            held_before: BTreeSet::new(),
            is_undo: false,
            others: HashSet::new(),
            alike: BTreeMap::new(),
            new_categories: Vec::new(),
        }
    }

    /// Compares categories of a listing or of an undo with the stored ones, before these are replaced.
    pub(crate) fn categories(&mut self, conn: &mut SqliteConnection, listed: &[Category]) -> Result<(), StoreError> {
        let key = self.key;
        let known = categories(conn, key.profile, key.kind)?;
        // The categories that an undo brings back are not those of a new list.
        if !self.is_undo {
            let filter = &mut self.rules.filters[key.kind];
            let has_met = filter.meet(listed);
            self.new_categories = filter.tell(&known, listed);
            if has_met || !self.new_categories.is_empty() {
                rules::save_categories(conn, key, filter)?;
            }
        }
        let filter = &self.rules.filters[key.kind];
        if filter.depends_on_categories() {
            let names = |all: &[Category]| -> BTreeMap<String, String> {
                all.iter().rev().map(|category| (category.id.0.clone(), category.name.clone())).collect()
            };
            self.all |= names(&known) != names(listed);
        }
        Ok(())
    }

    /// Continues after the categories were replaced.
    pub(crate) fn categories_replaced(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.all {
            self.compiled = rules::compile(conn, self.key, &self.rules)?;
        }
        Ok(())
    }

    /// Notes that any item may be shown differently now.
    pub(crate) const fn doubt(&mut self) {
        self.all = true;
    }

    /// Reads the edits of these rows, before the rows are written.
    pub(crate) fn before_write(&mut self, conn: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
        let edited: Vec<_> = ids.iter().copied().filter(|id| self.edited.contains(id)).collect();
        self.known.append(&mut edited::of_ids(conn, self.key, &edited)?);
        Ok(())
    }

    /// Takes the state of these rows before they were written.
    pub(crate) fn was<'i>(&mut self, rows: impl IntoIterator<Item = &'i Item>) {
        if !self.look && !self.gone_names.is_empty() {
            self.look = rows.into_iter().any(|row| self.gone_names.contains(row.name()));
        }
    }

    /// Notes a row that was written. `changed` are the columns that differ, or `None` if the row is new. Returns the
    /// texts with which the item is shown.
    pub(crate) fn wrote(&mut self, id: i64, changed: Option<FieldSet>, fields: &[Bind<'_>]) -> Texts {
        let text = |column: &str| match self.key.kind.field(column).and_then(|at| fields.get(at)) {
            Some(Bind::Text(text)) => *text,
            Some(Bind::Owned(text)) => text.as_str(),
            _ => "",
        };
        let (name, categories) = (text("name"), text("category_ids"));
        if self.gone_names.contains(name) {
            self.look = true;
        }
        if !self.edited.is_empty() && changes_identity(self.key.kind, changed) {
            self.others.insert(id);
        }
        if self.edited.contains(&id) {
            self.written.insert(id, changed);
        } else if self.compiled.is_empty() {
            return Texts::default();
        }
        if !self.compiled.is_empty() {
            self.touched.push(id);
        }
        let edits = self.known.get(&id).map_or(&[][..], |kept| &kept.item.edits);
        let shown = self.compiled.shown(name, &columns::categories(categories), edits);
        Texts { name: shown.name, categories: shown.categories }
    }

    /// Finds out which edited items will be gone, and which rows have their names. It is called after rows are written
    /// and before rows are removed. `held` are the held removals after the write, if they change.
    pub(crate) fn before_removals(
        &mut self,
        conn: &mut SqliteConnection,
        removals: &[ContentId],
        held: Option<&[HeldRemoval]>,
    ) -> Result<(), StoreError> {
        let key = self.key;
        let removed: BTreeSet<_> = removals.iter().map(|id| id.0).collect();
        if self.compiled.is_empty() {
            self.removed = removed.iter().copied().filter(|id| self.edited.contains(id)).collect();
        } else {
            self.removed = removed.iter().copied().collect();
        }
        if self.edited.is_empty() {
            return Ok(());
        }
        let is_unchanged = removals.is_empty() && held.is_none() && self.written.is_empty();
        if is_unchanged && !self.look {
            self.gone_after = self.gone_before.keys().copied().collect();
            return Ok(());
        }
        let held_before = missing(&held::held(conn, key.profile, key.kind)?);
        let held_after = held.map_or_else(|| held_before.clone(), missing);
        self.held_before.clone_from(&held_before);
        let may_be_gone = removed.iter().chain(&held_after).filter(|id| self.edited.contains(id));
        let candidates: BTreeSet<_> = self.gone_before.keys().chain(may_be_gone).copied().collect();
        let there = rows_there(conn, key, &candidates.iter().copied().collect::<Vec<_>>())?;
        let is_listed = |id: &i64| !removed.contains(id) && !held_after.contains(id);
        self.gone_after = candidates.into_iter().filter(|id| !(there.contains(id) && is_listed(id))).collect();
        self.look |= !self.gone_after.iter().eq(self.gone_before.keys());
        if !self.look && !self.gone_names.is_empty() {
            // Rows with the name of a gone item that are removed, newly held, or listed again.
            let moved = removed.iter().chain(held_before.symmetric_difference(&held_after));
            let moved: Vec<_> = moved.copied().collect();
            self.look = has_name(conn, key, &moved, &self.gone_names)?;
        }
        if self.look && !self.gone_after.is_empty() {
            self.read_alike(conn, |id| is_listed(&id))?;
        }
        Ok(())
    }

    /// Reads the rows with the names of the gone items. An item that is written and held counts as gone under its new
    /// name.
    fn read_alike(&mut self, conn: &mut SqliteConnection, is_listed: impl Fn(i64) -> bool) -> Result<(), StoreError> {
        let gone: Vec<_> = self.gone_after.iter().copied().collect();
        let kept = edited::of_ids(conn, self.key, &gone)?;
        let mut names: BTreeSet<_> = kept.into_values().map(|kept| kept.item.identity.name).collect();
        let written: Vec<_> = gone.iter().filter(|id| self.written.contains_key(id)).map(|id| ContentId(*id)).collect();
        let rows = item_sql::rows(conn, self.key.profile.as_str(), self.key.kind, &written)?;
        names.extend(rows.iter().map(|row| row.name().to_owned()));
        for (id, identity) in named(conn, self.key, &names)? {
            let is_listed = is_listed(id.0);
            let was_listed = !self.others.contains(&id.0) && !self.held_before.contains(&id.0);
            self.alike.insert(id.0, AlikeRow { id, identity, is_listed, was_listed });
        }
        Ok(())
    }

    /// Reads, before an undo writes anything, the rows with the names of items that may be gone after it. `ids` are the
    /// items of the undo.
    pub(crate) fn before_undo(&mut self, conn: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
        self.is_undo = true;
        self.held_before = missing(&held::held(conn, self.key.profile, self.key.kind)?);
        let may_be_gone = ids.iter().copied().filter(|id| self.edited.contains(id));
        let candidates: Vec<_> = self.gone_before.keys().copied().chain(may_be_gone).collect();
        let kept = edited::of_ids(conn, self.key, &candidates)?;
        let names: BTreeSet<_> = kept.into_values().map(|kept| kept.item.identity.name).collect();
        if !names.is_empty() {
            self.look = true;
            for (id, identity) in named(conn, self.key, &names)? {
                self.alike.insert(id.0, AlikeRow { id, identity, is_listed: false, was_listed: false });
            }
        }
        Ok(())
    }

    /// Takes the result of an undo that has written the rows and the holds. `gone`, `put_back` and `back` are its
    /// items.
    pub(crate) fn after_undo(
        &mut self,
        conn: &mut SqliteConnection,
        gone: &[ContentId],
        put_back: &[(ContentId, FieldSet)],
        back: &[ContentId],
    ) -> Result<(), StoreError> {
        let key = self.key;
        self.removed = gone.iter().map(|id| id.0).collect();
        let came = back.iter().map(|id| (id.0, None));
        for (id, changed) in put_back.iter().map(|(id, changed)| (id.0, Some(*changed))).chain(came) {
            self.touched.push(id);
            if changes_identity(key.kind, changed) {
                self.others.insert(id);
            }
            if self.edited.contains(&id) {
                self.written.insert(id, changed);
            }
        }
        if self.edited.is_empty() {
            return Ok(());
        }
        let held = missing(&held::held(conn, key.profile, key.kind)?);
        let all: Vec<_> = self.edited.iter().copied().collect();
        let there = rows_there(conn, key, &all)?;
        // A row that was put back may have another name now.
        for (id, _) in put_back {
            self.alike.remove(&id.0);
        }
        let is_gone = |id: &&i64| !there.contains(id) || held.contains(id);
        self.gone_after = self.edited.iter().filter(is_gone).copied().collect();
        self.look |= !self.gone_after.iter().eq(self.gone_before.keys());
        if self.look && !self.gone_after.is_empty() {
            self.read_alike(conn, |id| !held.contains(&id))?;
        }
        Ok(())
    }
}

/// Returns whether an edited item is gone, and no sync has looked yet for the item to which its edits belong.
fn has_unseen(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    // `INDEXED BY` is needed, because SQLite doesn't see by itself that the partial index has these rows.
    let sql = "SELECT 1 FROM xtream_edited_items i INDEXED BY xtream_edited_items_gone WHERE profile_id=? AND kind=? AND \
               gone>0 AND gone>1 AND parent=0 AND EXISTS (SELECT 1 FROM xtream_edits e WHERE e.profile_id=i.profile_id \
               AND e.kind=i.kind AND e.parent=0 AND e.content_id=i.content_id) LIMIT 1";
    Ok(record(conn, sql, &key.binds())?.is_some())
}
