//! Decides whether a run can be undone. Pure functions.
//!
//! An undo puts a kind back as it was before a run. It restores exactly, or it refuses.

use crate::model::{ContentId, ContentKind, PerKind};
use crate::run::record::RunId;

/// A request for an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoRequest {
    /// The fence of the lease; `None` for a dry run, which writes nothing.
    pub fence: Option<u64>,
    /// The run to undo; `None` for the newest one that changed something in these kinds.
    pub run: Option<RunId>,
    /// The kinds to put back.
    pub kinds: Vec<ContentKind>,
    /// The time, in unix seconds.
    pub at: i64,
}

/// The result of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoOutcome {
    /// The kinds are as before the run.
    Done(UndoReport),
    /// Nothing was changed.
    Refused(UndoRefusal),
}

/// The counts of an undo, or of a dry run of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UndoReport {
    /// The run of the undo itself; `None` for a dry run.
    pub run: Option<RunId>,
    /// The run that was undone.
    pub of: RunId,
    /// The kinds that were put back.
    pub kinds: PerKind<Option<UndoCounts>>,
}

/// The changes that an undo made to the items of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UndoCounts {
    /// The number of items that are back.
    pub added: u64,
    /// The number of items that are as before.
    pub updated: u64,
    /// The number of items that are removed.
    pub removed: u64,
    /// The number of items that are back and whose removal is held.
    pub held: u64,
}

/// The refusal of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoRefusal {
    /// The run that was to be undone, if there is one.
    pub of: Option<RunId>,
    /// The reason.
    pub refused: Refused,
    /// The items that prevent the undo, at most [`UndoRefusal::ITEMS`].
    pub items: Vec<UndoObstacle>,
}

impl UndoRefusal {
    /// The greatest number of items that a refusal names.
    pub const ITEMS: usize = 100;
}

/// An item that prevents an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct UndoObstacle {
    /// The kind of the item.
    pub kind: ContentKind,
    /// The id of the item.
    pub id: ContentId,
    /// The name of the item, if it is known.
    pub name: Option<String>,
    /// The later run that changed the item; `None` if no run did.
    pub run: Option<RunId>,
}

/// The reason for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The run changed nothing.
    Nothing,
    /// A later run changed the same items.
    LaterRun,
    /// A later edit changed a field that the undo would change.
    LaterEdit,
    /// The run was the first load of the kind.
    FirstLoad,
    /// The run was made by a version that kept no values.
    NoValues,
    /// The entries of the run were pruned, or are of an epoch that has ended.
    Pruned,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Nothing, Self::LaterRun, Self::LaterEdit, Self::FirstLoad, Self::NoValues, Self::Pruned];

    /// Returns the code used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::LaterRun => "later_run",
            Self::LaterEdit => "later_edit",
            Self::FirstLoad => "first_load",
            Self::NoValues => "no_values",
            Self::Pruned => "pruned",
        }
    }
}

/// The facts about a run and a kind on which an undo depends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and all of them go into one decision")]
pub struct UndoEvidence {
    /// The number of the run's entries in the log of the present epoch.
    pub entries: u64,
    /// Whether the run was the first load of the kind.
    pub first_load: bool,
    /// Whether an entry has no values.
    pub lacks_values: bool,
    /// Whether the run replaced the list of categories.
    pub categories: bool,
    /// Whether the run's record says that the run changed something.
    pub recorded: bool,
    /// The items that were changed later.
    pub touched: Vec<UndoObstacle>,
    /// Whether a later run replaced the list of categories again.
    pub categories_touched: bool,
}

