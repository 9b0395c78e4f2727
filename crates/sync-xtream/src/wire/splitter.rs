//! Finds the elements of a list in a stream of bytes, wherever the stream is cut into chunks.
//!
//! The list is an array, or an object whose values are the elements (PHP writes arrays with holes
//! that way). Bytes are looked at once; what is kept between chunks is the element that has not
//! ended yet, up to a limit.

use sync_core::source::AnswerFault;
use xxhash_rust::xxh3::Xxh3;

use super::beginning::{BOM, is_php_notice, list_after, no_list};
use super::member::string_end;
use super::{Fault, Limits};

/// How far into an answer the list may begin: PHP prints its warnings first.
const PREFIX_MAX: usize = 64 * 1024;

/// What a page is about stands in its head; so much of an answer is looked at to say what it is.
const HEAD: usize = 4096;

/// So much is kept of an element that is larger than the limit.
const BEGINNING: usize = 4096;

/// The largest key of a list that is an object.
const KEY_MAX: usize = 64 * 1024;

/// One element, as its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// What stands between the quotes of its key, in a list that is an object.
    pub(crate) key: Option<&'a [u8]>,
    /// The element, or its beginning when it was larger than the limit; empty where there is none
    /// between two commas, or behind a key.
    pub(crate) bytes: &'a [u8],
    /// Whether it is nested deeper than the limit.
    pub(crate) deep: bool,
    /// Whether it was larger than the limit, and only its beginning is here.
    pub(crate) cut: bool,
}

/// How the list ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Whether anything but white space follows it.
    pub(crate) trailing: bool,
    /// The digest of what follows; `None` when it looks like a part of a list.
    pub(crate) digest: Option<u64>,
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
    Within { depth: u64, string: bool },
    /// Within a word or number, or worse, that stands where an element should; how many square
    /// brackets it has opened.
    Word { open: u32 },
    /// After the list.
    After,
}

/// How large the element under way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// Within the limit, so far.
    Usual,
    /// Larger than the limit.
    Oversize,
    /// So large that only its beginning has been kept.
    Forgotten,
}

pub(crate) struct Splitter {
    buffer: Vec<u8>,
    /// Where the scan goes on.
    at: usize,
    /// Where the element under way begins.
    start: usize,
    size: Size,
    /// The beginning and the key of the element under way, once it is being forgotten.
    beginning: Vec<u8>,
    forgotten_key: Option<Vec<u8>>,
    /// The last key, in `buffer`.
    key: Option<(usize, usize)>,
    /// Whether there was an element since the last comma.
    filled: bool,
    state: State,
    /// Whether anything has come, after which a byte order mark is none.
    begun: bool,
    keyed: bool,
    /// The deepest level of the element under way.
    deepest: u64,
    limits: Limits,
    trailing: Trailing,
}

