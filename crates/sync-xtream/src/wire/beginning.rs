//! What an answer is, by its first bytes.

use sync_core::source::AnswerFault;

use super::member::string_end;
use super::{Fault, excerpt};

/// A byte order mark.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// PHP with `display_errors` prints such lines before the answer.
pub(crate) fn is_php_notice(text: &[u8]) -> bool {
    let words: [&[u8]; 7] = [b"<br", b"<b>", b"Warning", b"Notice", b"Deprecated", b"Fatal error", b"PHP "];
    words.iter().any(|word| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}

/// Where a list begins after words: `[{`, `[]`, or `{"`, white space within aside.
pub(crate) fn list_after(text: &[u8]) -> Option<usize> {
    (0..text.len()).find(|at| {
        let next = || text[at + 1..].iter().copied().find(|byte| !byte.is_ascii_whitespace());
        match text[*at] {
            b'[' => matches!(next(), Some(b'{' | b']')),
            b'{' => matches!(next(), Some(b'"' | b'}')),
            _ => false,
        }
    })
}

/// Says what an answer is that holds no list.
pub(crate) fn no_list(body: &[u8]) -> Fault {
    let text = body.strip_prefix(BOM).unwrap_or(body).trim_ascii();
    match text.first() {
        None => Fault::new(AnswerFault::Empty, "the answer has no content"),
        Some(b'<') => {
            Fault::new(AnswerFault::Html, format!("a web page came in place of a list: {}", page_title(text)))
        }
        Some(_) if matches!(text, b"null" | b"true" | b"false") || is_scalar(text) => {
            Fault::new(AnswerFault::NotAList, format!("`{}` came in place of a list", excerpt(text)))
        }
        Some(_) => Fault::new(AnswerFault::NotJson, format!("words came in place of a list: {}", excerpt(text))),
    }
}

fn is_scalar(text: &[u8]) -> bool {
    let number = text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    number || (text.len() > 1 && text[0] == b'"' && string_end(text, 1) == Some(text.len() - 1))
}

/// The title of a page, or its first words.
fn page_title(page: &[u8]) -> String {
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
    use super::page_title;

    #[test]
    fn a_page_is_known_by_its_title() {
        assert_eq!(page_title(b"<html><TITLE>\n Access  denied\x1b </TITLE>"), "Access denied");
        assert_eq!(page_title(b"<html>x"), "<html>x");
    }
}
