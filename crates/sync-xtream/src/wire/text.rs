//! JSON strings, read whatever is in them.

use std::char::REPLACEMENT_CHARACTER;

/// Reads what stands between the quotes of a JSON string.
///
/// What is not legal Unicode is mended with U+FFFD: bytes that are not UTF-8, surrogates without
/// their partner, broken escapes. So is NUL, at which SQL functions would cut the text. Raw line
/// breaks and the like, which JSON forbids, are taken as they are.
pub(crate) fn read(raw: &[u8]) -> String {
    if memchr::memchr2(b'\\', 0, raw).is_none() {
        return String::from_utf8_lossy(raw).into_owned();
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr2(b'\\', 0, rest) {
        out.extend_from_slice(&rest[..at]);
        if rest[at] == 0 {
            push(&mut out, REPLACEMENT_CHARACTER);
            rest = &rest[at + 1..];
        } else {
            rest = escape(&rest[at + 1..], &mut out);
        }
    }
    out.extend_from_slice(rest);
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// Reads what follows a backslash; returns the rest.
fn escape<'a>(raw: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((&letter, rest)) = raw.split_first() else {
        push(out, REPLACEMENT_CHARACTER);
        return raw;
    };
    match letter {
        b'"' | b'\\' | b'/' => out.push(letter),
        b'b' => out.push(0x08),
        b'f' => out.push(0x0c),
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b't' => out.push(b'\t'),
        b'u' => return unicode(rest, out),
        // No such escape: the letter is what was meant, if anything.
        _ => {
            push(out, REPLACEMENT_CHARACTER);
            out.push(letter);
        }
    }
    rest
}

fn unicode<'a>(raw: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some(first) = hex(raw) else {
        push(out, REPLACEMENT_CHARACTER);
        return raw;
    };
    let rest = &raw[4..];
    if (0xd800..0xdc00).contains(&first)
        && rest.starts_with(b"\\u")
        && let Some(second) = hex(&rest[2..]).filter(|unit| (0xdc00..0xe000).contains(unit))
    {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        push(out, char::from_u32(code).unwrap_or(REPLACEMENT_CHARACTER));
        return &rest[6..];
    }
    push(out, char::from_u32(first).filter(|c| *c != '\0').unwrap_or(REPLACEMENT_CHARACTER));
    rest
}

fn hex(raw: &[u8]) -> Option<u32> {
    let digits = raw.get(..4)?;
    digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn legal_text_is_read_as_it_is() {
        assert_eq!(read(b"plain"), "plain");
        assert_eq!(read("日本 ┃UK┃ ᴴᴰ".as_bytes()), "日本 ┃UK┃ ᴴᴰ");
        assert_eq!(read(br#"a\/b \"c\" \\ \n\t\u00e9"#), "a/b \"c\" \\ \n\té");
        assert_eq!(read(br"\ud83d\ude00!"), "😀!");
    }

    #[test]
    fn text_that_is_no_unicode_is_mended() {
        assert_eq!(read(b"a\xc3\x28b"), "a\u{fffd}(b");
        assert_eq!(read(b"latin \xe9"), "latin \u{fffd}");
        assert_eq!(read(br"lone \ud83d"), "lone \u{fffd}");
        assert_eq!(read(br"lone \ude00 low"), "lone \u{fffd} low");
        assert_eq!(read(br"two \ud83d\ud83d\ude00"), "two \u{fffd}😀");
        assert_eq!(read(br"half \ud83d\u0041"), "half \u{fffd}A");
        assert_eq!(read(br"broken \u12"), "broken \u{fffd}12");
        assert_eq!(read(br"broken \uZZZZ"), "broken \u{fffd}ZZZZ");
        assert_eq!(read(br"odd \x41"), "odd \u{fffd}x41");
        assert_eq!(read(b"end \\"), "end \u{fffd}");
        assert_eq!(read(b"nul \0 and \\u0000"), "nul \u{fffd} and \u{fffd}");
        // A surrogate written as three bytes, as some old databases have it.
        assert!(read(b"\xed\xa0\xbd").chars().all(|c| c == '\u{fffd}'));
        assert_eq!(read(b"mixed \\n \xff"), "mixed \n \u{fffd}");
    }

    #[test]
    fn raw_control_characters_stay() {
        assert_eq!(read(b"two\nlines\t!"), "two\nlines\t!");
    }
}
