//! The panel's clock, as far as its answers show it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The moment at which the panel last told its time, and that time in unix seconds.
///
/// The moment is measured by a monotonic clock, so that a wrong or changing wall clock does no harm.
#[derive(Debug, Default)]
pub(crate) struct PanelClock(Mutex<Option<(Instant, i64)>>);

impl PanelClock {
    /// Records the time that the panel told in an answer, and the moment at which the answer arrived.
    pub(crate) fn set(&self, arrived: Instant, panel_time: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((arrived, panel_time));
    }

    /// Returns the panel's time at a moment. Because of the way of the answer it may be a little early, but never late.
    /// So a caller that asks for changes since then misses nothing.
    pub(crate) fn at(&self, instant: Instant) -> Option<i64> {
        let (arrived, panel_time) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(match instant.checked_duration_since(arrived) {
            Some(later) => panel_time.saturating_add(whole_seconds(later)),
            None => before(panel_time, arrived.duration_since(instant)),
        })
    }
}

/// Returns the time that lies this duration before another, rounded down.
pub(crate) fn before(panel_time: i64, duration: Duration) -> i64 {
    panel_time.saturating_sub(whole_seconds(duration)).saturating_sub(i64::from(duration.subsec_nanos() > 0))
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Returns the `Date` of an answer, in unix seconds.
pub(crate) fn date(headers: &HeaderMap) -> Option<i64> {
    unix_seconds(headers.get(DATE)?.to_str().ok()?).filter(|seconds| *seconds > 0)
}

/// Returns the time that the panel asks to wait: in seconds, or until a date by its own clock.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = unix_seconds(text)?;
    let now = date(headers).or_else(|| unix_seconds_of(std::time::SystemTime::now()))?;
    Some(Duration::from_secs(u64::try_from(until.saturating_sub(now)).unwrap_or(0)))
}

/// Returns our own time, in unix seconds, for panels that don't tell theirs.
pub(crate) fn now() -> i64 {
    unix_seconds_of(std::time::SystemTime::now()).unwrap_or_default()
}

/// Returns the date of a header, in unix seconds.
pub(crate) fn unix_seconds(text: &str) -> Option<i64> {
    unix_seconds_of(httpdate::parse_http_date(text).ok()?)
}

fn unix_seconds_of(time: std::time::SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_clock_is_computed_for_later_and_earlier_moments() {
        let (clock, now) = (PanelClock::default(), Instant::now());
        assert_eq!(clock.at(now), None);
        clock.set(now, 1_000_000);
        assert_eq!(clock.at(now), Some(1_000_000));
        assert_eq!(clock.at(now + Duration::from_millis(5900)), Some(1_000_005));
        assert_eq!(before(100, Duration::from_millis(2100)), 97);
        assert_eq!(before(100, Duration::from_secs(2)), 98);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_panels_clock() {
        let seconds = |pairs: &[_]| retry_after(&headers(pairs)).map(|wait| wait.as_secs());
        assert_eq!(seconds(&[("retry-after", " 7 ")]), Some(7));
        let date = ("date", "Wed, 01 Jan 2020 00:00:00 GMT");
        assert_eq!(seconds(&[("retry-after", "Wed, 01 Jan 2020 00:00:09 GMT"), date]), Some(9));
        assert_eq!(seconds(&[("retry-after", "Tue, 31 Dec 2019 23:00:00 GMT"), date]), Some(0));
        for unreadable in ["-1", "soon", "", "99999999999999999999999"] {
            assert_eq!(retry_after(&headers(&[("retry-after", unreadable)])), None, "{unreadable}");
        }
        assert_eq!(seconds(&[]), None);
    }

    #[test]
    fn a_date_is_read() {
        assert_eq!(date(&headers(&[("date", "Wed, 01 Jan 2020 00:00:00 GMT")])), Some(1_577_836_800));
        assert_eq!(date(&headers(&[("date", "Thu, 01 Jan 1970 00:00:00 GMT")])), None);
        assert_eq!(date(&headers(&[("date", "yesterday")])), None);
    }
}
