//! The overlay of the in-memory store. How items are shown is not stored, but computed for each read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;

use super::memory_store::MemoryStore;
use super::memory_tables::Tables;
use crate::feed::change::LoggedChange;
use crate::model::{ContentId, ContentKind, FieldSet, Item, ProfileId};
use crate::overlay::{
    AlikeRow, CompiledRules, EDITS_MAX, Edit, EditEvent, EditField, EditOutcome, EditPass, EditValue, EditedItem,
    ImportMatch, ImportReport, ItemIdentity, OverlayRules, RuleChange, Shown, carry_out, changes_identity,
    find_imported, find_moves,
};
use crate::ports::overlay::{
    ChangedItem, EditCounts, EditQuery, EditRequest, NamedItem, Overlay, OverlayError, ResolveRequest,
};
use crate::ports::store::{Applied, StoreError};
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::HeldRemoval;
use crate::run::record::{RunId, Trigger};

/// The edited items of a profile, by kind and id.
pub(super) type EditedItems = BTreeMap<(ContentKind, i64), EditedItem>;

/// The edited items of a kind that were gone, and the rows with their names, at the last search for the items to which
/// edits belong.
pub(super) type Looked = (BTreeSet<i64>, Vec<AlikeRow>);

/// The state of a kind before a call writes it.
pub(super) struct Before {
    pub(super) rows: BTreeMap<i64, (u64, Item)>,
    pub(super) held: Vec<HeldRemoval>,
}

/// Returns the held items that the panel doesn't list. An item that an undo has put back counts as listed.
fn missing(held: &[HeldRemoval]) -> BTreeSet<i64> {
    held.iter().filter(|held| held.reason != HoldReason::Loss(Loss::Undone)).map(|held| held.id.0).collect()
}

/// The rows of a kind that a call has written, each with the columns that differ; `None` for a new row.
pub(super) type Touched = Vec<(i64, Option<FieldSet>)>;

impl Tables {
    /// Returns the circumstances of a write, with the profile's rules of conflicts.
    fn pass(&self, asked_at: i64, compared: FieldSet) -> EditPass {
        let rules = self.settings.as_ref().map(|settings| settings.conflicts).unwrap_or_default();
        EditPass { rules, asked_at, compared }
    }

    fn is_undo(&self, run: Option<RunId>) -> bool {
        self.runs.iter().any(|known| Some(known.run) == run && known.trigger == Trigger::Undo)
    }

    /// Returns how items of a kind are shown, for the items that are not shown as their rows.
    pub(super) fn shown(&self, kind: ContentKind) -> HashMap<ContentId, Shown> {
        let rules = CompiledRules::new(&self.rules, kind, &self.categories[kind]);
        let mut rules = rules.expect("rules are checked before they are kept");
        let shown = self.rows(kind).iter().map(|(id, (_, item))| {
            let edited = self.edited.get(&(kind, *id));
            (ContentId(*id), rules.shown_item(item, edited))
        });
        shown.filter(|(_, shown)| !shown.is_plain()).collect()
    }

    /// Returns how one item is shown.
    pub(super) fn shown_one(&self, kind: ContentKind, id: ContentId) -> Shown {
        let edits = self.edited.get(&(kind, id.0)).map_or(&[][..], |edited| &edited.edits);
        let Some((_, item)) = self.rows(kind).get(&id.0) else { return Shown::of_edits(edits) };
        let rules = CompiledRules::new(&self.rules, kind, &self.categories[kind]);
        rules.expect("rules are checked before they are kept").shown(item.name(), item.categories(), edits)
    }

