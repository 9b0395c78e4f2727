//! I8: the overlay survives. After every write of rows, each edit is at its item, has followed its item to another id,
//! or has ended by its rule. This module repeats the rules, from the values before and after.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::overlay::{
    ConflictRule, ConflictRules, Edit, EditField, EditOp, EditValue, EditedItem, FilterAction, FilterBy, FilterRule,
    ItemIdentity, MatchBy, NewCategories, RewriteRule, RuleChange, carry_out,
};
use sync_core::{
    ChangedItem, ContentId, ContentKind, EditRequest, HeldRemoval, HoldReason, Item, Loss, OverlayError, Profile,
    ProfileId, ResolveRequest,
};

use super::Machine;
use super::backend::TestedStore;
use super::state::{KindState, State};
use super::step::OverlayEdit;
use super::store::still;
use crate::campaign::Violation;
use crate::dice::Dice;
use crate::elements::CATEGORIES;
use crate::{promise, show};

/// Returns whether the panel lists an item, as far as the cache knows.
fn is_listed(state: &KindState, id: i64) -> bool {
    let is_missing = |held: &HeldRemoval| held.id.0 == id && held.reason != HoldReason::Loss(Loss::Undone);
    state.rows.contains_key(&id) && !state.held.iter().any(is_missing)
}

/// The state of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Ended,
    /// It exists, without a conflict.
    Rests,
    /// It conflicts with this value of the panel.
    Conflicts(Option<EditValue>),
}

impl Fate {
    fn of(edit: Option<&Edit>) -> Self {
        match edit.map(|edit| &edit.conflict) {
            None => Self::Ended,
            Some(None) => Self::Rests,
            Some(Some(conflict)) => Self::Conflicts(conflict.panel.clone()),
        }
    }
}

/// Returns the result of a rule for an edit if the panel has this value.
fn ruled(edit: &Edit, panel: Option<&EditValue>, rule: ConflictRule, now: i64) -> Fate {
    let takes = match rule {
        ConflictRule::TakePanel => true,
        ConflictRule::Newest => edit.edited_at < now,
        _ => false,
    };
    match panel {
        Some(panel) if *panel == edit.local => Fate::Ended,
        same if same == edit.base.as_ref() => Fate::Rests,
        _ if takes => Fate::Ended,
        other => Fate::Conflicts(other.cloned()),
    }
}

/// Returns whether two edits are the same one, in any state.
fn is_same_edit(a: &Edit, b: &Edit) -> bool {
    (a.field, &a.local, &a.base, a.edited_at) == (b.field, &b.local, &b.base, b.edited_at)
}

/// The edits of a kind at an apply.
struct Applied<'a> {
    was: &'a KindState,
    is: &'a KindState,
    rules: ConflictRules,
    now: i64,
    kind: ContentKind,
}

/// Compares the edits of a kind after an apply with those before it.
pub(crate) fn applied(before: &State, after: &State, kind: ContentKind, now: i64) -> Result<(), Violation> {
    let mut rules = before.rules.clone();
    // A filter that knew no categories knows those of the first list.
    rules.filters[kind].meet(&after.kind(kind).categories);
    promise!(rules == after.rules, "{kind}: rules moved with an apply (I8)");
    let applied = Applied { was: before.kind(kind), is: after.kind(kind), rules: before.conflicts, now, kind };
    let mut explained = BTreeSet::new();
    for item in applied.was.edited.values() {
        for edit in &item.edits {
            explained.extend(applied.edit(item, edit)?.map(|id| (id, edit.field)));
        }
    }
    for (id, item) in &applied.is.edited {
        promise!(!item.edits.is_empty(), "{kind}: {id} is edited, and has no edits (I8)");
        for edit in &item.edits {
            promise!(
                explained.contains(&(*id, edit.field)),
                "{kind}: an edit of {id} came from nowhere: {edit:?} (I8)"
            );
        }
    }
    Ok(())
}

