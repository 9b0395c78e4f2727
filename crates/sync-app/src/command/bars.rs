//! Progress on stderr: live lines on a terminal, and a plain line per step elsewhere. Scripts that read JSON and runs
//! with `--quiet` get no progress.

use std::sync::Mutex;

use sync_core::text::printable;
use sync_core::{ContentKind, Observer, Phase, Progress};

use super::live::{self, LiveLines};
use super::live_line::waiting;
use super::terminal::{grouped, is_quiet, print_err};

/// Shows the progress of a profile.
pub(crate) enum Bars {
    /// Live lines.
    Live(LiveLines),
    /// A line per step and kind. Two kinds can be under way at once, so the last step is remembered per kind.
    Plain(Mutex<Vec<(Option<ContentKind>, Phase)>>),
    /// No output.
    Silent,
}

impl Bars {
    /// Returns live lines on a terminal, no output for scripts that read JSON, and plain lines otherwise. Live lines
    /// name the profile if several are under way; plain lines always do.
    pub(crate) fn new(json: bool, several: bool) -> Self {
        if is_quiet() {
            Self::Silent
        } else if live::can_be_shown() {
            Self::Live(LiveLines::new(several))
        } else if json {
            Self::Silent
        } else {
            Self::Plain(Mutex::default())
        }
    }

    /// Removes the live lines.
    pub(crate) fn clear(&self) {
        if let Self::Live(lines) = self {
            lines.clear();
        }
    }
}

/// Returns a report as a plain line.
fn words(progress: &Progress) -> String {
    let profile = printable(progress.profile.as_str());
    let of = progress.kind.map_or_else(|| profile.clone(), |kind| format!("{profile}: {kind}"));
    if let Some(wait) = &progress.wait {
        return format!("{of}: {}", waiting(wait, wait.duration));
    }
    match progress.phase {
        #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
        Phase::Listing if progress.seen > 0 => {
            let megabytes = progress.bytes as f64 / 1e6;
            format!("{of}: {} items, {megabytes:.1} MB", grouped(progress.seen))
        }
        Phase::KindDone if progress.seen > 0 => format!("{of}: done, {} items", grouped(progress.seen)),
        Phase::KindDone => format!("{of}: ended"),
        phase => format!("{of}: {}", phase.as_str()),
    }
}

impl Observer for Bars {
    fn progress(&self, progress: Progress) {
        match self {
            Self::Live(lines) => lines.progress(&progress),
            Self::Plain(_) if progress.wait.is_some() => print_err(&words(&progress)),
            Self::Plain(last) => {
                let step = (progress.kind, progress.phase);
                if let Ok(mut last) = last.lock()
                    && !last.contains(&step)
                {
                    last.retain(|(kind, _)| *kind != progress.kind);
                    last.push(step);
                    print_err(&words(&progress));
                }
            }
            Self::Silent => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sync_core::ProfileId;
    use sync_core::source::{Wait, WaitCause};

    use super::*;

    #[test]
    fn a_plain_line_shows_the_step_or_the_wait() {
        let of = |kind, phase, seen| {
            let mut progress = Progress::new(ProfileId::new("home").unwrap(), kind, phase);
            (progress.seen, progress.bytes) = (seen, 3_400_000);
            progress
        };
        let movies = Some(ContentKind::Movies);
        for (progress, expected) in [
            (of(None, Phase::Account, 0), "home: logging in"),
            (of(movies, Phase::Categories, 0), "home: movies: categories"),
            (of(movies, Phase::Listing, 0), "home: movies: listing"),
            (of(movies, Phase::Listing, 12_345), "home: movies: 12,345 items, 3.4 MB"),
            (of(movies, Phase::Applying, 12_345), "home: movies: applying"),
            (of(movies, Phase::KindDone, 12_345), "home: movies: done, 12,345 items"),
            (of(movies, Phase::KindDone, 0), "home: movies: ended"),
        ] {
            assert_eq!(words(&progress), expected);
        }
        let mut waits = of(None, Phase::Account, 0);
        let error = "the connection is refused".to_owned();
        let cause = WaitCause::Retry { attempt: 2, attempts: 4, error, asked: false };
        waits.wait = Some(Wait::new(cause, Duration::from_secs(2)));
        assert_eq!(words(&waits), "home: attempt 2 of 4 in 2 s: the connection is refused");
    }
}
