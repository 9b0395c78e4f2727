//! The identity of a panel: caches with the same one hold the content of the same account.

use std::fmt;
use std::str::FromStr;

use super::hash::{NotAHash, digits};

/// A random number that a cache gives to its panel at the first export. It is not derived from the address, because
/// addresses change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PanelIdentity(pub u128);

impl fmt::Display for PanelIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for PanelIdentity {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        digits(text).map(Self).ok_or(NotAHash)
    }
}
