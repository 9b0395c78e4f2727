//! The fields that a user can edit, their values, and the limits of both.

use std::fmt;

use crate::model::{CategorySet, ContentKind, Item, Value, ValueRef};

/// A field of an item that a user can edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EditField {
    /// Whether the item is a favourite.
    Favourite,
    /// Whether lists leave the item out.
    Hidden,
    /// The name.
    Name,
    /// The categories, by id.
    Category,
    /// The number that a viewer dials.
    Number,
    /// The address of the image.
    Icon,
    /// A note.
    Note,
    /// Tags.
    Tags,
    /// The position up to which the item was watched, in seconds.
    Position,
    /// Whether the item was watched to its end.
    Watched,
    /// When the item was last watched, in unix seconds.
    LastWatched,
}

/// The shape of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditShape {
    /// Set or not.
    Flag,
    /// A whole number, 0 or more.
    Number,
    /// One line of text.
    Text,
    /// Several texts.
    List,
}

impl EditField {
    /// Every field.
    pub const ALL: [Self; 11] = [
        Self::Favourite,
        Self::Hidden,
        Self::Name,
        Self::Category,
        Self::Number,
        Self::Icon,
        Self::Note,
        Self::Tags,
        Self::Position,
        Self::Watched,
        Self::LastWatched,
    ];

    /// The fields for which the panel has a value that may differ from the user's. The number is not among them,
    /// because it never conflicts.
    pub const JUDGED: [Self; 3] = [Self::Name, Self::Category, Self::Icon];

    /// Returns the word for the field, in tables, arguments and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Favourite => "favourite",
            Self::Hidden => "hidden",
            Self::Name => "name",
            Self::Category => "category",
            Self::Number => "number",
            Self::Icon => "icon",
            Self::Note => "note",
            Self::Tags => "tags",
            Self::Position => "position",
            Self::Watched => "watched",
            Self::LastWatched => "last_watched",
        }
    }

    /// Returns the field with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// Returns the shape of the field's values.
    pub const fn shape(self) -> EditShape {
        match self {
            Self::Favourite | Self::Hidden | Self::Watched => EditShape::Flag,
            Self::Number | Self::Position | Self::LastWatched => EditShape::Number,
            Self::Name | Self::Icon | Self::Note => EditShape::Text,
            Self::Category | Self::Tags => EditShape::List,
        }
    }

    /// Returns the column with the panel's value; `None` for a field that only the user has.
    pub const fn column(self, kind: ContentKind) -> Option<&'static str> {
        match (self, kind) {
            (Self::Name, _) => Some("name"),
            (Self::Category, _) => Some("category_ids"),
            (Self::Number, _) => Some("num"),
            (Self::Icon, ContentKind::Series) => Some("cover"),
            (Self::Icon, _) => Some("stream_icon"),
            _ => None,
        }
    }

    /// Returns the panel's value of the field; `None` if the panel has none.
    pub fn of_panel(self, item: &Item) -> Option<EditValue> {
        let kind = item.kind();
        let at = kind.field(self.column(kind)?)?;
        match item.value(at) {
            ValueRef::Text(text) if !text.is_empty() => Some(EditValue::Text(text.to_owned())),
            ValueRef::Integer(number) => Some(EditValue::Number(number)),
            ValueRef::Categories(set) if !set.is_empty() => Some(EditValue::of_categories(set)),
            _ => None,
        }
    }
}

impl fmt::Display for EditField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value of a field. A flag that is not set has no value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
pub enum EditValue {
    /// A flag that is set.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text. It is not empty.
    Text(String),
    /// Several texts, sorted, each once. There is at least one.
    List(Vec<String>),
}

/// The longest name or category id, in bytes.
pub const NAME_MAX: usize = 500;
/// The longest address of an image, in bytes.
pub const ICON_MAX: usize = 2_000;
/// The longest note, in bytes.
pub const NOTE_MAX: usize = 4_000;
/// The longest tag, in bytes.
pub const TAG_MAX: usize = 100;
/// The most tags or categories of an item.
pub const LIST_MAX: usize = 50;
/// The most edits of a profile.
pub const EDITS_MAX: usize = 200_000;

impl EditValue {
    /// Returns a set of categories as a value. The set must not be empty.
    pub fn of_categories(set: &CategorySet) -> Self {
        Self::List(set.iter().map(|id| id.as_str().to_owned()).collect())
    }

