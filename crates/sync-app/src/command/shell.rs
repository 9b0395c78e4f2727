//! Commands of the user. Each runs in a shell, in a process group of its own, so that all of its processes can be
//! ended.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use super::terminal;

/// Returns a shell that runs a command line.
#[cfg(unix)]
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// Returns a shell that runs a command line.
#[cfg(not(unix))]
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").raw_arg(command);
    shell
}

/// The process groups of the shells that are running.
static LIVE: Groups = Groups::new();

/// Kills the processes of all shells. This is called when the program ends without dropping its values.
pub(crate) fn end_all() {
    LIVE.end();
}

/// A set of process groups.
struct Groups(Mutex<BTreeSet<u32>>);

impl Groups {
    const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    fn end(&self) {
        self.ids().iter().copied().for_each(kill);
    }

    fn ids(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process group of a shell, if the shell has one of its own. Dropping the value kills its processes.
pub(crate) struct Group {
    id: Option<u32>,
    among: &'static Groups,
}

impl Group {
    /// Returns the group of a shell that was started in a group of its own.
    pub(crate) fn of(child: &Child) -> Self {
        Self::among(&LIVE, child.id())
    }

    fn among(groups: &'static Groups, id: Option<u32>) -> Self {
        groups.ids().extend(id);
        Self { id, among: groups }
    }

    /// Returns a value without a group.
    pub(crate) fn none() -> Self {
        Self::among(&LIVE, None)
    }

    /// Lets the remaining processes go on.
    pub(crate) fn let_go(mut self) {
        if let Some(id) = self.id.take() {
            self.among.ids().remove(&id);
        }
    }
}

impl Drop for Group {
    /// Kills the remaining processes. They would go on if only the shell were killed.
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        kill(id);
        self.among.ids().remove(&id);
    }
}

#[cfg(unix)]
fn kill(group: u32) {
    if let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        // All processes of the group may have ended already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Does nothing. Without process groups, only the shell itself is killed, by its handle.
#[cfg(not(unix))]
fn kill(_: u32) {}

/// The reason why a command was not done. It shows nothing of the command, which may contain a secret.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// The command can't be started, or waited for.
    System(io::Error),
    /// The command ended with an error.
    Failed(ExitStatus),
    /// The command exceeded its time limit, and was killed.
    TooLong(Duration),
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => write!(f, "could not be run: {error}"),
            Self::Failed(status) => match status.code() {
                Some(code) => write!(f, "ended with {code}"),
                None => write!(f, "was ended by a signal"),
            },
            Self::TooLong(limit) => write!(f, "took longer than {} s and was ended", limit.as_secs()),
        }
    }
}

/// The input and variables of a command. The rest of its environment is that of this program.
#[derive(Debug, Default)]
pub(crate) struct Given<'a> {
    /// The bytes on its standard input.
    pub(crate) input: Option<&'a [u8]>,
    /// The variables that the command gets in addition.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// The variables that the command doesn't get, because they hold secrets.
    pub(crate) without: &'a [String],
}

/// Runs a command within a time limit. Processes that it has started are killed when it ends, and all are killed if the
/// future is dropped. Its messages go to the user's standard error, unless that is JSON. Its output is discarded.
pub(crate) async fn run(command: &str, given: Given<'_>, limit: Duration) -> Result<(), NotDone> {
    let Given { input, variables, without } = given;
    let mut shell = shell(command);
    shell.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    shell.stdout(Stdio::null()).stderr(terminal::stderr_of_commands()).kill_on_drop(true);
    for name in without {
        shell.env_remove(name);
    }
    shell.envs(variables.iter().copied());
    #[cfg(unix)]
    shell.process_group(0);
    let mut child = shell.spawn().map_err(NotDone::System)?;
    let group = Group::of(&child);
    let status = tokio::time::timeout(limit, feed(&mut child, input.unwrap_or_default())).await;
    drop(group);
    match status {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(NotDone::Failed(status)),
        Ok(Err(error)) => Err(NotDone::System(error)),
        Err(_) => Err(NotDone::TooLong(limit)),
    }
}

