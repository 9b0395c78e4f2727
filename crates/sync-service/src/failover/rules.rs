//! Decides when another address is tried.

use sync_core::source::Denial;
use sync_core::{ErrorClass, SourceError};

use super::words;

/// Returns whether another address may be tried after this error of a login: nothing answers, or the answer is not that
/// of a panel. A refusal is an answer of the panel.
pub(super) fn is_elsewhere(error: &SourceError) -> bool {
    match error {
        SourceError::Unreachable { .. } | SourceError::Obstructed { .. } | SourceError::Unusable { .. } => true,
        // A server that asks for a login by HTTP stands before the panel, or in its place.
        SourceError::Denied { denial, .. } => *denial == Denial::HttpLogin,
        _ => false,
    }
}

/// Returns whether the panel is gone, judged by the error of a request after the login.
pub(super) fn is_gone(error: &SourceError) -> bool {
    matches!(error, SourceError::Unreachable { .. } | SourceError::Obstructed { .. })
}

/// Returns whether the panel is gone, judged by the error of a listing. A panel that a listing overloads is not gone: a
/// smaller listing may succeed, and the caller asks for one.
pub(super) fn is_gone_while_listing(error: &SourceError) -> bool {
    is_gone(error) && !matches!(error, SourceError::Unreachable { overloaded: true, .. })
}

/// Returns the error for the case that no address can be used. If one of them is only unreachable, the error is of that
/// class, because a later attempt may succeed.
pub(super) fn none_answers(failed: impl IntoIterator<Item = (String, SourceError)>) -> SourceError {
    let (mut told, mut attempts, mut kept): (Vec<_>, u32, Option<SourceError>) = (Vec::new(), 0, None);
    for (address, error) in failed {
        told.push(format!("{address}: {}", words(&error)));
        if let SourceError::Unreachable { attempts: more, .. } | SourceError::Obstructed { attempts: more, .. } = &error
        {
            attempts = attempts.saturating_add(*more);
        }
        let is_better =
            |kept: &SourceError| kept.class() != ErrorClass::Unreachable && error.class() == ErrorClass::Unreachable;
        if kept.as_ref().is_none_or(is_better) {
            kept = Some(error);
        }
    }
    let message = format!("none of its addresses can be used ({})", told.join("; "));
    match kept {
        Some(SourceError::Obstructed { obstacle, .. }) => SourceError::Obstructed { obstacle, message, attempts },
        Some(SourceError::Unusable { fault, .. }) => SourceError::Unusable { fault, message },
        Some(SourceError::Denied { denial, .. }) => SourceError::Denied { denial, message },
        _ => SourceError::Unreachable { message, attempts, overloaded: false },
    }
}

#[cfg(test)]
mod tests {
    use sync_core::source::{AnswerFault, Obstacle};

    use super::*;

    fn unreachable(overloaded: bool) -> SourceError {
        SourceError::Unreachable { message: "it answers 502".to_owned(), attempts: 4, overloaded }
    }

    fn obstructed(obstacle: Obstacle) -> SourceError {
        SourceError::Obstructed { obstacle, message: "no connection".to_owned(), attempts: 2 }
    }

    fn unusable(fault: AnswerFault) -> SourceError {
        SourceError::Unusable { fault, message: "a web page".to_owned() }
    }

    fn denied(denial: Denial) -> SourceError {
        SourceError::Denied { denial, message: "no".to_owned() }
    }

    /// For each error: whether another address is tried at the login, after it, and in a listing.
    #[test]
    fn another_address_is_tried_after_a_failure_and_never_after_a_refusal() {
        let refused = SourceError::Refused { message: String::new() };
        for (error, expected) in [
            (unreachable(false), [true, true, true]),
            (unreachable(true), [true, true, false]),
            (obstructed(Obstacle::Network), [true, true, true]),
            (obstructed(Obstacle::Certificate), [true, true, true]),
            (obstructed(Obstacle::Proxy), [true, true, true]),
            (unusable(AnswerFault::Html), [true, false, false]),
            (unusable(AnswerFault::NotJson), [true, false, false]),
            (unusable(AnswerFault::Empty), [true, false, false]),
            (unusable(AnswerFault::Redirect), [true, false, false]),
            (unusable(AnswerFault::Status), [true, false, false]),
            (unusable(AnswerFault::ErrorObject), [true, false, false]),
            (unusable(AnswerFault::Truncated), [true, false, false]),
            (denied(Denial::HttpLogin), [true, false, false]),
            (denied(Denial::Status), [false; 3]),
            (denied(Denial::Account), [false; 3]),
            (refused, [false; 3]),
            (SourceError::TooSlow { message: String::new() }, [false; 3]),
            (SourceError::internal("?"), [false; 3]),
        ] {
            assert_eq!([is_elsewhere(&error), is_gone(&error), is_gone_while_listing(&error)], expected, "{error:?}");
        }
    }

    #[test]
    fn the_error_of_all_addresses_names_each_and_is_the_most_hopeful() {
        let of = |errors: Vec<SourceError>| {
            none_answers(errors.into_iter().enumerate().map(|(at, error)| (format!("{at}.example"), error)))
        };
        let error = of(vec![unusable(AnswerFault::Html), unreachable(true), obstructed(Obstacle::Network)]);
        assert!(matches!(error, SourceError::Unreachable { attempts: 6, overloaded: false, .. }), "{error:?}");
        let told = error.to_string();
        assert!(
            told.contains("(0.example: a web page; 1.example: it answers 502; 2.example: no connection)"),
            "{told}"
        );
        let error = of(vec![obstructed(Obstacle::Certificate), unreachable(false)]);
        assert!(matches!(error, SourceError::Obstructed { obstacle: Obstacle::Certificate, .. }), "{error:?}");
        let error = of(vec![unusable(AnswerFault::Html), denied(Denial::HttpLogin)]);
        assert!(matches!(error, SourceError::Unusable { fault: AnswerFault::Html, .. }), "{error:?}");
        let error = of(vec![denied(Denial::HttpLogin)]);
        assert_eq!(error.class(), ErrorClass::Login, "{error:?}");
    }
}
