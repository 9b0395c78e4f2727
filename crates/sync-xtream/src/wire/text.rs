//! Reads JSON strings with any content.

use std::char::REPLACEMENT_CHARACTER;

use sync_core::Text;

use super::charset::Charset;
use super::plain::places;

/// The number of bytes of the pieces in which texts are unescaped, on the stack.
const PIECE: usize = 512;

/// Reads the text between the quotes of a JSON string.
///
/// A text that is not UTF-8 is read in the charset. Illegal Unicode is replaced by U+FFFD: surrogates without their
/// partner, and broken escapes. So is NUL, at which SQL functions would cut the text. Unescaped line breaks and the
/// like, which JSON forbids, are accepted.
pub(crate) fn read(raw: &[u8], charset: Charset) -> Text {
    if is_plain(raw) {
        return mended(raw, charset);
    }
    let mut piece = [0; PIECE];
    let (read, written) = unescape(raw, &mut piece);
    if read == raw.len() {
        return match simdutf8::basic::from_utf8(&piece[..written]) {
            Ok(text) => text.into(),
            Err(_) => read_in(raw, charset),
        };
    }
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(&piece[..written]);
    let mut rest = &raw[read..];
    while !rest.is_empty() {
        let (read, written) = unescape(rest, &mut piece);
        out.extend_from_slice(&piece[..written]);
        rest = &rest[read..];
    }
    match String::from_utf8(out) {
        Ok(text) => text.into(),
        Err(_) => read_in(raw, charset),
    }
}

/// Reads bytes without escapes as text.
pub(crate) fn mended(bytes: &[u8], charset: Charset) -> Text {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => decoded(bytes, charset),
    }
}

#[cold]
fn decoded(bytes: &[u8], charset: Charset) -> Text {
    let mut out = String::new();
    charset.decode(bytes, &mut out);
    out.into()
}

/// Reads a text with escapes that is not UTF-8. Only the bytes between the escapes are in the charset.
#[cold]
fn read_in(raw: &[u8], charset: Charset) -> Text {
    let (mut out, mut run, mut at) = (String::new(), Vec::new(), 0);
    while let Some(&byte) = raw.get(at) {
        at += 1;
        let within_pair = charset.has_pairs() && run.last().is_some_and(|last| *last >= 0x80);
        if byte == 0 {
            charset.decode(&std::mem::take(&mut run), &mut out);
            out.push(REPLACEMENT_CHARACTER);
        } else if byte != b'\\' || (within_pair && !raw.get(at).is_some_and(|letter| br#""\/bfnrtu"#.contains(letter)))
        {
            run.push(byte);
        } else {
            let mut place = [0; PIECE];
            let mut put = Put { out: &mut place, at: 0 };
            at += escape(&raw[at..], &mut put);
            let written = put.at;
            // A backslash that was escaped may be the second byte of a character.
            if let [ascii] = place[..written] {
                run.push(ascii);
            } else {
                charset.decode(&std::mem::take(&mut run), &mut out);
                out.push_str(&String::from_utf8_lossy(&place[..written]));
            }
        }
    }
    charset.decode(&run, &mut out);
    out.into()
}

/// Returns whether there is neither an escape nor a NUL.
fn is_plain(raw: &[u8]) -> bool {
    // The inner loop has no early exit, so that the compiler compares all of a block at once.
    let block = |block: &[u8]| {
        let special = |byte: &u8| u8::from(*byte == b'\\') | u8::from(*byte == 0);
        block.iter().fold(0, |found, byte| found | special(byte)) == 0
    };
    let (blocks, rest) = raw.as_chunks::<16>();
    blocks.iter().all(|bytes| block(bytes)) && block(rest)
}

/// Reads escapes, and replaces NUL, as far as the output has room. Returns the numbers of read and written bytes.
fn unescape(raw: &[u8], out: &mut [u8; PIECE]) -> (usize, usize) {
    /// The greatest number of bytes that are written in one go.
    const STEP: usize = 8;
    let (mut read, mut written) = (0, 0);
    while written <= PIECE - STEP {
        let rest = &raw[read..];
        let plain = if let Some(block) = rest.first_chunk::<STEP>() {
            // The whole block is written. Its special bytes are then overwritten.
            out[written..written + STEP].copy_from_slice(block);
            let block = u64::from_le_bytes(*block);
            (places(block, b'\\') | places(block, 0)).trailing_zeros() as usize / 8
        } else {
            let plain = rest.iter().position(|byte| matches!(byte, b'\\' | 0)).unwrap_or(rest.len());
            out[written..written + plain].copy_from_slice(&rest[..plain]);
            plain
        };
        (read, written) = (read + plain, written + plain);
        let Some(byte) = rest.get(plain) else { break };
        if plain < STEP && written <= PIECE - STEP {
            let mut put = Put { out, at: written };
            read += if *byte == 0 {
                put.char(REPLACEMENT_CHARACTER);
                1
            } else {
                1 + escape(&rest[plain + 1..], &mut put)
            };
            written = put.at;
        }
    }
    (read, written)
}

/// The output, and the position of the next character.
struct Put<'a> {
    out: &'a mut [u8; PIECE],
    at: usize,
}

impl Put<'_> {
    fn byte(&mut self, byte: u8) {
        self.out[self.at] = byte;
        self.at += 1;
    }

    #[inline]
    fn char(&mut self, c: char) {
        self.at += c.encode_utf8(&mut self.out[self.at..]).len();
    }
}

