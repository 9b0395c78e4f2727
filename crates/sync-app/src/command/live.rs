//! The live lines on stderr: one per kind that is under way. They are drawn again and again, and removed at the end.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sync_core::{ContentKind, Phase, Progress};

use super::live_line::LiveLine;
use super::look::Look;

/// The time between two drawings.
const TICK: Duration = Duration::from_millis(100);

/// The number of rows that is assumed if the terminal doesn't tell it.
const USUAL_ROWS: usize = 24;

/// The lines of all profiles.
static SCREEN: Mutex<Screen> = Mutex::new(Screen { lines: Vec::new(), drawn: 0, is_drawing: false });

/// The lines to draw, and the lines that are on the terminal.
struct Screen {
    lines: Vec<Arc<Mutex<LiveLine>>>,
    /// The number of lines that are on the terminal. The cursor is below them.
    drawn: usize,
    /// Whether a thread is running that draws.
    is_drawing: bool,
}

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Screen {
    /// Returns the control sequence that removes the lines from the terminal.
    fn erased(&mut self) -> String {
        let drawn = std::mem::take(&mut self.drawn);
        if drawn == 0 { String::new() } else { format!("\u{1b}[{drawn}A\r\u{1b}[J") }
    }

    /// Returns the text that draws the lines over the old ones. Lines that don't fit into the rows are left out.
    fn redrawn(&mut self, now: Instant, look: Look, rows: usize) -> String {
        let mut out = if self.drawn == 0 { String::new() } else { format!("\u{1b}[{}A\r", self.drawn) };
        self.drawn = 0;
        for line in self.lines.iter().take(rows.saturating_sub(1)) {
            let text = line.lock().unwrap_or_else(PoisonError::into_inner).text(now, look);
            let _ = writeln!(out, "{text}\u{1b}[K");
            self.drawn += 1;
        }
        out.push_str("\u{1b}[J");
        out
    }

    fn draw(&mut self) {
        let rows = terminal_size::terminal_size_of(io::stderr()).map_or(USUAL_ROWS, |(_, rows)| rows.0.into());
        let out =
            if self.lines.is_empty() { self.erased() } else { self.redrawn(Instant::now(), Look::of_stderr(), rows) };
        let _ = io::stderr().lock().write_all(out.as_bytes());
    }

    fn add(&mut self, line: &Arc<Mutex<LiveLine>>) {
        self.lines.push(Arc::clone(line));
        if !std::mem::replace(&mut self.is_drawing, true) {
            let thread = std::thread::Builder::new().name("live lines".to_owned());
            // If no thread can be started, the lines are drawn whenever something else is printed.
            self.is_drawing = thread.spawn(draw_again_and_again).is_ok();
        }
    }

    fn remove(&mut self, line: &Arc<Mutex<LiveLine>>) {
        self.lines.retain(|known| !Arc::ptr_eq(known, line));
        self.draw();
    }
}

fn draw_again_and_again() {
    loop {
        {
            let mut screen = screen();
            if screen.lines.is_empty() {
                screen.is_drawing = false;
                return;
            }
            screen.draw();
        }
        std::thread::sleep(TICK);
    }
}

/// Returns whether live lines can be shown: stderr is a terminal that can move its cursor.
pub(crate) fn can_be_shown() -> bool {
    cfg!(unix) && io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Calls `write` while the live lines are removed from the terminal.
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let mut screen = screen();
    let erased = screen.erased();
    if !erased.is_empty() {
        let _ = io::stderr().lock().write_all(erased.as_bytes());
    }
    let written = write();
    if !screen.lines.is_empty() {
        screen.draw();
    }
    written
}

/// The live lines of one profile.
pub(crate) struct LiveLines {
    /// Whether the lines name the profile, because several are under way.
    named: bool,
    lines: Mutex<Vec<Line>>,
}

struct Line {
    kind: Option<ContentKind>,
    known: Arc<Mutex<LiveLine>>,
}

impl LiveLines {
    pub(crate) fn new(named: bool) -> Self {
        Self { named, lines: Mutex::default() }
    }

    /// Takes a report of progress. It is drawn with the next tick.
    pub(crate) fn progress(&self, progress: &Progress) {
        let mut shown = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let at = shown.iter().position(|line| line.kind == progress.kind);
        let at = at.unwrap_or_else(|| {
            shown.push(Line::begin(progress, self.named));
            shown.len() - 1
        });
        shown[at].known.lock().unwrap_or_else(PoisonError::into_inner).take(progress, Instant::now());
        if progress.kind.is_some() {
            // The login has ended, so its line is removed.
            shown.retain(|line| line.kind.is_some() || !line.end());
        }
        if progress.phase == Phase::KindDone && self.named {
            // Several profiles have many kinds. A kind that is done makes room for others.
            shown.retain(|line| line.kind != progress.kind || !line.end());
        }
    }

    /// Removes the lines.
    pub(crate) fn clear(&self) {
        let shown = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        for line in shown {
            line.end();
        }
    }
}

/// Removes the lines of a profile, however its run ends.
impl Drop for LiveLines {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Line {
    fn begin(progress: &Progress, named: bool) -> Self {
        let known = Arc::new(Mutex::new(LiveLine::new(progress, named, Instant::now())));
        screen().add(&known);
        Self { kind: progress.kind, known }
    }

    /// Removes the line. Returns true.
    fn end(&self) -> bool {
        screen().remove(&self.known);
        true
    }
}

#[cfg(test)]
mod tests {
    use sync_core::ProfileId;

    use super::*;

    #[test]
    fn lines_replace_the_earlier_ones_and_are_removed_at_the_end() {
        let now = Instant::now();
        let line = |kind| {
            let progress = Progress::new(ProfileId::new("home").unwrap(), Some(kind), Phase::Categories);
            Arc::new(Mutex::new(LiveLine::new(&progress, false, now)))
        };
        let (movies, series) = (line(ContentKind::Movies), line(ContentKind::Series));
        let mut screen = Screen { lines: vec![movies, series], drawn: 0, is_drawing: true };
        let look = Look { width: Some(80), colour: false };
        let (one, two) = ("⠋ movies    categories\u{1b}[K\n", "⠋ series    categories\u{1b}[K\n");
        assert_eq!(screen.redrawn(now, look, 24), format!("{one}{two}\u{1b}[J"));
        assert_eq!(screen.redrawn(now, look, 2), format!("\u{1b}[2A\r{one}\u{1b}[J"), "a row for the cursor");
        assert_eq!(screen.redrawn(now, look, 24), format!("\u{1b}[1A\r{one}{two}\u{1b}[J"));
        assert_eq!(screen.erased(), "\u{1b}[2A\r\u{1b}[J");
        assert_eq!(screen.erased(), "");
    }
}
