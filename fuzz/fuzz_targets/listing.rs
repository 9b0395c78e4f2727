//! The element splitter and the decoder. Any bytes have the same result in any chunks.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::listing(bytes));
