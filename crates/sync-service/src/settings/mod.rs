//! The settings of a profile as people name and type them. Commands, help and documents are made from one list.

mod change;
mod entries;
mod list;
mod setting;

pub use change::{Changed, SettingError, change};
pub use list::SETTINGS;
pub use setting::{Setting, SettingValues};
