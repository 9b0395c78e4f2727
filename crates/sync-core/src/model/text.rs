//! The texts of an item.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

use compact_str::{CompactString, ToCompactString};

/// A text of an item. It is read as a `str`, and made of other texts with `into()`.
///
/// Most texts of a catalogue are short: ids, dates, years, extensions. A text of up to 24 bytes (12 on 32-bit
/// platforms) is stored in the value itself. Only a longer text allocates.
///
/// ```
/// use sync_core::{Channel, Content, ContentId};
///
/// let mut channel = Channel::with_id(ContentId(7));
/// channel.name = "News".into();
/// channel.epg_channel_id = Some(format!("news.{}", 24).into());
/// assert_eq!(channel.name, "News");
/// assert_eq!(channel.epg_channel_id.as_deref(), Some("news.24"));
/// assert!(channel.name.starts_with('N'));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(CompactString);

impl Text {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text as a `String`, without a copy if it is allocated.
    pub fn into_string(self) -> String {
        self.0.into_string()
    }

    /// Returns the bytes that the text allocates.
    pub(crate) fn heap_size(&self) -> usize {
        if self.0.is_heap_allocated() { self.0.capacity() } else { 0 }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self(text.into())
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Self(text.into())
    }
}

impl From<i64> for Text {
    fn from(number: i64) -> Self {
        Self(number.to_compact_string())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.into_string()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn a_text_keeps_its_letters() {
        for text in ["", "a", "exactly twenty-four bytes", "日本語のとても長い番組名とその説明", "\0\u{10ffff}"]
        {
            let made = [Text::from(text), text.to_owned().into(), std::borrow::Cow::Borrowed(text).into()];
            for made in made {
                assert_eq!(made, text);
                assert_eq!((format!("{made}"), format!("{made:?}")), (text.to_owned(), format!("{text:?}")));
                assert_eq!(String::from(made), text);
            }
        }
        assert_eq!(Text::from(i64::MIN), i64::MIN.to_string());
        let owned = "exactly twenty-four bytes".to_owned();
        assert_eq!(Text::from(&owned).as_ref() as &str, owned);
    }

    #[test]
    fn a_text_equals_any_string_with_its_letters() {
        let text = Text::from("a");
        for (other, equal) in [("a", true), ("b", false)] {
            let owned = other.to_owned();
            assert_eq!([text == *other, text == other, text == owned], [equal; 3]);
            assert_eq!([*other == text, other == text, owned == text], [equal; 3]);
        }
    }

    #[test]
    fn only_a_long_text_allocates() {
        assert_eq!(Text::from("2024-02-02 10:00:00").heap_size(), 0);
        assert!(Text::from("https://image.example/t/p/w600/abcdefghij.jpg").heap_size() >= 45);
        assert_eq!(size_of::<Option<Text>>(), size_of::<String>());
    }
}
