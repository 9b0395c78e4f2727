//! Reads the address of a panel from a text that a person pastes.
//!
//! A pasted text goes through four steps: `copied` finds the address in it, `scheme` and `host` read its beginning, and
//! `tail`, `path` and `login` take user name and password out of the rest. A text that can be read in several ways with
//! different logins is refused, because a wrong password gets accounts banned.

mod copied;
mod error;
mod host;
mod login;
mod panel;
mod path;
mod reading;
mod scheme;
mod tail;

use std::fmt;

use crate::credentials::Secret;
use reading::Reading;

pub use error::AddressError;
pub use panel::PanelAddress;

/// The result of reading a pasted text.
#[derive(Clone)]
#[non_exhaustive]
pub struct Pasted {
    /// The address of the panel.
    pub address: PanelAddress,
    /// The user name, if there was one.
    pub username: Option<String>,
    /// The password, if there was one.
    pub password: Option<Secret>,
}

impl PanelAddress {
    /// Reads an address as people paste it.
    ///
    /// It understands bare hosts, `player_api.php`, `get.php` and `xmltv.php` addresses with credentials in the query,
    /// addresses of streams and playlists with credentials in the path (`/live/USER/PASSWORD/1.ts`, `/USER/PASSWORD/1`,
    /// `/playlist/USER/PASSWORD/m3u_plus`), and the portal addresses (`/c/`, `/stalker_portal/c/`) of the same panels.
    /// Sub-path and port are kept. Quotes, brackets, markup, entities and invisible characters around the address are
    /// removed.
    ///
    /// A path of two parts without a known form is a sub-path. See [`Self::without_login`].
    ///
    /// ```
    /// use sync_xtream::PanelAddress;
    ///
    /// let pasted = PanelAddress::parse(" Panel.example:8080/get.php?username=ann&password=s%26b ")?;
    /// assert_eq!(pasted.address.to_string(), "http://panel.example:8080");
    /// assert_eq!(pasted.username.as_deref(), Some("ann"));
    /// let same: PanelAddress = "panel.example:8080".parse()?;
    /// assert_eq!(pasted.address, same);
    /// # Ok::<(), sync_xtream::AddressError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AddressError::Unclear`] if several readings have different logins. None of them is taken then.
    pub fn parse(text: &str) -> Result<Pasted, AddressError> {
        let Reading { mut address, login } = copied::read(text)?;
        // The rest may look like something to be removed again. One address has one spelling.
        loop {
            let again = copied::read(&address.to_string())?;
            if again.address == address {
                return Ok(Pasted { address, username: login.username, password: login.password });
            }
            address = again.address;
        }
    }
}

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pasted").field("address", &self.address).finish_non_exhaustive()
    }
}
