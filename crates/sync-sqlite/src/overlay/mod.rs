//! The overlay: edits, conflicts, filters and rewrite rules, and how items are shown.
//!
//! The rules are in the core. This module applies them in the transactions that change rows, edits or rules.
//! `xtream_shown` has the result for every item that isn't shown as its row.

pub(crate) mod edited;
mod import;
pub(crate) mod log;
mod named;
pub(crate) mod pass;
pub(crate) mod rules;
pub(crate) mod shown;
mod values;
pub(crate) mod view;

use std::collections::{BTreeMap, BTreeSet};

use diesel::SqliteConnection;
use sync_core::overlay::{
    EDITS_MAX, EditPass, EditedItem, ImportReport, ItemIdentity, OverlayRules, RuleChange, carry_out,
};
use sync_core::{
    ChangedItem, ContentId, ContentKind, EditCounts, EditQuery, EditRequest, HeldRemoval, HoldReason, Item, Loss,
    NamedItem, OverlayError, ProfileId, ResolveRequest, RunId, StoreError,
};

use crate::db::statement::{Cell, in_lists, record, records};
use crate::db::stop;
use crate::items::{columns, item_sql};
use crate::overlay::edited::{Changes, Gone, Kept};
use crate::search::{self, Key};
use crate::store::SqliteStore;
use crate::tables::content::categories;
use crate::tables::guards::require_profile;
use crate::tables::of;

impl SqliteStore {
    /// Returns the edited items of a profile; see [`sync_core::Overlay::edited`].
    pub fn edited_blocking(&self, profile: &ProfileId, query: &EditQuery) -> Result<Vec<EditedItem>, StoreError> {
        self.read_profile(profile, |conn| {
            let mut found = Vec::new();
            for kept in matching(conn, profile, query)? {
                found.push(kept.item);
            }
            Ok(found)
        })
    }

    /// Returns how many edits a profile has; see [`sync_core::Overlay::edit_counts`].
    pub fn edit_counts_blocking(&self, profile: &ProfileId) -> Result<EditCounts, StoreError> {
        self.read_profile(profile, |conn| {
            let sql = "SELECT (SELECT COUNT(*) FROM xtream_edits WHERE profile_id=?),(SELECT COUNT(*) FROM xtream_edits WHERE \
                       profile_id=? AND conflict_since IS NOT NULL),(SELECT COUNT(*) FROM xtream_edited_items WHERE \
                       profile_id=? AND maybe_id IS NOT NULL)";
            let id = profile.as_str();
            let Some(mut row) = record(conn, sql, &[id.into(), id.into(), id.into()])? else {
                return Ok(EditCounts::default());
            };
            let mut count = |at| row.integer(at).map(i64::unsigned_abs);
            Ok(EditCounts::new(count(0)?, count(1)?, count(2)?))
        })
    }

    /// Edits items; see [`sync_core::Overlay::edit`].
    pub fn edit_blocking(&self, profile: &ProfileId, request: &EditRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        self.write_overlay(profile, |conn| {
            let key = Key { profile, kind: request.kind };
            let mut editing = Editing::new(key);
            let ids: Vec<_> = request.ids.iter().map(|id| id.0).collect();
            editing.load(conn, &ids)?;
            let (mut changed, mut unknown) = (Vec::new(), Vec::new());
            for id in &request.ids {
                let Some(mut kept) = editing.get(id.0) else {
                    unknown.push(*id);
                    continue;
                };
                let fields = carry_out(&mut kept.item, editing.rows.get(&id.0), &request.ops, request.at)?;
                changed.push(ChangedItem { kind: request.kind, id: *id, changed: fields });
                editing.now.insert(id.0, kept);
            }
            if !unknown.is_empty() {
                return Err(OverlayError::UnknownItems(unknown));
            }
            editing.save(conn)?;
            check_count(conn, profile)?;
            stop::at("edit.written");
            show(conn, key, &ids)?;
            Ok(changed)
        })
    }

