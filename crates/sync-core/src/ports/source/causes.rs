//! Why a panel was not reached, or a login is refused, with what to do about it.

use crate::hint::Hint;

/// What is in the way to a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
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
#[non_exhaustive]
pub enum Denial {
    /// Status 401 without a word of the panel: wrong credentials, or a filter that doesn't know the client.
    Status,
    /// Something in front of the panel asks for a login of its own (HTTP authentication).
    HttpLogin,
    /// The account has come to its end, or is locked.
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
