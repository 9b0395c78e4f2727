//! Lists with broken elements. The bytes choose the list, and its damage.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::spoilt(bytes));
