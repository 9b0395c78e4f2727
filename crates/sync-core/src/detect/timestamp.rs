//! Reads the timestamps of panels, and applies the rule for "updated since".
//!
//! Panels write unix seconds (as a number or a text), milliseconds, `2026-02-02 15:08:55` in their own time zone, RFC
//! 3339, dates as people write them, `""`, `"0"`, `null`, and floats. A timestamp is never more than a hint. See
//! [`crate::ChangePolicy`].

mod written;

use chrono::DateTime;

use crate::model::normalise::exact_integer;

/// The least number that is taken for milliseconds. As milliseconds it is in 2001, as seconds in the year 33658.
/// Accounts without an end are given one in the year 9999.
const MILLISECONDS_FROM: i64 = 1_000_000_000_000;

/// Returns whether an item has changed since the last sync, by their timestamps alone.
///
/// Each side is unix seconds (`"1234567890"`) or RFC 3339 (`"2024-01-01T12:00:00Z"`); mixed forms
/// are compared as instants. The item is updated when it is *strictly* newer. What can't be parsed
/// is not updated.
///
/// ```
/// use sync_core::is_item_updated;
///
/// assert!(is_item_updated("1234567891", "1234567890"));
/// assert!(!is_item_updated("1234567890", "1234567890"));
/// assert!(is_item_updated("2024-01-01T12:00:01Z", "2024-01-01T13:00:00+01:00"));
/// assert!(!is_item_updated("soon", "1234567890"));
/// ```
pub fn is_item_updated(item_timestamp: &str, last_sync: &str) -> bool {
    match (instant(item_timestamp), instant(last_sync)) {
        (Some(item), Some(last)) => item > last,
        _ => false,
    }
}

/// Reads the two usual forms. Returns seconds and nanoseconds since 1970.
fn instant(text: &str) -> Option<(i64, u32)> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Some((seconds, 0));
    }
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    Some((instant.timestamp(), instant.timestamp_subsec_nanos()))
}

/// Reads a panel's timestamp in any known form; returns unix seconds.
///
/// `zone_offset` is the panel's offset from UTC in seconds, for forms without a zone. Zero, empty
/// and unreadable texts, and instants before 1970, are `None`. So is a date that could be two:
/// `12/11/2027` is in November or in December.
///
/// ```
/// use sync_core::timestamp::read;
///
/// assert_eq!(read("1700000000", 0), Some(1_700_000_000));
/// assert_eq!(read("1700000000000", 0), Some(1_700_000_000));
/// assert_eq!(read("2023-11-14 23:13:20", 3600), Some(1_700_000_000));
/// assert_eq!(read("31.12.2027", 0), Some(1_830_211_200));
/// assert_eq!(read("12/11/2027", 0), None);
/// assert_eq!(read("0", 0), None);
/// ```
pub fn read(text: &str, zone_offset: i32) -> Option<i64> {
    let text = text.trim();
    let seconds = match exact_integer(text).or_else(|| float(text)) {
        Some(number) => match written::compact(text, zone_offset) {
            Some(date) => date,
            None if number >= MILLISECONDS_FROM => number / 1000,
            None => number,
        },
        None => written::date(text, zone_offset)?,
    };
    (seconds > 0).then_some(seconds)
}

fn float(text: &str) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, and cutting the fraction is meant")]
    (number.is_finite() && number.abs() < 1e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_is_item_updated_unix_timestamp() {
        assert!(is_item_updated("1700000001", "1700000000"));
        assert!(!is_item_updated("1700000000", "1700000000"));
        assert!(!is_item_updated("1699999999", "1700000000"));
        // Texts of different length are compared as numbers, not as words.
        assert!(!is_item_updated("999999999", "1000000000"));
    }

    #[test]
    fn test_is_item_updated_iso8601() {
        assert!(is_item_updated("2024-01-01T12:00:01Z", "2024-01-01T12:00:00Z"));
        assert!(!is_item_updated("2024-01-01T12:00:00Z", "2024-01-01T12:00:00Z"));
        assert!(is_item_updated("2024-01-01T12:00:00.5Z", "2024-01-01T12:00:00Z"));
        // The same instant in two zones.
        assert!(!is_item_updated("2024-01-01T13:00:00+01:00", "2024-01-01T12:00:00Z"));
        assert!(is_item_updated("2024-01-01T11:30:00-01:00", "2024-01-01T12:00:00Z"));
    }

    #[test]
    fn a_number_with_a_fraction_is_cut() {
        for (text, seconds) in [
            ("1700000000.9", Some(1_700_000_000)),
            ("1.7e9", Some(1_700_000_000)),
            ("1700000000999.5", Some(1_700_000_000)),
            ("1000000000000000.5", None),
            ("-1.5", None),
            ("1e400", None),
            ("NaN", None),
        ] {
            assert_eq!(read(text, 0), seconds, "{text}");
        }
    }

    #[test]
    fn mixed_forms_are_compared_as_instants() {
        assert!(is_item_updated("1704110401", "2024-01-01T12:00:00Z"));
        assert!(!is_item_updated("1704110400", "2024-01-01T12:00:00Z"));
        assert!(is_item_updated("2024-01-01T12:00:01Z", "1704110400"));
    }

    #[test]
    fn an_unreadable_time_is_not_updated() {
        for text in ["", "soon", "2024-01-01 12:00:00", "null", "1e9x"] {
            assert!(!is_item_updated(text, "1"), "{text}");
            assert!(!is_item_updated("1700000000", text), "{text}");
        }
    }

    #[test]
    fn every_known_form_is_read() {
        let at = Some(1_770_044_935);
        for text in [
            "1770044935",
            " 1770044935 ",
            "1770044935000",
            "1770044935.0",
            "1.770044935e9",
            "2026-02-02 15:08:55",
            "2026-02-02T15:08:55",
            "2026-02-02T15:08:55Z",
            "2026-02-02T16:08:55+01:00",
            "02/02/2026 15:08:55",
        ] {
            assert_eq!(read(text, 0), at, "{text}");
        }
        assert_eq!(read("2026-02-02 16:08:55", 3600), at);
        assert_eq!(read("2026-02-02", 0), Some(1_769_990_400));
        assert_eq!(read("253402300799", 0), Some(253_402_300_799), "the year 9999");
        for text in
            ["", "0", "null", "N/A", "0000-00-00", "0000-00-00 00:00:00", "-5", "NaN", "inf", "99999999999999999999999"]
        {
            assert_eq!(read(text, 0), None, "{text}");
        }
    }
}
