//! Questions on a terminal.
//!
//! A question goes to stderr, and a question for a password to the terminal itself. While a question is open, a signal
//! ends the program at once, after the terminal is restored.

use std::io::{self, IsTerminal, Write};

use sync_xtream::Secret;

use super::failure::Failure;
use super::interrupt::Interrupt;
use super::line::without_mark;
use super::terminal::print_err;

/// How often a question without an answer is asked.
const TRIES: usize = 3;

/// Returns whether a person can be asked: stdin and stderr are terminals.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line. Enter alone returns the usual answer, if there is one.
pub(crate) fn line(what: &str, usual: Option<&str>, interrupt: &Interrupt) -> Result<String, Failure> {
    let question = usual.map_or_else(|| format!("{what}: "), |usual| format!("{what} [{usual}]: "));
    for _ in 0..TRIES {
        let typed = interrupt.at_once(|| {
            // The lock on stderr is released here, because a signal prints a message during the wait.
            io::stderr().write_all(question.as_bytes())?;
            let mut typed = String::new();
            // No character at all is the end of the input, for example Ctrl-D.
            let length = io::stdin().read_line(&mut typed)?;
            Ok((length > 0).then_some(typed))
        });
        let typed = typed.map_err(|error: io::Error| unreadable(&error))?.ok_or_else(|| {
            print_err("");
            nothing(what)
        })?;
        let typed = without_mark(typed.trim()).trim();
        match (typed, usual) {
            ("", Some(usual)) => return Ok(usual.to_owned()),
            ("", None) => {}
            // The terminal sends arrow keys as sequences of control characters.
            _ if typed.chars().any(char::is_control) => print_err("that holds control characters; type it again"),
            _ => return Ok(typed.to_owned()),
        }
    }
    Err(nothing(what))
}

/// Asks for a password, without showing it. Enter alone returns the previous password, if there is one.
pub(crate) fn password(before: Option<&Secret>, interrupt: &Interrupt) -> Result<Secret, Failure> {
    let question = if before.is_some() { "Password [as before]: " } else { "Password: " };
    for _ in 0..TRIES {
        // The question goes to the terminal itself, because stderr may be a file.
        let typed = interrupt.unseen(|| rpassword::prompt_password(question));
        let typed = typed.map_err(|error| {
            print_err("");
            unreadable(&error)
        })?;
        match (without_mark(&typed), before) {
            ("", Some(before)) => return Ok(before.clone()),
            ("", None) => print_err("no password was typed"),
            (typed, _) => return Ok(typed.into()),
        }
    }
    Err(nothing("Password"))
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::unanswered(format!("the terminal can't be read: {error}"))
}

fn nothing(what: &str) -> Failure {
    Failure::unanswered(format!("nothing was typed for: {what}"))
}
