//! Continues after elements that are broken.
//!
//! The quick scan counts brackets and takes quotes in pairs. A quote too many, or one too few, makes it run through the
//! elements that follow. So an element is read again, byte by byte ([`careful`](super::careful)), if it turns out not
//! to be JSON, if it is larger than usual, or if it has no end. Where it stops being JSON, the next position is
//! searched for at which only an element can begin ([`search`](super::search)). The bytes between are shown as one
//! broken element.
//!
//! No byte is read carefully twice, except for a few at the beginning of a search, and after a careful reading the
//! quick scan doesn't go back. So the work is linear in the answer, whatever its quotes are.

use super::broken::Recovery;
use super::careful::Stop;
use super::rule::{Ended, Told, first_from};
use super::search::{Found, look_from};
use super::state::{SUSPECT, Show, Size, Splitter, State, Step};
use super::trailing::Trailing;
use crate::wire::element::Verdict;
use crate::wire::fault::Fault;

impl Splitter {
    /// Returns whether work is left although there are no more bytes.
    pub(super) fn waits_for_the_end(&self) -> bool {
        let over = self.recovery.as_ref().is_some_and(|recovery| recovery.over);
        over && (self.state == State::Ended || (self.state == State::Lost && self.seen_end().is_some()))
    }

    /// Returns the position in the present bytes at which the quick scan has seen the end.
    fn seen_end(&self) -> Option<usize> {
        let seen = self.recovery.as_ref()?.seen_end?.checked_sub(self.base)?;
        usize::try_from(seen).ok().filter(|seen| *seen >= self.at)
    }

    /// Handles the end of an element: shows it, unless the bytes after it say that it has not really ended.
    pub(super) fn ended(&mut self, bytes: &[u8], element: &mut impl Show) -> Result<Step, Fault> {
        if let Some(recovery) = self.recovery.as_mut().filter(|_| !self.has_shown) {
            let key = self.key.map(|(from, to)| &bytes[from..to]).or(self.forgotten_key.as_deref());
            recovery.rule.note_first(key, bytes.get(self.start..self.at).unwrap_or_default());
        }
        let follows = match &self.recovery {
            Some(recovery) => self.judged(recovery, bytes),
            None => Told::Yes(()),
        };
        if self.has_taken_the_lists(bytes) {
            self.read_to_the_end();
            return Ok(Step::On);
        }
        let is_object = matches!(self.first_byte(bytes), b'{' | b'[');
        match follows {
            Told::Later => return Ok(Step::Wait),
            // It may have run through others until here.
            Told::No if is_object && !self.is_read_carefully(bytes) => {
                self.read_again(Some(self.at));
                return Ok(Step::On);
            }
            Told::No if is_object && self.may_have_taken_others_in() => {
                self.read_warily(self.at);
                return Ok(Step::On);
            }
            Told::No => return Ok(Step::Broken(self.at)),
            Told::Yes(()) => {}
        }
        match self.stands_alone(bytes) {
            Told::Yes(()) => {}
            Told::No => {
                let end = self.at;
                self.read_again(Some(end));
                self.read_warily(end);
                return Ok(Step::On);
            }
            Told::Later => return Ok(Step::Wait),
        }
        if !self.is_read_carefully(bytes) {
            self.show(bytes, element)?;
            return Ok(Step::On);
        }
        let end = self.base + self.at as u64;
        if self.show_as(bytes, self.at, false, element)? == Verdict::Broken {
            self.show_as(bytes, self.at, true, element)?;
        }
        self.shown();
        if let Some(recovery) = &mut self.recovery {
            recovery.found = false;
            recovery.compare_ends(end);
        }
        Ok(Step::On)
    }

    /// Returns whether no part of the current element has to be examined once more, because an element of the list goes
    /// on after it, or because that was done.
    fn stands_alone(&self, bytes: &[u8]) -> Told<()> {
        let Some(recovery) = &self.recovery else { return Told::Yes(()) };
        let is_examined = self.is_read_carefully(bytes) && recovery.careful.is_wary();
        if is_examined || self.size != Size::Usual || !matches!(self.first_byte(bytes), b'{' | b'[') {
            return Told::Yes(());
        }
        match recovery.rule.goes_on(bytes, self.at) {
            Told::Later if recovery.over => Told::Yes(()),
            other => other,
        }
    }

