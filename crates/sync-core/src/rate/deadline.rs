//! Whether a slow listing can still be whole before its deadline.
//!
//! A panel sends a listing in one piece, and nothing resumes it. So a listing that is stopped has to come again as a
//! whole, and the bytes that have come are wasted. Therefore a slow listing goes on for as long as it can meet its
//! deadline. That can be told if the size of the listing is known from the last time.
//!
//! A listing is stopped only if, for a minute, neither the rate of the last minute nor the rate since its first byte
//! would bring the rest before the deadline. The second condition spares a listing of which much has come from a dip.

use std::collections::VecDeque;
use std::time::Duration;

/// The time over which the moving rate is measured.
pub const WINDOW: Duration = Duration::from_secs(60);

/// The longest time before which no listing is judged, and for which a listing must be hopeless before it is stopped. A
/// deadline may be missed by this time. With a short deadline, it is a quarter of the deadline.
const CONFIRMED_AFTER: Duration = Duration::from_secs(60);

/// The part of a listing that is assumed to be missing at least, because lists grow: a fiftieth.
const GROWTH: u64 = 50;

/// The deadline of a listing, unless a profile says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// The least number of bytes of a link check. Fewer bytes come at once on any link and prove nothing.
pub const CHECK_BYTES: u64 = 10_000;

/// The pauses before the next tries, by the number of stops within a day.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(30 * 60), Duration::from_secs(2 * 3600), Duration::from_secs(6 * 3600)];

/// A listing of known size on its way.
///
/// Times count from the first byte of the answer on, and only while the source waits for the panel. Time in which the
/// receiver takes no bytes doesn't count.
#[derive(Debug, Clone)]
pub struct Transfer {
    size: u64,
    deadline: Duration,
    got: u64,
    /// The last seconds, and the bytes of each.
    recent: VecDeque<(u64, u64)>,
    /// The time from which on the listing is hopeless.
    hopeless: Option<Duration>,
}

/// The verdict about a listing on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The listing goes on.
    GoOn,
    /// The listing is too slow to be complete before the deadline.
    TooSlow,
}

impl Transfer {
    /// Returns a listing of this size in bytes of the wire, without any bytes so far.
    pub const fn new(size: u64, deadline: Duration) -> Self {
        Self { size, deadline, got: 0, recent: VecDeque::new(), hopeless: None }
    }

    /// Returns the size that is expected.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the number of bytes that have come.
    pub const fn got(&self) -> u64 {
        self.got
    }

    /// Returns the deadline, counted from the first byte.
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Counts bytes that have come by this time, and judges the listing. The times of successive calls must not fall.
    pub fn came(&mut self, bytes: u64, at: Duration) -> Verdict {
        self.got = self.got.saturating_add(bytes);
        let second = second_of(at);
        match self.recent.back_mut() {
            Some((latest, sum)) if *latest == second => *sum = sum.saturating_add(bytes),
            _ => self.recent.push_back((second, bytes)),
        }
        while self.recent.front().is_some_and(|(first, _)| first + WINDOW.as_secs() <= second) {
            self.recent.pop_front();
        }
        let patience = CONFIRMED_AFTER.min(self.deadline / 4);
        if at < patience || self.meets(self.rate(at), at) || self.meets(per_second(self.got, at), at) {
            self.hopeless = None;
            return Verdict::GoOn;
        }
        let since = *self.hopeless.get_or_insert(at);
        if at.saturating_sub(since) < patience { Verdict::GoOn } else { Verdict::TooSlow }
    }

    /// Returns the rate over the last minute in bytes per second, or over the time since the first byte if it is
    /// shorter.
    pub fn rate(&self, at: Duration) -> f64 {
        let before = second_of(at).saturating_sub(WINDOW.as_secs());
        let recent = self.recent.iter().filter(|(second, _)| before == 0 || *second > before);
        per_second(recent.map(|(_, bytes)| bytes).sum(), at.saturating_sub(Duration::from_secs(before)))
    }