    /// Judges the edits of rows that were written, and finds the items to which the edits of missing items belong.
    /// `alike` are the rows as they were before removals.
    pub(super) fn judge_edits(
        &mut self,
        kind: ContentKind,
        touched: &Touched,
        before: &Before,
        (asked_at, compared): (i64, FieldSet),
        run: Option<RunId>,
        at: i64,
    ) -> Applied {
        // A person has asked for the undo, so no rule ends an edit.
        let pass = if self.is_undo(run) { EditPass::by_hand(kind, at) } else { self.pass(asked_at, compared) };
        let pass = EditPass { compared, ..pass };
        let mut applied = Applied::default();
        for (id, changed) in touched {
            let Some((_, item)) = self.rows[kind].get(id) else { continue };
            if let Some(edited) = self.edited.get_mut(&(kind, *id)) {
                applied.edits.extend(pass.judge(edited, item, *changed));
            }
        }
        let held = missing(&self.held[kind]);
        let held_before = missing(&before.held);
        let others: BTreeSet<_> =
            touched.iter().filter(|(_, changed)| changes_identity(kind, *changed)).map(|(id, _)| *id).collect();
        let was_listed = |id: &i64| before.rows.contains_key(id) && !held_before.contains(id) && !others.contains(id);
        let is_listed = |id: &i64| self.rows[kind].contains_key(id) && !held.contains(id);
        let (mut gone, mut names) = (Vec::new(), BTreeSet::new());
        for ((_, id), edited) in self.edited.iter().filter(|((of, _), _)| *of == kind) {
            if !is_listed(id) {
                names.insert(edited.identity.name.clone());
                gone.push(EditedItem { maybe: None, ..edited.clone() });
            }
        }
        let is_alike = |id: &i64| self.rows[kind].get(id).is_some_and(|(_, item)| names.contains(item.name()));
        let has_alike = touched.iter().any(|(id, _)| is_alike(id));
        if self.looked[kind].as_ref() == Some(&self.gone_and_alike(kind)) && !has_alike {
            gone.clear();
        }
        let mut all = before.rows.clone();
        all.extend(self.rows[kind].iter().map(|(id, row)| (*id, row.clone())));
        let alike = all.values().filter(|(_, item)| names.contains(item.name())).map(|(_, item)| AlikeRow {
            id: item.id(),
            identity: ItemIdentity::of(item),
            is_listed: is_listed(&item.id().0),
            was_listed: was_listed(&item.id().0),
        });
        let alike: Vec<_> = alike.collect();
        let mut told = BTreeSet::new();
        let looks_at: BTreeSet<_> = gone.iter().map(|item| item.id.0).collect();
        let is_back = |id: &i64| self.rows[kind].contains_key(id) && !held.contains(id);
        for ((_, id), edited) in self.edited.iter_mut().filter(|((of, _), _)| *of == kind) {
            if looks_at.contains(id) || is_back(id) {
                told.extend(edited.maybe.take().map(|(to, _)| (*id, to)));
            }
        }
        for found in find_moves(&gone, &alike) {
            let edits = |tables: &Self| tables.edited.get(&(kind, found.from.0)).map_or(0, |it| it.edits.len());
            let waiting = edits(self);
            if found.is_certain {
                applied.edits.extend(self.move_edits(kind, found.from, found.to, &pass));
            } else if let Some(edited) = self.edited.get_mut(&(kind, found.from.0)) {
                edited.maybe = Some((found.to, edited.identity.name.clone()));
            }
            // An offer is reported once.
            let has_moved = found.is_certain && edits(self) < waiting;
            if has_moved || !found.is_certain && !told.contains(&(found.from.0, found.to)) {
                applied.moves.push(found);
            }
        }
        self.edited.retain(|_, edited| !edited.edits.is_empty());
        // An item whose edits have just moved away no longer counts as missing.
        self.looked[kind] = Some(self.gone_and_alike(kind));
        for event in &applied.edits {
            self.log_edit(event, run, at);
        }
        applied
    }

