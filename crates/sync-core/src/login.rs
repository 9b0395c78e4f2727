//! Replaces the login of a profile by placeholders in values of its panel, before the values are shown or exported.
//!
//! Play addresses contain the user name and the password. They are blanked if they are a whole segment of a path, the
//! value of a query parameter, or the user part of an address. A password of eight or more characters is blanked
//! anywhere. Ordinary words stay: a user `ann` doesn't change the title `Joanna`.

mod marks;

use std::borrow::Cow;
use std::fmt::Write as _;

use memchr::memmem::find;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use self::marks::Marks;
use crate::change_set::RowHash;
use crate::model::{FieldClass, Item, Value, ValueRef};
use crate::overlay::EditValue;
use crate::ports::profiles::FormerLogin;

/// The characters that are escaped in the value of a query: all but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The characters that are escaped in a segment of a path. Panels write a name such as `ann@panel.example` unescaped
/// there.
const ESCAPED_IN_PATH: &AsciiSet = &ESCAPED.remove(b'@').remove(b':');

/// The least length of a password that is blanked anywhere in a text, in characters. Shorter ones occur in ordinary
/// words.
const PASSWORD_MIN: usize = 8;

const USERNAME: &str = "{username}";
const PASSWORD: &str = "{password}";

/// The login of a profile, as far as it is known, and its former logins.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    username: Option<String>,
    password: Option<String>,
    /// The spellings of the password that are searched for anywhere in a text.
    spellings: Vec<String>,
    marks: Marks,
    /// The logins that the profile had before. Old values may contain them.
    former: Vec<Login>,
}

/// Writes neither user name nor password.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

impl Login {
    /// Returns a login. An empty part counts as unknown.
    pub fn new(username: Option<&str>, password: Option<&str>) -> Self {
        let known = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
        let (username, password) = (known(username), known(password));
        let mut spellings = Vec::new();
        if let Some(password) = password.as_ref().filter(|password| password.chars().count() >= PASSWORD_MIN) {
            let encoded = percent_encoded(password);
            let spelt = [encoded.replace("%20", "+"), with_small_escapes(&encoded), encoded, password.clone()];
            for spelling in spelt {
                if !spellings.contains(&spelling) {
                    spellings.push(spelling);
                }
            }
        }
        let marks = Marks::of(&spellings);
        Self { username, password, spellings, marks, former: Vec::new() }
    }

    /// Adds the logins that the profile had before. They are blanked as well, but [`Self::fill`] never writes them.
    #[must_use]
    pub fn with_former(mut self, former: &[FormerLogin]) -> Self {
        for FormerLogin { username, password } in former {
            let login = Self::new(Some(username), password.as_deref());
            let is_present = (&login.username, &login.password) == (&self.username, &self.password);
            if !is_present && !self.former.contains(&login) {
                self.former.push(login);
            }
        }
        self
    }

