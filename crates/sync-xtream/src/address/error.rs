//! The reasons why a text is not taken for the address of a panel.

/// The text is not the address of a panel. No variant repeats the text, because it may contain credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text has only white space.
    #[error("the address is empty")]
    Empty,
    /// The scheme is neither http nor https.
    #[error("only http:// and https:// addresses can be used")]
    Scheme,
    /// The scheme is mistyped, such as `htp://`, or `http://` and `https://` together.
    #[error("the beginning is mistyped: `http://` or `https://` is expected, once")]
    Mistyped,
    /// The address has the form `user:password@host`.
    #[error("user name and password can't stand before the host (`user:password@host`); give them separately")]
    UserInfo,
    /// The host is missing or the port is invalid, for example.
    #[error("this is not the address of a host: `http://host:port` is expected")]
    Invalid,
    /// A user name or a password may begin or end in several places.
    #[error(
        "it can't be told where the user name or the password in it ends, or what it is; nothing was taken over. \
         Give the address without them, and user name and password separately"
    )]
    Unclear,
    /// There are other words, lines or addresses next to the address.
    #[error("there is more than one address in it, or other text beside the address; give the address alone")]
    Several,
}
