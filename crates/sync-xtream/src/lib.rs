#![doc = include_str!("../README.md")]

mod account;
mod address;
mod agents;
mod answer;
mod ask;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod call;
mod categories;
mod client;
mod clock;
mod config;
mod counters;
mod credentials;
mod decoding;
mod document;
mod exchange;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod inflate;
mod limits;
mod listing;
mod network;
mod notices;
mod pace;
mod panel_client;
mod proxy;
mod redirect;
mod refused;
mod request;
mod retry;
mod second_try;
mod source;
mod throughput;
mod validator;
mod wire;
mod words;

pub use address::{AddressError, PanelAddress, Pasted};
pub use client::SetupError;
pub use config::XtreamConfig;
pub use credentials::{Credentials, Secret};
pub use source::XtreamSource;
