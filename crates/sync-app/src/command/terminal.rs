//! Output to stdout and stderr. A reader that is gone causes no panic.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether results could not be written although their reader is still there.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether the reader of the results has gone.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Prints a line of results. It is no error if the reader is gone.
pub(crate) fn say(line: &str) {
    note(&writeln!(io::stdout().lock(), "{line}"));
}

/// Prints results as they are.
pub(crate) fn write(bytes: &[u8]) {
    note(&io::stdout().lock().write_all(bytes));
}

/// Records whether results were written. A closed pipe is no error, because its reader wants no more; a full disk is
/// one.
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

/// Returns whether the reader of the results has gone.
pub(crate) fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Returns whether some results were lost.
pub(crate) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Prints a line to stderr.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Returns a number with separators: 1,234,567.
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

/// Returns a date and a time in UTC.
pub(crate) fn date(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| seconds.to_string(), |instant| instant.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// Returns a word quoted for a shell, for command lines that are printed.
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
