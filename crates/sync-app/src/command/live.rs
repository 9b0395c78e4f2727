//! The live lines on stderr: one per kind that is under way, drawn again and again, and gone at the end.

use std::io::{self, IsTerminal, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use sync_core::{ContentKind, Phase, Progress};

use super::live_line::LiveLine;
use super::look::Look;

/// The time between two drawings.
const TICK: Duration = Duration::from_millis(100);

/// The lines of all profiles, while there are any.
static LINES: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Returns whether live lines can be shown: stderr is a terminal that can move its cursor.
pub(crate) fn can_be_shown() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes something while the live lines are taken away.
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match lines {
        Some(lines) => lines.suspend(write),
        None => write(),
    }
}

/// Ends the line in which the cursor is, for a program that ends at once. The lines stay as they are.
pub(crate) fn leave() {
    if LINES.try_lock().is_ok_and(|lines| lines.is_some()) {
        let _ = writeln!(io::stderr().lock());
    }
}

/// The lines of all profiles.
fn lines() -> MultiProgress {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.get_or_insert_with(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())).clone()
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
    bar: ProgressBar,
}

impl LiveLines {
    pub(crate) fn new(named: bool) -> Self {
        Self { named, lines: Mutex::default() }
    }

    /// Takes a report of progress. What it says is drawn with the next tick.
    pub(crate) fn progress(&self, progress: &Progress) {
        let mut shown = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let at = shown.iter().position(|line| line.kind == progress.kind);
        let at = at.unwrap_or_else(|| {
            shown.push(Line::begin(progress, self.named));
            shown.len() - 1
        });
        shown[at].known.lock().unwrap_or_else(PoisonError::into_inner).take(progress, Instant::now());
        if progress.kind.is_some() {
            // The login has ended.
            shown.retain(|line| line.kind.is_some() || !line.end());
        }
        if progress.phase == Phase::KindDone && self.named {
            // Several profiles have many kinds. Those that are done make room.
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

/// Lines end with their profile, however its run ends.
impl Drop for LiveLines {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Line {
    fn begin(progress: &Progress, named: bool) -> Self {
        let known = Arc::new(Mutex::new(LiveLine::new(progress, named, Instant::now())));
        let drawn = Arc::clone(&known);
        let draw = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let look = Look::of_stderr();
            let line = drawn.lock().unwrap_or_else(PoisonError::into_inner).text(Instant::now(), look);
            let _ = out.write_str(&line);
        };
        let style = ProgressStyle::with_template("{line}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = lines().add(ProgressBar::new_spinner().with_style(style.with_key("line", draw)));
        bar.enable_steady_tick(TICK);
        Self { kind: progress.kind, known, bar }
    }

    /// Removes the line. Returns true.
    fn end(&self) -> bool {
        self.bar.finish_and_clear();
        lines().remove(&self.bar);
        true
    }
}
