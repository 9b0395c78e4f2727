//! Ids of profiles, items and categories, and the scope of a listing.

use std::fmt;

use super::kind::ContentKind;

/// The greatest length of a profile id, in bytes.
const PROFILE_ID_MAX: usize = 200;

/// The id of a profile: one account at one panel. Everything in a store is kept apart by profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileId(String);

/// The reason why a text can't name a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProfileId {
    /// The text is empty or only white space.
    #[error("a profile id can't be empty")]
    Empty,
    /// The text has more than 200 bytes.
    #[error("a profile id has at most {PROFILE_ID_MAX} bytes")]
    TooLong,
    /// The text has control characters. Line breaks, escapes and the like would garble terminals and logs.
    #[error("a profile id can't hold control characters")]
    ControlCharacter,
}

impl ProfileId {
    /// Takes a text as profile id, exactly as it is. Ids that differ in case are different.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidProfileId> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(InvalidProfileId::Empty);
        }
        if text.len() > PROFILE_ID_MAX {
            return Err(InvalidProfileId::TooLong);
        }
        let unprintable = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if text.chars().any(unprintable) {
            return Err(InvalidProfileId::ControlCharacter);
        }
        Ok(Self(text))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The panel's id of an item, unique within profile and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ContentId(pub i64);

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<i64> for ContentId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

/// The panel's id of a category. It is a text, because panels use numbers beyond 32 bits, and words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CategoryId(pub String);

impl fmt::Display for CategoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The scope of a listing: a whole kind, or a category of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The kind.
    pub kind: ContentKind,
    /// The category, if the listing covers only one.
    pub within: Option<CategoryId>,
}

impl Scope {
    /// Returns the scope of a whole kind.
    pub const fn whole(kind: ContentKind) -> Self {
        Self { kind, within: None }
    }
}

impl From<ContentKind> for Scope {
    fn from(kind: ContentKind) -> Self {
        Self::whole(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_id_is_kept_unchanged() {
        for text in ["home", "'); DROP TABLE", "../x", "日本", "a b"] {
            let id = ProfileId::new(text).unwrap();
            assert_eq!((id.as_str(), id.to_string().as_str()), (text, text));
        }
        assert_eq!(ProfileId::new("x".repeat(200)).unwrap().as_str().len(), 200);
    }

    #[test]
    fn ids_are_shown_as_the_panel_has_them() {
        assert_eq!(format!("{:>4} {}", ContentId(-7), CategoryId("x 1".to_owned())), "  -7 x 1");
    }

    #[test]
    fn unusable_profile_ids_are_refused() {
        assert_eq!(ProfileId::new(" "), Err(InvalidProfileId::Empty));
        assert_eq!(ProfileId::new("x".repeat(201)), Err(InvalidProfileId::TooLong));
        for text in ["a\nb", "a\u{1b}[31m", "a\0", "a\u{202e}b"] {
            assert_eq!(ProfileId::new(text), Err(InvalidProfileId::ControlCharacter), "{text:?}");
        }
    }
}
