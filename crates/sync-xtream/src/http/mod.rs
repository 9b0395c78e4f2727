//! HTTP: one request and the way to its answer, again and again until there is one.
//!
//! [`panel_client`] is an account at a panel and all that its requests share. [`exchange`] sends one [`request`] through
//! a [`client`], as fast as the [`rate_limiter`] lets it, over each [`redirect`], to its [`response`]; [`document`] reads a
//! small answer whole. What goes wrong is a [`failure`]. [`ask`] and [`retry`] say whether a request is repeated,
//! [`refused`], [`user_agents`] and [`second_try`] as which client. [`network`] and [`proxy`] tell where an address leads,
//! [`inflate`] undoes compression, [`throughput`] notices a trickle, and a [`validator`] spares what is known already.

pub(crate) mod ask;
pub(crate) mod client;
pub(crate) mod counters;
pub(crate) mod document;
pub(crate) mod exchange;
pub(crate) mod failure;
pub(crate) mod inflate;
pub(crate) mod limits;
pub(crate) mod network;
pub(crate) mod panel_client;
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
