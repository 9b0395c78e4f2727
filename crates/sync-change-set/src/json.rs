//! Reads objects and arrays of JSON member by member, so that only the wanted parts are kept.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::Wrong;

/// Calls a function with each member of an object.
pub(crate) fn members<'a>(
    json: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a str) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    read(json, |json, wrong| json.deserialize_map(Members { each, wrong }), "is no JSON object")
}

/// Calls a function with each element of an array.
pub(crate) fn elements<'a>(json: &'a str, each: impl FnMut(&'a str) -> Result<(), Wrong>) -> Result<(), Wrong> {
    read(json, |json, wrong| json.deserialize_seq(Elements { each, wrong }), "has no JSON array where one belongs")
}

/// Returns the text of a JSON string; `None` if the JSON is no string.
pub(crate) fn text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// Writes a text as a JSON string.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a text is always JSON, and memory takes it");
}

type Json<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;

fn read<'a>(
    json: &'a str,
    visit: impl FnOnce(&mut Json<'a>, &mut Option<Wrong>) -> serde_json::Result<()>,
    otherwise: &'static str,
) -> Result<(), Wrong> {
    let mut wrong = None;
    let mut input = serde_json::Deserializer::from_str(json);
    let end = visit(&mut input, &mut wrong).and_then(|()| input.end());
    end.map_err(|_| wrong.unwrap_or(Wrong::damaged(otherwise)))
}

struct Members<'w, F> {
    each: F,
    wrong: &'w mut Option<Wrong>,
}

impl<'de, F: FnMut(Cow<'de, str>, &'de str) -> Result<(), Wrong>> Visitor<'de> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
            (self.each)(key, value.get()).map_err(|wrong| {
                *self.wrong = Some(wrong);
                A::Error::custom("")
            })?;
        }
        Ok(())
    }
}

struct Elements<'w, F> {
    each: F,
    wrong: &'w mut Option<Wrong>,
}

impl<'de, F: FnMut(&'de str) -> Result<(), Wrong>> Visitor<'de> for Elements<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<&'de RawValue>()? {
            (self.each)(value.get()).map_err(|wrong| {
                *self.wrong = Some(wrong);
                A::Error::custom("")
            })?;
        }
        Ok(())
    }
}

/// A key, which is copied only if it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        input.deserialize_str(KeyVisitor)
    }
}
