//! How the panel is talked to: times, pace, limits.

use std::time::Duration;

use clap::Args as Arguments;

/// How the panel is talked to.
#[derive(Debug, Arguments)]
#[command(next_help_heading = "Network (times in seconds)")]
pub(crate) struct PanelArgs {
    /// Until a connection stands
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    pub(crate) connect_timeout: Duration,
    /// Until the answer begins; panels build their lists in memory first
    #[arg(long, value_name = "S", default_value = "120", value_parser = seconds)]
    pub(crate) first_byte_timeout: Duration,
    /// Between two pieces of the answer
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    pub(crate) idle_timeout: Duration,
    /// For a whole answer
    #[arg(long, value_name = "S", default_value = "1200", value_parser = seconds)]
    pub(crate) total_timeout: Duration,
    /// How often a request is tried
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) attempts: u32,
    /// Before the second attempt; twice as long before each further one
    #[arg(long, value_name = "S", default_value = "1", value_parser = seconds)]
    pub(crate) backoff: Duration,
    /// Asks at most so often; as many may come in a burst after a rest
    #[arg(long, value_name = "N", default_value = "8", value_parser = rate)]
    pub(crate) requests_per_second: f64,
    /// For the password, where a file or a command has it
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    pub(crate) password_timeout: Duration,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What an answer may have at most. One that has more is not usable, unless it is said otherwise.
#[derive(Debug, Arguments)]
#[command(next_help_heading = "Limits of an answer")]
pub(crate) struct LimitArgs {
    /// MiB of an answer, decompressed
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u64).range(1..=MIB_MAX))]
    pub(crate) max_body_mib: u64,
    /// Elements of a list
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_elements: u64,
    /// MiB of an element; a larger one is skipped
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) max_element_mib: u16,
    /// How deep the JSON of an element may be nested; a deeper one is skipped
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) max_nesting: u32,
    /// KiB of the head of an answer
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=400))]
    pub(crate) max_header_kib: u16,
    /// Bytes that have to arrive each second, on average over an idle timeout; 0 asks for none
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) min_bytes_per_second: u32,
}

/// A million GiB: as good as none, and no overflow.
const MIB_MAX: u64 = 1 << 30;

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "this is no number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "this is no number of seconds")
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate: f64 = text.parse().map_err(|_| "this is no number")?;
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
