//! The text of a panel, as a report shows it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sync_core::text::check(&String::from_utf8_lossy(bytes)));