    /// Returns the edited items that are missing, and the rows with their names. An offer stays as long as both are the
    /// same. A row that was not listed before counts as a change only once.
    fn gone_and_alike(&self, kind: ContentKind) -> Looked {
        let held = missing(&self.held[kind]);
        let is_listed = |id: &i64| self.rows[kind].contains_key(id) && !held.contains(id);
        let of_kind = self.edited.iter().filter(|((of, _), _)| *of == kind);
        let gone = of_kind.filter(|((_, id), _)| !is_listed(id));
        let (ids, names): (BTreeSet<_>, BTreeSet<_>) =
            gone.map(|((_, id), edited)| (*id, edited.identity.name.as_str())).unzip();
        let alike = self.rows[kind].iter().filter(|(_, (_, item))| names.contains(item.name()));
        let alike = alike.map(|(id, (_, item))| AlikeRow {
            id: ContentId(*id),
            identity: ItemIdentity::of(item),
            is_listed: is_listed(id),
            was_listed: false,
        });
        (ids, alike.collect())
    }

    /// Moves the edits of an item to another item with a row, and judges them there.
    fn move_edits(&mut self, kind: ContentKind, from: ContentId, to: ContentId, pass: &EditPass) -> Vec<EditEvent> {
        let Some((_, item)) = self.rows[kind].get(&to.0) else { return Vec::new() };
        let Some(mut left) = self.edited.remove(&(kind, from.0)) else { return Vec::new() };
        let known = self.edited.remove(&(kind, to.0));
        let mut edited = known.unwrap_or_else(|| EditedItem::new(kind, to, ItemIdentity::of(item)));
        let events = pass.follow(&mut left, &mut edited, item);
        self.edited.insert((kind, from.0), left);
        self.edited.insert((kind, to.0), edited);
        events
    }

    /// Logs the end of an edit.
    fn log_edit(&mut self, event: &EditEvent, run: Option<RunId>, at: i64) {
        let change = match event.outcome {
            EditOutcome::Converged => LoggedChange::Converged,
            EditOutcome::Overruled => LoggedChange::Overruled,
            EditOutcome::Conflicts => return,
        };
        let Some((_, item)) = self.rows[event.kind].get(&event.id.0).cloned() else { return };
        self.log(run, at, &item, change, event.column().into_iter().collect());
    }

    /// Restores edits that a run has ended, when the run is undone.
    pub(super) fn bring_edits_back(&mut self, of: RunId, kind: ContentKind) {
        let is_of = |change: &&crate::feed::change::ChangeRecord| {
            change.sequence > self.floor && change.run == Some(of) && change.kind == kind && change.change.is_of_edit()
        };
        let ended: Vec<_> = self.changes.iter().filter(is_of).cloned().collect();
        for entry in ended {
            let (Some(id), Some(columns)) = (entry.id, entry.columns) else { continue };
            for column in columns {
                let field = EditField::JUDGED.into_iter().find(|field| field.column(kind) == Some(column.column));
                let Some((field, local)) = field.zip(EditValue::from_column(&column.before)) else { continue };
                let row = self.rows[kind].get(&id.0).map(|(_, item)| item);
                let name = entry.name.clone().unwrap_or_default();
                let identity = row.map_or_else(|| ItemIdentity { name, ..ItemIdentity::default() }, ItemIdentity::of);
                let base = row.and_then(|item| field.of_panel(item));
                if base.as_ref() == Some(&local) {
                    continue;
                }
                let edited = self.edited.entry((kind, id.0));
                let edited = edited.or_insert_with(|| EditedItem::new(kind, id, identity));
                if edited.edit(field).is_none() {
                    edited.edits.push(Edit { field, local, base, edited_at: entry.at, conflict: None });
                    edited.edits.sort_by_key(|edit| edit.field);
                }
            }
        }
        self.edited.retain(|_, edited| !edited.edits.is_empty());
    }

