//! Why a panel was not reached, or a login is refused, with what to do about it.

/// What is in the way to a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// The network: an unknown name, no route, no connection in time, a connection that is refused.
    Network,
    /// The port answers without encryption to an encrypted request.
    PlainPort,
    /// No encrypted connection came about. Perhaps the port is for plain ones.
    Encryption,
    /// The panel has only versions or ciphers of TLS that are no longer safe.
    OldEncryption,
    /// The panel's certificate is not accepted.
    Certificate,
    /// What answers doesn't speak HTTP. Perhaps the port is for encrypted connections.
    NotHttp,
    /// The proxy of the environment lets nothing through.
    Proxy,
    /// The proxy of the environment is of a kind that is not supported.
    ProxyKind,
}

/// Why a login is refused, where it is not simply a wrong user name or password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denial {
    /// Status 401 without a word of the panel: wrong credentials, or a filter that doesn't know the client.
    Status,
    /// Something in front of the panel asks for a login of its own (HTTP authentication).
    HttpLogin,
    /// The account has come to its end, or is locked.
    Account,
}

impl Obstacle {
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Network => "check the address and the network, and sync again later. The cache is as it was",
            Self::PlainPort => {
                "the port speaks no encryption: give the address with http:// in place of https://. The cache is as it was"
            }
            Self::Encryption => {
                "check the address and the port; when the port speaks no encryption, give the address with http://; \
                 else sync again later. The cache is as it was"
            }
            Self::OldEncryption => {
                "TLS 1.2 or 1.3 is needed, and the panel offers neither, or none of their ciphers: ask the provider for \
                 another address, or try this one with http://. The cache is as it was"
            }
            Self::Certificate => {
                "check the address, and the date of this computer. With `--verify-tls no` any certificate is accepted \
                 for this profile; then anybody on the way can read the password. The cache is as it was"
            }
            Self::NotHttp => {
                "check the address and the port; when the port is for encrypted connections, give the address with \
                 https://. The cache is as it was"
            }
            Self::Proxy => {
                "check the proxy that the environment names (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), or name the panel in \
                 NO_PROXY. The cache is as it was"
            }
            Self::ProxyKind => {
                "name a proxy that begins with http://, https://, socks4://, socks4a://, socks5:// or socks5h:// \
                 (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), or name the panel in NO_PROXY. The cache is as it was"
            }
        }
    }
}

impl Denial {
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Status => {
                "check user name and password with your provider; when they are right, a filter may not know the \
                 client: try another user agent (`--user-agent`)"
            }
            Self::HttpLogin => {
                "it is not the panel that asks, but a web server in front of it, for a user name and password of its \
                 own, which can't be sent: ask your provider for an address without it"
            }
            Self::Account => {
                "ask your provider: the account has to be renewed or unlocked; no further attempt was made"
            }
        }
    }
}
