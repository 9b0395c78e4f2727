//! User name and password: held so that they can't be printed.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sync_core::text::one_line;

/// Everything but the unreserved characters of RFC 3986. Panels read `+` as a space, so nothing
/// less will do.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Shorter texts stand in every other word and are no secret.
const REDACTED_FROM: usize = 3;

/// A text that must not be seen. It can't be displayed or serialised, and its `Debug` is blank.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for those who must have it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What an account logs in with.
#[derive(Clone)]
pub struct Credentials {
    username: String,
    password: Secret,
}

impl Credentials {
    /// Takes user name and password. White space around either is cut off, as panels do too.
    pub fn new(username: impl AsRef<str>, password: impl Into<Secret>) -> Self {
        let password: Secret = password.into();
        Self { username: username.as_ref().trim().to_owned(), password: Secret::new(password.expose().trim()) }
    }

    /// The beginning of every query.
    pub(crate) fn query(&self) -> String {
        format!("username={}&password={}", encode(&self.username), encode(self.password.expose()))
    }

    /// Takes the credentials out of a text that came from the panel.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in [self.password.expose(), &self.username] {
            if secret.len() < REDACTED_FROM {
                continue;
            }
            let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            // As it is, in a query, in a form, in JSON as PHP writes it, in a web page, and cleaned for a line.
            let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            for spelling in [secret, &encode(secret), &form, &php_json(secret), &html, &one_line(secret)] {
                if spelling.len() >= REDACTED_FROM && text.contains(spelling) {
                    text = text.replace(spelling, "***");
                }
            }
        }
        text
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Writes a text as PHP does within a JSON string.
fn php_json(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' | '/' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out
}

/// Encodes a value for a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_unreserved_characters_is_sent_as_it_is() {
        assert_eq!(encode("p+a&s=s%#?/é ü@:-._~"), "p%2Ba%26s%3Ds%25%23%3F%2F%C3%A9%20%C3%BC%40%3A-._~");
        let credentials = Credentials::new(" ann\n", "\ts b ");
        assert_eq!(credentials.query(), "username=ann&password=s%20b");
    }

    #[test]
    fn no_form_of_printing_shows_them() {
        let credentials = Credentials::new("canary-user", "canary word");
        assert_eq!(format!("{credentials:?} {:?}", Secret::from("canary")), "Credentials(…) Secret(…)");
        let echoed = "canary word, canary%20word, canary+word of canary-user";
        assert_eq!(credentials.redact(echoed), "***, ***, *** of ***");
    }

    #[test]
    fn what_was_cleaned_for_a_line_is_known_too() {
        let credentials = Credentials::new("somebody", "can  ary\u{202e}word");
        assert_eq!(credentials.redact(&one_line("is can  ary\u{202e}word\n")), "is ***");
    }

    #[test]
    fn short_words_do_not_shred_a_message() {
        assert_eq!(Credentials::new("a", "e").redact("a message"), "a message");
    }

    #[test]
    fn every_spelling_is_taken_out_of_a_panels_words() {
        let password = "p+a&s=s%#?/é \"ü@:";
        let credentials = Credentials::new("somebody", password);
        let spellings = [
            password.to_owned(),
            encode(password),
            "p%2Ba%26s%3Ds%25%23%3F%2F%C3%A9+%22%C3%BC%40%3A".to_owned(),
            r#"p+a&s=s%#?\/\u00e9 \"\u00fc@:"#.to_owned(),
            "p+a&amp;s=s%#?/é &quot;ü@:".to_owned(),
        ];
        for spelling in spellings {
            assert_eq!(credentials.redact(&format!("no {spelling} for somebody")), "no *** for ***", "{spelling}");
        }
    }
}