    fn matching(&self, query: &EditQuery) -> Vec<EditedItem> {
        let EditQuery { kind, ids, conflicts } = query;
        let is_wanted = |edited: &&EditedItem| {
            kind.is_none_or(|kind| edited.kind == kind)
                && ids.as_ref().is_none_or(|ids| ids.contains(&edited.id))
                && (!conflicts || edited.is_open())
        };
        self.edited.values().filter(is_wanted).cloned().collect()
    }

    fn check_count(&self) -> Result<(), OverlayError> {
        let edits: usize = self.edited.values().map(|edited| edited.edits.len()).sum();
        if edits > EDITS_MAX { Err(OverlayError::TooManyEdits) } else { Ok(()) }
    }

    fn edit(&mut self, request: &EditRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        let EditRequest { kind, ids, ops, at } = request;
        let mut changed = Vec::new();
        let mut unknown = Vec::new();
        for id in ids {
            let item = self.rows[*kind].get(&id.0).map(|(_, item)| item);
            let known = self.edited.get(&(*kind, id.0)).cloned();
            let Some(mut edited) = known.or_else(|| Some(EditedItem::new(*kind, *id, ItemIdentity::of(item?)))) else {
                unknown.push(*id);
                continue;
            };
            let fields = carry_out(&mut edited, item, ops, *at)?;
            changed.push(ChangedItem { kind: *kind, id: *id, changed: fields });
            self.edited.insert((*kind, id.0), edited);
        }
        if !unknown.is_empty() {
            return Err(OverlayError::UnknownItems(unknown));
        }
        self.edited.retain(|_, edited| !edited.edits.is_empty());
        self.check_count()?;
        Ok(changed)
    }

    fn resolve(&mut self, request: &ResolveRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        let query = EditQuery { kind: request.kind, ids: request.ids.clone(), conflicts: true };
        let open = self.matching(&query);
        let is_open = |id: &&ContentId| !open.iter().any(|edited| edited.id == **id);
        let unknown: Vec<_> = request.ids.iter().flatten().filter(is_open).copied().collect();
        if !unknown.is_empty() {
            return Err(OverlayError::UnknownItems(unknown));
        }
        let mut resolved = Vec::new();
        for EditedItem { kind, id, .. } in open {
            // Edits that were moved to the item in the meantime belong to it.
            let Some(mut edited) = self.edited.get(&(kind, id.0)).cloned() else { continue };
            let offered = edited.maybe.clone().map(|(to, _)| to);
            if request.take_panel && offered.is_some_and(|to| !self.rows[kind].contains_key(&to.0)) {
                continue;
            }
            let changed = edited.resolve(request.take_panel);
            self.edited.insert((kind, id.0), edited);
            if let Some(to) = offered.filter(|_| request.take_panel) {
                let pass = EditPass::by_hand(kind, request.at);
                let events = self.move_edits(kind, id, to, &pass);
                for event in &events {
                    self.log_edit(event, None, request.at);
                }
            }
            resolved.push(ChangedItem { kind, id, changed });
        }
        self.edited.retain(|_, edited| !edited.edits.is_empty());
        Ok(resolved)
    }

