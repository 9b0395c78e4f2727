//! Where a password comes from: a file, the environment, a pasted address, a prompt.

use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;

use sync_xtream::Secret;

use super::failure::Failure;
use super::interrupt::Interrupt;

/// The environment variable that may hold the password.
const VARIABLE: &str = "XTREAM_SYNC_PASSWORD";

/// A password file is a line, not a book.
const FILE_MAX: u64 = 64 * 1024;

/// Finds the password.
pub(crate) fn password(file: Option<&Path>, pasted: Option<Secret>, interrupt: &Interrupt) -> Result<Secret, Failure> {
    if let Some(file) = file {
        return from_file(file);
    }
    if let Some(password) = std::env::var_os(VARIABLE).filter(|password| !password.is_empty()) {
        let password = password.into_string();
        return password.map(Secret::new).map_err(|_| Failure::usage(format!("{VARIABLE} is not Unicode"), ""));
    }
    if let Some(password) = pasted {
        return Ok(password);
    }
    if !io::stdin().is_terminal() {
        let hint = format!("use --password-file, or set {VARIABLE}");
        return Err(Failure::usage("there is no password, and no terminal to ask for it", hint));
    }
    let typed = interrupt.at_once(|| rpassword::prompt_password("Password: "));
    typed.map(Secret::new).map_err(|error| Failure::usage(format!("the password can't be read: {error}"), ""))
}

fn from_file(file: &Path) -> Result<Secret, Failure> {
    let shown = file.display();
    let failed = |error: io::Error| Failure::usage(format!("the password file `{shown}` can't be read: {error}"), "");
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(failed)?)
    };
    let mut line = String::new();
    io::BufReader::new(input.take(FILE_MAX)).read_line(&mut line).map_err(failed)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::usage(format!("the password file `{shown}` is empty"), ""));
    }
    Ok(Secret::new(password))
}