    fn judged(&self, recovery: &Recovery, bytes: &[u8]) -> Told<()> {
        match self.first_byte(bytes) {
            b'{' | b'[' => {
                let what = if recovery.found { Ended::Found } else { Ended::Sound };
                recovery.rule.follows(bytes, self.at, recovery.over, what)
            }
            b'"' => follows_text(bytes, self.at, recovery.over),
            _ if self.size == Size::Usual && holds_key(&bytes[self.start..self.at]) => Told::No,
            _ => Told::Yes(()),
        }
    }

    /// Reads on byte by byte.
    pub(super) fn careful(&mut self, bytes: &[u8]) -> Step {
        let Some(recovery) = &mut self.recovery else { return Step::Wait };
        let to = bytes.len().min(self.at + SUSPECT);
        let (at, stop) = recovery.careful.walk(&bytes[..to], self.at, self.base);
        self.deepest = recovery.careful.deepest();
        match stop {
            Stop::More => self.at = at,
            Stop::End => (self.at, self.state) = (at, State::Ended),
            Stop::Object => match recovery.rule.start_within(bytes, at) {
                Told::Yes(start) if self.size != Size::Usual || start > self.start => {
                    return self.broken_at(bytes, start);
                }
                // The bytes after it decide whether it is one.
                Told::Later if !recovery.over => {
                    recovery.careful.look_again();
                    self.at = at;
                    return Step::Wait;
                }
                _ => self.at = at,
            },
            Stop::Broken if self.may_have_taken_others_in() => {
                self.read_warily(at);
                return Step::On;
            }
            Stop::Broken => return self.broken_at(bytes, at),
        }
        let large = self.size == Size::Usual && self.at - self.start > self.usual_bytes;
        if large && stop == Stop::More && !recovery.careful.is_wary() {
            self.read_again(None);
            return Step::On;
        }
        self.measure();
        Step::On
    }

    /// Returns whether the current element, which was read byte by byte, was read as if it had kept its brackets.
    fn may_have_taken_others_in(&self) -> bool {
        self.size == Size::Usual && self.recovery.as_ref().is_some_and(|recovery| !recovery.careful.is_wary())
    }

    /// Reads the current element again, and examines each object in it up to a position.
    fn read_warily(&mut self, to: usize) {
        let Some(recovery) = &mut self.recovery else { return };
        recovery.wary_until = recovery.wary_until.max(self.base + to as u64);
        self.at = self.start;
        self.state = State::Between;
    }

    /// Handles an element that stops being JSON at a position.
    fn broken_at(&mut self, bytes: &[u8], wrong: usize) -> Step {
        let Some(recovery) = &mut self.recovery else { return Step::Wait };
        let text_end = recovery.careful.text_end().and_then(|end| usize::try_from(end.checked_sub(self.base)?).ok());
        let start = if self.size == Size::Forgotten { 0 } else { self.start };
        Step::Broken(look_from(bytes, start, wrong, text_end))
    }

    /// Marks the current element as broken, and begins the search for the next one at a position.
    pub(super) fn lose(&mut self, from: usize) {
        let Some(recovery) = &mut self.recovery else { return };
        let nested = self.state == State::Careful && recovery.careful.is_in_array_of_objects();
        recovery.search.begin(nested);
        recovery.skewed |= self.state == State::Careful && recovery.seen_end.is_none();
        self.at = from;
        self.state = State::Lost;
    }

    /// Searches for the next element. If the quick scan has seen the end of the broken one, and no element begins
    /// before that, it has ended there.
    pub(super) fn lost(&mut self, bytes: &[u8], element: &mut impl Show) -> Result<Step, Fault> {
        let seen_end = self.seen_end();
        let Some(recovery) = &mut self.recovery else { return Ok(Step::Wait) };
        let to = seen_end.unwrap_or(bytes.len()).min(bytes.len());
        match recovery.search.find(&recovery.rule, bytes, self.at, to, recovery.over) {
            Found::Start(start) => {
                recovery.found = true;
                self.show_broken(bytes, start, element)?;
                return Ok(Step::On);
            }
            Found::Later(at) if !recovery.over => {
                self.at = at;
                self.measure_lost();
                return Ok(Step::Wait);
            }
            Found::Later(_) | Found::Nothing => self.at = to,
        }
        if seen_end == Some(to) {
            // The quick scan takes any bracket for the end of an element, even that of the list.
            let is_own = !self.keyed && bytes[to - 1] == b']' && bytes[to..].iter().all(u8::is_ascii_whitespace);
            match recovery.rule.follows(bytes, to, recovery.over, Ended::Broken) {
                Told::Later => return Ok(Step::Wait),
                Told::Yes(()) if !is_own => {
                    recovery.found = false;
                    self.show_broken(bytes, to, element)?;
                }
                _ => {
                    recovery.seen_end = None;
                    recovery.skewed = true;
                }
            }
        }
        self.measure_lost();
        Ok(Step::On)
    }