    /// Answers conflicts; see [`sync_core::Overlay::resolve`].
    pub fn resolve_blocking(
        &self,
        profile: &ProfileId,
        request: &ResolveRequest,
    ) -> Result<Vec<ChangedItem>, OverlayError> {
        self.write_overlay(profile, |conn| {
            let mut query = EditQuery::conflicts();
            (query.kind, query.ids) = (request.kind, request.ids.clone());
            let open = matching(conn, profile, &query)?;
            let is_open = |id: &&ContentId| !open.iter().any(|kept| kept.item.id == **id);
            let unknown: Vec<_> = request.ids.iter().flatten().filter(is_open).copied().collect();
            if !unknown.is_empty() {
                return Err(OverlayError::UnknownItems(unknown));
            }
            let mut resolved = Vec::new();
            for kind in ContentKind::ALL {
                let of_kind: Vec<_> = open.iter().filter(|kept| kept.item.kind == kind).collect();
                if of_kind.is_empty() {
                    continue;
                }
                let key = Key { profile, kind };
                let mut editing = Editing::new(key);
                let offered = of_kind.iter().filter_map(|kept| Some(kept.item.maybe.as_ref()?.0.0));
                let ids: Vec<_> = of_kind.iter().map(|kept| kept.item.id.0).chain(offered).collect();
                editing.load(conn, &ids)?;
                let pass = EditPass::by_hand(kind, request.at);
                for Kept { item: EditedItem { id, .. }, .. } in of_kind {
                    // Edits that were moved to the item in the meantime belong to it.
                    let Some(mut kept) = editing.get(id.0) else { continue };
                    let offered = kept.item.maybe.clone().map(|(to, _)| to);
                    if request.take_panel && offered.is_some_and(|to| !editing.rows.contains_key(&to.0)) {
                        continue;
                    }
                    let changed = kept.item.resolve(request.take_panel);
                    editing.now.insert(id.0, kept);
                    if let Some(to) = offered.filter(|_| request.take_panel) {
                        let events = editing.move_edits(*id, to, &pass);
                        log::events(conn, key, &events, RunId(0), request.at)?;
                    }
                    resolved.push(ChangedItem { kind, id: *id, changed });
                }
                editing.save(conn)?;
                show(conn, key, &ids)?;
            }
            Ok(resolved)
        })
    }

    /// Returns the rules; see [`sync_core::Overlay::rules`].
    pub fn rules_blocking(&self, profile: &ProfileId) -> Result<OverlayRules, StoreError> {
        self.read_profile(profile, |conn| rules::of_profile(conn, profile))
    }

    /// Changes the rules of a kind; see [`sync_core::Overlay::change_rules`].
    pub fn change_rules_blocking(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        changes: Vec<RuleChange>,
    ) -> Result<OverlayRules, OverlayError> {
        self.write_overlay(profile, |conn| {
            let key = Key { profile, kind };
            let mut all = rules::of_profile(conn, profile)?;
            let listed = categories(conn, profile, kind)?;
            for change in changes {
                all.change(kind, change, &listed)?;
            }
            rules::save(conn, key, &all)?;
            let mut compiled = rules::compile(conn, key, &all)?;
            let other_texts = shown::refresh_all(conn, key, &mut compiled)?;
            search::write::follow(conn, profile, kind, &other_texts)?;
            Ok(all)
        })
    }

