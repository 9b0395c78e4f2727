//! The settings of the schedule `auto`.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDateTime, Timelike};

use crate::model::{ContentKind, PerKind};
use crate::policy::schedule::Interval;
use crate::policy::zone::TimeZone;
use crate::ports::profiles::NotAValue;

/// The settings of the schedule `auto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoSettings {
    /// The shortest time between two looks at a kind. The default is an hour.
    pub shortest: Interval,
    /// The longest time between two looks at a kind. The default is a day, and the limit is a week.
    pub longest: Interval,
    /// The hours in which no sync begins, by the clock of the machine. The default is none.
    pub quiet: Option<QuietHours>,
    /// The number of looks a day that the kinds share. The default is 12.
    pub looks_a_day: u32,
    /// The weight of a new title of each kind, in relation to the other kinds. The default is 1.
    pub weights: PerKind<u32>,
}

/// Hours of the day in which no sync begins, such as `23:00-07:00`. The end is not part of them: at 07:00 a sync may
/// begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes after midnight.
    from: u32,
    to: u32,
}

/// The text names no quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write quiet hours as `23:00-07:00`")]
pub struct NoQuietHours;

impl AutoSettings {
    /// The longest interval that can be set: a week.
    pub const LONGEST: Interval = Interval::of_seconds(7 * 86_400).expect("a week is an interval");

    /// The shortest interval that can be set: half an hour.
    pub const SHORTEST: Interval = Interval::of_seconds(1800).expect("half an hour is an interval");
}

impl Default for AutoSettings {
    fn default() -> Self {
        Self {
            shortest: Interval::of_seconds(3600).expect("an hour is an interval"),
            longest: Interval::DAY,
            quiet: None,
            looks_a_day: 12,
            weights: PerKind::new(1, 1, 1),
        }
    }
}

impl AutoSettings {
    /// The keys, as people type them and stores keep them.
    pub const KEYS: [&'static str; 7] = [
        "schedule.shortest",
        "schedule.longest",
        "schedule.quiet",
        "schedule.looks",
        "weight.channels",
        "weight.movies",
        "weight.series",
    ];

    /// The most looks a day that can be set.
    pub const MOST_LOOKS: u32 = 150;

    /// The greatest weight that can be set.
    pub const MOST_WEIGHT: u32 = 100;

    /// Returns the value of a key as text, if it differs from the default.
    pub fn get(&self, key: &str) -> Option<String> {
        let default = Self::default();
        let interval = |own: Interval, default: Interval| (own != default).then(|| own.to_string());
        match key {
            "schedule.shortest" => interval(self.shortest, default.shortest),
            "schedule.longest" => interval(self.longest, default.longest),
            "schedule.quiet" => self.quiet.map(|quiet| quiet.to_string()),
            "schedule.looks" => (self.looks_a_day != default.looks_a_day).then(|| self.looks_a_day.to_string()),
            _ => {
                let kind = kind_of(key)?;
                (self.weights[kind] != default.weights[kind]).then(|| self.weights[kind].to_string())
            }
        }
    }

    /// Sets the value of a key from a text; `None` restores the default.
    ///
    /// # Errors
    ///
    /// The text is no value of the key. Nothing is changed.
    pub fn set(&mut self, key: &str, text: Option<&str>) -> Result<(), NotAValue> {
        let default = Self::default();
        let interval = |default: Interval| {
            let text = text.map_or(Ok(default), |text| text.parse().map_err(|_| NotAValue))?;
            if (Self::SHORTEST..=Self::LONGEST).contains(&text) { Ok(text) } else { Err(NotAValue) }
        };
        let number = |default: u32, most: u32| {
            let number = text.map_or(Ok(default), |text| text.parse().map_err(|_| NotAValue))?;
            if (1..=most).contains(&number) { Ok(number) } else { Err(NotAValue) }
        };
        match key {
            "schedule.shortest" => self.shortest = interval(default.shortest)?,
            "schedule.longest" => self.longest = interval(default.longest)?,
            "schedule.quiet" => self.quiet = text.map(|text| text.parse().map_err(|_| NotAValue)).transpose()?,
            "schedule.looks" => self.looks_a_day = number(default.looks_a_day, Self::MOST_LOOKS)?,
            _ => {
                let kind = kind_of(key).ok_or(NotAValue)?;
                self.weights[kind] = number(default.weights[kind], Self::MOST_WEIGHT)?;
            }
        }
        Ok(())
    }
}

/// Returns the kind whose weight has this key.
fn kind_of(key: &str) -> Option<ContentKind> {
    key.strip_prefix("weight.")?.parse().ok()
}

