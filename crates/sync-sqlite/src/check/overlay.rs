//! Checks the overlay of a kind: that edits and rules can be read, and that what is shown agrees with rows, edits and
//! rules.

use sync_core::{ContentKind, StoreError};

use super::{Inconsistency, Look};
use crate::overlay::{edited, rules, shown};
use crate::search::Key;

pub(super) fn look(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    let key = Key { profile: look.profile, kind };
    let cases = edited::unreadable(look.conn, key)?;
    look.note(Inconsistency::EditUnreadable, &cases);
    let mut unreadable = 0;
    rules::of_kind(look.conn, key, &mut unreadable)?;
    if unreadable > 0 {
        look.note(Inconsistency::RuleUnreadable, &[format!("{unreadable} of its rules")]);
    }
    let cases = shown::wrong(look.conn, key)?;
    look.note(Inconsistency::ShownWrong, &cases);
    Ok(())
}
