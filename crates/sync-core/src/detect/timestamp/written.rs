//! Reads dates as people and programs write them.
//!
//! A text is read only if it has one meaning. `31.12.2027` and `12/31/2027` have one. `12/11/2027` has two, so it is
//! not read, even if its separator is usual in one country.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};

/// Reads a date without separators, `20271231` or `20271231235959`. Returns unix seconds. Read as unix time, the first
/// would be in 1970 and the second beyond the year 2600.
pub(super) fn compact(text: &str, zone_offset: i32) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || !(text.starts_with("19") || text.starts_with("20")) {
        return None;
    }
    let (day, time) = text.split_at_checked(8)?;
    let day = NaiveDate::parse_from_str(day, "%Y%m%d").ok()?;
    let time = match time.len() {
        0 => NaiveTime::MIN,
        6 => NaiveTime::parse_from_str(time, "%H%M%S").ok()?,
        _ => return None,
    };
    Some(day.and_time(time).and_utc().timestamp() - i64::from(zone_offset))
}

/// Reads a date with or without a time. Returns unix seconds. A text without a zone has the offset `zone_offset`, in
/// seconds. A date without a time is the beginning of its day.
pub(super) fn date(text: &str, zone_offset: i32) -> Option<i64> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)) {
        return Some(instant.timestamp());
    }
    let (date, time) = match text.find(':') {
        None => (text, None),
        Some(colon) => {
            let hours = text[..colon].trim_end_matches(|c: char| c.is_ascii_digit()).len();
            (&text[..hours], Some(&text[hours..]))
        }
    };
    let date =
        date.strip_suffix(['T', 't']).filter(|date| date.ends_with(|c: char| c.is_ascii_digit())).unwrap_or(date);
    let day = day(date.trim_end_matches([' ', ','])).filter(|_| !date.is_empty())?;
    let (time, zone) = match time {
        None => (NaiveTime::MIN, None),
        Some(time) => clock(time)?,
    };
    let zone = zone.map_or(zone_offset, |zone| zone.local_minus_utc());
    Some(day.and_time(time).and_utc().timestamp() - i64::from(zone))
}

/// Reads a day, written in numbers or with the English name of its month.
fn day(text: &str) -> Option<NaiveDate> {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    for separator in ['-', '/', '.'] {
        let parts: Vec<_> = text.split(separator).map(str::trim).collect();
        if let [first, second, third] = parts[..]
            && parts.iter().all(is_number)
        {
            let small = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
            let year = |part: &str| part.parse::<i32>().ok().filter(|_| part.len() == 4);
            if let Some(year) = year(first) {
                return NaiveDate::from_ymd_opt(year, small(second)?, small(third)?);
            }
            let (a, b, year) = (small(first)?, small(second)?, year(third)?);
            return match (a > 12, b > 12) {
                (true, false) => NaiveDate::from_ymd_opt(year, b, a),
                (false, true) => NaiveDate::from_ymd_opt(year, a, b),
                (false, false) if a == b => NaiveDate::from_ymd_opt(year, a, b),
                _ => None,
            };
        }
    }
    let words: Vec<_> = text.split([' ', ',', '.', '-', '/']).filter(|word| !word.is_empty()).map(cardinal).collect();
    let words = words.join(" ");
    ["%d %B %Y", "%B %d %Y", "%A %d %B %Y", "%A %B %d %Y", "%Y %B %d"]
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(&words, form).ok())
        // A number of two digits is not taken for a year.
        .filter(|_| words.split(' ').any(|word| word.len() == 4 && is_number(&word)))
}

/// Returns the number of an ordinal: `31` for `31st`.
fn cardinal(word: &str) -> &str {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = &word[digits.len()..];
    let is_ordinal = ["st", "nd", "rd", "th"].iter().any(|ordinal| ending.eq_ignore_ascii_case(ordinal));
    if is_ordinal && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() { digits } else { word }
}

