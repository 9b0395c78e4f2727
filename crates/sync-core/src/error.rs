//! What a caller can do about an error, common to both ports.

/// The classes of errors. A command maps each to its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Credentials or account have to change.
    Login,
    /// Later may help.
    Unreachable,
    /// The panel has to change its answer.
    Answer,
    /// The local store has to be mended: full, read-only, damaged.
    Store,
    /// The cache was made by a newer version of the program.
    NewerCache,
    /// Another run holds the profile.
    Busy,
    /// The caller cancelled.
    Cancelled,
    /// A defect.
    Internal,
}
