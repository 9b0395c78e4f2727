//! Why the command could not do what it was asked, with what to do next.

use sync_app::SyncError;
use sync_core::StoreError;

use super::exit::Exit;
use super::terminal::{clean, complain};

/// What went wrong, in a user's words.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: String,
}

impl Failure {
    /// The user asked for something that can't be.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: hint.into() }
    }

    /// There is no profile with this id.
    pub(crate) fn unknown_profile(id: &str) -> Self {
        Self::usage(format!("there is no profile `{}`", clean(id)), "see `xtream-sync profile list`")
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn print(&self) {
        complain(&format!("error: {}", self.message));
        if !self.hint.is_empty() {
            complain(&format!("  hint: {}", self.hint));
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if let StoreError::UnknownProfile(id) = &error {
            return Self::unknown_profile(id);
        }
        let exit = Exit::of_class(error.class());
        Self { exit, message: clean(&error.to_string()), hint: error.hint().to_owned() }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            SyncError::Setup(error) => {
                Self { exit: Exit::Internal, message: clean(&error.to_string()), hint: String::new() }
            }
            other => Self::usage(clean(&other.to_string()), ""),
        }
    }
}
