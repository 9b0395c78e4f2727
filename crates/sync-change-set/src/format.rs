//! The constants of the format. `docs/change-sets.md` documents them.

/// The first bytes of a file. A transfer that changes line ends or clears the highest bit changes these bytes too.
pub const MAGIC: [u8; 8] = *b"\x89XCS\r\n\x1a\n";

/// The version that this crate writes and reads.
pub const VERSION: u16 = 1;

/// The greatest number of bytes of a frame's payload.
pub const FRAME_MAX: usize = 262_144;

/// The greatest number of bytes of a line, with its line feed.
pub const LINE_MAX: usize = 16 * 1024 * 1024;

/// The greatest number of kinds in a header.
pub(crate) const KINDS_MAX: usize = 64;

/// The greatest length of the name of a kind or a column, in bytes.
pub(crate) const NAME_MAX: usize = 64;

/// The member that begins a new row. Its value is the id.
pub(crate) const NEW: &str = "+";
/// The member that begins a changed row. Its value is the id.
pub(crate) const CHANGED: &str = "~";
/// The member that begins a row that is gone. Its value is the id.
pub(crate) const GONE: &str = "-";
/// The member of a row for keys without a column whose text is not JSON on one line.
pub(crate) const EXTRA_TEXT: &str = "extra_text";
/// The line that begins a kind.
pub(crate) const BEGIN: &str = "begin";
/// The line that ends a kind.
pub(crate) const END: &str = "end";
/// The line with the categories.
pub(crate) const CATEGORIES: &str = "categories";
/// A line with ids of a whole order.
pub(crate) const WHOLE: &str = "whole";
/// A line with the places of items.
pub(crate) const PLACED: &str = "placed";

/// Returns whether a text can name a kind or a column: a lower-case letter, then lower-case letters, digits and `_`.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= NAME_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
