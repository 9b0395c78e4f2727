//! The HTTP client of a source.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::crypto::{CryptoProvider, ring};

use super::network::OutsideOnly;
use crate::config::XtreamConfig;

/// The reason why no source can be made of these settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The user agent has characters that a header can't contain.
    #[error("the user agent holds characters that can't be sent")]
    UserAgent,
    /// The client could not be made.
    #[error("the HTTP client could not be set up")]
    Client,
}

/// The time after which an idle connection is not used again. Panels close them after ten seconds.
const IDLE_CONNECTION: std::time::Duration = std::time::Duration::from_secs(5);

/// The purpose of an HTTP client. A panel has one client per kind that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientKind {
    /// Whether private addresses of a name are not connected to.
    pub(crate) outside: bool,
    /// Whether the system's root certificates are trusted. More than a hundred have to be read from files.
    pub(crate) encrypted: bool,
}

impl ClientKind {
    pub(crate) const COUNT: usize = 4;

    /// Returns a number that no other kind has.
    pub(crate) const fn number(self) -> usize {
        self.outside as usize + 2 * self.encrypted as usize
    }
}

/// Returns a client. Compression is left to [`super::inflate`], which looks at the bytes, can read gzip that was
/// written in several parts, and leaves the bytes of the wire to be counted.
pub(crate) fn client(config: &XtreamConfig, kind: ClientKind) -> Result<Client, SetupError> {
    build(|| {
        let builder = builder(config);
        let builder = if kind.encrypted { builder } else { builder.tls_certs_only([]) };
        let builder = builder.no_gzip().no_deflate().no_brotli().no_zstd();
        if kind.outside {
            builder.dns_resolver(OutsideOnly { is_private: config.is_private, look_up: config.look_up })
        } else {
            builder
        }
    })
}

fn build(builder: impl Fn() -> ClientBuilder) -> Result<Client, SetupError> {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been faster. Its choice is as good.
        let _ = ring::default_provider().install_default();
    }
    builder().build().or_else(|_| {
        // Without the system's root certificates no client can be made, although most panels need none. This client
        // trusts no certificate at all.
        tracing::warn!("the system's root certificates can't be loaded; encrypted connections will fail");
        let roots = rustls::RootCertStore::empty();
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        builder().tls_backend_preconfigured(tls).build().map_err(|_| SetupError::Client)
    })
}

fn builder(config: &XtreamConfig) -> ClientBuilder {
    let builder = Client::builder()
        // A `Referer` would hand the query, and with it the credentials, to the target of a redirect.
        .referer(false)
        // Redirects are followed one by one, and each is checked first.
        .redirect(Policy::none())
        // Repetitions are counted and paced in one place.
        .retry(reqwest::retry::never())
        .http1_only()
        // Panels and servers in front of them write heads that curl and browsers read all the same: lines without a
        // colon, a space before it, continued lines, control characters.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tls_danger_accept_invalid_certs(!config.verify_tls);
    if config.system_proxy { builder } else { builder.no_proxy() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_number_of_its_own() {
        let both = [false, true];
        let kinds = both.iter().flat_map(|outside| both.map(|encrypted| ClientKind { outside: *outside, encrypted }));
        let mut numbers: Vec<_> = kinds.map(ClientKind::number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..ClientKind::COUNT).collect::<Vec<_>>());
    }
}
