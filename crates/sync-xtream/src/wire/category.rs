//! Reads the ids of an item's categories, in any form that a panel writes.

use sync_core::{CategorySet, Text};

use super::charset::Charset;
use super::member::{Cursor, Raw};
use super::word::word;

/// The greatest number of categories of an item. Further ones are left out, so that one item can't fill the memory.
const CATEGORIES_MAX: usize = 1000;

/// The greatest depth at which category ids are searched for in a value.
const CATEGORIES_DEPTH: u32 = 4;

/// Reads a category set in any of its forms: `[1,"2",null]`, `"1,2"`, `"[1,2]"`, `7`, `{"0":1}`, `[]`, and those of
/// [`category_ids`].
pub(super) fn categories(raw: Raw<'_>, charset: Charset) -> CategorySet {
    let mut several = false;
    let set = match raw {
        Raw::Null | Raw::Bool(_) => CategorySet::default(),
        Raw::Number(_) => plain_ids([raw].into_iter(), charset, &mut several),
        Raw::Text(_) | Raw::Plain(_) => {
            let ids = word(raw, charset).unwrap_or_default();
            several = ids.contains([';', '|']);
            let ids = ids.split(|c: char| matches!(c, ',' | '[' | ']' | '"') || c.is_whitespace());
            ids.filter(|id| !id.is_empty()).take(CATEGORIES_MAX).collect()
        }
        Raw::Array(array) => {
            let mut cursor = Cursor::new(array);
            plain_ids(std::iter::from_fn(|| cursor.element()), charset, &mut several)
        }
        Raw::Object(object) => {
            let (mut cursor, mut described) = (Cursor::new(object), false);
            let members = std::iter::from_fn(|| cursor.member()).inspect(|member| described |= is_id_key(member.key));
            let set = plain_ids(members.map(|member| member.value), charset, &mut several);
            several |= described;
            set
        }
    };
    if several { category_ids(raw, charset).into_iter().collect() } else { set }
}

/// Reads values that are one id each. Sets `several` if a value may be more than one.
fn plain_ids<'a>(values: impl Iterator<Item = Raw<'a>>, charset: Charset, several: &mut bool) -> CategorySet {
    let values = values.inspect(|value| *several |= may_be_several(*value));
    values.map(|value| trimmed(word(value, charset).unwrap_or_default())).take(CATEGORIES_MAX).collect()
}

/// Returns whether a value of `category_id`, or of a list of ids, may be more than one plain id.
pub(crate) fn may_be_several(raw: Raw<'_>) -> bool {
    let separates = |byte: &u8| matches!(byte, b',' | b';' | b'|' | b'[' | b' ');
    match raw {
        Raw::Text(text) => text.iter().any(separates),
        Raw::Plain(text) => text.as_bytes().iter().any(separates),
        Raw::Array(_) | Raw::Object(_) => true,
        _ => false,
    }
}

/// Reads the ids of a value that may be several, in their order: `[1,2]`, `[[1],[2]]`, `["1,2"]`, `"1|2"`, `"[1,2]"`,
/// `{"0":1,"1":2}`, `[{"category_id":1,"category_name":"x"}]`.
///
/// A text is several ids only if all its parts are numbers, or if it is the JSON of an array, because an id may consist
/// of words.
pub(crate) fn category_ids(raw: Raw<'_>, charset: Charset) -> Vec<Text> {
    let mut ids = Vec::new();
    add_category_ids(raw, charset, CATEGORIES_DEPTH, &mut ids);
    ids.truncate(CATEGORIES_MAX);
    ids
}

