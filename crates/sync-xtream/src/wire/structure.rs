//! Whether an element is put together as it should be.
//!
//! The splitter finds the end of an element by counting brackets, and takes quotes in pairs: where
//! one is missing, an element swallows its neighbours and still looks like one. This looks closer,
//! at elements that are decoded anyway.

use super::member::string_end;

/// What has to come next, commas too many aside.
enum Due {
    /// A key, or the end of the object.
    Key,
    /// The colon behind a key.
    Colon,
    /// A value, or the end of the array.
    Value,
    /// A comma, or the end of what is open.
    Next,
}

/// Checks an object: brackets match in kind, and there are only `"key": value` members.
///
/// What costs nothing but its value is no defect: words like `NaN`, a missing value, commas too
/// many, raw control characters in a string. Returns, for a defect, where the last comma before it
/// stands between two members: up to there it is sound.
pub(crate) fn check(object: &[u8]) -> Result<(), usize> {
    let mut sound = 1;
    match end(object, 0, &mut sound) {
        Some(end) if end == object.len() => Ok(()),
        _ => Err(sound),
    }
}

/// Where the array or object ends that begins at a place, if it is put together as it should be: the
/// position after its last bracket. Says as well where the last of the commas stood that are its own.
pub(crate) fn end(bytes: &[u8], from: usize, sound: &mut usize) -> Option<usize> {
    // Whether what is open around the innermost is an object.
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
    fn what_is_sound_or_costs_only_a_value() {
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
    fn what_is_broken_is_sound_up_to_a_comma() {
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
