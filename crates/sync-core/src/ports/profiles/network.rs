//! The settings for requests to the panel of a profile: timeouts, pace and limits.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::rate::Timetable;

/// Timeouts, attempts, pace and limits of requests to a panel. `None` stands for the default of the source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetworkSettings {
    /// The time within which a connection has to be made.
    pub connect_timeout: Option<Duration>,
    /// The time within which an answer has to begin.
    pub first_byte_timeout: Option<Duration>,
    /// The longest pause in the middle of an answer.
    pub idle_timeout: Option<Duration>,
    /// The longest time of a request as a whole.
    pub total_timeout: Option<Duration>,
    /// The time within which a file or a command has to give the password.
    pub password_timeout: Option<Duration>,
    /// The greatest number of attempts per request.
    pub attempts: Option<u32>,
    /// The wait before the second attempt. It doubles for each further one.
    pub backoff: Option<Duration>,
    /// The greatest number of requests per second.
    pub requests_per_second: Option<f64>,
    /// The requests per UTC day after which scheduled runs wait for the next day. 0 is no limit.
    pub daily_requests: Option<u64>,
    /// The number of bytes per second that have to arrive. 0 is no limit.
    pub min_bytes_per_second: Option<u32>,
    /// The greatest number of bytes per second that are read, by time of the week.
    pub rate_limit: Option<Timetable>,
    /// The time within which a whole listing of known size has to come.
    pub listing_deadline: Option<Duration>,
    /// The greatest size of an answer after decompression, in MiB.
    pub max_body_mib: Option<u64>,
    /// The greatest number of elements of a list.
    pub max_elements: Option<u64>,
    /// The greatest size of an element, in MiB.
    pub max_element_mib: Option<u16>,
    /// The greatest depth of an element.
    pub max_nesting: Option<u32>,
    /// The greatest size of the headers of an answer, in KiB.
    pub max_header_kib: Option<u16>,
}

/// The text is no value of the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no value of the setting")]
pub struct NotAValue;

/// The largest number of MiB of a body: a million GiB. It limits nothing in practice, and keeps the number of bytes
/// from an overflow.
const BODY_MIB_MAX: u64 = 1 << 30;

/// The least requests per second.
const RATE_MIN: f64 = 0.01;

impl NetworkSettings {
    /// The names of the settings, as a store keeps them and as people type them.
    pub const KEYS: [&'static str; 17] = [
        "timeout.connect",
        "timeout.first-byte",
        "timeout.idle",
        "timeout.total",
        "timeout.password",
        "attempts",
        "backoff",
        "rate.requests",
        "budget.requests",
        "rate.min-bytes",
        "rate.limit",
        "rate.deadline",
        "limits.body",
        "limits.elements",
        "limits.element",
        "limits.nesting",
        "limits.header",
    ];

