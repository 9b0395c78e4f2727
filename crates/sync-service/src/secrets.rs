//! The login of a profile within values that are JSON.

use std::borrow::Cow;

pub use sync_core::Login;

/// Blanks the login in JSON as well.
pub trait BlankJson {
    /// JSON without the login in any of its texts.
    fn blank_json<'a>(&self, json: &'a str) -> Cow<'a, str>;
}

impl BlankJson for Login {
    fn blank_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        let mut rest = json;
        let mut changed = false;
        while let Some(begin) = rest.find('"') {
            let (before, text) = rest.split_at(begin);
            let Some(end) = end_of_text(text) else { break };
            let (text, after) = text.split_at(end);
            out.push_str(before);
            match serde_json::from_str::<String>(text) {
                Ok(plain) => match self.blank(&plain) {
                    Cow::Borrowed(_) => out.push_str(text),
                    Cow::Owned(blanked) => {
                        changed = true;
                        out.push_str(&serde_json::Value::from(blanked).to_string());
                    }
                },
                Err(_) => out.push_str(text),
            }
            rest = after;
        }
        if changed { Cow::Owned(out + rest) } else { Cow::Borrowed(json) }
    }
}

/// Where a JSON text that begins here ends, behind its closing quote.
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
    fn texts_in_json_are_blanked_and_nothing_else_is_touched() {
        let login = Login::new(Some("ann"), Some("s3cr3t"));
        let json = r#"{"a": 1.10, "url":"http:\/\/p.example\/live\/ann\/s3cr3t\/1.ts", "b":[12345678901234567890]}"#;
        let blanked =
            r#"{"a": 1.10, "url":"http://p.example/live/{username}/{password}/1.ts", "b":[12345678901234567890]}"#;
        assert_eq!(login.blank_json(json), blanked);
        assert!(matches!(login.blank_json(r#"{"a":"ann"}"#), Cow::Borrowed(_)));
        assert!(matches!(login.blank_json(r#"{"a"#), Cow::Borrowed(_)));
    }
}
