//! A value per kind of content.

use serde::{Deserialize, Serialize};

/// A value for each kind of content, in objects that always have all kinds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kinds<T> {
    /// The value of the channels.
    pub channels: T,
    /// The value of the movies.
    pub movies: T,
    /// The value of the series.
    pub series: T,
}

impl<T> Kinds<T> {
    /// Returns the kinds with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &T)> {
        [("channels", &self.channels), ("movies", &self.movies), ("series", &self.series)].into_iter()
    }

    /// Returns the value of a kind, or `None` if there is no such kind.
    pub fn get(&self, kind: &str) -> Option<&T> {
        self.iter().find_map(|(name, value)| (name == kind).then_some(value))
    }
}
