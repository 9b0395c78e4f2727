//! What runs have learnt of a panel.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel::upsert::excluded;
use sync_core::{ContentKind, FactRow, FieldFacts, PanelFacts, ProfileId, StoreError};

use crate::db::fault::of_diesel;
use crate::db::value::Text;
use crate::tables::schema::xtream_panel_facts;

/// A fact, as it is read. Of what another version has written neither kind nor name need be known.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_panel_facts, check_for_backend(Sqlite))]
struct Known {
    kind: Text,
    fact: Text,
    value: Text,
}

/// A fact, as it is written.
#[derive(Insertable)]
#[diesel(table_name = xtream_panel_facts)]
struct NewFact<'a> {
    profile_id: &'a str,
    kind: &'a str,
    fact: &'a str,
    value: &'a str,
}

/// The name of a kind in the table; that of the panel as a whole is empty.
fn kind_name(row: &FactRow) -> &'static str {
    row.kind.map_or("", ContentKind::as_str)
}

/// The rows of a profile: kind and fact, and the value.
fn stored(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<HashMap<(String, String), String>, StoreError> {
    let rows = xtream_panel_facts::table
        .filter(xtream_panel_facts::profile_id.eq(profile.as_str()))
        .select(Known::as_select())
        .load(conn)
        .map_err(of_diesel)?;
    Ok(rows.into_iter().map(|row| ((row.kind.0, row.fact.0), row.value.0)).collect())
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

/// Takes out what is known of the kinds; what is known of the panel as a whole stays.
pub(crate) fn forget_kinds(conn: &mut SqliteConnection, profile: &ProfileId) -> Result<(), StoreError> {
    let of_kinds = xtream_panel_facts::table
        .filter(xtream_panel_facts::profile_id.eq(profile.as_str()))
        .filter(xtream_panel_facts::kind.ne(""));
    diesel::delete(of_kinds).execute(conn).map_err(of_diesel).map(|_| ())
}
