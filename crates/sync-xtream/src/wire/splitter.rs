//! Finds the elements of a list in a stream of bytes, wherever the stream is cut into chunks.
//!
//! The list is an array, or an object whose values are the elements, because PHP writes arrays with holes like that.
//! Each byte is looked at once, in the chunk that it came in. Between chunks, only the element that has not ended yet
//! is kept, up to a limit.
//!
//! In a listing, a broken element costs no other one. See [`recovery`].

mod block;
mod broken;
mod careful;
mod ending;
mod quick;
mod recovery;
mod rule;
mod search;
mod state;
mod trailing;

use sync_core::source::AnswerFault;

use self::block::Open;
use self::state::{Show, Size, State, Step};
use self::trailing::Ending;
use super::beginning::{BOM, is_php_notice, list_after, no_list};
use super::element::{Element, Verdict};
use super::fault::Fault;
use super::member::string_end;

pub(crate) use self::state::Splitter;

/// The greatest number of bytes before the list. PHP prints its warnings first.
const PREFIX_MAX: usize = 64 * 1024;

/// The number of bytes of an answer that are examined to recognise it. The title of a page is in its head.
const HEAD: usize = 4096;

/// The number of bytes that are added at a time to those that were kept, until these are used up.
const STEP: usize = 2048;

/// The greatest size of a key of a list that is an object.
const KEY_MAX: usize = 64 * 1024;

impl Splitter {
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

    /// Ends the stream. Shows the elements that have waited for it, and returns what follows the list. `proved` says
    /// that the transport proves that nothing is missing.
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

    /// Handles the end of the bytes: reads again what has no end, and shows the elements that have waited.
    fn end(&mut self, element: &mut impl Show) -> Result<(), Fault> {
        let Some(recovery) = &mut self.recovery else { return Ok(()) };
        recovery.over = true;
        let bytes = std::mem::take(&mut self.buffer);
        self.scan_on(&bytes, element)?;
        if self.has_no_end() {
            self.read_to_the_end();
            self.scan_on(&bytes, element)?;
        }
        if let Some((bracket, closed)) = self.last_bracket(&bytes) {
            if let Some(recovery) = &mut self.recovery {
                recovery.skewed = true;
            }
            if self.state == State::After {
                self.forget_the_end();
            } else if !closed {
                // The end of it is unknown, so it must not be recognised in another listing.
                self.size = self.size.max(Size::Oversize);
            }
            self.show_broken(&bytes, bracket, element)?;
            self.state = State::After;
        }
        self.buffer = bytes;
        Ok(())
    }

    /// Searches for the beginning of the list. Returns whether it was found.
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

    /// Scans to the end of the bytes. Returns the number of bytes that are not needed any more.
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
                // A bracket of the other kind ends nothing. Half of the list may follow.
                if (byte == b'}') != self.keyed {
                    (self.start, self.deepest) = (self.at - 1, 0);
                    return Step::Ended;
                }
                self.state = State::After;
                // If more of the list follows, everything from here on is a broken element.
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

    /// Handles a missing element.
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

    /// Returns whether the next element is read byte by byte.
    fn is_careful(&self) -> bool {
        self.recovery.as_ref().is_some_and(|recovery| self.base + (self.at as u64) < recovery.until)
    }

    /// Begins to read an element byte by byte, from its bracket on.
    fn begin_careful(&mut self, bracket: u8) -> State {
        if let Some(recovery) = &mut self.recovery {
            let wary = self.base + (self.at as u64) < recovery.wary_until;
            recovery.careful.begin(bracket, wary);
        }
        self.at += 1;
        State::Careful
    }

    /// Handles a key of the list that has no end.
    fn endless(&mut self, from: usize) -> Step {
        if self.recovery.is_none() {
            return Step::Endless;
        }
        (self.key, self.start, self.deepest) = (None, from, 0);
        Step::Broken(from + 1)
    }
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
