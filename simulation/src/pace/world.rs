//! The panels of the simulation: the limit of each, and its behaviour above the limit.
//!
//! The panels were committed before the policy, and apart from it. Four panels have the limits of known panels. One
//! grows slower and slower under load. The limits of three more are drawn from the seed, so that a policy can't be
//! tuned to them.

use fastrand::Rng;

/// The requests of one simulation: those of a first look at every series of a large panel, one at a time.
pub const REQUESTS: usize = 5_000;

/// The greatest number of requests per second of any policy. It is the default of the setting `rate.requests`.
pub const CAP: f64 = 8.0;

/// The number of refusals within [`BAN_WINDOW`] without a ban. One more leads to a ban.
pub const BAN_REFUSALS: usize = 30;

/// The time within which refusals count for a ban, in seconds.
pub const BAN_WINDOW: f64 = 60.0;

/// The length of a ban, in seconds. The panel refuses every request in this time.
pub const BAN: f64 = 600.0;

/// The limit of a panel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A number of requests per second, and of requests at once.
    Bucket {
        /// Requests per second.
        rate: f64,
        /// Requests at once.
        burst: f64,
    },
    /// A number of requests within a time. They are counted anew after each such time.
    Window {
        /// Requests.
        count: u32,
        /// The time within which they are counted.
        seconds: f64,
    },
    /// Work for a number of requests per second. Work that waits makes each answer later, by its length times the
    /// slowness. If too many seconds of work wait, the panel refuses.
    Rising {
        /// Requests per second.
        rate: f64,
        /// The seconds by which a second of work makes an answer later.
        slowness: f64,
        /// The seconds of work above which the panel refuses.
        most: f64,
    },
}

/// A panel.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The name in tables.
    pub name: &'static str,
    /// Its limit.
    pub limit: Limit,
    /// The time to the first byte of an idle panel, in seconds. Each answer takes 0.7 to 1.3 times as long.
    pub latency: f64,
    /// Whether a refusal has the time of the next attempt.
    pub tells: bool,
    /// The limits over time, from a trace, in place of the limit above: each with the time from which it applies.
    pub later: Vec<(f64, Limit)>,
}

/// Returns the panels of a seed.
pub fn worlds(seed: u64) -> Vec<World> {
    let mut rng = Rng::with_seed(seed);
    let mut world = |name, limit| World {
        name,
        limit,
        latency: log_uniform(&mut rng, 0.03, 0.11),
        tells: rng.bool(),
        later: Vec::new(),
    };
    let mut worlds = vec![
        world("20 a second", Limit::Bucket { rate: 20.0, burst: 20.0 }),
        world("5 a second", Limit::Bucket { rate: 5.0, burst: 5.0 }),
        world("1 a second, 60 at once", Limit::Bucket { rate: 1.0, burst: 60.0 }),
        world("1 in 3 seconds", Limit::Bucket { rate: 1.0 / 3.0, burst: 1.0 }),
        world("rising latency", Limit::Rising { rate: 2.0, slowness: 0.1, most: 20.0 }),
    ];
    let mut rng = Rng::with_seed(seed ^ 0xD1B5_4A32_D192_ED03);
    let bucket = Limit::Bucket { rate: log_uniform(&mut rng, 0.25, 12.0), burst: log_uniform(&mut rng, 1.0, 100.0) };
    let seconds = log_uniform(&mut rng, 2.0, 60.0);
    let count = (log_uniform(&mut rng, 0.4, 10.0) * seconds).max(2.0) as u32;
    let rate = log_uniform(&mut rng, 0.7, 6.0);
    for (name, limit) in [
        ("drawn: rate and burst", bucket),
        ("drawn: count in a window", Limit::Window { count, seconds }),
        ("drawn: rising latency", Limit::Rising { rate, slowness: rng.f64() * 0.15 + 0.05, most: 20.0 }),
    ] {
        let (latency, tells) = (log_uniform(&mut rng, 0.03, 0.11), rng.bool());
        worlds.push(World { name, limit, latency, tells, later: Vec::new() });
    }
    worlds
}

fn log_uniform(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low * (high / low).powf(rng.f64())
}

/// An answer of a panel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// The answer begins at this time.
    Well {
        /// In seconds.
        at: f64,
    },
    /// The panel refuses at this time, and may ask for a pause of some seconds.
    Refused {
        /// In seconds.
        at: f64,
        /// In seconds.
        retry_after: Option<f64>,
    },
}

/// A panel that is asked.
#[derive(Debug)]
pub struct Panel {
    world: World,
    rng: Rng,
    /// The time of the state below.
    at: f64,
    /// The tokens of a bucket, the requests of a window, or the seconds of work.
    level: f64,
    /// The time at which the window has begun.
    window: f64,
    refusals: Vec<f64>,
    banned_until: f64,
    /// The number of bans so far.
    pub bans: usize,
}

