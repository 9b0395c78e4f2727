//! The limits of a list, as the settings have them.

/// The limits of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The greatest size of an element, in bytes.
    pub(crate) element_bytes: usize,
    /// The greatest number of elements.
    pub(crate) elements: u64,
    /// The greatest depth of an element, itself included.
    pub(crate) nesting: u32,
}
