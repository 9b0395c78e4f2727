//! Lists of which some elements are spoilt: the bytes choose the list, and what is spoilt in it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::spoilt(bytes));
