//! The text of a live line: the state of a kind that is under way, within the columns of a terminal.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sync_core::source::{Wait, WaitCause};
use sync_core::text::printable;
use sync_core::{ContentKind, Phase, Progress};

use super::cell::{clean, fitted, width};
use super::look::{Look, Style};
use super::terminal::grouped;

/// The pictures of the spinner, and the time for which each is shown.
const MOVING: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const MOVE: Duration = Duration::from_millis(100);

/// The time over which the rate is measured.
const RATE_OVER: Duration = Duration::from_secs(5);

/// The time after which a line shows how long the current phase has taken.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state of a kind, or of the login of a profile.
pub(crate) struct LiveLine {
    profile: Option<String>,
    kind: Option<ContentKind>,
    phase: Phase,
    /// When the current phase began.
    since: Instant,
    /// When the line began. The picture of the spinner depends on it.
    began: Instant,
    seen: u64,
    expected: u64,
    bytes: u64,
    /// Wire bytes at earlier times, oldest first. If the source doesn't count them, these are decompressed bytes.
    samples: VecDeque<(Instant, u64)>,
    wait: Option<(Wait, Instant)>,
}

impl LiveLine {
    pub(crate) fn new(progress: &Progress, named: bool, now: Instant) -> Self {
        Self {
            profile: named.then(|| printable(progress.profile.as_str())),
            kind: progress.kind,
            phase: progress.phase,
            since: now,
            began: now,
            seen: 0,
            expected: 0,
            bytes: 0,
            samples: VecDeque::new(),
            wait: None,
        }
    }

    /// Takes a report of progress.
    pub(crate) fn take(&mut self, progress: &Progress, now: Instant) {
        if let Some(wait) = &progress.wait {
            self.wait = Some((wait.clone(), now));
            return;
        }
        self.wait = None;
        if self.phase != progress.phase {
            (self.phase, self.since) = (progress.phase, now);
        }
        self.seen = progress.seen;
        self.expected = progress.expected;
        if progress.phase == Phase::Listing {
            if progress.bytes < self.bytes {
                // The listing began again, so earlier samples don't count.
                self.samples.clear();
            }
            self.bytes = progress.bytes;
            self.samples.push_back((now, progress.wire_bytes.unwrap_or(progress.bytes)));
            while self.samples.len() > 2 && now.duration_since(self.samples[1].0) >= RATE_OVER {
                self.samples.pop_front();
            }
        }
    }

    /// Returns the line, cut to the columns of the terminal. The last column stays free, because some terminals go to
    /// the next line when it is written.
    pub(crate) fn text(&self, now: Instant, look: Look) -> String {
        let room = look.width.unwrap_or(usize::MAX).saturating_sub(1);
        let is_done = self.phase == Phase::KindDone;
        let picture = if is_done { self.end_picture() } else { self.picture(now) };
        let profile = self.profile.as_ref().map(|profile| format!("{}: ", clean(profile))).unwrap_or_default();
        let kind = self.kind.map(|kind| format!("{:<8}  ", kind.as_str())).unwrap_or_default();
        let mut line = format!("{picture} {profile}{kind}");
        for (at, part) in self.parts(now).iter().enumerate() {
            let gap = if at == 0 { "" } else { "  " };
            if at > 0 && width(&line) + width(gap) + width(part) > room {
                break;
            }
            line.push_str(gap);
            line.push_str(part);
        }
        let line = fitted(line.trim_end(), room).into_owned();
        let style = if is_done && self.seen > 0 { Style::Green } else { Style::Cyan };
        match line.strip_prefix(picture) {
            Some(rest) => look.styled(picture, style) + rest,
            None => line,
        }
    }

    fn picture(&self, now: Instant) -> &'static str {
        let moves = now.duration_since(self.began).as_millis() / MOVE.as_millis();
        MOVING[usize::try_from(moves).unwrap_or_default() % MOVING.len()]
    }

    const fn end_picture(&self) -> &'static str {
        if self.seen > 0 { "✓" } else { "·" }
    }

    /// Returns the parts of the line, the most important first.
    fn parts(&self, now: Instant) -> Vec<String> {
        let megabytes = || Some(format!("{} MB", tenths(self.bytes))).filter(|_| self.bytes > 0);
        if let Some((wait, since)) = &self.wait {
            let waited = now.duration_since(*since);
            if waited < wait.duration {
                return vec![waiting(wait, wait.duration.saturating_sub(waited))];
            }
            if let WaitCause::Retry { attempt, attempts, .. } = wait.cause {
                return vec![format!("attempt {attempt} of {attempts}"), seconds(waited.saturating_sub(wait.duration))];
            }
        }
        let thought = now.duration_since(self.since);
        let thinks = Some(seconds(thought)).filter(|_| thought >= PATIENCE);
        match self.phase {
            Phase::Listing if self.seen == 0 && self.bytes == 0 => {
                ["waiting for the panel".to_owned()].into_iter().chain(thinks).collect()
            }
            Phase::Listing => {
                let of =
                    if self.expected > self.seen { format!(" of {}", grouped(self.expected)) } else { String::new() };
                let items = format!("{}{of} items", grouped(self.seen));
                [items].into_iter().chain(megabytes()).chain(self.rate(now)).collect()
            }
            Phase::KindDone if self.seen > 0 => {
                [format!("done, {} items", grouped(self.seen))].into_iter().chain(megabytes()).collect()
            }
            Phase::KindDone => vec!["ended".to_owned()],
            Phase::Applying => vec![format!("writing, {} items", grouped(self.seen))],
            phase => [phase.as_str().to_owned()].into_iter().chain(thinks).collect(),
        }
    }

    /// Returns the rate of the last seconds, in wire bytes per second, or `None` if it is not known yet.
    fn rate(&self, now: Instant) -> Option<String> {
        let ((began, before), (_, latest)) = (self.samples.front()?, self.samples.back()?);
        let took = now.duration_since(*began).as_millis();
        let rate = u128::from(latest.saturating_sub(*before)) * 1000 / Some(took).filter(|took| *took > 0)?;
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        Some(if rate < 100_000 { format!("{} kB/s", rate / 1000) } else { format!("{} MB/s", tenths(rate)) })
    }
}

