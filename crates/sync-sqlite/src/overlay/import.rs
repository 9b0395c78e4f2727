//! Imports edits.

use std::collections::{BTreeSet, HashMap};

use diesel::SqliteConnection;
use sync_core::overlay::{EditEvent, EditPass, EditedItem, ImportMatch, ImportReport, ItemIdentity, find_imported};
use sync_core::{ContentId, ContentKind, OverlayError, ProfileId, RunId};

use super::named::named;
use super::{Editing, log, show};
use crate::search::Key;

/// Adds edited items. The report counts the results.
pub(super) fn items(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    items: Vec<EditedItem>,
    at: i64,
    report: &mut ImportReport,
) -> Result<(), OverlayError> {
    let checked = items.into_iter().map(|item| item.checked(at)).collect::<Result<Vec<_>, _>>()?;
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
    let pass = EditPass::by_hand(key.kind, at);
    let mut events = Vec::new();
    for item in items {
        let stored = editing.rows.get(&item.id.0).map(ItemIdentity::of);
        let alike = alike.get(&item.identity.name).map_or(&[][..], Vec::as_slice);
        // Stored edits under the id of the item belong to the item.
        let is_known = stored.is_none() && editing.get(item.id.0).is_some_and(|kept| !kept.item.edits.is_empty());
        let found = if is_known { ImportMatch::ById } else { find_imported(item, stored.as_ref(), alike) };
        let id = match found {
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
        let mut item = EditedItem::clone(item);
        match editing.rows.get(&id.0) {
            // Another item has the id.
            Some(_) if found == ImportMatch::Unmatched => continue,
            Some(row) => {
                let judged = pass.judge(&mut item, row, None);
                events.extend(judged.into_iter().map(|event| EditEvent { id, ..event }));
            }
            None => {}
        }
        let known = editing.now.get(&id.0).or_else(|| editing.before.get(&id.0)).cloned();
        let mut kept = known.unwrap_or_else(|| {
            let mut new = editing.new_item(id, item.identity.clone());
            new.item.declined = item.declined;
            new
        });
        report.superseded += kept.item.add_later(item.edits);
        editing.now.insert(id.0, kept);
    }
    log::events(conn, key, &events, RunId(0), at)?;
    editing.save(conn)?;
    show(conn, key, &ids)?;
    Ok(())
}
