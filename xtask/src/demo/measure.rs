//! Runs a program and measures it: its time, its processor time, and its peak memory.
//!
//! Processor time and memory are read from Linux's `/proc`. On other systems they are not known.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;

/// The time between two readings of a program's memory.
const GLANCE: Duration = Duration::from_millis(5);

/// The ticks per second in which Linux counts the processor time of programs.
const TICKS: f64 = 100.0;

/// The output of a program, and the figures of its run.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) stdout: String,
    pub(super) wall: Duration,
    /// The seconds of all processors together.
    pub(super) cpu: Option<f64>,
    pub(super) peak_kib: Option<u64>,
}

/// Runs a program to its end. An exit code other than 0 is a failure.
pub(super) fn measure(command: &mut Command) -> Outcome<Measured> {
    measure_ending(command, 0)
}

/// Runs a program to its end. An exit code other than `code` is a failure.
pub(super) fn measure_ending(command: &mut Command, code: i32) -> Outcome<Measured> {
    let before = children_ticks();
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut pipe = child.stdout.take().ok_or("a piped stdout is there")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let mut peak_kib = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak_kib = peak_of(child.id()).or(peak_kib);
        thread::sleep(GLANCE);
    };
    let wall = start.elapsed();
    let stdout = reader.join().map_err(|_| "reading a program's output panicked")??;
    if status.code() != Some(code) {
        return Err(format!("xtream-sync ended with {status} and not with {code}\n{stdout}").into());
    }
    let cpu = before.zip(children_ticks()).map(|(before, after)| after.saturating_sub(before)).map(seconds);
    Ok(Measured { stdout, wall, cpu, peak_kib })
}

#[expect(clippy::cast_precision_loss, reason = "a demo's ticks are far below 2^52")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS
}

/// Returns the processor time of all children that have ended, in ticks.
fn children_ticks() -> Option<u64> {
    ticks(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// Returns the sum of fields 16 and 17 of a `stat` line. They are counted after the name, which may contain any text.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn peak_of(process: u32) -> Option<u64> {
    peak(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn peak(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read() {
        let stat = "1 (a) b) S 1 1 1 0 -1 4 10 20 0 0 11 12 130 40 20 0 1 0 5";
        assert_eq!(ticks(stat), Some(170));
        assert_eq!(peak("Name:\ta\nVmHWM:\t   98304 kB\n"), Some(98_304));
        assert_eq!(peak("Name:\tzombie\n"), None);
    }
}