    /// Returns these settings. A missing value is taken from `other`.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            first_byte_timeout: self.first_byte_timeout.or(other.first_byte_timeout),
            idle_timeout: self.idle_timeout.or(other.idle_timeout),
            total_timeout: self.total_timeout.or(other.total_timeout),
            password_timeout: self.password_timeout.or(other.password_timeout),
            attempts: self.attempts.or(other.attempts),
            backoff: self.backoff.or(other.backoff),
            requests_per_second: self.requests_per_second.or(other.requests_per_second),
            daily_requests: self.daily_requests.or(other.daily_requests),
            min_bytes_per_second: self.min_bytes_per_second.or(other.min_bytes_per_second),
            rate_limit: self.rate_limit.clone().or_else(|| other.rate_limit.clone()),
            listing_deadline: self.listing_deadline.or(other.listing_deadline),
            max_body_mib: self.max_body_mib.or(other.max_body_mib),
            max_elements: self.max_elements.or(other.max_elements),
            max_element_mib: self.max_element_mib.or(other.max_element_mib),
            max_nesting: self.max_nesting.or(other.max_nesting),
            max_header_kib: self.max_header_kib.or(other.max_header_kib),
        }
    }

    /// Returns the value of a setting as text; `None` if it has the default or there is no such setting.
    pub fn get(&self, key: &str) -> Option<String> {
        let seconds = |time: Option<Duration>| time.map(seconds_as_text);
        match key {
            "timeout.connect" => seconds(self.connect_timeout),
            "timeout.first-byte" => seconds(self.first_byte_timeout),
            "timeout.idle" => seconds(self.idle_timeout),
            "timeout.total" => seconds(self.total_timeout),
            "timeout.password" => seconds(self.password_timeout),
            "attempts" => self.attempts.map(|it| it.to_string()),
            "backoff" => seconds(self.backoff),
            "rate.requests" => self.requests_per_second.map(|it| it.to_string()),
            "budget.requests" => self.daily_requests.map(|it| it.to_string()),
            "rate.min-bytes" => self.min_bytes_per_second.map(|it| it.to_string()),
            "rate.limit" => self.rate_limit.as_ref().map(Timetable::to_string),
            "rate.deadline" => seconds(self.listing_deadline),
            "limits.body" => self.max_body_mib.map(|it| it.to_string()),
            "limits.elements" => self.max_elements.map(|it| it.to_string()),
            "limits.element" => self.max_element_mib.map(|it| it.to_string()),
            "limits.nesting" => self.max_nesting.map(|it| it.to_string()),
            "limits.header" => self.max_header_kib.map(|it| it.to_string()),
            _ => None,
        }
    }

    /// Sets a setting from a text; `None` restores the default.
    ///
    /// # Errors
    ///
    /// The text is no value of the setting, or there is no such setting. Nothing is changed.
    pub fn set(&mut self, key: &str, text: Option<&str>) -> Result<(), NotAValue> {
        match key {
            "timeout.connect" => self.connect_timeout = read(text, seconds_of_text)?,
            "timeout.first-byte" => self.first_byte_timeout = read(text, seconds_of_text)?,
            "timeout.idle" => self.idle_timeout = read(text, seconds_of_text)?,
            "timeout.total" => self.total_timeout = read(text, seconds_of_text)?,
            "timeout.password" => self.password_timeout = read(text, seconds_of_text)?,
            "attempts" => self.attempts = read(text, |text| within(text, 1..=20))?,
            "backoff" => self.backoff = read(text, seconds_of_text)?,
            "rate.requests" => self.requests_per_second = read(text, |text| within(text, RATE_MIN..=f64::MAX))?,
            "budget.requests" => self.daily_requests = read(text, |text| within(text, 0..=u64::MAX))?,
            "rate.min-bytes" => self.min_bytes_per_second = read(text, |text| within(text, 0..=u32::MAX))?,
            "rate.limit" => self.rate_limit = read(text, |text| text.parse().ok())?,
            "rate.deadline" => self.listing_deadline = read(text, seconds_of_text)?,
            "limits.body" => self.max_body_mib = read(text, |text| within(text, 1..=BODY_MIB_MAX))?,
            "limits.elements" => self.max_elements = read(text, |text| within(text, 1..=u64::MAX))?,
            "limits.element" => self.max_element_mib = read(text, |text| within(text, 1..=1024))?,
            "limits.nesting" => self.max_nesting = read(text, |text| within(text, 1..=100_000))?,
            "limits.header" => self.max_header_kib = read(text, |text| within(text, 1..=400))?,
            _ => return Err(NotAValue),
        }
        Ok(())
    }
}

fn read<T>(text: Option<&str>, value: impl Fn(&str) -> Option<T>) -> Result<Option<T>, NotAValue> {
    text.map(|text| value(text).ok_or(NotAValue)).transpose()
}

fn within<T: FromStr + PartialOrd>(text: &str, range: RangeInclusive<T>) -> Option<T> {
    text.parse().ok().filter(|value| range.contains(value))
}

