//! The charset of texts that are not UTF-8: the declared one, and the way to read such bytes.
//!
//! A text that is valid UTF-8 is read as UTF-8 even if the answer declares another charset, because many panels declare
//! one that they don't use. Any other text is read in the declared charset. If none is declared, or UTF-8, it is read
//! as windows-1252, which contains ISO-8859-1.

use std::char::REPLACEMENT_CHARACTER;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use xxhash_rust::xxh3::xxh3_64;

/// The charset of texts that are not UTF-8; `None` is windows-1252.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Charset(Option<&'static Encoding>);

impl Charset {
    /// Returns the charset that the headers of an answer declare.
    pub(crate) fn declared(headers: &HeaderMap) -> Self {
        let types = headers.get_all(CONTENT_TYPE).iter();
        types.map(|value| Self::from_content_type(value.as_bytes())).find(|it| it.0.is_some()).unwrap_or_default()
    }

    /// Parses the header by hand, because panels write it in ways that no parser of media types accepts.
    fn from_content_type(value: &[u8]) -> Self {
        let parameters = value.split(|byte| matches!(byte, b';' | b',')).map(<[u8]>::trim_ascii);
        let mut labels = parameters.filter_map(|parameter| {
            let (name, label) = parameter.split_at(parameter.iter().position(|byte| *byte == b'=')?);
            let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'');
            let label = label[1..].trim_ascii();
            let label = label.strip_prefix(b"\"").or_else(|| label.strip_prefix(b"'")).unwrap_or(label);
            let label = label.split(is_quote).next()?;
            name.trim_ascii().eq_ignore_ascii_case(b"charset").then_some(label)
        });
        labels.next().map(Self::from_label).unwrap_or_default()
    }

    /// Returns the charset with this name. A charset in which JSON doesn't look like ASCII can't be that of a text that
    /// was found in JSON, so it counts as none.
    pub(super) fn from_label(label: &[u8]) -> Self {
        let encoding = Encoding::for_label_no_replacement(label);
        Self(encoding.filter(|it| it.is_ascii_compatible() && *it != UTF_8 && *it != WINDOWS_1252))
    }

    /// Returns whether it is windows-1252, which is used for a text that is not UTF-8 and has no declaration.
    #[inline]
    pub(super) const fn is_default(self) -> bool {
        self.0.is_none()
    }

    /// Returns the value that the digest of an element has to depend on besides its bytes: the charset, if the element
    /// is read in another one than windows-1252. Otherwise a panel that declares another charset for the same bytes
    /// would change every name without changing a digest.
    #[inline]
    pub(crate) fn salt(self, element: &[u8]) -> Option<u64> {
        let encoding = self.0?;
        simdutf8::basic::from_utf8(element).is_err().then(|| xxh3_64(encoding.name().as_bytes()))
    }

    /// Returns whether the second byte of a character may be the byte of a backslash.
    pub(crate) fn has_pairs(self) -> bool {
        self.0.is_some_and(|encoding| !encoding.is_single_byte())
    }

    /// Appends bytes that are part of a text that is not UTF-8.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut String) {
        match self.0 {
            _ if is_cut(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
            Some(encoding) => out.push_str(&encoding.decode_without_bom_handling(bytes).0),
            None => decode_western(bytes, out),
        }
    }
}

/// Returns whether the bytes are UTF-8 whose last character was cut. Programs cut texts to a number of bytes.
fn is_cut(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Err(error) => error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii(),
        Ok(_) => false,
    }
}

