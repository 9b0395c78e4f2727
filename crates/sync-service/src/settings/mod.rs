//! The settings of a profile as people name and type them: one list, from which commands, help and documents are made.

mod change;
mod entries;
mod list;
mod setting;

pub use change::{Changed, SettingError, change};
pub use list::SETTINGS;
pub use setting::{Setting, SettingValues};
