#![doc = include_str!("../README.md")]

mod error;
mod format;
mod frames;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod json;
mod limits;
mod line;
mod lines;
mod order;
mod reader;
mod tuning;
mod values;
mod writer;

pub use error::{ReadError, WriteError};
pub use format::{FRAME_MAX, LINE_MAX, MAGIC, VERSION};
pub use limits::{Limit, Limits};
pub use reader::{Event, SetReader};
pub use tuning::Tuning;
pub use writer::SetWriter;
