//! The arguments for requests to a panel: timeouts, pace, limits.

use std::time::Duration;

use clap::Args as Arguments;
use sync_core::NetworkSettings;
use sync_core::rate::Timetable;

/// Timeouts, attempts and pace of requests to a panel, for one run. What is not named is as the profile says.
#[derive(Debug, Default, Arguments)]
#[command(next_help_heading = "Network, for this run (times in seconds, 0 or more, fractions allowed)")]
pub(crate) struct PanelArgs {
    /// Wait this long for a connection [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) connect_timeout: Option<Duration>,
    /// Wait this long for the beginning of an answer; panels build a list before they send it [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) first_byte_timeout: Option<Duration>,
    /// Wait this long for the next piece of an answer [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Allow this long for a whole answer [default: 1200]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) total_timeout: Option<Duration>,
    /// Try each request at most this many times, 1 to 20 [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) attempts: Option<u32>,
    /// Wait this long before the second attempt, and twice as long before each further one [default: 1]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) backoff: Option<Duration>,
    /// Send at most this many requests per second, 0.01 or more; after a pause, one second's worth may come at once
    /// [default: 8]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) requests_per_second: Option<f64>,
    /// Read at most this many bytes per second, in all: 512k, 10M, or by local time: "08:00,512k 23:00,off"; a number
    /// without a suffix is in KiB [default: off]
    #[arg(long, value_name = "RATE")]
    pub(crate) limit_rate: Option<Timetable>,
    /// Stop a list of known size that can't come within this time, however slow it is until then [default: 1800]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) deadline: Option<Duration>,
    /// Wait this long for the password from a file or a command [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) password_timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// The largest answer that is read. A larger one is unusable, unless the option says that an element is skipped.
#[derive(Debug, Default, Arguments)]
#[command(next_help_heading = "Limits (an answer beyond them is unusable: exit code 6)")]
pub(crate) struct LimitArgs {
    /// Read at most this many MiB per answer, after decompression; 1 or more [default: 2048]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MIB_MAX))]
    pub(crate) max_body_mib: Option<u64>,
    /// Read at most this many elements per list; 1 or more [default: 2000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_elements: Option<u64>,
    /// Skip an element of more than this many MiB, 1 to 1024 [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) max_element_mib: Option<u16>,
    /// Skip an element whose JSON is nested deeper than this many levels, 1 to 100000 [default: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) max_nesting: Option<u32>,
    /// Read at most this many KiB of headers per answer, 1 to 400 [default: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=400))]
    pub(crate) max_header_kib: Option<u16>,
    /// Require at least this many bytes per second, on average over an idle timeout; 0 turns this off [default: 64]
    #[arg(long, value_name = "N")]
    pub(crate) min_bytes_per_second: Option<u32>,
}

impl PanelArgs {
    /// Returns the named options as settings of a profile.
    pub(crate) fn settings(&self) -> NetworkSettings {
        let limits = &self.limits;
        NetworkSettings {
            connect_timeout: self.connect_timeout,
            first_byte_timeout: self.first_byte_timeout,
            idle_timeout: self.idle_timeout,
            total_timeout: self.total_timeout,
            password_timeout: self.password_timeout,
            attempts: self.attempts,
            backoff: self.backoff,
            requests_per_second: self.requests_per_second,
            daily_requests: None,
            min_bytes_per_second: limits.min_bytes_per_second,
            rate_limit: self.limit_rate.clone(),
            listing_deadline: self.deadline,
            max_body_mib: limits.max_body_mib,
            max_elements: limits.max_elements,
            max_element_mib: limits.max_element_mib,
            max_nesting: limits.max_nesting,
            max_header_kib: limits.max_header_kib,
        }
    }
}

/// The greatest limit, a million GiB. It is no limit in practice, and its number of bytes doesn't overflow.
const MIB_MAX: u64 = 1 << 30;

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds is needed, 0 or more")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "a number of seconds is needed, 0 or more")
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate: f64 = text.parse().map_err(|_| "a number of at least 0.01 is needed")?;
    if rate.is_finite() && rate >= 0.01 { Ok(rate) } else { Err("a number of at least 0.01 is needed") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_read() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["", "-1", "NaN", "inf", "1e300", "ten"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
        assert_eq!(rate("0.25"), Ok(0.25));
        for wrong in ["", "0", "0.001", "-1", "NaN", "inf", "ten"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
