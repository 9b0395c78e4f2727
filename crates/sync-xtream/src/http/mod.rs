//! HTTP: sends requests until there is an answer.
//!
//! [`panel_client`] is an account at a panel, with the state that all its requests share. [`exchange`] sends one
//! [`request`] through a [`client`], at the rate of the [`rate_limiter`], over each [`redirect`], and returns its
//! [`response`]. [`document`] reads a small answer as a whole. Errors are [`failure`]s. [`ask`] and [`retry`] decide
//! whether a request is repeated, and [`refused`], [`user_agents`] and [`second_try`] as which client. [`network`] and
//! [`proxy`] find out where an address leads, [`inflate`] undoes compression, [`bandwidth`] limits the rate at which
//! bytes are read, [`patience`] and [`throughput`] notice a panel that sends too slowly, and a [`validator`] avoids
//! receiving a known list again. [`waits`] reports waits to an observer.

pub(crate) mod ask;
pub(crate) mod bandwidth;
pub(crate) mod client;
pub(crate) mod counters;
pub(crate) mod document;
pub(crate) mod exchange;
pub(crate) mod failure;
pub(crate) mod inflate;
pub(crate) mod limits;
pub(crate) mod network;
pub(crate) mod panel_client;
pub(crate) mod patience;
pub(crate) mod proxy;
pub(crate) mod rate_limiter;
pub(crate) mod redirect;
pub(crate) mod refused;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod second_try;
pub(crate) mod throughput;
pub(crate) mod user_agents;
pub(crate) mod validator;
pub(crate) mod waits;
