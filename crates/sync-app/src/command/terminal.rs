//! Output to stdout and stderr. A reader that has gone causes no panic and no error.
//!
//! The live lines are removed from the terminal while something is written.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};

use super::live;
use super::look::{Look, Style};

/// Whether results could not be written although their reader is still there.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether the reader of the results has gone.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether only errors are printed on stderr.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Whether the last line for stderr was printed. The lines that belong to it begin with a space.
static SHOWN: AtomicBool = AtomicBool::new(true);

/// The prefixes of lines for stderr, and the style of each.
const PREFIXES: [(&str, Style); 5] = [
    ("error:", Style::Red),
    ("held:", Style::Yellow),
    ("warning:", Style::Yellow),
    ("note:", Style::Cyan),
    ("  hint:", Style::Cyan),
];

/// Whether lines for stderr are JSON objects.
static JSON: AtomicBool = AtomicBool::new(false);

/// Sets whether lines for stderr are written as JSON objects, as the log has them.
pub(crate) fn write_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// Returns the stderr of commands that this program runs: the program's own, unless its lines are JSON objects.
pub(crate) fn stderr_of_commands() -> Stdio {
    if JSON.load(Ordering::Relaxed) { Stdio::null() } else { Stdio::inherit() }
}

/// Sets whether stderr shows only errors, and stdout no confirmations.
pub(crate) fn be_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Returns whether stderr shows only errors.
pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Prints a line of results. A reader that has gone is no error.
pub(crate) fn print_out(line: &str) {
    let written = live::aside(|| writeln!(io::stdout().lock(), "{line}"));
    note(&written);
}

/// Prints a line that confirms what was done. It is no result, so `--quiet` leaves it out.
pub(crate) fn confirm(line: &str) {
    if !is_quiet() {
        print_out(line);
    }
}

/// Prints results unchanged.
pub(crate) fn write(bytes: &[u8]) {
    note(&io::stdout().lock().write_all(bytes));
}

/// Records whether results were written. A closed pipe is no error, because its reader wants no more. A full disk is an
/// error.
pub(crate) fn note(written: &io::Result<()>) {
    if written.as_ref().is_err_and(is_closed_pipe) {
        CLOSED.store(true, Ordering::Relaxed);
    }
    if written.as_ref().is_err_and(|error| !is_closed_pipe(error)) && !LOST.swap(true, Ordering::Relaxed) {
        print_err("error: the results can't be written to standard output");
    }
}

/// Returns whether an error says that the reader has gone. The CSV writer wraps the error of the pipe.
pub(crate) fn is_closed_pipe(error: &io::Error) -> bool {
    let of_csv = error.get_ref().and_then(|inner| inner.downcast_ref::<csv::Error>());
    let wrapped = of_csv.and_then(|error| match error.kind() {
        csv::ErrorKind::Io(inner) => Some(inner.kind()),
        _ => None,
    });
    wrapped.unwrap_or_else(|| error.kind()) == io::ErrorKind::BrokenPipe
}

/// Returns whether the reader of the results has gone.
pub(crate) fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Returns whether some results were lost.
pub(crate) fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Prints a line to stderr. With `--quiet`, only errors, held removals, and the lines that belong to them are printed.
pub(crate) fn print_err(line: &str) {
    let shown = if line.starts_with(' ') { SHOWN.load(Ordering::Relaxed) } else { !is_quiet() || is_important(line) };
    SHOWN.store(shown, Ordering::Relaxed);
    if shown {
        let line = if JSON.load(Ordering::Relaxed) {
            Cow::Owned(as_object(line, &now()))
        } else {
            with_style(line, Look::of_stderr())
        };
        let _ = live::aside(|| writeln!(io::stderr().lock(), "{line}"));
    }
}

/// Prints a line to stderr during a panic. It takes no lock of this program, because the panicking code may have taken
/// it.
pub(crate) fn cry(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Returns whether a line is printed even with `--quiet`: it is an error, or a person has to decide something.
fn is_important(line: &str) -> bool {
    ["error:", "held:"].iter().any(|prefix| line.starts_with(prefix))
}

/// Returns the current time in the format of the log.
fn now() -> String {
    DateTime::<Utc>::from(std::time::SystemTime::now()).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Returns a line as an object with the members of a line of the log.
fn as_object(line: &str, timestamp: &str) -> String {
    let line = line.trim_start();
    let levels = [("error: ", "ERROR"), ("held: ", "WARN"), ("warning: ", "WARN"), ("note: ", "INFO")];
    let found = levels.into_iter().find_map(|(prefix, level)| Some((level, line.strip_prefix(prefix)?)));
    let (level, message) = found.unwrap_or(("INFO", line));
    serde_json::json!({"timestamp": timestamp, "level": level, "message": message}).to_string()
}

/// Returns a line with its prefix in colour.
fn with_style(line: &str, look: Look) -> Cow<'_, str> {
    let found = PREFIXES.iter().find_map(|(prefix, style)| Some((line.strip_prefix(prefix)?, prefix, style)));
    match found {
        Some((rest, prefix, style)) if look.colour => Cow::Owned(look.styled(prefix, *style) + rest),
        _ => Cow::Borrowed(line),
    }
}

/// Standard error as a writer for the log. It accepts every line, whether the line can be written or not.
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = live::aside(|| io::stderr().lock().write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

/// Returns a number with its noun: 1 item, 1,234 items.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Returns a date and a time in UTC.
pub(crate) fn date(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
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
    fn the_beginning_of_a_line_is_coloured() {
        let look = Look { width: None, colour: true };
        assert_eq!(with_style("error: it failed", look), "\u{1b}[1;31merror:\u{1b}[0m it failed");
        assert_eq!(with_style("  hint: again", look), "\u{1b}[36m  hint:\u{1b}[0m again");
        assert_eq!(with_style("home: movies: done", look), "home: movies: done");
        assert_eq!(with_style("error: it failed", Look::PLAIN), "error: it failed");
    }

    #[test]
    fn errors_and_decisions_are_important() {
        for (line, important) in [
            ("error: it failed", true),
            ("held: home: movies: 3 removals", true),
            ("warning: x", false),
            ("note: x", false),
            ("home: movies: listing", false),
        ] {
            assert_eq!(is_important(line), important, "{line}");
        }
    }

    #[test]
    fn lines_become_json_objects_with_a_level() {
        for (line, level, message) in [
            ("error: it failed", "ERROR", "it failed"),
            ("  hint: again", "INFO", "hint: again"),
            ("warning: \"x\"", "WARN", "\"x\""),
        ] {
            let object: serde_json::Value = serde_json::from_str(&as_object(line, "now")).unwrap();
            assert_eq!(object, serde_json::json!({"timestamp": "now", "level": level, "message": message}));
        }
    }

    #[test]
    fn thousands_are_separated() {
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
