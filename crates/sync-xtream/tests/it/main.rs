//! The source against a simulated panel, and against servers that send unusual bytes.

#![allow(clippy::unwrap_used, reason = "what the tests share may fail like the tests themselves")]

mod address;
mod agents;
mod answers;
mod framing;
mod limits;
mod listing;
mod overload;
mod pace;
mod pasted;
mod probes;
mod redirects;
mod retries;
mod scene;
mod secrets;
mod slowness;
mod time;
mod tls;
mod validators;
