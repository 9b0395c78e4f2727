//! The wire: from a panel's bytes to entries of a listing.
//!
//! [`splitter`] finds each [`element`] in the stream. [`beginning`] recognises an answer that has none. [`plain`] walks
//! over an element that is written as programs write JSON. For any other element, [`structure`] checks whether it is
//! sound, and [`member`] finds its keys and values. [`text`] replaces illegal Unicode, [`charset`] reads texts that are
//! not UTF-8, and [`fields`] maps keys to fields and reads any JSON type into them. [`word`] reads a single number or
//! text, [`measure`] numbers with their units, and [`category`] the ids of categories. [`identity`] finds the key of
//! the ids and the kind of a list, [`left_out`] leaves values out of digests that the panel changes by itself,
//! [`defect`] recognises elements that can't be read, [`places`] tells their positions, and [`decoder`] puts all of
//! this together. [`json`] reads small documents as a whole. The error of an answer is a [`fault`], and [`excerpt`]
//! quotes the answer.
//!
//! Nothing here trusts a panel. There is no recursion. No element is kept that is larger than the limit. A value of the
//! wrong type costs that value, and never its item.

pub(crate) mod beginning;
pub(crate) mod category;
pub(crate) mod charset;
pub(crate) mod decoder;
pub(crate) mod defect;
pub(crate) mod element;
mod excerpt;
mod fault;
pub(crate) mod fields;
pub(crate) mod identity;
pub(crate) mod json;
pub(crate) mod left_out;
mod limits;
pub(crate) mod making;
pub(crate) mod measure;
pub(crate) mod member;
mod places;
pub(crate) mod plain;
mod scheme;
pub(crate) mod splitter;
pub(crate) mod structure;
pub(crate) mod text;
mod word;

pub(crate) use decoder::Decoder;
pub(crate) use excerpt::shorten;
pub(crate) use fault::Fault;
pub(crate) use limits::Limits;
pub(crate) use scheme::SCHEME;
