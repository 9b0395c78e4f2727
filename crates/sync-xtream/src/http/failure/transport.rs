//! Describes errors of the HTTP client: why no answer began, and why one broke off.

use std::error::Error;
use std::io::ErrorKind;

use sync_core::SourceError;
use sync_core::source::Obstacle;

use super::Failure;
use super::connecting::{Way, from_connecting, from_tls};
use crate::http::network::OnlyInside;
use crate::http::redirect::RefusedRedirect;

impl Failure {
    /// Returns the failure of a request without an answer.
    pub(crate) fn from_request(error: &reqwest::Error, way: Way) -> Self {
        if error.is_builder() {
            return Self::Permanent(SourceError::internal("the request could not be made"));
        }
        if find::<OnlyInside>(error).is_some() {
            return RefusedRedirect::Inside.into();
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return from_tls(tls);
        }
        let kind = find::<std::io::Error>(error).map(std::io::Error::kind);
        if error.is_dns() && !way.proxied {
            return Self::nameless();
        }
        if error.is_connect() || error.is_timeout() {
            return from_connecting(error.is_timeout(), kind, way);
        }
        match kind {
            Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Self::broken("the connection was reset"),
            _ if said(error, "head is too large") => Self::large_head(),
            _ if is_no_http(error) => Self::obstructed(Obstacle::NotHttp, "what answers there doesn't speak HTTP"),
            _ => Self::broken("the connection broke before an answer came"),
        }
    }

    /// Returns the failure of an answer that broke off.
    pub(crate) fn from_body(error: &reqwest::Error, received: u64) -> Self {
        if transport_failed(error) {
            Self::truncated(format!("the answer broke off after {received} bytes: the connection broke"))
        } else {
            Self::damaged(received)
        }
    }
}

/// Returns whether the answer wasn't HTTP. The client's type for this can't be named here. Its texts are constant, and
/// are only compared.
fn is_no_http(error: &reqwest::Error) -> bool {
    let invalid = ["invalid HTTP", "invalid content-length", "invalid transfer-encoding"];
    invalid.iter().any(|words| said(error, words))
}

fn said(error: &reqwest::Error, words: &str) -> bool {
    causes(error).skip(1).any(|cause| cause.to_string().contains(words))
}

/// Returns whether an existing connection broke, as idle ones do at the moment when they are used again.
pub(crate) fn is_broken_connection(error: &reqwest::Error) -> bool {
    let broken =
        |kind| matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted);
    let io = find::<std::io::Error>(error).is_some_and(|io| broken(io.kind()));
    !error.is_connect() && (io || said(error, "connection closed") || said(error, "operation was canceled"))
}

/// Returns whether the bytes stopped coming, and not whether they were wrong.
fn transport_failed(error: &reqwest::Error) -> bool {
    // The client's words for a body that ended early are constant. A decompressor has other words.
    let ended = |words: &str| words.contains("message length") || words.contains("EOF during chunk");
    causes(error).skip(1).any(|cause| {
        let network = |kind| matches!(kind, ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted);
        cause.is::<reqwest::Error>()
            || cause.downcast_ref::<std::io::Error>().is_some_and(|io| network(io.kind()))
            || ended(&cause.to_string())
    }) || !error.is_decode()
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Returns an error and its causes. An error in an I/O error is a part of it and not its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}