/// Appends bytes as windows-1252. UTF-8 within them stays, because some panels put a prefix in one charset before a
/// name in the other.
fn decode_western(bytes: &[u8], out: &mut String) {
    let has_utf8 = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    let (mut at, mut skipped) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        at += chunk.valid().len() + chunk.invalid().len();
        let unfinished = chunk.invalid().len() > 1 && has_utf8;
        // A surrogate that is written as three bytes, as in some old databases.
        let surrogate = matches!(chunk.invalid(), [0xed]) && matches!(bytes[at..], [0xa0..=0xbf, 0x80..=0xbf, ..]);
        if skipped > 0 {
            skipped -= 1;
        } else if unfinished || surrogate {
            skipped = if surrogate { 2 } else { 0 };
            out.push(REPLACEMENT_CHARACTER);
        } else {
            out.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(value: &[u8]) -> Option<&'static str> {
        Charset::from_content_type(value).0.map(Encoding::name)
    }

    #[test]
    fn field_10_a_charset_is_declared_in_many_spellings() {
        for (value, charset) in [
            (&b"application/json; charset=windows-1256"[..], Some("windows-1256")),
            (b"application/json;charset=WINDOWS-1251", Some("windows-1251")),
            (b"application/json ; foo=bar; Charset = \"cp1256\" ; x", Some("windows-1256")),
            (b"text/html; charset='koi8-r'", Some("KOI8-R")),
            (b"text/html, charset=iso-8859-2", Some("ISO-8859-2")),
            (b"\xff; charset=gbk;", Some("GBK")),
            (b"application/json; charset=Shift_JIS", Some("Shift_JIS")),
            // These are read as if there were no declaration.
            (b"application/json; charset=ISO-8859-1", None),
            (b"application/json; charset=utf-8", None),
            (b"application/json; charset=utf-16", None),
            (b"application/json; charset=iso-2022-jp", None),
            (b"application/json; charset=klingon", None),
            (b"application/json; charset=", None),
            (b"application/json; charset", None),
            (b"", None),
        ] {
            assert_eq!(declared(value), charset, "{}", String::from_utf8_lossy(value));
        }
        let mut headers = HeaderMap::new();
        assert_eq!(Charset::declared(&headers), Charset::default());
        for value in ["application/json", "text/html; charset=koi8-r"] {
            headers.append(CONTENT_TYPE, value.parse().unwrap());
        }
        assert_eq!(Charset::declared(&headers).0.map(Encoding::name), Some("KOI8-R"));
    }

    #[test]
    fn field_10_bytes_are_read_in_the_declared_charset() {
        let decoded = |label: &str, bytes: &[u8]| {
            let mut out = String::new();
            Charset::from_label(label.as_bytes()).decode(bytes, &mut out);
            out
        };
        assert_eq!(decoded("ISO-8859-1", b"MDR Th\xfcringen"), "MDR Thüringen");
        assert_eq!(decoded("", b"5 \x80 \x96 Caf\xe9"), "5 € – Café");
        assert_eq!(decoded("windows-1256", b"\xc7\xe1\xcc\xd2\xed\xd1\xc9"), "الجزيرة");
        assert_eq!(decoded("koi8-r", b"\xf0\xc5\xd2\xd7\xd9\xca"), "Первый");
        assert_eq!(decoded("gbk", b"\xd6\xd0\xd1\xeb"), "中央");
        assert_eq!(decoded("gbk", b"\xff"), "\u{fffd}");
        // The UTF-8 is cut, is damaged, or has other bytes next to it.
        for label in ["", "windows-1256"] {
            assert_eq!(decoded(label, "日本語".as_bytes().split_last().unwrap().1), "日本\u{fffd}");
        }
        assert_eq!(decoded("", b"\xe6\x97\xa5\xe6\x9c | HD"), "日\u{fffd} | HD");
        assert_eq!(decoded("", b"Caf\xe9 \xe2\x80\x93 caf\xc3\xa9"), "Café – café");
        assert_eq!(decoded("", b"x\xed\xa0\xbd\xed\xb8\x80y"), "x\u{fffd}\u{fffd}y");
        assert_eq!(decoded("", b"\xed"), "í");
    }

    #[test]
    fn field_10_only_elements_that_are_not_utf8_depend_on_the_charset() {
        let salt = |label: &str, bytes: &[u8]| Charset::from_label(label.as_bytes()).salt(bytes);
        assert_eq!(salt("windows-1256", "الجزيرة".as_bytes()), None);
        assert!(salt("windows-1256", b"\xc7").is_some());
        assert_ne!(salt("windows-1256", b"\xc7"), salt("windows-1251", b"\xc7"));
        assert_eq!(salt("cp1256", b"\xc7"), salt("windows-1256", b"\xc7"), "two names of one charset");
        assert_eq!((salt("ISO-8859-1", b"\xc7"), salt("utf-8", b"\xc7")), (None, None));
    }
}
