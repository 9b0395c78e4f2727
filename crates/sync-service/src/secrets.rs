//! Blanks the login of a profile in values that are JSON.

use std::borrow::Cow;

pub use sync_core::Login;

/// Blanks the login in JSON, and fills it in.
pub trait BlankJson {
    /// Returns JSON without the login in any of its texts.
    fn blank_json<'a>(&self, json: &'a str) -> Cow<'a, str>;

    /// Returns JSON with the login in the places where it was blanked.
    fn fill_json<'a>(&self, json: &'a str) -> Cow<'a, str>;
}

impl BlankJson for Login {
    fn blank_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        with_texts(json, |text| replaced(self.blank(text)))
    }

    fn fill_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        with_texts(json, |text| replaced(self.fill(text)))
    }
}

fn replaced(text: Cow<'_, str>) -> Option<String> {
    if let Cow::Owned(text) = text { Some(text) } else { None }
}

/// Returns JSON in which texts are replaced; the same JSON if no text is replaced.
fn with_texts(json: &str, replacement: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = json;
    let mut changed = false;
    while let Some(begin) = rest.find('"') {
        let (before, text) = rest.split_at(begin);
        let Some(end) = end_of_text(text) else { break };
        let (text, after) = text.split_at(end);
        out.push_str(before);
        match serde_json::from_str::<String>(text).ok().and_then(|plain| replacement(&plain)) {
            Some(other) => {
                changed = true;
                out.push_str(&serde_json::Value::from(other).to_string());
            }
            None => out.push_str(text),
        }
        rest = after;
    }
    if changed { Cow::Owned(out + rest) } else { Cow::Borrowed(json) }
}

/// Returns the position behind the closing quote of the JSON text that begins here; `None` if it doesn't end.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_json_are_blanked_and_nothing_else_is_changed() {
        let login = Login::new(Some("ann"), Some("s3cr3t"));
        let json = r#"{"a": 1.10, "url":"http:\/\/p.example\/live\/ann\/s3cr3t\/1.ts", "b":[12345678901234567890]}"#;
        let blanked =
            r#"{"a": 1.10, "url":"http://p.example/live/{username}/{password}/1.ts", "b":[12345678901234567890]}"#;
        assert_eq!(login.blank_json(json), blanked);
        assert!(matches!(login.blank_json(r#"{"a":"ann"}"#), Cow::Borrowed(_)));
        assert!(matches!(login.blank_json(r#"{"a"#), Cow::Borrowed(_)));
        let filled = blanked.replace("{username}", "ann").replace("{password}", "s3cr3t");
        assert_eq!(login.fill_json(blanked), filled);
    }
}
