//! The pace of an account: requests per second by additive increase and multiplicative decrease.
//!
//! The rate grows while requests wait for it and are answered. It falls when the panel refuses a request, or answers
//! later than usual. A refused rate is not tried again for a day. The state of an account outlives a run
//! ([`AccountPace`]). `docs/policies/pace.md` has the rule, its sources and its results.

use std::collections::VecDeque;
use std::time::Duration;

use super::latency::UsualLatency;

/// The rate of an unknown account, in requests per second.
const START: f64 = 1.0;

/// The least rate: one request per minute.
const LEAST: f64 = 1.0 / 60.0;

/// The least rate to which late answers lower the rate. Only refusals lower it further.
const LEAST_FOR_LATENESS: f64 = 0.2;

/// The part of the stored rate with which a run begins.
const AGAIN: f64 = 0.8;

/// The increase of the rate by a second of answers, while no refusal is known, and afterwards.
const FAST_STEP: f64 = 1.0;
const STEP: f64 = 0.1;

/// The greatest factor by which one answer raises the rate.
const GROWTH: f64 = 1.5;

/// The part of the rate that is left after a refusal.
const AFTER_REFUSAL: f64 = 0.5;

/// The part of a refused rate that is the upper bound for a day.
const BELOW_REFUSED: f64 = 0.9;

/// The rate, in requests per second, below which only a 429 lowers the rate. If a panel forbids something, is
/// overloaded or breaks a connection below this rate, it does so whenever it is asked. Without this bound, one list
/// that is always forbidden would make an account slower with each run.
const BLAMELESS: f64 = 0.5;

/// The part of the rate that is left after a late answer.
const AFTER_LATE: f64 = 0.9;

/// The time for which a refused rate is kept, in seconds.
pub const REFUSAL_REMEMBERED: i64 = 86_400;

/// The hold after a refusal, as a multiple of the wait before a second attempt, and its greatest value. It is 5 s by
/// default, and doubles with each further refusal in a row.
const HOLD: u32 = 5;
const HOLD_FIRST_MAX: Duration = Duration::from_secs(5);

/// The longest hold that the panel hasn't asked for.
const HOLD_MAX: Duration = Duration::from_secs(300);

/// The longest hold at all. A longer one in the store was written while the clock was wrong.
const HOLD_ASKED_MAX: Duration = Duration::from_secs(3600);

/// The number of requests whose times are kept.
const TIMES: usize = 16;

const DAY: i64 = 86_400;

/// The time by both clocks: the time of day in unix seconds, and the monotonic time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The time of day. It may jump.
    pub wall: i64,
    /// The time since a fixed moment.
    pub monotonic: Duration,
}

/// The pace of an account as it is stored. Times of day are in unix seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AccountPace {
    /// The rate that the account accepted last, in requests per second.
    pub rate: f64,
    /// The time until which the panel has to be left alone.
    pub held_until: Option<i64>,
    /// The time at which the panel last refused a request because there were too many.
    pub refused_at: Option<i64>,
    /// The rate that was refused; `None` if the refusal is not about a rate.
    pub refused_rate: Option<f64>,
    /// The number of requests on the day of `used_at`, by UTC.
    pub requests: u64,
    /// The time at which the account was last asked.
    pub used_at: i64,
}

impl AccountPace {
    /// Returns the pace of an account that was never asked.
    pub const fn new(now: i64) -> Self {
        Self { rate: START, held_until: None, refused_at: None, refused_rate: None, requests: 0, used_at: now }
    }

    /// Returns the number of requests on the UTC day of this time.
    pub const fn requests_on(&self, now: i64) -> u64 {
        if self.used_at.div_euclid(DAY) == now.div_euclid(DAY) { self.requests } else { 0 }
    }

    /// Returns whether a refusal still lowers the pace.
    pub fn is_reduced(&self, now: i64) -> bool {
        self.refused_at.is_some_and(|at| now.saturating_sub(at) < REFUSAL_REMEMBERED)
    }

    /// Returns the time until which the panel has to be left alone, if it is later than now. A hold that is longer than
    /// the longest possible one was written while the clock was wrong, and doesn't count.
    pub fn held(&self, now: i64) -> Option<i64> {
        // Stored times of day are rounded up by a second.
        let longest = now.saturating_add(seconds(HOLD_ASKED_MAX)).saturating_add(2);
        self.held_until.filter(|until| *until > now && *until <= longest)
    }

