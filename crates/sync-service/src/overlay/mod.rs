//! The overlay: the user's changes of items, the rules about what is shown, and both as a file.
//!
//! The rules are pure functions in [`sync_core::overlay`], and the port is [`sync_core::Overlay`]. This module adds
//! what people need: they name categories by name, choose items by conditions, and try rules before they save them.

mod edit;
mod file;
mod news;
mod overlaid;
mod rules;
mod transfer;
mod waiting;
mod words;

pub use edit::{AnswerError, EditError, EditItems, ItemChange, WhichItems};
pub use file::{ImportProblem, OverlayFile, OverlayFileReader, value_json};
pub use news::{CategoryNews, EditNews, MoveNews, OverlayNews};
pub use rules::{CountedFilter, CountedRewrite, FilterTrial, IdleRule, LeftOut, Rewritten, TrialItem, idle_rules};
pub use transfer::{Imported, OverlayExport, RulesImport};
pub use waiting::WaitingEdits;
pub use words::CategoryNames;

pub(crate) use overlaid::Overlaid;
