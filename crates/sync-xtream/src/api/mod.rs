//! The API of a panel: its endpoints, and the content of their answers.

pub(crate) mod account;
pub(crate) mod categories;
pub(crate) mod decoding;
pub(crate) mod endpoint;
pub(crate) mod listing;
pub(crate) mod probe;