/// Returns the reason why the undo of a kind is refused, or `None` if it can go on.
pub fn refusal(evidence: &UndoEvidence) -> Option<Refused> {
    let has_something = evidence.entries > 0 || evidence.categories;
    match () {
        () if evidence.first_load => Some(Refused::FirstLoad),
        () if !has_something && evidence.recorded => Some(Refused::Pruned),
        () if !has_something => Some(Refused::Nothing),
        () if evidence.lacks_values => Some(Refused::NoValues),
        () if !evidence.touched.is_empty() => Some(Refused::LaterRun),
        () if evidence.categories && evidence.categories_touched => Some(Refused::LaterRun),
        () => None,
    }
}

/// Decides about the kinds of a run together, because they are put back together or not at all. Returns the kinds to
/// put back, or the refusal. Kinds in which the run changed nothing are left out.
pub fn judge(of: RunId, kinds: Vec<(ContentKind, UndoEvidence)>) -> Result<Vec<ContentKind>, UndoRefusal> {
    let mut accepted = Vec::new();
    let mut refused: Option<UndoRefusal> = None;
    for (kind, evidence) in kinds {
        match refusal(&evidence) {
            None => accepted.push(kind),
            Some(Refused::Nothing) => {}
            Some(reason) => {
                let refused = refused.get_or_insert(UndoRefusal { of: Some(of), refused: reason, items: Vec::new() });
                let room = UndoRefusal::ITEMS.saturating_sub(refused.items.len());
                refused.items.extend(evidence.touched.into_iter().take(room));
            }
        }
    }
    match refused {
        Some(refused) => Err(refused),
        None if accepted.is_empty() => Err(UndoRefusal { of: Some(of), refused: Refused::Nothing, items: Vec::new() }),
        None => Ok(accepted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(entries: u64) -> UndoEvidence {
        UndoEvidence { entries, recorded: entries > 0, ..UndoEvidence::default() }
    }

    fn obstacle(id: i64) -> UndoObstacle {
        UndoObstacle { kind: ContentKind::Movies, id: ContentId(id), name: None, run: Some(RunId(9)) }
    }

    #[test]
    fn an_undo_restores_exactly_or_refuses() {
        let cases = [
            (entries(3), None),
            (entries(0), Some(Refused::Nothing)),
            (UndoEvidence { categories: true, ..entries(0) }, None),
            (UndoEvidence { recorded: true, ..entries(0) }, Some(Refused::Pruned)),
            (UndoEvidence { first_load: true, ..entries(1) }, Some(Refused::FirstLoad)),
            (UndoEvidence { lacks_values: true, ..entries(2) }, Some(Refused::NoValues)),
            (UndoEvidence { touched: vec![obstacle(1)], ..entries(2) }, Some(Refused::LaterRun)),
            (UndoEvidence { categories: true, categories_touched: true, ..entries(2) }, Some(Refused::LaterRun)),
            (UndoEvidence { categories_touched: true, ..entries(2) }, None),
        ];
        for (evidence, expected) in cases {
            assert_eq!(refusal(&evidence), expected, "{evidence:?}");
        }
    }

    #[test]
    fn kinds_are_undone_together_or_not_at_all() {
        use ContentKind::{Channels, Movies, Series};
        let judged = |kinds| judge(RunId(4), kinds);
        let good = vec![(Channels, entries(0)), (Movies, entries(2)), (Series, entries(1))];
        assert_eq!(judged(good), Ok(vec![Movies, Series]));
        let nothing = judged(vec![(Channels, entries(0))]).unwrap_err();
        assert_eq!((nothing.of, nothing.refused), (Some(RunId(4)), Refused::Nothing));
        let touched = UndoEvidence { touched: (0..200).map(obstacle).collect(), ..entries(300) };
        let refused = judged(vec![(Channels, entries(1)), (Movies, touched)]).unwrap_err();
        assert_eq!((refused.refused, refused.items.len()), (Refused::LaterRun, UndoRefusal::ITEMS));
    }

    #[test]
    fn codes_are_stable() {
        let codes = Refused::ALL.map(Refused::as_str);
        assert_eq!(codes, ["nothing", "later_run", "later_edit", "first_load", "no_values", "pruned"]);
    }
}
