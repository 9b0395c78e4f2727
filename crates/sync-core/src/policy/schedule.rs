//! A schedule: the rule that a person sets for when a kind is synced.

use std::fmt;
use std::str::FromStr;

use chrono::DateTime;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::auto::settings::AutoSettings;
use super::zone::TimeZone;
use crate::model::{ContentKind, PerKind};

/// The longest interval, in seconds: a year. A longer one is a typing error.
const LONGEST: i64 = 366 * 86_400;

/// The default of the column `sync_interval_hours`.
const DEFAULT_HOURS: u32 = 24;

/// The rule for when a kind is synced.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// The kind is synced this time after the start of the last sync.
    Every(Interval),
    /// The kind is synced at the times of a cron expression.
    Cron(Box<CronSchedule>),
    /// The kind is synced when a look is worth its cost, by what was learnt of the panel ([`super::auto`]).
    Auto,
    /// The kind is never synced by itself.
    Off,
}

/// A time between two syncs, from a second to a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval(i64);

/// A cron expression, in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct CronSchedule {
    expression: String,
    cron: Cron,
    zone: Option<TimeZone>,
}

/// The text is no schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no schedule: write `auto`, `every 6h`, `cron 30 4 * * *`, `cron 30 4 * * * Europe/Berlin` or `off`")]
pub struct NoSchedule;

impl Interval {
    /// A day, the default.
    pub const DAY: Self = Self(86_400);

    /// Returns an interval of this many seconds; `None` if it is shorter than a second or longer than a year.
    pub const fn of_seconds(seconds: i64) -> Option<Self> {
        if seconds >= 1 && seconds <= LONGEST { Some(Self(seconds)) } else { None }
    }

    /// Returns the seconds.
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl Schedule {
    /// Returns the first time at which a kind is due that was last synced at `last`, in unix seconds; `None` if it is
    /// never due by itself. `zone` is that of the machine; an expression with a zone of its own is read in that one.
    ///
    /// A time that daylight saving time leaves out is due at the end of the gap. A time that it repeats is due once,
    /// but a rule for every hour or minute is due in the repeated hour as well. For [`Self::Auto`], the result is a day
    /// later; [`super::auto::next_looks`] makes it more precise.
    pub fn due_after(&self, last: i64, zone: TimeZone) -> Option<i64> {
        match self {
            Self::Every(interval) => Some(last.saturating_add(interval.0)),
            Self::Cron(schedule) => schedule.next_after(last, zone),
            Self::Auto => Some(last.saturating_add(Interval::DAY.0)),
            Self::Off => None,
        }
    }

    /// Returns the usual time between two syncs, in seconds; `None` if there are none.
    pub fn usual_interval(&self, now: i64, zone: TimeZone) -> Option<i64> {
        let first = self.due_after(now, zone)?;
        Some(self.due_after(first, zone)?.saturating_sub(first))
    }
}

impl CronSchedule {
    fn next_after(&self, last: i64, zone: TimeZone) -> Option<i64> {
        let zone = self.zone.unwrap_or(zone).rules();
        let last = DateTime::from_timestamp(last, 0)?.with_timezone(&zone);
        Some(self.cron.find_next_occurrence(&last, false).ok()?.timestamp())
    }
}

impl FromStr for Schedule {
    type Err = NoSchedule;

    fn from_str(text: &str) -> Result<Self, NoSchedule> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match (word, rest.trim()) {
            ("auto", "") => Ok(Self::Auto),
            ("off", "") => Ok(Self::Off),
            ("every", interval) => interval.parse().map(Self::Every),
            ("cron", expression) => expression.parse().map(Box::new).map(Self::Cron),
            _ => Err(NoSchedule),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(interval) => write!(f, "every {interval}"),
            Self::Cron(schedule) => write!(f, "cron {schedule}"),
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
        }
    }
}

