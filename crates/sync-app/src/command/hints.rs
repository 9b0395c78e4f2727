//! The texts for the hints and warnings of the library. They name the commands and options to type next.

use sync_core::{Hint, ReportError, Warning};

/// Returns the text of a hint. It names a command or an option if one helps.
pub(crate) const fn of(hint: Hint) -> &'static str {
    match hint {
        Hint::AddProfile => "see `profile list`, or add it with `profile add`",
        Hint::SyncUpgradesCache => "migrate it with `xtream-sync sync`; a copy of the old cache is kept beside it",
        Hint::KeepDamagedFile => "keep the file; put a backup in its place with `restore`, or sync into another file",
        Hint::SyncLater => {
            "sync again later. If the error stays, check the address and the network, or try another user agent \
             (`--user-agent`): some panels serve only players that they know. The cache is unchanged"
        }
        Hint::CheckCertificate => {
            "check the address, and the date of this computer. With `--verify-tls no` any certificate is accepted \
             for this profile, and anybody on the way to the panel can read the password. The cache is unchanged"
        }
        Hint::CheckCredentialsOrUserAgent => {
            "check user name and password with your provider. If they are right, a filter may not know the \
             client: try another user agent (`--user-agent`)"
        }
        Hint::CheckAddressOrUserAgent => {
            "the panel, or something in front of it, blocks the request or fails: check the address, try another \
             user agent (`--user-agent`), or sync again later"
        }
        Hint::CheckRedirect => {
            "check the address. The panel redirects to another one, perhaps because it doesn't know the user agent \
             (`--user-agent`)"
        }
        Hint::RaiseDeadline => {
            "sync again when the line is better, or set a longer deadline (`rate.deadline`, `--deadline`). The cache is \
             unchanged"
        }
        hint => hint.as_str(),
    }
}

/// Returns the hint of an error, or an empty text if it has none.
pub(crate) fn of_error(error: &ReportError) -> &'static str {
    error.hint.map_or("", of)
}

/// Returns the text of a warning.
pub(crate) fn of_warning(warning: &Warning) -> String {
    match warning {
        Warning::NotOffered(kind) => format!(
            "{kind}: the panel doesn't offer this kind. It is asked for once a day, or now with --only {kind}; cached \
             items stay"
        ),
        warning => warning.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use sync_core::source::{AnswerFault, Denial, Obstacle};
    use sync_core::{ContentKind, SourceError, StoreError};

    use super::*;

    /// A hint names the option wherever a filter may be the cause.
    #[test]
    fn field_03_hints_name_the_option_where_a_filter_may_be_the_cause() {
        let message = String::new;
        let unusable = |fault| SourceError::Unusable { fault, message: message() };
        for filtered in [
            SourceError::Denied { denial: Denial::Status, message: message() },
            SourceError::Unreachable { message: message(), attempts: 4, overloaded: false },
            unusable(AnswerFault::Status),
            unusable(AnswerFault::Html),
            unusable(AnswerFault::NotJson),
            unusable(AnswerFault::Empty),
            unusable(AnswerFault::Redirect),
        ] {
            assert!(of(filtered.hint()).contains("`--user-agent`"), "{filtered:?}");
        }
        for other in [
            SourceError::Refused { message: message() },
            SourceError::Denied { denial: Denial::Account, message: message() },
            SourceError::Obstructed { obstacle: Obstacle::Network, message: message(), attempts: 4 },
        ] {
            assert!(!of(other.hint()).contains("user-agent"), "{other:?}");
        }
    }

    #[test]
    fn commands_and_options_are_named_where_they_help() {
        let certificate =
            SourceError::Obstructed { obstacle: Obstacle::Certificate, message: String::new(), attempts: 1 };
        assert!(of(certificate.hint()).contains("`--verify-tls no`"));
        assert!(of(StoreError::UnknownProfile("home".to_owned()).hint()).contains("`profile add`"));
        assert!(of(StoreError::Corrupt(String::new()).hint()).contains("`restore`"));
        assert_eq!(of(StoreError::Full.hint()), StoreError::Full.hint().as_str());
        let warning = of_warning(&Warning::NotOffered(ContentKind::Movies));
        assert!(warning.starts_with("movies: ") && warning.contains("--only movies"), "{warning}");
    }
}
