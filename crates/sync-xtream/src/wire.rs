//! The wire: from a panel's bytes to entries of a listing.
//!
//! [`splitter`] finds the elements in the stream, [`member`] the keys and values in an element,
//! [`text`] mends what is not legal Unicode, [`fields`] knows which key is which field and reads
//! any JSON type into it, [`decoder`] puts them together. [`json`] reads small documents whole.
//!
//! Nothing here trusts a panel: no recursion, no element kept that is larger than the limit, and
//! a value of the wrong type costs that value, never its item.

pub(crate) mod decoder;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod member;
pub(crate) mod splitter;
pub(crate) mod text;

use sync_core::source::AnswerFault;
use sync_core::{DigestScheme, SourceError};

pub(crate) use decoder::Decoder;

/// Digests of raw elements, movies and series without the value of `num`.
///
/// To be raised whenever the same bytes would be decoded to another item: digests of the old
/// scheme are then no longer looked at, and every item is decoded once.
pub(crate) const SCHEME: DigestScheme = DigestScheme(101);

/// What is wrong with an answer, in words that hold no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it is.
    pub(crate) what: AnswerFault,
    /// What was seen.
    pub(crate) message: String,
    /// Whether the answer says that the login is refused.
    pub(crate) refused: bool,
}

impl Fault {
    pub(crate) fn new(what: AnswerFault, message: impl Into<String>) -> Self {
        Self { what, message: message.into(), refused: false }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { what: AnswerFault::AccountObject, message: message.into(), refused: true }
    }
}

impl From<Fault> for SourceError {
    fn from(fault: Fault) -> Self {
        if fault.refused {
            Self::Refused { message: fault.message }
        } else {
            Self::Unusable { fault: fault.what, message: fault.message }
        }
    }
}

/// How much of an answer is quoted. More than is shown: the credentials are taken out of it first,
/// and a cut in the middle of one would hide it.
const QUOTED: usize = 600;

/// How much of it is shown.
pub(crate) const SHOWN: usize = 160;

/// The beginning of an answer, fit to be shown once the credentials are out of it: printable, on
/// one line.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(QUOTED)]);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !is_bidi(*c)).collect()
}

const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
