//! Time zones by their names, such as `Europe/Berlin`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::Tz;

/// A time zone of the IANA database, with its rules for daylight saving time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(Tz);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// Returns the date and the time of day in this zone at a time in unix seconds. Beyond the years that a calendar has,
    /// it is 1970.
    pub fn local_time(self, now: i64) -> NaiveDateTime {
        DateTime::from_timestamp(now, 0).unwrap_or_default().with_timezone(&self.0).naive_local()
    }

    pub(super) const fn rules(self) -> Tz {
        self.0
    }
}

/// There is no time zone with this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such time zone; names are like Europe/Berlin")]
pub struct UnknownTimeZone;

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        name.parse().map(Self).map_err(|_| UnknownTimeZone)
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_follow_the_rules_of_the_zone() {
        let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
        for (now, local) in [
            (1_774_742_399, "2026-03-29 00:59:59"),
            (1_774_745_999, "2026-03-29 01:59:59"),
            (1_774_746_000, "2026-03-29 03:00:00"),
            (i64::MAX, "1970-01-01 01:00:00"),
        ] {
            assert_eq!(berlin.local_time(now).to_string(), local);
        }
        assert_eq!("nowhere".parse::<TimeZone>(), Err(UnknownTimeZone));
    }
}
