//! Small documents, read whole: the account and the categories.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_xtream::fuzzing::document(bytes));