    fn import(&mut self, items: Vec<EditedItem>, at: i64) -> Result<ImportReport, OverlayError> {
        let mut report = ImportReport::default();
        for item in items {
            let kind = item.kind;
            let mut item = item.checked(at)?;
            let stored = self.rows[kind].get(&item.id.0).map(|(_, row)| ItemIdentity::of(row));
            let rows = self.rows[kind].values().map(|(_, row)| row).filter(|row| row.name() == item.identity.name);
            let alike: Vec<_> = rows.map(|row| (row.id(), ItemIdentity::of(row))).collect();
            // Edits that are stored under the id of the item belong to it.
            let is_known = stored.is_none() && self.edited.contains_key(&(kind, item.id.0));
            let found = if is_known { ImportMatch::ById } else { find_imported(&item, stored.as_ref(), &alike) };
            let id = match found {
                ImportMatch::ById => {
                    report.matched_by_id += 1;
                    item.id
                }
                ImportMatch::ByName(id) => {
                    report.matched_by_name += 1;
                    id
                }
                ImportMatch::Unmatched => {
                    report.unmatched += 1;
                    item.id
                }
            };
            let row = self.rows[kind].get(&id.0).map(|(_, row)| row.clone());
            if found == ImportMatch::Unmatched && row.is_some() {
                continue;
            }
            if let Some(row) = &row {
                let pass = EditPass::by_hand(kind, at);
                for event in pass.judge(&mut item, row, None) {
                    self.log_edit(&EditEvent { id, ..event }, None, at);
                }
            }
            let edited = self.edited.entry((kind, id.0));
            let edited = edited.or_insert_with(|| EditedItem {
                declined: item.declined,
                ..EditedItem::new(kind, id, item.identity.clone())
            });
            report.superseded += edited.add_later(item.edits);
        }
        self.edited.retain(|_, edited| !edited.edits.is_empty());
        self.check_count()?;
        Ok(report)
    }
}

#[async_trait]
impl Overlay for MemoryStore {
    async fn edited(&self, profile: &ProfileId, query: EditQuery) -> Result<Vec<EditedItem>, StoreError> {
        self.read(profile, |tables| tables.matching(&query))
    }

    async fn edit_counts(&self, profile: &ProfileId) -> Result<EditCounts, StoreError> {
        self.read(profile, |tables| {
            let edits = || tables.edited.values().flat_map(|edited| &edited.edits);
            let conflicts = edits().filter(|edit| edit.conflict.is_some()).count();
            let offers = tables.edited.values().filter(|edited| edited.maybe.is_some()).count();
            EditCounts::new(edits().count() as u64, conflicts as u64, offers as u64)
        })
    }

    async fn edit(&self, profile: &ProfileId, request: EditRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        self.write_overlay(profile, |tables| tables.edit(&request))
    }

    async fn resolve(&self, profile: &ProfileId, request: ResolveRequest) -> Result<Vec<ChangedItem>, OverlayError> {
        self.write_overlay(profile, |tables| tables.resolve(&request))
    }

    async fn rules(&self, profile: &ProfileId) -> Result<OverlayRules, StoreError> {
        self.read(profile, |tables| tables.rules.clone())
    }

    async fn change_rules(
        &self,
        profile: &ProfileId,
        kind: ContentKind,
        changes: Vec<RuleChange>,
    ) -> Result<OverlayRules, OverlayError> {
        self.write_overlay(profile, |tables| {
            for change in changes {
                tables.rules.change(kind, change, &tables.categories[kind])?;
            }
            Ok(tables.rules.clone())
        })
    }

    async fn named_items(&self, profile: &ProfileId, kind: ContentKind) -> Result<Vec<NamedItem>, StoreError> {
        self.read(profile, |tables| {
            let named = |item: &Item| NamedItem {
                id: item.id(),
                name: item.name().to_owned(),
                categories: item.categories().clone(),
                hidden: tables.shown_one(kind, item.id()).hidden,
            };
            tables.rows(kind).values().map(|(_, item)| named(item)).collect()
        })
    }

    async fn import(&self, profile: &ProfileId, items: Vec<EditedItem>, at: i64) -> Result<ImportReport, OverlayError> {
        self.write_overlay(profile, |tables| tables.import(items, at))
    }
}

impl MemoryStore {
    /// Changes the overlay of a profile, completely or not at all.
    fn write_overlay<T>(
        &self,
        profile: &ProfileId,
        change: impl FnOnce(&mut Tables) -> Result<T, OverlayError>,
    ) -> Result<T, OverlayError> {
        let mut inner = self.inner();
        let tables = inner.profiles.get_mut(profile).ok_or_else(|| StoreError::UnknownProfile(profile.to_string()))?;
        let mut changed = tables.clone();
        let result = change(&mut changed)?;
        *tables = changed;
        Ok(result)
    }
}
