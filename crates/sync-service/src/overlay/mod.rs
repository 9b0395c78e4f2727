//! The overlay: what a user changes of the items, the rules about what is shown, and both as a file.
//!
//! The rules themselves are pure functions of [`sync_core::overlay`], and the port is [`sync_core::Overlay`]. Here is
//! what a person says in place of it: categories by name, items by conditions, rules that are tried before they are
//! saved.

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
