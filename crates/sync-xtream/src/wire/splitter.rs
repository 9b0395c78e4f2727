//! Finds the elements of a list in a stream of bytes, wherever the stream is cut into chunks.
//!
//! The list is an array, or an object whose values are the elements (PHP writes arrays with holes
//! that way). Bytes are looked at once; what is kept between chunks is the element that has not
//! ended yet, up to a limit.

use sync_core::source::AnswerFault;

use super::member::string_end;
use super::{Fault, excerpt};

/// How far into an answer the list may begin: PHP prints its warnings first.
const PREFIX_MAX: usize = 64 * 1024;

/// One element, as its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// What stands between the quotes of its key, in a list that is an object.
    pub(crate) key: Option<&'a [u8]>,
    /// The element; empty when it was larger than the limit.
    pub(crate) bytes: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the list.
    Prefix,
    /// Between two elements.
    Between,
    /// In a list that is an object: after a key, before its value.
    AfterKey,
    /// Within an element: how deep, and whether within a string.
    Within { depth: u32, string: bool },
    /// Within a word or number, or worse, that stands where an element should.
    Word,
    /// After the list.
    After,
}

#[derive(Debug)]
pub(crate) struct Splitter {
    buffer: Vec<u8>,
    /// Where the scan goes on.
    at: usize,
    /// Where the element under way begins.
    start: usize,
    /// The last key, in `buffer`.
    key: Option<(usize, usize)>,
    state: State,
    keyed: bool,
    oversize: bool,
    limit: usize,
    trailing: bool,
}

