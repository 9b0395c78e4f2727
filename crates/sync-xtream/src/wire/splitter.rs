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

/// The largest key of a list that is an object.
const KEY_MAX: usize = 64 * 1024;

/// One element, as its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// What stands between the quotes of its key, in a list that is an object. Not kept for an
    /// element larger than the limit.
    pub(crate) key: Option<&'a [u8]>,
    /// The element; empty when it was larger than the limit.
    pub(crate) bytes: &'a [u8],
    /// How many bytes it has, or had.
    pub(crate) length: u64,
    /// Whether it is nested deeper than the limit.
    pub(crate) deep: bool,
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
    /// Within a word or number, or worse, that stands where an element should.
    Word,
    /// After the list.
    After,
}

pub(crate) struct Splitter {
    buffer: Vec<u8>,
    /// Where the scan goes on.
    at: usize,
    /// Where the element under way begins.
    start: usize,
    /// How much of the element under way has been forgotten, because it is larger than the limit.
    forgotten: u64,
    /// The last key, in `buffer`.
    key: Option<(usize, usize)>,
    state: State,
    /// Whether anything has come, after which a byte order mark is none.
    begun: bool,
    keyed: bool,
    oversize: bool,
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
            forgotten: 0,
            key: None,
            state: State::Prefix,
            begun: false,
            keyed: false,
            oversize: false,
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

    /// The stream has ended; returns the digest of what followed the list, if anything did.
    pub(crate) fn finish(&mut self) -> Result<Option<u64>, Fault> {
        match self.state {
            State::After => Ok(self.trailing.digest()),
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
                State::Word => self.word(),
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
            b',' => self.at += 1,
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
            b',' | b'}' => self.state = State::Between,
            _ => self.begin(),
        }
        Step::On
    }

    fn begin(&mut self) {
        (self.start, self.deepest) = (self.at, 0);
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
        self.oversize |= at - self.start > self.limits.element_bytes;
        step
    }

    /// Scans on within what stands where an element should: `null`, a number, or words that PHP has
    /// printed there. An object that follows is an element again.
    fn word(&mut self) -> Step {
        let stop = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b'{');
        let length = self.buffer[self.at..].iter().position(stop);
        self.at = length.map_or(self.buffer.len(), |length| self.at + length);
        self.oversize |= self.at - self.start > self.limits.element_bytes;
        if length.is_some() { Step::Ended } else { Step::On }
    }

    /// Shows the element that ends here.
    fn show(&mut self, element: &mut impl FnMut(Element<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let whole = &self.buffer[self.start..self.at];
        let bytes = if self.oversize { &[] } else { whole };
        let length = self.forgotten + whole.len() as u64;
        // An element that is too large may have outlived its key.
        let key = self.key.take().filter(|_| !self.oversize).map(|(from, to)| &self.buffer[from..to]);
        element(Element { key, bytes, length, deep: self.deepest > u64::from(self.limits.nesting) })?;
        self.oversize = false;
        self.forgotten = 0;
        self.state = State::Between;
        Ok(())
    }

    /// Forgets the bytes that nobody will look at again.
    fn forget(&mut self) {
        let mut keep = self.at;
        if self.oversize {
            self.forgotten += (self.at - self.start) as u64;
            self.key = None;
        } else {
            if matches!(self.state, State::Within { .. } | State::Word) {
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
        let (all, solid) = &mut **self.digests.get_or_insert_default();
        all.update(&bytes[first..=last]);
        solid.clone_from(all);
        all.update(&bytes[last + 1..]);
    }

    fn digest(&self) -> Option<u64> {
        self.digests.as_ref().map(|digests| digests.1.digest())
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
