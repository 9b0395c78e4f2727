//! The end of an answer with broken elements: what is read again, and what proves the end.

use sync_core::source::AnswerFault;

use super::search::BACK;
use super::state::{Size, Splitter, State};
use super::trailing::Ending;
use crate::wire::fault::Fault;

impl Splitter {
    /// Reads the current element again, and all that follows it, byte by byte.
    pub(super) fn read_to_the_end(&mut self) {
        self.read_again(None);
        if let Some(recovery) = &mut self.recovery {
            (recovery.until, recovery.wary_until) = (u64::MAX, u64::MAX);
        }
    }

    /// Returns whether the answer ends with an element that has lost a bracket and may have taken the bracket of the
    /// list for its own. Then it contains other elements as well.
    pub(super) fn has_taken_the_lists(&self, bytes: &[u8]) -> bool {
        let Some(recovery) = &self.recovery else { return false };
        let read = self.is_read_carefully(bytes) && recovery.careful.is_wary();
        let alike = self.first_byte(bytes) == if self.keyed { b'{' } else { b'[' };
        recovery.over
            && alike
            && !read
            && self.size == Size::Usual
            && bytes[self.at..].iter().all(u8::is_ascii_whitespace)
    }

    /// Returns whether the answer has ended within an element that was not read byte by byte.
    pub(super) fn has_no_end(&self) -> bool {
        let Some(recovery) = &self.recovery else { return false };
        match self.state {
            State::Within { .. } => true,
            State::Careful => self.size == Size::Usual && !recovery.careful.is_wary(),
            _ => false,
        }
    }

    /// Returns the position of the list's own bracket, if the last element is broken and the answer ends with that
    /// bracket, and whether a brace is before it.
    pub(super) fn last_bracket(&self, bytes: &[u8]) -> Option<(usize, bool)> {
        let tail = bytes.len().saturating_sub(BACK);
        let solid = |to: usize| Some(tail + bytes[tail..to].iter().rposition(|byte| !byte.is_ascii_whitespace())?);
        let last = solid(bytes.len())?;
        let own = if self.keyed { b'}' } else { b']' };
        let within = self.state != State::After && self.size != Size::Forgotten;
        if bytes[last] != own || (within && last <= self.start) {
            return None;
        }
        let closed = solid(last).is_some_and(|before| bytes[before] == b'}');
        let in_text = match self.state {
            State::Lost => return Some((last, closed)),
            State::Careful => self.recovery.as_ref()?.careful.is_in_text(),
            State::Text { .. } => true,
            // A bracket of the broken element was taken for that of the list.
            State::After => {
                let recovery = self.recovery.as_ref()?;
                let more = recovery.skewed && recovery.more_of_it == Some(true);
                return more.then_some((last, closed));
            }
            _ => false,
        };
        // A text without an end has lost its quote, or the answer was cut just there: `[UK]`.
        let cut = !closed && is_of_the_text(&bytes[tail..last], own);
        (in_text && !cut).then_some((last, closed))
    }

    /// Returns how the list has ended, if the end is proved.
    pub(super) fn proved_ending(&self, proved: bool) -> Result<Ending, Fault> {
        let ending = self.trailing.ending();
        let skewed = self.recovery.as_ref().is_some_and(|recovery| recovery.skewed);
        if skewed && (ending.trailing || !proved) {
            let message = "elements of the list are broken, and nothing proves that its end is there";
            return Err(Fault::new(AnswerFault::Truncated, message));
        }
        Ok(ending)
    }
}

/// Returns whether the bracket after some bytes, which end within a text, closes one that the text has opened.
fn is_of_the_text(bytes: &[u8], bracket: u8) -> bool {
    let opening = if bracket == b']' { b'[' } else { b'{' };
    let mut closed = 0_u32;
    for (at, byte) in bytes.iter().enumerate().rev() {
        match *byte {
            b'"' if at == 0 || bytes[at - 1] != b'\\' => return false,
            byte if byte == bracket => closed += 1,
            byte if byte == opening => match closed.checked_sub(1) {
                Some(left) => closed = left,
                None => return true,
            },
            _ => {}
        }
    }
    // The beginning of the text is far away.
    true
}
