#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Service`] has the use cases, [`SourceFactory`] makes the source of a profile, [`options_of`] the options of a run.

mod clock;
mod compare;
mod service;
mod source;

pub use clock::SystemClock;
pub use compare::Compared;
pub use service::{Service, options_of};
pub use source::{ServiceError, SourceFactory};