impl Applied<'_> {
    /// Compares one edit with its state before. Returns the item that has it now.
    fn edit(&self, item: &EditedItem, edit: &Edit) -> Result<Option<i64>, Violation> {
        let (kind, id) = (self.kind, item.id.0);
        let told = |what: &str| Violation::new(format!("{kind}: the {} of {id} {what}: {edit:?} (I8)", edit.field));
        let at = |id: i64| self.is.edited.get(&id)?.edit(edit.field).filter(|other| is_same_edit(edit, other));
        let mut targets = self.targets(item);
        let own = |to: &i64| self.was.edited.get(to).and_then(|known| known.edit(edit.field));
        let must_move = self.must_move(item) && targets.iter().any(|to| own(to).is_none());
        // If the target has an edit of the same field, that edit makes room when it ends.
        targets.retain(|to| own(to).is_none_or(|own| self.ends_at(own, *to)));
        // Both items may have had the same edit. Then the target still has its own one.
        let has_own = |to: &i64| at(id).is_some() && own(to).is_some_and(|own| is_same_edit(own, edit));
        let moved = targets.iter().copied().find(|to| at(*to).is_some() && !has_own(to));
        if moved.is_some_and(|to| self.was_alike(item, to)) {
            return Err(told("went to a copy that was listed all along"));
        }
        let (place, found) = match (at(id), moved) {
            (Some(_), Some(_)) => return Err(told("is there twice")),
            (Some(_), None) if must_move => return Err(told("did not follow its item")),
            (Some(found), None) => (id, Some(found)),
            (None, Some(to)) => (to, at(to)),
            // The edit may have ended at its item, or at the item to which it moved.
            (None, None) => (targets.iter().copied().find(|to| self.ends_at(edit, *to)).unwrap_or(id), None),
        };
        let new = self.is.rows.get(&place);
        let old = if place == id { self.was.rows.get(&id) } else { None };
        let panel = new.and_then(|row| edit.field.of_panel(row));
        let is_judged = EditField::JUDGED.contains(&edit.field)
            && new.is_some_and(|new| old.is_none_or(|old| edit.field.of_panel(old) != edit.field.of_panel(new)));
        let judged = ruled(edit, panel.as_ref(), self.rules.of(edit.field), self.now);
        // The panel may choose the host of an image anew for each answer. Such an image is not compared then.
        let may_be_left = !is_judged || edit.field == EditField::Icon;
        let is = Fate::of(found);
        let is_right = (is_judged && is == judged) || (may_be_left && is == Fate::of(Some(edit)));
        if !is_right {
            return Err(told(&format!("is {is:?} with {}, judged {is_judged}", show::row(new))));
        }
        Ok(found.map(|_| place))
    }

    /// Returns whether an edit ends at an item with its present row.
    fn ends_at(&self, edit: &Edit, id: i64) -> bool {
        let panel = self.is.rows.get(&id).and_then(|row| edit.field.of_panel(row));
        ruled(edit, panel.as_ref(), self.rules.of(edit.field), self.now) == Fate::Ended
    }

    /// Returns whether an item was listed before, and was recognised by the same values.
    fn was_alike(&self, item: &EditedItem, id: i64) -> bool {
        let row = self.was.rows.get(&id).filter(|_| is_listed(self.was, id));
        let now = self.is.rows.get(&id).map(ItemIdentity::of);
        row.is_some_and(|row| item.identity.is_same(&ItemIdentity::of(row)) && Some(ItemIdentity::of(row)) == now)
    }

    /// Returns the listed items that are the same as one that is gone.
    fn targets(&self, item: &EditedItem) -> Vec<i64> {
        if is_listed(self.is, item.id.0) {
            return Vec::new();
        }
        let same = |row: &&Item| row.id() != item.id && item.identity.is_same(&ItemIdentity::of(row));
        let rows = self.is.rows.values().filter(same);
        rows.map(|row| row.id().0).filter(|id| is_listed(self.is, *id)).collect()
    }

    /// Returns whether an item is certainly listed under another id: it had a row, and no third item is like it.
    fn must_move(&self, item: &EditedItem) -> bool {
        let newly = is_listed(self.was, item.id.0);
        let targets = self.targets(item);
        if !newly || targets.len() != 1 || self.was_alike(item, targets[0]) || item.declined.is_some() {
            return false;
        }
        let mut all: BTreeMap<i64, &Item> = self.was.rows.iter().map(|(id, row)| (*id, row)).collect();
        all.extend(self.is.rows.iter().map(|(id, row)| (*id, row)));
        let alike = |row: &&&Item| row.id() != item.id && item.identity.is_same(&ItemIdentity::of(row));
        let is_twin = |other: &&EditedItem| {
            other.id != item.id && !all.contains_key(&other.id.0) && other.identity.is_same(&item.identity)
        };
        all.values().filter(alike).count() == 1 && self.was.edited.values().filter(is_twin).count() == 0
    }
}

