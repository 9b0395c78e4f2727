//! The reasons why a panel was not reached or a login was refused.

use crate::hint::Hint;

/// The obstacle on the way to a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// The network: an unknown name, no route, no connection in time, or a refused connection.
    Network,
    /// The port answers without encryption to an encrypted request.
    PlainPort,
    /// No encrypted connection could be made. The port may be for unencrypted ones.
    Encryption,
    /// The panel has only versions or ciphers of TLS that are no longer safe.
    OldEncryption,
    /// The panel's certificate is not accepted.
    Certificate,
    /// The server doesn't speak HTTP. The port may be for encrypted connections.
    NotHttp,
    /// The proxy of the environment refuses all connections.
    Proxy,
    /// The proxy of the environment is of a kind that is not supported.
    ProxyKind,
}

/// The reason for a refused login, if it is not simply a wrong user name or password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Denial {
    /// Status 401 without a word of the panel: the credentials are wrong, or a filter doesn't know the client.
    Status,
    /// A server in front of the panel asks for a login of its own (HTTP authentication).
    HttpLogin,
    /// The account has expired or is locked.
    Account,
}

impl Obstacle {
    pub(super) const fn hint(self) -> Hint {
        match self {
            Self::Network => Hint::CheckNetwork,
            Self::PlainPort => Hint::UseHttp,
            Self::Encryption => Hint::CheckEncryption,
            Self::OldEncryption => Hint::AskForSafeEncryption,
            Self::Certificate => Hint::CheckCertificate,
            Self::NotHttp => Hint::CheckPort,
            Self::Proxy => Hint::CheckProxy,
            Self::ProxyKind => Hint::UseSupportedProxy,
        }
    }
}

impl Denial {
    pub(super) const fn hint(self) -> Hint {
        match self {
            Self::Status => Hint::CheckCredentialsOrUserAgent,
            Self::HttpLogin => Hint::AskForOpenAddress,
            Self::Account => Hint::AskAboutAccount,
        }
    }
}
