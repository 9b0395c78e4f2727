//! The first line of a password's source: a file, standard input, or the output of a command.

use sync_xtream::Secret;

use super::failure::Failure;

/// The byte order mark that Notepad and `PowerShell` write before a text. It is not part of the text.
const MARK: char = '\u{feff}';

const LINE_FEED: u16 = 10;

/// The encoding of a text.
#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Utf16LittleEndian,
    Utf16BigEndian,
}

impl Encoding {
    fn of(read: &[u8]) -> Self {
        match read {
            [0xff, 0xfe, ..] => Self::Utf16LittleEndian,
            [0xfe, 0xff, ..] => Self::Utf16BigEndian,
            _ => Self::Utf8,
        }
    }

    /// Returns the units of a text in UTF-16. An odd byte at the end is left out.
    fn units(self, read: &[u8]) -> impl Iterator<Item = u16> {
        let unit = if self == Self::Utf16BigEndian { u16::from_be_bytes } else { u16::from_le_bytes };
        read.chunks_exact(2).map(move |pair| unit([pair[0], pair[1]]))
    }
}

/// Returns whether the bytes so far contain the whole first line.
pub(crate) fn is_whole(read: &[u8]) -> bool {
    match Encoding::of(read) {
        Encoding::Utf8 => read.contains(&b'\n'),
        utf16 => utf16.units(read).any(|unit| unit == LINE_FEED),
    }
}

/// Returns the first line of the bytes. Errors name the source by `name`.
pub(crate) fn first(read: &[u8], name: &str) -> Result<Secret, Failure> {
    let not_unicode = || Failure::usage(not_unicode(name), "save it as plain text in UTF-8");
    let line = match Encoding::of(read) {
        Encoding::Utf8 => {
            let line = read.split(|byte| *byte == b'\n').next().unwrap_or_default();
            std::str::from_utf8(line).map_err(|_| not_unicode())?.to_owned()
        }
        _ if !is_whole(read) && !read.len().is_multiple_of(2) => return Err(not_unicode()),
        utf16 => {
            let units: Vec<u16> = utf16.units(read).take_while(|unit| *unit != LINE_FEED).collect();
            String::from_utf16(&units).map_err(|_| not_unicode())?
        }
    };
    let line = without_mark(&line).trim_end_matches('\r');
    if line.is_empty() {
        return Err(Failure::usage(format!("{name} is empty"), ""));
    }
    // This check also finds the zero bytes of UTF-16 and UTF-32 without a mark.
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Failure::usage(format!("{name} holds control characters"), "save it as plain text in UTF-8"));
    }
    Ok(Secret::from(line))
}

/// Returns a text without a byte order mark at its beginning.
pub(crate) fn without_mark(text: &str) -> &str {
    text.trim_start_matches(MARK)
}

pub(crate) fn not_unicode(name: &str) -> String {
    format!("{name} is not Unicode")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn a_password_is_the_first_line() {
        let read = |bytes: &[u8]| first(bytes, "it").map(|secret| secret.expose().to_owned());
        assert_eq!(read(b" a b \r\nsecond\n").unwrap(), " a b ");
        assert_eq!(read("ä".as_bytes()).unwrap(), "ä");
        for wrong in [&b""[..], b"\n", b"\r\nsecond", b"\xff\n"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn field_05_a_byte_order_mark_is_no_part_of_a_password() {
        for text in ["s3cr3t", "s3cr3t\n", "s3cr3t\r\n", "s3cr3t\r", "s3cr3t\nsecond\n", "\u{feff}s3cr3t\r\nsecond"] {
            for bytes in [
                text.as_bytes().to_vec(),
                format!("\u{feff}{text}").into_bytes(),
                utf16(&format!("\u{feff}{text}"), u16::to_le_bytes),
                utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
            ] {
                assert_eq!(first(&bytes, "it").unwrap().expose(), "s3cr3t", "{bytes:?}");
                assert_eq!(is_whole(&bytes), text.contains('\n'), "{bytes:?}");
            }
        }
        // The UTF-16 form of these characters contains a byte that is a line feed in ASCII.
        let text = "\u{feff}a\u{10a}\u{a01}é\u{1f600}";
        for bytes in [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)] {
            assert_eq!(first(&bytes, "it").unwrap().expose(), &text[3..]);
            assert!(!is_whole(&bytes));
        }
    }

    #[test]
    fn field_05_bytes_that_are_no_plain_text_are_refused() {
        let utf32: Vec<u8> = "\u{feff}abc".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        for bytes in [
            utf16("s3cr3t\n", u16::to_le_bytes),
            utf16("s3cr3t\n", u16::to_be_bytes),
            utf32,
            b"\xff\xfea\0b".to_vec(),
            b"\xff\xfe\0\xd8".to_vec(),
            b"\xef\xbb\xbf\n".to_vec(),
            b"\xff\xfe".to_vec(),
            b"\xff\xfe\n\0".to_vec(),
            b"one\rtwo\n".to_vec(),
            b"caf\xe9\n".to_vec(),
        ] {
            let failure = first(&bytes, "it").unwrap_err();
            assert!(!format!("{failure:?}").contains("s3cr3t"), "{bytes:?}");
        }
    }
}
