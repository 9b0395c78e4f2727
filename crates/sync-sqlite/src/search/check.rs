//! Checks the search text against the rows.

use std::collections::HashMap;

use diesel::SqliteConnection;
use sync_core::StoreError;
use sync_core::search::{Depth, SearchFields};

use super::entries::{Maker, Values};
use super::load;
use super::tables::{self, Key};

/// Returns the differences between the search text of a kind and its rows. A text that is not in use has no
/// differences, because it is missing or the next sync writes it again anyway.
pub(crate) fn cases(conn: &mut SqliteConnection, key: Key<'_>) -> Result<Vec<String>, StoreError> {
    let state = tables::state(conn, key)?;
    if state.stamp.is_none() {
        return Ok(Vec::new());
    }
    let depth = if state.fields == SearchFields::All { Depth::Texts } else { Depth::Names };
    let Some(index) = load::of_text(conn, key, depth)? else {
        return Ok(vec!["unreadable".to_owned()]);
    };
    let mut cases = Vec::new();
    let mut found = HashMap::with_capacity(index.len());
    for entry in index.entries() {
        let id = entry.id;
        if found.insert(id, entry).is_some() {
            cases.push(format!("twice: {id}"));
        }
    }
    drop(index);
    let maker = Maker::new(key.kind, state.fields);
    maker.of_all_rows(
        conn,
        key,
        Values::Shown,
        || Ok(()),
        |_, entry| {
            match found.remove(&entry.id) {
                None => cases.push(format!("missing: {}", entry.id)),
                Some(kept) if kept != entry => cases.push(format!("wrong: {}", entry.id)),
                Some(_) => {}
            }
            Ok(())
        },
    )?;
    let mut extra: Vec<_> = found.into_keys().collect();
    extra.sort_unstable();
    cases.extend(extra.into_iter().map(|id| format!("extra: {id}")));
    Ok(cases)
}