fn add_category_ids(raw: Raw<'_>, charset: Charset, depth: u32, ids: &mut Vec<Text>) {
    if depth == 0 || ids.len() >= CATEGORIES_MAX {
        return;
    }
    match raw {
        Raw::Null | Raw::Bool(_) => {}
        Raw::Number(_) => ids.extend(word(raw, charset)),
        Raw::Text(_) | Raw::Plain(_) => {
            let text = trimmed(word(raw, charset).unwrap_or_default());
            let is_separator = |c: char| matches!(c, ',' | ';' | '|' | '[' | ']' | '"' | '\'') || c.is_whitespace();
            let parts = || text.split(is_separator).filter(|part| !part.is_empty()).take(CATEGORIES_MAX);
            let is_array = text.starts_with("[\"") && text.ends_with("\"]");
            if is_array || parts().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
                ids.extend(parts().map(Text::from));
            } else if !text.is_empty() {
                ids.push(text);
            }
        }
        Raw::Array(array) => {
            let mut cursor = Cursor::new(array);
            while let Some(element) = cursor.element() {
                add_category_ids(element, charset, depth - 1, ids);
            }
        }
        Raw::Object(object) => {
            let members = || {
                let mut cursor = Cursor::new(object);
                std::iter::from_fn(move || cursor.member())
            };
            // The object describes a category.
            let own = members().filter(|member| is_id_key(member.key)).min_by_key(|member| member.key.len() < 3);
            match own {
                Some(own) => add_category_ids(own.value, charset, depth - 1, ids),
                None => members().for_each(|member| add_category_ids(member.value, charset, depth - 1, ids)),
            }
        }
    }
}

/// Returns whether a key of an object names the id of the category that the object describes.
fn is_id_key(key: &[u8]) -> bool {
    matches!(key, b"category_id" | b"id")
}

/// Returns a category id without white space around it, as all of them are compared.
#[inline]
pub(crate) fn trimmed(id: Text) -> Text {
    // Nearly every id is a number.
    if let [b'!'..=b'~', .., b'!'..=b'~'] | [b'!'..=b'~'] = id.as_bytes() {
        return id;
    }
    match id.trim() {
        same if same.len() == id.len() => id,
        less => less.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> CategorySet {
        let object = format!(r#"{{"k":{json}}}"#);
        let raw = Cursor::new(object.as_bytes()).member().unwrap().value;
        categories(raw, Charset::default())
    }

    #[test]
    fn a_category_set_in_all_its_forms() {
        for json in ["[2,\"1\",null]", "\"1,2\"", "\"[1, 2]\"", "{\"0\":1,\"1\":\"2\"}", "[1.0,2,2,\"\"]"] {
            let set = value(json);
            assert_eq!(set.as_slice(), ["1", "2"], "{json}");
        }
        assert_eq!(value("[]"), CategorySet::default());
        let many: Vec<_> = (0..5000).map(|id: u32| id.to_string()).collect();
        for json in [format!("[{}]", many.join(",")), format!("\"{}\"", many.join(","))] {
            let set = value(&json);
            assert_eq!(set.as_slice().len(), CATEGORIES_MAX);
        }
    }

    #[test]
    fn field_12_several_categories_in_any_shape() {
        let read = |json: &str| {
            let object = format!(r#"{{"k":{json}}}"#);
            let raw = Cursor::new(object.as_bytes()).member().unwrap().value;
            let set = value(json);
            let ids = category_ids(raw, Charset::default());
            assert_eq!(ids.iter().collect::<CategorySet>(), set, "{json}: as in `category_ids`");
            ids.join(" ")
        };
        for json in [
            "[2,1]",
            r#"["2","1"]"#,
            r#""2,1""#,
            r#""[2, 1]""#,
            r#""[\"2\",\"1\"]""#,
            r#""2 1""#,
            r#"["2,1"]"#,
            r#"["2|1"]"#,
            "[[2,1]]",
            "[[2],[1]]",
            "[2.0,null,1]",
            r#"{"0":2,"1":"1"}"#,
            r#"{"a":{"x":2},"b":[1]}"#,
            r#"[{"category_id":"2","category_name":"x"},{"id":1,"name":"3"}]"#,
            r#"[{"id":9,"category_id":2},1]"#,
        ] {
            assert_eq!(read(json), "2 1", "{json}");
        }
        assert_eq!(read(r#"{"category_id":5,"category_name":"x"}"#), "5");
        assert_eq!(read(r#"["news, local"]"#), "news, local", "an id of words is one");
        assert_eq!(read(&format!("{}1{}", "[".repeat(50), "]".repeat(50))), "", "too deep to be meant");
        assert_eq!(category_ids(Raw::Plain("1;2|3"), Charset::default()).join(" "), "1 2 3");
        assert_eq!(category_ids(Raw::Plain("UK | News, local"), Charset::default()), ["UK | News, local"]);
        let many = format!("[[{}]]", (0..5000).map(|id: u32| id.to_string()).collect::<Vec<_>>().join(","));
        assert_eq!(category_ids(Raw::Array(many.as_bytes()), Charset::default()).len(), CATEGORIES_MAX);
    }
}