/// The units of an interval with their seconds, longest first.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl FromStr for Interval {
    type Err = NoSchedule;

    /// Reads numbers with units, such as `6h`, `1h30m` or `2d`.
    fn from_str(text: &str) -> Result<Self, NoSchedule> {
        let (mut seconds, mut rest) = (0i64, text.trim());
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or(NoSchedule)?;
            let number: i64 = rest[..end].parse().map_err(|_| NoSchedule)?;
            let unit = rest[end..].chars().next().ok_or(NoSchedule)?;
            let (_, factor) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(NoSchedule)?;
            seconds = number.checked_mul(factor).and_then(|more| seconds.checked_add(more)).ok_or(NoSchedule)?;
            rest = rest[end + unit.len_utf8()..].trim_start();
        }
        Self::of_seconds(seconds).ok_or(NoSchedule)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        // A week is written in days: `7d` reads better beside `1d`.
        for (unit, factor) in UNITS.into_iter().skip(1).filter(|_| self.0 > 0) {
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

impl FromStr for CronSchedule {
    type Err = NoSchedule;

    fn from_str(text: &str) -> Result<Self, NoSchedule> {
        let words: Vec<_> = text.split_whitespace().collect();
        let (fields, zone) = match words.as_slice() {
            // After a nickname such as `@daily`, or after five fields, a further word is the zone.
            [nickname, zone] if nickname.starts_with('@') => (&words[..1], Some(*zone)),
            [_, _, _, _, _, zone] => (&words[..5], Some(*zone)),
            _ => (words.as_slice(), None),
        };
        let zone = zone.map(str::parse).transpose().map_err(|_| NoSchedule)?;
        let expression = fields.join(" ");
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&expression).map_err(|_| NoSchedule)?;
        let schedule = Self { expression, cron, zone };
        // The 30th of February, for example, never comes.
        schedule.next_after(0, TimeZone::UTC).ok_or(NoSchedule)?;
        Ok(schedule)
    }
}

impl fmt::Display for CronSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)?;
        self.zone.map_or(Ok(()), |zone| write!(f, " {zone}"))
    }
}

/// The schedules of a profile: those that a person has set, and those in the columns of an application.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedules {
    /// The schedule of kinds that have none of their own.
    pub all: Option<Schedule>,
    /// The schedule of each kind.
    pub kinds: PerKind<Option<Schedule>>,
    /// The column `auto_sync_enabled`, which belongs to an application: a store reads it and doesn't write it. Default
    /// true.
    pub automatic: bool,
    /// The column `sync_interval_hours`, which belongs to an application, too. Its default, 24, is no interval.
    pub interval_hours: u32,
    /// The settings of the schedule `auto`.
    pub auto: AutoSettings,
}

impl Default for Schedules {
    fn default() -> Self {
        Self {
            all: None,
            kinds: PerKind::default(),
            automatic: true,
            interval_hours: DEFAULT_HOURS,
            auto: AutoSettings::default(),
        }
    }
}

impl Schedules {
    /// Returns the schedule of a kind: its own, that of all kinds, that of the columns, or else [`Schedule::Auto`].
    pub fn of(&self, kind: ContentKind) -> Schedule {
        let set = self.kinds[kind].as_ref().or(self.all.as_ref());
        set.cloned().unwrap_or_else(|| self.of_columns())
    }

