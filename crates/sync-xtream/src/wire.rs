//! The wire: from a panel's bytes to entries of a listing.
//!
//! [`splitter`] finds the elements in the stream, [`beginning`] says what an answer is that has none,
//! [`member`] finds the keys and values in an element, [`text`] mends what is not legal Unicode,
//! [`fields`] knows which key is which field and reads any JSON type into it, [`decoder`] puts them
//! together. [`json`] reads small documents whole.
//!
//! Nothing here trusts a panel: no recursion, no element kept that is larger than the limit, and
//! a value of the wrong type costs that value, never its item.

pub(crate) mod beginning;
pub(crate) mod decoder;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod member;
pub(crate) mod splitter;
pub(crate) mod text;

use sync_core::source::AnswerFault;
use sync_core::text::one_line;
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

/// How much of an answer is looked at to quote something of it.
const LOOKED_AT: usize = 4096;

/// The beginning of an answer, fit to be shown once the credentials are out of it: printable, on
/// one line. What was cut in the middle lies beyond what is shown.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let line = one_line(&String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]));
    let length = line.chars().count();
    let whole = if bytes.len() > LOOKED_AT { length.saturating_sub(QUOTED - SHOWN) } else { length };
    line.chars().take(whole.min(QUOTED)).collect()
}

/// What a list may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The bytes of an element.
    pub(crate) element_bytes: usize,
    /// The elements of a list.
    pub(crate) elements: u64,
    /// How deep an element may be nested, itself included.
    pub(crate) nesting: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_on_one_line_and_shows_no_half_of_a_word() {
        assert_eq!(excerpt(b" Access \r\n\x1b[31m denied\xff "), "Access [31m denied\u{fffd}");
        assert_eq!(excerpt("x".repeat(10_000).as_bytes()).len(), QUOTED);
        // A word at the place of the cut, and nearly nothing but space before it.
        for space in 3900..4200 {
            let body = format!("a {}{}", " ".repeat(space), "canary-password".repeat(40));
            let shown: String = excerpt(body.as_bytes()).chars().take(SHOWN).collect();
            let rest = shown.replace("canary-password", "");
            assert!("a".starts_with(rest.trim_end()), "{space}: {shown}");
        }
    }
}
