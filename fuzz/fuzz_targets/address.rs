//! The reader of addresses, as people paste them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::address(bytes));
