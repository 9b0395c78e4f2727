//! The end of a pass: edits are judged and moved, and what is shown is adapted to rows, edits and rules.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::SqliteConnection;
use sync_core::StoreError;
use sync_core::overlay::{ConflictRules, EditEvent, EditPass, EditedItem, find_moves};
use sync_core::store::Applied;

use super::{Finished, Pass};
use crate::overlay::edited::{Changes, Gone, Kept};
use crate::overlay::{Editing, log, shown};
use crate::tables::settings;

/// The number of touched items from which on the whole kind is compared.
const MANY: usize = 20_000;

impl Pass<'_> {
    /// Ends the pass after everything was written: judges edits, moves them, logs those that have ended, and adapts
    /// what is shown.
    pub(crate) fn finish(mut self, conn: &mut SqliteConnection) -> Result<Finished, StoreError> {
        let key = self.key;
        let mut finished = Finished::default();
        finished.applied.new_categories = std::mem::take(&mut self.new_categories);
        let mut changed = BTreeSet::new();
        if !self.written.is_empty() || self.look {
            self.judge(conn, &mut finished.applied, &mut changed)?;
            log::events(conn, key, &finished.applied.edits, self.run, self.at)?;
        }
        finished.other_texts = self.show(conn, changed)?;
        Ok(finished)
    }

    fn judge(
        &mut self,
        conn: &mut SqliteConnection,
        applied: &mut Applied,
        changed: &mut BTreeSet<i64>,
    ) -> Result<(), StoreError> {
        let key = self.key;
        let (asked_at, compared) = self.listing;
        // A person has asked for the undo, so no rule ends an edit.
        let rules = if self.is_undo { ConflictRules::default() } else { settings::conflicts(conn, key.profile)? };
        let pass = EditPass { rules, asked_at, compared };
        let mut editing = Editing::new(key);
        let mut wanted: BTreeSet<_> = self.written.keys().copied().collect();
        wanted.extend(self.gone_after.iter().chain(self.gone_before.keys()));
        wanted.extend(self.alike.values().filter(|row| row.is_listed).map(|row| row.id.0));
        editing.load(conn, &Vec::from_iter(wanted))?;
        for (id, columns) in &self.written {
            let (Some(row), Some(mut kept)) = (editing.rows.get(id), editing.before.get(id).cloned()) else { continue };
            applied.edits.extend(pass.judge(&mut kept.item, row, *columns));
            editing.now.insert(*id, kept);
        }
        if self.look {
            self.find(&mut editing, applied, &pass);
        }
        for (id, kept) in &mut editing.now {
            kept.gone = if self.gone_after.contains(id) { Gone::Seen } else { Gone::No };
            let before = editing.before.get(id).map(|before| &before.item.edits);
            if before != Some(&kept.item.edits) {
                changed.insert(*id);
            }
        }
        let mut writes = Changes::new(key);
        for (id, kept) in &editing.now {
            writes.add(editing.before.get(id), kept);
        }
        writes.write(conn)
    }

    /// Finds the items to which the edits of gone items belong. Moves the edits if the match is certain.
    fn find(&self, editing: &mut Editing<'_>, applied: &mut Applied, pass: &EditPass) {
        let mut told = HashMap::new();
        for id in self.gone_before.keys().chain(&self.gone_after) {
            let Some(mut kept) = editing.get_edited(*id) else { continue };
            if let Some((to, _)) = kept.item.maybe.take() {
                told.insert(kept.item.id, to);
            }
            editing.now.insert(*id, kept);
        }
        let gone = self.gone_after.iter().filter_map(|id| editing.get_edited(*id));
        let gone: Vec<EditedItem> = gone.map(|kept| kept.item).collect();
        let names: HashSet<_> = gone.iter().map(|item| item.identity.name.as_str()).collect();
        let alike: Vec<_> =
            self.alike.values().filter(|row| names.contains(row.identity.name.as_str())).cloned().collect();
        for found in find_moves(&gone, &alike) {
            let edits = |editing: &Editing<'_>| editing.get(found.from.0).map_or(0, |kept| kept.item.edits.len());
            let waiting = edits(editing);
            if found.is_certain {
                applied.edits.extend::<Vec<EditEvent>>(editing.move_edits(found.from, found.to, pass));
            } else if let Some(kept) = editing.now.get_mut(&found.from.0) {
                kept.item.maybe = Some((found.to, kept.item.identity.name.clone()));
            }
            // An offer is reported once.
            let has_moved = found.is_certain && edits(editing) < waiting;
            if has_moved || !found.is_certain && told.get(&found.from) != Some(&found.to) {
                applied.moves.push(found);
            }
        }
    }

    /// Adapts what is shown to rows, edits and rules. Returns the items whose entry in the search text differs from the
    /// one that was written with the rows.
    fn show(&mut self, conn: &mut SqliteConnection, changed: BTreeSet<i64>) -> Result<Vec<i64>, StoreError> {
        let key = self.key;
        let mut ids: BTreeSet<_> = changed.iter().chain(self.written.keys()).copied().collect();
        ids.extend(self.touched.iter().chain(&self.removed));
        let mut other = if self.all || ids.len() > MANY {
            shown::refresh_all(conn, key, &mut self.compiled)?
        } else {
            shown::refresh(conn, key, &mut self.compiled, &Vec::from_iter(ids))?
        };
        // The search text already has what was written with the row, unless the edits have changed since.
        self.touched.sort_unstable();
        other.retain(|id| {
            let was_written = self.written.contains_key(id) || self.touched.binary_search(id).is_ok();
            !changed.contains(id) && !was_written
        });
        other.extend(changed);
        Ok(other)
    }
}

impl Editing<'_> {
    /// Returns an item as it is now, if it has edits.
    fn get_edited(&self, id: i64) -> Option<Kept> {
        self.now.get(&id).or_else(|| self.before.get(&id)).filter(|kept| !kept.item.edits.is_empty()).cloned()
    }
}
