//! Compares rows, index, watermark, count, held removals and tombstones of a kind with each other.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable};
use sync_core::{ContentKind, HoldReason, StoreError};

use super::{Inconsistency, Look, rows};
use crate::db::bind::Bind;
use crate::db::statement::{self, integers};
use crate::db::value::Number;
use crate::tables::{self, index, row_counts};

/// The recorded values of a kind of a profile.
#[derive(QueryableByName)]
struct Recorded {
    #[diesel(sql_type = Nullable<BigInt>)]
    watermark: Option<Number>,
    #[diesel(sql_type = Nullable<BigInt>)]
    items: Option<Number>,
}

pub(super) fn look(look: &mut Look<'_>, kind: ContentKind) -> Result<(), StoreError> {
    let tables = tables::of(kind);
    let key = [Bind::from(look.profile.as_str()), Bind::from(kind.as_str())];
    let profile_id = &key[..1];

    let sql =
        format!("SELECT id FROM {} WHERE profile_id=? AND typeof({})<>'integer' ORDER BY id", tables.items, tables.id);
    let odd = integers(look.conn, &sql, profile_id)?;
    look.note(Inconsistency::IdNoNumber, &odd);
    let ids = row_counts::stored_ids(look.conn, look.profile, &kind.into())?;
    let rows = ids.len();

    // A value that is no number is neither a time nor a count.
    let number = |column| format!("iif(typeof({column})='integer',{column},NULL)");
    let sql = format!(
        "SELECT {} AS watermark,{} AS items FROM xtream_content_sync WHERE profile_id=?",
        number(tables.last_sync),
        number(tables.count)
    );
    let mut watermark = None;
    for recorded in statement::rows::<Recorded>(look.conn, &sql, profile_id)? {
        watermark = recorded.watermark;
        let count = recorded.items.map(|items| items.0);
        if count != i64::try_from(rows).ok() {
            let recorded = count.map_or_else(|| "none".to_owned(), |count| count.to_string());
            look.note(Inconsistency::CountWrong, &[format!("{recorded} recorded, {rows} there")]);
        }
    }
    indexes(look, kind, &ids, watermark.is_some())?;

    let sql = format!(
        "SELECT content_id FROM xtream_held_removals h WHERE profile_id=? AND kind=? AND NOT EXISTS (SELECT 1 FROM {0} i \
         WHERE i.profile_id=h.profile_id AND i.{1}=h.content_id) ORDER BY 1",
        tables.items, tables.id
    );
    let cases = integers(look.conn, &sql, &key)?;
    look.note(Inconsistency::HeldWithoutRow, &cases);
    let reasons = HoldReason::codes().map(|code| format!("'{code}'")).collect::<Vec<_>>().join(",");
    let sql = format!(
        "SELECT content_id FROM xtream_held_removals WHERE profile_id=? AND kind=? AND (reason NOT IN ({reasons}) OR \
         run_id>coalesce((SELECT seq FROM sqlite_sequence WHERE name='xtream_sync_runs'),0)) ORDER BY 1"
    );
    let cases = integers(look.conn, &sql, &key)?;
    look.note(Inconsistency::HeldUnreadable, &cases);
    let sql = format!(
        "SELECT content_id FROM xtream_tombstones t WHERE profile_id=? AND kind=? AND EXISTS (SELECT 1 FROM {0} i \
         WHERE i.profile_id=t.profile_id AND i.{1}=t.content_id) ORDER BY 1",
        tables.items, tables.id
    );
    let cases = integers(look.conn, &sql, &key)?;
    look.note(Inconsistency::RememberedAndThere, &cases);

    // A validator is valid only for a listing without held removals, and for the rows that came from that listing.
    let sql = "SELECT v.rows FROM xtream_listing_validators v LEFT JOIN xtream_listing_index i \
               ON i.profile_id=v.profile_id AND i.kind=v.kind AND i.scope='' AND i.scheme=v.scheme \
               WHERE v.profile_id=? AND v.kind=? AND (v.rows<>? OR i.id IS NULL OR EXISTS (SELECT 1 FROM \
               xtream_held_removals h WHERE h.profile_id=v.profile_id AND h.kind=v.kind))";
    let there = i64::try_from(rows).unwrap_or(i64::MAX);
    let named = integers(look.conn, sql, &[key[0].clone(), key[1].clone(), there.into()])?;
    let cases: Vec<_> = named.iter().map(|named| format!("of {named} items, {there} there")).collect();
    look.note(Inconsistency::ValidatorStale, &cases);

    let sql = format!("SELECT position FROM {} WHERE profile_id=? ORDER BY position,id", tables.categories);
    let positions = integers(look.conn, &sql, profile_id)?;
    let misplaced = positions.iter().zip(0..).find(|(position, at)| *position != at);
    look.note(
        Inconsistency::CategoryOrder,
        &Vec::from_iter(misplaced.map(|(position, at)| format!("{position} for {at}"))),
    );
    rows::look(look, kind)
}

/// Checks that the index has exactly the rows, and that there is an index if a listing was applied.
fn indexes(look: &mut Look<'_>, kind: ContentKind, ids: &[i64], has_watermark: bool) -> Result<(), StoreError> {
    let all = index::all(look.conn, look.profile, kind)?;
    let whole = all.iter().find(|(scope, _)| scope.is_empty());
    match whole {
        None if has_watermark || !ids.is_empty() => {
            look.note(Inconsistency::IndexMissing, &[format!("{} items", ids.len())]);
        }
        Some(_) if !has_watermark => look.note(Inconsistency::WatermarkMissing, &[format!("{} items", ids.len())]),
        _ => {}
    }
    let mut unreadable = Vec::new();
    for (scope, found) in &all {
        let Some(found) = found else {
            unreadable.push(if scope.is_empty() { "the whole kind" } else { scope });
            continue;
        };
        let mut named = found.ids().to_vec();
        named.sort_unstable();
        let without_row: Vec<_> = named.iter().filter(|id| ids.binary_search(id).is_err()).copied().collect();
        look.note(Inconsistency::IndexWithoutRows, &without_row);
        if scope.is_empty() {
            let unnamed: Vec<_> = ids.iter().filter(|id| named.binary_search(id).is_err()).copied().collect();
            look.note(Inconsistency::RowsNotInIndex, &unnamed);
        }
    }
    look.note(Inconsistency::IndexUnreadable, &unreadable);
    Ok(())
}