/// Reads the bytes after a backslash. Returns their number.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a first sync takes 2 % more instructions without; the other caller is cold")]
fn escape(raw: &[u8], out: &mut Put<'_>) -> usize {
    let Some(&letter) = raw.first() else {
        out.char(REPLACEMENT_CHARACTER);
        return 0;
    };
    match letter {
        b'"' | b'\\' | b'/' => out.byte(letter),
        b'b' => out.byte(0x08),
        b'f' => out.byte(0x0c),
        b'n' => out.byte(b'\n'),
        b'r' => out.byte(b'\r'),
        b't' => out.byte(b'\t'),
        b'u' => return 1 + unicode(&raw[1..], out),
        // There is no such escape. The letter itself is probably meant.
        _ => {
            out.char(REPLACEMENT_CHARACTER);
            out.byte(letter);
        }
    }
    1
}

#[inline]
fn unicode(raw: &[u8], out: &mut Put<'_>) -> usize {
    let Some(first) = unit(raw) else {
        out.char(REPLACEMENT_CHARACTER);
        return 0;
    };
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = raw[4..].strip_prefix(b"\\u").and_then(unit)
        && (0xdc00..0xe000).contains(&second)
    {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        out.char(char::from_u32(code).unwrap_or(REPLACEMENT_CHARACTER));
        return 10;
    }
    out.char(char::from_u32(first).filter(|c| *c != '\0').unwrap_or(REPLACEMENT_CHARACTER));
    4
}

/// Returns the value of four hexadecimal digits.
fn unit(raw: &[u8]) -> Option<u32> {
    let [a, b, c, d] = raw.first_chunk::<4>()?.map(|digit| HEX[usize::from(digit)]);
    let unit = a << 12 | b << 8 | c << 4 | d;
    (unit <= 0xffff).then_some(unit)
}

