//! Reads a single number or text as text.

use std::borrow::Cow;

use sync_core::Text;
use sync_core::model::normalise::canonical_decimal;

use super::charset::Charset;
use super::member::Raw;
use super::text;

/// Reads a number or a text as text. Whole numbers get their normal spelling.
pub(crate) fn word(raw: Raw<'_>, charset: Charset) -> Option<Text> {
    match raw {
        Raw::Number(digits) => {
            let text = text::mended(digits, charset);
            match canonical_decimal(&text) {
                Some(Cow::Owned(other)) => Some(other.into()),
                _ => Some(text),
            }
        }
        Raw::Text(raw) => Some(text::read(raw, charset)),
        Raw::Plain(text) => Some(text.into()),
        _ => None,
    }
}
