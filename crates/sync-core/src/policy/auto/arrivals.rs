//! The facts about when a panel gets new titles of a kind.
//!
//! At the first sync, the dates of the titles show this. Later listings confirm or refute the dates: if a listing
//! brings new titles, and none of them has a date since the listing before, the dates are of no use. The news of
//! listings is counted in any case, so that enough is known if the dates turn out to be wrong. Of this news, only the
//! time between two listings is known.

use std::collections::BTreeMap;

use super::stamps::{DAYS, HALF_HOUR, HALF_HOURS, StampTally};
use super::week::{SLOTS, WeekRates, slot_of};
use crate::policy::zone::PanelZone;

/// The days after which something that was seen counts half.
pub const HALF_LIFE: f64 = 14.0;

const DAY: i64 = 86_400;

/// One, in millionths. Counts that fade are kept as integers, because facts are compared.
const ONE: f64 = 1e6;

/// The latest time of a listing that is possible, in unix seconds. It is in the year 5138.
const LATEST: i64 = 100_000_000_000;

/// The seconds into the future from which on facts were written while the clock was wrong.
const FUTURE: i64 = 3600;

/// The number of days with dates below which the dates of a first listing are not believed.
const DAYS_BELIEVED: usize = 5;

/// The number of listings against the dates after which the dates are dropped: one if no listing has spoken for them
/// yet, and otherwise two. Both bounds are lower than that, because the counts fade.
const FIRST_AGAINST: f64 = 0.9;
const LISTINGS_AGAINST: f64 = 1.7;

/// The dates stay if this many listings speak for them per listing that speaks against them.
const TOLD_PER_UNTOLD: f64 = 4.0;

/// The same number, for dates that were dropped and are to be believed again. Wrong dates often fit by chance.
const TOLD_AGAIN: f64 = 30.0;

/// The facts about the new titles of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// The time of the first listing by our clock, in unix seconds.
    since: i64,
    /// The time since which the dates of titles are known, in unix seconds.
    dated_since: i64,
    /// The half hours in which titles came, by their dates: for each day since 1970 (UTC), a bit per half hour.
    days: BTreeMap<i64, u64>,
    /// The number of listings whose news had dates that told when, and that of the others, in millionths. They fade.
    told: u32,
    untold: u32,
    /// Whether listings have spoken against the dates, and have not yet spoken for them again.
    refuted: bool,
    /// The news of listings by slots of the week, in millionths, as if there were no dates. The counts fade. Empty if
    /// there was no news.
    observed: Vec<u32>,
    /// The time for which the fading counts are given, in unix seconds.
    as_of: i64,
}

impl Arrivals {
    /// Returns the facts after a listing. `before` has the facts before it. Without news, nothing changes.
    #[must_use]
    pub fn after(before: Option<&Self>, listing: &StampTally, zone: PanelZone) -> Self {
        let now = listing.now();
        let before = before.filter(|before| !before.is_of_the_future(now));
        let Some((previous, before)) = listing.previous().zip(before) else {
            return Self::of_first(listing);
        };
        let previous = previous.max(now.saturating_sub(DAYS * DAY));
        // If a clock was set back, the time between the two listings is not known.
        if !listing.has_news() || previous >= now {
            return before.clone();
        }
        let mut after = before.clone();
        after.fade(now);
        after.spread(&WeekRates::observed(before, zone, previous), previous, now, zone);
        if listing.tells_when() {
            after.told = after.told.saturating_add(millionths(1.0));
            let latest_known = previous.div_euclid(HALF_HOUR);
            after.add(listing.half_hours().take_while(|half_hour| *half_hour >= latest_known));
        } else {
            after.untold = after.untold.saturating_add(millionths(1.0));
        }
        after.judge();
        after.forget(now);
        after
    }

