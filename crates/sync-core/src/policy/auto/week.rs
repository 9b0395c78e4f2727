//! The rate of new titles by the time of the week: half hours of weekdays and of weekends, in the panel's time zone.

use super::arrivals::{Arrivals, fading};
use super::stamps::{HALF_HOUR, HALF_HOURS};
use crate::policy::zone::PanelZone;
use chrono::{Datelike, Timelike, Weekday};

/// The slots: the half hours of a weekday, and those of a day at the weekend.
pub const SLOTS: usize = 96;

const OF_DAY: usize = 48;

const DAY: i64 = 86_400;

/// The number of days after which everything has faded.
const OLDEST_DAYS: i64 = 240;

/// The changes per day that are assumed for an unknown panel. The assumption has the weight of one day.
const ASSUMED: f64 = 0.5;

/// The weight of the pattern of all days beside the pattern of weekdays or of weekends, in days. A few days don't make
/// a pattern of their own.
const POOLED_DAYS: f64 = 4.0;

/// The share of an even rate in the observations of listings. Listings show the time of news only roughly. Without this
/// share, looks that follow a wrong pattern would seem to confirm it.
const EVEN_SHARE: f64 = 0.25;

/// The weights of the half hours around one, for smoothing. They reach one hour far.
const KERNEL: [f64; 5] = [1.0, 2.0, 3.0, 2.0, 1.0];

/// The greatest share of days with news. A share of one would be an infinite rate.
const MOST: f64 = 0.95;

/// Rates of new titles, in arrivals per half hour.
#[derive(Debug, Clone, PartialEq)]
pub struct WeekRates([f64; SLOTS]);

impl WeekRates {
    /// Returns the rates that follow from the facts at a time: from the dates of titles if the dates are believed, and
    /// otherwise from the news of listings.
    pub fn of(known: Option<&Arrivals>, zone: PanelZone, now: i64) -> Self {
        match known.filter(|known| !known.is_of_the_future(now)) {
            Some(known) if known.believes_dates() => {
                let mut counts = [0.0; SLOTS];
                for (half_hour, weight) in known.by_dates(now) {
                    counts[slot_of(half_hour * HALF_HOUR, zone)] += weight;
                }
                let shares = Self::of_counts(&counts, known.dated_since(), zone, now);
                // A half hour counts once, however many titles came in it. The formula gives the rate at which such a
                // share of half hours has at least one arrival.
                Self(shares.0.map(|share| -(1.0 - share.min(MOST)).ln()))
            }
            Some(known) => Self::observed(known, zone, now),
            None => Self(rates(&[0.0; SLOTS], [0.0; 2])),
        }
    }

    /// Returns the rates that follow from the news of listings, without any dates.
    pub(super) fn observed(known: &Arrivals, zone: PanelZone, now: i64) -> Self {
        let mut counts = [0.0; SLOTS];
        counts.iter_mut().zip(known.by_listings(now)).for_each(|(count, found)| *count = found);
        let Self(rates) = Self::of_counts(&counts, known.since(), zone, now);
        let mean = rates.iter().sum::<f64>() / crate::policy::ratio(2 * HALF_HOURS, 1);
        Self(rates.map(|rate| EVEN_SHARE * mean + (1.0 - EVEN_SHARE) * rate))
    }

    /// Returns the rates for counts since a time. Counts and days fade alike.
    fn of_counts(counts: &[f64; SLOTS], since: i64, zone: PanelZone, now: i64) -> Self {
        let mut days = [0.0; 2];
        // Older days have faded.
        let mut at = since.max(now - OLDEST_DAYS * DAY);
        while at < now {
            let part = crate::policy::ratio(DAY.min(now - at), DAY);
            days[slot_of(at, zone) / OF_DAY] += fading(now - at) * part;
            at += DAY;
        }
        Self(rates(&smoothed(counts), days))
    }

    /// Returns the rate of a slot, in arrivals per half hour.
    pub fn of_slot(&self, slot: usize) -> f64 {
        self.0[slot]
    }

    /// Returns the mean number of arrivals in a day.
    pub fn per_day(&self) -> f64 {
        let (weekday, weekend) = self.0.split_at(OF_DAY);
        (weekday.iter().sum::<f64>() * 5.0 + weekend.iter().sum::<f64>() * 2.0) / 7.0
    }
}

