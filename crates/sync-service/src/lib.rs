#![doc = include_str!("../README.md")]

mod clock;
mod compare;
mod service;
mod source;

pub use clock::SystemClock;
pub use compare::Compared;
pub use service::{Service, options_of};
pub use source::{ServiceError, SourceFactory};
