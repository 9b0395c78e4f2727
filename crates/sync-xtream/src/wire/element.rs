//! An element of a list, as the splitter shows it.

/// One element, as its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// The text between the quotes of its key, in a list that is an object.
    pub(crate) key: Option<&'a [u8]>,
    /// The bytes of the element, or its beginning if it was larger than the limit. They are empty if there is no
    /// element between two commas or after a key.
    pub(crate) bytes: &'a [u8],
    /// Whether it is nested deeper than the limit.
    pub(crate) deep: bool,
    /// Whether it was larger than the limit, so that only its beginning is here.
    pub(crate) cut: bool,
    /// Whether it is broken: it isn't JSON, and contains everything that was skipped to find the next element.
    pub(crate) broken: bool,
    /// The number of bytes of the answer before it.
    pub(crate) offset: u64,
}

/// The result of showing an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The element was processed.
    Taken,
    /// The element isn't JSON. Nothing of it was used, because it may contain other elements.
    Broken,
}
