//! What a person wants to know of a profile at a glance.

use diesel::SqliteConnection;
use sync_core::{ContentKind, HoldReason, KindFacts, PanelFacts, ProfileId, RunStatus, StoreError};

use crate::db::bind::Bind;
use crate::db::statement::{record, records};
use crate::store::SqliteStore;
use crate::tables::content::read_reason;
use crate::tables::history::status_seen;
use crate::tables::{self, doubts, facts};

/// How many held items are named.
const EXAMPLES: i64 = 3;

/// How a profile's cache stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentStatus {
    /// How the last run stands or ended; `None` before the first one and after a clear.
    pub sync_status: Option<RunStatus>,
    /// One sentence of the last run.
    pub message: Option<String>,
    /// Every kind, in the order of [`ContentKind::ALL`].
    pub kinds: Vec<KindStatus>,
    /// What the panel last said of the account.
    pub account: Option<AccountRow>,
    /// What runs have learnt of the panel.
    pub facts: PanelFacts,
}

/// How a kind of a profile stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindStatus {
    /// The kind.
    pub kind: ContentKind,
    /// The panel's clock at the start of the last applied listing, in unix seconds.
    pub last_sync: Option<i64>,
    /// Stored rows.
    pub rows: u64,
    /// What is held, by reason.
    pub held: Vec<HeldGroup>,
    /// Since when the next sync is to compare every item, because a check found what doesn't fit; in
    /// unix seconds.
    pub doubted_since: Option<i64>,
}

/// Removals that are held for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGroup {
    /// The reason.
    pub reason: HoldReason,
    /// How many.
    pub count: u64,
    /// Since when the oldest of them is, in unix seconds.
    pub oldest_since: i64,
    /// The names of up to three of them.
    pub examples: Vec<String>,
    /// How many sound listings have missed the least proven of them; 0 where one has no evidence.
    pub listings: u64,
    /// Since when the evidence against the least proven of them goes back, in unix seconds; `None`
    /// where one has none.
    pub evidence_since: Option<i64>,
}

/// What the panel said of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its status, in the panel's words.
    pub status: String,
    /// When it ends, in unix seconds.
    pub expires_at: Option<i64>,
    /// When the panel said so, by our own clock.
    pub checked_at: Option<i64>,
}

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
            let mut kinds = Vec::new();
            for kind in ContentKind::ALL {
                let last_sync = row.optional_integer(2 + kind.ordinal())?;
                let rows = row.count(5 + kind.ordinal())?;
                let held = held(conn, profile, kind, &facts.kinds[kind])?;
                let doubted_since = doubts::open_since(conn, profile, kind)?;
                kinds.push(KindStatus { kind, last_sync, rows, held, doubted_since });
            }
            let (expires_at, checked_at) = (row.optional_integer(9)?, row.optional_integer(10)?);
            let account = row.optional_text(8)?.map(|status| AccountRow { status, expires_at, checked_at });
            Ok(ContentStatus { sync_status: status, message: row.optional_text(1)?, kinds, account, facts })
        })
    }

    /// [`Self::content_status_blocking`], off the async threads.
    pub async fn content_status(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError> {
        let profile = profile.clone();
        self.off_thread(move |store| store.content_status_blocking(&profile)).await
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
