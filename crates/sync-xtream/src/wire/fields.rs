//! Maps keys to fields, and reads any JSON type into a field's shape.

use std::collections::HashMap;
use std::sync::LazyLock;

use sync_core::model::normalise::exact_integer;
use sync_core::{ContentKind, Shape, Text, Value};

use super::category::categories;
use super::charset::Charset;
use super::member::{Cursor, Raw};
use super::text;
use super::word::word;

/// The meaning of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The item's id.
    Id,
    /// A field of the kind's table. `alias` says that the key is another spelling of it.
    Field { at: usize, shape: Shape, alias: bool },
    /// A key without a column.
    Unknown,
}

/// Other spellings of keys, as panels use them.
const ALIASES: [(&str, &str); 8] = [
    ("releaseDate", "release_date"),
    ("releasedate", "release_date"),
    ("tmdb", "tmdb_id"),
    ("imdb", "imdb_id"),
    ("trailer", "youtube_trailer"),
    ("genres", "genre"),
    ("actors", "cast"),
    ("description", "plot"),
];

/// Returns the key that movies use for their image and series don't, and the other way round.
pub(crate) const fn other_image(kind: ContentKind) -> Option<(&'static str, &'static str)> {
    match kind {
        ContentKind::Channels => None,
        ContentKind::Movies => Some(("cover", "stream_icon")),
        ContentKind::Series => Some(("stream_icon", "cover")),
    }
}

/// Returns the keys under which panels send a field of a kind.
pub(crate) fn spellings(kind: ContentKind, field: &str) -> impl Iterator<Item = &str> {
    let others = ALIASES.iter().filter(move |(_, name)| *name == field).map(|(alias, _)| *alias);
    let image = other_image(kind).filter(|(_, column)| *column == field).map(|(key, _)| key);
    std::iter::once(field).chain(others).chain(image)
}

/// The greatest length of a key that is kept for the next element. No real key is longer.
const KEPT_KEY: usize = 64;

/// The greatest number of keys that are kept.
const KEPT_KEYS: usize = 64;

/// The keys of a kind.
#[derive(Debug)]
pub(crate) struct Keys {
    slots: &'static HashMap<&'static [u8], Slot>,
    /// Another key that has the id.
    other_id: Option<&'static str>,
    /// Keys of earlier elements, in their order. Most elements of a list have the same keys, and leave some of them
    /// out.
    order: Vec<(Box<[u8]>, Slot)>,
    /// The position of the key that is likely to come next.
    next: usize,
}

/// The meaning of the keys of each kind, by [`ContentKind::ordinal`].
static SLOTS: LazyLock<[HashMap<&'static [u8], Slot>; 3]> = LazyLock::new(|| ContentKind::ALL.map(slots_of));

fn slots_of(kind: ContentKind) -> HashMap<&'static [u8], Slot> {
    let mut slots = HashMap::new();
    slots.insert(kind.id_column().as_bytes(), Slot::Id);
    let known = kind.fields().iter().enumerate().filter(|(_, spec)| spec.shape != Shape::Extra);
    for (at, spec) in known {
        slots.insert(spec.name.as_bytes(), Slot::Field { at, shape: spec.shape, alias: false });
        for (alias, _) in ALIASES.into_iter().chain(other_image(kind)).filter(|(_, name)| *name == spec.name) {
            slots.insert(alias.as_bytes(), Slot::Field { at, shape: spec.shape, alias: true });
        }
    }
    slots
}

/// Returns whether items of a kind have this key: that of their id, of a field, or another spelling of it.
pub(crate) fn is_known(kind: ContentKind, key: &[u8]) -> bool {
    SLOTS[kind.ordinal()].contains_key(key)
}

impl Keys {
    pub(crate) fn new(kind: ContentKind) -> Self {
        Self { slots: &SLOTS[kind.ordinal()], other_id: None, order: Vec::new(), next: 0 }
    }

    /// Makes this key another one for the id from now on.
    pub(crate) fn name_id(&mut self, key: &'static str) {
        self.other_id = Some(key);
        self.order.clear();
        self.next = 0;
    }

    /// Begins an element.
    pub(crate) fn begin(&mut self) {
        self.next = 0;
    }

    /// Returns the key that is likely to come next.
    pub(crate) fn likely(&self) -> &[u8] {
        self.order.get(self.next).map_or(b"", |(key, _)| key)
    }

