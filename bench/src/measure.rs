//! The figures of a process: the CPU time of all its threads, its peak memory, and its time on the clock.
//!
//! Only its parent knows the CPU time of a child to the microsecond, as the sum over all children that have ended. So
//! each measured program gets a parent of its own, which has no other child.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use crate::Outcome;

/// The figures of one process.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The CPU seconds of all threads.
    pub(crate) cpu: f64,
    /// The part of these seconds within the kernel.
    pub(crate) system: f64,
    /// The seconds on the clock.
    pub(crate) wall: f64,
    /// The peak of the resident memory, in KiB.
    pub(crate) peak_kib: u64,
}

/// Runs a program as the only child, and writes its figures. Ends with the exit code of the program.
pub(crate) fn main(to: &Path, program: &Path, args: &[String]) -> ExitCode {
    let start = Instant::now();
    let status = match Command::new(program).args(args).status() {
        Ok(status) => status,
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            return ExitCode::FAILURE;
        }
    };
    let written = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(Into::into).and_then(|usage| {
        let taken = Taken { wall: start.elapsed().as_secs_f64(), peak_kib: peak_kib(&usage), ..cpu_of(&usage) };
        Ok(std::fs::write(to, serde_json::to_vec(&taken)?)?)
    });
    match (written, status.code()) {
        (Ok(()), Some(code)) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        (Ok(()), None) => ExitCode::FAILURE,
        (Err(error), _) => {
            let error: Box<dyn std::error::Error> = error;
            eprintln!("what {} took is not known: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}

fn cpu_of(usage: &Usage) -> Taken {
    let seconds = |time: nix::sys::time::TimeVal| Duration::from_micros(time.num_microseconds().unsigned_abs());
    let system = seconds(usage.system_time()).as_secs_f64();
    Taken { cpu: seconds(usage.user_time()).as_secs_f64() + system, system, ..Taken::default() }
}

/// Returns the peak in KiB. Linux counts KiB, and the BSDs and macOS count bytes.
fn peak_kib(usage: &Usage) -> u64 {
    let peak = usage.max_rss().unsigned_abs();
    if cfg!(target_os = "macos") { peak / 1024 } else { peak }
}

/// Measures a part of this process: the work of a floor and nothing else.
pub(crate) fn section<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Taken)> {
    let (before, start) = (cpu_of(&getrusage(UsageWho::RUSAGE_SELF)?), Instant::now());
    let value = work()?;
    let wall = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let after = cpu_of(&usage);
    let (cpu, system) = (after.cpu - before.cpu, after.system - before.system);
    Ok((value, Taken { cpu, system, wall, peak_kib: peak_kib(&usage) }))
}

/// Runs a program to its end. Returns its output and its figures. An exit code other than 0 is a failure.
pub(crate) fn run(scratch: &Path, program: &Path, args: &[&str]) -> Outcome<(String, Taken)> {
    let note = scratch.join("taken.json");
    let mut call = Command::new(std::env::current_exe()?);
    call.arg("measure").arg(&note).arg(program).arg("--").args(args).stdin(Stdio::null()).stderr(Stdio::inherit());
    for name in ["NO_PROXY", "no_proxy"] {
        call.env(name, "127.0.0.1,localhost");
    }
    let output = call.output()?;
    let printed = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        let words = args.iter().take(4).copied().collect::<Vec<_>>().join(" ");
        return Err(format!("{} {words} …: {}\n{printed}", program.display(), output.status).into());
    }
    Ok((printed, serde_json::from_slice(&std::fs::read(&note)?)?))
}

/// Runs a subcommand of this program.
pub(crate) fn run_own(scratch: &Path, args: &[&str]) -> Outcome<(String, Taken)> {
    run(scratch, &std::env::current_exe()?, args)
}
