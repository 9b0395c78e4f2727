//! Finds the elements of a list in a stream of bytes, wherever the stream is cut into chunks.
//!
//! The list is an array, or an object whose values are the elements (PHP writes arrays with holes
//! that way). Bytes are looked at once, in the chunk that they came in; what is kept between chunks
//! is the element that has not ended yet, up to a limit.
//!
//! In a listing, an element that is broken costs no other one: see [`recovery`].

mod block;
mod careful;
mod ending;
mod quick;
mod recovery;
mod rule;
mod search;
mod trailing;

use sync_core::ContentKind;
use sync_core::source::AnswerFault;

use self::block::Open;
use self::recovery::Recovery;
use self::search::BACK;
use self::trailing::{Ending, Trailing};
use super::beginning::{BOM, is_php_notice, list_after, no_list};
use super::member::string_end;
use super::{Fault, Limits};

/// How far into an answer the list may begin: PHP prints its warnings first.
const PREFIX_MAX: usize = 64 * 1024;

/// What a page is about stands in its head; so much of an answer is looked at to say what it is.
const HEAD: usize = 4096;

/// So much is kept of an element that is larger than the limit.
const BEGINNING: usize = 4096;

/// So many bytes at a time are put to those that were kept, until what was kept is over.
const STEP: usize = 2048;

/// So many bytes are scanned before an element that has not ended is looked at closely. Larger ones are rare,
/// and one that has lost a quote has no end.
const SUSPECT: usize = 64 * 1024;

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
    /// Whether it is broken: not JSON, and all that was skipped to find the next one.
    pub(crate) broken: bool,
    /// How many bytes of the answer are before it.
    pub(crate) offset: u64,
}

/// What has become of an element that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is dealt with.
    Taken,
    /// It isn't JSON. Nothing of it was taken: it may hold other elements.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the list.
    Prefix,
    /// Between two elements.
    Between,
    /// In a list that is an object: after a key, before its value.
    AfterKey,
    /// Within an object or array: how deep, and whether within a string.
    Within { depth: u64, open: Open },
    /// Within a string that is an element, or between a backslash and what it escapes.
    Text { escape: bool },
    /// Within a word or number, or worse, that stands where an element should; how many square
    /// brackets it has opened.
    Word { open: u32 },
    /// Behind an element that is shown once it is seen what follows.
    Ended,
    /// Within an object or array that is looked at byte by byte.
    Careful,
    /// Behind the place at which an element is broken, looking for the next one.
    Lost,
    /// After the list.
    After,
}

