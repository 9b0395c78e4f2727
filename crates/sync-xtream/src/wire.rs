//! The wire: from a panel's bytes to entries of a listing.
//!
//! [`splitter`] finds the elements in the stream, [`beginning`] says what an answer is that has none,
//! [`plain`] walks over an element that is written as programs write JSON; for any other one,
//! [`structure`] says whether it is sound, and [`member`] finds the keys and values in it.
//! [`text`] mends what is not legal Unicode, [`charset`] reads what is not UTF-8, [`fields`] knows which
//! key is which field and reads any JSON type into it, [`measure`] reads numbers with their units, [`category`] the ids of
//! categories, [`identity`] knows where the ids stand and of which kind a list is, [`left_out`] takes values out of digests
//! that the panel changes by itself, [`defect`] stands for what can't be read, [`places`] says where that is,
//! [`decoder`] puts them together.
//! [`json`] reads small documents whole.
//!
//! Nothing here trusts a panel: no recursion, no element kept that is larger than the limit, and
//! a value of the wrong type costs that value, never its item.

pub(crate) mod beginning;
pub(crate) mod category;
pub(crate) mod charset;
pub(crate) mod decoder;
pub(crate) mod defect;
pub(crate) mod fields;
pub(crate) mod identity;
pub(crate) mod json;
pub(crate) mod left_out;
pub(crate) mod making;
pub(crate) mod measure;
pub(crate) mod member;
mod places;
pub(crate) mod plain;
pub(crate) mod splitter;
pub(crate) mod structure;
pub(crate) mod text;

use sync_core::source::{AnswerFault, Denial};
use sync_core::text::one_line;
use sync_core::{DigestScheme, SourceError};

use crate::credentials::Credentials;
use crate::words::{Message, Quote};

pub(crate) use decoder::Decoder;

/// Digests of raw elements, movies and series without the value of `num`. What else decides about the item
/// is part of them: the key of the list where that is the id, the key of the id where it is not the usual
/// one, the declared charset where the element is not UTF-8.
///
/// To be raised whenever the same bytes would be decoded to another item: digests of the old
/// scheme are then no longer looked at, and every item is decoded once.
pub(crate) const SCHEME: DigestScheme = DigestScheme(104);

/// What is wrong with an answer, in words that hold no address. Words of the panel are quotes within the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What it is.
    pub(crate) what: AnswerFault,
    /// What was seen.
    pub(crate) message: Message,
    /// Whether the answer says that the login is refused.
    pub(crate) refused: bool,
    /// Whether it is refused because of the account's state, whatever the password is.
    pub(crate) by_state: bool,
}

impl Fault {
    pub(crate) fn new(what: AnswerFault, message: impl Into<Message>) -> Self {
        Self { what, message: message.into(), refused: false, by_state: false }
    }

    pub(crate) fn refused(message: impl Into<Message>) -> Self {
        Self { refused: true, ..Self::new(AnswerFault::AccountObject, message) }
    }

    pub(crate) fn refused_by_state(message: impl Into<Message>) -> Self {
        Self { by_state: true, ..Self::refused(message) }
    }

    /// The fault as an error that may be shown: without the login.
    pub(crate) fn into_error(self, credentials: &Credentials) -> SourceError {
        let message = self.message.shown(credentials);
        match (self.refused, self.by_state) {
            (false, _) => SourceError::Unusable { fault: self.what, message },
            (true, false) => SourceError::Refused { message },
            (true, true) => SourceError::Denied { denial: Denial::Account, message },
        }
    }
}

/// How much of an answer is quoted. More than is shown: the credentials are taken out of it first.
const QUOTED: usize = 600;

/// How much of an answer is looked at to quote something of it.
const LOOKED_AT: usize = 1024;

/// Stands where a text was cut, and nowhere else: half a secret may be before it.
pub(crate) const CUT: char = '…';

/// The beginning of an answer as a quote, with [`CUT`] at its end when there was more.
pub(crate) fn excerpt(bytes: &[u8]) -> Quote {
    Quote::new(beginning_of(bytes))
}

fn beginning_of(bytes: &[u8]) -> String {
    let Some(beginning) = bytes.get(..LOOKED_AT) else { return shorten(&String::from_utf8_lossy(bytes), QUOTED) };
    let line = shorten(&String::from_utf8_lossy(beginning), QUOTED);
    if line.ends_with(CUT) {
        return line;
    }
    // The last character may be cut in two.
    let mut line = line.trim_end_matches(char::REPLACEMENT_CHARACTER).to_owned();
    line.push(CUT);
    line
}

/// A text on one line, cut to so many characters. A [`CUT`] of its own is spelt with points.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    let line = one_line(text).replace(CUT, "...");
    match line.char_indices().nth(max) {
        Some((at, _)) => format!("{}{CUT}", &line[..at]),
        None => line,
    }
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
        assert_eq!(beginning_of(b" Access \r\n\x1b[31m denied\xff "), "Access [31m denied\u{fffd}");
        assert_eq!(beginning_of("x".repeat(10_000).as_bytes()), format!("{}…", "x".repeat(QUOTED)));
        assert_eq!(beginning_of("x… ".repeat(3).as_bytes()), "x... x... x...");
        assert_eq!(beginning_of("é".repeat(LOOKED_AT).as_bytes()), format!("{}…", "é".repeat(LOOKED_AT / 2)));
    }

    #[test]
    fn no_part_of_a_password_is_quoted_wherever_the_cut_falls() {
        let credentials = Credentials::new("somebody", "canary-pässword");
        for secret in ["canary-pässword", "canary-p%c3%a4ssword", "canary-p&#228;ssword"] {
            for space in (0..20).chain(900..1100) {
                let body = format!("x{}{}", " ".repeat(space), secret.repeat(100));
                let shown = excerpt(body.as_bytes()).shown(&credentials, usize::MAX);
                assert_eq!(shown.replace(['*', ' '], "").replace(CUT, ""), "x", "{space}: {shown}");
            }
        }
        for words in 550..620 {
            let shown =
                excerpt(format!("{}canary-pässword", "x".repeat(words)).as_bytes()).shown(&credentials, usize::MAX);
            assert_eq!(shown.replace(['*', 'x'], "").replace(CUT, ""), "", "{words}: {shown}");
        }
    }
}