impl QuietHours {
    /// Returns whether a local time lies within the hours.
    pub fn contain(self, local: NaiveDateTime) -> bool {
        let minute = local.hour() * 60 + local.minute();
        if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

impl QuietHours {
    /// Returns the time at which the quiet hours end, in unix seconds, for a time within them; `None` for a time
    /// outside.
    pub fn end(self, at: i64, zone: TimeZone) -> Option<i64> {
        if !self.contain(zone.local_time(at)) {
            return None;
        }
        // This goes minute by minute, because the clock may be set forward or back in between.
        let minutes = (1..=2 * 1440).map(|minute| (at.div_euclid(60) + minute) * 60);
        let mut after = minutes.filter(|minute| !self.contain(zone.local_time(*minute)));
        after.next()
    }
}

impl FromStr for QuietHours {
    type Err = NoQuietHours;

    fn from_str(text: &str) -> Result<Self, NoQuietHours> {
        let minute = |text: &str| -> Option<u32> {
            let (hour, minute) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && (1..=2).contains(&text.len());
            if !digits(hour) || !digits(minute) {
                return None;
            }
            let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some((hour * 60 + minute) % 1440)
        };
        let (from, to) = text.split_once('-').ok_or(NoQuietHours)?;
        let (from, to) = (minute(from).ok_or(NoQuietHours)?, minute(to).ok_or(NoQuietHours)?);
        // Quiet hours of a whole day would never end.
        if from == to { Err(NoQuietHours) } else { Ok(Self { from, to }) }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_back_and_only_what_differs_is_kept() {
        let mut settings = AutoSettings::default();
        for (key, value) in AutoSettings::KEYS.into_iter().zip(["2h", "7d", "23:00-07:00", "20", "3", "0", "9"]) {
            assert_eq!(settings.get(key), None, "{key}");
            if value == "0" {
                assert!(settings.set(key, Some(value)).is_err(), "{key}");
            } else {
                settings.set(key, Some(value)).unwrap();
                assert_eq!(settings.get(key).as_deref(), Some(value));
            }
        }
        let before = settings.clone();
        for (key, value) in [
            ("schedule.shortest", "29m"),
            ("schedule.longest", "8d"),
            ("schedule.longest", "soon"),
            ("schedule.quiet", "always"),
            ("schedule.looks", "151"),
            ("schedule.looks", "-1"),
            ("weight.movies", "101"),
            ("weight.films", "1"),
        ] {
            assert!(settings.set(key, Some(value)).is_err(), "{key}={value}");
        }
        assert_eq!(settings, before);
        for key in AutoSettings::KEYS {
            settings.set(key, None).unwrap();
        }
        assert_eq!(settings, AutoSettings::default());
    }

    #[test]
    fn quiet_hours_are_read_and_written() {
        for (text, written) in [
            ("23:00-07:00", "23:00-07:00"),
            (" 8 - 9:30 ", "08:00-09:30"),
            ("20-24", "20:00-00:00"),
            ("0:05-0:06", "00:05-00:06"),
        ] {
            assert_eq!(text.parse::<QuietHours>().unwrap().to_string(), written);
        }
        for text in ["", "23:00", "23:00-23:00", "24:00-0", "25-3", "7:60-8", "-7", "+1-2", "a-b", "007-8"] {
            assert_eq!(text.parse::<QuietHours>(), Err(NoQuietHours), "{text}");
        }
    }

    #[test]
    fn quiet_hours_end_by_the_clock_of_the_zone() {
        let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
        let night: QuietHours = "23:00-07:00".parse().unwrap();
        let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp();
        for (now, end) in [
            ("2026-01-01T22:30:00+01:00", None),
            ("2026-01-01T23:00:00+01:00", Some("2026-01-02T07:00:00+01:00")),
            ("2026-01-02T06:59:59+01:00", Some("2026-01-02T07:00:00+01:00")),
            // The night in which the clock is set forward, and the one in which it is set back.
            ("2026-03-28T23:30:00+01:00", Some("2026-03-29T07:00:00+02:00")),
            ("2026-10-24T23:30:00+02:00", Some("2026-10-25T07:00:00+01:00")),
        ] {
            assert_eq!(night.end(at(now), berlin), end.map(at), "{now}");
        }
    }

    #[test]
    fn quiet_hours_may_span_midnight() {
        let at = |minutes: i64| TimeZone::UTC.local_time(minutes * 60);
        let night: QuietHours = "23:00-07:00".parse().unwrap();
        let noon: QuietHours = "11:00-13:00".parse().unwrap();
        for (minutes, at_night, at_noon) in [
            (0, true, false),
            (419, true, false),
            (420, false, false),
            (720, false, true),
            (780, false, false),
            (1380, true, false),
        ] {
            assert_eq!((night.contain(at(minutes)), noon.contain(at(minutes))), (at_night, at_noon), "{minutes}");
        }
    }
}
