//! The output of `xtream-sync … --json` as types: what the command prints, and what a program that spawns it reads.
//!
//! The command prints one JSON object per line on standard output, through these types.
//!
//! | command | type of a line |
//! | --- | --- |
//! | `sync`, `watch` | [`Report`] |
//! | what `watch` tells to hooks | [`Told`] |
//! | `status` | [`Status`] |
//! | `check` | [`CheckLine`] |
//! | `list`, `search` | [`FoundItem`] |
//! | `show` | [`ShownItem`] |
//! | `export json` | [`ExportedItem`] |
//! | `categories` | [`SizedCategory`] |
//! | `changes` | [`Change`] |
//! | `new` | [`NewItem`] |
//! | `history` | [`Run`] |
//! | `undo` | [`UndoLine`] |
//! | `changes apply` | [`Applied`] |
//! | `edit`, `favourite`, `hide`, `tag`, `watched`, `conflicts resolve` | [`ChangedItem`] |
//! | `conflicts` | [`ConflictLine`] |
//! | `conflicts --waiting` | [`WaitingEdits`] |
//! | `filter list`, `filter add` | [`FilterLine`] |
//! | `filter test` | [`FilterTrial`] |
//! | `rewrite list` | [`RewriteRule`] |
//! | `rewrite test` | [`RewrittenName`] |
//! | `overlay import` | [`Imported`] |
//! | `profile list` | [`ListedProfile`] |
//! | `profile show` | [`ProfileSettings`] |
//! | `profile test` | [`LoginTest`] |
//!
//! `overlay export` writes a file, which [`OverlayFileReader`](sync_service::OverlayFileReader) reads.
//!
//! ```
//! use sync_app::json::SizedCategory;
//!
//! let line = r#"{"profile":"home","kind":"movies","id":"7","name":"A \"B\"","parent_id":null,"position":0,"items":3}"#;
//! let category: SizedCategory = serde_json::from_str(line)?;
//! assert_eq!((&*category.id, category.name.as_deref(), category.items), ("7", Some("A \"B\""), 3));
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Versions
//!
//! Documented members stay; new ones come at the end, and a reader ignores those that it doesn't know. The structs are
//! non-exhaustive for that reason. A member that an older command doesn't print is read as `None`, empty or `false` if
//! the command leaves it out in some lines anyway. Words, such as a status, an outcome or a kind, are texts, so that an
//! older reader can read the words of a newer command.
//!
//! # Values
//!
//! - Times are unix seconds. A value that is not known is `None`, which is `null` in JSON.
//! - A kind is `channels`, `movies` or `series`.
//! - Texts are borrowed by the command, and always owned after reading: what is read is for example a
//!   `Report<'static>`.
//! - Type parameters are for the command, which prints large parts without building them in memory. A reader takes
//!   their defaults.
//! - The profile's login is blanked in values of the panel, as `{username}` and `{password}`.

mod change;
mod change_set;
mod check;
mod edit;
mod history;
mod item;
mod kinds;
mod members;
mod news;
mod plan;
mod profile;
mod raw;
mod report;
mod rule;
mod status;
mod told;
mod undo;

pub use change::{BeforeAndAfter, Change, NewItem};
pub use change_set::{Applied, Counts, Position};
pub use check::{CheckLine, Checked, Damaged, Finding};
pub use edit::{ChangedItem, Conflict, ConflictLine, Imported, Offer, WaitingEdits};
pub use history::{Run, RunError};
pub use item::{
    Category, EditedField, ExportedItem, FieldConflict, FoundItem, Held, NamedItem, ShownItem, SizedCategory,
};
pub use kinds::Kinds;
pub use members::Members;
pub use news::{EditNews, MoveNews, NewCategory, OverlayNews};
pub use plan::{Plan, PlannedItem};
pub use profile::{ListedProfile, LoginTest, PasswordSource, ProfileSettings, Setting, TestedAccount, TestedKind};
pub use raw::Raw;
pub use report::{Error, Kind, Report, SkippedAt};
pub use rule::{FilterDefaults, FilterExample, FilterLine, FilterRule, FilterTrial, RewriteRule, RewrittenName};
pub use status::{AccountState, Fact, FeedRange, HeldGroup, LastRun, NextSync, Pace, Problem, Status, StatusOfKind};
pub use told::{NamedChanges, Told, UnnamedChanges};
pub use undo::{ChangedLater, RefusedUndo, Undo, UndoCounts, UndoLine};

#[cfg(test)]
mod tests;
