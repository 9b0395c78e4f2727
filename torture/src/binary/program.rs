//! The command under test, as a process that can be stopped, looked at and ended.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use serde_json::Value;
use sync_sqlite::stop;

use crate::Outcome;

/// The longest time of any command here.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command with points.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    /// Returns the command that is named, or builds one.
    pub(crate) fn with_points(named: Option<&Path>) -> Outcome<Self> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => build()?,
        };
        let program = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let variable = stop::STOP_AT.as_bytes();
        if !program.windows(variable.len()).any(|bytes| bytes == variable) {
            return Err(format!("{} is built without the feature `failpoints`", path.display()).into());
        }
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the command with these arguments, without variables of the environment that could change its behaviour.
    pub(crate) fn command(&self, database: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        set_up(&mut command, database);
        command.args(args);
        command
    }

    /// Returns the same through a shell that sets something up first; `$@` is the command.
    pub(crate) fn in_shell(&self, script: &str, database: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        set_up(&mut command, database);
        command.args(["-c", script, "sh"]).arg(&self.path).args(args);
        command
    }
}

/// Gives a command the cache, and removes variables of the environment that could change its behaviour.
pub(crate) fn set_up(command: &mut Command, database: &Path) {
    for variable in ["http_proxy", "https_proxy", "all_proxy", "xtream_sync_password", "rust_log"] {
        command.env_remove(variable).env_remove(variable.to_uppercase());
    }
    command.env("XTREAM_SYNC_DATABASE", database);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
}

/// Builds the command with points, as this program was built, and moves it to a place where no other build replaces it.
fn build() -> Outcome<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // With the variables that cargo set for this program, build scripts would run again.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|told| name.to_string_lossy().starts_with(told)) {
            cargo.env_remove(name);
        }
    }
    cargo.args(["build", "--locked", "--bin", "xtream-sync"]);
    if cfg!(debug_assertions) {
        // The selection of `cargo xtask test tests`, so that each dependency is compiled once.
        cargo.args(["--workspace", "--test", "log", "--all-features"]);
    } else {
        cargo.args(["--release", "--package", "sync-app", "--features", "failpoints"]);
    }
    let output = cargo.args(["--message-format=json-render-diagnostics"]).stderr(Stdio::inherit()).output()?;
    let messages = String::from_utf8(output.stdout)?;
    let of_the_command = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let named = message["target"]["name"] == "xtream-sync";
        message["executable"].as_str().filter(|_| named).map(PathBuf::from)
    };
    let built = messages.lines().find_map(of_the_command).ok_or("cargo built no command")?;
    // The file is moved away, so that a search for the command doesn't find this one. The next build creates it again.
    let kept = built.with_file_name("xtream-sync-with-points");
    std::fs::rename(&built, &kept)?;
    Ok(kept)
}

/// The text of a stream so far.
#[derive(Debug)]
struct Heard {
    said: Arc<(Mutex<Said>, Condvar)>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Said {
    bytes: Vec<u8>,
    ended: bool,
}

fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Heard {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let said = Arc::new((Mutex::new(Said::default()), Condvar::new()));
        let listener = stream.map(|mut stream| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut piece) {
                    lock(&said.0).bytes.extend_from_slice(&piece[..length]);
                    said.1.notify_all();
                }
                lock(&said.0).ended = true;
                said.1.notify_all();
            })
        });
        Self { said, listener }
    }

    /// Waits for this text. Returns whether it came before the end of the stream.
    fn wait_for(&self, words: &str, patience: Duration) -> bool {
        let heard = |said: &Said| said.bytes.windows(words.len()).any(|bytes| bytes == words.as_bytes());
        let waiting = |said: &mut Said| !heard(said) && !said.ended;
        let (said, _) = self
            .said
            .1
            .wait_timeout_while(lock(&self.said.0), patience, waiting)
            .unwrap_or_else(PoisonError::into_inner);
        heard(&said)
    }

    /// Waits until the stream has ended.
    fn wait_for_the_end(&self, patience: Duration) {
        if self.listener.is_none() {
            return;
        }
        let guard = lock(&self.said.0);
        drop(self.said.1.wait_timeout_while(guard, patience, |said| !said.ended));
    }

    fn whole(mut self) -> String {
        if let Some(listener) = self.listener.take() {
            // The thread ends with the stream, and doesn't panic.
            let _ = listener.join();
        }
        String::from_utf8_lossy(&lock(&self.said.0).bytes).into_owned()
    }
}

/// A running command. If it is dropped before its end, it is killed.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    heard: Option<(Heard, Heard)>,
    started: Instant,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Outcome<Self> {
        let mut child = command.spawn().map_err(|error| format!("the command can't be started: {error}"))?;
        let heard = (Heard::of(child.stdout.take()), Heard::of(child.stderr.take()));
        Ok(Self { child, heard: Some(heard), started: Instant::now() })
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Waits until the command says that it has stopped at the point that the environment names. Returns whether it
    /// has.
    pub(crate) fn is_stopped(&self) -> bool {
        self.says("stopped at ")
    }

    /// Waits for this text on stderr. Returns whether it came before the end of the command.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.heard.as_ref().is_some_and(|(_, stderr)| stderr.wait_for(words, PATIENCE))
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        // If the process can't be asked, it has ended.
        self.child.try_wait().map_or(true, |status| status.is_some())
    }

    pub(crate) fn signal(&self, signal: Signal) -> Outcome {
        Ok(kill(self.pid(), signal)?)
    }

    /// Stops the command at any place. Returns whether it was still running.
    pub(crate) fn freeze(&mut self) -> Outcome<bool> {
        if self.has_ended() {
            return Ok(false);
        }
        self.signal(Signal::SIGSTOP)?;
        let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(self.pid()), flags)?;
        Ok(!self.has_ended())
    }

    /// Ends the command without a chance to tidy up.
    pub(crate) fn kill(mut self) -> Outcome<Ran> {
        self.child.kill()?;
        self.end()
    }

    /// Waits for the end of the command.
    pub(crate) fn end(mut self) -> Outcome<Ran> {
        let deadline = Instant::now() + PATIENCE;
        let Some((stdout, stderr)) = self.heard.take() else { return Err("ended twice".into()) };
        stderr.wait_for_the_end(PATIENCE);
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() > deadline {
                self.child.kill()?;
                self.child.wait()?;
                return Err(format!("the command does not end: {}", stderr.whole()).into());
            }
            std::thread::sleep(Duration::from_micros(300));
        };
        let took = self.started.elapsed();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        Ok(Ran { code: status.code(), signal, stdout: stdout.whole(), stderr: stderr.whole(), took })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.heard.is_some() {
            // The command may have ended before. That is equivalent.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The results of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; `None` if a signal ended the command.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ran {
    /// Returns the report of the first profile.
    pub(crate) fn report(&self) -> Outcome<Value> {
        let line = self.stdout.lines().next().ok_or_else(|| format!("no report: {self:?}"))?;
        Ok(serde_json::from_str(line)?)
    }
}
