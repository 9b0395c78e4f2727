//! A limit of the rate, or several over the week, in the grammar of rclone's `--bwlimit`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use chrono::{Datelike, NaiveDateTime, Timelike, Weekday};

/// The minutes of a week.
const WEEK: u32 = 7 * 24 * 60;

/// The number of bytes of a unit without a suffix: KiB, as in rclone.
const DEFAULT_UNIT: u64 = 1 << 10;

/// Limits of the rate over the week. Times are those of the wall clock.
///
/// `512k`, `10M` and `off` hold always. `08:00,512k 18:00,30M 23:00,off` changes at these times each day, and
/// `Mon-08:00,512k Fri-17:00,10M` at these times of the week. A limit holds until the next one begins, also over
/// midnight and over the end of the week. Rates are bytes per second. The suffixes are B, k, M, G, T and P, in powers
/// of 1024; a number without a suffix is in KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timetable {
    /// The text as it was written.
    text: String,
    /// The minute of the week from which on each limit holds, in order. There is at least one.
    slots: Vec<(u32, Option<NonZeroU64>)>,
}

/// The text is no rate and no timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate such as `512k` or `10M`, `off`, or a timetable such as `08:00,512k 23:00,off` is needed")]
pub struct NotATimetable;

impl Timetable {
    /// Returns the limit at a time of the wall clock, in bytes per second, or `None` if there is none.
    pub fn limit_at(&self, wall: NaiveDateTime) -> Option<NonZeroU64> {
        let minute = minute_of(wall.weekday(), wall.hour() * 60 + wall.minute());
        let begun = self.slots.partition_point(|(from, _)| *from <= minute);
        // Before the first limit of the week, the last one of the week before holds.
        let (_, limit) = self.slots[begun.checked_sub(1).unwrap_or(self.slots.len() - 1)];
        limit
    }

    /// Returns whether there is never a limit.
    pub fn is_off(&self) -> bool {
        self.slots.iter().all(|(_, limit)| limit.is_none())
    }
}

impl FromStr for Timetable {
    type Err = NotATimetable;

    fn from_str(text: &str) -> Result<Self, NotATimetable> {
        let mut slots = Vec::new();
        if text.contains([' ', ',']) {
            for entry in text.split(' ').filter(|entry| !entry.is_empty()) {
                let (time, limit) = entry.split_once(',').ok_or(NotATimetable)?;
                let limit = limit_of(limit)?;
                slots.extend(minutes_of(time)?.into_iter().map(|minute| (minute, limit)));
            }
        } else {
            slots.push((0, limit_of(text)?));
        }
        if slots.is_empty() || text.trim() != text {
            return Err(NotATimetable);
        }
        // If two limits begin in the same minute, the one that is written last holds.
        slots.sort_by_key(|(minute, _)| *minute);
        slots.reverse();
        slots.dedup_by_key(|(minute, _)| *minute);
        slots.reverse();
        Ok(Self { text: text.to_owned(), slots })
    }
}

/// Writes the timetable as it was written.
impl fmt::Display for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn minute_of(day: Weekday, minute: u32) -> u32 {
    day.num_days_from_monday() * 24 * 60 + minute
}

/// Reads `08:00` as this minute of each day, and `Mon-08:00` as one minute of the week.
fn minutes_of(text: &str) -> Result<Vec<u32>, NotATimetable> {
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':').ok_or(NotATimetable)?;
        let number = |text: &str, below: u32| {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number: &u32| digits && *number < below).ok_or(NotATimetable)
        };
        Ok(number(hours, 24)? * 60 + number(minutes, 60)?)
    };
    if let Some((day, time)) = text.split_once('-') {
        return Ok(vec![minute_of(day.parse().map_err(|_| NotATimetable)?, minute(time)?)]);
    }
    let minute = minute(text)?;
    Ok((0..WEEK).step_by(24 * 60).map(|day| day + minute).collect())
}