    /// Returns a list of texts as a value: trimmed, sorted, each once; `None` if nothing is left.
    pub fn list(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Option<Self> {
        let texts = texts.into_iter().map(|text| text.as_ref().trim().to_owned());
        let mut texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
        texts.sort_unstable();
        texts.dedup();
        (!texts.is_empty()).then_some(Self::List(texts))
    }

    /// Reads what a person typed for a field. Returns `None` for an empty text, which ends the edit. The texts of a
    /// list are separated by commas.
    ///
    /// # Errors
    ///
    /// [`InvalidEdit`] if the text is not a value of the field, or exceeds a limit.
    pub fn read(field: EditField, text: &str) -> Result<Option<Self>, InvalidEdit> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let invalid = |problem| InvalidEdit { field, problem };
        let value = match field.shape() {
            EditShape::Flag => match text {
                "yes" | "true" | "1" => Some(Self::Flag(true)),
                "no" | "false" | "0" => None,
                _ => return Err(invalid(EditProblem::NoFlag)),
            },
            EditShape::Number => Some(Self::Number(text.parse().map_err(|_| invalid(EditProblem::NoNumber))?)),
            EditShape::Text => Some(Self::Text(text.to_owned())),
            EditShape::List => Self::list(text.split(',')),
        };
        value.map(|value| value.checked(field)).transpose()
    }

    /// Returns the value if it is allowed for this field and keeps the limits. Every value of a user is checked here.
    ///
    /// # Errors
    ///
    /// [`InvalidEdit`] says what is wrong.
    pub fn checked(self, field: EditField) -> Result<Self, InvalidEdit> {
        let invalid = |problem| Err(InvalidEdit { field, problem });
        let longest = match field {
            EditField::Icon => ICON_MAX,
            EditField::Note => NOTE_MAX,
            EditField::Tags => TAG_MAX,
            _ => NAME_MAX,
        };
        let is_line = |text: &str| field == EditField::Note || !text.contains(char::is_control);
        match (&self, field.shape()) {
            (Self::Flag(true), EditShape::Flag) | (Self::Number(0..), EditShape::Number) => {}
            (Self::Number(_), EditShape::Number) => return invalid(EditProblem::NoNumber),
            (Self::Text(text), EditShape::Text) if !text.is_empty() => {
                if text.len() > longest {
                    return invalid(EditProblem::TooLong(longest));
                }
                if !is_line(text) {
                    return invalid(EditProblem::ControlCharacter);
                }
                if field == EditField::Icon && !is_web_address(text) {
                    return invalid(EditProblem::NoAddress);
                }
            }
            (Self::List(texts), EditShape::List) if !texts.is_empty() => {
                if texts.len() > LIST_MAX {
                    return invalid(EditProblem::TooMany(LIST_MAX));
                }
                if texts.iter().any(|text| text.len() > longest) {
                    return invalid(EditProblem::TooLong(longest));
                }
                if texts.iter().any(|text| !is_line(text)) {
                    return invalid(EditProblem::ControlCharacter);
                }
                // A list from elsewhere may be in any order.
                return Ok(Self::list(texts).unwrap_or(self));
            }
            _ => return invalid(EditProblem::OtherShape),
        }
        Ok(self)
    }

    /// Returns whether the value has the shape of this field's values.
    pub const fn fits(&self, field: EditField) -> bool {
        matches!(
            (self, field.shape()),
            (Self::Flag(_), EditShape::Flag)
                | (Self::Number(_), EditShape::Number)
                | (Self::Text(_), EditShape::Text)
                | (Self::List(_), EditShape::List)
        )
    }

    /// Returns the texts of a list; no texts for other values.
    pub fn texts(&self) -> &[String] {
        if let Self::List(texts) = self { texts } else { &[] }
    }

    /// Returns the text; `None` for other values.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the number; `None` for other values.
    pub const fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// Returns the value as a column of an item has it. A flag is 1.
    pub fn to_column(&self) -> Value {
        match self {
            Self::Flag(flag) => Value::Integer(i64::from(*flag)),
            Self::Number(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text.as_str().into()),
            Self::List(texts) => Value::Categories(texts.iter().map(String::as_str).collect()),
        }
    }

    /// Returns the value of a column; `None` if it has none.
    pub fn from_column(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) if !text.is_empty() => Some(Self::Text(text.as_str().to_owned())),
            Value::Integer(number) => Some(Self::Number(*number)),
            Value::Categories(set) if !set.is_empty() => Some(Self::of_categories(set)),
            _ => None,
        }
    }
}

/// Writes the value as people read it.
impl fmt::Display for EditValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::List(texts) => f.write_str(&texts.join(",")),
        }
    }
}

/// Returns whether a text is an address that players can load an image from: `http` or `https`, and a host.
fn is_web_address(text: &str) -> bool {
    let rest =
        text.split_once("://").filter(|(scheme, _)| ["http", "https"].iter().any(|it| scheme.eq_ignore_ascii_case(it)));
    rest.is_some_and(|(_, rest)| {
        !rest.starts_with(['/', '?', '#', ':', '@']) && !rest.is_empty() && !text.contains(' ')
    })
}

