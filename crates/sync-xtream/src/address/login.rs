//! User name and password in an address. A text that can be read in two ways is refused and never shortened.

use percent_encoding::percent_decode_str;

use super::error::AddressError;
use crate::credentials::Secret;

/// The other keys of such queries. An unknown key right after the password may be a piece of a password with an `&`.
const KEYS: [&str; 20] = [
    "action",
    "category_id",
    "duration",
    "extension",
    "from",
    "key",
    "limit",
    "mac",
    "output",
    "playlist_id",
    "prev_days",
    "series_id",
    "sid",
    "start",
    "stream",
    "stream_id",
    "timestamp",
    "token",
    "type",
    "vod_id",
];

/// Credentials that were found on the way.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

/// The meaning of a `+` in a value.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Plus {
    /// A plus, as in a path.
    Literal,
    /// A space, because a program has encoded the value.
    Space,
    /// A plus or a space.
    Unclear,
}

/// Returns whether a text names a user name or a password.
pub(super) fn names_login(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("username=") || text.contains("password=")
}

impl Login {
    /// Reads a query. Returns whether it ends within the user name or the password.
    pub(super) fn read_query(&mut self, query: &str) -> Result<bool, AddressError> {
        let pairs: Vec<(String, &str)> = query
            .split('&')
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key.trim().to_ascii_lowercase(), value)
            })
            .collect();
        let is_login = |key: &str| key == "username" || key == "password";
        let encoded =
            pairs.iter().filter(|(key, _)| is_login(key)).map(|(_, value)| *value).collect::<Vec<_>>().join("&");
        // A program that writes a plus as `%2b` means a space by `+`, and one that writes spaces as `+` writes no
        // `%20`.
        let has_plus = encoded.to_ascii_lowercase().contains("%2b");
        let plus = match escapes(&encoded) {
            Escapes::Sound if has_plus || !encoded.contains("%20") => Plus::Space,
            _ => Plus::Unclear,
        };
        let mut within = false;
        for (key, value) in &pairs {
            if is_login(key) {
                self.note(key, value, plus)?;
                within = true;
            } else if within && !KEYS.contains(&key.as_str()) {
                return Err(AddressError::Unclear);
            } else {
                within = false;
            }
        }
        Ok(within)
    }

    /// Takes a user name or a password as it is written in the address.
    pub(super) fn note(&mut self, key: &str, written: &str, plus: Plus) -> Result<(), AddressError> {
        let value = read(written, plus)?;
        if value.is_empty() {
            return Ok(());
        }
        let is_other = if key == "username" {
            self.username.replace(value.clone()).is_some_and(|known| known != value)
        } else {
            self.password.replace(Secret::from(&*value)).is_some_and(|known| known.expose() != value)
        };
        if is_other { Err(AddressError::Unclear) } else { Ok(()) }
    }
}

/// Returns the value for this spelling.
fn read(written: &str, plus: Plus) -> Result<String, AddressError> {
    let written = written.trim();
    let lower = written.to_ascii_lowercase();
    let nested = names_login(&lower) || lower.contains("://");
    // Nobody writes these characters into an address unescaped. They come from the text around it, or from a program
    // that shows only a part.
    let strange = |c: char| c.is_whitespace() || "\"<>`“”‘’„«»…".contains(c);
    let masked = !written.is_empty() && written.chars().all(|c| "*•●".contains(c));
    if nested || masked || written.contains(strange) || (plus == Plus::Unclear && written.contains('+')) {
        return Err(AddressError::Unclear);
    }
    let spaced = if plus == Plus::Space { written.replace('+', " ") } else { written.to_owned() };
    let value = match escapes(&spaced) {
        // A single `%`, as in `50%off`.
        Escapes::None => spaced,
        Escapes::Sound => percent_decode_str(&spaced).decode_utf8().map_err(|_| AddressError::Unclear)?.into_owned(),
        Escapes::Mixed => return Err(AddressError::Unclear),
    };
    if value.chars().any(char::is_control) {
        return Err(AddressError::Unclear);
    }
    Ok(value.trim().to_owned())
}

/// The meaning of the `%` in a text.
enum Escapes {
    /// There is none, or none that begins an escape.
    None,
    /// Each `%` begins an escape.
    Sound,
    /// Some begin an escape, and some don't.
    Mixed,
}

fn escapes(text: &str) -> Escapes {
    let (mut sound, mut raw) = (false, false);
    for after in text.split('%').skip(1) {
        let digits = after.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
        if digits == 2 { sound = true } else { raw = true }
    }
    match (sound, raw) {
        (true, true) => Escapes::Mixed,
        (true, false) => Escapes::Sound,
        _ => Escapes::None,
    }
}
