//! What a report shows of a panel's text.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_core::text::check(&String::from_utf8_lossy(bytes)));