/// Compares the edits of a kind after an undo with those before it. No edit is lost, and each new one had ended before.
pub(crate) fn undone(before: &State, after: &State, kind: ContentKind) -> Result<(), Violation> {
    let (was, is) = (before.kind(kind), after.kind(kind));
    let all = |state: &KindState| -> Vec<(i64, Edit)> {
        let of = |item: &EditedItem| item.edits.iter().map(|edit| (item.id.0, edit.clone())).collect::<Vec<_>>();
        state.edited.values().flat_map(of).collect()
    };
    let (old, new) = (all(was), all(is));
    for (id, edit) in &old {
        let is_there = new.iter().any(|(_, other)| is_same_edit(edit, other));
        let panel = is.rows.get(id).and_then(|row| edit.field.of_panel(row));
        let may_end = EditField::JUDGED.contains(&edit.field)
            && (panel.as_ref() == Some(&edit.local)
                || !matches!(before.conflicts.of(edit.field), ConflictRule::KeepLocal | ConflictRule::Ask));
        promise!(is_there || may_end, "{kind}: an undo lost an edit of {id}: {edit:?} (I8)");
    }
    for (id, edit) in &new {
        let was_there = old.iter().any(|(_, other)| is_same_edit(edit, other));
        let column = edit.field.column(kind);
        let ended = before.changes.iter().filter(|it| it.kind == kind && it.change.is_of_edit()).any(|it| {
            let columns = it.columns.as_deref().unwrap_or_default();
            columns.iter().any(|it| Some(it.column) == column && it.before == edit.local.to_column())
        });
        promise!(was_there || ended, "{kind}: an undo made an edit of {id}: {edit:?} (I8)");
    }
    Ok(())
}

fn text(dice: &mut Dice, field: EditField) -> EditValue {
    // Some values are names and images of the panel, so that edits converge.
    let text = dice.pick(&["A", "B", "C", "Mine", "http://a.example/2.png"]);
    let is_none = field == EditField::Icon && !text.starts_with("http");
    EditValue::Text(if is_none { format!("http://a.example/{text}.png") } else { text.to_owned() })
}

fn op(dice: &mut Dice) -> EditOp {
    let field = dice.pick(&EditField::ALL);
    if dice.percent(15) {
        return EditOp::Clear(field);
    }
    match field {
        EditField::Favourite | EditField::Hidden | EditField::Watched => EditOp::Set(field, EditValue::Flag(true)),
        EditField::Number | EditField::Position | EditField::LastWatched => {
            EditOp::Set(field, EditValue::Number(dice.pick(&[1, 2, 3])))
        }
        EditField::Category => {
            let ids: Vec<_> = (0..=dice.below(2)).map(|_| dice.pick(&CATEGORIES)).collect();
            EditValue::list(ids).map_or(EditOp::Clear(field), |ids| EditOp::Set(field, ids))
        }
        EditField::Tags if dice.percent(50) => EditOp::RemoveTag("kids".to_owned()),
        EditField::Tags => EditOp::AddTag(dice.pick(&["kids", "new"]).to_owned()),
        _ => EditOp::Set(field, text(dice, field)),
    }
}