impl Splitter {
    /// A splitter that drops elements beyond the limits.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            start: 0,
            size: Size::Usual,
            beginning: Vec::new(),
            forgotten_key: None,
            key: None,
            filled: false,
            state: State::Prefix,
            begun: false,
            keyed: false,
            deepest: 0,
            limits,
            trailing: Trailing::default(),
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
        if self.state == State::After {
            self.trailing.take(chunk);
            return Ok(());
        }
        self.buffer.extend_from_slice(chunk);
        if self.state == State::Prefix && !self.find_list()? {
            return Ok(());
        }
        self.scan(&mut element)?;
        self.forget();
        Ok(())
    }

    /// The stream has ended; says what followed the list.
    pub(crate) fn finish(&mut self) -> Result<Ending, Fault> {
        match self.state {
            State::After => Ok(self.trailing.ending()),
            State::Prefix => Err(no_list(&self.buffer)),
            _ => Err(Fault::new(AnswerFault::Truncated, "the list has no end")),
        }
    }

    /// Looks for the beginning of the list; true when it was found.
    fn find_list(&mut self) -> Result<bool, Fault> {
        let body = if self.begun { &self.buffer } else { self.buffer.strip_prefix(BOM).unwrap_or(&self.buffer) };
        let space = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(body.len());
        let skipped = self.buffer.len() - body.len() + space;
        if skipped > 0 {
            self.begun = true;
            self.buffer.drain(..skipped);
        }
        let text = &self.buffer[..self.buffer.len().min(PREFIX_MAX)];
        let Some(first) = text.first() else { return Ok(false) };
        let notice = is_php_notice(text);
        let start = match first {
            b'[' | b'{' => Some(0),
            _ if notice => list_after(text),
            _ => None,
        };
        if let Some(start) = start {
            self.keyed = text[start] == b'{';
            self.at = start + 1;
            self.state = State::Between;
            return Ok(true);
        }
        let enough = if notice { PREFIX_MAX } else { HEAD };
        if self.buffer.len() >= enough {
            return Err(no_list(&text[..enough]));
        }
        Ok(false)
    }

    fn scan(&mut self, element: &mut impl FnMut(Element<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        while self.at < self.buffer.len() {
            let step = match self.state {
                State::Between => self.between(),
                State::AfterKey => self.after_key(),
                State::Within { depth, string } => self.within(depth, string),
                State::Word { open } => self.word(open),
                State::After => {
                    self.trailing.take(&self.buffer[self.at..]);
                    self.at = self.buffer.len();
                    Step::On
                }
                State::Prefix => Step::Wait,
            };
            match step {
                Step::On => {}
                Step::Wait => break,
                Step::Ended => self.show(element)?,
                Step::Endless => {
                    return Err(Fault::new(AnswerFault::TooLarge, "a key in the list is larger than any key can be"));
                }
            }
        }
        Ok(())
    }

    fn between(&mut self) -> Step {
        let byte = self.buffer[self.at];
        match byte {
            b',' if self.filled => {
                self.at += 1;
                self.filled = false;
            }
            b',' => return self.nothing(),
            b']' | b'}' => {
                self.at += 1;
                // A bracket of the other kind ends nothing: what follows it may be half the list.
                if (byte == b'}') != self.keyed {
                    (self.start, self.deepest) = (self.at - 1, 0);
                    return Step::Ended;
                }
                self.state = State::After;
            }
            _ if byte.is_ascii_whitespace() => self.at += 1,
            b'"' if self.keyed => {
                let end = string_end(&self.buffer, self.at + 1);
                if end.unwrap_or(self.buffer.len()) - self.at > KEY_MAX {
                    return Step::Endless;
                }
                let Some(end) = end else { return Step::Wait };
                self.key = Some((self.at + 1, end));
                self.at = end + 1;
                self.state = State::AfterKey;
            }
            _ => self.begin(),
        }
        Step::On
    }

    fn after_key(&mut self) -> Step {
        if self.key.is_some_and(|(from, _)| self.at - from > 2 * KEY_MAX) {
            return Step::Endless;
        }
        match self.buffer[self.at] {
            b':' => self.at += 1,
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b',' | b'}' => return self.nothing(),
            _ => self.begin(),
        }
        Step::On
    }

    /// There is no element where one should be.
    fn nothing(&mut self) -> Step {
        (self.start, self.deepest) = (self.at, 0);
        Step::Ended
    }

    fn begin(&mut self) {
        (self.start, self.deepest) = (self.at, 0);
        self.state = match self.buffer[self.at] {
            b'{' | b'[' => State::Within { depth: 0, string: false },
            b'"' => {
                self.at += 1;
                State::Within { depth: 0, string: true }
            }
            _ => State::Word { open: 0 },
        };
    }

    /// Scans on within an element.
    fn within(&mut self, mut depth: u64, mut string: bool) -> Step {
        let bytes = self.buffer.as_slice();
        let (mut at, mut deepest) = (self.at, self.deepest);
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
                b'{' | b'[' => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        break Step::Ended;
                    }
                }
                _ => {}
            }
        };
        (self.at, self.deepest) = (at, deepest);
        self.state = State::Within { depth, string };
        self.measure();
        step
    }

    /// Scans on within what stands where an element should: `null`, a number, or words that PHP has
    /// printed there. An object that follows is an element again, and a square bracket that the
    /// words have opened does not end the list where they close it.
    fn word(&mut self, mut open: u32) -> Step {
        let stop = |byte: &u8| match byte {
            b',' => open == 0,
            b'[' => {
                open = open.saturating_add(1);
                false
            }
            b']' if open > 0 => {
                open -= 1;
                false
            }
            b'{' | b'}' | b']' => true,
            _ => false,
        };
        let length = self.buffer[self.at..].iter().position(stop);
        self.at = length.map_or(self.buffer.len(), |length| self.at + length);
        self.state = State::Word { open };
        self.measure();
        if length.is_some() { Step::Ended } else { Step::On }
    }

    fn measure(&mut self) {
        if self.size == Size::Usual && self.at - self.start > self.limits.element_bytes {
            self.size = Size::Oversize;
        }
    }

    /// Shows the element that ends here.
    fn show(&mut self, element: &mut impl FnMut(Element<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let whole = &self.buffer[self.start..self.at];
        let key = self.key.take().map(|(from, to)| &self.buffer[from..to]).or(self.forgotten_key.as_deref());
        let bytes = match self.size {
            Size::Usual => whole,
            Size::Oversize => &whole[..self.limits.element_bytes.min(BEGINNING)],
            Size::Forgotten => &self.beginning,
        };
        let deep = self.deepest > u64::from(self.limits.nesting);
        element(Element { key, bytes, deep, cut: self.size != Size::Usual })?;
        if self.size != Size::Usual {
            (self.size, self.forgotten_key) = (Size::Usual, None);
            self.beginning.clear();
        }
        self.state = State::Between;
        self.filled = true;
        Ok(())
    }

    /// Forgets the bytes that nobody will look at again.
    fn forget(&mut self) {
        let mut keep = self.at;
        if self.size == Size::Oversize {
            // What is larger than the limit is at least as long as what is kept of it.
            let beginning = self.limits.element_bytes.min(BEGINNING);
            self.beginning.extend_from_slice(&self.buffer[self.start..self.start + beginning]);
            self.forgotten_key = self.key.map(|(from, to)| self.buffer[from..to].to_vec());
            self.size = Size::Forgotten;
        }
        if self.size == Size::Forgotten {
            self.key = None;
        } else {
            if matches!(self.state, State::Within { .. } | State::Word { .. }) {
                keep = keep.min(self.start);
            }
            if let Some((from, _)) = self.key {
                keep = keep.min(from);
            }
        }
        self.buffer.drain(..keep);
        self.at -= keep;
        self.start = self.start.saturating_sub(keep);
        self.key = self.key.map(|(from, to)| (from - keep, to - keep));
    }
}