impl Splitter {
    /// A splitter that drops elements of more than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            start: 0,
            key: None,
            state: State::Prefix,
            keyed: false,
            oversize: false,
            limit,
            trailing: false,
        }
    }

    /// Whether the list is an object.
    pub(crate) const fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// Takes the next bytes and shows each element that ends in them.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        mut element: impl FnMut(Element<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.buffer.extend_from_slice(chunk);
        if self.state == State::Prefix && !self.find_list()? {
            return Ok(());
        }
        self.scan(&mut element)?;
        self.forget()
    }

    /// The stream has ended; returns whether anything but white space followed the list.
    pub(crate) fn finish(&mut self) -> Result<bool, Fault> {
        match self.state {
            State::After => Ok(self.trailing),
            State::Prefix => Err(no_list(&self.buffer)),
            _ => Err(Fault::new(AnswerFault::Truncated, "the list has no end")),
        }
    }

    /// Looks for the beginning of the list; true when it was found.
    fn find_list(&mut self) -> Result<bool, Fault> {
        let body = self.buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.buffer);
        let Some(first) = body.iter().position(|byte| !byte.is_ascii_whitespace()) else { return Ok(false) };
        let offset = self.buffer.len() - body.len();
        let start = match body[first] {
            b'[' | b'{' => Some(first),
            _ if is_php_notice(&body[first..]) => list_after(&body[first..]).map(|at| first + at),
            _ => None,
        };
        if let Some(start) = start {
            self.keyed = body[start] == b'{';
            self.at = offset + start + 1;
            self.state = State::Between;
            return Ok(true);
        }
        // What a page is about stands in its head; wait for that much before saying so.
        if self.buffer.len() > PREFIX_MAX || (self.buffer.len() > 4096 && !is_php_notice(&body[first..])) {
            return Err(no_list(&self.buffer));
        }
        Ok(false)
    }

    fn scan(&mut self, element: &mut impl FnMut(Element<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        while self.at < self.buffer.len() {
            let step = match self.state {
                State::Between => self.between(),
                State::AfterKey => self.after_key(),
                State::Within { depth, string } => self.within(depth, string),
                State::Word => self.word(),
                State::After => {
                    self.trailing |= self.buffer[self.at..].iter().any(|byte| !byte.is_ascii_whitespace());
                    self.at = self.buffer.len();
                    Step::On
                }
                State::Prefix => Step::Wait,
            };
            match step {
                Step::On => {}
                Step::Wait => break,
                Step::Ended => self.show(element)?,
            }
        }
        Ok(())
    }

    fn between(&mut self) -> Step {
        let byte = self.buffer[self.at];
        match byte {
            b',' => self.at += 1,
            b']' | b'}' => {
                self.at += 1;
                self.state = State::After;
            }
            _ if byte.is_ascii_whitespace() => self.at += 1,
            b'"' if self.keyed => {
                let Some(end) = string_end(&self.buffer, self.at + 1) else { return Step::Wait };
                self.key = Some((self.at + 1, end));
                self.at = end + 1;
                self.state = State::AfterKey;
            }
            _ => self.begin(),
        }
        Step::On
    }

    fn after_key(&mut self) -> Step {
        match self.buffer[self.at] {
            b':' => self.at += 1,
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b',' | b'}' => self.state = State::Between,
            _ => self.begin(),
        }
        Step::On
    }

    fn begin(&mut self) {
        self.start = self.at;
        self.state = match self.buffer[self.at] {
            b'{' | b'[' => State::Within { depth: 0, string: false },
            b'"' => {
                self.at += 1;
                State::Within { depth: 0, string: true }
            }
            _ => State::Word,
        };
    }

    /// Scans on within an element.
    fn within(&mut self, mut depth: u32, mut string: bool) -> Step {
        let bytes = self.buffer.as_slice();
        let mut at = self.at;
        let step = loop {
            if string {
                match memchr::memchr2(b'"', b'\\', &bytes[at..]).map(|found| at + found) {
                    None => {
                        at = bytes.len();
                        break Step::On;
                    }
                    Some(quote) if bytes[quote] == b'"' => {
                        at = quote + 1;
                        string = false;
                        if depth == 0 {
                            break Step::Ended;
                        }
                    }
                    Some(backslash) if backslash + 2 > bytes.len() => {
                        // The escaped character comes with the next chunk.
                        at = backslash;
                        break Step::Wait;
                    }
                    Some(backslash) => at = backslash + 2,
                }
                continue;
            }
            let Some(byte) = bytes.get(at) else { break Step::On };
            at += 1;
            match byte {
                b'"' => string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        break Step::Ended;
                    }
                }
                _ => {}
            }
        };
        self.at = at;
        self.state = State::Within { depth, string };
        self.oversize |= at - self.start > self.limit;
        step
    }

    /// Scans on within what stands where an element should: `null`, a number, or words that PHP has
    /// printed there. An object that follows is an element again.
    fn word(&mut self) -> Step {
        let stop = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b'{');
        let length = self.buffer[self.at..].iter().position(stop);
        self.at = length.map_or(self.buffer.len(), |length| self.at + length);
        self.oversize |= self.at - self.start > self.limit;
        if length.is_some() { Step::Ended } else { Step::On }
    }

    /// Shows the element that ends here.
    fn show(&mut self, element: &mut impl FnMut(Element<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let bytes = if self.oversize { &[] } else { &self.buffer[self.start..self.at] };
        let key = self.key.take().map(|(from, to)| &self.buffer[from..to]);
        element(Element { key, bytes })?;
        self.oversize = false;
        self.state = State::Between;
        Ok(())
    }

    /// Forgets the bytes that nobody will look at again.
    fn forget(&mut self) -> Result<(), Fault> {
        let mut keep = self.at;
        if !self.oversize {
            if matches!(self.state, State::Within { .. } | State::Word) {
                keep = keep.min(self.start);
            }
            if let Some((from, _)) = self.key {
                keep = keep.min(from);
            }
        }
        if self.buffer.len() - keep > self.limit.saturating_mul(2).max(PREFIX_MAX) {
            return Err(Fault::new(AnswerFault::TooLarge, "a key in the list is larger than any key can be"));
        }
        self.buffer.drain(..keep);
        self.at -= keep;
        if self.oversize {
            self.key = None;
            self.start = 0;
        } else {
            self.start = self.start.saturating_sub(keep);
            self.key = self.key.map(|(from, to)| (from - keep, to - keep));
        }
        Ok(())
    }
}

/// What the scan does next.
enum Step {
    /// Goes on.
    On,
    /// Needs more bytes than there are.
    Wait,
    /// Has come to the end of an element.
    Ended,
}