    /// Returns the items with the values that rules use; see [`sync_core::Overlay::named_items`].
    pub fn named_items_blocking(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<NamedItem>, StoreError> {
        let tables = of(kind);
        let sql = format!(
            "SELECT i.{0},i.name,i.category_ids,coalesce(s.hidden,0) FROM {1} i LEFT JOIN xtream_shown s ON \
             s.profile_id=i.profile_id AND s.kind=? AND s.content_id=i.{0} WHERE i.profile_id=? AND \
             typeof(i.{0})='integer' ORDER BY i.{0}",
            tables.id, tables.items
        );
        self.read_profile(profile, |conn| {
            let mut items = Vec::new();
            for mut row in records(conn, &sql, &[kind.as_str().into(), profile.as_str().into()])? {
                items.push(NamedItem {
                    id: ContentId(row.integer(0)?),
                    name: row.optional_text(1).ok().flatten().unwrap_or_default(),
                    categories: match row.take(2) {
                        Cell::Text(text) => columns::categories(&text),
                        _ => sync_core::CategorySet::NONE,
                    },
                    hidden: !matches!(row.take(3), Cell::Integer(0)),
                });
            }
            Ok(items)
        })
    }

    /// Imports edits; see [`sync_core::Overlay::import`].
    pub fn import_blocking(
        &self,
        profile: &ProfileId,
        items: Vec<EditedItem>,
        at: i64,
    ) -> Result<ImportReport, OverlayError> {
        self.write_overlay(profile, |conn| {
            let mut report = ImportReport::default();
            import::items(conn, profile, items, at, &mut report)?;
            check_count(conn, profile)?;
            Ok(report)
        })
    }

    /// Changes the overlay of a profile in a transaction, completely or not at all.
    fn write_overlay<T>(
        &self,
        profile: &ProfileId,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, OverlayError>,
    ) -> Result<T, OverlayError> {
        // A transaction can end only with an error of the store. The error of the overlay is kept beside it.
        let mut refused = None;
        let done = self.write(|conn| {
            stop::at("edit.begun");
            require_profile(conn, profile)?;
            let done = work(conn).map_err(|error| match error {
                OverlayError::Store(error) => error,
                other => {
                    let stands_for = StoreError::Refused(other.to_string());
                    refused = Some(other);
                    stands_for
                }
            })?;
            stop::at("edit.before-commit");
            Ok(done)
        });
        if done.is_ok() {
            stop::at("edit.committed");
        }
        match (done, refused) {
            (Err(_), Some(error)) => Err(error),
            (done, _) => Ok(done?),
        }
    }
}

/// Reads the edited items of a query, by kind and ascending id.
fn matching(conn: &mut SqliteConnection, profile: &ProfileId, query: &EditQuery) -> Result<Vec<Kept>, StoreError> {
    let mut found = Vec::new();
    for kind in ContentKind::ALL.into_iter().filter(|kind| query.kind.is_none_or(|wanted| wanted == *kind)) {
        let key = Key { profile, kind };
        let of_kind = match &query.ids {
            Some(ids) => edited::of_ids(conn, key, &ids.iter().map(|id| id.0).collect::<Vec<_>>())?,
            None if query.conflicts => edited::open_of_kind(conn, key)?,
            None => edited::of_kind(conn, key)?,
        };
        found.extend(of_kind.into_values().filter(|kept| !query.conflicts || kept.item.is_open()));
    }
    Ok(found)
}

fn check_count(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), OverlayError> {
    if edited::count(conn, profile)? > EDITS_MAX as u64 { Err(OverlayError::TooManyEdits) } else { Ok(()) }
}

/// Adapts what is shown of these items to their edits, and the search text to what is shown.
fn show(conn: &mut SqliteConnection, key: Key<'_>, ids: &[i64]) -> Result<(), StoreError> {
    let (_, mut compiled) = rules::compiled(conn, key)?;
    let other_texts = shown::refresh(conn, key, &mut compiled, ids)?;
    search::write::follow(conn, key.profile, key.kind, &other_texts)
}

/// Edited items of a kind that are being changed.
struct Editing<'a> {
    key: Key<'a>,
    rows: BTreeMap<i64, Item>,
    before: BTreeMap<i64, Kept>,
    now: BTreeMap<i64, Kept>,
}

