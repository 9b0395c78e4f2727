//! The pauses of the service after failures.
//!
//! The pause doubles with each failure in a row, and a part of it is random, so that many installations don't come back
//! to a panel at the same moment. Panels ban accounts that keep asking.

use xxhash_rust::xxh3::xxh3_64;

use crate::model::ProfileId;

/// The first pause of a schedule with a long interval, in seconds.
const FIRST: i64 = 300;

/// The longest pause, in seconds.
pub const LONGEST_PAUSE: i64 = 6 * 3600;

/// The seconds between two questions to an account that has ended.
pub const ENDED_PAUSE: i64 = 86_400;

/// The longest random part of an interval, in seconds.
pub(super) const LONGEST_JITTER: i64 = 900;

/// Returns the pause after this many failures in a row, in seconds: 5, 10, 20 … minutes, at most six hours. A schedule
/// with a shorter interval begins with that interval. Up to a quarter is added, and it depends on the seed only.
pub fn after_failures(failures: u32, interval: i64, seed: u64) -> i64 {
    let Some(doublings) = failures.checked_sub(1) else { return 0 };
    let pause = (FIRST.min(interval.max(1)) << doublings.min(16)).min(LONGEST_PAUSE);
    pause + part(seed, pause / 4)
}

/// Returns the random part that is added to an interval, in seconds: up to a tenth of it, and at most a quarter of an
/// hour. It depends only on the seed, so that a status shows the same time as the service uses, and a restart changes
/// nothing.
pub fn jitter(interval: i64, seed: u64) -> i64 {
    part(seed, most_jitter(interval))
}

/// Returns the most that [`jitter`] adds to an interval, in seconds.
pub fn most_jitter(interval: i64) -> i64 {
    (interval / 10).min(LONGEST_JITTER)
}

/// Returns the seed for a profile that was last synced, or has last failed, at this time.
pub fn seed(profile: &ProfileId, last: i64) -> u64 {
    let mut bytes = last.to_le_bytes().to_vec();
    bytes.extend_from_slice(profile.as_str().as_bytes());
    xxh3_64(&bytes)
}

/// Returns a number from 0 to `most` that depends on the seed.
pub(super) fn part(seed: u64, most: i64) -> i64 {
    let choices = u64::try_from(most.max(0)).unwrap_or_default().saturating_add(1);
    i64::try_from(seed % choices).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_six_hours() {
        let minutes: Vec<_> = (0..12).map(|failures| after_failures(failures, 86_400, 0) / 60).collect();
        assert_eq!(minutes, [0, 5, 10, 20, 40, 80, 160, 320, 360, 360, 360, 360]);
        assert_eq!(after_failures(u32::MAX, 86_400, 0), LONGEST_PAUSE);
        let short: Vec<_> = (1..6).map(|failures| after_failures(failures, 2, 0)).collect();
        assert_eq!(short, [2, 4, 8, 16, 32]);
        assert_eq!(after_failures(1, 0, 0), 1, "there is always a pause");
    }

    #[test]
    fn the_random_part_is_bounded_and_spread() {
        let home = ProfileId::new("home").unwrap();
        let (mut pauses, mut jitters) = (Vec::new(), Vec::new());
        for last in 0..2000 {
            pauses.push(after_failures(2, 86_400, seed(&home, last)));
            jitters.push(jitter(86_400, seed(&home, last)));
        }
        assert!(pauses.iter().all(|pause| (600..=750).contains(pause)));
        assert!(jitters.iter().all(|jitter| (0..=900).contains(jitter)));
        for (found, least, most) in [(&pauses, 610, 740), (&jitters, 30, 870)] {
            assert!(found.iter().any(|it| *it < least) && found.iter().any(|it| *it > most), "spread");
        }
        assert_eq!((jitter(5, 7), jitter(0, 7), jitter(-1, 7)), (0, 0, 0));
        assert_ne!(seed(&home, 1), seed(&ProfileId::new("away").unwrap(), 1));
    }
}