    fn measure_lost(&mut self) {
        if self.state == State::Lost && self.size == Size::Usual && self.at - self.start > self.usual_bytes {
            self.size = Size::Oversize;
        }
    }

    /// Shows everything from the beginning of the broken element up to a position, where the next one may begin.
    pub(super) fn show_broken(&mut self, bytes: &[u8], to: usize, element: &mut impl Show) -> Result<(), Fault> {
        let is_between = |byte: &u8| *byte == b',' || byte.is_ascii_whitespace();
        let end = bytes[..to].iter().rposition(|byte| !is_between(byte)).map_or(0, |last| last + 1);
        // Its size is counted up to the next one, wherever the answer was cut into chunks.
        if self.size == Size::Usual && to.saturating_sub(self.start) > self.usual_bytes {
            self.size = Size::Oversize;
        }
        self.show_as(bytes, end, true, element)?;
        self.shown();
        self.filled = end == to;
        self.at = to;
        if let Some(recovery) = &mut self.recovery {
            recovery.compare_ends(self.base + end as u64);
        }
        Ok(())
    }

    /// Makes a broken element of what was taken for the end of the list and of the bytes after it. Nothing of it was
    /// kept.
    pub(super) fn forget_the_end(&mut self) {
        self.trailing = Trailing::default();
        (self.deepest, self.size) = (0, Size::Forgotten);
        self.beginning.clear();
    }

    /// Handles the bytes after the list. If elements follow its bracket, that was not the bracket of the list.
    pub(super) fn after(&mut self, bytes: &[u8], element: &mut impl Show) -> Result<Step, Fault> {
        let rest = &bytes[self.at..];
        if let Some(recovery) = &mut self.recovery {
            let first = rest.iter().position(|byte| !byte.is_ascii_whitespace());
            if let (None, Some(first)) = (recovery.more_of_it, first) {
                // Another document is no part of the list.
                recovery.more_of_it = match recovery.rule.is_document(bytes, self.at + first, recovery.over) {
                    Told::Later => return Ok(Step::Wait),
                    // If the end proves nothing, everything that can be read counts.
                    other => Some(other == Told::No || recovery.skewed),
                };
                recovery.search.begin(false);
            }
            if recovery.more_of_it == Some(true) {
                match recovery.search.find(&recovery.rule, bytes, self.at, bytes.len(), recovery.over) {
                    Found::Start(start) => {
                        (recovery.more_of_it, recovery.skewed, recovery.found) = (None, true, true);
                        self.forget_the_end();
                        self.show_broken(bytes, start, element)?;
                        return Ok(Step::On);
                    }
                    Found::Later(at) if !recovery.over => {
                        self.trailing.take(&bytes[self.at..at]);
                        self.at = at;
                        return Ok(Step::Wait);
                    }
                    _ => {}
                }
            }
        }
        self.trailing.take(rest);
        self.at = bytes.len();
        Ok(Step::On)
    }
}

/// Returns whether a text that ended before a position is an element by itself.
fn follows_text(bytes: &[u8], end: usize, over: bool) -> Told<()> {
    match first_from(bytes, end) {
        Told::Yes(next) if !matches!(bytes[next], b',' | b']' | b'}') => Told::No,
        Told::Later if !over => Told::Later,
        _ => Told::Yes(()),
    }
}

/// Returns whether words contain a key. Then they are the rest of an element.
fn holds_key(words: &[u8]) -> bool {
    let mut quoted = words.iter().filter(|byte| !byte.is_ascii_whitespace());
    let mut before = 0;
    quoted.any(|byte| {
        let found = before == b'"' && *byte == b':';
        before = *byte;
        found
    })
}
