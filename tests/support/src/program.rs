//! The command under test, as a process of its own. All of its output is searched for the password, and its lines of
//! JSON are read with the types that are public.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use sync_core::Counts;
use sync_tests::Kind;
pub use sync_tests::canary::{PASSWORD, USERNAME, is_shown};

use crate::shapes;

/// The memory limit of a run, in KiB, whatever the panel sends.
const MEMORY_KIBIBYTES: u64 = 128 * 1024;

/// The time after which a wait of a test fails.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Returns the path of the command: the one that the environment names, or one that is built now.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("XTREAM_SYNC_BIN") {
            return PathBuf::from(named);
        }
        // The command is built even if there is one already, because a test of an old program proves nothing.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo).args(["build", "--package", "sync-app", "--bin", "xtream-sync"]).status();
        assert!(built.expect("cargo can be started").success(), "the command does not build");
        let test = std::env::current_exe().expect("a test has a path");
        let deps = test.parent().expect("a test is in a folder");
        let folder = deps.parent().expect("the folder of the tests is in that of the programs");
        folder.join(format!("xtream-sync{}", std::env::consts::EXE_SUFFIX))
    })
}

/// Returns the command with these arguments and the most detailed log, so that the log is searched for the password as
/// well.
pub fn command(database: &Path, args: &[&str]) -> Command {
    command_without_log(database, &[&["-vvv"], args].concat())
}

/// Returns the command with these arguments, without variables of the environment that could change its behaviour.
pub fn command_without_log(database: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    for variable in ["http_proxy", "https_proxy", "all_proxy", "xtream_sync_password", "rust_log"] {
        command.env_remove(variable).env_remove(variable.to_uppercase());
    }
    command.env("XTREAM_SYNC_DATABASE", database).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A command that is running.
pub struct Running {
    args: Vec<String>,
    child: Child,
    stdout: Heard,
    stderr: Heard,
}

/// The output of a stream so far.
struct Heard {
    text: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl Heard {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let listener = stream.map(|mut stream| {
            let text = Arc::clone(&text);
            std::thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut piece) {
                    text.lock().unwrap().extend_from_slice(&piece[..length]);
                }
            })
        });
        Self { text, listener }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    fn whole(mut self) -> String {
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
        self.so_far()
    }
}

impl Running {
    /// Starts a command, and reads its output while it runs.
    pub fn start(mut command: Command) -> Self {
        let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let mut child = command.spawn().expect("the command can be started");
        let (stdout, stderr) = (Heard::of(child.stdout.take()), Heard::of(child.stderr.take()));
        Self { args, child, stdout, stderr }
    }

    /// Returns the number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Returns what the command has printed on stdout so far.
    pub fn stdout_so_far(&self) -> String {
        self.stdout.so_far()
    }

    /// Returns what the command has printed on stderr so far.
    pub fn stderr_so_far(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits until the command has printed these words on stderr, or has ended.
    pub fn wait_for(&mut self, words: &str) {
        wait_until(words, || self.stderr.so_far().contains(words) || self.has_ended());
    }

    /// Kills the command, which gets no chance to clean up.
    pub fn kill(mut self) -> Run {
        self.child.kill().unwrap();
        self.end()
    }

    /// Waits for the end of the command.
    pub fn end(mut self) -> Run {
        let deadline = Instant::now() + PATIENCE;
        let mut peak = None;
        let status = loop {
            peak = peak_kibibytes(self.child.id()).or(peak);
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                panic!("the command does not end\n{}", self.stderr.so_far());
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        let run = Run { code: status.code(), stdout: self.stdout.whole(), stderr: self.stderr.whole(), peak };
        assert!(!is_shown(&run.stdout) && !is_shown(&run.stderr), "the password is shown\n{run:?}");
        assert!(!run.stderr.contains("panicked"), "{run:?}");
        shapes::check(&self.args, &run.stdout);
        assert!(run.peak.is_none_or(|peak| peak < MEMORY_KIBIBYTES), "{:?} KiB of memory", run.peak);
        run
    }
}

/// Returns the peak memory of a running process, or `None` if the system doesn't tell it. Linux does.
///
/// A started process has the memory of its parent for a moment after it can be seen. Its figure counts only when it
/// runs another file; the kernel changes both together.
fn peak_kibibytes(pid: u32) -> Option<u64> {
    let file = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    if std::env::current_exe().is_ok_and(|own| own == file) {
        return None;
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The result of a command that has ended.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` if a signal ended the command.
    pub code: Option<i32>,
    /// Everything that the command wrote to stdout.
    pub stdout: String,
    /// Everything that the command wrote to stderr.
    pub stderr: String,
    /// The peak memory of the command in KiB; `None` if the system doesn't tell it.
    pub peak: Option<u64>,
}

impl Run {
    /// Fails unless the command ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\nstdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Returns the only report that the command printed.
    #[track_caller]
    pub fn report(&self) -> Report {
        let mut lines = self.stdout.lines();
        let line = lines.next().unwrap_or_else(|| panic!("no report\n{}", self.stderr));
        assert_eq!(lines.next(), None, "one profile, one line");
        Report(serde_json::from_str(line).unwrap())
    }
}

/// A line of `sync --json`.
#[derive(Debug)]
pub struct Report(pub Value);

impl Report {
    /// Returns the status of the run.
    pub fn status(&self) -> &str {
        self.0["status"].as_str().unwrap()
    }

    /// Returns the report's object of a kind.
    pub fn kind(&self, kind: Kind) -> &Value {
        &self.0["kinds"][kind.name()]
    }

    /// Returns the outcome of a kind.
    pub fn outcome(&self, kind: Kind) -> &str {
        self.kind(kind)["outcome"].as_str().unwrap()
    }

    /// Returns the outcomes of all kinds, in the order of a run.
    pub fn outcomes(&self) -> [&str; 3] {
        Kind::ALL.map(|kind| self.outcome(kind))
    }

    /// Returns the mode in which a kind was synced: `full` or `incremental`.
    pub fn mode(&self, kind: Kind) -> &str {
        self.kind(kind)["mode"].as_str().unwrap()
    }

    /// Returns the code of the error of a kind.
    pub fn error_code(&self, kind: Kind) -> Option<&str> {
        self.kind(kind)["error"]["code"].as_str()
    }

    /// Returns the seven counts of a kind.
    pub fn counts(&self, kind: Kind) -> Counts {
        let count = |name| self.kind(kind)[name].as_u64().unwrap();
        Counts {
            added: count("added"),
            updated: count("updated"),
            refreshed: count("refreshed"),
            removed: count("removed"),
            unchanged: count("unchanged"),
            held: count("held"),
            skipped: count("skipped"),
        }
    }
}

/// Waits until a condition holds that other threads or processes bring about.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
