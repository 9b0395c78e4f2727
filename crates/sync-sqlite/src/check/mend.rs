//! Mends a cache: kinds in which a check has found inconsistencies are marked, and the next sync compares them in full.
//!
//! A mark deletes nothing. It makes the index untrusted, so the engine decodes and compares every item. The apply of
//! that run corrects what the comparison doesn't cover.

use std::collections::BTreeMap;

use diesel::SqliteConnection;
use sync_core::RunId;
use sync_core::{ContentKind, HoldReason, Loss, ProfileId, StoreError};

use sync_core::maintenance::{Inconsistency, Inspection};

use crate::change_set::content_hash;
use crate::check::rows;
use crate::db::bind::Bind;
use crate::db::blocking::now;
use crate::db::statement::{execute, integers, places};
use crate::overlay::{rules, shown};
use crate::search;
use crate::search::tables::Key;
use crate::store::SqliteStore;
use crate::tables::{self, doubts, profile, row_counts};

impl SqliteStore {
    /// Marks the kinds in which an inspection found inconsistencies, so that the next sync compares them in full.
    /// Returns the kinds that are marked now. Nothing is removed, and no item is changed.
    ///
    /// A search text that differs is written again by the next sync, without a comparison of items.
    ///
    /// Errors that would prevent such a sync are corrected at once: missing rows of a profile, counts, fences, and
    /// holds without a known reason, which then wait for consent. How items are shown is corrected at once as well.
    /// Edits and rules that can't be read stay as they are.
    pub fn mark_blocking(&self, inspection: &Inspection) -> Result<Vec<(ProfileId, ContentKind)>, StoreError> {
        let mut found: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        let (mut profiles, mut texts, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for finding in &inspection.findings {
            let Some(profile) = &finding.profile else { continue };
            if let Some(kind) = finding.kind.filter(|_| finding.inconsistency.is_mended_by_comparing()) {
                found.entry((profile, kind.ordinal())).or_default().push(finding.inconsistency.code());
            } else if matches!(finding.inconsistency, Inconsistency::FenceBehind | Inconsistency::ProfileIncomplete) {
                profiles.push(profile);
            } else if finding.inconsistency == Inconsistency::SearchIndex {
                texts.extend(finding.kind.map(|kind| Key { profile, kind }));
            } else if finding.inconsistency == Inconsistency::ShownWrong {
                wrong.extend(finding.kind.map(|kind| Key { profile, kind }));
            }
        }
        self.write(|conn| {
            for profile in &profiles {
                profile::ensure(conn, profile)?;
                let sql = "UPDATE xtream_profiles SET fence=max(fence,(SELECT coalesce(MAX(r.fence),0) \
                           FROM xtream_sync_runs r WHERE r.profile_id=xtream_profiles.profile_id)) WHERE profile_id=?";
                execute(conn, sql, &[profile.as_str().into()])?;
            }
            for key in &texts {
                search::tables::doubt(conn, *key)?;
            }
            for key in &wrong {
                let (_, mut compiled) = rules::compiled(conn, *key)?;
                let other_texts = shown::refresh_all(conn, *key, &mut compiled)?;
                search::write::follow(conn, key.profile, key.kind, &other_texts)?;
            }
            for ((profile, kind), codes) in &found {
                mark(conn, profile, ContentKind::ALL[*kind], &codes.join(","))?;
            }
            Ok(())
        })?;
        Ok(found.into_keys().map(|(profile, kind)| (profile.clone(), ContentKind::ALL[kind])).collect())
    }
}

fn mark(conn: &mut SqliteConnection, profile: &ProfileId, kind: ContentKind, codes: &str) -> Result<(), StoreError> {
    doubts::raise(conn, profile, kind, codes, now())?;
    content_hash::doubt(conn, Key { profile, kind })?;
    row_counts::recount(conn, profile, kind)?;
    // The original reason is unknown, so the item is removed only with consent.
    let sql = format!(
        "UPDATE xtream_held_removals SET reason=?, evidence_listing=NULL, evidence_since=NULL, \
         evidence_panel_since=NULL WHERE profile_id=? AND kind=? AND reason NOT IN ({})",
        places(HoldReason::codes().count())
    );
    let mut binds = vec![Bind::from(HoldReason::Loss(Loss::SeveralKinds).as_str())];
    binds.extend([profile.as_str().into(), kind.as_str().into()]);
    for code in HoldReason::codes() {
        binds.push(Bind::from(code));
    }
    execute(conn, &sql, &binds).map(|_| ())
}

/// Ends the mark of a kind after every item was compared and written, and corrects what the comparison doesn't cover.
/// Returns whether the kind was marked.
pub(crate) fn end_mark(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    run: RunId,
) -> Result<bool, StoreError> {
    if doubts::open_since(conn, profile, kind)?.is_none() {
        return Ok(false);
    }
    let tables = tables::of(kind);
    let key = [Bind::from(profile.as_str()), Bind::from(kind.as_str())];
    rows::mend(conn, profile, kind)?;
    row_counts::recount(conn, profile, kind)?;
    let sql = format!(
        "DELETE FROM xtream_tombstones WHERE profile_id=? AND kind=? AND content_id IN \
         (SELECT {} FROM {} WHERE profile_id=?)",
        tables.id, tables.items
    );
    execute(conn, &sql, &[key[0].clone(), key[1].clone(), key[0].clone()])?;
    // No run is later than this one, so a higher number is wrong.
    let sql = "UPDATE xtream_held_removals SET run_id=? WHERE profile_id=? AND kind=? AND run_id>?";
    execute(conn, sql, &[run.0.into(), key[0].clone(), key[1].clone(), run.0.into()])?;
    let sql = format!("SELECT id FROM {} WHERE profile_id=? ORDER BY position,id", tables.categories);
    for (position, id) in (0i64..).zip(integers(conn, &sql, &key[..1])?) {
        let sql = format!("UPDATE {} SET position=? WHERE id=? AND position<>?", tables.categories);
        execute(conn, &sql, &[position.into(), id.into(), position.into()])?;
    }
    doubts::close(conn, profile, kind, run.0)?;
    tracing::info!(%kind, "what the check doubted has been compared and put right");
    Ok(true)
}
