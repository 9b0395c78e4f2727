//! The bookkeeping that a second sync of the same list may write (I6), because the first sync has shown it.

use std::collections::BTreeSet;

use sync_core::{ContentId, ContentKind, Digest, FieldClass, FieldFacts, ListingIndex, Standing, ValueRef};

use super::state::State;

/// The seconds for which the validators of a panel that gave a wrong one are not believed: thirty days.
const DISBELIEF: i64 = 30 * 86_400;

impl State {
    /// Returns the state with all that a second listing with the same content may write: the fields that it has shown
    /// to be stable, digests that leave out other fields than before, and validators that are no longer believed.
    pub(crate) fn but_for_what_rests(&self, after: &Self, kind: ContentKind, now: i64) -> Self {
        let at = kind;
        let mut expected = self.clone();
        let [fields, fields_after] = [self, after].map(|state| &state.facts.kinds[at].fields);
        let is_tried = |facts: &FieldFacts, name: &str| {
            matches!(facts.standing(kind, name), Some(Standing::Trial { .. } | Standing::Volatile { .. }))
        };
        let rests = |name: &str| is_tried(fields, name) && !is_tried(fields_after, name);
        let extra = kind.field("extra").expect("every kind has it");
        for (id, row) in &mut expected.kinds[at].rows {
            let Some(new) = after.kinds[at].rows.get(id) else { continue };
            let extras = [row.value(extra), new.value(extra)];
            let [ValueRef::Extra(own), ValueRef::Extra(keys)] = extras else { continue };
            let resting: Vec<_> = (0..kind.fields().len()).filter(|at| rests(kind.fields()[*at].name)).collect();
            // A row that is written for one of the fields is written as a whole.
            if resting.iter().any(|at| row.value(*at) != new.value(*at))
                || keys.iter().any(|(key, json)| rests(key) && own.get(key) != Some(json))
            {
                let ignored = [FieldClass::Unproven, FieldClass::Ignored].map(|class| kind.of_class(class));
                ignored
                    .iter()
                    .flat_map(|set| set.positions())
                    .chain(resting)
                    .for_each(|at| row.set(at, new.value(at).to_owned()));
            }
        }
        let [lied, lied_after] = [self, after].map(|state| state.distrusts_validators(now));
        let (own, new) = (&mut expected.kinds[at], &after.kinds[at]);
        if own.index.scheme() != new.index.scheme() && own.index.ids() == new.index.ids() {
            own.index = new.index.clone();
            own.validator.clone_from(&new.validator);
        }
        if self.has_a_trial_behind(kind) {
            own.validator.clone_from(&new.validator);
        }
        // A kind that was listed before a listing of another kind showed a wrong validator is fetched as a whole the
        // next time.
        if lied || (lied_after && new.validator.is_none()) {
            own.validator = None;
        }
        expected
    }

    /// Returns the state with all that a second listing may write of items that it doesn't have. If a field has stopped
    /// being volatile while rows had old values of it, these items are compared again when they come back. `listed` are
    /// the ids of the listing.
    pub(crate) fn but_for_unlisted(&self, after: &Self, kind: ContentKind, listed: &BTreeSet<i64>) -> Self {
        let mut expected = self.clone();
        let [fields, fields_after] = [self, after].map(|state| &state.facts.kinds[kind].fields);
        let rests = |(name, before): (String, Standing)| {
            let began = matches!(before, Standing::Trial { rested: 1.., .. } | Standing::Written { .. });
            let still = fields_after.standing(kind, &name).is_some_and(|it| !matches!(it, Standing::Compared { .. }));
            began && !still
        };
        let own = &mut expected.kinds[kind];
        let is_of_scheme = own.index.scheme() == after.kinds[kind].index.scheme();
        if is_of_scheme && self.has_a_trial_behind(kind) && standings(fields, kind).into_iter().any(rests) {
            let digest = |id, digest| if listed.contains(&id) { Digest(digest) } else { Digest::NEVER };
            let entries = own.index.ids().iter().zip(own.index.digests());
            let entries = entries.map(|(id, known)| (ContentId(*id), digest(*id, *known)));
            own.index = ListingIndex::new(own.index.scheme(), entries).expect("no id stands twice");
        }
        expected
    }

    /// Returns whether the panel has given a changed listing the validator of the one before, within thirty days.
    fn distrusts_validators(&self, now: i64) -> bool {
        self.facts.validators_lied_at.is_some_and(|at| (0..DISBELIEF).contains(&(now - at)))
    }

    /// Returns whether rows may hold old values of a field that has stopped being volatile. The next sync then fetches
    /// the whole list to compare every row, even if the panel would call the list unmodified. The validator is
    /// therefore of that listing.
    fn has_a_trial_behind(&self, kind: ContentKind) -> bool {
        let all = standings(&self.facts.kinds[kind].fields, kind);
        all.into_iter().any(|(_, standing)| matches!(standing, Standing::Trial { rested: 1.., behind: 1.., .. }))
    }
}

/// Returns the fields with a fact, and their standings.
fn standings(fields: &FieldFacts, kind: ContentKind) -> Vec<(String, Standing)> {
    let names = fields.rows(kind).into_iter().filter_map(|row| Some(row.name.split_once('.')?.1.to_owned()));
    names.filter_map(|name| Some((name.clone(), fields.standing(kind, &name)?))).collect()
}
