//! Runs the shipped pace, and fixed rates, against a panel.

use std::time::Duration;

use sync_core::policy::pace::{Now, Pace, Refusal};

use super::world::{Answer, CAP, Panel, World};

/// The results of a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outcome {
    /// The time from the first request to the last answer, in seconds.
    pub seconds: f64,
    /// The number of refused requests.
    pub refused: usize,
    /// The number of bans.
    pub bans: usize,
}

/// The longest simulation, in seconds. It ends a rule that is banned again and again.
const LONGEST: f64 = 3_000_000.0;

/// A time of day. It makes no difference.
const WALL: i64 = 1_900_000_000;

fn now(at: f64) -> Now {
    Now { wall: WALL + at as i64, monotonic: Duration::from_secs_f64(at) }
}

/// Sends this number of requests at the shipped pace, one after the other. `hears` gets the time, the rate, and whether
/// the request was refused.
pub fn shipped(world: &World, seed: u64, requests: usize, mut hears: impl FnMut(f64, f64, bool)) -> Outcome {
    let mut panel = Panel::new(world, seed);
    let mut pace = Pace::at_start(None, now(0.0));
    pace.set_cap(CAP);
    let (mut at, mut outcome, mut done) = (0.0, Outcome::default(), 0);
    while done < requests && at < LONGEST {
        if let Err(not_yet) = pace.take(now(at)) {
            at = not_yet.at.as_secs_f64().max(at);
            continue;
        }
        let sent = at;
        match panel.ask(at) {
            Answer::Well { at: answered } => {
                at = answered;
                done += 1;
                pace.answered(Some(Duration::from_secs_f64(answered - sent)), now(at));
                hears(sent, pace.rate(), false);
            }
            Answer::Refused { at: answered, retry_after } => {
                at = answered;
                outcome.refused += 1;
                pace.refused(Refusal::TooMany, retry_after.map(Duration::from_secs_f64), now(at));
                hears(sent, pace.rate(), true);
            }
        }
    }
    Outcome { seconds: at, bans: panel.bans, ..outcome }
}

/// Sends this number of requests at a fixed rate. A refused request is repeated at once, or after the time that the
/// panel asks for.
pub fn fixed(world: &World, seed: u64, requests: usize, rate: f64) -> Outcome {
    let mut panel = Panel::new(world, seed);
    let (mut at, mut outcome, mut done): (f64, _, _) = (0.0, Outcome::default(), 0);
    while done < requests && at < LONGEST {
        let due = at + rate.recip();
        match panel.ask(at) {
            Answer::Well { at: answered } => {
                at = answered.max(due);
                done += 1;
            }
            Answer::Refused { at: answered, retry_after } => {
                at = answered.max(due).max(at + retry_after.unwrap_or_default());
                outcome.refused += 1;
            }
        }
    }
    Outcome { seconds: at, bans: panel.bans, ..outcome }
}
