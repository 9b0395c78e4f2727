//! What it means that an item differs from its row, by how the listing treats each field.

use crate::detect::merge::{Change, differences_of, meaning_of};
use crate::detect::seen_items::is_same_image;
use crate::detect::volatile::{Note, Treatment};
use crate::model::{FieldClass, FieldSet, Item, ValueRef};
use crate::run::options::ChangePolicy;

/// What an item means, laid over its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub(super) change: Change,
    /// Whether it differs from its row in anything that may be written, categories aside.
    pub(super) differs: bool,
    /// Whether it is written for more than another host of its image, and whatever else the listing shows.
    pub(super) firm: bool,
    /// Whether it is written only if the listing shows that a field rests.
    pub(super) tentative: bool,
    /// In which of the fields it differs of which something may be learnt.
    pub(super) note: Note,
}

impl Verdict {
    const fn plain(change: Change) -> Self {
        let new = matches!(change, Change::Added);
        let note = Note { columns: FieldSet::EMPTY, keys: 0 };
        Self { change, differs: new, firm: new, tentative: false, note }
    }

    /// Judges a merged item.
    pub(super) fn judge(stored: Option<&Item>, item: &Item, treatment: &Treatment, policy: &ChangePolicy) -> Self {
        match stored.and_then(|row| Some((row, differences_of(row, item)?))) {
            None => Self::plain(Change::Added),
            Some((_, differing)) if differing.is_empty() => Self::plain(Change::Unchanged),
            Some((row, differing)) => Self::judge_differing(row, item, differing, treatment, policy),
        }
    }

    fn judge_differing(
        row: &Item,
        item: &Item,
        differing: FieldSet,
        treatment: &Treatment,
        policy: &ChangePolicy,
    ) -> Self {
        let kind = item.kind();
        let positions = kind.field_positions();
        let display = differing.and(kind.of_class(FieldClass::Display));
        let learnt = FieldSet(display.0 | differing.and(kind.of_class(FieldClass::Unproven)).0);
        let mut note = Note { columns: learnt, keys: 0 };
        note.columns.drop(positions.extra);
        let mut shown = differing.and(treatment.compared);
        let mut tentative = differing.and(treatment.tentative);
        if differing.has(positions.extra)
            && let (ValueRef::Extra(old), ValueRef::Extra(new)) =
                (row.value(positions.extra), item.value(positions.extra))
        {
            note.keys = treatment.differing(old, new);
            if note.keys & treatment.compared_keys != 0 {
                shown.add(positions.extra);
            }
            if note.keys & treatment.tentative_keys != 0 {
                tentative.add(positions.extra);
            }
        }
        let mut certain = shown;
        if let Some(at) = positions.image.filter(|at| differing.has(*at)) {
            let moved = matches!(
                (row.value(at), item.value(at)),
                (ValueRef::Text(old), ValueRef::Text(new)) if is_same_image(old, new)
            );
            if moved {
                certain.drop(at);
            } else {
                // Another image is one, however the panel draws its hosts.
                note.columns.drop(at);
                tentative.drop(at);
                shown.add(at);
                certain.add(at);
            }
        }
        // A row that is written is written whole, and all that is shown of it is told.
        let told = |fields: FieldSet| FieldSet(fields.0 | display.0);
        let change = match (shown.is_empty(), tentative.is_empty()) {
            (false, _) => meaning_of(item, told(shown), policy),
            (true, false) => Change::Refreshed(told(tentative)),
            (true, true) => Change::Unchanged,
        };
        let mut counted = FieldSet(shown.0 | tentative.0);
        counted.drop(positions.category_ids);
        Self {
            change,
            differs: !counted.is_empty(),
            firm: !certain.is_empty(),
            tentative: shown.is_empty() && !tentative.is_empty(),
            note,
        }
    }
}