/// Writes the input as far as the command reads it, and waits for the end of the command.
async fn feed(child: &mut Child, input: &[u8]) -> io::Result<ExitStatus> {
    let stdin = child.stdin.take();
    let writes = async {
        if let Some(mut stdin) = stdin {
            // A command need not read its input.
            let _ = stdin.write_all(input).await;
        }
    };
    tokio::select! {
        status = child.wait() => return status,
        () = writes => {}
    }
    child.wait().await
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    /// A pipe that commands keep open.
    struct Pipe {
        path: String,
        /// Keeps the pipe open until the commands have ended, so that its reader never waits for a command that was
        /// killed early.
        held: std::fs::File,
        /// Receives a message whenever a command has written to the pipe.
        written: std::sync::mpsc::Receiver<()>,
        reader: std::thread::JoinHandle<()>,
    }

    impl Pipe {
        fn new(folder: &tempfile::TempDir) -> Self {
            let pipe = folder.path().join("pipe");
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            let (path, (writes, written)) = (pipe.display().to_string(), std::sync::mpsc::channel());
            let reading = pipe.clone();
            let reader = std::thread::spawn(move || {
                let mut pipe = std::fs::File::open(reading).unwrap();
                let mut byte = [0];
                while io::Read::read(&mut pipe, &mut byte).unwrap() > 0 {
                    let _ = writes.send(());
                }
            });
            let held = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
            Self { path, held, written, reader }
        }

        /// Waits until no command has the pipe open.
        fn wait(self) {
            drop(self.held);
            self.reader.join().unwrap();
        }
    }

    #[tokio::test]
    async fn running_commands_are_ended_without_a_drop() {
        // The test has a set of its own, so that the commands of other tests go on.
        static GROUPS: Groups = Groups::new();
        let folder = tempfile::tempdir().unwrap();
        let pipe = Pipe::new(&folder);
        let start = |command: &str| shell(command).process_group(0).kill_on_drop(true).spawn().unwrap();
        let mut ends = start(&format!("exec 3>'{}'; echo >&3; sleep 300 & sleep 300; true", pipe.path));
        let mut stays = start("exec sleep 300");
        let group = std::mem::ManuallyDrop::new(Group::among(&GROUPS, ends.id()));
        Group::among(&GROUPS, stays.id()).let_go();
        assert_eq!(GROUPS.ids().iter().copied().collect::<Vec<_>>(), group.id.into_iter().collect::<Vec<_>>());
        pipe.written.recv().unwrap();
        GROUPS.end();
        ends.wait().await.unwrap();
        pipe.wait();
        assert!(stays.try_wait().unwrap().is_none(), "what was let go stays");
        stays.kill().await.unwrap();
        drop(Group::among(&GROUPS, Some(u32::MAX)));
        assert_eq!(GROUPS.ids().len(), 1, "what is dropped is forgotten");
    }

    #[tokio::test]
    async fn a_command_gets_its_input_and_its_variables_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("told").display().to_string();
        let variables = [("WHERE", path.as_str())];
        let given = Given { input: Some(b"{\"a\":1}\n"), variables: &variables, without: &["HOME".to_owned()] };
        run(r#"test -z "${HOME+set}" && test -n "$PATH" && cat > "$WHERE""#, given, LIMIT).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"a\":1}\n");
    }

    #[tokio::test]
    async fn unread_input_blocks_nothing() {
        let much = vec![b' '; 10_000_000];
        let much = || Given { input: Some(&much), ..Given::default() };
        run("exec <&-; exit 0", much(), LIMIT).await.unwrap();
        run("sleep 300 & exit 0", much(), LIMIT).await.unwrap();
    }

    #[tokio::test]
    async fn a_failure_is_reported_without_the_output_of_the_command() {
        for (command, told) in [
            ("exit 3 # canary", "ended with 3"),
            ("kill -9 $$ # canary", "was ended by a signal"),
            ("no-such-canary 2>/dev/null", "ended with 127"),
        ] {
            let error = run(command, Given::default(), LIMIT).await.unwrap_err();
            assert_eq!(error.to_string(), told);
            assert!(!format!("{error:?}").contains("canary"));
        }
    }

    #[tokio::test]
    async fn a_hanging_command_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = Pipe::new(&folder);
        let command = format!("exec 3>'{}'; sleep 300 & sleep 300; true", pipe.path);
        let error = run(&command, Given::default(), Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "took longer than 1 s and was ended");
        pipe.wait();
    }
}
