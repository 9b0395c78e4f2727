//! The three kinds of content that a panel lists.

use std::fmt;
use std::str::FromStr;

/// A kind of content. Ids of different kinds are unrelated: movie 5 and series 5 are two items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ContentKind {
    /// Live television and radio.
    Channels,
    /// Movies.
    Movies,
    /// Series, without their episodes.
    Series,
}

impl ContentKind {
    /// Every kind, in the order in which a run syncs them.
    pub const ALL: [Self; 3] = [Self::Channels, Self::Movies, Self::Series];

    /// Returns the name used in tables, reports, logs and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channels => "channels",
            Self::Movies => "movies",
            Self::Series => "series",
        }
    }

    /// Returns the position of this kind in [`ContentKind::ALL`].
    pub const fn ordinal(self) -> usize {
        self as usize
    }
}

impl fmt::Display for ContentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of content: use channels, movies or series")]
pub struct UnknownKind(pub String);

impl FromStr for ContentKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "channels" => Ok(Self::Channels),
            "movies" => Ok(Self::Movies),
            "series" => Ok(Self::Series),
            other => Err(UnknownKind(other.to_owned())),
        }
    }
}
