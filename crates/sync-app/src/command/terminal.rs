//! Writing to a terminal, without a panic when nobody reads.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether results could not be written, though somebody waits for them.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether the reader of the results has gone.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Prints a line of results. When the reader is gone, nothing is lost but the line.
pub(crate) fn say(line: &str) {
    note(&writeln!(io::stdout().lock(), "{line}"));
}

/// Notes whether results were written. A reader that has gone has had enough; a disk that is full has
/// lost something.
pub(crate) fn note(written: &io::Result<()>) {
    if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        CLOSED.store(true, Ordering::Relaxed);
    }
    if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe)
        && !LOST.swap(true, Ordering::Relaxed)
    {
        complain("error: the results can't be written to standard output");
    }
}

/// Whether nobody reads the results any more.
pub(crate) fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Whether some results were lost.
pub(crate) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Prints a line that is no result.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A number with its thousands apart: 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A day and a time of it, in UTC.
pub(crate) fn date(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| seconds.to_string(), |instant| instant.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// A word as a shell takes it, for command lines that are shown.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_.,+@:/".contains(c);
    if !word.starts_with('-') && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_shown_command_can_be_typed() {
        for (word, shown) in [("home", "home"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$(x)", "'$(x)'")] {
            assert_eq!(quoted(word), shown);
        }
    }
}
