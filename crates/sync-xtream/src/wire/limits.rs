//! The limits of a list, as the settings have them.

/// What a list may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The bytes of an element.
    pub(crate) element_bytes: usize,
    /// The elements of a list.
    pub(crate) elements: u64,
    /// How deep an element may be nested, itself included.
    pub(crate) nesting: u32,
}