    /// Returns a text with placeholders in the place of the login.
    pub fn blank<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = self.blank_present(text);
        for former in &self.former {
            let blanked = match former.blank_present(&text) {
                Cow::Owned(blanked) => Some(blanked),
                Cow::Borrowed(_) => None,
            };
            if let Some(blanked) = blanked {
                text = Cow::Owned(blanked);
            }
        }
        text
    }

    /// Returns a text with placeholders in the place of the present login, but not of former ones.
    fn blank_present<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = self.addresses(text);
        for spelling in &self.spellings {
            if find(text.as_bytes(), spelling.as_bytes()).is_some() {
                text = Cow::Owned(text.replace(spelling.as_str(), PASSWORD));
            }
        }
        text
    }

    /// Returns the hash of an item whose login is blanked, or `None` if no significant field of the item contains a
    /// login.
    pub fn row_hash(&self, item: &Item) -> Option<RowHash> {
        if !std::iter::once(self).chain(&self.former).any(|login| login.may_be_in_item(item)) {
            return None;
        }
        let kind = item.kind();
        let mut blanked: Option<Item> = None;
        for at in kind.of_class(FieldClass::Significant).positions() {
            if let ValueRef::Text(text) = item.value(at)
                && let Cow::Owned(text) = self.blank(text)
            {
                blanked.get_or_insert_with(|| item.clone()).set(at, Value::Text(text.into()));
            }
        }
        blanked.map(|item| RowHash::of(&item))
    }

    /// Returns whether a significant field of an item may contain this login.
    fn may_be_in_item(&self, item: &Item) -> bool {
        (self.username.is_some() || self.password.is_some()) && self.marks.are_in_item(item)
    }

    /// Returns whether an item may contain a login that is not known here: a significant field contains an address.
    pub fn may_be_in(item: &Item) -> bool {
        item.kind().of_class(FieldClass::Significant).positions().any(|at| match item.value(at) {
            ValueRef::Text(text) => text.contains("://"),
            _ => false,
        })
    }

    /// Returns the value of an edit with placeholders in the place of the login.
    pub fn blank_value(&self, value: &EditValue) -> EditValue {
        match value {
            EditValue::Text(text) => EditValue::Text(self.blank(text).into_owned()),
            EditValue::List(texts) => EditValue::List(texts.iter().map(|text| self.blank(text).into_owned()).collect()),
            other => other.clone(),
        }
    }

    /// Returns the present login without the former ones.
    #[must_use]
    pub fn present(&self) -> Self {
        Self { former: Vec::new(), ..self.clone() }
    }

    /// Returns a text with the login in the place of the placeholders. The placeholder of an unknown part stays. In an
    /// address, the part is percent-encoded as needed, which may differ from the panel's spelling.
    pub fn fill<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (blank, part) in [(USERNAME, &self.username), (PASSWORD, &self.password)] {
            let Some(part) = part else { continue };
            let mut from = 0;
            while let Some(at) = find(&text.as_bytes()[from..], blank.as_bytes()).map(|at| from + at) {
                let spelt = spelt(part, &text[..at]);
                from = at + spelt.len();
                text.to_mut().replace_range(at..at + blank.len(), &spelt);
            }
        }
        text
    }

    /// Blanks the login in the addresses of a text.
    fn addresses<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.username.is_none() && self.password.is_none() {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        let mut rest = text;
        let mut changed = false;
        while let Some(at) = find(rest.as_bytes(), b"://") {
            let (before, address) = rest.split_at(at + 3);
            let end = address.find(|c: char| c.is_whitespace() || "\"'<>".contains(c)).unwrap_or(address.len());
            let (address, after) = address.split_at(end);
            out.push_str(before);
            let blanked = self.address(address);
            changed |= blanked != address;
            out.push_str(&blanked);
            rest = after;
        }
        if changed { Cow::Owned(out + rest) } else { Cow::Borrowed(text) }
    }

    /// Blanks the login in the part of an address after its scheme.
    fn address(&self, address: &str) -> String {
        let authority_end = address.find(['/', '?', '#']).unwrap_or(address.len());
        let (authority, tail) = address.split_at(authority_end);
        let mut out = String::with_capacity(address.len());
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                let (name, secret) = match user.split_once(':') {
                    Some((name, secret)) => (self.part(name), Some(secret)),
                    None => (self.part(user), None),
                };
                out.push_str(&name);
                if let Some(secret) = secret {
                    out.push(':');
                    // The text after the user name is the password, even if the password is not known here.
                    let is_hidden = self.password.is_none() && name == USERNAME && !secret.is_empty();
                    out.push_str(&if is_hidden { Cow::Borrowed(PASSWORD) } else { self.part(secret) });
                }
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        let path_end = tail.find(['?', '#']).unwrap_or(tail.len());
        let (path, query) = tail.split_at(path_end);
        let mut segments = path.split('/').peekable();
        let mut behind_username = false;
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            // The segment between the user name and a further segment is the password, even if the password is not
            // known here.
            let blanked = if behind_username && !is_last && self.password.is_none() && !segment.is_empty() {
                Cow::Borrowed(PASSWORD)
            } else {
                self.part(segment)
            };
            behind_username = blanked == USERNAME;
            out.push_str(&blanked);
            if !is_last {
                out.push('/');
            }
        }
        for (at, piece) in query.split(['?', '&', ';', '#']).enumerate() {
            if at > 0 {
                let sign = query.as_bytes()[out_offset(query, at)];
                out.push(char::from(sign));
            }
            match piece.split_once('=') {
                Some((name, value)) => {
                    let _ = write!(out, "{name}=");
                    let is_password = ["password", "pass", "pwd"].contains(&name.to_ascii_lowercase().as_str());
                    out.push_str(&if is_password && !value.is_empty() {
                        Cow::Borrowed(PASSWORD)
                    } else {
                        self.part(value)
                    });
                }
                None => out.push_str(&self.part(piece)),
            }
        }
        out
    }

    /// Returns a placeholder if a part of an address is the user name or the password, and otherwise the part.
    fn part<'a>(&self, part: &'a str) -> Cow<'a, str> {
        let decoded = percent_decoded(part);
        let is = |known: &Option<String>| known.as_deref().is_some_and(|known| known == part || known == decoded);
        // If both are the same word, the placeholder of the password is used, because the word is a secret.
        if is(&self.password) {
            Cow::Borrowed(PASSWORD)
        } else if is(&self.username) {
            Cow::Borrowed(USERNAME)
        } else {
            Cow::Borrowed(part)
        }
    }
}

