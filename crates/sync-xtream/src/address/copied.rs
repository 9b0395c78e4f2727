//! Finds the address in a copied text: from a chat, the source of a page, a spreadsheet or a playlist.
//!
//! If a text can be cut in several places, it is read in each way, and all readings have to agree.

mod escapes;
mod wrapping;

use super::error::AddressError;
use super::login::Login;
use super::reading::Reading;
use super::scheme;
use crate::credentials::Secret;
use wrapping::closer;

/// Reads a copied text.
pub(super) fn read(text: &str) -> Result<Reading, AddressError> {
    let text = escapes::unescaped(&visible(text));
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if text.contains('\t') { read_cells(text) } else { read_lines(text) }
}

/// Returns a text without invisible characters, and with one kind of space.
fn visible(text: &str) -> String {
    let is_seen = |c: &char| {
        !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
    };
    let spaced = |c: char| if c.is_whitespace() && c != '\t' && !is_break(c) { ' ' } else { c };
    text.chars().filter(is_seen).map(spaced).collect()
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Reads cells of a spreadsheet: an address, or an address, a user name and a password.
fn read_cells(text: &str) -> Result<Reading, AddressError> {
    let cells: Vec<&str> = text.split('\t').map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let [address, username, password] = cells[..] else { return Err(AddressError::Several) };
    let is_plain =
        |cell: &str| !cell.starts_with(['"', '\'', '=']) && !cell.contains(is_break) && !cell.contains("://");
    let Reading { address, login } = read_lines(address)?;
    if login != Login::default() || !is_plain(username) || !is_plain(password) {
        return Err(AddressError::Several);
    }
    let login = Login { username: Some(username.to_owned()), password: Some(Secret::from(password)) };
    Ok(Reading { address, login })
}

/// Reads lines: an address that a program has wrapped, a playlist, or words before an address.
fn read_lines(text: &str) -> Result<Reading, AddressError> {
    let mut lines: Vec<&str> = text.split(is_break).map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.iter().any(|line| line.starts_with("#EXT")) {
        let is_entry = |line: &&str| !line.starts_with('#');
        let has_entries = lines.iter().any(is_entry);
        lines.retain(|line| if has_entries { is_entry(line) } else { line.starts_with("#EXTM3U") });
    }
    let has_address = |line: &&str| !beginnings(line).is_empty();
    let words = lines.iter().position(has_address).unwrap_or_default();
    match &lines[words..] {
        [] => Err(AddressError::Empty),
        [line] => read_line(line),
        [first, rest @ ..] if !rest.iter().any(has_address) => read_wrapped(first, rest),
        several => Reading::agreed(several.iter().map(|line| read_line(line))),
    }
}

/// Reads an address that continues in the next lines, or has other words after it.
fn read_wrapped(first: &str, rest: &[&str]) -> Result<Reading, AddressError> {
    let joined = read_line(&[&[first], rest].concat().concat());
    let goes_on = first.ends_with(['?', '&']) || rest.first().is_some_and(|next| is_continuation(next));
    if goes_on && !rest.iter().any(|line| line.contains(' ')) {
        return joined;
    }
    Reading::agreed([read_line(first), joined]).map_err(|_| AddressError::Several)
}

/// Returns whether a line can only be the rest of an address: `/get.php…`, `&password=…`, `ret&type=…`.
fn is_continuation(line: &str) -> bool {
    let is_key = |pair: &str| {
        let key = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        pair.contains('=') && ["username", "password", "type", "output", "action"].contains(&&*key)
    };
    let mut pairs = line.split('&');
    line.starts_with(['/', '?', '&']) || (pairs.next().is_some_and(|pair| !is_key(pair)) && pairs.any(is_key))
}

/// Reads the addresses of a line, which must all be the same.
fn read_line(line: &str) -> Result<Reading, AddressError> {
    let begins = beginnings(line);
    if begins.is_empty() {
        let is_opener = |c: char| c == '=' || closer(c, "").is_some();
        let mut bare = line;
        // The bracket of `[::1]:8080` belongs to the address.
        while bare.starts_with(is_opener) && !(bare.starts_with('[') && bare.contains("::")) {
            let mut chars = bare.chars();
            chars.next();
            bare = chars.as_str();
        }
        return read_piece(bare, &line[..line.len() - bare.len()]);
    }
    let ends = begins.iter().copied().skip(1).chain([line.len()]);
    Reading::agreed(begins.iter().zip(ends).map(|(from, to)| read_piece(&line[*from..to], &line[..*from])))
}

/// Returns the positions in a line at which an address begins: `http:/` or `https:/`, unless it is a part of another
/// address.
fn beginnings(line: &str) -> Vec<usize> {
    let lower = line.to_ascii_lowercase();
    let mut found: Vec<usize> = Vec::new();
    for (at, _) in lower.match_indices("http") {
        let after = lower[at + 4..].trim_start_matches('s');
        if !after.starts_with(":/") && !after.starts_with(":\\") {
            continue;
        }
        let before = &line[..at];
        let is_apart = match before.chars().next_back() {
            None => true,
            // `href=http://…` and `URL:http://…`, not `?url=http://…`.
            Some('=' | ':') => found.is_empty() && !before.contains(['/', '?', '.', '\\']),
            Some(c) => c.is_whitespace() || c == ',' || c == ';' || closer(c, before).is_some(),
        };
        // `https:// http://host`.
        let is_scheme_only =
            |from: &usize| lower[*from..at].trim_start_matches("http").chars().all(|c| "s:/\\ ".contains(c));
        if is_apart && !found.last().is_some_and(is_scheme_only) {
            found.push(at);
        }
    }
    found
}

/// Reads one address and the words that may follow it. `before` is the text before it.
fn read_piece(piece: &str, before: &str) -> Result<Reading, AddressError> {
    let closer = before.chars().next_back().and_then(|opener| closer(opener, before));
    let ends: Vec<usize> = closer.map_or_else(Vec::new, |closer| closer.ends(piece));
    match ends[..] {
        [] => read_words(piece),
        [end] => read_words(&piece[..end]),
        [first, .., last] => Reading::agreed([read_words(&piece[..first]), read_words(&piece[..last])]),
    }
}

/// Reads an address, and words after it.
fn read_words(text: &str) -> Result<Reading, AddressError> {
    let text = wrapping::without_headers(text).trim();
    let (_, rest) = scheme::split(text)?;
    match rest.find(char::is_whitespace) {
        None => read_end(text),
        Some(space) => {
            let first = &text[..text.len() - rest.len() + space];
            Reading::agreed([read_end(text), read_end(first)])
        }
    }
}

/// Reads an address whose last signs belong to the text around it, unless they belong to the password.
fn read_end(text: &str) -> Result<Reading, AddressError> {
    let bare = text.trim_end_matches(|c: char| ".,;:!?)]}>\"'`…”’»›".contains(c));
    if bare.len() == text.len() {
        return Reading::from_text(text);
    }
    match (Reading::from_text(bare), Reading::from_text(text)) {
        (Ok(without), Ok(with)) if without.login == with.login => Ok(without),
        (Ok(without), Err(_)) if without.login == Login::default() => Ok(without),
        (Ok(_), Ok(_)) => Err(AddressError::Unclear),
        // `http://[::1]`.
        (Err(_), Ok(with)) => Ok(with),
        (_, Err(error)) => Err(error),
    }
}
