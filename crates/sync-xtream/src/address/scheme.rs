//! The beginning of an address: `http://`, in any spelling.

use super::error::AddressError;

/// Splits an address into its scheme, if it has one, and the rest.
///
/// A wrong number of slashes, a wrong sign between them, and a repeated scheme are corrected. A misspelt scheme and two
/// different ones are refused: `http` shows the password to anybody on the way, so it must not be guessed.
pub(super) fn split(text: &str) -> Result<(Option<&'static str>, &str), AddressError> {
    let mut rest = text.trim();
    let mut found = None;
    loop {
        let word = &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())];
        let after = &rest[word.len()..];
        let separator = &after[..after.find(|c: char| !is_separator(c)).unwrap_or(after.len())];
        let slashes = separator.chars().filter(|c| is_slash(*c)).count();
        let known = ["http", "https"].into_iter().find(|known| word.eq_ignore_ascii_case(known));
        match known {
            Some(scheme) if slashes > 1 || separator.starts_with(':') => {
                if found.is_some_and(|found| found != scheme) {
                    return Err(AddressError::Mistyped);
                }
                found = Some(scheme);
                rest = &after[separator.len()..];
            }
            None if slashes > 1 && is_misspelt(word) => return Err(AddressError::Mistyped),
            None if slashes > 1 && !word.is_empty() && separator.starts_with(':') => {
                return Err(AddressError::Scheme);
            }
            // `//host` and `://host`.
            None if word.is_empty() && slashes > 1 && found.is_none() => {
                return Ok((None, &after[separator.len()..]));
            }
            _ => return Ok((found, rest)),
        }
    }
}

/// Returns whether a word is a mistyped `http` or `https`, such as `htp`, `hhtp`, `htpps`, `ttp` and `hxxp`.
pub(super) fn is_misspelt(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    (3..=8).contains(&word.len())
        && word.starts_with(['h', 't'])
        && word.bytes().all(|letter| b"htpsx".contains(&letter))
        && ["tp", "pt", "xp", "ts"].iter().any(|pair| word.contains(pair))
}

fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\')
}

fn is_separator(c: char) -> bool {
    is_slash(c) || c.is_whitespace() || matches!(c, ':' | ';' | '.')
}
