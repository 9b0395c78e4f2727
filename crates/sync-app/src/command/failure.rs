//! Errors of the command, each with a hint and an exit code.

use std::fmt;

use sync_core::StoreError;
use sync_core::text::printable;
use sync_service::ServiceError;
use sync_xtream::{AddressError, SetupError};

use super::exit::Exit;
use super::terminal::print_err;
use super::{hints, refused};
use crate::SyncError;

/// The advice for a cache without profiles.
pub(crate) const FIRST_STEPS: [&str; 3] = [
    "there is no profile yet; a profile is one account at one panel",
    "`xtream-sync profile add home` asks for the address of the panel, user name and password",
    "`xtream-sync sync home` fetches its lists; `xtream-sync search WORDS` finds something in them",
];

/// An error in a user's words.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: String,
    about: About,
}

/// The subject of an error, for callers that can do more about it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    Anything,
    /// There is no profile with this id.
    UnknownProfile(String),
    /// There is no profile at all.
    NoProfile,
    /// A question had no answer.
    Unanswered,
}

impl Failure {
    /// Returns an error in the arguments.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: hint.into(), about: About::Anything }
    }

    /// Returns the error that there is no profile with this id.
    pub(crate) fn unknown_profile(id: &str) -> Self {
        // A user may have typed an address in place of the id, and addresses contain passwords.
        let named = if is_address(id) { "of that name".to_owned() } else { format!("`{}`", printable(id)) };
        let failure = Self::usage(format!("there is no profile {named}"), "see `xtream-sync profile list`");
        Self { about: About::UnknownProfile(id.to_owned()), ..failure }
    }

    /// Returns the error that there is no profile yet.
    pub(crate) fn no_profile() -> Self {
        let [message, hints @ ..] = FIRST_STEPS;
        Self { about: About::NoProfile, ..Self::usage(message, hints.join("\n  hint: ")) }
    }

    /// Returns the error that a question had no answer.
    pub(crate) fn unanswered(message: String) -> Self {
        Self { about: About::Unanswered, ..Self::usage(message, "nothing was saved") }
    }

    /// Returns whether a question had no answer. Then no person can be asked again.
    pub(crate) fn is_end_of_input(&self) -> bool {
        self.about == About::Unanswered
    }

    /// Returns the id that no profile has, if that is the error.
    pub(crate) fn unknown_id(&self) -> Option<&str> {
        match &self.about {
            About::UnknownProfile(id) => Some(id),
            _ => None,
        }
    }

    /// Returns the error with another hint.
    pub(crate) fn hinting(self, hint: String) -> Self {
        Self { hint, ..self }
    }

    /// Returns the error that the user cancelled before anything was written.
    pub(crate) fn cancelled() -> Self {
        Self::abandoned("the cache is unchanged; sync again at any time")
    }

    /// Returns the error that the user cancelled. The hint says what is left.
    pub(crate) fn abandoned(hint: &str) -> Self {
        Self::of(Exit::Cancelled, "cancelled".to_owned(), hint)
    }

    /// Returns an error with this exit code.
    pub(crate) fn of(exit: Exit, message: String, hint: &str) -> Self {
        Self { exit, message, hint: hint.to_owned(), about: About::Anything }
    }

    /// Returns the error with the id of its profile before the message.
    pub(crate) fn of_profile(self, id: &str) -> Self {
        Self { message: format!("{}: {}", printable(id), self.message), ..self }
    }

    /// Returns the error with its subject before the message.
    pub(crate) fn of_part(self, part: &str) -> Self {
        Self { message: format!("{part}: {}", self.message), ..self }
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn print(&self) {
        print_err(&format!("error: {}", printable(&self.message)));
        if !self.hint.is_empty() {
            print_err(&format!("  hint: {}", self.hint));
        }
    }
}

/// Returns whether a text that should be the id of a profile looks like an address.
pub(crate) fn is_address(id: &str) -> bool {
    ["://", "username=", "password="].iter().any(|part| id.contains(part))
}

/// Writes the error without its hint.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        printable(&self.message).fmt(f)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if let StoreError::UnknownProfile(id) = &error {
            return Self::unknown_profile(id);
        }
        let exit = Exit::of_class(error.class());
        Self::of(exit, error.with_causes(), hints::of(error.hint()))
    }
}

impl From<ServiceError<Self>> for Failure {
    fn from(error: ServiceError<Self>) -> Self {
        match error {
            ServiceError::Source(failure) => failure,
            ServiceError::Store(error) => error.into(),
            other => StoreError::backend(format!("{other:?}")).into(),
        }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            SyncError::Backup(error) => error.into(),
            SyncError::Overlay(error) => refused::overlay(error),
            SyncError::Setup(error @ SetupError::UserAgent) => {
                Self::usage(error.to_string(), "set another one with `xtream-sync profile add ID --user-agent TEXT`")
            }
            SyncError::Setup(error) => Self::of(Exit::Internal, error.to_string(), ""),
            SyncError::Address(error) => {
                Self::usage(format!("the panel's address can't be used: {error}"), address_hint(error))
            }
            other => Self::usage(other.to_string(), ""),
        }
    }
}

/// Returns the hint for an address that can't be used.
fn address_hint(error: AddressError) -> &'static str {
    match error {
        AddressError::Unclear => {
            "use --url http://HOST:PORT --username NAME, and --password-file or the prompt for the password; or write \
             the sign in the address as %23 for #, %26 for &, %2B for +, %25 for %, %20 for a space"
        }
        AddressError::UserInfo => {
            "use --url http://HOST:PORT --username NAME, and --password-file or the prompt for the password"
        }
        AddressError::Several => "put quotes around the address alone: --url 'http://HOST:PORT'",
        _ => "use --url http://HOST:PORT",
    }
}
