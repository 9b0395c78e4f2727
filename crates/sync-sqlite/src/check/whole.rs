//! Checks the file as a whole: SQLite's own findings, and rows without an owner.

use std::collections::BTreeMap;

use diesel::sql_types;
use diesel::{QueryableByName, SqliteConnection};
use sync_core::{ContentKind, ProfileId, StoreError};

use super::{Finding, Inconsistency};
use crate::db::schema;
use crate::db::statement::{integer, records, rows};
use crate::db::value::{Number, Text};

/// A profile, and whether its source of the password is a known word.
#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    profile_id: Text,
    #[diesel(sql_type = sql_types::BigInt)]
    readable: Number,
}

/// The number of lines of SQLite's findings that are reported.
const LINES: usize = 20;

/// Returns SQLite's findings about the file, and missing tables and columns. The list is empty if the file is sound.
pub(super) fn damage(conn: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for mut row in records(conn, &format!("PRAGMA integrity_check({LINES})"), &[])? {
        lines.push(row.text(0)?);
    }
    if lines == ["ok"] {
        lines = schema::lacking(conn)?;
    }
    Ok(lines)
}

/// Returns findings about rows without a profile, run or kind, and about invalid profiles.
pub(super) fn findings(conn: &mut SqliteConnection) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let mut nobodys: BTreeMap<String, u64> = BTreeMap::new();
    for mut row in records(conn, "SELECT \"table\" FROM pragma_foreign_key_check", &[])? {
        *nobodys.entry(row.text(0)?).or_default() += 1;
    }
    note(&mut findings, Inconsistency::RowsOfNobody, &nobodys);

    let kinds = ContentKind::ALL.map(|kind| format!("'{kind}'")).join(",");
    let mut of_no_kind = BTreeMap::new();
    for (table, more) in [
        ("xtream_listing_index", ""),
        ("xtream_listing_validators", ""),
        ("xtream_held_removals", ""),
        ("xtream_tombstones", ""),
        ("xtream_changes", ""),
        ("xtream_sync_run_kinds", ""),
        ("xtream_edited_items", ""),
        ("xtream_edits", ""),
        ("xtream_shown", ""),
        ("xtream_filters", ""),
        ("xtream_filter_rules", ""),
        ("xtream_rewrite_rules", ""),
        ("xtream_content_hashes", ""),
        ("xtream_login_hashes", ""),
        ("xtream_panel_facts", ",''"),
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE kind NOT IN ({kinds}{more})");
        let count = integer(conn, &sql, &[])?.unwrap_or_default().unsigned_abs();
        if count > 0 {
            of_no_kind.insert(table.to_owned(), count);
        }
    }
    note(&mut findings, Inconsistency::KindUnknown, &of_no_kind);

    let mut unreadable = Vec::new();
    let sql = "SELECT profile_id,password_source IN ('stored','environment','file','command') AS readable \
               FROM xtream_profiles";
    for Named { profile_id: Text(id), readable } in rows(conn, sql, &[])? {
        if ProfileId::new(id.as_str()).is_err() || readable == Number(0) {
            unreadable.push(sync_core::text::one_line(&id));
        }
    }
    if !unreadable.is_empty() {
        findings.push(Finding::new(Inconsistency::ProfileUnreadable, &unreadable));
    }
    Ok(findings)
}

fn note(findings: &mut Vec<Finding>, inconsistency: Inconsistency, tables: &BTreeMap<String, u64>) {
    if !tables.is_empty() {
        let names: Vec<_> = tables.keys().collect();
        findings.push(Finding { count: tables.values().sum(), ..Finding::new(inconsistency, &names) });
    }
}