    /// Returns the meaning of the next key of an element. `likely` says that it is the likely one.
    pub(crate) fn slot(&mut self, key: &[u8], likely: bool) -> Slot {
        if likely && let Some((_, slot)) = self.order.get(self.next) {
            self.next += 1;
            return *slot;
        }
        let later = self.order.iter().skip(self.next).position(|(known, _)| **known == *key);
        if let Some(skipped) = later {
            self.next += skipped + 1;
            return self.order[self.next - 1].1;
        }
        let is_id = self.other_id.is_some_and(|id| id.as_bytes() == key);
        let slot = if is_id { Slot::Id } else { self.slots.get(key).copied().unwrap_or(Slot::Unknown) };
        if key.len() <= KEPT_KEY && self.order.len() < KEPT_KEYS {
            self.order.insert(self.next, (key.into(), slot));
            self.next += 1;
        }
        slot
    }
}

/// Reads a value for a shape. Returns `None` for an unusable value, which counts as an absent key.
pub(crate) fn read(shape: Shape, raw: Raw<'_>, charset: Charset) -> Option<Value> {
    if shape == Shape::Categories {
        return Some(Value::Categories(categories(raw, charset)));
    }
    let numeric = matches!(shape, Shape::Integer | Shape::Count | Shape::Flag | Shape::Switch);
    match raw {
        Raw::Null => Some(Value::Null),
        Raw::Bool(yes) if numeric => Some(Value::Integer(i64::from(yes))),
        // PHP's false means an absent text. Its true means nothing.
        Raw::Bool(yes) => (!yes).then_some(Value::Null),
        Raw::Number(_) => word(raw, charset).map(Value::Text),
        Raw::Text(raw) => Some(Value::Text(text::read(raw, charset))),
        Raw::Plain(text) => Some(Value::Text(text.into())),
        Raw::Array(raw) => {
            let words = scalars(raw, charset)?;
            match words {
                None => Some(Value::Null),
                Some(words) if matches!(shape, Shape::Text) => Some(Value::Text(words.into())),
                Some(_) => None,
            }
        }
        Raw::Object(raw) => Cursor::new(raw).member().is_none().then_some(Value::Null),
    }
}

/// Reads an id: an exact whole number in 64 bits, as number or text.
pub(crate) fn read_id(raw: Raw<'_>) -> Option<i64> {
    let digits = match raw {
        Raw::Number(digits) | Raw::Text(digits) => std::str::from_utf8(digits).ok()?,
        Raw::Plain(digits) => digits,
        _ => return None,
    };
    exact_integer(digits)
}

/// Joins the texts of an array, if there are any. Returns `None` if the array contains something else.
#[expect(clippy::option_option, reason = "an array of nothing says something else than one of no texts")]
fn scalars(array: &[u8], charset: Charset) -> Option<Option<String>> {
    let mut cursor = Cursor::new(array);
    let mut words: Option<String> = None;
    while let Some(element) = cursor.element() {
        match element {
            Raw::Null => {}
            Raw::Array(_) | Raw::Object(_) | Raw::Bool(_) => return None,
            scalar => {
                let word = word(scalar, charset).unwrap_or_default();
                match &mut words {
                    None => words = Some(word.into()),
                    Some(words) => {
                        words.push_str(", ");
                        words.push_str(&word);
                    }
                }
            }
        }
    }
    Some(words)
}

