//! The status of a profile at a glance, for a person.
//!
//! Groups and their examples are SQL as text, and their columns are read by name: diesel has no names for the types of
//! aggregates, and the table of the examples differs by kind.

use diesel::prelude::*;
use diesel::sql_types;
use diesel::sqlite::Sqlite;
use sync_core::catalogue::{AccountStanding, ContentStatus, HeldGroup, KindStatus};
use sync_core::{ContentKind, KindFacts, PerKind, ProfileId, StoreError};

use crate::db::fault::of_diesel;
use crate::db::statement::rows;
use crate::db::value::{Count, Number, Text};
use crate::store::SqliteStore;
use crate::tables::history::status_seen;
use crate::tables::schema::xtream_content_sync;
use crate::tables::sync_state::Kinds;
use crate::tables::words::{ReasonWord, StatusWord, Word};
use crate::tables::{self, doubts, facts};

/// The number of held items that are named.
const EXAMPLES: i64 = 3;

/// The sync state of a profile.
#[derive(Queryable, Selectable)]
#[diesel(table_name = xtream_content_sync, check_for_backend(Sqlite))]
struct Standing {
    sync_status: StatusWord,
    sync_message: Option<Text>,
    #[diesel(embed)]
    kinds: Kinds,
    account_status: Option<Text>,
    account_expires_at: Option<Number>,
    account_checked_at: Option<Number>,
}

/// The items that are held for one reason.
#[derive(QueryableByName)]
struct Group {
    /// The code as it is in the rows. A reason may have had other codes in earlier versions.
    #[diesel(sql_type = sql_types::Text)]
    reason: Text,
    #[diesel(sql_type = sql_types::BigInt)]
    items: Count,
    #[diesel(sql_type = sql_types::BigInt)]
    oldest: Number,
    /// The number of items that have evidence.
    #[diesel(sql_type = sql_types::BigInt)]
    proved: Count,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    listing: Option<Number>,
    #[diesel(sql_type = sql_types::Nullable<sql_types::BigInt>)]
    since: Option<Number>,
}

/// An item of any kind.
#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    name: Text,
}

impl SqliteStore {
    /// Returns the status of a profile's cache.
    pub fn content_status_blocking(&self, profile: &ProfileId) -> Result<ContentStatus, StoreError> {
        let leased = self.is_leased(profile);
        self.read_profile(profile, |conn| {
            let found = xtream_content_sync::table
                .filter(xtream_content_sync::profile_id.eq(profile.as_str()))
                .select(Standing::as_select())
                .first(conn)
                .optional()
                .map_err(of_diesel)?;
            let row = found.ok_or_else(|| StoreError::Corrupt("a profile has no row of its syncs".to_owned()))?;
            let facts = facts::load(conn, profile)?;
            let mut kinds = PerKind::from_fn(|_| None);
            for kind in ContentKind::ALL {
                let (last_sync, rows) = (row.kinds.last_sync(kind), row.kinds.rows(kind));
                let held = held(conn, profile, kind, &facts.kinds[kind])?;
                let doubted_since = doubts::open_since(conn, profile, kind)?;
                kinds[kind] = Some(KindStatus { kind, last_sync, rows, held, doubted_since });
            }
            let (expires_at, checked_at) = (row.account_expires_at, row.account_checked_at);
            Ok(ContentStatus {
                sync_status: row.sync_status.ok().map(|status| status_seen(status, leased)),
                message: row.sync_message.map(|message| message.0),
                kinds: kinds.map(|status| status.expect("each kind was looked at")),
                account: row.account_status.map(|status| AccountStanding {
                    status: status.0,
                    expires_at: expires_at.map(|at| at.0),
                    checked_at: checked_at.map(|at| at.0),
                }),
                facts,
            })
        })
    }
}

/// Reads the held items of a kind, by reason.
fn held(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    facts: &KindFacts,
) -> Result<Vec<HeldGroup>, StoreError> {
    let sql = "SELECT reason,COUNT(*) AS items,MIN(held_since) AS oldest,COUNT(evidence_listing) AS proved,\
               MAX(evidence_listing) AS listing,MAX(evidence_since) AS since FROM xtream_held_removals \
               WHERE profile_id=? AND kind=? GROUP BY reason ORDER BY reason";
    let groups: Vec<Group> = rows(conn, sql, &[profile.as_str().into(), kind.as_str().into()])?;
    let mut held = Vec::new();
    for group in groups {
        let all_have_some = group.proved == group.items;
        // The first listing without the item counts as well.
        let latest = group.listing.and_then(|listing| u64::try_from(listing.0).ok());
        let listings = latest.map(|latest| facts.sound_listings.saturating_add(1).saturating_sub(latest));
        held.push(HeldGroup {
            examples: examples(conn, profile, kind, &group.reason.0)?,
            reason: ReasonWord::of(group.reason.0).known()?,
            count: group.items.0,
            oldest_since: group.oldest.0,
            listings: listings.filter(|_| all_have_some).unwrap_or_default(),
            evidence_since: group.since.map(|at| at.0).filter(|_| all_have_some),
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
        "SELECT i.name FROM xtream_held_removals h JOIN {0} i ON i.profile_id=h.profile_id AND i.{1}=h.content_id \
         WHERE h.profile_id=? AND h.kind=? AND h.reason=? ORDER BY h.held_since,h.content_id LIMIT ?",
        tables.items, tables.id
    );
    let binds = [profile.as_str().into(), kind.as_str().into(), reason.into(), EXAMPLES.into()];
    let rows: Vec<Named> = rows(conn, &sql, &binds)?;
    Ok(rows.into_iter().map(|row| row.name.0).collect())
}
