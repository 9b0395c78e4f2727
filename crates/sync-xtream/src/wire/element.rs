//! An element of a list, as the splitter shows it.

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
