//! The address of a panel, as it is stored.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::{AddressError, path};
use crate::credentials::Credentials;

/// The address of a panel's API: scheme, host, port and sub-path, but never credentials.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PanelAddress(pub(super) Url);

impl PanelAddress {
    /// Returns the address without a path that ends in this user name and this password (`/USER/PASSWORD`).
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

    /// Returns the parts of the sub-path, decoded.
    pub fn sub_path(&self) -> Vec<String> {
        let segments = self.0.path_segments().into_iter().flatten();
        segments.filter(|segment| !segment.is_empty()).map(path::decoded).collect()
    }

    /// Returns whether connections to it are encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns the address of the API itself.
    pub(crate) fn api_url(&self) -> String {
        format!("{self}/player_api.php")
    }
}

/// Reads an address as [`PanelAddress::parse`] does. A login in the text is left out.
impl FromStr for PanelAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Ok(Self::parse(text)?.address)
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
