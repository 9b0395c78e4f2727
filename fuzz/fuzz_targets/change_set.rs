//! Change sets: whole files, and the content below their checksums and their compression.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_change_set::fuzzing::change_set(bytes));