    /// Returns a pace that respects both. An account that is reached at several hosts may have several paces.
    #[must_use]
    pub fn more_careful(self, other: Self) -> Self {
        let later = if self.used_at >= other.used_at { self } else { other };
        let requests = self.requests_on(later.used_at).max(other.requests_on(later.used_at));
        let refused = match (self.refused_at.max(other.refused_at), self.refused_rate, other.refused_rate) {
            (at, Some(one), Some(two)) => (at, Some(one.min(two))),
            (at, one, two) => (at, one.or(two)),
        };
        Self {
            rate: self.rate.min(other.rate),
            held_until: self.held_until.max(other.held_until),
            refused_at: refused.0,
            refused_rate: refused.1,
            requests,
            used_at: later.used_at,
        }
    }
}

/// The way in which a panel refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It says that there are too many requests (429).
    TooMany,
    /// It answers that it can't serve the request (503), or closes the connection. This may be an outage.
    Overloaded,
    /// It forbids the request (403). This may be about the content of the request.
    Forbidden,
}

/// The reason why a request may not be sent yet, and the time at which it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotYet {
    /// The time at which it may be sent, by the monotonic clock.
    pub at: Duration,
    /// The reason.
    pub why: Hold,
}

/// What holds a request back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The rate.
    Rate,
    /// The panel has refused a request.
    Refusal,
    /// The panel has asked for a pause.
    Asked,
}

/// The pace of an account while it is asked.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and none excludes another")]
pub struct Pace {
    /// The greatest number of requests per second, by the settings.
    cap: f64,
    /// The wait before a second attempt, by the settings.
    backoff: Duration,
    rate: f64,
    /// The rate that is not exceeded, and the time until which this holds.
    ceiling: Option<(f64, Duration)>,
    /// The time until which there are no bursts, because a refusal is known.
    reduced_until: Option<Duration>,
    tokens: f64,
    /// The time up to which tokens were counted.
    counted: Duration,
    held: Option<(Duration, Hold)>,
    /// Whether the next request has to wait for the rate, and whether the last one has waited.
    waits: bool,
    waited: bool,
    /// The times of the last requests since the last refusal or rest.
    times: VecDeque<Duration>,
    /// Whether an answer came since the start.
    answered: bool,
    refusals_in_a_row: u32,
    latency: UsualLatency,
    /// Whether the rate was lowered, and whether a request was sent, since the start.
    lowered: bool,
    used: bool,
    kept: AccountPace,
}

impl Pace {
    /// Returns the pace at the beginning of a run, from the stored pace of the account.
    pub fn at_start(remembered: Option<&AccountPace>, now: Now) -> Self {
        let mut kept = remembered.copied().unwrap_or(AccountPace::new(now.wall));
        // These values may have been written while the clock was wrong: a hold is dropped, and a refusal counts from
        // now, once.
        kept.held_until = kept.held(now.wall);
        kept.refused_at = kept.refused_at.map(|at| at.min(now.wall));
        let refused_for = kept.refused_at.map(|at| now.wall.saturating_sub(at));
        let left = refused_for.and_then(|past| REFUSAL_REMEMBERED.checked_sub(past)).filter(|left| *left > 0);
        let reduced_until = left.map(|left| now.monotonic + duration(left));
        let ceiling = kept.refused_rate.zip(reduced_until).map(|(rate, until)| (rate * BELOW_REFUSED, until));
        let held = kept.held(now.wall).map(|until| (now.monotonic + duration(until - now.wall), Hold::Refusal));
        let remembered_rate = if kept.rate.is_finite() { kept.rate.max(LEAST) } else { START };
        let rate = remembered_rate * AGAIN;
        let mut pace = Self {
            cap: f64::INFINITY,
            backoff: Duration::from_secs(1),
            rate: if reduced_until.is_some() { rate } else { rate.max(START) },
            ceiling,
            reduced_until,
            // Without a refusal, each run begins with a burst. With a refusal, it begins with a wait, because the run
            // before may have been killed just after its last request, or may keep no times.
            tokens: if reduced_until.is_some() { 0.0 } else { f64::INFINITY },
            counted: now.monotonic,
            held,
            waits: false,
            waited: false,
            times: VecDeque::new(),
            answered: false,
            refusals_in_a_row: 0,
            latency: UsualLatency::default(),
            lowered: false,
            used: false,
            kept: AccountPace { requests: kept.requests_on(now.wall), used_at: now.wall, ..kept },
        };
        pace.limit(now.monotonic);
        pace
    }

