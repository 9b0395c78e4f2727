//! The rule for slow listings on the links of `tests/traces`, beside the rule of curl (`--speed-limit`,
//! `--speed-time`).
//!
//! Time goes in steps of a second, and the test doesn't wait. The rule is [`Patience`], by which answers are read. A
//! day of a service is simulated per link. A listing that breaks off in silence is asked for again at once, up to four
//! times. A listing that was stopped is tried again after a pause and a successful link check, at most three times.

#![expect(clippy::cast_precision_loss, reason = "shares and megabytes are shown with a digit")]

use std::path::Path;
use std::time::Duration;

use sync_core::rate::{self, Transfer};

use super::Patience;
use crate::http::failure::Failure;
use sync_core::SourceError;

const DAY: u64 = 86_400;
const DEADLINE: u64 = 1800;
const IDLE: u64 = 30;
/// The seconds that the panel thinks before its first byte.
const THINKS: u64 = 5;
/// The bytes of the categories that are asked for as a probe.
const PROBE: u64 = 20_000;

/// A link: the bytes that it carries in each second of a day.
struct Link {
    name: String,
    size: u64,
    carries: Vec<u64>,
}

/// The end of an attempt at a listing.
enum End {
    Whole,
    /// The rule has stopped it.
    Stopped,
    /// Nothing came for longer than the limit.
    Silent,
}

struct Attempt {
    end: End,
    /// The second of the day.
    at: u64,
    got: u64,
}

/// A rule, as one attempt at a listing follows it.
trait Rule {
    /// Takes the bytes of the last second. Returns how the rule ends the attempt, if it does.
    fn second(&mut self, bytes: u64) -> Option<End>;
}

/// Our rule.
struct Ours {
    patience: Patience,
    now: u64,
    /// The seconds since the last bytes.
    silent: u64,
}

/// The rule of curl: the speed of the last five seconds was below the limit for 30 seconds.
struct Curl {
    limit: u64,
    last: Vec<u64>,
    slow: u64,
}

/// The result of a day.
#[derive(Default)]
struct Day {
    /// The second in which the listing was complete.
    whole: Option<u64>,
    stops: u32,
    thrown: u64,
    /// The bytes of attempts that ended in silence. They are lost under any rule.
    lost: u64,
    probes: u32,
    /// The number of stops at which the rate of the last minute would have met the deadline.
    wrong: u32,
    /// The number of stops at which the link would have carried the rest before the deadline.
    pities: u32,
}

impl Link {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (mut size, mut carries) = (0, Vec::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (first, second) = line.split_once(' ').unwrap();
            let number: u64 = second.parse().unwrap();
            match first {
                "size" => size = number,
                seconds => carries.extend(std::iter::repeat_n(number, seconds.parse().unwrap())),
            }
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(size > 0 && carries.len() >= usize::try_from(DAY).unwrap(), "{name}");
        Self { name, size, carries }
    }

    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
        files.sort();
        files.iter().map(|path| Self::read(path)).collect()
    }

    fn at(&self, second: u64) -> u64 {
        self.carries.get(usize::try_from(second).unwrap()).copied().unwrap_or_default()
    }

    fn between(&self, from: u64, to: u64) -> u64 {
        (from..to).map(|second| self.at(second)).sum()
    }

    /// Asks for the listing at a second of the day.
    fn attempt(&self, from: u64, rule: &mut dyn Rule) -> Attempt {
        let (mut at, mut got) = (from + THINKS, 0);
        loop {
            let bytes = self.at(at).min(self.size - got);
            got += bytes;
            at += 1;
            if let Some(end) = rule.second(bytes) {
                return Attempt { end, at, got };
            }
            if got == self.size {
                return Attempt { end: End::Whole, at, got };
            }
        }
    }

    /// Asks for the probe. Returns the second after it, and whether it shows a sufficient rate. A probe of which
    /// nothing comes for 30 seconds shows none.
    fn probe(&self, from: u64) -> (u64, bool) {
        let (mut at, mut got, mut first, mut silent) = (from + THINKS, 0, None, 0);
        while got < PROBE && silent < IDLE {
            let bytes = self.at(at);
            silent = if bytes == 0 { silent + 1 } else { 0 };
            if bytes > 0 {
                first.get_or_insert(at);
            }
            got += bytes;
            at += 1;
        }
        // A part of the last second is not needed.
        let spare =
            Duration::from_secs_f64(1.0).mul_f64((got.saturating_sub(PROBE)) as f64 / self.at(at - 1).max(1) as f64);
        let took = Duration::from_secs(at - first.unwrap_or(at)).saturating_sub(spare);
        let enough = rate::is_fast_enough(got.min(PROBE), took, self.size, Duration::from_secs(DEADLINE));
        (at, enough)
    }

    /// Simulates a day under a rule.
    fn day(&self, rule: &dyn Fn(u64) -> Box<dyn Rule>) -> Day {
        let (mut day, mut now, mut silences) = (Day::default(), 0, 0);
        while now < DAY {
            let attempt = self.attempt(now, &mut *rule(self.size));
            match attempt.end {
                End::Whole => {
                    day.whole = Some(attempt.at);
                    return day;
                }
                End::Silent => {
                    day.lost += attempt.got;
                    silences += 1;
                    // After four attempts, the next run begins half an hour later.
                    now = attempt.at + if silences % 4 == 0 { 1800 } else { 1 << (silences % 4 - 1) };
                }
                End::Stopped => {
                    day.stops += 1;
                    day.thrown += attempt.got;
                    self.judge(&mut day, now + THINKS, &attempt);
                    let Some(pause) = rate::retry_after(day.stops) else { return day };
                    now = attempt.at;
                    loop {
                        now += pause.as_secs();
                        if now >= DAY {
                            return day;
                        }
                        day.probes += 1;
                        let (after, enough) = self.probe(now);
                        now = after;
                        if enough {
                            break;
                        }
                    }
                }
            }
        }
        day
    }

    /// Judges a stop by what the link would have carried.
    fn judge(&self, day: &mut Day, began: u64, attempt: &Attempt) {
        let left = self.size - attempt.got;
        let last_minute = self.between(attempt.at.saturating_sub(60).max(began), attempt.at);
        let until = began + DEADLINE;
        let time = until.saturating_sub(attempt.at);
        day.wrong += u32::from(left * 60 <= last_minute * time);
        day.pities += u32::from(self.between(attempt.at, until.max(attempt.at)) >= left);
    }
}

