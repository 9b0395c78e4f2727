//! Checks whether an element is well formed.
//!
//! The splitter finds the end of an element by counting brackets, and takes quotes in pairs. If one is missing, an
//! element swallows its neighbours and still looks like one. This check is stricter, and is made for elements that are
//! decoded anyway.

use super::member::string_end;

/// The token that has to come next. Extra commas are ignored.
enum Due {
    /// A key, or the end of the object.
    Key,
    /// The colon after a key.
    Colon,
    /// A value, or the end of the array.
    Value,
    /// A comma, or the end of the innermost object or array.
    Next,
}

/// Checks an object: its brackets match in kind, and there are only `"key": value` members.
///
/// Anything that costs only its own value is accepted: words like `NaN`, a missing value, extra commas, unescaped
/// control characters in a string. For a defect, returns the position of the last comma before it between two members.
/// Up to there the object is sound.
pub(crate) fn check(object: &[u8]) -> Result<(), usize> {
    let mut sound = 1;
    match end(object, 0, &mut sound) {
        Some(end) if end == object.len() => Ok(()),
        _ => Err(sound),
    }
}

/// Returns the position after the last bracket of the array or object that begins at a position, if it is well formed.
/// Sets `sound` to the position of the last of its own commas.
pub(crate) fn end(bytes: &[u8], from: usize, sound: &mut usize) -> Option<usize> {
    // For each enclosing level, whether it is an object.
    let mut outer = Vec::new();
    let mut in_object = bytes.get(from) == Some(&b'{');
    let mut due = if in_object { Due::Key } else { Due::Value };
    let mut at = from + 1;
    loop {
        let byte = *bytes.get(at)?;
        match (byte, &due) {
            (b'"', Due::Key | Due::Value) => {
                at = string_end(bytes, at + 1)?;
                due = if matches!(due, Due::Key) { Due::Colon } else { Due::Next };
            }
            (b':', Due::Colon) => due = Due::Value,
            (b',', Due::Key | Due::Value | Due::Next) => {
                due = if in_object { Due::Key } else { Due::Value };
                if outer.is_empty() {
                    *sound = at;
                }
            }
            (b'{' | b'[', Due::Value) => {
                outer.push(in_object);
                in_object = byte == b'{';
                due = if in_object { Due::Key } else { Due::Value };
            }
            (b'}' | b']', Due::Key | Due::Value | Due::Next) if in_object == (byte == b'}') => {
                let Some(open) = outer.pop() else { return Some(at + 1) };
                in_object = open;
                due = Due::Next;
            }
            _ if byte.is_ascii_whitespace() => {}
            (b'{' | b'[' | b'}' | b']' | b':', _) => return None,
            (_, Due::Value) => {
                let stop = |b: &u8| b",}]:\"{[".contains(b) || b.is_ascii_whitespace();
                let word = &bytes[at..];
                at += word.iter().position(stop).unwrap_or(word.len()) - 1;
                due = Due::Next;
            }
            _ => return None,
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn sound_elements_are_accepted() {
        for object in [
            "{}",
            "{ }",
            r#"{"a":1}"#,
            r#"{"a" : 1 , "b":[1,{"c":"]}"},[]],"d":{"e":null}}"#,
            r#"{"a":"x\"y\\","b":""}"#,
            r#"{"a":NaN,"b":-Infinity,"c":1,}"#,
            r#"{"a":,"b":1,,"c":[1,,2,],"d":}"#,
            "{\"a\":\"two\nlines\"}",
        ] {
            assert_eq!(check(object.as_bytes()), Ok(()), "{object}");
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(check(deep.as_bytes()), Ok(()));
    }

    #[test]
    fn broken_elements_are_sound_up_to_a_comma() {
        for (object, sound) in [
            (r#"{"a":"5" tv"}"#, "{"),
            (r#"{"a":1,"b":[1,2}]}"#, r#"{"a":1"#),
            (r#"{"a":1,"b":{"c":1]}}"#, r#"{"a":1"#),
            (r#"{"a":1,"b":2,{"c":3}}"#, r#"{"a":1,"b":2"#),
            (r#"{"a":1,"b":2{"c":3}}"#, r#"{"a":1"#),
            (r#"{"a":1 "b":2}"#, "{"),
            (r#"{"a" 1}"#, "{"),
            (r#"{"a"}"#, "{"),
            (r#"{"a":1,b:2}"#, r#"{"a":1"#),
            (r#"{"a"::1}"#, "{"),
            (r#"{"a":"x},{"a":"y"}"#, "{"),
            (r#"{"a":1,"b":"cut"#, r#"{"a":1"#),
            (r#"{"a":1,"b":[1,2,3"#, r#"{"a":1"#),
            (r#"{"a":1}}"#, "{"),
        ] {
            assert_eq!(check(object.as_bytes()), Err(sound.len()), "{object}");
        }
    }
}
