//! Places in the feed and moments in the past, as people type them.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate};
use sync_core::RunId;

/// A place in the feed. The changes after it are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Since {
    /// The beginning: everything that is kept is read.
    Beginning,
    /// A position: a sequence, with its epoch if that is known.
    Position {
        /// The epoch.
        epoch: Option<i64>,
        /// The sequence.
        sequence: i64,
    },
    /// The end of this run.
    Run(RunId),
    /// This time, in unix seconds. Changes of the same second are not read.
    Time(i64),
    /// The time so many seconds ago.
    Age(i64),
}

/// A text that names no place in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "use a sequence (1234), a position (EPOCH:1234), run:N, a time (2026-11-29T10:00:00Z), a day (2026-11-29) or an age (90m, 36h, 7d)"
)]
pub struct NoPlace;

impl FromStr for Since {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let text = text.trim();
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        if let Some(run) = text.strip_prefix("run:") {
            return number(run).map(|run| Self::Run(RunId(run))).ok_or(NoPlace);
        }
        if let Some(sequence) = number(text) {
            return Ok(Self::Position { epoch: None, sequence });
        }
        if let Some((epoch, sequence)) = text.split_once(':')
            && let (Some(epoch), Some(sequence)) = (number(epoch), number(sequence))
        {
            return Ok(Self::Position { epoch: Some(epoch), sequence });
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::Time(at.timestamp()));
        }
        if let Some(midnight) = first_second(text) {
            // A change at midnight belongs to the day, and the place excludes its own second.
            return Ok(Self::Time(midnight - 1));
        }
        age(text).map(Self::Age).ok_or(NoPlace)
    }
}

/// Reads an age: a number and `m`, `h` or `d`. Returns seconds; `None` if the text is no age.
pub fn age(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number = text.strip_suffix(unit)?;
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<i64>().ok().filter(|_| is_plain)?.checked_mul(seconds)
}

/// A moment in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Moment {
    /// This time, in unix seconds.
    At(i64),
    /// The time so many seconds ago.
    Ago(i64),
}

/// A text that names no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use a time (2026-11-29T10:00:00Z), a day (2026-11-29) or an age (90m, 36h, 7d)")]
pub struct NoMoment;

impl FromStr for Moment {
    type Err = NoMoment;

    /// Reads a time, a day (its first second, in UTC) or an age.
    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let text = text.trim();
        let time = DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp());
        let at = time.or_else(|| first_second(text)).map(Self::At);
        at.or_else(|| age(text).map(Self::Ago)).ok_or(NoMoment)
    }
}

/// Returns the first second of a day in UTC; `None` if the text is no day.
fn first_second(text: &str) -> Option<i64> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read() {
        let at = |epoch, sequence| Ok(Since::Position { epoch, sequence });
        for (text, expected) in [
            ("0", at(None, 0)),
            ("1234", at(None, 1234)),
            ("77:1234", at(Some(77), 1234)),
            ("run:12", Ok(Since::Run(RunId(12)))),
            ("1970-01-02", Ok(Since::Time(86_399))),
            ("1970-01-01T00:01:00Z", Ok(Since::Time(60))),
            ("1970-01-01T01:01:00+01:00", Ok(Since::Time(60))),
            ("90m", Ok(Since::Age(5400))),
            ("36h", Ok(Since::Age(129_600))),
            ("7d", Ok(Since::Age(604_800))),
            ("", Err(NoPlace)),
            ("-1", Err(NoPlace)),
            ("7 days", Err(NoPlace)),
            ("d", Err(NoPlace)),
            ("+7d", Err(NoPlace)),
            ("99999999999999999999", Err(NoPlace)),
            ("9999999999999999d", Err(NoPlace)),
            ("run:x", Err(NoPlace)),
            ("1:x", Err(NoPlace)),
            ("2026-13-01", Err(NoPlace)),
        ] {
            assert_eq!(text.parse::<Since>(), expected, "{text}");
        }
    }

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("1970-01-02", Ok(Moment::At(86_400))),
            (" 1970-01-01T01:01:00+01:00 ", Ok(Moment::At(60))),
            ("90m", Ok(Moment::Ago(5400))),
            ("7d", Ok(Moment::Ago(604_800))),
            ("1234", Err(NoMoment)),
            ("77:1234", Err(NoMoment)),
            ("run:12", Err(NoMoment)),
            ("yesterday", Err(NoMoment)),
            ("", Err(NoMoment)),
        ] {
            assert_eq!(text.parse::<Moment>(), expected, "{text}");
        }
    }
}