/// Returns the reason of a wait, and how long it still takes.
pub(crate) fn waiting(wait: &Wait, left: Duration) -> String {
    let (whole, left) = (seconds(wait.duration), seconds(left));
    match &wait.cause {
        WaitCause::Retry { attempt, attempts, asked: true, .. } => {
            format!("the panel asked for {whole}: attempt {attempt} of {attempts} in {left}")
        }
        WaitCause::Retry { attempt, attempts, error, .. } => {
            format!("attempt {attempt} of {attempts} in {left}: {}", clean(error))
        }
        WaitCause::Asked => format!("the panel asked for {whole}: the next request is in {left}"),
        WaitCause::Pace => format!("the next request is in {left}, as requests per second are limited"),
        WaitCause::Refused => format!("the panel refuses requests: the next one is in {left}"),
        WaitCause::AccountInUse => "waiting for another sync of the same account".to_owned(),
        _ => format!("waiting for {left}"),
    }
}

/// Returns a duration in whole seconds, rounded up, so that the rest of a wait is never shown as zero.
fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    format!("{} s", grouped(whole))
}

/// Returns a number of bytes in megabytes, with one decimal digit.
fn tenths(bytes: u64) -> String {
    format!("{}.{}", grouped(bytes / 1_000_000), bytes / 100_000 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::ProfileId;

    fn progress(kind: Option<ContentKind>, phase: Phase, numbers: [u64; 3]) -> Progress {
        let mut progress = Progress::new(ProfileId::new("home").unwrap(), kind, phase);
        [progress.seen, progress.expected, progress.bytes] = numbers;
        progress
    }

    fn movies(phase: Phase, numbers: [u64; 3]) -> Progress {
        progress(Some(ContentKind::Movies), phase, numbers)
    }

    fn waits(cause: WaitCause, seconds: u64) -> Progress {
        let mut progress = movies(Phase::Listing, [0; 3]);
        progress.wait = Some(Wait::new(cause, Duration::from_secs(seconds)));
        progress
    }

    fn retry(asked: bool) -> WaitCause {
        let error = "the connection is\nrefused".to_owned();
        WaitCause::Retry { attempt: 2, attempts: 4, error, asked }
    }

    fn look(width: usize) -> Look {
        Look { width: Some(width), colour: false }
    }

    /// Returns the line `after` milliseconds after the last of some reports, which came a second apart.
    fn line(reports: &[Progress], after: u64, columns: usize) -> String {
        let began = Instant::now();
        let mut line = LiveLine::new(&reports[0], false, began);
        let mut now = began;
        for (at, report) in (0..).zip(reports) {
            now = began + Duration::from_secs(at);
            line.take(report, now);
        }
        line.text(now + Duration::from_millis(after), look(columns))
    }

    #[test]
    fn a_line_shows_the_current_step() {
        let listing = |numbers| movies(Phase::Listing, numbers);
        for (reports, after, expected) in [
            (vec![progress(None, Phase::Account, [0; 3])], 0, "⠋ logging in"),
            (vec![progress(None, Phase::Account, [0; 3])], 12_000, "⠋ logging in  12 s"),
            (vec![movies(Phase::Categories, [0; 3])], 100, "⠙ movies    categories"),
            (vec![listing([0, 40_000, 0])], 1_000, "⠋ movies    waiting for the panel"),
            (vec![listing([0, 40_000, 0])], 8_500, "⠴ movies    waiting for the panel  9 s"),
            (
                vec![listing([0, 40_000, 0]), listing([12_345, 40_000, 3_400_000])],
                1_000,
                "⠋ movies    12,345 of 40,000 items  3.4 MB  1.7 MB/s",
            ),
            (vec![listing([0, 9, 0]), listing([12, 9, 340_000])], 0, "⠋ movies    12 items  0.3 MB  0.3 MB/s"),
            (vec![listing([12, 0, 340_000]), movies(Phase::Applying, [12, 0, 0])], 0, "⠋ movies    writing, 12 items"),
            (
                vec![listing([12, 0, 340_000]), movies(Phase::KindDone, [12, 0, 0])],
                0,
                "✓ movies    done, 12 items  0.3 MB",
            ),
            (vec![listing([0; 3]), movies(Phase::KindDone, [0; 3])], 0, "· movies    ended"),
        ] {
            assert_eq!(line(&reports, after, 80), expected);
        }
    }

    #[test]
    fn a_wait_is_counted_down_and_the_attempt_is_shown_after_it() {
        let begun = movies(Phase::Listing, [0; 3]);
        let after = |cause: WaitCause, seconds, milliseconds| {
            line(&[begun.clone(), waits(cause, seconds)], milliseconds, 200).split_once("    ").unwrap().1.to_owned()
        };
        for (cause, long, milliseconds, expected) in [
            (retry(false), 2, 0, "attempt 2 of 4 in 2 s: the connection is refused"),
            (retry(false), 2, 1_900, "attempt 2 of 4 in 1 s: the connection is refused"),
            (retry(false), 2, 2_000, "attempt 2 of 4  0 s"),
            (retry(false), 2, 5_500, "attempt 2 of 4  4 s"),
            (retry(true), 30, 18_000, "the panel asked for 30 s: attempt 2 of 4 in 12 s"),
            (WaitCause::Asked, 30, 0, "the panel asked for 30 s: the next request is in 30 s"),
            (WaitCause::Pace, 5, 0, "the next request is in 5 s, as requests per second are limited"),
            (WaitCause::Refused, 5, 0, "the panel refuses requests: the next one is in 5 s"),
            (WaitCause::AccountInUse, 10, 0, "waiting for another sync of the same account"),
            (WaitCause::Pace, 5, 5_000, "waiting for the panel  6 s"),
        ] {
            assert_eq!(after(cause, long, milliseconds), expected);
        }
        let again = movies(Phase::Listing, [5, 0, 100_000]);
        let line = line(&[begun.clone(), waits(retry(false), 2), again], 0, 80);
        assert!(line.contains("5 items") && !line.contains("attempt"), "{line}");
    }

    #[test]
    fn a_line_fits_every_terminal() {
        let long = movies(Phase::Listing, [1_234_567, 2_345_678, 123_456_789]);
        let begun = movies(Phase::Listing, [0; 3]);
        for reports in [vec![begun.clone(), long], vec![begun, waits(retry(false), 2)]] {
            for columns in 1..90 {
                let line = line(&reports, 500, columns);
                assert!(width(&line) < columns, "{columns}: {line}");
            }
        }
        let reports = [movies(Phase::Listing, [0; 3]), movies(Phase::Listing, [12_345, 40_000, 3_400_000])];
        assert_eq!(line(&reports, 0, 50), "⠋ movies    12,345 of 40,000 items  3.4 MB");
        assert_eq!(line(&reports, 0, 40), "⠋ movies    12,345 of 40,000 items");
        assert_eq!(line(&reports, 0, 25), "⠋ movies    12,345 of 4…");
    }

    #[test]
    fn a_line_names_the_profile_if_several_are_synced() {
        let begun = movies(Phase::Categories, [0; 3]);
        let now = Instant::now();
        let line = LiveLine::new(&begun, true, now);
        assert_eq!(line.text(now, look(80)), "⠋ home: movies    categories");
        let coloured = line.text(now, Look { width: Some(80), colour: true });
        assert_eq!(coloured, "\u{1b}[36m⠋\u{1b}[0m home: movies    categories");
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let began = Instant::now();
        let mut line = LiveLine::new(&movies(Phase::Listing, [0; 3]), false, began);
        for second in 0..60u64 {
            // One megabyte per second for half a minute, and then ten.
            let bytes = if second < 30 { second * 1_000_000 } else { 30_000_000 + (second - 30) * 10_000_000 };
            line.take(&movies(Phase::Listing, [1, 0, bytes]), began + Duration::from_secs(second));
        }
        assert_eq!(line.rate(began + Duration::from_secs(59)).as_deref(), Some("10.0 MB/s"));
        assert!(line.samples.len() < 10);
        let mut compressed = movies(Phase::Listing, [1, 0, 400_000_000]);
        for (second, wire_bytes) in [(60, 0), (80, 0), (90, 125_000)] {
            compressed.wire_bytes = Some(wire_bytes);
            line.take(&compressed, began + Duration::from_secs(second));
        }
        assert_eq!(line.rate(began + Duration::from_secs(90)).as_deref(), Some("12 kB/s"), "as it comes");
        line.take(&movies(Phase::Listing, [1, 0, 10]), began + Duration::from_secs(91));
        assert_eq!(line.samples.len(), 1, "a listing that begins again has a rate of its own");
    }
}
