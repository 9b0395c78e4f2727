//! Undoes the escapes of programs: `&amp;` in pages, `\/` and `\u0026` in JSON, `\&` in shells.

use percent_encoding::percent_decode_str;

/// Returns a text without the escapes that a program has added, if the text shows that it has some.
pub(super) fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    let lower = text.trim_start().to_ascii_lowercase();
    if lower.starts_with("http%3a") || lower.starts_with("https%3a") {
        // `?url=http%3A%2F%2F…`, without the text before it.
        if let Ok(decoded) = percent_decode_str(&text).decode_utf8() {
            text = decoded.into_owned();
        }
    }
    if text.contains(":\\/\\/") || text.to_ascii_lowercase().contains("\\u0026") {
        text = unescape_json(&text);
    }
    if is_of_a_shell(&text) {
        text = unescape_shell(&text);
    }
    // A page that quotes a page has `&amp;amp;`.
    for _ in 0..3 {
        if !is_of_a_page(&text) {
            break;
        }
        text = unescape_page(&text);
    }
    text
}

fn unescape_json(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let escaped = rest
            .strip_prefix('u')
            .and_then(|rest| rest.get(..4))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok().and_then(char::from_u32));
        if let Some(c) = escaped {
            plain.push(c);
            rest = &rest[5..];
        } else if let Some(c) = rest.chars().next() {
            // `\/`, `\"`, `\\`.
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    plain + rest
}

/// Returns whether every sign with a meaning in a shell is escaped, including those of a panel's query. A password in a
/// path may contain such signs itself.
fn is_of_a_shell(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [".php\\?", "username\\=", "password\\="].iter().all(|part| lower.contains(part))
        && text.match_indices(['?', '&', '=']).all(|(at, _)| text[..at].ends_with('\\'))
}

fn unescape_shell(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\' && chars.peek().is_some_and(|next| !next.is_alphanumeric());
        plain.extend(if escapes { chars.next() } else { Some(c) });
    }
    plain
}

fn is_of_a_page(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let ampersands = ["&amp;", "&#38;", "&#038;", "&#x26;"];
    let quotes = ["&quot;", "&#34;", "&#034;", "&#39;", "&#039;", "&#x22;", "&#x27;", "&apos;", "&lt;", "&nbsp;"];
    ampersands.iter().any(|entity| lower.contains(entity)) || quotes.iter().any(|entity| lower.starts_with(entity))
}

/// Replaces the entities of a text by their signs. Unknown entities stay.
fn unescape_page(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.split_once(';').and_then(|(name, _)| Some((sign(&name[1..])?, name.len() + 1)));
        let (c, length) = entity.unwrap_or(('&', 1));
        plain.push(c);
        rest = &rest[length..];
    }
    plain + rest
}

fn sign(entity: &str) -> Option<char> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return code.ok().and_then(char::from_u32);
    }
    let known = [("amp", '&'), ("quot", '"'), ("apos", '\''), ("lt", '<'), ("gt", '>'), ("nbsp", ' '), ("sol", '/')];
    known.into_iter().find(|(name, _)| entity.eq_ignore_ascii_case(name)).map(|(_, sign)| sign)
}
