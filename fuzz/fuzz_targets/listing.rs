//! The element splitter and the decoder: any bytes, in any chunks, end in one and the same verdict.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::listing(bytes));
