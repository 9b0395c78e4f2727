//! The state of a splitter: its position, the bytes that it keeps, and the way it shows an element.

use sync_core::ContentKind;

use super::block::Open;
use super::broken::Recovery;
use super::search::BACK;
use super::trailing::Trailing;
use crate::wire::element::{Element, Verdict};
use crate::wire::fault::Fault;
use crate::wire::limits::Limits;

/// The number of bytes that are kept of an element larger than the limit.
const BEGINNING: usize = 4096;

/// The number of bytes after which an element without an end is examined closely. Larger elements are rare, and one
/// that has lost a quote has no end.
pub(super) const SUSPECT: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Before the list.
    Prefix,
    /// Between two elements.
    Between,
    /// In a list that is an object: after a key, before its value.
    AfterKey,
    /// Within an object or array, with its depth, and whether within a string.
    Within { depth: u64, open: Open },
    /// Within a string that is an element. `escape` says that the last byte was a backslash.
    Text { escape: bool },
    /// Within a word, a number or something worse in the place of an element, with the number of square brackets that
    /// it has opened.
    Word { open: u32 },
    /// After an element that waits to be shown until the bytes after it are seen.
    Ended,
    /// Within an object or array that is read byte by byte.
    Careful,
    /// After the position at which an element is broken, searching for the next one.
    Lost,
    /// After the list.
    After,
}

/// A function that processes an element.
pub(super) trait Show: FnMut(Element<'_>) -> Result<Verdict, Fault> {}

impl<F: FnMut(Element<'_>) -> Result<Verdict, Fault>> Show for F {}

/// The size of the current element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Size {
    /// Within the limit, so far.
    Usual,
    /// Larger than the limit.
    Oversize,
    /// So large that only its beginning was kept.
    Forgotten,
}

#[expect(clippy::struct_excessive_bools, reason = "what it has met so far, each for itself")]
pub(crate) struct Splitter {
    /// The bytes that are kept from earlier chunks.
    pub(super) buffer: Vec<u8>,
    /// The position at which the scan continues. Like all positions it counts from the first byte that is kept.
    pub(super) at: usize,
    /// The beginning of the current element.
    pub(super) start: usize,
    pub(super) size: Size,
    /// The beginning and the key of the current element, after it has become too large to be kept.
    pub(super) beginning: Vec<u8>,
    pub(super) forgotten_key: Option<Vec<u8>>,
    /// The position in the answer at which that element began.
    pub(super) forgotten_at: u64,
    /// The last key.
    pub(super) key: Option<(usize, usize)>,
    /// Whether there was an element since the last comma.
    pub(super) filled: bool,
    /// Whether there was an element at all.
    pub(super) has_shown: bool,
    pub(super) state: State,
    /// Whether any byte has come. A byte order mark can only come first.
    pub(super) begun: bool,
    pub(super) keyed: bool,
    /// The deepest level of the current element.
    pub(super) deepest: u64,
    pub(super) limits: Limits,
    pub(super) trailing: Trailing,
    /// The number of bytes of the answer before those that are kept.
    pub(super) base: u64,
    /// The greatest size of an element that counts as usual.
    pub(super) usual_bytes: usize,
    pub(super) recovery: Option<Box<Recovery>>,
}

impl Splitter {
    /// Returns a splitter that drops elements beyond the limits.
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

    /// Returns a splitter for a listing of a kind. It continues after elements that are broken.
    pub(crate) fn recovering(limits: Limits, kind: ContentKind) -> Self {
        let usual_bytes = limits.element_bytes.min(SUSPECT);
        Self { usual_bytes, recovery: Some(Box::new(Recovery::new(kind))), ..Self::new(limits) }
    }

    /// Returns whether the list is an object.
    pub(crate) const fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// Notes whether the current element has grown beyond the limit.
    #[inline]
    pub(super) fn measure(&mut self) {
        if self.size == Size::Usual && self.at - self.start > self.limits.element_bytes {
            self.size = Size::Oversize;
        }
    }

    /// Shows the element that ends here. One that turns out to be broken is read again.
    #[expect(clippy::inline_always, reason = "once for each element, and within the quick scan it costs half as much")]
    #[inline(always)]
    pub(super) fn show(&mut self, bytes: &[u8], element: &mut impl Show) -> Result<Verdict, Fault> {
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

    /// Shows the current element, up to a position.
    pub(super) fn show_as(
        &mut self,
        bytes: &[u8],
        to: usize,
        broken: bool,
        element: &mut impl Show,
    ) -> Result<Verdict, Fault> {
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

    /// Ends the current element after it was processed.
    #[inline]
    pub(super) fn shown(&mut self) {
        self.key = None;
        if self.size != Size::Usual {
            (self.size, self.forgotten_key) = (Size::Usual, None);
            self.beginning.clear();
        }
        self.state = State::Between;
        self.filled = true;
    }

    /// Makes all positions count from the first byte that is still needed. Returns the old position of that byte.
    pub(super) fn forget(&mut self, bytes: &[u8]) -> usize {
        let mut keep = self.at;
        if self.size == Size::Oversize {
            // An element larger than the limit has at least as many bytes as are kept of it.
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
            // A search also looks at bytes before its position.
            keep = keep.min(self.at.saturating_sub(BACK));
        }
        self.at -= keep;
        self.base += keep as u64;
        self.start = self.start.saturating_sub(keep);
        self.key = self.key.map(|(from, to)| (from - keep, to - keep));
        keep
    }

    /// Returns the position in the answer at which the current element begins.
    pub(super) fn element_at(&self, start: usize) -> u64 {
        if self.size == Size::Forgotten { self.forgotten_at } else { self.base + start as u64 }
    }

    pub(super) fn first_byte(&self, bytes: &[u8]) -> u8 {
        let first = if self.size == Size::Forgotten { self.beginning.first() } else { bytes.get(self.start) };
        first.copied().unwrap_or_default()
    }

    /// Returns whether the current element is an object or array that was read byte by byte.
    pub(super) fn is_read_carefully(&self, bytes: &[u8]) -> bool {
        let is_object = matches!(self.first_byte(bytes), b'{' | b'[');
        let began = self.element_at(self.start);
        is_object && self.recovery.as_ref().is_some_and(|recovery| began < recovery.until)
    }

    /// Makes the current element be read again, byte by byte. `end` is the end that the quick scan has seen. If it has
    /// seen none, or too late, a stretch of the list is read in this way.
    #[cold]
    pub(super) fn read_again(&mut self, end: Option<usize>) {
        let Some(recovery) = &mut self.recovery else { return };
        let (start, base) = (self.base + self.start as u64, self.base);
        recovery.seen_end = end.map(|end| base + end as u64);
        let until = recovery.seen_end.unwrap_or(start + SUSPECT as u64);
        if end.is_none() {
            recovery.wary_until = recovery.wary_until.max(base + self.at as u64);
        }
        recovery.until = recovery.until.max(until);
        self.at = self.start;
        self.state = State::Between;
        self.filled = false;
    }
}

impl std::fmt::Debug for Splitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Splitter").field("state", &self.state).finish_non_exhaustive()
    }
}

/// The next step of the scan.
pub(super) enum Step {
    /// It continues.
    On,
    /// It needs more bytes.
    Wait,
    /// It has come to the end of an element.
    Ended,
    /// The current element is broken. The next one is searched for from this position on.
    Broken(usize),
    /// It is in a key that has no end.
    Endless,
}
