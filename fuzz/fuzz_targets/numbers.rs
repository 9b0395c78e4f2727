//! The readers of numbers, ids and timestamps.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::numbers(bytes));
