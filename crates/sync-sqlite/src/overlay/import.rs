//! Adding edits from elsewhere.

use std::collections::{BTreeSet, HashMap};

use diesel::SqliteConnection;
use sync_core::overlay::{EditedItem, ImportMatch, ImportReport, ItemIdentity, find_imported};
use sync_core::{ContentId, ContentKind, OverlayError, ProfileId, RunId};

use super::pass::named;
use super::{Editing, by_hand, log, show};
use crate::search::Key;

/// Adds edited items. The report counts what became of them.
pub(super) fn items(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    items: Vec<EditedItem>,
    at: i64,
    report: &mut ImportReport,
) -> Result<(), OverlayError> {
    let mut checked = Vec::with_capacity(items.len());
    for mut item in items {
        for edit in &mut item.edits {
            edit.local = edit.local.clone().checked(edit.field)?;
        }
        checked.push(item);
    }
    for kind in ContentKind::ALL {
        let of_kind: Vec<_> = checked.iter().filter(|item| item.kind == kind).collect();
        if !of_kind.is_empty() {
            of_one_kind(conn, Key { profile, kind }, &of_kind, at, report)?;
        }
    }
    Ok(())
}

fn of_one_kind(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    items: &[&EditedItem],
    at: i64,
    report: &mut ImportReport,
) -> Result<(), OverlayError> {
    let names: BTreeSet<_> = items.iter().map(|item| item.identity.name.clone()).collect();
    let mut alike: HashMap<String, Vec<(ContentId, ItemIdentity)>> = HashMap::new();
    for (id, identity) in named(conn, key, &names)? {
        alike.entry(identity.name.clone()).or_default().push((id, identity));
    }
    let mut editing = Editing::new(key);
    let own = items.iter().map(|item| item.id.0);
    let mut ids: Vec<_> = own.chain(alike.values().flatten().map(|(id, _)| id.0)).collect();
    ids.sort_unstable();
    ids.dedup();
    editing.load(conn, &ids)?;
    let pass = by_hand(conn, key, at)?;
    let mut events = Vec::new();
    for item in items {
        let stored = editing.rows.get(&item.id.0).map(ItemIdentity::of);
        let alike = alike.get(&item.identity.name).map_or(&[][..], Vec::as_slice);
        let id = match find_imported(item, stored.as_ref(), alike) {
            ImportMatch::ById => {
                report.matched_by_id += 1;
                item.id
            }
            ImportMatch::ByName(id) => {
                report.matched_by_name += 1;
                id
            }
            ImportMatch::Unmatched => {
                report.unmatched += 1;
                item.id
            }
        };
        let known = editing.now.get(&id.0).or_else(|| editing.before.get(&id.0)).cloned();
        let mut kept = known.unwrap_or_else(|| editing.new_item(id, item.identity.clone()));
        report.superseded += kept.item.add_later(item.edits.clone());
        if let Some(row) = editing.rows.get(&id.0) {
            events.extend(pass.judge(&mut kept.item, row, None));
        }
        editing.now.insert(id.0, kept);
    }
    log::events(conn, key, &events, RunId(0), at)?;
    editing.save(conn)?;
    show(conn, key, &ids)?;
    Ok(())
}
