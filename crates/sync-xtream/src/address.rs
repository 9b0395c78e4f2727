//! The address of a panel, from what people paste.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::credentials::Secret;

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
    /// `user:password@host`.
    #[error("user name and password can't stand before the host (`user:password@host`); give them separately")]
    UserInfo,
    /// No host, a port that is none, and the like.
    #[error("this is not the address of a host: `http://host:port` is expected")]
    Invalid,
}

impl PanelAddress {
    /// Reads an address as people paste it.
    ///
    /// Knows bare hosts, `player_api.php`, `get.php` and `xmltv.php` addresses with credentials in
    /// the query, addresses of streams (`/live/USER/PASSWORD/1.ts`), and the portal addresses
    /// (`/c/`, `/stalker_portal/c/`) of the same panels. Sub-path and port are kept.
    ///
    /// ```
    /// use sync_xtream::PanelAddress;
    ///
    /// let pasted = PanelAddress::parse(" Panel.example:8080/get.php?username=ann&password=s%26b ")?;
    /// assert_eq!(pasted.address.to_string(), "http://panel.example:8080");
    /// assert_eq!(pasted.username.as_deref(), Some("ann"));
    /// # Ok::<(), sync_xtream::AddressError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Pasted, AddressError> {
        let mut pasted = Self::parse_once(text)?;
        // What is left may look like something to be taken off again: one address has one spelling.
        loop {
            let again = Self::parse_once(&pasted.address.to_string())?;
            if again.address == pasted.address {
                return Ok(pasted);
            }
            pasted.address = again.address;
        }
    }

    fn parse_once(text: &str) -> Result<Pasted, AddressError> {
        let text = text.trim_matches(is_wrapping);
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let mut url = Url::parse(&with_scheme(text)?).map_err(|_| AddressError::Invalid)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::UserInfo);
        }
        let mut login = Login::default();
        for (key, value) in url.query_pairs() {
            login.note(&key, &value);
        }
        let path = base_path(&url, &mut login);
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Pasted { address: Self(url), username: login.username, password: login.password })
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

/// Credentials met on the way.
#[derive(Default)]
struct Login {
    username: Option<String>,
    password: Option<Secret>,
}

impl Login {
    fn note(&mut self, key: &str, value: &str) {
        let value = value.trim();
        match key {
            _ if value.is_empty() => {}
            "username" => self.username = Some(value.to_owned()),
            "password" => self.password = Some(Secret::from(value)),
            _ => {}
        }
    }
}

/// What mail programs and hasty fingers leave around an address.
fn is_wrapping(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\u{feff}' | '\u{200b}')
}

/// Puts `http://` before an address without scheme; refuses other schemes.
fn with_scheme(text: &str) -> Result<String, AddressError> {
    let starts_with = |scheme: &str| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    if starts_with("http:") || starts_with("https:") {
        return Ok(text.to_owned());
    }
    let bare = text.trim_start_matches('/');
    let end = bare.find(['/', '?', '#', '\\']).unwrap_or(bare.len());
    let (authority, rest) = bare.split_at(end);
    if authority.contains('@') {
        return Err(AddressError::UserInfo);
    }
    if !authority.starts_with('[')
        && let Some((_, port)) = authority.split_once(':')
    {
        // `host:8080` has a port, `ftp:` and `mailto:ann` have not.
        match port {
            "" if rest.starts_with("//") => return Err(AddressError::Scheme),
            port if port.contains(':') => return Err(AddressError::Invalid),
            port if !port.bytes().all(|b| b.is_ascii_digit()) => return Err(AddressError::Scheme),
            _ => {}
        }
    }
    Ok(format!("http://{bare}"))
}

/// The path that leads to the API, without what follows the panel's own folder.
fn base_path(url: &Url, login: &mut Login) -> String {
    let is = |segment: Option<&&str>, name: &str| segment.is_some_and(|own| own.eq_ignore_ascii_case(name));
    let mut segments: Vec<&str> = url.path_segments().into_iter().flatten().filter(|one| !one.is_empty()).collect();
    if let [.., kind, username, password, _] = segments[..]
        && ["live", "movie", "series"].contains(&kind)
    {
        login.note("username", &percent_decode_str(username).decode_utf8_lossy());
        login.note("password", &percent_decode_str(password).decode_utf8_lossy());
        segments.truncate(segments.len() - 4);
    }
    if segments.last().is_some_and(|last| {
        let extension = last.rsplit_once('.').map(|(_, extension)| extension);
        extension.is_some_and(|own| ["php", "html"].iter().any(|known| own.eq_ignore_ascii_case(known)))
    }) {
        segments.pop();
    }
    if is(segments.last(), "c") {
        segments.pop();
        if is(segments.last(), "stalker_portal") {
            segments.pop();
        }
    }
    format!("/{}", segments.join("/"))
}
