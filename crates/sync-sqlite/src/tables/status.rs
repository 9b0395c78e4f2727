//! What a person wants to know of a profile at a glance.

use diesel::SqliteConnection;
use sync_core::catalogue::{AccountStanding, ContentStatus, HeldGroup, KindStatus};
use sync_core::{ContentKind, KindFacts, PerKind, ProfileId, RunStatus, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{record, records};
use crate::store::SqliteStore;
use crate::tables::content::read_reason;
use crate::tables::history::status_seen;
use crate::tables::{self, doubts, facts};

/// How many held items are named.
const EXAMPLES: i64 = 3;

impl SqliteStore {
    /// Returns how a profile's cache stands.
    pub fn content_status_blocking(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError> {
        let leased = self.is_leased(profile);
        self.read_profile(profile, |conn| {
            let profile_id = Bind::from(profile.as_str());
            let sql = "SELECT sync_status,sync_message,last_sync_channels,last_sync_movies,last_sync_series,\
                       channels_count,movies_count,series_count,account_status,account_expires_at,account_checked_at \
                       FROM xtream_content_sync WHERE profile_id=?";
            let found = record(conn, sql, std::slice::from_ref(&profile_id))?;
            let mut row = found.ok_or_else(|| StoreError::Corrupt("a profile has no row of its syncs".to_owned()))?;
            let status = RunStatus::from_name(&row.text(0)?).map(|status| status_seen(status, leased));
            let facts = facts::load(conn, profile)?;
            let mut kinds = PerKind::from_fn(|_| None);
            for kind in ContentKind::ALL {
                let last_sync = row.optional_integer(2 + kind.ordinal())?;
                let rows = row.count(5 + kind.ordinal())?;
                let held = held(conn, profile, kind, &facts.kinds[kind])?;
                let doubted_since = doubts::open_since(conn, profile, kind)?;
                kinds[kind] = Some(KindStatus { kind, last_sync, rows, held, doubted_since });
            }
            let kinds = kinds.map(|status| status.expect("each kind was looked at"));
            let (expires_at, checked_at) = (row.optional_integer(9)?, row.optional_integer(10)?);
            let account = row.optional_text(8)?.map(|status| AccountStanding { status, expires_at, checked_at });
            Ok(ContentStatus { sync_status: status, message: row.optional_text(1)?, kinds, account, facts })
        })
    }
}

/// What is held of a kind, by reason.
fn held(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    facts: &KindFacts,
) -> Result<Vec<HeldGroup>, StoreError> {
    let sql = "SELECT reason,COUNT(*),MIN(held_since),COUNT(evidence_listing),MAX(evidence_listing),\
               MAX(evidence_since) FROM xtream_held_removals WHERE profile_id=? AND kind=? GROUP BY reason \
               ORDER BY reason";
    let mut held = Vec::new();
    for mut group in records(conn, sql, &[profile.as_str().into(), kind.as_str().into()])? {
        let (reason, count) = (group.text(0)?, group.count(1)?);
        let all_have_some = group.count(3)? == count;
        // The listing that missed it first counts as well.
        let latest = group.optional_integer(4)?.and_then(|listing| u64::try_from(listing).ok());
        let listings = latest.map(|latest| facts.sound_listings.saturating_add(1).saturating_sub(latest));
        held.push(HeldGroup {
            examples: examples(conn, profile, kind, &reason)?,
            reason: read_reason(&reason)?,
            count,
            oldest_since: group.integer(2)?,
            listings: listings.filter(|_| all_have_some).unwrap_or_default(),
            evidence_since: group.optional_integer(5)?.filter(|_| all_have_some),
        });
    }
    Ok(held)
}

fn examples(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    reason: &str,
) -> Result<Vec<String>, StoreError> {
    let tables = tables::of(kind);
    let sql = format!(
        "SELECT name FROM xtream_held_removals h JOIN {0} i ON i.profile_id=h.profile_id AND i.{1}=h.content_id \
         WHERE h.profile_id=? AND h.kind=? AND h.reason=? ORDER BY h.held_since,h.content_id LIMIT ?",
        tables.items, tables.id
    );
    let binds = [profile.as_str().into(), kind.as_str().into(), reason.into(), EXAMPLES.into()];
    records(conn, &sql, &binds)?.into_iter().map(|mut row| row.text(0)).collect()
}
