//! Progress on a terminal as bars, elsewhere as plain lines; both on stderr.

use std::io::{self, IsTerminal};
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sync_core::text::printable;
use sync_core::{ContentKind, Observer, Phase, Progress};

use super::terminal::{complain, grouped};

/// Shows progress.
pub(crate) enum Bars {
    /// One line that moves.
    Moving(ProgressBar),
    /// A line per step and kind. Two kinds can be under way at once, so the last step is kept per kind.
    Plain(Mutex<Vec<(Option<ContentKind>, Phase)>>),
    /// No output, for scripts that read JSON.
    Silent,
}

impl Bars {
    /// Returns bars on a terminal, no output for scripts that read JSON, and lines otherwise.
    pub(crate) fn new(json: bool) -> Self {
        if io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos:>3} %  {msg}") {
                bar.set_style(style);
            }
            Self::Moving(bar)
        } else if json {
            Self::Silent
        } else {
            Self::Plain(Mutex::default())
        }
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        if let Self::Moving(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn words(progress: &Progress) -> String {
    let profile = printable(progress.profile.as_str());
    let phase = progress.phase.as_str();
    let Some(kind) = progress.kind else { return format!("{profile}: {phase}") };
    match progress.phase {
        #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
        Phase::Listing if progress.seen > 0 => {
            let megabytes = progress.bytes as f64 / 1e6;
            format!("{profile}: {kind}: {} items, {megabytes:.1} MB", grouped(progress.seen))
        }
        Phase::KindDone if progress.seen > 0 => format!("{profile}: {kind}: done, {} items", grouped(progress.seen)),
        Phase::KindDone => format!("{profile}: {kind}: ended"),
        _ => format!("{profile}: {kind}: {phase}"),
    }
}

impl Observer for Bars {
    fn progress(&self, progress: Progress) {
        match self {
            Self::Moving(bar) => {
                bar.set_position(u64::from(progress.percent));
                bar.set_message(words(&progress));
            }
            Self::Plain(last) => {
                let step = (progress.kind, progress.phase);
                if let Ok(mut last) = last.lock()
                    && !last.contains(&step)
                {
                    last.retain(|(kind, _)| *kind != progress.kind);
                    last.push(step);
                    complain(&words(&progress));
                }
            }
            Self::Silent => {}
        }
    }
}
