//! Exit codes. Scripts rely on them.

use std::process::ExitCode;

use sync_core::{ErrorClass, KindOutcome, RunStatus, SyncReport};

/// The exit codes of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Internal,
    Usage,
    Partial,
    Login,
    Unreachable,
    Answer,
    Held,
    Store,
    NewerCache,
    Busy,
    Gone,
    Cancelled,
}

impl Exit {
    /// The order of precedence. If several codes apply, the command ends with the first of these.
    const STRONGEST_FIRST: [Self; 13] = [
        Self::Cancelled,
        Self::Store,
        Self::NewerCache,
        Self::Busy,
        Self::Gone,
        Self::Login,
        Self::Held,
        Self::Partial,
        Self::Unreachable,
        Self::Answer,
        Self::Internal,
        Self::Usage,
        Self::Done,
    ];

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Login => 4,
            Self::Unreachable => 5,
            Self::Answer => 6,
            Self::Held => 7,
            Self::Store => 8,
            Self::NewerCache => 9,
            Self::Busy => 11,
            Self::Gone => 12,
            Self::Cancelled => 130,
        }
    }

    /// Returns the one of two codes that comes first in [`Self::STRONGEST_FIRST`].
    pub(crate) fn or(self, other: Self) -> Self {
        let strongest = Self::STRONGEST_FIRST.into_iter().find(|exit| *exit == self || *exit == other);
        strongest.unwrap_or(self)
    }

    pub(crate) const fn of_class(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Login => Self::Login,
            ErrorClass::Unreachable => Self::Unreachable,
            ErrorClass::Answer => Self::Answer,
            ErrorClass::Store => Self::Store,
            ErrorClass::NewerCache => Self::NewerCache,
            ErrorClass::Busy => Self::Busy,
            ErrorClass::Cancelled => Self::Cancelled,
            _ => Self::Internal,
        }
    }

    /// Returns the exit code of a run.
    pub(crate) fn of_report(report: &SyncReport) -> Self {
        let mut exit = match report.status {
            RunStatus::Partial => Self::Partial,
            RunStatus::Cancelled => Self::Cancelled,
            _ => Self::Done,
        };
        for error in &report.errors {
            exit = exit.or(Self::of_class(error.class()));
        }
        if report.kinds.values().any(|kind| kind.outcome == KindOutcome::Held) {
            exit = exit.or(Self::Held);
        }
        exit
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_cause_gives_the_exit_code() {
        let order = [130, 8, 9, 11, 12, 4, 7, 3, 5, 6];
        let told: Vec<_> = Exit::STRONGEST_FIRST.iter().map(|exit| exit.code()).take(order.len()).collect();
        assert_eq!(told, order);
        assert_eq!(Exit::Partial.or(Exit::Unreachable), Exit::Partial);
        assert_eq!(Exit::Partial.or(Exit::Held), Exit::Held);
        assert_eq!(Exit::Held.or(Exit::Login), Exit::Login);
        assert_eq!(Exit::Done.or(Exit::Answer), Exit::Answer);
    }
}