    /// Returns whether the rest comes before the deadline at a rate in bytes per second.
    fn meets(&self, rate: f64, at: Duration) -> bool {
        let left = self.size.saturating_sub(self.got).max(self.size / GROWTH);
        comes_within(left, rate, self.deadline.saturating_sub(at))
    }
}

/// Returns the pause after which a listing that was too slow may be tried again. `stops_today` is the number of stops
/// within the last 24 hours, the latest included. Returns `None` if the listing was stopped three times and is not
/// tried again on that day.
///
/// Before the listing is asked for again, a link check shows whether the link is faster: [`is_fast_enough`].
pub fn retry_after(stops_today: u32) -> Option<Duration> {
    let place = usize::try_from(stops_today.checked_sub(1)?).ok()?;
    PAUSES.get(place).copied()
}

/// Returns whether a link check shows that a listing of this size would meet its deadline.
///
/// `bytes` and `took` are those of the answer's body, from its first byte to its last. The time before the first byte
/// is left out, because it says nothing about the link. A source reports both in [`Usage`](crate::source::Usage). An
/// answer of fewer than [`CHECK_BYTES`] proves nothing.
pub fn is_fast_enough(bytes: u64, took: Duration, size: u64, deadline: Duration) -> bool {
    bytes >= CHECK_BYTES && comes_within(size, per_second(bytes, took), deadline)
}

/// Returns the number of the second in which bytes came that had arrived by this time.
fn second_of(at: Duration) -> u64 {
    at.as_secs() + u64::from(at.subsec_nanos() > 0)
}

/// Returns bytes per second. No time is an infinite rate.
fn per_second(bytes: u64, time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no exact number")]
    let bytes = bytes as f64;
    if bytes > 0.0 { bytes / time.as_secs_f64() } else { 0.0 }
}