impl Panel {
    /// Returns a panel without any requests.
    pub fn new(world: &World, seed: u64) -> Self {
        let level = if let Limit::Bucket { burst, .. } = world.limit { burst } else { 0.0 };
        Self {
            world: world.clone(),
            rng: Rng::with_seed(seed.rotate_left(17)),
            at: 0.0,
            level,
            window: 0.0,
            refusals: Vec::new(),
            banned_until: f64::MIN,
            bans: 0,
        }
    }

    /// Asks the panel at a time, in seconds. Times don't go back.
    pub fn ask(&mut self, now: f64) -> Answer {
        while let Some((_, limit)) = self.world.later.first().copied().filter(|(from, _)| *from <= now) {
            self.world.later.remove(0);
            self.world.limit = limit;
            self.level = if let Limit::Bucket { burst, .. } = limit { burst } else { 0.0 };
        }
        let latency = self.world.latency * (0.7 + 0.6 * self.rng.f64());
        if now < self.banned_until {
            return Answer::Refused { at: now + latency, retry_after: None };
        }
        let passed = now - self.at;
        self.at = now;
        let (wait, slower) = match self.world.limit {
            Limit::Bucket { rate, burst } => {
                self.level = (self.level + passed * rate).min(burst.max(1.0));
                if self.level < 1.0 {
                    (Some((1.0 - self.level) / rate), 0.0)
                } else {
                    self.level -= 1.0;
                    (None, 0.0)
                }
            }
            Limit::Window { count, seconds } => {
                if now - self.window >= seconds {
                    self.window = now - (now - self.window) % seconds;
                    self.level = 0.0;
                }
                self.level += 1.0;
                ((self.level > f64::from(count)).then_some(self.window + seconds - now), 0.0)
            }
            Limit::Rising { rate, slowness, most } => {
                self.level = (self.level - passed).max(0.0);
                if self.level > most {
                    (Some(self.level - most), 0.0)
                } else {
                    let slower = self.level * slowness;
                    self.level += 1.0 / rate;
                    (None, slower)
                }
            }
        };
        let Some(wait) = wait else { return Answer::Well { at: now + latency + slower } };
        self.refusals.retain(|at| now - at < BAN_WINDOW);
        self.refusals.push(now);
        if self.refusals.len() > BAN_REFUSALS {
            self.refusals.clear();
            self.bans += 1;
            self.banned_until = now + BAN;
        }
        Answer::Refused { at: now + latency, retry_after: self.world.tells.then(|| wait.ceil()) }
    }
}

/// Returns the time that an oracle needs for this number of requests. It knows the limit of the panel, and is never
/// refused.
pub fn oracle(world: &World, requests: usize) -> f64 {
    let requests = requests as f64;
    let own = requests * world.latency.max(CAP.recip());
    own.max(match world.limit {
        Limit::Bucket { rate, burst } => (requests - burst).max(0.0) / rate,
        Limit::Window { count, seconds } => (requests / f64::from(count)).ceil().max(1.0) * seconds - seconds,
        Limit::Rising { rate, most, .. } => (requests / rate - most).max(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(limit: Limit) -> Panel {
        Panel::new(&World { name: "", limit, latency: 0.1, tells: true, later: Vec::new() }, 1)
    }

    fn is_well(answer: Answer) -> bool {
        matches!(answer, Answer::Well { .. })
    }

    #[test]
    fn a_panel_serves_up_to_its_limit() {
        for (limit, rate) in [
            (Limit::Bucket { rate: 2.0, burst: 3.0 }, 2.0),
            (Limit::Window { count: 20, seconds: 10.0 }, 2.0),
            (Limit::Rising { rate: 2.0, slowness: 0.1, most: 20.0 }, 2.0),
        ] {
            let mut panel = of(limit);
            assert!((0..500).all(|at| is_well(panel.ask(f64::from(at) / (rate * 0.99)))), "{limit:?}");
            let mut panel = of(limit);
            assert!(!(0..500).all(|at| is_well(panel.ask(f64::from(at) / (rate * 1.2)))), "{limit:?}");
        }
    }

    #[test]
    fn a_client_that_goes_on_is_banned() {
        let mut panel = of(Limit::Bucket { rate: 0.1, burst: 1.0 });
        for at in 0..=BAN_REFUSALS {
            panel.ask(at as f64 / 10.0);
        }
        assert_eq!(panel.bans, 0);
        panel.ask(4.0);
        assert_eq!(panel.bans, 1);
        assert!(!is_well(panel.ask(300.0)));
        assert!(is_well(panel.ask(700.0)));
    }

    #[test]
    fn a_seed_has_its_worlds() {
        assert_eq!(worlds(7), worlds(7));
        assert_ne!(worlds(7)[5..], worlds(8)[5..]);
    }
}
