//! What runs have learnt of a panel.

use std::collections::HashMap;

use diesel::SqliteConnection;
use sync_core::{ContentKind, FactRow, FieldFacts, PanelFacts, ProfileId, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{execute, insert, records};

/// The name of a kind in the table; that of the panel as a whole is empty.
fn kind_name(row: &FactRow) -> &'static str {
    row.kind.map_or("", ContentKind::as_str)
}

/// The rows of a profile: kind and fact, and the value.
fn stored(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<HashMap<(String, String), String>, StoreError> {
    let sql = "SELECT kind,fact,value FROM xtream_panel_facts WHERE profile_id=?";
    let rows = records(conn, sql, &[profile.as_str().into()])?;
    rows.into_iter().map(|mut row| Ok(((row.text(0)?, row.text(1)?), row.text(2)?))).collect()
}

/// Reads what is known of a profile's panel; what isn't understood is left out.
pub(crate) fn load(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<PanelFacts, StoreError> {
    let rows = stored(conn, profile)?.into_iter().filter_map(|((kind, name), value)| {
        let kind = if kind.is_empty() { None } else { Some(kind.parse().ok()?) };
        Some(FactRow { kind, name, value })
    });
    Ok(PanelFacts::from_rows(rows))
}

/// Writes the facts that differ, and takes out what is no longer known.
pub(crate) fn save(conn: &mut SqliteConnection, profile: &ProfileId, facts: &PanelFacts) -> Result<(), StoreError> {
    let known = stored(conn, profile)?;
    replace(conn, profile, known, &facts.rows())
}

/// The same for what is known of the fields of one kind.
pub(crate) fn save_fields(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    fields: &FieldFacts,
) -> Result<(), StoreError> {
    let mut known = stored(conn, profile)?;
    known.retain(|(of, name), _| of == kind.as_str() && FieldFacts::is_named(name));
    replace(conn, profile, known, &fields.rows(kind))
}

/// Puts these rows in the place of those.
fn replace(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    mut known: HashMap<(String, String), String>,
    wanted: &[FactRow],
) -> Result<(), StoreError> {
    let mut differing = Vec::new();
    for row in wanted {
        let kind = kind_name(row);
        if known.remove(&(kind.to_owned(), row.name.clone())).as_ref() != Some(&row.value) {
            let columns = [profile.as_str(), kind, row.name.as_str(), row.value.as_str()];
            differing.push(columns.map(Bind::from).to_vec());
        }
    }
    let head = "INSERT INTO xtream_panel_facts (profile_id,kind,fact,value) VALUES";
    let tail = "ON CONFLICT (profile_id,kind,fact) DO UPDATE SET value=excluded.value";
    insert(conn, head, tail, differing, || Ok(()))?;
    for (kind, fact) in known.keys() {
        let sql = "DELETE FROM xtream_panel_facts WHERE profile_id=? AND kind=? AND fact=?";
        execute(conn, sql, &[profile.as_str().into(), kind.as_str().into(), fact.as_str().into()])?;
    }
    Ok(())
}

/// Takes out what is known of the kinds; what is known of the panel as a whole stays.
pub(crate) fn forget_kinds(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let sql = "DELETE FROM xtream_panel_facts WHERE profile_id=? AND kind<>''";
    execute(conn, sql, &[profile.as_str().into()]).map(|_| ())
}