    /// Returns the facts from the dates of a first listing. If there was a listing before, only the titles that are new
    /// in this one have told their dates.
    fn of_first(listing: &StampTally) -> Self {
        let now = listing.now();
        let earliest = now.saturating_sub(DAYS * DAY);
        let dated_since = listing.previous().map_or(earliest, |previous| previous.clamp(earliest, now));
        let mut first = Self { since: now, dated_since, as_of: now, ..Self::default() };
        first.add(listing.half_hours());
        first
    }

    fn add(&mut self, half_hours: impl Iterator<Item = i64>) {
        for half_hour in half_hours {
            *self.days.entry(half_hour.div_euclid(HALF_HOURS)).or_default() |= 1 << half_hour.rem_euclid(HALF_HOURS);
        }
    }

    /// Spreads news over the time between two listings, by the assumed rates. This is the expectation step of the EM
    /// algorithm for a Poisson process of which it is only known that something came.
    fn spread(&mut self, rates: &WeekRates, from: i64, to: i64, zone: PanelZone) {
        let mut shares: BTreeMap<usize, f64> = BTreeMap::new();
        let mut whole = 0.0;
        // Times that are more than some days ago make no difference to each other.
        let mut at = from.max(to - 8 * DAY);
        while at < to {
            let end = (at.div_euclid(HALF_HOUR) + 1) * HALF_HOUR;
            let part = crate::policy::ratio(end.min(to) - at, HALF_HOUR);
            let slot = slot_of(at, zone);
            let share = rates.of_slot(slot) * part;
            *shares.entry(slot).or_default() += share;
            whole += share;
            at = end;
        }
        if whole <= 0.0 {
            return;
        }
        let expected = whole / (1.0 - (-whole).exp());
        self.observed.resize(SLOTS, 0);
        for (slot, share) in shares {
            self.observed[slot] = self.observed[slot].saturating_add(millionths(expected * share / whole));
        }
    }

    /// Lets the counts fade up to a time.
    fn fade(&mut self, now: i64) {
        let kept = fading(now - self.as_of);
        for count in self.observed.iter_mut().chain([&mut self.told, &mut self.untold]) {
            *count = millionths(f64::from(*count) / ONE * kept);
        }
        self.as_of = now.max(self.as_of);
    }

    fn forget(&mut self, now: i64) {
        let first = now.div_euclid(DAY) - DAYS;
        self.days = self.days.split_off(&first);
    }

    /// Returns whether the dates are believed: there are dates of several days, and listings don't speak against them.
    pub fn believes_dates(&self) -> bool {
        !self.refuted && (self.days.len() >= DAYS_BELIEVED || f64::from(self.told) >= ONE)
    }

    /// Decides whether listings speak against the dates.
    fn judge(&mut self) {
        let (told, untold) = (f64::from(self.told) / ONE, f64::from(self.untold) / ONE);
        self.refuted = if self.refuted {
            told < untold * TOLD_AGAIN
        } else {
            let against = if self.told == 0 { FIRST_AGAINST } else { LISTINGS_AGAINST };
            untold >= against && told < untold * TOLD_PER_UNTOLD
        };
    }