/// What is done with an element.
trait Show: FnMut(Element<'_>) -> Result<Verdict, Fault> {}

impl<F: FnMut(Element<'_>) -> Result<Verdict, Fault>> Show for F {}

/// How large the element under way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
    /// Within the limit, so far.
    Usual,
    /// Larger than the limit.
    Oversize,
    /// So large that only its beginning has been kept.
    Forgotten,
}

#[expect(clippy::struct_excessive_bools, reason = "what it has met so far, each for itself")]
pub(crate) struct Splitter {
    /// What is kept of the chunks before.
    buffer: Vec<u8>,
    /// Where the scan goes on: a place in what was kept and what has come, as all places are.
    at: usize,
    /// Where the element under way begins.
    start: usize,
    size: Size,
    /// The beginning and the key of the element under way, once it is being forgotten.
    beginning: Vec<u8>,
    forgotten_key: Option<Vec<u8>>,
    /// Where in the answer it began.
    forgotten_at: u64,
    /// The last key.
    key: Option<(usize, usize)>,
    /// Whether there was an element since the last comma.
    filled: bool,
    /// Whether there was an element at all.
    has_shown: bool,
    state: State,
    /// Whether anything has come, after which a byte order mark is none.
    begun: bool,
    keyed: bool,
    /// The deepest level of the element under way.
    deepest: u64,
    limits: Limits,
    trailing: Trailing,
    /// How many bytes of the answer are before those that are at hand.
    base: u64,
    /// An element beyond this is no usual one.
    usual_bytes: usize,
    recovery: Option<Box<Recovery>>,
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
            forgotten_at: 0,
            key: None,
            filled: false,
            has_shown: false,
            state: State::Prefix,
            begun: false,
            keyed: false,
            deepest: 0,
            limits,
            trailing: Trailing::default(),
            base: 0,
            usual_bytes: limits.element_bytes,
            recovery: None,
        }
    }

    /// A splitter for a listing of a kind, which goes on behind elements that are broken.
    pub(crate) fn recovering(limits: Limits, kind: ContentKind) -> Self {
        let usual_bytes = limits.element_bytes.min(SUSPECT);
        Self { usual_bytes, recovery: Some(Box::new(Recovery::new(kind))), ..Self::new(limits) }
    }

    /// Whether the list is an object.
    pub(crate) const fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// Takes the next bytes and shows each element that ends in them.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        mut element: impl FnMut(Element<'_>) -> Result<Verdict, Fault>,
    ) -> Result<(), Fault> {
        let mut rest = chunk;
        while !rest.is_empty() && (!self.buffer.is_empty() || self.state == State::Prefix) {
            let (step, after) = rest.split_at(STEP.min(rest.len()));
            let mut bytes = std::mem::take(&mut self.buffer);
            bytes.extend_from_slice(step);
            rest = after;
            if self.state != State::Prefix || self.find_list(&mut bytes)? {
                let done = self.scan(&bytes, &mut element)?;
                let left = bytes.len() - done;
                if left <= step.len() {
                    // All of it is in the chunk as well.
                    rest = &chunk[chunk.len() - after.len() - left..];
                    bytes.clear();
                } else {
                    bytes.drain(..done);
                }
            }
            self.buffer = bytes;
        }
        if !rest.is_empty() {
            let done = self.scan(rest, &mut element)?;
            self.buffer.extend_from_slice(&rest[done..]);
        }
        Ok(())
    }

    /// The stream has ended; shows what has waited for its end, and says what followed the list. `proved` is
    /// whether the transport says that nothing is missing.
    pub(crate) fn finish(
        &mut self,
        proved: bool,
        mut element: impl FnMut(Element<'_>) -> Result<Verdict, Fault>,
    ) -> Result<Ending, Fault> {
        if self.recovery.is_some() {
            self.end(&mut element)?;
        }
        match self.state {
            State::After => self.proved_ending(proved),
            State::Prefix => Err(no_list(&self.buffer)),
            _ => Err(Fault::new(AnswerFault::Truncated, "the list has no end")),
        }
    }

    /// Looks for the beginning of the list; true when it was found.
    fn find_list(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Fault> {
        let body = if self.begun { &bytes[..] } else { bytes.strip_prefix(BOM).unwrap_or(bytes) };
        let space = body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(body.len());
        let skipped = bytes.len() - body.len() + space;
        if skipped > 0 {
            self.begun = true;
            bytes.drain(..skipped);
            self.base += skipped as u64;
        }
        let text = &bytes[..bytes.len().min(PREFIX_MAX)];
        let Some(first) = text.first() else { return Ok(false) };
        let notice = is_php_notice(text);
        let start = match first {
            b'[' | b'{' => Some(0),
            _ if notice => list_after(text),
            _ => None,
        };
        if let Some(start) = start {
            self.keyed = text[start] == b'{';
            if let Some(recovery) = &mut self.recovery {
                recovery.rule.keyed = self.keyed;
            }
            self.at = start + 1;
            self.state = State::Between;
            return Ok(true);
        }
        let enough = if notice { PREFIX_MAX } else { HEAD };
        if bytes.len() >= enough {
            return Err(no_list(&text[..enough]));
        }
        Ok(false)
    }

    /// Scans on to the end of the bytes; returns how many of them nobody will look at again.
    fn scan(&mut self, bytes: &[u8], element: &mut impl Show) -> Result<usize, Fault> {
        self.scan_on(bytes, element)?;
        Ok(self.forget(bytes))
    }

    fn scan_on(&mut self, bytes: &[u8], element: &mut impl Show) -> Result<(), Fault> {
        while self.at < bytes.len() || self.waits_for_the_end() {
            let step = match self.state {
                State::Between => self.between(bytes),
                State::AfterKey => self.after_key(bytes),
                State::Within { depth, open } => self.within(bytes, depth, open, element)?,
                State::Text { escape } => self.text(bytes, escape),
                State::Word { open } => self.word(bytes, open),
                State::Ended => self.ended(bytes, element)?,
                State::Careful => self.careful(bytes),
                State::Lost => self.lost(bytes, element)?,
                State::After => self.after(bytes, element)?,
                State::Prefix => Step::Wait,
            };
            match step {
                Step::On => {}
                Step::Wait => break,
                Step::Ended => _ = self.show(bytes, element)?,
                Step::Broken(from) => self.lose(from),
                Step::Endless => {
                    return Err(Fault::new(AnswerFault::TooLarge, "a key in the list is larger than any key can be"));
                }
            }
        }
        Ok(())
    }

    fn between(&mut self, bytes: &[u8]) -> Step {
        let byte = bytes[self.at];
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
                // Where more of the list follows it, all from here on is a broken element.
                self.forgotten_at = self.base + self.at as u64 - 1;
            }
            _ if byte.is_ascii_whitespace() => self.at += 1,
            b'"' if self.keyed => {
                let end = string_end(bytes, self.at + 1);
                if end.unwrap_or(bytes.len()) - self.at > KEY_MAX {
                    return self.endless(self.at);
                }
                let Some(end) = end else { return Step::Wait };
                self.key = Some((self.at + 1, end));
                self.at = end + 1;
                self.state = State::AfterKey;
            }
            _ => self.begin(bytes),
        }
        Step::On
    }

    fn after_key(&mut self, bytes: &[u8]) -> Step {
        if let Some((from, _)) = self.key.filter(|(from, _)| self.at - from > 2 * KEY_MAX) {
            return self.endless(from);
        }
        match bytes[self.at] {
            b':' => self.at += 1,
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b',' | b'}' => return self.nothing(),
            _ => self.begin(bytes),
        }
        Step::On
    }

    /// There is no element where one should be.
    fn nothing(&mut self) -> Step {
        (self.start, self.deepest) = (self.at, 0);
        Step::Ended
    }

    fn begin(&mut self, bytes: &[u8]) {
        (self.start, self.deepest) = (self.at, 0);
        self.state = match bytes[self.at] {
            b'{' | b'[' if self.is_careful() => self.begin_careful(bytes[self.at]),
            b'{' | b'[' => State::Within { depth: 0, open: Open::default() },
            b'"' => {
                self.at += 1;
                State::Text { escape: false }
            }
            _ => State::Word { open: 0 },
        };
    }

    fn measure(&mut self) {
        if self.size == Size::Usual && self.at - self.start > self.limits.element_bytes {
            self.size = Size::Oversize;
        }
    }

    /// Shows the element that ends here. One that turns out to be broken is read once more.
    #[expect(clippy::inline_always, reason = "once for each element, and within the quick scan it costs half as much")]
    #[inline(always)]
    fn show(&mut self, bytes: &[u8], element: &mut impl Show) -> Result<Verdict, Fault> {
        let verdict = if self.size == Size::Usual && self.has_shown {
            let key = self.key.map(|(from, to)| &bytes[from..to]);
            let deep = self.deepest > u64::from(self.limits.nesting);
            let (bytes, offset) = (&bytes[self.start..self.at], self.base + self.start as u64);
            element(Element { key, bytes, deep, cut: false, broken: false, offset })?
        } else {
            self.show_as(bytes, self.at, false, element)?
        };
        if verdict == Verdict::Broken && self.recovery.is_some() && matches!(self.first_byte(bytes), b'{' | b'[') {
            self.read_again(Some(self.at));
            return Ok(verdict);
        }
        self.shown();
        Ok(Verdict::Taken)
    }

    /// Shows the element under way, up to a place.
    fn show_as(&mut self, bytes: &[u8], to: usize, broken: bool, element: &mut impl Show) -> Result<Verdict, Fault> {
        let whole = bytes.get(self.start..to).unwrap_or_default();
        let key = self.key.map(|(from, to)| &bytes[from..to]).or(self.forgotten_key.as_deref());
        let shown = match self.size {
            Size::Usual => whole,
            Size::Oversize => &whole[..whole.len().min(self.limits.element_bytes).min(BEGINNING)],
            Size::Forgotten => &self.beginning,
        };
        if let Some(recovery) = self.recovery.as_mut().filter(|_| !self.has_shown) {
            recovery.rule.note_first(key, shown);
        }
        self.has_shown = true;
        let deep = self.deepest > u64::from(self.limits.nesting);
        let offset = self.element_at(self.start);
        element(Element { key, bytes: shown, deep, cut: self.size != Size::Usual, broken, offset })
    }

    /// The element under way is dealt with.
    #[inline]
    fn shown(&mut self) {
        self.key = None;
        if self.size != Size::Usual {
            (self.size, self.forgotten_key) = (Size::Usual, None);
            self.beginning.clear();
        }
        self.state = State::Between;
        self.filled = true;
    }

    /// Counts all places from the first byte on that is looked at again, and returns which that was.
    fn forget(&mut self, bytes: &[u8]) -> usize {
        let mut keep = self.at;
        if self.size == Size::Oversize {
            // What is larger than the limit is at least as long as what is kept of it.
            let beginning = self.limits.element_bytes.min(BEGINNING);
            self.beginning.extend_from_slice(&bytes[self.start..self.start + beginning]);
            self.forgotten_at = self.base + self.start as u64;
            self.forgotten_key = self.key.map(|(from, to)| bytes[from..to].to_vec());
            self.size = Size::Forgotten;
        }
        if self.size == Size::Forgotten {
            self.key = None;
        } else {
            if !matches!(self.state, State::Prefix | State::Between | State::AfterKey | State::After) {
                keep = keep.min(self.start);
            }
            if let Some((from, _)) = self.key {
                keep = keep.min(from);
            }
        }
        if self.recovery.is_some() && matches!(self.state, State::Careful | State::Lost | State::After) {
            // What is looked for has a beginning.
            keep = keep.min(self.at.saturating_sub(BACK));
        }
        self.at -= keep;
        self.base += keep as u64;
        self.start = self.start.saturating_sub(keep);
        self.key = self.key.map(|(from, to)| (from - keep, to - keep));
        keep
    }
}

impl std::fmt::Debug for Splitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splitter").field("state", &self.state).finish_non_exhaustive()
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
    /// The element under way is broken; the next one is looked for from this place on.
    Broken(usize),
    /// Is in a key that is no key.
    Endless,
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
