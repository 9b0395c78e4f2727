//! User name and password, in types that can't be printed.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sync_core::Login;
use sync_core::text::one_line;
use url::Url;

mod spelling;

pub(crate) use spelling::CUT;

/// Everything but the unreserved characters of RFC 3986. Panels read `+` as a space, so fewer are not enough.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The least length of a secret that is redacted. Shorter texts occur in ordinary words and are no secret.
const REDACTED_FROM: usize = 3;

/// A text that must not be seen. It can't be displayed or serialised, and its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for code that has to send or store it.
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

/// The user name and password of an account.
#[derive(Clone)]
pub struct Credentials {
    username: String,
    password: Secret,
}

impl Credentials {
    /// Takes user name and password. White space around them is removed, as panels do too, and so is the mark (U+FEFF)
    /// that some editors write before a text.
    pub fn new(username: impl AsRef<str>, password: impl Into<Secret>) -> Self {
        let password: Secret = password.into();
        let plain = |text: &str| text.trim_start_matches('\u{feff}').trim().to_owned();
        Self { username: plain(username.as_ref()), password: Secret::new(plain(password.expose())) }
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    /// Returns the login, for finding it in values of the panel.
    pub(crate) fn login(&self) -> Login {
        Login::new(Some(&self.username), Some(self.password.expose()))
    }

    /// Returns whether these are the credentials.
    pub(crate) fn are(&self, username: &str, password: &str) -> bool {
        self.username == username && self.password.expose() == password
    }

    /// Returns the beginning of every query.
    pub(crate) fn query(&self) -> String {
        format!("username={}&password={}", encode(&self.username), encode(self.password.expose()))
    }

    /// Removes the credentials from a text of the panel. If the text was cut, also removes what may be the beginning of
    /// one.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.redact_cut(text, false)
    }

    /// Does the same for a text that may also have been cut at its end.
    pub(crate) fn redact_cut(&self, text: &str, cut_at_end: bool) -> String {
        spelling::without(text, &self.secrets(), cut_at_end)
    }

    /// Returns whether an address contains them in any spelling, however short they are.
    pub(crate) fn travel_with(&self, address: &str) -> bool {
        let is_one = |text: &str| !text.is_empty() && (text == self.password.expose() || text == self.username);
        let holds_one = |url: Url| {
            url.query_pairs().any(|(_, value)| is_one(&value))
                || url.path().split('/').any(|part| is_one(&percent_decode_str(part).decode_utf8_lossy()))
        };
        self.redact(address) != address || Url::parse(address).is_ok_and(holds_one)
    }

    /// Returns the texts that must not be seen, as they are and as they look on one line.
    fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for secret in [self.password.expose(), &self.username] {
            for form in [secret.to_owned(), one_line(secret)] {
                if form.len() >= REDACTED_FROM && !secrets.contains(&form) {
                    secrets.push(form);
                }
            }
        }
        secrets
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
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
    fn field_05_a_byte_order_mark_is_no_part_of_a_password() {
        let credentials = Credentials::new("\u{feff}ann", "\u{feff}s3cr3t\r\n");
        assert_eq!(credentials.query(), "username=ann&password=s3cr3t");
    }

    #[test]
    fn no_form_of_printing_shows_credentials() {
        let credentials = Credentials::new("canary-user", "canary word");
        assert_eq!(format!("{credentials:?} {:?}", Secret::from("canary")), "Credentials(…) Secret(…)");
        let echoed = "canary word, canary%20word, canary+word of canary-user";
        assert_eq!(credentials.redact(echoed), "***, ***, *** of ***");
    }

    #[test]
    fn a_secret_is_found_after_its_text_was_put_on_one_line() {
        let credentials = Credentials::new("somebody", "can  ary\u{202e}word");
        assert_eq!(credentials.redact(&one_line("is can  ary\u{202e}word\n")), "is ***");
    }

    #[test]
    fn short_words_do_not_shred_a_message() {
        assert_eq!(Credentials::new("a", "e").redact("a message"), "a message");
    }

    #[test]
    fn every_spelling_is_removed_from_a_panels_words() {
        let password = "p+a&s=s%#?/é \"ü@:";
        let credentials = Credentials::new("somebody", password);
        let spellings = [
            password.to_owned(),
            encode(password),
            "p%2Ba%26s%3Ds%25%23%3F%2F%C3%A9+%22%C3%BC%40%3A".to_owned(),
            r#"p+a&s=s%#?\/\u00e9 \"\u00fc@:"#.to_owned(),
            "p+a&amp;s=s%#?/é &quot;ü@:".to_owned(),
            encode(password).to_lowercase(),
            r#"p+a&s=s%#?/é \"ü@:"#.to_owned(),
        ];
        for spelling in spellings {
            assert_eq!(credentials.redact(&format!("no {spelling} for somebody")), "no *** for ***", "{spelling}");
        }
        let credentials = Credentials::new("somebody", "it's-me/x\"y");
        for spelling in [
            "it's-me/x\"y",
            "it&#039;s-me/x&quot;y",
            "it&#39;s-me/x&#34;y",
            "it&apos;s-me&#x2F;x&#x22;y",
            "it%27s-me%2fx%22y",
            "it%27s-me%2Fx%22y",
            "it's-me%2fx%22y",
            r#"it's-me/x\"y"#,
            r#"it's-me\/x\"y"#,
            r"it\u0027s-me\/x\u0022y",
        ] {
            assert_eq!(credentials.redact(&format!("no {spelling} here")), "no *** here", "{spelling}");
        }
    }

    #[test]
    fn a_secret_within_another_uncovers_nothing_of_it() {
        let credentials = Credentials::new("ann", "annabel-ann-x");
        assert_eq!(
            credentials.redact("of annabel-ann-x, annabel-an… and annabel-annabel-ann-x"),
            "of ***, ***… and ***abel-***"
        );
    }

    #[test]
    fn the_beginning_of_a_secret_before_a_cut_is_removed() {
        let credentials = Credentials::new("somebody", "it's-me/x");
        for cut in ["it's-m…", "it&#0…", "it%2…", "it's-me…", "it's-me\\…", "it's-me/x…", "some…"] {
            assert_eq!(credentials.redact(&format!("no {cut}")), "no ***…", "{cut}");
            assert_eq!(credentials.redact_cut(&format!("no {}", cut.trim_end_matches('…')), true), "no ***", "{cut}");
        }
        assert_eq!(credentials.redact("no i…, no t…"), "no ***…, no t…");
        assert_eq!(credentials.redact_cut("this is", true), "this is");
        assert_eq!(credentials.redact("no it's-m"), "no it's-m");
    }
}