    /// Returns the half hours with new titles by their dates, each with its weight at a time.
    pub(super) fn by_dates(&self, now: i64) -> impl Iterator<Item = (i64, f64)> + '_ {
        self.days.iter().flat_map(move |(day, bits)| {
            let weight = fading(now - (day * DAY + DAY / 2));
            (0..HALF_HOURS).filter(move |at| bits >> at & 1 == 1).map(move |at| (day * HALF_HOURS + at, weight))
        })
    }

    /// Returns the news that listings brought, by slots of the week, with their weight at a time.
    pub(super) fn by_listings(&self, now: i64) -> impl Iterator<Item = f64> + '_ {
        let kept = fading(now - self.as_of) / ONE;
        self.observed.iter().map(move |count| f64::from(*count) * kept)
    }

    /// Returns the time of the first listing by our clock, in unix seconds.
    pub(super) const fn since(&self) -> i64 {
        self.since
    }

    /// Returns the time since which the dates of titles are known, in unix seconds.
    pub(super) const fn dated_since(&self) -> i64 {
        self.dated_since
    }

    /// Returns whether the facts were written while the clock was ahead of now.
    pub(super) fn is_of_the_future(&self, now: i64) -> bool {
        self.since.max(self.dated_since).max(self.as_of) > now.saturating_add(FUTURE)
    }

    /// Returns whether nothing is known yet.
    pub fn is_blank(&self) -> bool {
        !self.believes_dates() && self.observed.is_empty()
    }

    /// Returns the value as text, for a row of facts.
    pub(crate) fn text(&self) -> String {
        let days: Vec<_> = self.days.iter().map(|(day, bits)| format!("{day}:{bits:x}")).collect();
        let observed: Vec<_> = self.observed.iter().map(ToString::to_string).collect();
        let Self { since, dated_since, told, untold, as_of, .. } = self;
        let refuted = u8::from(self.refuted);
        format!("{since} {dated_since} {as_of} {told} {untold} {refuted} d{} l{}", days.join(","), observed.join(","))
    }

    /// Reads the text of [`Self::text`]. Returns `None` if the text can't be read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse().ok();
        let mut time = || number().filter(|time: &i64| (-LATEST..LATEST).contains(time));
        let (since, dated_since, as_of) = (time()?, time()?, time()?);
        let told = u32::try_from(number()?).ok()?;
        let untold = u32::try_from(number()?).ok()?;
        let refuted = number()? != 0;
        let days = words.next()?.strip_prefix('d')?;
        let observed = words.next()?.strip_prefix('l')?;
        let day = |day: &str| -> Option<(i64, u64)> {
            let (day, bits) = day.split_once(':')?;
            let day = day.parse().ok().filter(|day| (0..LATEST / DAY).contains(day))?;
            Some((day, u64::from_str_radix(bits, 16).ok()?))
        };
        let days = days.split(',').filter(|day| !day.is_empty()).map(day).collect::<Option<_>>()?;
        let observed: Option<Vec<u32>> =
            observed.split(',').filter(|count| !count.is_empty()).map(|count| count.parse().ok()).collect();
        let observed = observed.filter(|counts| counts.is_empty() || counts.len() == SLOTS)?;
        Some(Self { since, dated_since, days, told, untold, refuted, observed, as_of })
    }
}

