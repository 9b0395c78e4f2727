//! The password of a profile at a sync: from the cache, or from the source that the profile names.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::process::Stdio;
use std::time::Duration;

use sync_core::{PasswordSource, Profile};
use sync_xtream::Secret;
use tokio::io::AsyncReadExt;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::line::{self, not_unicode, without_mark};
use super::login::{LENGTH_MAX, from_file};
use super::shell::{Group, shell};
use super::terminal;

/// Returns the password of a profile. A source that doesn't answer is abandoned after the time limit, or when the user
/// cancels.
pub(crate) async fn of(
    profile: &Profile,
    patience: Duration,
    cancel: &CancellationToken,
) -> Result<Option<Secret>, Failure> {
    let found = match &profile.password_source {
        PasswordSource::Stored => return Ok(profile.password.clone().map(Secret::new)),
        PasswordSource::Environment(name) => from_environment(name),
        PasswordSource::File(path) => {
            let path = path.clone();
            let reading = tokio::task::spawn_blocking(move || from_file(path.as_ref()));
            within(patience, cancel, async { reading.await.unwrap_or_else(|_| Err(failed("could not be read"))) }).await
        }
        PasswordSource::Command(command) => within(patience, cancel, from_command(command)).await,
    };
    found.map(Some).map_err(|failure| failure.of_profile(profile.id.as_str()))
}

async fn within(
    patience: Duration,
    cancel: &CancellationToken,
    found: impl Future<Output = Result<Secret, Failure>>,
) -> Result<Secret, Failure> {
    tokio::select! {
        () = cancel.cancelled() => Err(Failure::cancelled()),
        found = tokio::time::timeout(patience, found) => {
            let hint = "the panel was not asked. Use a source that waits for nobody, or raise --password-timeout";
            found.unwrap_or_else(|_| Err(Failure::usage(format!("no password came within {patience:?}"), hint)))
        }
    }
}

fn from_environment(name: &str) -> Result<Secret, Failure> {
    let variable = format!("the environment variable `{name}`");
    match std::env::var(name) {
        Ok(password) if !without_mark(&password).is_empty() => Ok(without_mark(&password).into()),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(not_unicode(&variable), "")),
        _ => {
            let hint = "set it for the sync, or set another source with `xtream-sync profile add`";
            Err(Failure::usage(format!("{variable} for the password is not set"), hint))
        }
    }
}

/// Runs a command in a shell and returns the first line that the command prints. Its stderr goes to the user, unless
/// this program's stderr is JSON. The command is killed if the future is dropped.
async fn from_command(command: &str) -> Result<Secret, Failure> {
    let (mut child, group) = start(command)?;
    let mut output = child.stdout.take().ok_or_else(|| failed("has no output that can be read"))?;
    let (mut read, mut piece, mut ended) = (Vec::new(), [0; 1024], None);
    loop {
        tokio::select! {
            length = output.read(&mut piece) => match length {
                Ok(0) | Err(_) => break,
                // Output after the first line is read and discarded, so that the command can end.
                Ok(length) if !line::is_whole(&read) => read.extend_from_slice(&piece[..length]),
                Ok(_) => {}
            },
            status = child.wait(), if ended.is_none() => ended = Some(status),
        }
        // A process that the command has started may keep the output open after the command has ended.
        if ended.is_some() && line::is_whole(&read) {
            break;
        }
        if read.len() as u64 > LENGTH_MAX {
            return Err(failed("prints a line that is too long"));
        }
    }
    let status = match ended {
        Some(status) => status,
        None => child.wait().await,
    };
    // The command has ended. A process that it has started, such as an agent, may go on.
    group.let_go();
    match status {
        Ok(status) if status.success() => line::first(&read, "the first line that the password command prints"),
        Ok(status) => Err(failed(&format!("failed ({status})"))),
        Err(error) => Err(failed(&format!("can't be waited for: {error}"))),
    }
}

fn failed(what: &str) -> Failure {
    let hint = "the panel was not asked. Run the command by hand, or set another one with `xtream-sync profile add`";
    Failure::usage(format!("the password command {what}"), hint)
}

