//! Small documents that are read as a whole: the account and the categories.

use sync_core::model::normalise::exact_integer;
use sync_core::source::AnswerFault;

use super::charset::Charset;
use super::element::Verdict;
use super::fault::Fault;
use super::limits::Limits;
use super::member::{Cursor, Raw};
use super::splitter::Splitter;
use super::text;
use super::word::word;

/// The greatest depth of a small document. Deeper values are read as null.
const DEPTH_MAX: usize = 16;

/// A value. Its texts are legal Unicode.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// `null`, or something that isn't JSON.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object. Keys may be repeated.
    Object(Vec<(String, Json)>),
}

/// The limits of an element of a small document. Its depth doesn't matter.
const LIMITS: Limits = Limits { element_bytes: 4 << 20, elements: u64::MAX, nesting: u32::MAX };

/// The greatest number of values of a small document. No real one has as many, and each takes some fifty bytes.
const VALUES_MAX: usize = 1_000_000;

/// Reads a document: an array or an object.
pub(crate) fn document(body: &[u8], charset: Charset) -> Result<Json, Fault> {
    let mut splitter = Splitter::new(LIMITS);
    let mut members = Vec::new();
    let mut left = VALUES_MAX;
    splitter.feed(body, |element| {
        if element.bytes.is_empty() {
            return Ok(Verdict::Taken);
        }
        let value = Cursor::new_at(element.bytes).value_here().filter(|_| !element.cut);
        let value = value.map_or(Json::Null, |raw| json(raw, charset, 1, &mut left));
        members.push((element.key.map(|key| text::read(key, charset).into()), value));
        if left == 0 {
            Err(Fault::new(AnswerFault::TooLarge, format!("it has more than {VALUES_MAX} values")))
        } else {
            Ok(Verdict::Taken)
        }
    })?;
    splitter.finish(true, |_| Ok(Verdict::Taken))?;
    Ok(if splitter.is_keyed() {
        Json::Object(members.into_iter().map(|(key, value)| (key.unwrap_or_default(), value)).collect())
    } else {
        Json::Array(members.into_iter().map(|(_, value)| value).collect())
    })
}

fn json(raw: Raw<'_>, charset: Charset, depth: usize, left: &mut usize) -> Json {
    *left = left.saturating_sub(1);
    match raw {
        Raw::Null => Json::Null,
        Raw::Bool(yes) => Json::Bool(yes),
        Raw::Number(digits) => Json::Number(String::from_utf8_lossy(digits).into_owned()),
        Raw::Text(raw) => Json::Text(text::read(raw, charset).into()),
        Raw::Plain(text) => Json::Text(text.to_owned()),
        Raw::Array(_) | Raw::Object(_) if depth >= DEPTH_MAX => Json::Null,
        Raw::Array(raw) => {
            let (mut cursor, mut list) = (Cursor::new(raw), Vec::new());
            while *left > 0
                && let Some(element) = cursor.element()
            {
                list.push(json(element, charset, depth + 1, left));
            }
            Json::Array(list)
        }
        Raw::Object(raw) => {
            let (mut cursor, mut members) = (Cursor::new(raw), Vec::new());
            while *left > 0
                && let Some(member) = cursor.member()
            {
                let value = json(member.value, charset, depth + 1, left);
                members.push((text::read(member.key, charset).into(), value));
            }
            Json::Object(members)
        }
    }
}

impl Json {
    /// Returns the last value of a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Returns whether the value is empty: `null`, `""`, `[]`, `{}`.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Array(list) => list.is_empty(),
            Self::Object(members) => members.is_empty(),
            Self::Bool(_) | Self::Number(_) => false,
        }
    }

    /// Returns a text, or a number as text. Returns `None` for `""` and all other values.
    pub(crate) fn as_text(&self) -> Option<String> {
        match self {
            Self::Number(digits) => word(Raw::Number(digits.as_bytes()), Charset::default()).map(Into::into),
            Self::Text(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// Returns an exact whole number, from a number or a text. Yes and no are 1 and 0.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Bool(yes) => Some(i64::from(*yes)),
            Self::Number(text) | Self::Text(text) => exact_integer(text),
            _ => None,
        }
    }

    /// Returns whether the value means no: `0`, `"0"`, `false`.
    pub(crate) fn is_false(&self) -> bool {
        self.as_integer() == Some(0)
    }
}

impl Fault {
    /// Returns the error for this document in the place of an object.
    pub(crate) fn not_an_object(seen: &Json) -> Self {
        let what = match seen {
            Json::Array(_) => "a list",
            _ => "something else",
        };
        Self::new(AnswerFault::NotAList, format!("{what} came in place of the account"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(body: &[u8]) -> Result<Json, Fault> {
        super::document(body, Charset::default())
    }

    #[test]
    fn a_document_is_read_leniently() {
        let body =
            br#"{"user_info":{"auth":"1","exp_date":null,"n":7.0,"list":[1,"a"]},"x":"","user_info":{"auth":0}}"#;
        let document = document(body).unwrap();
        assert!(document.get("user_info").unwrap().get("auth").unwrap().is_false(), "the last of equal keys");
        assert_eq!(document.get("x").unwrap().as_text(), None);
        assert_eq!(document.get("y"), None);
        let Json::Object(members) = &document else { panic!() };
        assert_eq!(members[0].1.get("n").unwrap().as_text().as_deref(), Some("7"));
        assert_eq!(members[0].1.get("n").unwrap().as_integer(), Some(7));
        assert_eq!(
            members[0].1.get("list"),
            Some(&Json::Array(vec![Json::Number("1".into()), Json::Text("a".into())]))
        );
    }

    #[test]
    fn an_answer_that_is_no_document_has_its_own_error() {
        let fault = |body: &[u8]| document(body).unwrap_err().what;
        assert_eq!(fault(b""), AnswerFault::Empty);
        assert_eq!(fault(b"<html>"), AnswerFault::Html);
        assert_eq!(fault(b"Blocked"), AnswerFault::NotJson);
        assert_eq!(fault(b"null"), AnswerFault::NotAList);
        assert_eq!(fault(br#"[{"a":1}"#), AnswerFault::Truncated);
    }

    #[test]
    fn deep_nesting_is_cut() {
        let body = format!("[{}1{}]", "[".repeat(10_000), "]".repeat(10_000));
        assert!(matches!(document(body.as_bytes()), Ok(Json::Array(_))));
    }

    #[test]
    fn a_document_with_too_many_values_is_refused() {
        let flat = format!("[{}0]", "0,".repeat(VALUES_MAX));
        assert_eq!(document(flat.as_bytes()).unwrap_err().what, AnswerFault::TooLarge);
        let nested = format!(r#"{{"a":[{}0]}}"#, "0,".repeat(VALUES_MAX));
        assert_eq!(document(nested.as_bytes()).unwrap_err().what, AnswerFault::TooLarge);
        let (list, members) = (Raw::Array(b"[1,2,3,4]"), Raw::Object(br#"{"a":1,"b":2,"c":3,"d":4}"#));
        assert!(matches!(json(list, Charset::default(), 0, &mut 3), Json::Array(read) if read.len() == 2));
        assert!(matches!(json(members, Charset::default(), 0, &mut 3), Json::Object(read) if read.len() == 2));
    }
}