/// Returns the weight of something that was seen so many seconds ago.
pub(super) fn fading(seconds: i64) -> f64 {
    (-crate::policy::ratio(seconds.max(0), DAY) / HALF_LIFE).exp2()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is small and not negative")]
fn millionths(number: f64) -> u32 {
    (number * ONE).round().clamp(0.0, 4e9) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_007;

    fn listing(now: i64, previous: Option<i64>, stamps: &[i64]) -> StampTally {
        let mut tally = StampTally::new(now, previous, 0);
        for stamp in stamps {
            tally.note(Some(*stamp), true);
        }
        tally
    }

    fn nightly() -> Arrivals {
        let stamps: Vec<_> = (1..30).map(|day| NOW - day * DAY).collect();
        Arrivals::after(None, &listing(NOW, None, &stamps), PanelZone::UTC)
    }

    #[test]
    fn the_first_listing_tells_when_titles_came() {
        let known = nightly();
        assert!(known.believes_dates());
        assert_eq!(known.by_dates(NOW).count(), 29);
        let (_, newest) = known.by_dates(NOW).last().unwrap();
        assert!((0.9..1.0).contains(&newest));
        let few = Arrivals::after(None, &listing(NOW, None, &[NOW - DAY, NOW - 2 * DAY]), PanelZone::UTC);
        assert!(!few.believes_dates() && few.is_blank(), "two days are no pattern");
    }

    #[test]
    fn nothing_new_changes_nothing() {
        let known = nightly();
        let same = Arrivals::after(Some(&known), &listing(NOW + DAY, Some(NOW), &[]), PanelZone::UTC);
        assert_eq!(same, known);
    }

    /// Lists once a day, with one new title whose date is so many seconds before the listing.
    fn listed_daily(mut known: Arrivals, days: std::ops::RangeInclusive<i64>, age: i64) -> Arrivals {
        for day in days {
            let (now, previous) = (NOW + day * DAY, NOW + (day - 1) * DAY);
            known = Arrivals::after(Some(&known), &listing(now, Some(previous), &[now - age]), PanelZone::UTC);
        }
        known
    }

    #[test]
    fn dates_that_do_not_fit_are_dropped_for_long() {
        let unconfirmed = listed_daily(nightly(), 1..=1, 2 * DAY);
        assert!(!unconfirmed.believes_dates(), "nothing has spoken for them yet");
        let confirmed = listed_daily(listed_daily(nightly(), -2..=0, 7200), 1..=1, 2 * DAY);
        assert!(confirmed.believes_dates(), "once is no evidence against dates that have fitted");
        let twice = listed_daily(unconfirmed, 2..=2, 2 * DAY);
        let news: f64 = twice.by_listings(NOW + 2 * DAY).sum();
        assert!((1.5..3.5).contains(&news), "{news}");
        let later = listed_daily(twice, 3..=20, 7200);
        assert!(!later.believes_dates(), "dates that are wrong fit by chance as well");
        assert!(listed_daily(later, 21..=60, 7200).believes_dates());
    }

    #[test]
    fn dates_that_fit_mostly_are_believed() {
        let mut known = nightly();
        for week in 0..8 {
            known = listed_daily(known, week * 10 + 1..=week * 10 + 9, 7200);
            known = listed_daily(known, week * 10 + 10..=week * 10 + 10, 2 * DAY);
            assert!(week > 0 || known.believes_dates());
        }
        let (told, untold) = (known.told, known.untold);
        assert!(told > 5 * untold, "{told} {untold}");
    }

    #[test]
    fn old_days_are_forgotten_and_counts_fade() {
        let known = nightly();
        let much_later = NOW + 100 * DAY;
        let later = Arrivals::after(
            Some(&known),
            &listing(much_later, Some(much_later - DAY), &[much_later - 9000]),
            PanelZone::UTC,
        );
        assert_eq!(later.days.len(), 1);
        assert!((fading(14 * DAY) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn facts_from_a_clock_ahead_are_forgotten() {
        let known = nightly();
        let before = NOW - 365 * DAY;
        let stamps: Vec<_> = (1..30).map(|day| before - day * DAY).collect();
        let anew = Arrivals::after(Some(&known), &listing(before, Some(before - DAY), &stamps), PanelZone::UTC);
        assert_eq!(anew.since(), before);
        let rates = WeekRates::of(Some(&known), PanelZone::UTC, before);
        assert_eq!(rates, WeekRates::of(None, PanelZone::UTC, before), "nothing is known");
        for previous in [i64::MIN, 0, i64::MAX] {
            let _ = Arrivals::after(Some(&known), &listing(NOW, Some(previous), &[NOW - 60]), PanelZone::UTC);
        }
    }

    #[test]
    fn a_row_of_facts_keeps_everything() {
        let mut known = nightly();
        known.observed = vec![7; SLOTS];
        (known.told, known.refuted) = (1500, true);
        assert_eq!(Arrivals::read(&known.text()), Some(known.clone()));
        assert_eq!(Arrivals::read(&Arrivals::default().text()), Some(Arrivals::default()));
        for text in [
            "",
            "1 2 3",
            "1 1 2 3 4 0 d l1",
            "1 1 2 3 -4 0 d l",
            "1 1 2 3 4 0 d5 l",
            "1 1 2 3 4 0 d5:x l",
            "0 0 -9223372036854775808 0 0 0 d l",
            "0 0 0 1 0 0 d9223372036854775807:1 l",
            "0 0 0 1 0 0 d-1:1 l",
        ] {
            assert_eq!(Arrivals::read(text), None, "{text}");
        }
    }
}