/// Returns the position of the sign before a piece of a query. `piece` is the number of the piece, from 1.
fn out_offset(query: &str, piece: usize) -> usize {
    let signs = query.char_indices().filter(|(_, c)| ['?', '&', ';', '#'].contains(c));
    signs.map(|(at, _)| at).nth(piece - 1).unwrap_or(0)
}

/// Returns a part of the login in the spelling that it needs after the text `before`.
fn spelt(part: &str, before: &str) -> String {
    match before.rsplit_once("://") {
        None => part.to_owned(),
        Some((_, address)) if address.contains('/') && !address.contains(['?', '#']) => {
            utf8_percent_encode(part, ESCAPED_IN_PATH).to_string()
        }
        Some(_) => percent_encoded(part),
    }
}

/// Returns a text percent-encoded as the value of a query.
fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Returns the same spelling with lower-case hexadecimal digits.
fn with_small_escapes(encoded: &str) -> String {
    let mut left = 0;
    let small = |c: char| {
        let shown = if left > 0 { c.to_ascii_lowercase() } else { c };
        left = if c == '%' { 2 } else { i32::max(left - 1, 0) };
        shown
    };
    encoded.chars().map(small).collect()
}

/// Returns a part of an address, percent-decoded. A `+` counts as a space.
fn percent_decoded(part: &str) -> String {
    percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_blanked_in_addresses_only() {
        let login = Login::new(Some("ann"), Some("s3cr3t"));
        for (text, blanked) in [
            ("Joanna", "Joanna"),
            ("ann s3cr3t", "ann s3cr3t"),
            ("http://p.example/live/ann/s3cr3t/1.ts", "http://p.example/live/{username}/{password}/1.ts"),
            ("http://p.example/ann/s3cr3t/1", "http://p.example/{username}/{password}/1"),
            ("http://ann:s3cr3t@p.example/x", "http://{username}:{password}@p.example/x"),
            (
                "http://p.example/get.php?username=ann&password=s3cr3t&type=m3u#x",
                "http://p.example/get.php?username={username}&password={password}&type=m3u#x",
            ),
            ("http://p.example/joann/planned/s3cr3ts", "http://p.example/joann/planned/s3cr3ts"),
            ("see http://p.example/ann/s3cr3t/1, or", "see http://p.example/{username}/{password}/1, or"),
            ("ann.example/ann", "ann.example/ann"),
            ("http://ann.example/", "http://ann.example/"),
        ] {
            assert_eq!(login.blank(text), blanked);
        }
    }

    #[test]
    fn a_text_without_marks_has_nothing_to_blank() {
        let texts = ["s3cr3t", "my s3cr3t word", "S3CR3T word", "http://p.example/ann/x", "http:/", ":", "a%20b", "%2"];
        for password in ["s3cr3t word", "s3cr3t-w", "::::::::", "%%%%%%%%", "pässwörter", "eeeeeeee", "a:b:c:d:e"] {
            let login = Login::new(Some("ann"), Some(password));
            let encoded = percent_encoded(password);
            let more = [password, &encoded, &encoded.to_lowercase(), &format!("x{password}"), &password[1..3]];
            for text in texts.into_iter().chain(more) {
                let is_same = login.blank(text) == text;
                assert!(is_same || login.marks.are_in(text), "{password}: {text}");
            }
            // No byte occurs in all of its spellings.
            let is_unknown = password == "::::::::";
            assert_eq!(login.marks.are_in("Joanna in the road: a film"), is_unknown, "{password}");
        }
    }

    #[test]
    fn former_logins_are_blanked_and_not_filled_in() {
        let former = |username: &str, password: Option<&str>| FormerLogin {
            username: username.to_owned(),
            password: password.map(str::to_owned),
        };
        let all =
            [former("ann", Some("s3cr3t word")), former("bob", None), former("eve", Some("n3w")), former("bob", None)];
        let login = Login::new(Some("bob"), Some("n3w")).with_former(&all);
        assert_eq!(login.former.len(), 3);
        for text in [
            "http://p.example/live/ann/s3cr3t%20word/1.ts",
            "http://p.example/live/bob/n3w/1.ts",
            "http://p.example/live/bob/of-before/1.ts",
            "http://p.example/live/eve/n3w/1.ts",
        ] {
            assert_eq!(login.blank(text), "http://p.example/live/{username}/{password}/1.ts", "{text}");
        }
        assert_eq!(login.blank("a s3cr3t word"), "a {password}");
        assert_eq!(login.blank("Joanna"), "Joanna");
        assert_eq!(login.fill("http://p.example/{username}/{password}/1"), "http://p.example/bob/n3w/1");
        let item = |trailer: &str| crate::testing::movie(1).with("youtube_trailer", trailer).item();
        let blanked = Some(RowHash::of(&item("http://p.example/{username}/{password}/1")));
        assert_eq!(login.row_hash(&item("http://p.example/ann/s3cr3t%20word/1")), blanked);
        assert_eq!(login.row_hash(&item("http://p.example/else/1")), None);
        assert_eq!(Login::default().with_former(&all).row_hash(&item("http://p.example/eve/n3w/1")), blanked);
        assert!(!format!("{login:?} {all:?}").contains("n3w"));
    }

    #[test]
    fn placeholders_are_filled_in_again() {
        let login = Login::new(Some("ann"), Some("s3cr3t word"));
        for text in ["http://p.example/live/ann/s3cr3t%20word/1.ts", "s3cr3t word", "nothing of it"] {
            assert_eq!(login.fill(&login.blank(text)), text);
        }
        let at = Login::new(Some("a@b+c"), Some("x:/'\"y"));
        for (text, filled) in [
            ("http://p.example/{username}/{password}/1", "http://p.example/a@b%2Bc/x:%2F%27%22y/1"),
            ("http://p.example/?username={username}", "http://p.example/?username=a%40b%2Bc"),
            ("http://{username}:{password}@p.example/", "http://a%40b%2Bc:x%3A%2F%27%22y@p.example/"),
            ("{username} {username}", "a@b+c a@b+c"),
        ] {
            assert_eq!(at.fill(text), filled);
            assert_eq!(at.blank(filled), if text.contains("://") { text } else { filled });
        }
        let unknown = Login::new(Some("ann"), None);
        assert_eq!(unknown.fill("http://p.example/{username}/{password}/1"), "http://p.example/ann/{password}/1");
        let values = [EditValue::Flag(true), EditValue::List(vec!["s3cr3t word".to_owned()])];
        assert_eq!(
            values.map(|value| login.blank_value(&value).to_string()),
            ["yes".to_owned(), "{password}".to_owned()]
        );
    }

    #[test]
    fn a_long_password_is_blanked_anywhere() {
        let login = Login::new(Some("ann"), Some("long pass/word"));
        for text in ["x long pass/word y", "long%20pass%2Fword", "long%20pass%2fword", "long+pass%2Fword"] {
            let blanked = login.blank(text).into_owned();
            assert!(blanked.contains("{password}") && !blanked.contains("long"), "{blanked}");
        }
    }

    #[test]
    fn an_unknown_password_after_the_user_name_is_blanked() {
        let login = Login::new(Some("ann"), None);
        assert_eq!(
            login.blank("http://p.example/movie/ann/hidden/7.mp4"),
            "http://p.example/movie/{username}/{password}/7.mp4"
        );
        assert_eq!(login.blank("http://p.example/ann/cover.jpg"), "http://p.example/{username}/cover.jpg");
        assert_eq!(login.blank("http://p.example/?password=hidden"), "http://p.example/?password={password}");
        assert_eq!(login.blank("http://ann:hidden@p.example/"), "http://{username}:{password}@p.example/");
        assert_eq!(login.blank("http://bob:hidden@p.example/"), "http://bob:hidden@p.example/");
    }
}