    /// Sets the greatest number of requests per second. Without a refusal, a burst may have as many.
    pub fn set_cap(&mut self, cap: f64) {
        self.cap = cap;
        self.rate = self.rate.min(cap);
    }

    /// Sets the wait before a second attempt. The hold after a refusal is a multiple of it.
    pub fn set_backoff(&mut self, backoff: Duration) {
        self.backoff = backoff;
    }

    /// Returns the present rate, in requests per second.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Takes the right to one request, which is sent now.
    ///
    /// # Errors
    ///
    /// The request may not be sent yet.
    pub fn take(&mut self, now: Now) -> Result<(), NotYet> {
        self.count(now.monotonic);
        if let Some((at, why)) = self.held.filter(|(until, _)| *until > now.monotonic) {
            return Err(NotYet { at, why });
        }
        self.held = None;
        // A rounded wait may end a little too early.
        if self.tokens < 1.0 - 1e-6 {
            self.waits = true;
            let missing = Duration::try_from_secs_f64((1.0 - self.tokens) / self.rate).unwrap_or(HOLD_ASKED_MAX);
            let at = now.monotonic + missing.max(Duration::from_micros(1));
            return Err(NotYet { at, why: Hold::Rate });
        }
        self.tokens = (self.tokens - 1.0).max(0.0);
        self.used = true;
        (self.waited, self.waits) = (self.waits, false);
        if self.times.back().is_some_and(|last| now.monotonic.saturating_sub(*last) > self.rest()) {
            self.times.clear();
        }
        if self.times.len() == TIMES {
            self.times.pop_front();
        }
        self.times.push_back(now.monotonic);
        let requests = self.kept.requests_on(now.wall).saturating_add(1);
        (self.kept.requests, self.kept.used_at) = (requests, now.wall);
        Ok(())
    }

    /// Records that the panel has answered. `latency` is the time to the first byte. It is given for requests that are
    /// alike.
    pub fn answered(&mut self, latency: Option<Duration>, now: Now) {
        self.count(now.monotonic);
        self.answered = true;
        self.refusals_in_a_row = 0;
        if latency.is_some_and(|latency| self.latency.is_late(latency)) {
            let least = self.rate.min(LEAST_FOR_LATENESS);
            self.rate = (self.rate * AFTER_LATE).max(least);
            self.lowered = true;
        } else if self.waited {
            let step = if self.kept.refused_at.is_some() { STEP } else { FAST_STEP };
            self.rate = (self.rate + step / self.rate).min(self.rate * GROWTH);
        }
        self.limit(now.monotonic);
    }

