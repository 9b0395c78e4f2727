//! A value as it is written.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A value of any shape, as the JSON in which it was written.
///
/// Panels send numbers that no number type of Rust can hold, and keys that are there twice. Both stay as they are. Two
/// values are equal if their JSON is the same text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Raw(Box<RawValue>);

impl Raw {
    /// Returns the JSON.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Reads the JSON as a type.
    ///
    /// # Errors
    ///
    /// The type doesn't fit, or a number is out of its range.
    pub fn parse<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.get())
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl From<Box<RawValue>> for Raw {
    fn from(json: Box<RawValue>) -> Self {
        Self(json)
    }
}