/// Returns whether this number of bytes comes within a time.
fn comes_within(bytes: u64, rate: f64, time: Duration) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "an estimate needs no exact number")]
    let bytes = bytes as f64;
    bytes <= rate * time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// Sends bytes each second by these pieces of seconds and rate. Returns the second of the stop and the bytes until
    /// then, or `None` if the listing is whole.
    fn stop(size: u64, deadline: Duration, pieces: &[(u64, u64)]) -> Option<(u64, u64)> {
        let mut transfer = Transfer::new(size, deadline);
        let mut now = 0;
        for (time, rate) in pieces {
            for _ in 0..*time {
                now += 1;
                if transfer.came(*rate, seconds(now)) == Verdict::TooSlow {
                    return Some((now, transfer.got()));
                }
                if transfer.got() >= size {
                    return None;
                }
            }
        }
        panic!("the link ends")
    }

    #[test]
    fn a_listing_goes_on_if_it_can_meet_its_deadline_however_slow_it_is() {
        for (size, rate, stopped) in [
            // 1,000 bytes per second for half an hour and one second.
            (1_800_000, 1_000, None),
            (1_700_000, 1_000, None),
            (1_801_000, 1_000, Some((120, 120_000))),
            (25_000_000, 8_000, Some((120, 960_000))),
            (25_000_000, 14_000, None),
            (25_000_000, 0, Some((120, 0))),
            (150_000_000, 125_000_000, None),
        ] {
            assert_eq!(stop(size, HALF_AN_HOUR, &[(3600, rate)]), stopped, "{size} at {rate}");
        }
    }

    #[test]
    fn nothing_is_judged_in_the_first_minute_and_a_dip_is_endured() {
        // 100 seconds of nearly nothing, followed by a fast rate.
        assert_eq!(stop(50_000_000, HALF_AN_HOUR, &[(100, 10), (3600, 1_000_000)]), None);
        // Two thirds came in ten minutes. At the mean rate, the rest would come in time until the twentieth minute.
        let dip = [(600, 100_000), (640, 100), (3600, 500_000)];
        assert_eq!(stop(90_000_000, HALF_AN_HOUR, &dip), None);
        let (at, got) = stop(90_000_000, HALF_AN_HOUR, &[(600, 100_000), (3600, 100)]).unwrap();
        assert!((1200..=1320).contains(&at) && got < 61_000_000, "{at} {got}");
    }

    /// A deadline of some seconds is not missed by as much as two minutes.
    #[test]
    fn a_short_deadline_is_judged_early() {
        assert_eq!(stop(1_000_000, seconds(20), &[(100, 1000)]), Some((10, 10_000)));
        assert_eq!(stop(1_000_000, Duration::ZERO, &[(100, 1000)]), Some((1, 1000)));
    }

    /// The rate of the last minute is enough, whatever the rate was before.
    #[test]
    fn a_link_that_recovers_in_time_is_not_stopped_later() {
        let mut transfer = Transfer::new(30_000_000, HALF_AN_HOUR);
        let mut told = Vec::new();
        for now in 1..=105 {
            told.push(transfer.came(100, seconds(now)));
        }
        for now in 106..=200 {
            told.push(transfer.came(100_000, seconds(now)));
        }
        assert!(told.iter().all(|verdict| *verdict == Verdict::GoOn));
        assert!((transfer.rate(seconds(200)) - 100_000.0).abs() < 2_000.0, "{}", transfer.rate(seconds(200)));
    }

    #[test]
    fn the_deadline_ends_even_a_list_that_has_grown() {
        let mut transfer = Transfer::new(1_000_000, seconds(300));
        let mut stopped = None;
        for now in 1..=2000 {
            if transfer.came(20_000, seconds(now)) == Verdict::TooSlow {
                stopped = Some(now);
                break;
            }
        }
        // One fiftieth is assumed to be missing, which takes a second. The listing is hopeless from second 300 on.
        assert_eq!(stopped, Some(360));
        assert_eq!((transfer.size(), transfer.deadline()), (1_000_000, seconds(300)));
        assert!(transfer.got() > transfer.size());
    }

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let mut transfer = Transfer::new(1_000_000_000, HALF_AN_HOUR);
        assert!(transfer.rate(Duration::ZERO) < 1.0);
        transfer.came(1000, Duration::ZERO);
        assert!((transfer.rate(seconds(1)) - 1000.0).abs() < 1.0);
        for now in 1..=600 {
            transfer.came(if now <= 300 { 9_000_000 } else { 500 }, seconds(now));
        }
        assert!((transfer.rate(seconds(600)) - 500.0).abs() < 10.0, "{}", transfer.rate(seconds(600)));
        assert!((transfer.rate(seconds(629)) - 250.0).abs() < 20.0, "silence counts");
        assert!(transfer.recent.len() <= 61);
    }

    #[test]
    fn three_tries_a_day_with_growing_pauses() {
        let pauses: Vec<_> = (0..6).map(retry_after).collect();
        let minutes = |count: u64| Some(seconds(60 * count));
        assert_eq!(pauses, [None, minutes(30), minutes(120), minutes(360), None, None]);
        assert_eq!(retry_after(u32::MAX), None);
    }

    #[test]
    fn a_link_check_shows_whether_the_listing_would_meet_its_deadline() {
        for (bytes, took, size, enough) in [
            (10_000, seconds(1), 18_000_000, true),
            (10_000, seconds(1), 18_000_001, false),
            (20_000, seconds(1), 18_000_001, true),
            (10_000, Duration::ZERO, u64::MAX, true),
            (9_999, Duration::ZERO, 1, false),
            (50_000, seconds(20), 4_500_000, true),
            (50_000, seconds(20), 4_500_001, false),
            (0, seconds(1), 0, false),
        ] {
            assert_eq!(is_fast_enough(bytes, took, size, HALF_AN_HOUR), enough, "{bytes} in {took:?} for {size}");
        }
    }
}