impl std::fmt::Debug for Splitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splitter").field("state", &self.state).finish_non_exhaustive()
    }
}

/// What follows the list, but for the white space at either end.
#[derive(Default)]
struct Trailing {
    /// Of all that came, and of it up to the last byte that is no white space.
    digests: Option<Box<(Xxh3, Xxh3)>>,
    /// The last byte that is no white space.
    last: u8,
    /// Whether elements are in it: then it may be the half of a list that words have cut in two.
    holds_list: bool,
}

impl Trailing {
    fn take(&mut self, bytes: &[u8]) {
        let solid = |byte: &u8| !byte.is_ascii_whitespace();
        let Some(last) = bytes.iter().rposition(solid) else {
            if let Some(digests) = &mut self.digests {
                digests.0.update(bytes);
            }
            return;
        };
        let first = match self.digests {
            Some(_) => 0,
            None => bytes.iter().position(solid).unwrap_or(last),
        };
        for byte in bytes[first..=last].iter().copied().filter(|byte| solid(byte)) {
            self.holds_list |= matches!((self.last, byte), (b'{', b'"') | (b'[', b'{'));
            self.last = byte;
        }
        let (all, solid) = &mut **self.digests.get_or_insert_default();
        all.update(&bytes[first..=last]);
        solid.clone_from(all);
        all.update(&bytes[last + 1..]);
    }

    fn ending(&self) -> Ending {
        let digest = self.digests.as_ref().filter(|_| !self.holds_list).map(|digests| digests.1.digest());
        Ending { trailing: self.digests.is_some(), digest }
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
    /// Is in a key that is no key.
    Endless,
}

#[cfg(test)]
mod tests;
