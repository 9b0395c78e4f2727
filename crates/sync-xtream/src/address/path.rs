//! The path of an address: takes user name and password out of it, and removes the panel's own files.

use percent_encoding::percent_decode_str;

use super::error::AddressError;
use super::login::{Login, Plus};

/// A word that may stand before a user name and a password.
struct Form {
    name: &'static str,
    /// The numbers of parts that may follow the password if the last one is a stream.
    streams: &'static [usize],
}

const FORMS: [Form; 7] = [
    Form { name: "live", streams: &[1] },
    Form { name: "movie", streams: &[1] },
    Form { name: "series", streams: &[1] },
    Form { name: "hls", streams: &[1, 2] },
    Form { name: "timeshift", streams: &[3] },
    Form { name: "playlist", streams: &[] },
    Form { name: "epg", streams: &[] },
];

/// Words that may follow the password in a `playlist`, and the formats that may follow those.
const PLAYLISTS: [&str; 6] = ["m3u", "m3u_plus", "m3u8", "gigablue", "enigma", "simple"];
const OUTPUTS: [&str; 6] = ["ts", "mpegts", "m3u8", "hls", "rtmp", "key"];

/// The endings of streams.
const STREAMS: [&str; 9] = ["ts", "m3u8", "m3u", "mp4", "mkv", "avi", "mpg", "flv", "mov"];

/// The endings of the panel's own files.
const FILES: [&str; 7] = ["php", "html", "htm", "m3u", "m3u8", "xml", "gz"];

/// Takes a path apart into the sub-path of the API and the login.
pub(super) fn take(path: &str) -> Result<(String, Login), AddressError> {
    let separator = match (path.contains('/'), path.contains('\\')) {
        (true, true) => return Err(AddressError::Unclear),
        (_, true) => '\\',
        _ => '/',
    };
    let mut segments: Vec<&str> = path.split(separator).map(str::trim).filter(|one| !one.is_empty()).collect();
    let mut login = Login::default();
    if let Some((at, username, password)) = find(&segments)? {
        // An empty part may be a piece of a password with a `/`.
        let separator = separator.to_string();
        if !path.trim_end_matches(&*separator).ends_with(&segments[at..].join(&separator)) {
            return Err(AddressError::Unclear);
        }
        login.note("username", username, Plus::Literal)?;
        login.note("password", password, Plus::Literal)?;
        segments.truncate(at);
    }
    drop_files(&mut segments);
    if segments.iter().any(|segment| segment.contains(char::is_whitespace)) {
        return Err(AddressError::Several);
    }
    // This is something else: a query without its question mark, a cell, or another address.
    let strange = |segment: &&str| segment.contains(|c: char| c.is_control() || "=&@|,;:\"'?#".contains(c));
    if segments.iter().any(strange) {
        return Err(AddressError::Unclear);
    }
    Ok((format!("/{}", segments.join("/")), login))
}

/// Returns the position of the part with the login, the user name, and the password.
fn find<'a>(segments: &[&'a str]) -> Result<Option<(usize, &'a str, &'a str)>, AddressError> {
    // `/hlsr/TOKEN/USER/PASSWORD/ID/HASH/PIECE`.
    if let [.., first, _, username, password, id, _, _] = segments
        && first.eq_ignore_ascii_case("hlsr")
        && is_stream(id)
    {
        return Ok(Some((segments.len() - 7, username, password)));
    }
    let (mut is_prefixed, mut found) = (false, Vec::new());
    for (at, segment) in segments.iter().enumerate() {
        let Some(form) = form(segment) else { continue };
        let [_, username, password, following @ ..] = &segments[at..] else {
            is_prefixed |= matches!(&segments[at + 1..], [one] if !one.contains('.'));
            continue;
        };
        is_prefixed = true;
        if form.may_end(following) {
            found.push((at, *username, *password));
        }
    }
    // A user name may be `series`.
    if found.len() > 1 && segments.last().is_some_and(|last| is_stream(last)) {
        found.retain(|(at, ..)| segments.len() > at + 3);
    }
    match (&found[..], segments) {
        ([one], _) => Ok(Some(*one)),
        ([], [username, password, id]) if !is_prefixed && is_stream(id) => Ok(Some((0, username, password))),
        ([], [.., id]) if is_stream(id) && segments.len() > 3 => Err(AddressError::Unclear),
        ([], _) if !is_prefixed => Ok(None),
        // The password has a `/`, or the part is unknown.
        _ => Err(AddressError::Unclear),
    }
}

fn form(segment: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| segment.eq_ignore_ascii_case(form.name))
}

impl Form {
    /// Returns whether these parts may follow the password.
    fn may_end(&self, following: &[&str]) -> bool {
        match following {
            [] => self.streams != [3],
            [kind, output @ ..] if self.name == "playlist" => {
                let is_one = |one: &str, of: &[&str]| of.iter().any(|known| one.eq_ignore_ascii_case(known));
                is_one(kind, &PLAYLISTS) && output.len() < 2 && output.iter().all(|output| is_one(output, &OUTPUTS))
            }
            [.., last] => self.streams.contains(&following.len()) && (is_stream(last) || is_media(last)),
        }
    }
}

/// Returns whether a path has a known form with a login, or begins like one.
pub(super) fn may_hold_login(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|one| !one.is_empty()).collect();
    !matches!(find(&segments), Ok(None))
}

/// Returns whether a path has a known form with a login and ends in a stream. Then nothing of the login comes after it.
pub(super) fn is_complete(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|one| !one.is_empty()).collect();
    let ends = segments.last().is_some_and(|last| is_stream(last));
    ends && matches!(find(&segments), Ok(Some((at, ..))) if segments.len() > at + 3 || form(segments[at]).is_none())
}

/// Returns whether a part is the number of a stream, with or without an ending.
fn is_stream(segment: &str) -> bool {
    let (number, kind) = segment.split_once('.').unwrap_or((segment, "ts"));
    !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && STREAMS.iter().any(|known| kind.eq_ignore_ascii_case(known))
}

/// Returns whether a part is a file of a stream, whatever its name.
fn is_media(segment: &str) -> bool {
    segment.rsplit_once('.').is_some_and(|(_, kind)| STREAMS.iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

/// Removes the parts after the panel's own folder.
fn drop_files(segments: &mut Vec<&str>) {
    let is = |segment: Option<&&str>, names: &[&str]| {
        segment.is_some_and(|own| names.iter().any(|name| own.eq_ignore_ascii_case(name)))
    };
    let is_file = segments.last().is_some_and(|last| {
        let kind = last.rsplit_once('.').map(|(_, kind)| kind);
        kind.is_some_and(|own| FILES.iter().any(|known| own.eq_ignore_ascii_case(known)))
    });
    if is_file || is(segments.last(), &["player_api", "panel_api"]) {
        segments.pop();
        if is(segments.last(), &["streaming"]) {
            segments.pop();
        }
    }
    if is(segments.last(), &["c"]) {
        segments.pop();
        if is(segments.last(), &["stalker_portal"]) {
            segments.pop();
        }
    }
}

/// Returns a part of a path as a person reads it.
pub(super) fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
