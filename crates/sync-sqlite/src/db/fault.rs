//! Turns errors of diesel and of the file system into errors of the port. This is the only place that does so.
//!
//! Diesel has a code for few of SQLite's errors, and a text for the others. So texts are compared here, and nowhere
//! else. No such text contains a bound value.

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorKind, DeserializeFieldError, Error};
use sync_core::StoreError;

/// The error type that [`diesel::Connection::transaction`] needs. Its own errors become ours.
#[derive(Debug)]
pub(crate) struct Abort(StoreError);

impl Abort {
    /// Ends a transaction, and keeps the cause separately: if the rollback fails too, diesel returns the error of the
    /// rollback.
    pub(crate) fn because(error: StoreError, cause: &mut Option<StoreError>) -> Self {
        *cause = Some(error);
        Self(StoreError::Cancelled)
    }

    /// Returns the cause for which the transaction ended.
    pub(crate) fn of(self, cause: Option<StoreError>) -> StoreError {
        cause.unwrap_or(self.0)
    }
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Self(of_diesel(error))
    }
}

/// Returns the error of the port for an error of a query or a transaction.
pub(crate) fn of_diesel(error: Error) -> StoreError {
    match error {
        Error::RollbackErrorOnCommit { commit_error, .. } => of_diesel(*commit_error),
        Error::DatabaseError(kind, told) => match of_text(told.message()) {
            Some(known) => known,
            None if is_rule(kind) => StoreError::Refused(told.message().to_owned()),
            None => StoreError::backend(told.message().to_owned()),
        },
        // The cause may contain the value.
        Error::DeserializationError(cause) => StoreError::Corrupt(match column_of(&*cause) {
            Some(column) => format!("the column `{column}` holds what it can't hold"),
            None => "a column holds what it can't hold".to_owned(),
        }),
        Error::SerializationError(_) => StoreError::backend("a value can't be bound"),
        other => StoreError::backend(other),
    }
}

/// Returns the column whose value could not be read.
fn column_of<'a>(cause: &'a (dyn std::error::Error + Send + Sync + 'static)) -> Option<&'a str> {
    cause.downcast_ref::<DeserializeFieldError>()?.field_name.as_deref()
}

/// Returns the error of the port for a failed migration, whose cause is only a text.
pub(crate) fn of_migration(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    of_text(&error.to_string()).unwrap_or(StoreError::Backend(error))
}

/// Returns the error of the port for a connection that could not be opened.
pub(crate) fn of_connection(error: ConnectionError) -> StoreError {
    match error {
        ConnectionError::BadConnection(text) => of_text(&text).unwrap_or_else(|| StoreError::backend(text)),
        ConnectionError::CouldntSetupConfiguration(error) => of_diesel(error),
        other => StoreError::backend(other),
    }
}

/// Returns the error of the port for an error of the file system. `what` says what was tried.
pub(crate) fn of_io(error: &std::io::Error, what: &str) -> StoreError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StoreError::Full,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotADirectory => {
            StoreError::ReadOnly(format!("{what}: {error}"))
        }
        _ => StoreError::backend(format!("{what}: {error}")),
    }
}

/// Returns whether SQLite could not read or write, for a reason that it doesn't name.
pub(crate) fn is_io(error: &StoreError) -> bool {
    matches!(error, StoreError::Backend(told) if told.to_string().contains(IO_ERROR))
}

const IO_ERROR: &str = "disk I/O error";

fn is_rule(kind: DatabaseErrorKind) -> bool {
    matches!(
        kind,
        DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
    )
}

fn of_text(text: &str) -> Option<StoreError> {
    let has = |part: &str| text.contains(part);
    if has("database or disk is full") {
        Some(StoreError::Full)
    } else if has("is locked") || has("database is busy") {
        Some(StoreError::Locked)
    } else if has("readonly database") || has("unable to open database") || has("access permission denied") {
        Some(StoreError::ReadOnly(text.to_owned()))
    } else if has("malformed") || has("is not a database") || has("no such table") || has("no such column") {
        Some(StoreError::Corrupt(text.to_owned()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Error {
        Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text.to_owned()))
    }

    #[test]
    fn the_messages_of_sqlite_are_recognised() {
        let cases = [
            ("database or disk is full", "disk_full"),
            ("database is locked", "locked"),
            ("database table is locked: xtream_movies", "locked"),
            ("attempt to write a readonly database", "read_only"),
            ("unable to open database file", "read_only"),
            ("database disk image is malformed", "corrupt"),
            ("file is not a database", "corrupt"),
            ("database is busy", "locked"),
            ("access permission denied", "read_only"),
            ("no such column: x", "corrupt"),
            ("no such table: xtream_profiles", "corrupt"),
            ("disk I/O error", "store"),
        ];
        for (text, code) in cases {
            assert_eq!(of_diesel(told(text)).code(), code, "{text}");
        }
    }

    #[test]
    fn a_failed_rollback_does_not_hide_why_the_commit_failed() {
        let error = Error::RollbackErrorOnCommit {
            rollback_error: Box::new(told("cannot rollback - no transaction is active")),
            commit_error: Box::new(told("database or disk is full")),
        };
        assert!(matches!(of_diesel(error), StoreError::Full));
    }

    #[test]
    fn an_error_of_the_disk_is_recognised() {
        assert!(is_io(&of_diesel(told("disk I/O error"))));
        assert!(!is_io(&of_diesel(told("some other"))) && !is_io(&StoreError::Full));
    }

    #[test]
    fn a_broken_rule_is_a_refusal() {
        use DatabaseErrorKind::{CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation, Unknown};
        let of = |kind| of_diesel(Error::DatabaseError(kind, Box::new("constraint failed".to_owned())));
        for kind in [UniqueViolation, ForeignKeyViolation, NotNullViolation, CheckViolation] {
            assert!(matches!(of(kind), StoreError::Refused(told) if told == "constraint failed"));
        }
        assert!(matches!(of(Unknown), StoreError::Backend(_)));
    }

    #[test]
    fn errors_of_the_file_system_are_recognised() {
        use std::io::ErrorKind;
        let of = |kind: ErrorKind| of_io(&kind.into(), "writing");
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge] {
            assert!(matches!(of(kind), StoreError::Full), "{kind}");
        }
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem, ErrorKind::NotADirectory] {
            assert!(matches!(of(kind), StoreError::ReadOnly(told) if told.starts_with("writing: ")), "{kind}");
        }
        assert!(
            matches!(of(ErrorKind::NotFound), StoreError::Backend(told) if told.to_string().starts_with("writing"))
        );
    }

    #[test]
    fn no_value_is_quoted() {
        let quoting = || Box::from("the value s3cret is none");
        let read = of_diesel(Error::DeserializationError(quoting()));
        let bound = of_diesel(Error::SerializationError(quoting()));
        assert_eq!((read.code().as_str(), bound.code().as_str()), ("corrupt", "store"));
        for error in [read, bound] {
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn a_connection_and_a_migration_fail_for_the_same_reasons() {
        let bad = |text: &str| of_connection(ConnectionError::BadConnection(text.to_owned()));
        assert_eq!(
            (bad("unable to open database file").code().as_str(), bad("odd").code().as_str()),
            ("read_only", "store")
        );
        let set_up = of_connection(ConnectionError::CouldntSetupConfiguration(told("database is locked")));
        assert_eq!(set_up.code(), "locked");
        assert_eq!(of_migration(Box::from("database or disk is full")).code(), "disk_full");
        assert_eq!(of_migration(Box::from("odd")).to_string(), StoreError::backend("odd").to_string());
    }
}
