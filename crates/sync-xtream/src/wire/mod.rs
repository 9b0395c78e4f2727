//! The wire: from a panel's bytes to entries of a listing.
//!
//! [`splitter`] finds each [`element`] in the stream, [`beginning`] says what an answer is that has none,
//! [`plain`] walks over an element that is written as programs write JSON; for any other one,
//! [`structure`] says whether it is sound, and [`member`] finds the keys and values in it.
//! [`text`] mends what is not legal Unicode, [`charset`] reads what is not UTF-8, [`fields`] knows which
//! key is which field and reads any JSON type into it, [`word`] reads a single number or text, [`measure`] numbers with
//! their units, [`category`] the ids of categories. [`identity`] knows where the ids stand and of which kind a list is,
//! [`left_out`] takes values out of digests that the panel changes by itself, [`defect`] stands for what can't be read,
//! [`places`] says where that is, [`decoder`] puts them together.
//! [`json`] reads small documents whole. What is wrong with an answer is a [`fault`], and [`excerpt`] quotes it.
//!
//! Nothing here trusts a panel: no recursion, no element kept that is larger than the limit, and
//! a value of the wrong type costs that value, never its item.

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
