//! Runs other programs. They are printed before they run, and judged by their exit status.

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// Returns a call of the cargo that runs this task.
///
/// The variables that cargo has set for *this* program are removed. Build scripts that watch them (ring's does) would
/// otherwise run again whenever a variable differs between a task and a terminal.
pub(crate) fn cargo<I, S>(args: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let told =
            name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if told {
            command.env_remove(name);
        }
    }
    command.args(args);
    command
}

/// Makes a command connect directly to servers on this machine, even if a proxy is set.
pub(crate) fn straight(command: &mut Command) -> &mut Command {
    ["NO_PROXY", "no_proxy"].into_iter().fold(command, |command, name| command.env(name, "127.0.0.1,localhost,::1"))
}

/// Runs a command whose output goes to the screen. An exit code other than 0 is a failure that names the command.
pub(crate) fn run(command: &mut Command) -> Outcome {
    start(command)?.wait()
}

/// A command that runs at the same time as others.
pub(crate) struct Started {
    child: Child,
    line: String,
}

/// Starts a command whose output goes to the screen.
pub(crate) fn start(command: &mut Command) -> Outcome<Started> {
    let line = shown(command);
    println!("$ {line}");
    let child = command.spawn().map_err(|error| format!("`{line}` cannot be started: {error}"))?;
    Ok(Started { child, line })
}

impl Started {
    /// Waits for the end of the command. An exit code other than 0 is a failure that names the command.
    pub(crate) fn wait(mut self) -> Outcome {
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", self.line).into()) }
    }
}

/// Runs a command and returns its stdout. Its stderr is shown.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let line = shown(command);
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|error| format!("`{line}` cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Returns a command as a person would type it, with the variables that are set for it.
fn shown(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        value.map(|value| format!("{}={:?}", name.to_string_lossy(), value.to_string_lossy()))
    });
    let program = std::path::Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| {
        let word = word.to_string_lossy().into_owned();
        if word.contains([' ', '{', '|']) { format!("'{word}'") } else { word }
    });
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["tree", "-f", "{p}|{f}"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(shown(&command), "RUSTDOCFLAGS=\"-D warnings\" cargo tree -f '{p}|{f}'");
    }
}