/// PHP with `display_errors` prints such lines before the answer.
fn is_php_notice(text: &[u8]) -> bool {
    let words: [&[u8]; 7] = [b"<br", b"<b>", b"Warning", b"Notice", b"Deprecated", b"Fatal error", b"PHP "];
    words.iter().any(|word| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}

/// Where a list begins after words: `[{`, `[]`, or `{"`, white space within aside.
fn list_after(text: &[u8]) -> Option<usize> {
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
fn no_list(body: &[u8]) -> Fault {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
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
pub(crate) fn page_title(page: &[u8]) -> String {
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
    use super::*;

    /// Splits a body that arrives in chunks of a size; returns `key=element` for each.
    fn split(body: &[u8], chunk: usize, limit: usize) -> Result<(Vec<String>, bool), AnswerFault> {
        let mut splitter = Splitter::new(limit);
        let mut found = Vec::new();
        for part in body.chunks(chunk) {
            splitter
                .feed(part, |element| {
                    let key = element.key.map(|key| format!("{}=", String::from_utf8_lossy(key)));
                    found.push(key.unwrap_or_default() + &String::from_utf8_lossy(element.bytes));
                    Ok(())
                })
                .map_err(|fault| fault.what)?;
        }
        let trailing = splitter.finish().map_err(|fault| fault.what)?;
        Ok((found, trailing))
    }

    /// The outcome is the same however the body is cut into chunks.
    fn check(body: &[u8], expected: Result<(&[&str], bool), AnswerFault>) {
        let expected = expected.map(|(found, trailing)| (found.iter().map(ToString::to_string).collect(), trailing));
        for chunk in 1..=body.len().max(1) {
            assert_eq!(split(body, chunk, 1000), expected, "chunks of {chunk}: {}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn elements_of_a_list() {
        check(b"[]", Ok((&[], false)));
        check(b" [ ] \n", Ok((&[], false)));
        check(
            br#"[{"a":1},{"b":"x]}\\\""},{"c":[{}]}]"#,
            Ok((&[r#"{"a":1}"#, r#"{"b":"x]}\\\""}"#, r#"{"c":[{}]}"#], false)),
        );
        check(br#"[{"a":1},,{"b":2},]"#, Ok((&[r#"{"a":1}"#, r#"{"b":2}"#], false)));
        check(br#"[null,{"a":1},7,"x",[1]]"#, Ok((&["null", r#"{"a":1}"#, "7", r#""x""#, "[1]"], false)));
        check(
            br#"[{"a":1},<b>Warning</b>: a "b" c{"b":2}]"#,
            Ok((&[r#"{"a":1}"#, r#"<b>Warning</b>: a "b" c"#, r#"{"b":2}"#], false)),
        );
    }

    #[test]
    fn elements_of_a_list_that_is_an_object() {
        check(br#"{"0":{"a":1}, "17" : {"b":2}}"#, Ok((&[r#"0={"a":1}"#, r#"17={"b":2}"#], false)));
        check(br#"{"user_info":{"auth":0}}"#, Ok((&[r#"user_info={"auth":0}"#], false)));
        check(br#"{"error":"no","code":5}"#, Ok((&[r#"error="no""#, "code=5"], false)));
        check(b"{}", Ok((&[], false)));
    }

    #[test]
    fn a_list_without_its_end_is_cut_at_every_byte() {
        let body = br#"[{"a":"x\u00e9\"","b":[1,{"c":2}]},{"d":null}]"#;
        for cut in 1..body.len() {
            for chunk in [1, 3, 7, cut] {
                assert_eq!(split(&body[..cut], chunk, 1000), Err(AnswerFault::Truncated), "cut after {cut} bytes");
            }
        }
        assert!(split(body, 5, 1000).is_ok());
    }

    #[test]
    fn what_stands_around_the_list() {
        check(b"\xef\xbb\xbf[{}]", Ok((&["{}"], false)));
        check(b"[{}] <!-- 0.3s -->", Ok((&["{}"], true)));
        check(b"[{}][{}]", Ok((&["{}"], true)));
        check(
            b"<br />\n<b>Warning</b>:  Undefined array key [id] in <b>/a.php</b> on line <b>3</b><br />\n[{\"a\":1}]",
            Ok((&[r#"{"a":1}"#], false)),
        );
        check(b"Warning: x in y on line 2\n\n{\"3\":{}}", Ok((&["3={}"], false)));
    }

    #[test]
    fn what_is_no_list_has_its_own_name() {
        check(b"", Err(AnswerFault::Empty));
        check(b" \n ", Err(AnswerFault::Empty));
        check(b"<html><head><title>Just a moment...</title>[{", Err(AnswerFault::Html));
        check(b"<!DOCTYPE html>", Err(AnswerFault::Html));
        check(b"Blocked", Err(AnswerFault::NotJson));
        check(b"error code: 1015", Err(AnswerFault::NotJson));
        for body in ["null", "false", "0", "-1.5", "\"error\""] {
            check(body.as_bytes(), Err(AnswerFault::NotAList));
        }
    }

    #[test]
    fn a_page_is_known_by_its_title() {
        assert_eq!(page_title(b"<html><TITLE>\n Access  denied\x1b </TITLE>"), "Access denied");
        assert_eq!(page_title(b"<html>x"), "<html>x");
    }

    #[test]
    fn an_element_beyond_the_limit_is_dropped_and_not_kept() {
        let mut body = b"[{\"a\":1},{\"big\":\"".to_vec();
        body.extend(std::iter::repeat_n(b'x', 5000));
        body.extend(b"\"},{\"b\":2}]");
        for chunk in [1, 100, 999, 10_000] {
            let (found, _) = split(&body, chunk, 1000).unwrap();
            assert_eq!(found, [r#"{"a":1}"#, "", r#"{"b":2}"#], "chunks of {chunk}");
        }
        let mut splitter = Splitter::new(1000);
        for part in body.chunks(100) {
            splitter.feed(part, |_| Ok(())).unwrap();
            assert!(splitter.buffer.len() <= 1200, "{} bytes are kept", splitter.buffer.len());
        }
    }
}
