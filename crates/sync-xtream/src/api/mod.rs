//! The API of a panel: what can be asked, and what the answers hold.

pub(crate) mod account;
pub(crate) mod categories;
pub(crate) mod decoding;
pub(crate) mod endpoint;
pub(crate) mod listing;
