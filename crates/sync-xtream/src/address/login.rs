//! User name and password in an address. What can be read in two ways is refused, never shortened.

use percent_encoding::percent_decode_str;

use super::{AddressError, path};
use crate::credentials::Secret;

/// The other keys of such queries. One that isn't among them, right behind the password, may be a piece of a
/// password with an `&`.
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

/// Credentials met on the way.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

/// What a `+` in a value is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Plus {
    /// Itself, as in a path.
    Literal,
    /// A space: the value was encoded by a program.
    Space,
    /// Either.
    Unclear,
}

/// Takes what follows the host to pieces: the sub-path that leads to the API, and the login.
///
/// A raw `#` or `?` ends a path or a query only where it can't be a piece of a password.
pub(super) fn take(tail: &str) -> Result<(String, Login), AddressError> {
    let end = tail.find(['?', '#']).unwrap_or(tail.len());
    let (path, rest) = tail.split_at(end);
    let is_query = rest.starts_with('?');
    let (query, fragment) = match rest.split_once('#') {
        _ if !is_query => ("", rest.get(1..).unwrap_or_default()),
        Some((query, fragment)) => (&query[1..], fragment),
        None => (&rest[1..], ""),
    };
    if let Some(whole) = path_that_goes_on(path, rest, query)? {
        return path::take(&whole);
    }
    if names_login(path) || (!is_query && (names_login(fragment) || fragment.contains('@'))) {
        return Err(AddressError::Unclear);
    }
    if is_query && !query.contains('=') && query.contains('@') {
        return Err(AddressError::UserInfo);
    }
    let (path, mut login) = path::take(path)?;
    let has_fragment = is_query && rest.contains('#');
    if has_fragment && fragment.contains(['&', '=']) {
        // No program makes such fragments: a password has a raw `#`.
        login.read_query(&rest[1..])?;
    } else if login.read_query(query)? && has_fragment {
        return Err(AddressError::Unclear);
    }
    Ok((path, login))
}

/// The whole path where the sign after it is a piece of it: `/live/ann/se#cret/1.ts`. `rest` begins with the sign.
fn path_that_goes_on(path: &str, rest: &str, query: &str) -> Result<Option<String>, AddressError> {
    if rest.is_empty() || names_login(rest) || path::is_complete(path) {
        return Ok(None);
    }
    let whole = format!("{path}{}", rest.replace('?', "%3F").replace('#', "%23"));
    if path::is_complete(&whole) {
        return Ok(Some(whole));
    }
    let parts = path.split('/').filter(|part| !part.is_empty()).count();
    let is_within = (parts > 1 && !path.ends_with('/')) || (parts > 0 && rest.contains('/'));
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.')) && !path::may_hold_login(path);
    let is_query = query.contains('=') && (is_file || !rest.contains('/'));
    if is_within && !is_query { Err(AddressError::Unclear) } else { Ok(None) }
}

fn names_login(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("username=") || text.contains("password=")
}

impl Login {
    /// Reads a query; returns whether it ends within the user name or the password.
    fn read_query(&mut self, query: &str) -> Result<bool, AddressError> {
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
        // Who encodes a `+` means a space by it, and who encodes a space as `+` encodes none as `%20`.
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

    /// Takes a user name or a password that is written like this in the address.
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

/// The value that is written like this.
fn read(written: &str, plus: Plus) -> Result<String, AddressError> {
    let written = written.trim();
    let lower = written.to_ascii_lowercase();
    let nested = names_login(&lower) || lower.contains("://");
    // Nothing writes these into an address as they are; they come from the text around it, or from a program
    // that shows less than there is.
    let strange = |c: char| c.is_whitespace() || "\"<>`“”‘’„«»…".contains(c);
    let masked = !written.is_empty() && written.chars().all(|c| "*•●".contains(c));
    if nested || masked || written.contains(strange) || (plus == Plus::Unclear && written.contains('+')) {
        return Err(AddressError::Unclear);
    }
    let spaced = if plus == Plus::Space { written.replace('+', " ") } else { written.to_owned() };
    let value = match escapes(&spaced) {
        // A raw `%`, as in `50%off`.
        Escapes::None => spaced,
        Escapes::Sound => percent_decode_str(&spaced).decode_utf8().map_err(|_| AddressError::Unclear)?.into_owned(),
        Escapes::Mixed => return Err(AddressError::Unclear),
    };
    if value.chars().any(char::is_control) {
        return Err(AddressError::Unclear);
    }
    Ok(value.trim().to_owned())
}

/// What the `%` in a text are.
enum Escapes {
    /// There is none, or none that begins an escape.
    None,
    /// Each begins one.
    Sound,
    /// Some do and some don't.
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
