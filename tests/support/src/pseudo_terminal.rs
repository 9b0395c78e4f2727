//! The command on a pseudo-terminal, and the screen that a person would see.
//!
//! Every wait has a deadline and ends as soon as its condition holds. The output is searched for the password when the
//! command ends.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use pty_process::Size;
use pty_process::blocking::Pty;
use vt100::Parser;

use crate::program::{PATIENCE, is_shown, wait_until};

/// The key Ctrl-C. A terminal turns it into an interrupt of the program in the foreground.
const CTRL_C: u8 = 3;

/// The number of lines above the screen that are kept.
const SCROLLBACK: usize = 10_000;

/// A command that runs on a pseudo-terminal. If the value is dropped before the command ends, the command is killed.
pub struct PseudoTerminal {
    child: Child,
    terminal: Arc<Pty>,
    seen: Arc<Seen>,
    listener: Option<JoinHandle<()>>,
}

/// The output so far, and a signal for each change.
struct Seen {
    shown: Mutex<Shown>,
    changed: Condvar,
}

struct Shown {
    screen: Parser,
    bytes: Vec<u8>,
    /// The rows that went over the right edge at any time.
    wrapped: Vec<String>,
    ended: bool,
}

/// The result of a command that has ended on its terminal.
pub struct Ended {
    /// The exit code; `None` if a signal ended the command.
    pub code: Option<i32>,
    /// Everything that was shown, from the first line on, as text without colours. Lines that were erased are missing.
    pub text: String,
    /// Every byte that was written, with the control sequences.
    pub bytes: String,
    /// The rows that went over the right edge at any time.
    pub wrapped: Vec<String>,
    /// Whether the cursor is hidden.
    pub hides_cursor: bool,
    /// Whether the terminal shows what is typed.
    pub echoes: bool,
}

impl PseudoTerminal {
    /// Starts a command whose three streams are a terminal of this size.
    pub fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        set_up(&mut command);
        Self::start_as(command.into(), columns, rows)
    }

    /// Starts a command whose standard output is something else, and whose other streams are a terminal of this size.
    pub fn start_with_stdout(mut command: Command, stdout: Stdio, columns: u16, rows: u16) -> Self {
        set_up(&mut command);
        Self::start_as(pty_process::blocking::Command::from(command).stdout(stdout), columns, rows)
    }

    fn start_as(command: pty_process::blocking::Command, columns: u16, rows: u16) -> Self {
        let (terminal, end_of_the_command) = pty_process::blocking::open().expect("there are pseudo-terminals");
        terminal.resize(Size::new(rows, columns)).unwrap();
        let child = command.spawn(end_of_the_command).expect("the command can be started");
        let terminal = Arc::new(terminal);
        let screen = Parser::new(cells(rows), cells(columns), SCROLLBACK);
        let shown = Shown { screen, bytes: Vec::new(), wrapped: Vec::new(), ended: false };
        let seen = Arc::new(Seen { shown: Mutex::new(shown), changed: Condvar::new() });
        let listener = std::thread::spawn({
            let (terminal, seen) = (Arc::clone(&terminal), Arc::clone(&seen));
            move || {
                let mut piece = [0; 4096];
                // When the command ends, Linux reports an error instead of the end of the stream.
                while let Ok(length @ 1..) = (&*terminal).read(&mut piece) {
                    seen.take(&piece[..length]);
                }
                seen.shown.lock().unwrap().ended = true;
                seen.changed.notify_all();
            }
        });
        Self { child, terminal, seen, listener: Some(listener) }
    }

    /// Types a text. `\r` is the key Enter.
    pub fn send(&self, text: &str) {
        (&*self.terminal).write_all(text.as_bytes()).unwrap();
    }

    /// Types a line, and waits until the terminal has ended it, so that an earlier question isn't taken for the next
    /// one.
    #[track_caller]
    pub fn type_line(&self, text: &str) {
        let before = self.seen.shown.lock().unwrap().bytes.len();
        self.send(&format!("{text}\r"));
        wait_until("the line is ended", || {
            let shown = self.seen.shown.lock().unwrap();
            shown.ended || shown.bytes[before..].contains(&b'\n')
        });
    }

    /// Presses Ctrl-C.
    pub fn send_ctrl_c(&self) {
        (&*self.terminal).write_all(&[CTRL_C]).unwrap();
    }

    /// Gives the terminal another size. A signal tells the command.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen.shown.lock().unwrap().screen.set_size(cells(rows), cells(columns));
        self.terminal.resize(Size::new(rows, columns)).unwrap();
    }

    /// Returns the current screen, with a line per row.
    pub fn screen(&self) -> String {
        contents(&self.seen.shown.lock().unwrap().screen)
    }

    /// Returns every byte that was written so far, with the control sequences.
    pub fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.seen.shown.lock().unwrap().bytes).into_owned()
    }

    /// Waits until this text is on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen is as the condition says. The condition is asked again after each change.
    #[track_caller]
    pub fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.seen.shown.lock().unwrap();
        loop {
            let screen = contents(&shown.screen);
            if holds(&screen) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!shown.ended, "the command has ended before {what}\n{screen}");
            assert!(!left.is_zero(), "waited in vain for {what}\n{screen}");
            shown = self.seen.changed.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Waits until the terminal shows what is typed, or until it doesn't. A program changes this after its prompt, so
    /// a password is typed only after this wait.
    #[track_caller]
    pub fn wait_for_echo(&self, echoes: bool) {
        wait_until("the terminal shows what is typed, or doesn't", || self.echoes() == echoes);
    }

    /// Returns whether the terminal shows what is typed.
    fn echoes(&self) -> bool {
        self.modes().local_flags.contains(LocalFlags::ECHO)
    }

    fn modes(&self) -> Termios {
        tcgetattr(&*self.terminal).unwrap()
    }

    /// Returns the number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the command.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let status = self.wait();
        // The last program has left the terminal, and everything that was written is read.
        self.listener.take().unwrap().join().unwrap();
        let echoes = self.echoes();
        let mut shown = self.seen.shown.lock().unwrap();
        let bytes = String::from_utf8_lossy(&shown.bytes).into_owned();
        let ended = Ended {
            code: status.code(),
            text: whole(&mut shown.screen),
            bytes,
            wrapped: std::mem::take(&mut shown.wrapped),
            hides_cursor: shown.screen.screen().hide_cursor(),
            echoes,
        };
        assert!(!is_shown(&ended.text) && !is_shown(&ended.bytes), "the password is shown\n{}", ended.text);
        assert!(!ended.text.contains("panicked"), "{}", ended.text);
        ended
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the command does not end\n{}", self.screen());
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}

