//! The dates of the titles of one listing, as far as they are new or have changed.

/// The seconds of half an hour, the resolution of everything here.
pub const HALF_HOUR: i64 = 1800;

/// The number of days back from the listing of which dates are used.
pub const DAYS: i64 = 60;

/// The half hours of a day.
pub const HALF_HOURS: i64 = 48;

/// A date that is this close to the time of the listing was made for the answer, in seconds.
const OF_NOW: i64 = 180;

/// A date further in the future than this is not used, in seconds. Clocks differ a little.
const FUTURE: i64 = 300;

/// A date at a multiple of this number of seconds has no time of day: somebody has typed it in, or a panel has made it
/// from a day. The number is a quarter of an hour, because time zones differ by quarters of an hour. One date in 900 is
/// left out needlessly.
const DATE_ONLY: i64 = 900;

/// The dates of the titles of a listing. Unchanged titles are not counted.
#[derive(Debug, Clone)]
pub struct StampTally {
    /// The time of the listing by our clock, in unix seconds.
    now: i64,
    /// The time of the listing before by our clock, if there was one.
    previous: Option<i64>,
    /// The seconds by which the panel's clock is ahead of ours. Dates are by the panel's clock.
    ahead: i64,
    /// The half hours of the last days that have a date, by their distance to the half hour of `now`.
    seen: Box<[bool]>,
    /// The number of titles that were not listed before.
    new: u64,
    /// The dates since the listing before.
    fresh: u64,
    /// The number of these dates that were made for the answer.
    of_now: u64,
}

impl StampTally {
    /// Returns the tally of a listing that hasn't begun. `now` is its time, and `previous` is the time of the listing
    /// before, by our clock. The panel's clock is `ahead` seconds ahead of ours.
    pub fn new(now: i64, previous: Option<i64>, ahead: i64) -> Self {
        let slots = usize::try_from(DAYS * HALF_HOURS).unwrap_or_default();
        Self { now, previous, ahead, seen: vec![false; slots].into(), new: 0, fresh: 0, of_now: 0 }
    }

    /// Resets the tally to its state after [`Self::new`].
    pub fn clear(&mut self) {
        *self = Self::new(self.now, self.previous, self.ahead);
    }

    /// Notes a title that is new, or whose date has changed. The date is by the panel's clock.
    pub fn note(&mut self, stamp: Option<i64>, is_new: bool) {
        self.new += u64::from(is_new);
        let dated = stamp.filter(|stamp| stamp.rem_euclid(DATE_ONLY) != 0);
        let stamp = dated.map(|stamp| stamp.saturating_sub(self.ahead));
        let Some(stamp) = stamp.filter(|stamp| *stamp <= self.now + FUTURE) else { return };
        let stamp = stamp.min(self.now);
        if self.previous.is_some_and(|previous| stamp > previous) {
            self.fresh += 1;
            self.of_now += u64::from(stamp > self.now - OF_NOW);
        }
        let back = self.now.div_euclid(HALF_HOUR) - stamp.div_euclid(HALF_HOUR);
        if let Some(slot) = usize::try_from(back).ok().and_then(|back| self.seen.get_mut(back)) {
            *slot = true;
        }
    }

    /// Returns the time of the listing, in unix seconds.
    pub const fn now(&self) -> i64 {
        self.now
    }

    /// Returns the time of the listing before; `None` if there was none.
    pub const fn previous(&self) -> Option<i64> {
        self.previous
    }

    /// Returns whether the listing brought anything new: a title, or a date since the listing before that was not made
    /// for the answer.
    pub const fn has_news(&self) -> bool {
        self.new > 0 || self.fresh > self.of_now
    }

    /// Returns whether the dates tell when the news came: some lie between the two listings, and most of them were not
    /// made for the answer.
    pub const fn tells_when(&self) -> bool {
        self.fresh > 0 && self.of_now * 2 <= self.fresh
    }

    /// Returns the half hours with a date, counted from 1970, latest first.
    pub fn half_hours(&self) -> impl Iterator<Item = i64> + '_ {
        let latest = self.now.div_euclid(HALF_HOUR);
        (0..).zip(&self.seen).filter(|(_, seen)| **seen).map(move |(back, _)| latest - back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_007;

    fn tally(previous: Option<i64>, stamps: &[i64]) -> StampTally {
        let mut tally = StampTally::new(NOW, previous, 0);
        for stamp in stamps {
            tally.note(Some(*stamp), true);
        }
        tally
    }

    #[test]
    fn dates_of_the_last_days_are_kept_by_half_hours() {
        let tally = tally(None, &[NOW, NOW - 1800, NOW - 3601, NOW - 59 * 86_400, NOW - 61 * 86_400, NOW + 86_400]);
        let latest = NOW / HALF_HOUR;
        assert_eq!(tally.half_hours().collect::<Vec<_>>(), [latest, latest - 1, latest - 2, latest - 59 * 48]);
        assert!(tally.has_news() && !tally.tells_when(), "a first listing has no listing before");
    }

    #[test]
    fn dates_are_by_the_panels_clock() {
        for ahead in [-300 * 86_400, -1200, 1200, 300 * 86_400] {
            let mut tally = StampTally::new(NOW, Some(NOW - 7200), ahead);
            tally.note(Some(NOW + ahead - 3600), true);
            assert!(tally.tells_when(), "{ahead}");
            assert_eq!(tally.half_hours().collect::<Vec<_>>(), [NOW / HALF_HOUR - 2]);
        }
    }

    #[test]
    fn only_dates_between_two_listings_tell_when_news_came() {
        let previous = Some(NOW - 7200);
        for (stamps, tells) in [
            (&[NOW - 3600][..], true),
            (&[NOW - 7200, NOW - 7201], false),
            (&[NOW - 100, NOW, NOW + 200], false),
            (&[NOW - 3600, NOW], true),
            (&[NOW + 301], false),
            (&[NOW - 4 - 3600 - 3, NOW - 3607], false),
            (&[], false),
        ] {
            assert_eq!(tally(previous, stamps).tells_when(), tells, "{stamps:?}");
        }
        let mut none = StampTally::new(NOW, previous, 0);
        assert!(!none.has_news());
        none.note(None, true);
        assert!(none.has_news() && !none.tells_when());
        none.clear();
        none.note(Some(NOW - 90_000), false);
        assert!(!none.has_news(), "an old date of a title that is known");
    }
}
