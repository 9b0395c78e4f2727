//! The errors of reading and writing a change set.

use std::borrow::Cow;
use std::io;

use sync_core::ContentKind;

use crate::format::LINE_MAX;
use crate::limits::Limit;

/// The reason why a change set can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The input has not a single byte.
    #[error("the input is empty")]
    Empty,
    /// The first bytes are not those of a change set.
    #[error("this is not a change set")]
    NotASet,
    /// The bytes differ from those that were written, or the file is incomplete.
    #[error("the change set is damaged: {what} (at byte {at})")]
    Damaged {
        /// The position of the frame that was being read, in bytes from the beginning of the file.
        at: u64,
        /// What is wrong.
        what: Cow<'static, str>,
    },
    /// The file has another version of the format.
    #[error("the change set has version {0} of the format, and this program reads version 1")]
    Version(u16),
    /// A row has a column that this program doesn't know.
    #[error("a newer version made the change set: {kind} have a column `{column}`, which this program doesn't know")]
    UnknownColumn {
        /// The kind.
        kind: ContentKind,
        /// The column.
        column: String,
    },
    /// The file exceeds a limit.
    #[error("the change set is too large: {0}")]
    TooLarge(Limit),
    /// The input can't be read.
    #[error("the change set can't be read")]
    Io(#[source] io::Error),
}

impl ReadError {
    /// Returns whether the bytes are broken or missing, so that another copy of the file may be good.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Empty | Self::NotASet | Self::Damaged { .. })
    }
}

/// The reason why a change set can't be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The calls are not in the order of the format.
    #[error("the parts of a change set are given in a wrong order: {0}")]
    WrongOrder(&'static str),
    /// A record is of another kind than the kind that is being written.
    #[error("a record of {found} is given among those of {kind}")]
    OtherKind {
        /// The kind that is being written.
        kind: ContentKind,
        /// The kind of the record.
        found: ContentKind,
    },
    /// The numbers of rows differ from those in the header.
    #[error("the header has other numbers of {0} than there are records")]
    Counts(ContentKind),
    /// A record is longer than a reader accepts.
    #[error("a record has more than {LINE_MAX} bytes")]
    TooLong,
    /// The output can't be written.
    #[error("the change set can't be written")]
    Io(#[from] io::Error),
}

/// The reason why a part of a file can't be read, for a caller that knows the position of the part.
#[derive(Debug)]
pub(crate) enum Wrong {
    Damaged(Cow<'static, str>),
    Column(ContentKind, String),
    TooLarge(Limit),
}

impl Wrong {
    pub(crate) fn damaged(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Damaged(what.into())
    }
}