fn rule_change(dice: &mut Dice, rules: (usize, usize)) -> RuleChange {
    let action = dice.pick(&[FilterAction::Include, FilterAction::Exclude]);
    let at = |dice: &mut Dice, rules: usize| if dice.percent(50) { None } else { Some(1 + dice.below(rules + 1)) };
    match dice.below(10) {
        0..4 => {
            let (by, matches, pattern) = dice.pick(&[
                (FilterBy::Name, MatchBy::Glob, "a*"),
                (FilterBy::Name, MatchBy::Regex, "[BC]"),
                (FilterBy::Category, MatchBy::Id, "2"),
                (FilterBy::Category, MatchBy::Name, "Shelf 1"),
                (FilterBy::Category, MatchBy::Glob, "*shelf*"),
            ]);
            RuleChange::AddFilter(FilterRule { action, by, matches, pattern: pattern.to_owned() }, at(dice, rules.0))
        }
        4 | 5 => RuleChange::RemoveFilter(1 + dice.below(rules.0.max(1))),
        6 => RuleChange::Otherwise(action),
        7 => RuleChange::NewCategories(dice.pick(&NewCategories::ALL)),
        8 => RuleChange::RemoveRewrite(1 + dice.below(rules.1.max(1))),
        _ => {
            let (pattern, replacement) = dice.pick(&[("^A", "Z"), ("(B|C)", "<$1>"), ("^B$", "")]);
            let rule = RewriteRule { pattern: pattern.to_owned(), replacement: replacement.to_owned() };
            RuleChange::AddRewrite(rule, at(dice, rules.1))
        }
    }
}

/// The changes of a user to the overlay, and their right results.
struct Doing<'a> {
    store: &'a dyn TestedStore,
    profile: &'a ProfileId,
    before: State,
    kind: ContentKind,
    now: i64,
}

impl Machine {
    /// Changes the overlay of a profile, and checks the result.
    pub(super) async fn overlay(
        &mut self,
        site: usize,
        kind: ContentKind,
        edit: OverlayEdit,
        salt: u64,
    ) -> Result<(), Violation> {
        let (profile, now) = {
            let world = self.world.inner();
            (world.sites[site].profile.clone(), world.now)
        };
        let Some(before) = self.look(site).await? else { return Ok(()) };
        let store = self.eye(site)?;
        let doing = Doing { store: store.as_ref(), profile: &profile, before: before.clone(), kind, now };
        let mut dice = Dice::new(salt);
        let (told, mut expected) = match edit {
            OverlayEdit::Edit { percent } => doing.edit(&mut dice, percent).await?,
            OverlayEdit::Resolve { take_panel } => doing.resolve(&mut dice, take_panel).await?,
            OverlayEdit::Rules => doing.rules(&mut dice).await?,
            OverlayEdit::Conflicts(rule) => doing.conflicts(rule).await?,
        };
        self.world.count("overlay", told);
        let after = self.look(site).await?.ok_or_else(|| Violation::new("an edit took the profile"))?;
        if told == "resolved with a move" {
            // The check of an apply judges moved edits.
            for (at, state) in expected.kinds.iter_mut() {
                state.edited.clone_from(&after.kind(at).edited);
            }
            expected.changes.clone_from(&after.changes);
        }
        still(&expected, &after, "beside an edit")?;
        let logged = &after.changes[before.changes.len()..];
        promise!(logged.iter().all(|it| it.change.is_of_edit() && it.run.is_none()), "an edit logged {logged:?}");
        promise!(expected.conflicts == after.conflicts, "the rules of conflicts are {:?}", after.conflicts);
        self.world.inner().sites[site].known = Some(after);
        Ok(())
    }
}

