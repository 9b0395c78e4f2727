//! Reads numbers with a unit: `8.5/10`, `130 mins`, `1h 30m`, `7 days`.
//!
//! A text is read only if it has one meaning. `1:30` may be hours or minutes, and `45-50 min` is two numbers, so
//! neither is read.

use sync_core::Value;

/// The greatest number of minutes of a movie and of days of an archive.
const MOST: f64 = 100_000.0;

/// Returns whether a field contains a number although its column is a text.
pub(crate) fn is_measured(field: &str) -> bool {
    matches!(field, "rating" | "rating_5based" | "episode_run_time" | "tv_archive_duration")
}

/// Reads a text that is no plain number into the field with this name.
pub(crate) fn read(field: &str, text: &str) -> Option<Value> {
    let text = text.trim();
    match field {
        "rating" => rating(text, 10.0).map(Value::Real),
        "rating_5based" => rating(text, 5.0).map(Value::Real),
        "episode_run_time" => minutes(text).map(Value::Integer),
        "tv_archive_duration" => days(text).map(Value::Integer),
        _ => None,
    }
}

/// Returns a rating on the scale of the column: `8.5/10` and `85%` of 10 are 8.5, and `4/5` is 8.
fn rating(text: &str, scale: f64) -> Option<f64> {
    if let Some(number) = number(text) {
        return Some(number);
    }
    let (value, most) = if let Some(share) = text.strip_suffix('%') {
        (number(share)?, 100.0)
    } else {
        let (value, most) = text.split_once('/')?;
        (number(value)?, number(most).filter(|most| [5.0, 10.0, 100.0].contains(most))?)
    };
    #[expect(clippy::float_cmp, reason = "the same scale leaves the value as it is")]
    let scaled = if most == scale { value } else { value * scale / most };
    (0.0..=most).contains(&value).then_some(scaled)
}

/// Reads a number without a sign, with a point or a comma.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let shape = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b',');
    let plain = text.bytes().all(shape) && text.bytes().any(|byte| byte.is_ascii_digit());
    text.replace(',', ".").parse().ok().filter(|_| plain)
}

/// Returns the length of a unit in seconds.
fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "d" | "day" | "days" | "tag" | "tage" | "tagen" | "jour" | "jours" | "dia" | "dias" | "días" | "дн"
        | "дней" => 86_400.0,
        "h" | "hr" | "hrs" | "hour" | "hours" | "std" | "stunde" | "stunden" | "heure" | "heures" | "hora"
        | "horas" | "ч" | "час" | "часа" | "часов" => 3600.0,
        "m" | "mn" | "min" | "mins" | "minute" | "minutes" | "minuten" | "minuto" | "minutos" | "minuti" | "minuty"
        | "minut" | "dk" | "dakika" | "'" | "’" | "′" | "мин" | "минут" | "دقيقة" => 60.0,
        "s" | "sec" | "secs" | "second" | "seconds" | "sek" | "sekunden" | "сек" => 1.0,
        _ => return None,
    })
}

/// Reads minutes, rounded down: `130 mins`, `1h 30m`, `1h30`, `PT1H30M`, `01:30:00`.
fn minutes(text: &str) -> Option<i64> {
    if let [hours, minutes, seconds] = text.split(':').collect::<Vec<_>>()[..] {
        let part = |text: &str, most: i64| {
            let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i64>().ok().filter(|number| digits && *number < most)
        };
        part(seconds, 60)?;
        return Some(part(hours, 100)? * 60 + part(minutes, 60)?);
    }
    whole(duration(text)? / 60.0)
}

/// Reads whole days: `7 days`, `168 hours`.
fn days(text: &str) -> Option<i64> {
    let days = duration(text)? / 86_400.0;
    whole(days).filter(|_| days.fract() == 0.0)
}

/// Reads numbers and their units, from the largest to the smallest. Returns seconds. The last number may lack its unit
/// after hours: `1h30`.
fn duration(text: &str) -> Option<f64> {
    let lower = text.to_lowercase();
    let mut rest = lower.strip_prefix("pt").unwrap_or(&lower);
    let (mut total, mut before) = (0.0, f64::INFINITY);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(rest.len());
        let (count, behind) = rest.split_at(digits);
        let behind = behind.trim_start();
        let end = behind.find(|c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | ',' | '&'));
        let (unit, behind) = behind.split_at(end.unwrap_or(behind.len()));
        let unit = match unit {
            "" if behind.is_empty() && (3600.0..86_400.0).contains(&before) => 60.0,
            unit => seconds_of(unit)?,
        };
        if unit >= before {
            return None;
        }
        total += number(count)? * unit;
        before = unit;
        rest = behind.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | '&'));
        rest = rest.strip_prefix("and ").or_else(|| rest.strip_prefix("und ")).unwrap_or(rest).trim_start();
    }
    before.is_finite().then_some(total)
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked, and cutting the fraction is meant")]
    (0.0..MOST).contains(&number).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_30_a_rating_is_read_on_its_scale() {
        for (text, ten, five) in [
            ("8.5/10", 8.5, 4.25),
            (" 8,5 / 10 ", 8.5, 4.25),
            ("4/5", 8.0, 4.0),
            ("3.7/5", 7.4, 3.7),
            ("85/100", 8.5, 4.25),
            ("85 %", 8.5, 4.25),
            ("7,5", 7.5, 7.5),
            ("0/10", 0.0, 0.0),
        ] {
            assert_eq!(read("rating", text), Some(Value::Real(ten)), "{text}");
            assert_eq!(read("rating_5based", text), Some(Value::Real(five)), "{text}");
        }
        for text in
            ["18+", "n/A", "N/A", "PG-13", "11/10", "8/9", "-1/10", "8.5/10 (1234)", "/10", "8/", "1.2.3/10", ""]
        {
            assert_eq!(read("rating", text), None, "{text}");
        }
    }

    #[test]
    fn field_30_a_run_time_is_read_in_minutes() {
        for (text, read_as) in [
            ("130 mins", 130),
            ("130min", 130),
            ("130 Min.", 130),
            ("130'", 130),
            ("130 Minuten", 130),
            ("130 мин", 130),
            ("1h 30m", 90),
            ("1h30m", 90),
            ("1h30", 90),
            ("1 hr. 30 min.", 90),
            ("1 hour and 30 minutes", 90),
            ("2h", 120),
            ("1,5 h", 90),
            ("1h 30m 59s", 90),
            ("PT1H30M", 90),
            ("5400 sec", 90),
            ("01:30:00", 90),
            ("1:30:59", 90),
        ] {
            assert_eq!(read("episode_run_time", text), Some(Value::Integer(read_as)), "{text}");
        }
        for text in [
            "1:30",
            "45-50 min",
            "~130 min",
            "130 mins per episode",
            "long",
            "h",
            "30m 1h",
            "1h 99:00",
            "01:99:00",
            "1e9 h",
            "",
        ] {
            assert_eq!(read("episode_run_time", text), None, "{text}");
        }
    }

    #[test]
    fn field_30_an_archive_is_read_in_days() {
        for (text, read_as) in [("7 days", 7), ("7d", 7), ("168 hours", 7), ("1 Tag", 1)] {
            assert_eq!(read("tv_archive_duration", text), Some(Value::Integer(read_as)), "{text}");
        }
        for text in ["7 weeks", "36h", "d7", "7 8"] {
            assert_eq!(read("tv_archive_duration", text), None, "{text}");
        }
        assert_eq!(read("num", "7 days"), None, "only fields of which the meaning is known");
    }
}