/// Reads a rate. `off` and 0 are no limit.
fn limit_of(text: &str) -> Result<Option<NonZeroU64>, NotATimetable> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[number.len()..].to_ascii_lowercase().as_str() {
        "" => DEFAULT_UNIT,
        "b" => 1,
        "k" | "ki" | "kib" => 1 << 10,
        "m" | "mi" | "mib" => 1 << 20,
        "g" | "gi" | "gib" => 1 << 30,
        "t" | "ti" | "tib" => 1 << 40,
        "p" | "pi" | "pib" => 1 << 50,
        _ => return Err(NotATimetable),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return Err(NotATimetable);
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| NotATimetable)? };
    let parts: u128 = format!("{fraction:0<9.9}").parse().map_err(|_| NotATimetable)?;
    let bytes = u128::from(whole) * u128::from(unit) + u128::from(unit) * parts / 1_000_000_000;
    let bytes = u64::try_from(bytes).map_err(|_| NotATimetable)?;
    // A rate of less than a byte is a limit of one byte. Only zero means that there is no limit.
    let is_nothing = whole == 0 && parts == 0;
    Ok(NonZeroU64::new(if is_nothing { 0 } else { bytes.max(1) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(table: &Timetable, day: u32, time: &str) -> Option<u64> {
        // The first of June 2026 is a Monday.
        let wall = NaiveDateTime::parse_from_str(&format!("2026-06-{day:02} {time}"), "%Y-%m-%d %H:%M:%S").unwrap();
        table.limit_at(wall).map(NonZeroU64::get)
    }

    #[test]
    fn one_rate_holds_always() {
        for (text, bytes) in [
            ("off", None),
            ("OFF", None),
            ("0", None),
            ("0M", None),
            ("1", Some(1 << 10)),
            ("100B", Some(100)),
            ("100b", Some(100)),
            ("512k", Some(512 << 10)),
            ("512Ki", Some(512 << 10)),
            ("1.5K", Some(1536)),
            ("10M", Some(10 << 20)),
            ("10MiB", Some(10 << 20)),
            ("2G", Some(2 << 30)),
            (".5T", Some(1 << 39)),
            ("1P", Some(1 << 50)),
            ("0.0001B", Some(1)),
        ] {
            let table: Timetable = text.parse().unwrap();
            assert_eq!([1, 7].map(|day| limit(&table, day, "23:59:59")), [bytes; 2], "{text}");
            assert_eq!((table.to_string().as_str(), table.is_off()), (text, bytes.is_none()));
        }
    }

    /// The example of rclone's manual.
    #[test]
    fn the_limits_of_a_day_repeat_each_day() {
        let table: Timetable = "08:00,512k 12:00,10M 13:00,512k 18:00,30M 23:00,off".parse().unwrap();
        let (low, mid, high) = (Some(512 << 10), Some(10 << 20), Some(30 << 20));
        for day in 1..=7 {
            for (time, expected) in [
                ("00:00:00", None),
                ("07:59:59", None),
                ("08:00:00", low),
                ("11:59:59", low),
                ("12:00:00", mid),
                ("12:59:59", mid),
                ("13:00:00", low),
                ("18:00:00", high),
                ("22:59:59", high),
                ("23:00:00", None),
            ] {
                assert_eq!(limit(&table, day, time), expected, "{day} {time}");
            }
        }
        assert!(!table.is_off());
    }

    /// The other example of rclone's manual.
    #[test]
    fn the_limits_of_a_week_hold_until_the_next_one() {
        let table: Timetable = "Mon-00:00,512 Fri-23:59,10M Sat-10:00,1M Sun-20:00,off".parse().unwrap();
        for (day, time, expected) in [
            (1, "00:00:00", Some(512 << 10)),
            (5, "23:58:59", Some(512 << 10)),
            (5, "23:59:00", Some(10 << 20)),
            (6, "09:59:59", Some(10 << 20)),
            (6, "10:00:00", Some(1 << 20)),
            (7, "19:59:59", Some(1 << 20)),
            (7, "20:00:00", None),
            (8, "00:00:00", Some(512 << 10)),
        ] {
            assert_eq!(limit(&table, day, time), expected, "{day} {time}");
        }
        let table: Timetable = "Wednesday-08:00,1M".parse().unwrap();
        assert_eq!(limit(&table, 1, "00:00:00"), Some(1 << 20), "over the end of the week");
    }

    #[test]
    fn daily_limits_and_limits_of_one_day_combine() {
        let table: Timetable = "08:00,512k  Sat-08:00,4M 20:00,off".parse().unwrap();
        assert_eq!(
            [5, 6, 7].map(|day| limit(&table, day, "09:00:00")),
            [Some(512 << 10), Some(4 << 20), Some(512 << 10)]
        );
        assert_eq!(limit(&table, 6, "20:00:00"), None);
    }

    #[test]
    fn anything_else_is_no_timetable() {
        for wrong in [
            "",
            " ",
            "x",
            "-1",
            "3 ",
            " 3",
            "1e3",
            "NaN",
            "inf",
            "1kk",
            "1E",
            "10M:1M",
            "08:00",
            "08:00,",
            ",1M",
            "24:00,1M",
            "08:60,1M",
            "8,1M",
            "008:00,1M",
            "+8:00,1M",
            "08:00,1M,2M",
            "Foo-08:00,1M",
            "Mon-,1M",
            "Mon,1M",
            "1..5",
            "٣",
            "99999999999P",
            "off 08:00,1M",
        ] {
            assert_eq!(wrong.parse::<Timetable>(), Err(NotATimetable), "{wrong:?}");
        }
    }
}