/// Returns the JSON text of a value, for keys without a column, or `None` if it isn't JSON.
pub(crate) fn json_text(raw: Raw<'_>, charset: Charset) -> Option<Text> {
    match raw {
        Raw::Null => Some("null".into()),
        Raw::Bool(yes) => Some(if yes { "true" } else { "false" }.into()),
        Raw::Array(b"[]") => Some("[]".into()),
        Raw::Number(digits) | Raw::Array(digits) | Raw::Object(digits) => {
            let text = text::mended(digits, charset);
            serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok().then_some(text)
        }
        Raw::Text(raw) => serde_json::to_string(&*text::read(raw, charset)).ok().map(Text::from),
        Raw::Plain(text) => serde_json::to_string(text).ok().map(Text::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(shape: Shape, json: &str) -> Option<Value> {
        let object = format!(r#"{{"k":{json}}}"#);
        let raw = Cursor::new(object.as_bytes()).member().unwrap().value;
        read(shape, raw, Charset::default()).map(|value| shape.normalise(value))
    }

    #[expect(clippy::unnecessary_wraps, reason = "compared with what may be nothing")]
    fn text(text: &str) -> Option<Value> {
        Some(Value::Text(text.into()))
    }

    #[test]
    fn every_shape_takes_every_type() {
        let shapes = [
            Shape::Name,
            Shape::Text,
            Shape::Decimal,
            Shape::Reference,
            Shape::Integer,
            Shape::Count,
            Shape::Real,
            Shape::Flag,
            Shape::Switch,
            Shape::Categories,
        ];
        for shape in shapes {
            for json in
                ["1", "\"1\"", "\"\"", "null", "[]", "{}", "[1,\"x\"]", "{\"a\":1}", "true", "false", "NaN", "1e999"]
            {
                value(shape, json);
            }
        }
    }

    #[test]
    fn text_of_every_type() {
        assert_eq!(value(Shape::Text, "7"), text("7"));
        assert_eq!(value(Shape::Text, "\"\""), Some(Value::Null));
        assert_eq!(value(Shape::Text, "null"), Some(Value::Null));
        assert_eq!(value(Shape::Text, "false"), Some(Value::Null));
        assert_eq!(value(Shape::Text, "true"), None);
        assert_eq!(value(Shape::Text, "[]"), Some(Value::Null));
        assert_eq!(value(Shape::Text, "{}"), Some(Value::Null));
        assert_eq!(value(Shape::Text, "[\"a\",\"b\",null]"), text("a, b"));
        assert_eq!(value(Shape::Text, "{\"a\":1}"), None);
        assert_eq!(value(Shape::Text, "[{}]"), None);
    }

    #[test]
    fn numbers_of_every_type() {
        assert_eq!(value(Shape::Integer, "\"45\""), Some(Value::Integer(45)));
        assert_eq!(value(Shape::Real, "\"8,1\""), Some(Value::Real(8.1)));
        assert_eq!(value(Shape::Switch, "true"), Some(Value::Integer(1)));
        assert_eq!(value(Shape::Flag, "\"None\""), Some(Value::Null));
        assert_eq!(value(Shape::Decimal, "1700000000.0"), text("1700000000"));
        assert_eq!(value(Shape::Integer, "[1]"), None);
    }

    #[test]
    fn field_28_an_image_has_two_keys_in_movies_and_series() {
        for (kind, key, column) in
            [(ContentKind::Movies, "cover", "stream_icon"), (ContentKind::Series, "stream_icon", "cover")]
        {
            let slot = Keys::new(kind).slot(key.as_bytes(), false);
            assert!(matches!(slot, Slot::Field { at, alias: true, .. } if kind.fields()[at].name == column), "{kind}");
        }
        assert_eq!(Keys::new(ContentKind::Channels).slot(b"cover", false), Slot::Unknown);
    }

    #[test]
    fn every_field_has_its_key_and_the_aliases_theirs() {
        for kind in ContentKind::ALL {
            let mut keys = Keys::new(kind);
            for _ in 0..2 {
                keys.begin();
                for spec in kind.fields().iter().filter(|spec| spec.shape != Shape::Extra) {
                    let slot = keys.slot(spec.name.as_bytes(), false);
                    assert!(matches!(slot, Slot::Field { alias: false, .. }), "{}", spec.name);
                }
                assert_eq!(keys.slot(kind.id_column().as_bytes(), false), Slot::Id);
                assert_eq!(keys.slot(b"backdrop_path", false), Slot::Unknown);
            }
        }
        assert!(matches!(Keys::new(ContentKind::Series).slot(b"releaseDate", false), Slot::Field { alias: true, .. }));
    }

    #[test]
    fn keys_are_expected_in_their_order_whichever_are_left_out() {
        let mut keys = Keys::new(ContentKind::Movies);
        let mut likely = |element: &[&str]| {
            keys.begin();
            let mut hits = Vec::new();
            for key in element {
                let hit = keys.likely() == key.as_bytes();
                hits.push(hit);
                let expected = Keys::new(ContentKind::Movies).slot(key.as_bytes(), false);
                assert_eq!(keys.slot(key.as_bytes(), hit), expected, "{key}");
            }
            hits
        };
        assert_eq!(likely(&["num", "name", "added"]), [false; 3]);
        assert_eq!(likely(&["num", "name", "added"]), [true; 3]);
        assert_eq!(likely(&["num", "plot", "added", "stream_id"]), [true, false, false, false]);
        assert_eq!(likely(&["num", "name", "added", "stream_id"]), [true, false, true, true]);
        assert_eq!(likely(&["num", "added", "num", "added"]), [true, false, false, false]);
        let many: Vec<_> = (0..2 * KEPT_KEYS).map(|key| key.to_string()).chain(["x".repeat(100)]).collect();
        likely(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(keys.order.len() <= KEPT_KEYS && keys.order.iter().all(|(key, _)| key.len() <= KEPT_KEY));
    }

    #[test]
    fn keys_without_a_column_are_kept_as_json() {
        assert_eq!(json_text(Raw::Array(br#"["a",1]"#), Charset::default()).as_deref(), Some(r#"["a",1]"#));
        assert_eq!(json_text(Raw::Text(b"tab\t\\ud800"), Charset::default()).as_deref(), Some("\"tab\\t\u{fffd}\""));
        assert_eq!(json_text(Raw::Array(b"[NaN]"), Charset::default()), None);
        assert_eq!(json_text(Raw::Number(b"1.5"), Charset::default()).as_deref(), Some("1.5"));
    }
}
