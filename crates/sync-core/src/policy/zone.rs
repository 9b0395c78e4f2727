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

    /// Returns the date and the time of day in this zone at a time in unix seconds. For a time outside the years of the
    /// calendar, it is 1970.
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

/// The time zone of a panel: a named one if the name agrees with its clock, and otherwise a distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PanelZone {
    name: Option<TimeZone>,
    /// The seconds by which the panel's clock is ahead of UTC, if there is no name.
    ahead: i32,
}

impl PanelZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self::ahead(0);

    /// Returns a zone that is always so many seconds ahead of UTC.
    pub const fn ahead(seconds: i32) -> Self {
        Self { name: None, ahead: seconds }
    }

    /// Returns a zone with a name.
    pub const fn named(zone: TimeZone) -> Self {
        Self { name: Some(zone), ahead: 0 }
    }

    /// Returns the zone of a panel with this name of a zone, and with a clock that is `ahead` seconds ahead of UTC at
    /// `now`. Panels often name a wrong zone, so the name counts only if the clock agrees with it.
    pub fn told(name: Option<&str>, ahead: i32, now: i64) -> Self {
        let agrees = |zone: &TimeZone| {
            let by_name = zone.local_time(now).and_utc().timestamp().saturating_sub(now);
            by_name == i64::from(ahead)
        };
        name.and_then(|name| name.trim().parse().ok()).filter(agrees).map_or(Self::ahead(ahead), Self::named)
    }

    /// Returns the date and the time of day in this zone at a time in unix seconds.
    pub fn local_time(self, at: i64) -> NaiveDateTime {
        match self.name {
            Some(zone) => zone.local_time(at),
            None => TimeZone::UTC.local_time(at.saturating_add(i64::from(self.ahead))),
        }
    }
}

/// Writes the name, or the seconds ahead of UTC, such as `Europe/Berlin` or `3600`.
impl fmt::Display for PanelZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => name.fmt(f),
            None => self.ahead.fmt(f),
        }
    }
}

impl FromStr for PanelZone {
    type Err = UnknownTimeZone;

    fn from_str(text: &str) -> Result<Self, UnknownTimeZone> {
        text.parse().map(Self::ahead).or_else(|_| text.parse().map(Self::named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panels_zone_has_its_name_if_its_clock_agrees() {
        // 2026-01-05 00:00 UTC.
        let told = |name: &str, ahead| PanelZone::told(Some(name), ahead, 1_767_571_200).to_string();
        for (name, ahead, zone) in [
            ("Europe/Berlin", 3600, "Europe/Berlin"),
            (" Europe/Berlin ", 3600, "Europe/Berlin"),
            ("Europe/Berlin", 7200, "7200"),
            ("UTC+3", 10_800, "10800"),
            ("", -900, "-900"),
            ("UTC", 0, "UTC"),
        ] {
            assert_eq!(told(name, ahead), zone, "{name} {ahead}");
            assert_eq!(zone.parse::<PanelZone>().unwrap().to_string(), zone);
        }
        assert_eq!(PanelZone::told(None, 60, 0), PanelZone::ahead(60));
        assert!("nowhere".parse::<PanelZone>().is_err());
        let summer = 1_782_864_000;
        assert_eq!("Europe/Berlin".parse::<PanelZone>().unwrap().local_time(summer).to_string(), "2026-07-01 02:00:00");
    }

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