/// Returns the slot of the week of a time, in the panel's zone.
pub fn slot_of(at: i64, zone: PanelZone) -> usize {
    let local = zone.local_time(at);
    let half_hour = local.hour() as usize * 2 + usize::from(local.minute() >= 30);
    let weekend = matches!(local.weekday(), Weekday::Sat | Weekday::Sun);
    if weekend { OF_DAY + half_hour } else { half_hour }
}

/// Smooths the counts over the half hours of their kind of day.
fn smoothed(counts: &[f64; SLOTS]) -> [f64; SLOTS] {
    let whole: f64 = KERNEL.iter().sum();
    std::array::from_fn(|slot| {
        let (first, at) = (slot / OF_DAY * OF_DAY, slot % OF_DAY);
        let near = |offset: usize| counts[first + (at + OF_DAY + offset - KERNEL.len() / 2) % OF_DAY];
        KERNEL.iter().enumerate().map(|(offset, weight)| near(offset) * weight).sum::<f64>() / whole
    })
}

/// Returns the rates for these counts over so many weekdays and days at weekends.
fn rates(counts: &[f64; SLOTS], days: [f64; 2]) -> [f64; SLOTS] {
    let assumed = ASSUMED / crate::policy::ratio(HALF_HOURS, 1);
    std::array::from_fn(|slot| {
        let at = slot % OF_DAY;
        let pooled = (counts[at] + counts[OF_DAY + at] + assumed) / (days[0] + days[1] + 1.0);
        let own_days = days[slot / OF_DAY];
        (counts[slot] + POOLED_DAYS * pooled) / (own_days + POOLED_DAYS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::auto::stamps::StampTally;

    /// 2026-01-05 00:00 UTC, a Monday.
    const MONDAY: i64 = 1_767_571_200;

    fn known(stamps: impl Iterator<Item = i64>) -> Arrivals {
        let mut tally = StampTally::new(MONDAY, None, 0);
        stamps.for_each(|stamp| tally.note(Some(stamp), true));
        Arrivals::after(None, &tally, PanelZone::UTC)
    }

    #[test]
    fn slots_are_half_hours_of_weekdays_and_weekends_in_the_panels_zone() {
        let berlin = PanelZone::named("Europe/Berlin".parse().unwrap());
        for (at, zone, slot) in [
            (0, PanelZone::UTC, 0),
            (1799, PanelZone::UTC, 0),
            (1800, PanelZone::UTC, 1),
            (5 * DAY, PanelZone::UTC, 48),
            (5 * DAY - 3600, berlin, 48),
            (-3600, berlin, 0),
            (7 * DAY - 1800, PanelZone::UTC, 95),
            (-3600, PanelZone::ahead(5400), 1),
        ] {
            assert_eq!(slot_of(MONDAY + at, zone), slot, "{at}");
        }
    }

    #[test]
    fn without_knowledge_half_a_change_a_day_is_assumed() {
        let rates = WeekRates::of(None, PanelZone::UTC, MONDAY);
        assert!((rates.per_day() - ASSUMED).abs() < 0.01, "{}", rates.per_day());
        assert!((rates.of_slot(0) - rates.of_slot(95)).abs() < 1e-12);
    }

    #[test]
    fn a_nightly_batch_is_a_peak_at_its_hour() {
        let rates = WeekRates::of(Some(&known((1..60).map(|day| MONDAY - day * DAY + 9007))), PanelZone::UTC, MONDAY);
        let peak = (0..OF_DAY).max_by(|a, b| rates.of_slot(*a).total_cmp(&rates.of_slot(*b)));
        assert_eq!(peak, Some(5));
        assert!((0.9..1.3).contains(&rates.per_day()), "{}", rates.per_day());
        assert!(rates.of_slot(30) < 0.01);
    }

    #[test]
    fn weekends_differ_if_enough_of_them_were_seen() {
        let weekdays = (1..60).filter(|day| (7 - day % 7) % 7 < 5).map(|day| MONDAY - day * DAY + 9007);
        let rates = WeekRates::of(Some(&known(weekdays)), PanelZone::UTC, MONDAY);
        assert!(rates.of_slot(5) > 2.0 * rates.of_slot(OF_DAY + 5), "{} {}", rates.of_slot(5), rates.of_slot(53));
    }
}
