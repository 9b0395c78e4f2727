//! Judges an item that differs from its row, by the treatment of each field in this listing.

use crate::detect::merge::{Change, differences_of, meaning_of};
use crate::detect::seen_items::is_same_image;
use crate::detect::volatile::{Note, Treatment};
use crate::model::{FieldClass, FieldSet, Item, ValueRef};
use crate::run::options::ChangePolicy;

/// The judgement of an item that was merged with its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub(super) change: Change,
    /// Whether the item differs from its row in anything that may be written. Categories don't count here.
    pub(super) differs: bool,
    /// Whether the item is written in any case, and for more than another host of its image.
    pub(super) firm: bool,
    /// Whether the item is written only if the listing shows that a field has stopped being volatile.
    pub(super) tentative: bool,
    /// The fields that differ and of which something may be learnt.
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
                // An address with another path is another image, even if the panel changes its hosts by itself.
                note.columns.drop(at);
                tentative.drop(at);
                shown.add(at);
                certain.add(at);
            }
        }
        // A row is written as a whole, so its change names all display fields that differ.
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
