#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Service`] has the use cases, [`SourceFactory`] makes the source of a profile, [`options_of`] the options of a run.

mod account;
mod added;
mod clock;
mod compare;
mod feed;
mod reading;
mod secrets;
mod service;
mod side_by_side;
mod since;
mod source;
mod undo;

pub use account::PanelAccount;
pub use added::Added;
pub use clock::SystemClock;
pub use compare::Compared;
pub use feed::{ChangesReader, ChangesRequest, FeedError, NewItem};
pub use reading::{
    Asked, ExportReader, ExportedItem, FoundCategory, FoundItem, ItemFilter, ItemsPage, ListRequest, NamedCategory,
    Query, ReadError, SHOWN_CHANGES, SearchRequest, ShownItem,
};
pub use secrets::Login;
pub use service::{Service, options_of};
pub use side_by_side::side_by_side;
pub use since::{Moment, NoMoment, NoPlace, Since, age};
pub use source::{ServiceError, SourceFactory};
