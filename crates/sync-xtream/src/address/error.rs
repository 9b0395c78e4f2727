//! Why a text is not taken for the address of a panel.

/// The text is not the address of a panel. No variant repeats the text: it may hold credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// Another scheme than http and https.
    #[error("only http:// and https:// addresses can be used")]
    Scheme,
    /// `htp://`, or `http://` and `https://` together.
    #[error("the beginning is mistyped: `http://` or `https://` is expected, once")]
    Mistyped,
    /// `user:password@host`.
    #[error("user name and password can't stand before the host (`user:password@host`); give them separately")]
    UserInfo,
    /// No host, a port that is none, and the like.
    #[error("this is not the address of a host: `http://host:port` is expected")]
    Invalid,
    /// A user name or a password that may begin or end in several places.
    #[error(
        "it can't be told where the user name or the password in it ends, or what it is; nothing was taken over. \
         Give the address without them, and user name and password separately"
    )]
    Unclear,
    /// Other words, lines or addresses beside the address.
    #[error("there is more than one address in it, or other text beside the address; give the address alone")]
    Several,
}