impl Drop for PseudoTerminal {
    fn drop(&mut self) {
        // If the command has ended, both calls have no effect.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Fails unless the command ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}", self.text);
        self
    }

    /// Fails unless the terminal is as it was before the command: it shows the cursor and what is typed.
    #[track_caller]
    pub fn leaves_a_sane_terminal(self) -> Self {
        assert!(!self.hides_cursor, "the cursor is hidden\n{}", self.text);
        assert!(self.echoes, "nothing that is typed is shown\n{}", self.text);
        self
    }

    /// Fails if a row went over the right edge at any time.
    #[track_caller]
    pub fn fits(self) -> Self {
        assert!(self.wrapped.is_empty(), "too wide: {:#?}\n{}", self.wrapped, self.text);
        self
    }
}

impl Seen {
    fn take(&self, piece: &[u8]) {
        let mut shown = self.shown.lock().unwrap();
        shown.bytes.extend_from_slice(piece);
        shown.screen.process(piece);
        let screen = shown.screen.screen();
        let (rows, columns) = screen.size();
        let over: Vec<_> = (0..rows.get()).zip(screen.rows(0, columns.get())).collect();
        let over: Vec<_> = over.into_iter().filter(|(row, _)| screen.row_wrapped(*row)).map(|(_, text)| text).collect();
        for text in over {
            if !shown.wrapped.contains(&text) {
                shown.wrapped.push(text);
            }
        }
        drop(shown);
        self.changed.notify_all();
    }
}

/// Gives a command the environment of a usual terminal. Variables that the test has set stay.
fn set_up(command: &mut Command) {
    let set: Vec<_> =
        command.get_envs().filter(|(_, value)| value.is_some()).map(|(name, _)| name.to_owned()).collect();
    let is_free = |name: &str| set.iter().all(|known| known != name);
    if is_free("TERM") {
        command.env("TERM", "xterm-256color");
    }
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "CI"] {
        if is_free(variable) {
            command.env_remove(variable);
        }
    }
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has a size")
}

fn contents(screen: &Parser) -> String {
    screen.screen().contents()
}

/// Returns the lines above the screen, and the screen.
fn whole(parser: &mut Parser) -> String {
    let screen = parser.screen_mut();
    let (_, columns) = screen.size();
    let above = screen.scrollback_len();
    let mut lines = Vec::new();
    // Each step scrolls by one line, and takes the first line in view.
    for back in (1..=above).rev() {
        screen.set_scrollback(back);
        lines.extend(screen.rows(0, columns.get()).next());
    }
    screen.set_scrollback(0);
    lines.push(screen.contents());
    lines.join("\n")
}