/// The value of each hexadecimal digit. The value of any other byte is too large for a unit.
const HEX: [u32; 256] = {
    let mut table = [1 << 16; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        table[digit as usize] = value;
        table[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &[u8]) -> Text {
        super::read(raw, Charset::default())
    }

    #[test]
    fn legal_text_is_read_as_it_is() {
        assert_eq!(read(b"plain"), "plain");
        assert_eq!(read("日本 ┃UK┃ ᴴᴰ".as_bytes()), "日本 ┃UK┃ ᴴᴰ");
        assert_eq!(read(br#"a\/b \"c\" \\ \n\t\u00e9"#), "a/b \"c\" \\ \n\té");
        assert_eq!(read(br"\ud83d\ude00!"), "😀!");
    }

    #[test]
    fn illegal_unicode_is_replaced() {
        assert_eq!(read(b"a\xc3\x28b"), "aÃ(b");
        assert_eq!(read(b"latin \xe9"), "latin é");
        assert_eq!(read(br"lone \ud83d"), "lone \u{fffd}");
        assert_eq!(read(br"lone \ude00 low"), "lone \u{fffd} low");
        assert_eq!(read(br"two \ud83d\ud83d\ude00"), "two \u{fffd}😀");
        assert_eq!(read(br"half \ud83d\u0041"), "half \u{fffd}A");
        assert_eq!(read(br"broken \u12"), "broken \u{fffd}12");
        assert_eq!(read(br"broken \uZZZZ"), "broken \u{fffd}ZZZZ");
        assert_eq!(read(br"odd \x41"), "odd \u{fffd}x41");
        assert_eq!(read(b"end \\"), "end \u{fffd}");
        assert_eq!(read(b"nul \0 and \\u0000"), "nul \u{fffd} and \u{fffd}");
        // A surrogate that is written as three bytes, as in some old databases.
        assert!(read(b"\xed\xa0\xbd").chars().all(|c| c == '\u{fffd}'));
        assert_eq!(read(b"mixed \\n \xff"), "mixed \n ÿ");
        assert_eq!(read(br"none \u123g \ug123 \u+123"), "none \u{fffd}123g \u{fffd}g123 \u{fffd}+123");
    }

    #[test]
    fn field_10_between_escapes_a_text_is_in_its_charset() {
        let read = |label: &str, raw: &[u8]| super::read(raw, Charset::from_label(label.as_bytes()));
        assert_eq!(read("", br"Th\u00fcringen"), "Thüringen");
        assert_eq!(read("", b"\xfc \\u2013 \\/ \xe9"), "ü – / é");
        assert_eq!(read("windows-1251", b"\xcf\xe5\xf0\xe2\xfb\xe9 \\u2013 \\\"HD\\\""), "Первый – \"HD\"");
        assert_eq!(read("windows-1251", "Первый \\u2013".as_bytes()), "Первый –", "valid UTF-8 stays");
        assert_eq!(read("windows-1251", b"\xcf\0\xe5"), "П\u{fffd}е");
        // The second byte of a character looks like a backslash, and was escaped as one, or not.
        assert_eq!(read("shift_jis", b"\x83\x5c\x5c\x83\x6a"), "ソニ");
        assert_eq!(read("shift_jis", b"\x83\x5c\x83\x6a"), "ソニ");
        assert_eq!(read("", b"\xfc odd \\x41"), "ü odd \u{fffd}x41");
        let long = [&b"\xe9\\n".repeat(400)[..], b"\\ud83d\\ude00"].concat();
        assert_eq!(read("", &long), format!("{}😀", "é\n".repeat(400)));
    }

    #[test]
    fn raw_control_characters_stay() {
        assert_eq!(read(b"two\nlines\t!"), "two\nlines\t!");
    }

    /// Short and long texts are read in different places, and replacements make a text longer.
    #[test]
    fn a_text_of_any_length_is_read_the_same() {
        for count in (0..200).chain(500..530) {
            for (piece, text) in
                [("a", "a"), ("\0", "\u{fffd}"), (r"\/", "/"), (r"\\", "\\"), (r"\u00E9", "é"), (r"\x", "\u{fffd}x")]
            {
                assert_eq!(read(piece.repeat(count).as_bytes()), text.repeat(count));
                let mixed = format!("{}{piece}", "b".repeat(count));
                assert_eq!(read(mixed.as_bytes()), format!("{}{text}", "b".repeat(count)));
            }
        }
    }
}