/// The error of a value that a field doesn't accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidEdit {
    /// The field.
    pub field: EditField,
    /// What is wrong.
    pub problem: EditProblem,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditProblem {
    /// The value is neither yes nor no.
    NoFlag,
    /// The value is no whole number of 0 or more.
    NoNumber,
    /// A text is longer than this many bytes.
    TooLong(usize),
    /// A list has more than this many texts.
    TooMany(usize),
    /// A text has a line break or another control character.
    ControlCharacter,
    /// The value is no address of an image.
    NoAddress,
    /// The value has another shape than the field.
    OtherShape,
}

impl fmt::Display for EditProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFlag => f.write_str("takes yes or no"),
            Self::NoNumber => f.write_str("takes a whole number, 0 or more"),
            Self::TooLong(most) => write!(f, "takes at most {most} bytes"),
            Self::TooMany(most) => write!(f, "takes at most {most} values"),
            Self::ControlCharacter => f.write_str("takes no line breaks or other control characters"),
            Self::NoAddress => f.write_str("takes an address that begins with http:// or https://"),
            Self::OtherShape => f.write_str("takes a value of another type"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::movie;

    #[test]
    fn typed_text_becomes_a_value() {
        let read = |field, text| EditValue::read(field, text).map_err(|error| error.problem);
        let list = |texts: &[&str]| EditValue::list(texts.iter().copied());
        let cases = [
            (EditField::Favourite, "yes", Ok(Some(EditValue::Flag(true)))),
            (EditField::Favourite, "no", Ok(None)),
            (EditField::Favourite, "perhaps", Err(EditProblem::NoFlag)),
            (EditField::Name, "  Heat ", Ok(Some(EditValue::Text("Heat".to_owned())))),
            (EditField::Name, " ", Ok(None)),
            (EditField::Name, "a\nb", Err(EditProblem::ControlCharacter)),
            (EditField::Number, "7", Ok(Some(EditValue::Number(7)))),
            (EditField::Number, "-7", Err(EditProblem::NoNumber)),
            (EditField::Number, "seven", Err(EditProblem::NoNumber)),
            (EditField::Tags, "b, a,,b", Ok(list(&["a", "b"]))),
            (EditField::Tags, ",", Ok(None)),
            (EditField::Category, "12", Ok(list(&["12"]))),
            (
                EditField::Icon,
                "https://a.example/1.png",
                Ok(Some(EditValue::Text("https://a.example/1.png".to_owned()))),
            ),
            (EditField::Icon, "HTTP://a", Ok(Some(EditValue::Text("HTTP://a".to_owned())))),
            (EditField::Icon, "banana", Err(EditProblem::NoAddress)),
            (EditField::Icon, "file:///etc/passwd", Err(EditProblem::NoAddress)),
            (EditField::Icon, "http://", Err(EditProblem::NoAddress)),
            (EditField::Icon, "http:///1.png", Err(EditProblem::NoAddress)),
        ];
        for (field, text, expected) in cases {
            assert_eq!(read(field, text), expected, "{field} {text:?}");
        }
        let long = "x".repeat(NAME_MAX + 1);
        assert_eq!(read(EditField::Name, &long), Err(EditProblem::TooLong(NAME_MAX)));
        assert!(read(EditField::Note, &long).is_ok() && read(EditField::Note, "a\nb").is_ok());
        let many = (0..=LIST_MAX).map(|tag| tag.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(read(EditField::Tags, &many), Err(EditProblem::TooMany(LIST_MAX)));
        assert_eq!(
            EditValue::Flag(false).checked(EditField::Hidden).map_err(|it| it.problem),
            Err(EditProblem::OtherShape)
        );
    }

    #[test]
    fn every_field_has_a_word_and_conflicting_fields_have_a_column() {
        for field in EditField::ALL {
            assert_eq!(EditField::from_name(field.as_str()), Some(field));
            for kind in ContentKind::ALL {
                let column = field.column(kind);
                assert!(column.is_none_or(|column| kind.field(column).is_some()), "{field} {kind}");
                assert!(column.is_some() || !EditField::JUDGED.contains(&field));
            }
        }
        let item = movie(1).name("Heat").item();
        assert_eq!(EditField::Name.of_panel(&item), Some(EditValue::Text("Heat".to_owned())));
        assert_eq!(EditField::Category.of_panel(&item), EditValue::list(["1"]));
        assert_eq!((EditField::Icon.of_panel(&item), EditField::Note.of_panel(&item)), (None, None));
    }
}
