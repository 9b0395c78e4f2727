//! The overlay: what a user has changed of the items, and rules about which items are shown and how.
//!
//! Edits are kept apart from the rows, by profile, kind, parent, id and field, so that no sync can lose them. Each has
//! the user's value and the panel's value at that time, its base. [`judge_edit`] decides what becomes of an edit when
//! the panel changes the same field, and [`find_moves`] where the edits belong when the panel lists an item under
//! another id. [`CompiledRules::shown`] says how an item is shown. Everything here is a pure function; stores call them
//! in their transactions.

mod conflict;
mod edit;
mod field;
mod filter;
mod import;
mod pass;
mod pattern;
mod rewrite;
mod rules;
mod shown;

pub use conflict::{ConflictRule, ConflictRules, EditVerdict, PanelConflict, PanelValue, judge_edit};
pub use edit::{Edit, EditOp, EditedItem, ItemIdentity, carry_out};
pub use field::{
    EDITS_MAX, EditField, EditProblem, EditShape, EditValue, ICON_MAX, InvalidEdit, LIST_MAX, NAME_MAX, NOTE_MAX,
    TAG_MAX,
};
pub use filter::{CompiledFilter, Filter, FilterAction, FilterBy, FilterRule, NewCategories, RULES_MAX};
pub use import::{ImportMatch, ImportReport, find_imported};
pub use pass::{AlikeRow, EditEvent, EditOutcome, EditPass, Move, changes_identity, find_moves};
pub use pattern::{InvalidPattern, MatchBy, PATTERN_MAX};
pub use rewrite::{CompiledRewrites, RewriteRule};
pub use rules::{InvalidRule, OverlayRules, RuleChange};
pub use shown::{CompiledRules, Shown, shown_value};