impl Ours {
    fn new(size: u64) -> Self {
        let seconds = Duration::from_secs;
        let transfer = Transfer::new(size, seconds(DEADLINE));
        let patience = Patience::new(seconds(IDLE), 64, seconds(1200), seconds(THINKS), Some(transfer));
        Self { patience, now: THINKS, silent: 0 }
    }
}

impl Rule for Ours {
    fn second(&mut self, bytes: u64) -> Option<End> {
        self.now += 1;
        self.silent += 1;
        // The source reads the limit when it begins to wait.
        let begun = Duration::from_secs(self.now - self.silent);
        let limit = self.patience.limit(begun).expect("there is no time but the panel's");
        if Duration::from_secs(self.silent) > limit || (bytes == 0 && Duration::from_secs(self.silent) == limit) {
            return Some(End::Silent);
        }
        if bytes == 0 {
            return None;
        }
        self.patience.waited(Duration::from_secs(std::mem::take(&mut self.silent)));
        match self.patience.came(bytes) {
            Ok(()) => {
                self.patience.inflated(bytes);
                None
            }
            Err(Failure::Permanent(SourceError::TooSlow { .. })) => Some(End::Stopped),
            Err(other) => panic!("{other:?}"),
        }
    }
}

impl Rule for Curl {
    fn second(&mut self, bytes: u64) -> Option<End> {
        self.last.push(bytes);
        let recent = &self.last[self.last.len().saturating_sub(5)..];
        let is_slow = recent.iter().sum::<u64>() < self.limit * recent.len() as u64;
        self.slow = if is_slow { self.slow + 1 } else { 0 };
        (self.slow > 30).then_some(End::Stopped)
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Prints the table of `docs/decisions/slow-listings.md`, and holds the rule to its bars.
#[test]
fn a_day_on_twelve_links() {
    let links = Link::all();
    assert_eq!(links.len(), 12);
    let ours = |size| Box::new(Ours::new(size)) as Box<dyn Rule>;
    let curl =
        |size: u64| Box::new(Curl { limit: size.div_ceil(DEADLINE), last: Vec::new(), slow: 0 }) as Box<dyn Rule>;
    println!(
        "| link | MB | whole after | stops | thrown away | probes | lost in silence | curl: whole after | stops | thrown away |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let after = |day: &Day| day.whole.map_or("–".to_owned(), |at| format!("{at} s"));
    let (mut useful, mut thrown, mut curls) = (0, 0, (0, 0));
    for link in &links {
        let [day, other] = [link.day(&ours), link.day(&curl)];
        println!(
            "| {} | {:.0} | {} | {} | {:.2} MB | {} | {:.1} MB | {} | {} | {:.2} MB |",
            link.name,
            megabytes(link.size),
            after(&day),
            day.stops,
            megabytes(day.thrown),
            day.probes,
            megabytes(day.lost),
            after(&other),
            other.stops,
            megabytes(other.thrown),
        );
        assert_eq!(day.wrong, 0, "{}: stopped although the rate of the last minute was enough", link.name);
        assert_eq!(day.pities, 0, "{}: stopped although the link would have met the deadline", link.name);
        assert!(day.stops <= 4, "{}: one and three tries", link.name);
        useful += if day.whole.is_some() { link.size } else { 0 };
        thrown += day.thrown;
        curls.0 += if other.whole.is_some() { link.size } else { 0 };
        curls.1 += other.thrown;
    }
    let share = |thrown: u64, useful: u64| 100.0 * thrown as f64 / useful as f64;
    println!(
        "thrown away: {:.1} of {:.0} MB ({:.1} %); curl: {:.1} of {:.0} MB ({:.1} %)",
        megabytes(thrown),
        megabytes(useful),
        share(thrown, useful),
        megabytes(curls.1),
        megabytes(curls.0),
        share(curls.1, curls.0)
    );
    assert!(thrown * 10 <= useful, "{thrown} of {useful}");
    assert!(share(thrown, useful) < share(curls.1, curls.0));
}
