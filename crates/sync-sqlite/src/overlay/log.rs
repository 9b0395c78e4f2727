//! Writes entries of the change log about edits that have ended, and brings these edits back.

use diesel::SqliteConnection;
use sync_core::overlay::{Edit, EditEvent, EditField, EditOutcome, EditValue, ItemIdentity};
use sync_core::{ColumnChange, ContentId, LoggedChange, RunId, StoreError};

use super::Editing;
use crate::db::bind::Bind;
use crate::db::statement::records;
use crate::feed::entry::{Entries, Entry};
use crate::feed::values::{self, ObjectWriter};
use crate::search::Key;

/// Writes an entry for each edit that has ended.
pub(crate) fn events(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    events: &[EditEvent],
    run: RunId,
    at: i64,
) -> Result<(), StoreError> {
    let entry = |event: &EditEvent| {
        let change = match event.outcome {
            EditOutcome::Converged => LoggedChange::Converged,
            EditOutcome::Overruled => LoggedChange::Overruled,
            _ => return None,
        };
        let ColumnChange { column, before, after } = event.column()?;
        let object = |value| {
            let mut object = ObjectWriter::new();
            object.value(column, value);
            Some(object.end())
        };
        let (before, after) = (object(&before), object(&after));
        Some(Entry { id: Some(event.id.0), change, name: Some(event.name.clone()), before, after })
    };
    let entries = Entries { profile: key.profile, kind: key.kind, run, at };
    entries.append(conn, events.iter().filter_map(entry).collect())
}

/// Brings back the edits that a run has ended. Returns the ids of their items, ascending.
pub(crate) fn bring_back(conn: &mut SqliteConnection, key: Key<'_>, of: RunId) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT content_id,before,at,name FROM xtream_changes WHERE profile_id=? AND kind=? AND run_id=? AND \
               change IN ('converged','overruled') AND content_id IS NOT NULL AND name IS NOT NULL AND sequence>(SELECT \
               feed_floor FROM xtream_profiles WHERE profile_id=?) ORDER BY sequence";
    let [profile, kind] = key.binds();
    let mut ended = Vec::new();
    for mut row in records(conn, sql, &[profile.clone(), kind, Bind::Integer(of.0), profile])? {
        let (id, before, at) = (row.integer(0)?, row.optional_text(1)?, row.integer(2)?);
        let name = row.text(3)?;
        let columns = before.and_then(|before| values::parse(&before));
        for column in values::changes(key.kind, columns.as_ref(), None) {
            let field = EditField::JUDGED.into_iter().find(|field| field.column(key.kind) == Some(column.column));
            if let Some((field, local)) = field.zip(EditValue::from_column(&column.before)) {
                ended.push((id, name.clone(), field, local, at));
            }
        }
    }
    let mut ids: Vec<_> = ended.iter().map(|(id, ..)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(ids);
    }
    let mut editing = Editing::new(key);
    editing.load(conn, &ids)?;
    for (id, name, field, local, edited_at) in ended {
        let base = editing.rows.get(&id).and_then(|row| field.of_panel(row));
        if base.as_ref() == Some(&local) {
            continue;
        }
        // The item isn't stored. The log has its name.
        let none = || editing.new_item(ContentId(id), ItemIdentity { name, ..ItemIdentity::default() });
        let mut kept = editing.get(id).unwrap_or_else(none);
        if kept.item.edit(field).is_none() {
            kept.item.edits.push(Edit { field, local, base, edited_at, conflict: None });
            kept.item.edits.sort_by_key(|edit| edit.field);
            editing.now.insert(id, kept);
        }
    }
    editing.save(conn)?;
    Ok(ids)
}
