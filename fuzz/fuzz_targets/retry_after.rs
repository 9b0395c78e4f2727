//! `Retry-After`, in seconds or as a date.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::retry_after(bytes));
