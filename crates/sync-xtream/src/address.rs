//! The address of a panel, from what people paste.
//!
//! A pasted text goes through four steps: `copied` finds the address in it, `scheme` and `host` read its
//! beginning, `path` and `login` take user name and password out of the rest. A text that can be read in
//! several ways with different logins is refused: a wrong password gets accounts banned.

mod copied;
mod host;
mod login;
mod path;
mod scheme;

use std::fmt;

use url::Url;

use crate::credentials::{Credentials, Secret};
use login::Login;

/// Where a panel's API is found: scheme, host, port and sub-path; never credentials.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PanelAddress(Url);

/// What a pasted text held.
#[derive(Clone)]
pub struct Pasted {
    /// The panel.
    pub address: PanelAddress,
    /// The user name, if there was one.
    pub username: Option<String>,
    /// The password, if there was one.
    pub password: Option<Secret>,
}

/// The text is not the address of a panel. No variant repeats the text: it may hold credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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

/// One way to read a text.
#[derive(Clone, PartialEq)]
struct Reading {
    address: PanelAddress,
    login: Login,
}

impl PanelAddress {
    /// Reads an address as people paste it.
    ///
    /// Knows bare hosts, `player_api.php`, `get.php` and `xmltv.php` addresses with credentials in
    /// the query, addresses of streams and playlists with credentials in the path
    /// (`/live/USER/PASSWORD/1.ts`, `/USER/PASSWORD/1`, `/playlist/USER/PASSWORD/m3u_plus`), and the
    /// portal addresses (`/c/`, `/stalker_portal/c/`) of the same panels. Sub-path and port are kept.
    /// Quotes, brackets, markup, entities and invisible characters around it are taken off.
    ///
    /// A path of two parts that is no known form is a sub-path; see [`Self::without_login`].
    ///
    /// ```
    /// use sync_xtream::PanelAddress;
    ///
    /// let pasted = PanelAddress::parse(" Panel.example:8080/get.php?username=ann&password=s%26b ")?;
    /// assert_eq!(pasted.address.to_string(), "http://panel.example:8080");
    /// assert_eq!(pasted.username.as_deref(), Some("ann"));
    /// # Ok::<(), sync_xtream::AddressError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where several readings have different logins, none is taken: [`AddressError::Unclear`].
    pub fn parse(text: &str) -> Result<Pasted, AddressError> {
        let Reading { mut address, login } = copied::read(text)?;
        // What is left may look like something to be taken off again: one address has one spelling.
        loop {
            let again = copied::read(&address.to_string())?;
            if again.address == address {
                return Ok(Pasted { address, username: login.username, password: login.password });
            }
            address = again.address;
        }
    }

    /// The address without a path that ends in this user name and this password (`/USER/PASSWORD`).
    pub fn without_login(&self, login: &Credentials) -> Self {
        let segments: Vec<&str> = self.0.path_segments().into_iter().flatten().collect();
        match &segments[..] {
            [base @ .., username, password] if login.are(&path::decoded(username), &path::decoded(password)) => {
                let mut url = self.0.clone();
                url.set_path(&format!("/{}", base.join("/")));
                Self(url)
            }
            _ => self.clone(),
        }
    }

    /// The parts of its sub-path, decoded.
    pub fn sub_path(&self) -> Vec<String> {
        let segments = self.0.path_segments().into_iter().flatten();
        segments.filter(|segment| !segment.is_empty()).map(path::decoded).collect()
    }

    /// Whether connections to it are encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of the API itself.
    pub(crate) fn endpoint(&self) -> String {
        format!("{self}/player_api.php")
    }
}

impl Reading {
    /// Reads an address that stands alone.
    fn of(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = scheme::split(text)?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
        host::check_authority(authority, tail, scheme.is_some())?;
        let (path, login) = login::take(tail)?;
        let url = Url::parse(&format!("{}://{authority}{path}", scheme.unwrap_or("http")))
            .map_err(|_| AddressError::Invalid)?;
        host::check(&url, authority)?;
        Ok(Self { address: PanelAddress(url), login })
    }

    /// The one reading that all are, if they are one.
    fn agreed(readings: impl IntoIterator<Item = Result<Self, AddressError>>) -> Result<Self, AddressError> {
        let mut readings = readings.into_iter();
        let first = readings.next().unwrap_or(Err(AddressError::Empty))?;
        for reading in readings {
            let reading = reading?;
            if reading.login != first.login {
                return Err(AddressError::Unclear);
            }
            if reading.address != first.address {
                return Err(AddressError::Several);
            }
        }
        Ok(first)
    }
}

impl fmt::Display for PanelAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for PanelAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PanelAddress({self})")
    }
}

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pasted").field("address", &self.address).finish_non_exhaustive()
    }
}
