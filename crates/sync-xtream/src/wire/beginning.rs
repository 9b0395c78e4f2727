//! Recognises an answer by its first bytes.

use sync_core::source::AnswerFault;

use super::excerpt::excerpt;
use super::fault::Fault;
use super::member::string_end;
use crate::words::{Message, Quote};

/// A byte order mark.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Returns whether a text is a notice of PHP. PHP with `display_errors` prints such lines before the answer.
pub(crate) fn is_php_notice(text: &[u8]) -> bool {
    let words: [&[u8]; 7] = [b"<br", b"<b>", b"Warning", b"Notice", b"Deprecated", b"Fatal error", b"PHP "];
    words.iter().any(|word| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}

/// Returns the position at which a list begins after words: a `[{` or `{"`, perhaps with white space within, at the
/// beginning of a line or after a tag. Words contain brackets as well: `Cannot use [] for reading`.
///
/// An empty list after words is no answer, and nothing is one after an error that ended the program.
pub(crate) fn list_after(text: &[u8]) -> Option<usize> {
    // The last byte that is no white space, or a line break after it.
    let mut before = b'\n';
    for (at, byte) in text.iter().copied().enumerate() {
        if matches!(byte, b'[' | b'{') && matches!(before, b'\n' | b'>') {
            let next = text[at + 1..].iter().copied().find(|byte| !byte.is_ascii_whitespace())?;
            match (byte, next) {
                (b'[', b'{') | (b'{', b'"') => return (!is_fatal(&text[..at])).then_some(at),
                (b'[', b']') | (b'{', b'}') => return None,
                _ => {}
            }
        }
        match byte {
            b'\n' | b'\r' => before = b'\n',
            _ if byte.is_ascii_whitespace() => {}
            _ => before = byte,
        }
    }
    None
}

/// Returns whether PHP says that it could not go on.
fn is_fatal(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    [&b"fatal error"[..], b"parse error"].iter().any(|words| memchr::memmem::find(&lower, words).is_some())
}

/// Returns the error for an answer without a list.
pub(crate) fn no_list(body: &[u8]) -> Fault {
    let text = body.strip_prefix(BOM).unwrap_or(body).trim_ascii();
    match text.first() {
        None => Fault::new(AnswerFault::Empty, "the answer has no content"),
        Some(b'<') => {
            let message = Message::from("a web page came in place of a list: ");
            Fault::new(AnswerFault::Html, message.quoting(page_title(text).unfinished()))
        }
        Some(_) if matches!(text, b"null" | b"true" | b"false") || is_scalar(text) => Fault::new(
            AnswerFault::NotAList,
            Message::from("`").quoting(excerpt(text)).and("` came in place of a list"),
        ),
        Some(_) => {
            let message = Message::from("words came in place of a list: ");
            Fault::new(AnswerFault::NotJson, message.quoting(excerpt(text).unfinished()))
        }
    }
}

fn is_scalar(text: &[u8]) -> bool {
    let number = text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    number || (text.len() > 1 && text[0] == b'"' && string_end(text, 1) == Some(text.len() - 1))
}

/// Returns the title of a page, or its first words.
fn page_title(page: &[u8]) -> Quote {
    let lower = page.to_ascii_lowercase();
    let title = memchr::memmem::find(&lower, b"<title").and_then(|at| {
        let from = at + lower[at..].iter().position(|byte| *byte == b'>')? + 1;
        let to = from + memchr::memmem::find(&lower[from..], b"</")?;
        Some(&page[from..to])
    });
    excerpt(title.unwrap_or(page))
}

#[cfg(test)]
mod tests {
    use super::{list_after, page_title};

    #[test]
    fn a_page_is_known_by_its_title() {
        assert_eq!(page_title(b"<html><TITLE>\n Access  denied\x1b </TITLE>").as_it_came(), "Access denied");
        assert_eq!(page_title(b"<html>x").as_it_came(), "<html>x");
    }

    #[test]
    fn a_list_after_words_begins_a_line_or_follows_a_tag() {
        for (text, list) in [
            ("<br />\n<b>Warning</b>: x [1] in y<br />\n[{\"a\":1}]", Some("[{\"a\":1}]")),
            ("Notice: y\n  { \"0\":{}}", Some("{ \"0\":{}}")),
            ("<b>Warning</b>: [{x} in y<br /> [ {}]", Some("[ {}]")),
            ("Warning: expects [{\"a\":1}] in y", None),
            ("Warning: x\n[]", None),
            ("Warning: x\n[]\n[{}]", None),
            ("Warning: x\n{}", None),
            ("Warning: x\n[", None),
            ("<b>Fatal error</b>:  Uncaught Error: x\n[{\"a\":1}]", None),
            ("PHP Parse error:  x\n[{\"a\":1}]", None),
        ] {
            assert_eq!(list_after(text.as_bytes()).map(|at| &text[at..]), list, "{text}");
        }
    }
}