/// Returns a time as a decimal number of seconds, exactly: `2.5`.
fn seconds_as_text(time: Duration) -> String {
    let text = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads a decimal number of seconds, exactly up to a nanosecond. Returns `None` if the text is no such number.
fn seconds_of_text(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let seconds = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos = format!("{fraction:0<9.9}").parse().ok()?;
    Some(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read_back_from_its_text() {
        for key in NetworkSettings::KEYS {
            let mut settings = NetworkSettings::default();
            assert_eq!(settings.get(key), None, "{key}");
            for text in ["3", "17"] {
                settings.set(key, Some(text)).unwrap();
                assert_eq!(settings.get(key).as_deref(), Some(text), "{key}");
            }
            assert_eq!(NetworkSettings::KEYS.iter().filter(|other| settings.get(other).is_some()).count(), 1, "{key}");
            for wrong in ["", "-1", "x", "NaN", "inf", "1e999", "3 "] {
                assert_eq!(settings.set(key, Some(wrong)), Err(NotAValue), "{key} {wrong}");
            }
            assert_eq!(settings.get(key).as_deref(), Some("17"), "{key}: a wrong value changes nothing");
            settings.set(key, None).unwrap();
            assert_eq!(settings, NetworkSettings::default(), "{key}");
        }
        assert_eq!(NetworkSettings::default().set("attempt", Some("1")), Err(NotAValue));
    }

    #[test]
    fn a_missing_value_is_taken_from_the_other_settings() {
        let all = |value: &str| {
            let mut settings = NetworkSettings::default();
            for key in NetworkSettings::KEYS {
                settings.set(key, Some(value)).unwrap();
            }
            settings
        };
        let (none, own, others) = (NetworkSettings::default(), all("3"), all("5"));
        assert_eq!(
            [none.or(&others), own.or(&others), own.or(&none), none.or(&none)],
            [others, own.clone(), own, none]
        );
        let mut one = NetworkSettings::default();
        one.set("attempts", Some("2")).unwrap();
        let mut expected = all("5");
        expected.set("attempts", Some("2")).unwrap();
        assert_eq!(one.or(&all("5")), expected);
    }

    #[test]
    fn a_number_out_of_range_is_no_value() {
        for (key, least, most) in [
            ("attempts", "1", Some("20")),
            ("rate.requests", "0.01", None),
            ("backoff", "0", Some("18446744073709551615")),
            ("rate.min-bytes", "0", Some("4294967295")),
            ("limits.body", "1", Some("1073741824")),
            ("limits.elements", "1", None),
            ("limits.element", "1", Some("1024")),
            ("limits.nesting", "1", Some("100000")),
            ("limits.header", "1", Some("400")),
            ("timeout.total", "0", None),
            ("rate.deadline", "0", Some("18446744073709551615")),
        ] {
            let mut settings = NetworkSettings::default();
            assert_eq!(settings.set(key, Some(least)), Ok(()), "{key}");
            if least == "1" {
                assert_eq!(settings.set(key, Some("0")), Err(NotAValue), "{key}");
            }
            let Some(most) = most else { continue };
            assert_eq!(settings.set(key, Some(most)), Ok(()), "{key}");
            let beyond = (most.parse::<u128>().unwrap() + 1).to_string();
            assert_eq!(settings.set(key, Some(&beyond)), Err(NotAValue), "{key}");
        }
        assert_eq!(NetworkSettings::default().set("rate.requests", Some("0.001")), Err(NotAValue));
    }

    #[test]
    fn times_are_exact() {
        for (text, time) in [
            ("0", Duration::ZERO),
            ("2.5", Duration::from_millis(2500)),
            ("0.000000001", Duration::from_nanos(1)),
            ("18446744073709551615.999999999", Duration::MAX),
        ] {
            assert_eq!(seconds_as_text(time), text);
            assert_eq!(seconds_of_text(text), Some(time));
        }
        for (text, time) in [(".5", 500), ("1.", 1000), ("1.0000000009", 1000), ("007", 7000)] {
            assert_eq!(seconds_of_text(text), Some(Duration::from_millis(time)), "{text}");
        }
        for wrong in [".", "1.2.3", "+1", "1e3", "1_000", "١"] {
            assert_eq!(seconds_of_text(wrong), None, "{wrong}");
        }
    }
}