impl Doing<'_> {
    fn failed(error: &OverlayError) -> Violation {
        Violation::new(format!("an edit fails where nothing is wrong: {error} (I8)"))
    }

    async fn edit(&self, dice: &mut Dice, percent: u8) -> Result<(&'static str, State), Violation> {
        let state = self.before.kind(self.kind);
        let known: BTreeSet<_> = state.rows.keys().chain(state.edited.keys()).copied().collect();
        let mut ids: Vec<_> = known.into_iter().filter(|_| dice.percent(percent)).map(ContentId).collect();
        let is_unknown = dice.percent(5);
        if is_unknown {
            ids.push(ContentId(987_654_321));
        }
        let ops: Vec<_> = (0..=dice.below(3)).map(|_| op(dice)).collect();
        let request = EditRequest { kind: self.kind, ids: ids.clone(), ops: ops.clone(), at: self.now };
        let done = self.store.edit(self.profile, request).await;
        let mut expected = self.before.clone();
        if is_unknown {
            let refused = matches!(&done, Err(OverlayError::UnknownItems(ids)) if ids[..] == [ContentId(987_654_321)]);
            promise!(refused, "an unknown item was edited: {done:?} (I8)");
            return Ok(("refused", expected));
        }
        let done = done.map_err(|error| Self::failed(&error))?;
        let kind_state = &mut expected.kinds[self.kind];
        let mut told = Vec::new();
        for id in ids {
            let row = kind_state.rows.get(&id.0);
            let identity = row.map(ItemIdentity::of).unwrap_or_default();
            let edited = kind_state.edited.entry(id.0);
            let edited = edited.or_insert_with(|| EditedItem::new(self.kind, id, identity));
            let changed = carry_out(edited, row, &ops, self.now);
            let changed = changed.map_err(|error| Violation::new(format!("a drawn edit is invalid: {error}")))?;
            told.push(ChangedItem { kind: self.kind, id, changed });
        }
        kind_state.edited.retain(|_, edited| !edited.edits.is_empty());
        promise!(done == told, "an edit is told as {done:?}, not {told:?} (I8)");
        Ok(("edited", expected))
    }

    async fn resolve(&self, dice: &mut Dice, take_panel: bool) -> Result<(&'static str, State), Violation> {
        let mut expected = self.before.clone();
        let state = &mut expected.kinds[self.kind];
        let open: Vec<_> = state.edited.values().filter(|item| item.is_open()).map(|item| item.id).collect();
        let all = dice.percent(50);
        let ids: Vec<_> = open.into_iter().filter(|_| all || dice.percent(50)).collect();
        let request =
            ResolveRequest { kind: Some(self.kind), ids: (!all).then(|| ids.clone()), take_panel, at: self.now };
        let done = self.store.resolve(self.profile, request).await.map_err(|error| Self::failed(&error))?;
        // An offered item may be gone in the meantime. Then the offer stays.
        let is_answered = |id: &&ContentId| {
            let offered = state.edited.get(&id.0).and_then(|item| item.maybe.as_ref());
            !take_panel || offered.is_none_or(|(to, _)| state.rows.contains_key(&to.0))
        };
        let answered = ids.iter().filter(is_answered).copied();
        promise!(done.iter().map(|item| item.id).eq(answered), "resolved {done:?}, not {ids:?} (I8)");
        let mut has_moved = false;
        for id in &ids {
            let Some(item) = state.edited.get_mut(&id.0) else { continue };
            has_moved |= take_panel && item.maybe.is_some();
            item.resolve(take_panel);
        }
        state.edited.retain(|_, edited| !edited.edits.is_empty());
        Ok((if has_moved { "resolved with a move" } else { "resolved" }, expected))
    }

    async fn rules(&self, dice: &mut Dice) -> Result<(&'static str, State), Violation> {
        let mut expected = self.before.clone();
        let rules = (expected.rules.filters[self.kind].rules.len(), expected.rules.rewrites[self.kind].len());
        let changes: Vec<_> = (0..=dice.below(2)).map(|_| rule_change(dice, rules)).collect();
        let done = self.store.change_rules(self.profile, self.kind, changes.clone()).await;
        let categories = &expected.kinds[self.kind].categories;
        let tried: Result<(), _> =
            changes.into_iter().try_for_each(|change| expected.rules.change(self.kind, change, categories));
        match (done, tried) {
            (Ok(rules), Ok(())) => {
                promise!(rules == expected.rules, "rules became {rules:?}, not {:?} (I8)", expected.rules);
                Ok(("with rules", expected))
            }
            (Err(OverlayError::Rule(_)), Err(_)) => Ok(("with unusable rules", self.before.clone())),
            (done, tried) => Err(Violation::new(format!("a change of rules came to {done:?}, not {tried:?} (I8)"))),
        }
    }

    async fn conflicts(&self, rule: ConflictRule) -> Result<(&'static str, State), Violation> {
        let conflicts = ConflictRules::all(rule);
        let failed = |error: &sync_core::StoreError| Violation::new(format!("a profile can't be saved: {error}"));
        let known = self.store.profile(self.profile).await.map_err(|error| failed(&error))?;
        let known = known.unwrap_or_else(|| Profile::new(self.profile.clone()));
        self.store.save_profile(&Profile { conflicts, ..known }).await.map_err(|error| failed(&error))?;
        Ok(("with a rule of conflicts", State { conflicts, ..self.before.clone() }))
    }
}
