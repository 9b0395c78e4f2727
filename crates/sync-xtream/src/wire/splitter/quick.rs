//! The quick scan: finds the ends of elements by their brackets and quotes alone.

use super::block::{Open, WIDTH, brackets};
use super::state::{SUSPECT, Show, Splitter, State, Step};
use crate::wire::element::Verdict;
use crate::wire::fault::Fault;

impl Splitter {
    /// Scans on within an object or array, and in those that follow it with only a comma between them.
    #[inline(never)]
    pub(super) fn within(
        &mut self,
        bytes: &[u8],
        mut depth: u64,
        mut open: Open,
        element: &mut impl Show,
    ) -> Result<Step, Fault> {
        // An element without an end is noticed in time, however large the chunk is.
        let to = bytes.len().min(self.at + SUSPECT);
        let window = &bytes[..to];
        let mut base = self.at;
        while base < window.len() {
            let mut brackets = brackets(&window[base..], &mut open);
            while brackets != 0 {
                let at = base + brackets.trailing_zeros() as usize;
                brackets &= brackets - 1;
                match window[at] {
                    b'{' | b'[' => {
                        depth += 1;
                        self.deepest = self.deepest.max(depth);
                    }
                    b'}' | b']' => {
                        depth -= 1;
                        if depth > 0 {
                            continue;
                        }
                        self.at = at + 1;
                        if self.is_large() {
                            return Ok(Step::On);
                        }
                        let next = next_object(bytes, self.at);
                        if next.is_none() && self.recovery.is_some() {
                            self.state = State::Ended;
                            return Ok(Step::On);
                        }
                        if self.show(bytes, element)? == Verdict::Broken {
                            return Ok(Step::On);
                        }
                        let Some(next) = next else { return Ok(Step::On) };
                        (self.start, self.deepest) = (next, 0);
                    }
                    _ => {}
                }
            }
            base += WIDTH;
        }
        self.at = to;
        self.state = State::Within { depth, open };
        self.is_large();
        Ok(Step::On)
    }

    /// Notes an element that is larger than usual. If that may be because it is broken, it is read again. Returns
    /// whether it is.
    #[inline]
    fn is_large(&mut self) -> bool {
        // The next element may begin after the bytes that were scanned.
        if self.at.saturating_sub(self.start) <= self.usual_bytes {
            return false;
        }
        if self.recovery.is_some() {
            self.read_again(None);
            return true;
        }
        self.measure();
        false
    }

    /// Scans on within a string that is an element.
    pub(super) fn text(&mut self, bytes: &[u8], mut escape: bool) -> Step {
        let mut step = Step::On;
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                _ if escape => escape = false,
                b'\\' => escape = true,
                b'"' => {
                    step = Step::Ended;
                    break;
                }
                _ => {}
            }
        }
        self.state = State::Text { escape };
        self.measure();
        if matches!(step, Step::Ended) { self.seen_whole() } else { step }
    }

    /// Scans on within something else in the place of an element: `null`, a number, or words that PHP has printed. An
    /// object that follows is an element again. A square bracket that the words have opened doesn't end the list where
    /// they close it.
    pub(super) fn word(&mut self, bytes: &[u8], mut open: u32) -> Step {
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
        let length = bytes[self.at..].iter().position(stop);
        self.at = length.map_or(bytes.len(), |length| self.at + length);
        self.state = State::Word { open };
        self.measure();
        if length.is_some() { self.seen_whole() } else { Step::On }
    }

    /// Handles the end of an element that is no object. In a listing, the bytes after it are examined.
    fn seen_whole(&mut self) -> Step {
        if self.recovery.is_none() {
            return Step::Ended;
        }
        self.state = State::Ended;
        Step::On
    }
}

/// Returns the beginning of the next object, if only a comma and white space are before it.
#[inline]
fn next_object(bytes: &[u8], from: usize) -> Option<usize> {
    let space = |from: usize| bytes[from..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|at| from + at);
    let comma = space(from).filter(|at| bytes[*at] == b',')?;
    space(comma + 1).filter(|at| bytes[*at] == b'{')
}
