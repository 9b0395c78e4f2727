#![doc = include_str!("../README.md")]

mod account;
mod address;
mod answer;
mod call;
mod categories;
mod client;
mod clock;
mod config;
mod credentials;
mod decoding;
mod failure;
mod listing;
mod redirect;
mod request;
mod retry;
mod source;
mod wire;

pub use address::{AddressError, PanelAddress, Pasted};
pub use client::SetupError;
pub use config::XtreamConfig;
pub use credentials::{Credentials, Secret};
pub use source::XtreamSource;