    /// Records that the panel has refused a request. `retry_after` is the time that it has asked for. Returns whether
    /// the refusal says something about the pace, so that the pace should be stored at once.
    pub fn refused(&mut self, refusal: Refusal, retry_after: Option<Duration>, now: Now) -> bool {
        self.count(now.monotonic);
        let peak = self.peak();
        let is_burst = peak.is_some_and(|peak| peak > self.rate);
        let is_fast = peak.unwrap_or_default().max(self.rate) > BLAMELESS;
        let counts = match refusal {
            Refusal::TooMany => true,
            Refusal::Overloaded => self.answered && is_fast && (self.waited || is_burst),
            Refusal::Forbidden => self.answered && is_fast && self.waited,
        };
        let least = if refusal == Refusal::TooMany { LEAST } else { BLAMELESS };
        if !counts {
            if let Some(asked) = retry_after {
                self.hold(asked, Hold::Asked, now);
            }
            return retry_after.is_some();
        }
        self.refusals_in_a_row = self.refusals_in_a_row.saturating_add(1);
        if self.refusals_in_a_row == 1 {
            // A request that follows a refusal at once was refused because of the same requests.
            if self.waited || is_burst {
                let refused = peak.unwrap_or(self.rate).max(least);
                let before = self.kept.refused_rate.filter(|_| self.reduced_until.is_some());
                self.kept.refused_rate = Some(before.map_or(refused, |before| before.min(refused)));
            } else if self.reduced_until.is_none() {
                self.kept.refused_rate = None;
            }
            self.rate = (self.rate.min(peak.unwrap_or(self.rate)) * AFTER_REFUSAL).max(LEAST);
        }
        let until = now.monotonic + duration(REFUSAL_REMEMBERED);
        self.reduced_until = Some(until);
        self.ceiling = self.kept.refused_rate.map(|rate| (rate * BELOW_REFUSED, until));
        self.kept.refused_at = Some(now.wall);
        self.lowered = true;
        self.times.clear();
        self.limit(now.monotonic);
        let doubled = 1 << (self.refusals_in_a_row - 1).min(16);
        // A user who sets an hour between two attempts doesn't want an hour's hold of the next run.
        let first = self.backoff.saturating_mul(HOLD).min(HOLD_FIRST_MAX);
        let own = first.saturating_mul(doubled).min(HOLD_MAX);
        match retry_after {
            Some(asked) if asked >= own => self.hold(asked, Hold::Asked, now),
            _ => self.hold(own, Hold::Refusal, now),
        }
        true
    }

    /// Records that the panel has asked to be left alone, for another reason than too many requests.
    pub fn asked_to_wait(&mut self, time: Duration, now: Now) {
        self.hold(time, Hold::Asked, now);
    }

    /// Returns whether a request was sent since the start.
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// Holds all requests for a time.
    fn hold(&mut self, time: Duration, why: Hold, now: Now) {
        let time = time.min(HOLD_ASKED_MAX);
        let until = now.monotonic + time;
        if self.held.is_none_or(|(held, _)| held < until) {
            self.held = Some((until, why));
        }
        // The time of day is rounded down. A second is added, so that the next run doesn't come too early.
        let wall = now.wall.saturating_add(seconds(time)).saturating_add(1);
        self.kept.held_until = self.kept.held_until.max(Some(wall));
    }

    /// Returns the pace to store.
    pub fn remembered(&mut self, now: Now) -> AccountPace {
        self.count(now.monotonic);
        let rate = if self.lowered { self.rate } else { self.rate.max(self.kept.rate) };
        let requests = self.kept.requests_on(now.wall);
        let held_until = self.kept.held_until.filter(|until| *until > now.wall);
        AccountPace { rate, held_until, requests, used_at: now.wall, ..self.kept }
    }

    /// Counts the tokens up to now.
    fn count(&mut self, now: Duration) {
        if self.reduced_until.is_some_and(|until| until <= now) {
            (self.reduced_until, self.ceiling) = (None, None);
        }
        let passed = now.saturating_sub(self.counted);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.rate).min(self.burst());
        self.counted = self.counted.max(now);
    }

    /// Keeps the rate within its limits.
    fn limit(&mut self, now: Duration) {
        let ceiling = self.ceiling.map_or(f64::INFINITY, |(ceiling, _)| ceiling);
        self.rate = self.rate.min(ceiling).max(LEAST).min(self.cap);
        self.count(now);
    }

    /// Returns the most requests that may be sent at once: those of a second at the greatest rate, or one after a
    /// refusal.
    fn burst(&self) -> f64 {
        if self.reduced_until.is_some() { 1.0 } else { self.cap.max(1.0) }
    }

    /// Returns the time between two requests from which on they say nothing about a rate.
    fn rest(&self) -> Duration {
        Duration::try_from_secs_f64(4.0 / self.rate).unwrap_or(HOLD_ASKED_MAX).max(Duration::from_secs(10))
    }

    /// Returns the greatest rate of the last requests: of the last two, the last three, and so on.
    fn peak(&self) -> Option<f64> {
        let last = self.times.back()?;
        let of =
            |(count, time): (u32, &Duration)| f64::from(count) / last.saturating_sub(*time).as_secs_f64().max(1e-3);
        (1..).zip(self.times.iter().rev().skip(1)).map(of).reduce(f64::max)
    }
}

fn duration(seconds: i64) -> Duration {
    Duration::from_secs(seconds.max(0).unsigned_abs())
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of some minutes")]
mod tests;