/// Reads a time of day, and the zone behind it.
fn clock(text: &str) -> Option<(NaiveTime, Option<FixedOffset>)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.')).unwrap_or(text.len());
    let (time, rest) = text.split_at(end);
    let rest = rest.trim_start().to_ascii_uppercase();
    let half = ["AM", "PM"].into_iter().find(|half| rest.starts_with(half));
    let forms = if half.is_some() { ["%I:%M:%S%.f %p", "%I:%M %p"] } else { ["%H:%M:%S%.f ", "%H:%M "] };
    let time = format!("{time} {}", half.unwrap_or_default());
    let time = forms.iter().find_map(|form| NaiveTime::parse_from_str(&time, form).ok())?;
    let zone = rest.trim_start_matches(half.unwrap_or_default()).trim();
    Some((time, if zone.is_empty() { None } else { Some(offset(zone)?) }))
}

/// Reads `Z`, `UTC`, `GMT`, `+01:00`, `+0100`, or `GMT+0100 (NAME)`. Other names of zones are not read, because several
/// zones share a name.
fn offset(zone: &str) -> Option<FixedOffset> {
    let zone = if zone.ends_with(')') { zone.split('(').next()?.trim_end() } else { zone };
    let named = ["GMT", "UTC", "Z"].into_iter().find_map(|name| zone.strip_prefix(name));
    let shift = named.unwrap_or(zone).trim();
    if shift.is_empty() {
        return named.and(FixedOffset::east_opt(0));
    }
    DateTime::parse_from_str(&format!("2000-01-01 00:00 {shift}"), "%Y-%m-%d %H:%M %#z").ok().map(|at| *at.offset())
}

#[cfg(test)]
mod tests {
    use crate::detect::timestamp::read;

    /// The last second of 2027, in the zone of the panel.
    const END: i64 = 1_830_297_599;

    #[test]
    fn field_18_a_date_that_has_one_meaning_is_read() {
        for text in [
            "31.12.2027",
            "12/31/2027",
            "31/12/2027",
            "31-12-2027",
            "12-31-2027",
            "12.31.2027",
            "2027-12-31",
            "2027/12/31",
            "2027.12.31",
            "20271231",
            "31 Dec 2027",
            "31 December 2027",
            "Dec 31, 2027",
            "December 31st, 2027",
            "31-Dec-2027",
            "Friday, 31 December 2027",
            "Fri Dec 31 2027",
            " 31. 12. 2027 ",
        ] {
            assert_eq!(read(text, 0), Some(END - 86_399), "{text}");
        }
        for text in [
            "31.12.2027 23:59:59",
            "12/31/2027 11:59:59 PM",
            "12/31/2027, 11:59:59pm",
            "2027-12-31T23:59:59.000",
            "20271231235959",
            "31 Dec 2027 23:59:59",
            "Fri, 31 Dec 2027 23:59:59 GMT",
            "2027-12-31 23:59:59 UTC",
            "2027-12-31T23:59:59Z",
            "2027-12-31 23:59:59.000000",
        ] {
            assert_eq!(read(text, 0), Some(END), "{text}");
        }
        for text in [
            "2028-01-01T00:59:59+01:00",
            "2028-01-01 00:59:59 +0100",
            "2028-01-01 00:59:59+01",
            "Sat Jan 01 2028 00:59:59 GMT+0100 (Central European Standard Time)",
        ] {
            assert_eq!(read(text, 7200), Some(END), "{text}: its own zone counts");
        }
        assert_eq!(read("31.12.2027 23:59", 3600), Some(END - 59 - 3600));
        assert_eq!(read("05/05/2027", 0), read("2027-05-05", 0), "day and month are the same number");
    }

    #[test]
    fn field_18_a_date_that_could_be_two_is_not_read() {
        for text in [
            "12/11/2027",
            "11.12.2027",
            "01-02-2027",
            "12/11/2027 10:00",
            "31.12.27",
            "31/13/2027",
            "30.02.2027",
            "2027-31-12",
            "Mon 31 Dec 2027",
            "31 Dez 2027",
            "31 Dec 27",
            "Dec 2027",
            "2027-12-31 23:59:59 CET",
            "2027-12-31 25:00:00",
            "2027-12-31 10:00 XM",
            "12:30",
            "23:59 31.12.2027",
            ":",
            "00/00/0000",
            "31.12.2027x",
        ] {
            assert_eq!(read(text, 0), None, "{text}");
        }
        assert_eq!(read("20271331", 0), Some(20_271_331), "no date, so a number");
    }
}
