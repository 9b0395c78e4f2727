//! The machine and the day, for later readers of the numbers.

use std::fs;

use serde::Serialize;

use crate::Outcome;

/// The machine on which the numbers were measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// The day, in UTC.
    pub(crate) date: String,
    /// Processors, memory, kernel, and the load at the start.
    pub(crate) words: String,
}

impl Machine {
    /// Returns this machine, today.
    pub(crate) fn here() -> Outcome<Self> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
        let date = chrono::DateTime::from_timestamp(i64::try_from(now)?, 0).ok_or("the clock is wrong")?;
        let line = |file: &str, key: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let found = text.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_prefix(':').map(str::trim));
            found.unwrap_or("?").to_owned()
        };
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let memory = line("/proc/meminfo", "MemTotal");
        let memory: u64 = memory.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let words = format!(
            "{processors} × {}, {} GiB, Linux {}, load {}",
            line("/proc/cpuinfo", "model name"),
            memory >> 20,
            kernel.trim(),
            load.split(' ').next().unwrap_or("?"),
        );
        Ok(Self { date: date.format("%Y-%m-%d").to_string(), words })
    }
}
