#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`XtreamSource`] is the source, [`XtreamConfig`] its settings, [`PanelAddress`] reads pasted addresses, and
//! [`Credentials`] keep a login from being printed.

mod address;
mod api;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod clock;
mod config;
mod credentials;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod notices;
mod source;
mod wire;
mod words;

pub use self::http::bandwidth::Bandwidth;
pub use self::http::client::SetupError;
pub use address::{AddressError, PanelAddress, Pasted};
pub use config::XtreamConfig;
pub use credentials::{Credentials, Secret};
pub use source::XtreamSource;
// The port, and the types of its calls, so that this crate can be used by itself.
pub use sync_core;
pub use sync_core::source::{
    Baseline, Completeness, Entry, Learnt, Listing, ListingEvent, ListingRequest, Usage, Validator,
};
pub use sync_core::{
    Account, AccountStatus, Category, CategoryId, ContentId, ContentKind, ContentSource, Item, PanelFacts, Scope,
    SourceError,
};