fn start(command: &str) -> Result<(tokio::process::Child, Group), Failure> {
    // At a terminal the command may ask the user for something, so it stays in the group of this program. Ctrl-C
    // reaches the command and all processes that it has started.
    let asks = io::stdin().is_terminal();
    let mut shell = shell(command);
    shell.stdin(if asks { Stdio::inherit() } else { Stdio::null() });
    shell.stdout(Stdio::piped()).stderr(terminal::stderr_of_commands()).kill_on_drop(true);
    #[cfg(unix)]
    if !asks {
        shell.process_group(0);
    }
    let child = shell.spawn().map_err(|error| failed(&format!("can't be started: {error}")))?;
    let group = if asks { Group::none() } else { Group::of(&child) };
    Ok((child, group))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    use sync_core::ProfileId;

    use crate::command::exit::Exit;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn profile(password_source: PasswordSource) -> Profile {
        Profile { password_source, ..Profile::new(ProfileId::new("home").unwrap()) }
    }

    async fn ask(source: PasswordSource, patience: Duration) -> Result<String, Failure> {
        let found = of(&profile(source), patience, &CancellationToken::new()).await?;
        Ok(found.unwrap().expose().to_owned())
    }

    async fn run(command: &str) -> Result<String, Failure> {
        ask(PasswordSource::Command(command.to_owned()), PATIENCE).await
    }

    #[tokio::test]
    async fn a_command_prints_the_password() {
        assert_eq!(run("printf 'a b'").await.unwrap(), "a b");
        assert_eq!(run("echo 'sécret'; echo more; yes | head -c 1000000").await.unwrap(), "sécret");
        // The call doesn't wait for a process that keeps the output open.
        let began = Instant::now();
        assert_eq!(run("sleep 20 2>/dev/null & echo x").await.unwrap(), "x");
        assert!(began.elapsed() < Duration::from_secs(15));
    }

    #[tokio::test]
    async fn field_05_a_password_of_a_command_or_a_file_may_begin_with_a_byte_order_mark() {
        assert_eq!(run("printf '\\357\\273\\277s3cr3t\\r\\nmore'").await.unwrap(), "s3cr3t");
        assert_eq!(
            run("printf '\\377\\376s\\000\\012\\012\\n'; sleep 0.1; printf '\\000x'").await.unwrap(),
            "s\u{a0a}"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "\u{feff}s3cr3t\r\n").unwrap();
        let source = PasswordSource::File(path.to_str().unwrap().to_owned());
        assert_eq!(ask(source, PATIENCE).await.unwrap(), "s3cr3t");
    }

    #[tokio::test]
    async fn a_failing_command_is_reported_without_its_output() {
        for command in [
            "echo canary; exit 3",
            "true canary",
            "echo; echo canary",
            "printf 'canary\\377'",
            "yes canary | tr -d '\\n'",
        ] {
            let failure = run(command).await.unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage, "{command}");
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_given_up() {
        let command = PasswordSource::Command("sleep 50".to_owned());
        assert_eq!(ask(command, Duration::from_millis(50)).await.unwrap_err().exit(), Exit::Usage);
    }

    #[tokio::test]
    async fn a_command_that_is_given_up_ends_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let command = format!("exec 3>'{}'; sleep 50 & sleep 50; true", pipe.display());
        let cancel = CancellationToken::new();
        let watch = std::thread::spawn({
            let cancel = cancel.clone();
            move || {
                // Opening returns when the command has begun. Reading ends when none of the command's processes is
                // left.
                let mut pipe = std::fs::File::open(pipe).unwrap();
                cancel.cancel();
                let began = Instant::now();
                io::Read::read_to_end(&mut pipe, &mut Vec::new()).unwrap();
                began.elapsed()
            }
        });
        let failure = of(&profile(PasswordSource::Command(command)), PATIENCE, &cancel).await.unwrap_err();
        assert_eq!(failure.exit(), Exit::Cancelled);
        assert!(watch.join().unwrap() < Duration::from_secs(40));
    }

    #[tokio::test]
    async fn a_file_is_read_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let source = || PasswordSource::File(path.to_str().unwrap().to_owned());
        for password in ["one", "two"] {
            std::fs::write(&path, format!("{password}\nmore")).unwrap();
            assert_eq!(ask(source(), PATIENCE).await.unwrap(), password);
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(ask(source(), PATIENCE).await.unwrap_err().exit(), Exit::Usage);
    }

    #[tokio::test]
    async fn a_missing_variable_is_named() {
        assert!(from_environment("PATH").is_ok());
        let failure = from_environment("XTREAM_SYNC_NO_SUCH_VARIABLE").unwrap_err();
        assert!(format!("{failure:?}").contains("`XTREAM_SYNC_NO_SUCH_VARIABLE`"), "{failure:?}");
    }
}
