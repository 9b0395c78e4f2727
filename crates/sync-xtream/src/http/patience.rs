//! How long the source waits for the rest of an answer.
//!
//! There are limits for silence, for a trickle, and for the time of an answer as a whole. A whole listing whose size is
//! known from the last time may be slow for as long as it can meet its deadline ([`Transfer`]). It has only two limits:
//! for silence, and for the time that the receiver takes. If it grows to more than twice that size, its size counts as
//! unknown, and all limits apply, because it may have no end. Pauses for a rate limit of our own count for no limit.

use std::time::Duration;

use sync_core::SourceError;
use sync_core::rate::{Transfer, Verdict};

use super::failure::Failure;
use super::limits::FOREVER;
use super::throughput::Throughput;

/// The bytes by which a short listing may exceed twice its size.
const SLACK: u64 = 64 << 10;

/// The limits of an answer on its way. Times count from the start of the request.
#[derive(Debug)]
pub(crate) struct Patience {
    throughput: Throughput,
    /// The limits of a trickle, for a listing that turns out to have no known size.
    trickle: (Duration, u32),
    total: Duration,
    /// The time that was spent in pauses for a rate limit of our own.
    paused: Duration,
    /// The time that was spent waiting for the panel.
    waited: Duration,
    /// The part of it that [`Throughput`] doesn't know yet.
    unnoted: Duration,
    /// The part of it from the first byte of the body on.
    streamed: Duration,
    wire_bytes: u64,
    transfer: Option<Transfer>,
    /// Whether the latest limit was that of the answer as a whole.
    by_total: bool,
}

impl Patience {
    /// Returns the limits of an answer that began after the time `began`. `transfer` is given for a whole listing of
    /// known size.
    pub(crate) fn new(
        idle: Duration,
        least_per_second: u32,
        total: Duration,
        began: Duration,
        transfer: Option<Transfer>,
    ) -> Self {
        let least = if transfer.is_some() { 0 } else { least_per_second };
        Self {
            throughput: Throughput::new(idle, least),
            trickle: (idle, least_per_second),
            total,
            paused: Duration::ZERO,
            waited: began,
            unnoted: Duration::ZERO,
            streamed: Duration::ZERO,
            wire_bytes: 0,
            transfer,
            by_total: false,
        }
    }

    /// Returns the time for which the panel may be waited for now.
    ///
    /// # Errors
    ///
    /// The time of the answer as a whole is over.
    pub(crate) fn limit(&mut self, now: Duration) -> Result<Duration, Failure> {
        let left = self.left(now)?;
        self.throughput.waited(std::mem::take(&mut self.unnoted));
        let patience = self.throughput.patience().min(FOREVER);
        self.by_total = self.transfer.is_none() && left <= patience;
        Ok(if self.by_total { left } else { patience })
    }

    /// Returns the time that is left for the answer as a whole.
    pub(crate) fn left(&self, now: Duration) -> Result<Duration, Failure> {
        // For a listing of known size, the time of waiting for the panel doesn't count. The time that the receiver
        // takes has a limit nevertheless.
        let panels = if self.transfer.is_some() { self.waited } else { Duration::ZERO };
        let left = self.total.min(FOREVER).saturating_sub(now.saturating_sub(self.paused + panels));
        if left.is_zero() { Err(self.overdue()) } else { Ok(left) }
    }

    /// Counts time that was spent waiting for the panel.
    pub(crate) fn waited(&mut self, time: Duration) {
        self.waited += time;
        self.unnoted += time;
        if self.wire_bytes > 0 {
            self.streamed += time;
        }
    }

    /// Counts a pause for a rate limit of our own.
    pub(crate) fn paused(&mut self, time: Duration) {
        self.paused += time;
    }

    /// Counts bytes that have come, and judges whether the listing can meet its deadline.
    pub(crate) fn came(&mut self, wire_bytes: u64) -> Result<(), Failure> {
        self.wire_bytes = self.wire_bytes.saturating_add(wire_bytes);
        let Some(transfer) = &mut self.transfer else { return Ok(()) };
        if self.wire_bytes > transfer.size().saturating_mul(2).saturating_add(SLACK) {
            self.transfer = None;
            let (idle, least_per_second) = self.trickle;
            self.throughput = Throughput::new(idle, least_per_second);
            return Ok(());
        }
        match transfer.came(wire_bytes, self.streamed) {
            Verdict::GoOn => Ok(()),
            Verdict::TooSlow => {
                let message = complaint(transfer, self.streamed);
                Err(Failure::Permanent(SourceError::TooSlow { message }))
            }
        }
    }

    /// Counts bytes after decompression.
    pub(crate) fn inflated(&mut self, bytes: u64) {
        self.throughput.came(bytes);
    }

    /// Returns the failure for the end of the latest limit.
    pub(crate) fn late(&mut self) -> Failure {
        self.throughput.waited(std::mem::take(&mut self.unnoted));
        if self.by_total { self.overdue() } else { Failure::slow(self.throughput.complaint(), true) }
    }

    /// Returns the bytes that have come.
    pub(crate) fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    /// Returns the time that the panel took for the body, from its first byte on.
    pub(crate) fn streamed(&self) -> Duration {
        self.streamed
    }