    fn of_columns(&self) -> Schedule {
        if !self.automatic {
            return Schedule::Off;
        }
        let interval = Interval::of_seconds(i64::from(self.interval_hours).saturating_mul(3600));
        // A column with its default was not set by anybody.
        interval.filter(|_| self.interval_hours != DEFAULT_HOURS).map_or(Schedule::Auto, Schedule::Every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the unix seconds of an RFC 3339 time.
    fn at(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp()
    }

    fn schedule(text: &str) -> Schedule {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn schedules_are_written_and_read_back() {
        for (text, written) in [
            ("off", "off"),
            (" auto ", "auto"),
            (" every  6h ", "every 6h"),
            ("every 90m", "every 1h30m"),
            ("every 1h 30m", "every 1h30m"),
            ("every 1w", "every 7d"),
            ("every 2d1s", "every 2d1s"),
            ("cron 30 4 * * *", "cron 30 4 * * *"),
            ("cron  30 4 * * MON-FRI  Europe/Berlin", "cron 30 4 * * MON-FRI Europe/Berlin"),
            ("cron */15 * * * * UTC", "cron */15 * * * * UTC"),
            ("cron @daily", "cron @daily"),
            ("cron @daily Asia/Kathmandu", "cron @daily Asia/Kathmandu"),
        ] {
            assert_eq!(schedule(text).to_string(), written);
            assert_eq!(schedule(written), schedule(text));
        }
    }

    #[test]
    fn anything_else_is_no_schedule() {
        for text in [
            "",
            "on",
            "daily",
            "6h",
            "every",
            "every 0s",
            "every h",
            "every 6",
            "every -1h",
            "every 6x",
            "every 400d",
            "every 99999999999999999999h",
            "every 9223372036854775807w",
            "every 6\u{b5}",
            "off now",
            "auto 6h",
            "cron",
            "cron * * * *",
            "cron 61 * * * *",
            "cron 0 0 30 2 *",
            "cron 30 4 * * * Nowhere/City",
            "cron 0 30 4 * * * Europe/Berlin",
            "cron @soon",
        ] {
            assert_eq!(text.parse::<Schedule>(), Err(NoSchedule), "{text}");
        }
    }

    #[test]
    fn due_times_follow_the_rule() {
        let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
        for (rule, last, due) in [
            ("every 6h", "2026-01-01T03:00:00Z", "2026-01-01T09:00:00Z"),
            // An interval is a length of time: daylight saving time changes nothing.
            ("every 1d", "2026-03-28T20:00:00Z", "2026-03-29T20:00:00Z"),
            ("cron 30 4 * * *", "2026-01-01T03:00:00Z", "2026-01-01T03:30:00Z"),
            ("cron 30 4 * * *", "2026-01-01T03:30:00Z", "2026-01-02T03:30:00Z"),
            ("cron 30 4 * * * UTC", "2026-01-01T03:30:00Z", "2026-01-01T04:30:00Z"),
            // The night in which 02:30 doesn't exist: at the end of the gap, and the next day as usual.
            ("cron 30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
            ("cron 30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
            // The night that has 02:30 twice: once.
            ("cron 30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            ("cron 30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            // A rule for every hour goes on through both.
            ("cron 0 * * * *", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
            ("cron 0 * * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
            ("cron 0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-28T23:00:00Z"),
        ] {
            let found = schedule(rule).due_after(at(last), berlin).unwrap();
            assert_eq!(found, at(due), "{rule} after {last}: {:?}", DateTime::from_timestamp(found, 0));
        }
        assert_eq!(Schedule::Off.due_after(0, berlin), None);
        assert_eq!(schedule("every 1s").due_after(i64::MAX, berlin), Some(i64::MAX));
        assert_eq!(schedule("cron 0 * * * *").due_after(i64::MAX, berlin), None, "a time that no calendar has");
    }

    #[test]
    fn the_usual_interval_is_that_of_the_next_two_times() {
        let usual = |text: &str| schedule(text).usual_interval(at("2026-01-01T00:00:00Z"), TimeZone::UTC);
        assert_eq!(usual("every 6h"), Some(21_600));
        assert_eq!(usual("cron 0 4 * * *"), Some(86_400));
        assert_eq!(usual("cron */20 * * * *"), Some(1200));
        assert_eq!(usual("off"), None);
        assert_eq!(usual("auto"), Some(86_400));
    }

    #[test]
    fn a_persons_setting_precedes_the_columns() {
        let kinds = |schedules: &Schedules| ContentKind::ALL.map(|kind| schedules.of(kind).to_string());
        let columns = |automatic, interval_hours| Schedules { automatic, interval_hours, ..Schedules::default() };
        assert_eq!(kinds(&Schedules::default()), ["auto"; 3]);
        assert_eq!(kinds(&columns(true, 6)), ["every 6h"; 3]);
        assert_eq!(kinds(&columns(false, 6)), ["off"; 3]);
        assert_eq!(kinds(&columns(true, 24)), ["auto"; 3], "nobody has set the column");
        assert_eq!(kinds(&columns(true, 0)), ["auto"; 3], "this is no interval");
        assert_eq!(kinds(&columns(true, u32::MAX)), ["auto"; 3]);
        let mut set = Schedules { all: Some(schedule("every 2h")), ..columns(false, 6) };
        assert_eq!(kinds(&set), ["every 2h"; 3]);
        set.kinds[ContentKind::Movies] = Some(Schedule::Off);
        assert_eq!(kinds(&set), ["every 2h", "off", "every 2h"]);
        set.all = None;
        assert_eq!(kinds(&set), ["off"; 3]);
    }
}