impl<'a> Editing<'a> {
    const fn new(key: Key<'a>) -> Self {
        Self { key, rows: BTreeMap::new(), before: BTreeMap::new(), now: BTreeMap::new() }
    }

    /// Reads these items.
    fn load(&mut self, conn: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
        self.before.append(&mut edited::of_ids(conn, self.key, ids)?);
        let wanted: Vec<_> = ids.iter().copied().map(ContentId).collect();
        let rows = item_sql::rows(conn, self.key.profile.as_str(), self.key.kind, &wanted)?;
        self.rows.extend(rows.into_iter().map(|row| (row.id().0, row)));
        Ok(())
    }

    /// Returns an item as it is now, or `None` if it has neither a row nor edits.
    fn get(&self, id: i64) -> Option<Kept> {
        self.now.get(&id).or_else(|| self.before.get(&id)).cloned().or_else(|| {
            let identity = ItemIdentity::of(self.rows.get(&id)?);
            Some(self.new_item(ContentId(id), identity))
        })
    }

    const fn new_item(&self, id: ContentId, identity: ItemIdentity) -> Kept {
        Kept { item: EditedItem::new(self.key.kind, id, identity), gone: Gone::No }
    }

    /// Moves the edits of an item to an item with a row, and judges them there.
    fn move_edits(&mut self, from: ContentId, to: ContentId, pass: &EditPass) -> Vec<sync_core::overlay::EditEvent> {
        let (Some(row), Some(mut left)) = (self.rows.get(&to.0), self.get(from.0)) else { return Vec::new() };
        // An item whose edits have all ended counts as new.
        let known = self.get(to.0).filter(|kept| !kept.item.edits.is_empty());
        let mut kept = known.unwrap_or_else(|| self.new_item(to, ItemIdentity::of(row)));
        let events = pass.follow(&mut left.item, &mut kept.item, row);
        self.now.insert(from.0, left);
        self.now.insert(to.0, kept);
        events
    }

    /// Writes what differs. For an item that is new in the overlay, it is not known yet whether the panel lists it.
    fn save(self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let key = self.key;
        let new: Vec<_> = self.now.keys().filter(|id| !self.before.contains_key(id)).copied().collect();
        let mut held = BTreeSet::new();
        if !new.is_empty() {
            held = missing(&crate::tables::held::held(conn, key.profile, key.kind)?);
        }
        let mut changes = Changes::new(key);
        let mut is_other = false;
        for (id, mut kept) in self.now {
            let before = self.before.get(&id);
            if before.is_none() && (!self.rows.contains_key(&id) || held.contains(&id)) {
                kept.gone = Gone::Unseen;
            }
            let was_gone = before.is_some_and(|before| before.gone != Gone::No);
            is_other |= (was_gone && kept.item.edits.is_empty()) || (before.is_none() && kept.gone != Gone::No);
            changes.add(before, &kept);
        }
        changes.write(conn)?;
        if is_other { edited::look_again(conn, key, &[]) } else { Ok(()) }
    }
}

/// Returns the held items that the panel doesn't list. An item that an undo has put back counts as listed.
fn missing(held: &[HeldRemoval]) -> BTreeSet<i64> {
    held.iter().filter(|held| held.reason != HoldReason::Loss(Loss::Undone)).map(|held| held.id.0).collect()
}

/// Returns which of these ids have rows.
fn rows_there(conn: &mut SqliteConnection, key: Key<'_>, ids: &[i64]) -> Result<BTreeSet<i64>, StoreError> {
    let tables = of(key.kind);
    let mut there = BTreeSet::new();
    in_lists(ids, |list, ids| {
        let sql = format!("SELECT {0} FROM {1} WHERE profile_id=? AND {0} IN ({list})", tables.id, tables.items);
        let binds = crate::db::statement::and_list([key.profile.as_str().into()], ids);
        there.extend(crate::db::statement::integers(conn, &sql, &binds)?);
        Ok(())
    })?;
    Ok(there)
}
