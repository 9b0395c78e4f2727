//! The errors of edits, rules and imports that can't be carried out.

use sync_core::overlay::{EDITS_MAX, InvalidRule};
use sync_core::{ContentId, ContentKind, OverlayError};
use sync_service::{AnswerError, EditError, ImportProblem, Login};

use super::exit::Exit;
use super::failure::Failure;
use super::list;
use super::terminal::grouped;

/// The number of ids that an error names.
const NAMED: usize = 5;

/// Returns the error of an edit, or of an import.
pub(crate) fn edit(error: EditError, kind: Option<ContentKind>, login: &Login) -> Failure {
    match error {
        EditError::Read(error) => list::failed(error, login),
        EditError::Overlay(OverlayError::UnknownItems(ids)) => {
            let among = kind.map(|kind| format!(" among the {kind}")).unwrap_or_default();
            let message = format!("there is no item {}{among}; nothing was changed", named(&ids));
            Failure::usage(message, "see `xtream-sync list` and `xtream-sync search` for the ids")
        }
        EditError::Overlay(error) => overlay(error),
        other => Failure::of(Exit::Internal, other.to_string(), ""),
    }
}

/// Returns the error of an answer to conflicts.
pub(crate) fn resolve(error: AnswerError) -> Failure {
    match error {
        AnswerError::Overlay(OverlayError::UnknownItems(ids)) => {
            let message = format!("there is no conflict of item {}; nothing was changed", named(&ids));
            Failure::usage(message, "see `xtream-sync conflicts`")
        }
        AnswerError::Overlay(error) => overlay(error),
        AnswerError::SeveralKinds { .. } => {
            Failure::usage(format!("{error}; nothing was changed"), "name the kind with --kind")
        }
        other => Failure::of(Exit::Internal, other.to_string(), ""),
    }
}

/// Returns the error of a change of rules, and of anything else in the overlay.
pub(crate) fn overlay(error: OverlayError) -> Failure {
    match error {
        OverlayError::Store(error) => error.into(),
        OverlayError::Invalid(error) => {
            Failure::usage(format!("{error}; nothing was changed"), "see `xtream-sync edit --help`")
        }
        OverlayError::TooManyEdits => {
            let message = format!("a profile has at most {} edits; nothing was changed", grouped(EDITS_MAX as u64));
            let hint = "end edits that you don't need, with an empty value such as name=; a filter or a rewrite rule \
                        takes the place of many edits";
            Failure::usage(message, hint)
        }
        OverlayError::Rule(error) => {
            let hint = match error {
                InvalidRule::NoRule(_) => "`filter list` and `rewrite list` show the positions",
                InvalidRule::TooMany => "remove a rule first; one regular expression can take the place of several",
                _ => "see `xtream-sync filter add --help` and `xtream-sync rewrite add --help`",
            };
            Failure::usage(format!("{error}; nothing was changed"), hint)
        }
        other => Failure::usage(format!("{other}; nothing was changed"), ""),
    }
}

/// Returns the error of a file that is no export of an overlay.
pub(crate) fn import(error: &ImportProblem) -> Failure {
    let hint = match error {
        ImportProblem::Newer(_) => "import it with the version that made it, or a newer one",
        ImportProblem::TooLong => {
            "it is no export of this program, or was changed; make one with `xtream-sync overlay export`"
        }
        ImportProblem::NoExport => "make one with `xtream-sync overlay export`",
        _ => "the file was changed or is damaged; make it anew with `xtream-sync overlay export`",
    };
    Failure::usage(format!("{error}; nothing was imported"), hint)
}

/// Returns the first ids as a text, and the number of the others.
fn named(ids: &[ContentId]) -> String {
    let first: Vec<_> = ids.iter().take(NAMED).map(|id| id.0.to_string()).collect();
    match ids.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {} more", first.join(", "), grouped(more as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::overlay::{EditField, EditProblem, InvalidEdit, InvalidPattern};

    #[test]
    fn an_error_says_that_nothing_was_changed() {
        let ids = |ids: std::ops::Range<i64>| OverlayError::UnknownItems(ids.map(ContentId).collect());
        let edit = |error: OverlayError| edit(error.into(), Some(ContentKind::Movies), &Login::default());
        for (failure, message) in [
            (edit(ids(3..5)), "there is no item 3, 4 among the movies; nothing was changed"),
            (resolve(ids(3..10).into()), "there is no conflict of item 3, 4, 5, 6, 7 and 2 more; nothing was changed"),
            (edit(OverlayError::TooManyEdits), "a profile has at most 200,000 edits; nothing was changed"),
            (
                edit(InvalidEdit { field: EditField::Name, problem: EditProblem::TooLong(500) }.into()),
                "name takes at most 500 bytes; nothing was changed",
            ),
            (overlay(InvalidRule::Pattern(InvalidPattern::Empty).into()), "the pattern is empty; nothing was changed"),
            (
                resolve(AnswerError::SeveralKinds {
                    id: ContentId(7),
                    first: ContentKind::Movies,
                    second: ContentKind::Series,
                }),
                "item 7 has a conflict among the movies and among the series; nothing was changed",
            ),
            (overlay(InvalidRule::NoRule(7).into()), "there is no rule 7; nothing was changed"),
            (import(&ImportProblem::NoExport), "this is no export of an overlay; nothing was imported"),
        ] {
            assert_eq!((failure.to_string().as_str(), failure.exit()), (message, Exit::Usage));
        }
    }
}