    /// Returns the failure for the end of the time limit. A smaller request helps if most of the time was spent waiting
    /// for the panel.
    fn overdue(&self) -> Failure {
        let words = format!("the answer was not over within {:?}", self.total);
        if self.transfer.is_none() && self.waited >= self.total / 2 {
            Failure::slow(words, true)
        } else {
            Failure::slow(format!("{words}, and most of that time was not the panel's"), false)
        }
    }
}

/// Returns the message for a listing that was stopped.
fn complaint(transfer: &Transfer, at: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    format!(
        "{:.1} kB/s over the last minute; {:.1} of about {:.1} MB came within {} s, and the whole has to come within {} s",
        transfer.rate(at) / 1e3,
        megabytes(transfer.got()),
        megabytes(transfer.size()),
        at.as_secs(),
        transfer.deadline().as_secs(),
    )
}

#[cfg(test)]
mod links;

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(30);
    const TOTAL: Duration = Duration::from_secs(1200);
    const DEADLINE: Duration = Duration::from_secs(1800);

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn patience(size: Option<u64>) -> Patience {
        Patience::new(IDLE, 64, TOTAL, seconds(5), size.map(|size| Transfer::new(size, DEADLINE)))
    }

    /// Receives bytes every `every` seconds, until a limit is reached. Returns that second and the failure.
    fn receive(mut patience: Patience, bytes: u64, every: u64, pause: u64) -> (u64, Failure) {
        let mut now = 5;
        loop {
            let limit = match patience.limit(seconds(now)) {
                Ok(limit) => limit,
                Err(failure) => return (now, failure),
            };
            let wait = seconds(every).min(limit);
            patience.waited(wait);
            now += wait.as_secs();
            if wait < seconds(every) {
                return (now, patience.late());
            }
            if let Err(failure) = patience.came(bytes) {
                return (now, failure);
            }
            patience.inflated(bytes);
            patience.paused(seconds(pause));
            now += pause;
        }
    }

    #[test]
    fn a_listing_of_unknown_size_has_the_limits_of_every_answer() {
        for (bytes, every, at, words) in [
            (100_000, 1, 1200, "the answer was not over within 1200s"),
            (1, 1, 35, "only 30 bytes came within 30s"),
            (100_000, 31, 35, "nothing came for 30s"),
        ] {
            let (ended, failure) = receive(patience(None), bytes, every, 0);
            assert_eq!(ended, at, "{failure:?}");
            assert!(failure.message().starts_with(words) && failure.is_transient(), "{failure:?}");
        }
    }

    #[test]
    fn a_listing_of_known_size_may_be_slow_and_must_not_be_silent() {
        // The listing could come within 30 minutes, which is longer than the limit of other answers.
        let (ended, failure) = receive(patience(Some(3_500_000)), 2_000, 1, 0);
        assert!((1800..1900).contains(&ended), "a fiftieth may always be missing: {ended}");
        assert!(matches!(&failure, Failure::Permanent(SourceError::TooSlow { .. })), "{failure:?}");
        let (ended, failure) = receive(patience(Some(25_000_000)), 8_000, 1, 0);
        let Failure::Permanent(error @ SourceError::TooSlow { .. }) = failure else { panic!("{failure:?}") };
        assert_eq!(ended, 126, "two minutes after the first byte");
        assert_eq!(
            error.to_string(),
            "the listing comes too slowly: 8.0 kB/s over the last minute; 1.0 of about 25.0 MB came within 120 s, and the \
             whole has to come within 1800 s"
        );
        let (ended, failure) = receive(patience(Some(25_000_000)), 100_000, 31, 0);
        assert_eq!(ended, 35);
        assert!(failure.message().starts_with("nothing came for 30s") && failure.is_transient(), "{failure:?}");
    }

    #[test]
    fn a_listing_without_an_end_has_no_known_size() {
        let (ended, failure) = receive(patience(Some(1_000_000)), 100_000, 1, 0);
        assert_eq!(ended, 1200, "{failure:?}");
        assert!(failure.message().starts_with("the answer was not over within 1200s"), "{failure:?}");
    }

    /// A rate limit of our own reduces a fast link to 10 kB/s. The panel is not too slow.
    #[test]
    fn pauses_of_our_own_count_for_no_limit() {
        for size in [None, Some(2_500_000)] {
            let mut patience = patience(size);
            let mut now = seconds(5);
            for _ in 0..250 {
                patience.limit(now).unwrap();
                patience.waited(Duration::from_millis(1));
                patience.came(10_000).unwrap();
                patience.inflated(10_000);
                patience.paused(seconds(60));
                now += seconds(60) + Duration::from_millis(1);
            }
        }
    }

    /// A receiver that takes no bytes doesn't make the panel slow. Its time has the limit of every answer.
    #[test]
    fn the_time_of_a_receiver_is_not_the_panels() {
        let mut patience = patience(Some(250_000_000));
        let mut now = seconds(5);
        let failure = loop {
            if let Err(failure) = patience.limit(now) {
                break failure;
            }
            patience.waited(Duration::from_millis(1));
            patience.came(10_000).unwrap();
            patience.inflated(10_000);
            now += seconds(10);
        };
        assert!((1200..1220).contains(&now.as_secs()), "{now:?}");
        assert!(failure.message().ends_with("was not the panel's"), "{failure:?}");
    }
}
