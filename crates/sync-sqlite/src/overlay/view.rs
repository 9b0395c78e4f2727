//! Finds the items that a view leaves out, and those that a selection asks for.

use std::collections::HashSet;

use diesel::SqliteConnection;
use sync_core::catalogue::{Filter, View};
use sync_core::{ContentId, StoreError};

use super::shown;
use crate::db::statement::integers;
use crate::search::Key;

/// The items of a kind that a selection treats in a special way.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    /// The items that the view leaves out.
    pub(crate) left_out: HashSet<ContentId>,
    /// The only items that are wanted; `None` for all.
    pub(crate) only: Option<HashSet<ContentId>>,
}

impl Apart {
    /// Reads these items.
    pub(crate) fn of(
        conn: &mut SqliteConnection,
        key: Key<'_>,
        view: View,
        filter: &Filter,
    ) -> Result<Self, StoreError> {
        let asks = filter.favourite || filter.tag.is_some();
        if !shown::exists(conn, key)? {
            return Ok(Self { left_out: HashSet::new(), only: asks.then(HashSet::new) });
        }
        let mut read = |condition: &str, tag: Option<&str>| -> Result<HashSet<ContentId>, StoreError> {
            let sql = format!(
                "SELECT content_id FROM xtream_shown WHERE profile_id=? AND kind=? AND typeof(content_id)='integer' \
                 AND {condition}"
            );
            let mut binds = key.binds().to_vec();
            binds.extend(tag.map(Into::into));
            Ok(integers(conn, &sql, &binds)?.into_iter().map(ContentId).collect())
        };
        let left_out = match condition(view) {
            Some(is_left_out) => read(is_left_out, None)?,
            None => HashSet::new(),
        };
        let tagged = "EXISTS (SELECT 1 FROM json_each(iif(json_valid(tags),tags,'[]')) WHERE value=?)";
        let only = match (filter.favourite, filter.tag.as_deref()) {
            (false, None) => None,
            (true, None) => Some(read("favourite<>0", None)?),
            (false, Some(tag)) => Some(read(tagged, Some(tag))?),
            (true, Some(tag)) => Some(read(&format!("favourite<>0 AND {tagged}"), Some(tag))?),
        };
        Ok(Self { left_out, only })
    }
}

/// Returns the condition on rows of `xtream_shown` that selects the items which a view leaves out, or `None` if the
/// view leaves out none.
pub(crate) const fn condition(view: View) -> Option<&'static str> {
    match (view.hidden, view.excluded) {
        (true, true) => None,
        (false, true) => Some("hidden<>0"),
        (true, false) => Some("excluded<>0"),
        (false, false) => Some("(hidden<>0 OR excluded<>0)"),
    }
}
