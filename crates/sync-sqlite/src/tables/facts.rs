//! The facts that runs have learnt of a panel.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;
use sync_core::{ContentKind, FactRow, FieldFacts, PanelFacts, ProfileId, StoreError};

use crate::db::fault::of_diesel;
use crate::db::value::Text;
use crate::tables::schema::xtream_panel_facts;

/// A fact as it is read. If another version has written it, its kind and its name may be unknown.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_panel_facts, check_for_backend(Sqlite))]
struct Known {
    kind: Text,
    fact: Text,
    value: Text,
}

/// A fact as it is written.
#[derive(Insertable)]
#[diesel(table_name = xtream_panel_facts)]
struct NewFact<'a> {
    profile_id: &'a str,
    kind: &'a str,
    fact: &'a str,
    value: &'a str,
}

/// Returns the name of a kind in the table. The panel as a whole has an empty name.
fn kind_name(row: &FactRow) -> &'static str {
    row.kind.map_or("", ContentKind::as_str)
}

/// Reads the rows of a profile: kind and fact, with the value.
fn stored(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<HashMap<(String, String), String>, StoreError> {
    let rows = xtream_panel_facts::table
        .filter(xtream_panel_facts::profile_id.eq(profile.as_str()))
        .select(Known::as_select())
        .load(conn)
        .map_err(of_diesel)?;
    Ok(rows.into_iter().map(|row| ((row.kind.0, row.fact.0), row.value.0)).collect())
}

/// Reads the facts about a profile's panel. Facts that can't be read are left out.
pub(crate) fn load(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<PanelFacts, StoreError> {
    let rows = stored(conn, profile)?.into_iter().filter_map(|((kind, name), value)| {
        let kind = if kind.is_empty() { None } else { Some(kind.parse().ok()?) };
        Some(FactRow { kind, name, value })
    });
    Ok(PanelFacts::from_rows(rows))
}

/// Writes the facts that differ, and deletes those that are no longer known.
pub(crate) fn save(conn: &mut SqliteConnection, profile: &ProfileId, facts: &PanelFacts) -> Result<(), StoreError> {
    let known = stored(conn, profile)?;
    replace(conn, profile, known, &facts.rows())
}

/// Does the same for the facts about the fields of one kind.
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

/// Replaces the stored rows by these rows.
fn replace(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    mut known: HashMap<(String, String), String>,
    wanted: &[FactRow],
) -> Result<(), StoreError> {
    let profile_id = profile.as_str();
    for row in wanted {
        let kind = kind_name(row);
        if known.remove(&(kind.to_owned(), row.name.clone())).as_ref() == Some(&row.value) {
            continue;
        }
        diesel::insert_into(xtream_panel_facts::table)
            .values(NewFact { profile_id, kind, fact: &row.name, value: &row.value })
            .on_conflict((xtream_panel_facts::profile_id, xtream_panel_facts::kind, xtream_panel_facts::fact))
            .do_update()
            .set(xtream_panel_facts::value.eq(excluded(xtream_panel_facts::value)))
            .execute(conn)
            .map_err(of_diesel)?;
    }
    for (kind, fact) in known.keys() {
        let gone = xtream_panel_facts::table
            .filter(xtream_panel_facts::profile_id.eq(profile_id))
            .filter(xtream_panel_facts::kind.eq(kind))
            .filter(xtream_panel_facts::fact.eq(fact));
        diesel::delete(gone).execute(conn).map_err(of_diesel)?;
    }
    Ok(())
}

/// Deletes the facts about kinds. The facts about the panel as a whole stay.
pub(crate) fn forget_kinds(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let of_kinds = xtream_panel_facts::table
        .filter(xtream_panel_facts::profile_id.eq(profile.as_str()))
        .filter(xtream_panel_facts::kind.ne(""));
    diesel::delete(of_kinds).execute(conn).map_err(of_diesel).map(|_| ())
}
