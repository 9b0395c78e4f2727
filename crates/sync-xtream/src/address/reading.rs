//! A reading of a text: the panel and the login that it gives.

use url::Url;

use super::error::AddressError;
use super::login::Login;
use super::panel::PanelAddress;
use super::{host, scheme, tail};

/// One way to read a text.
#[derive(Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) address: PanelAddress,
    pub(super) login: Login,
}

impl Reading {
    /// Reads an address that stands alone.
    pub(super) fn from_text(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = scheme::split(text)?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
        host::check_authority(authority, tail, scheme.is_some())?;
        let (path, login) = tail::take(tail)?;
        let url = Url::parse(&format!("{}://{authority}{path}", scheme.unwrap_or("http")))
            .map_err(|_| AddressError::Invalid)?;
        host::check(&url, authority)?;
        Ok(Self { address: PanelAddress(url), login })
    }

    /// Returns the reading that all of these are, if they agree.
    pub(super) fn agreed(readings: impl IntoIterator<Item = Result<Self, AddressError>>) -> Result<Self, AddressError> {
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
