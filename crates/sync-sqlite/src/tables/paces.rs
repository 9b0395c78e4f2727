//! The pace of each account: one row per host and user name.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use sync_core::paces::FORGOTTEN;
use sync_core::{AccountKey, AccountPace, StoreError};

use crate::db::fault::of_diesel;
use crate::store::SqliteStore;
use crate::tables::schema::xtream_account_paces as paces;

/// The pace at a host.
#[derive(Queryable, Selectable)]
#[diesel(table_name = paces, check_for_backend(Sqlite))]
struct Stored {
    rate: f64,
    held_until: Option<i64>,
    refused_at: Option<i64>,
    refused_rate: Option<f64>,
    requests: i64,
    used_at: i64,
}

impl Stored {
    /// Returns the pace. Numbers that another program has written are brought into their range when they are used.
    fn pace(&self) -> AccountPace {
        let mut pace = AccountPace::new(self.used_at);
        pace.rate = self.rate;
        (pace.held_until, pace.refused_at) = (self.held_until, self.refused_at);
        pace.refused_rate = self.refused_rate.filter(|rate| *rate > 0.0);
        pace.requests = u64::try_from(self.requests).unwrap_or_default();
        pace
    }
}

impl SqliteStore {
    /// Returns the stored pace of an account.
    pub fn pace_blocking(&self, account: &AccountKey) -> Result<Option<AccountPace>, StoreError> {
        let hosts: Vec<_> = account.hosts().collect();
        let found: Vec<Stored> = self.read(|conn| {
            paces::table
                .filter(paces::username.eq(account.username()))
                .filter(paces::host.eq_any(&hosts))
                // A value of another type was written by another program. It is no damage.
                .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(READABLE))
                .select(Stored::as_select())
                .load(conn)
                .map_err(of_diesel)
        })?;
        Ok(found.iter().map(Stored::pace).reduce(AccountPace::more_careful))
    }

    /// Stores the pace of an account, and deletes the paces of accounts that are no longer asked.
    pub fn save_pace_blocking(&self, account: &AccountKey, pace: &AccountPace) -> Result<(), StoreError> {
        self.require_writable()?;
        self.write(|conn| {
            for host in account.hosts() {
                let row = (
                    paces::host.eq(host),
                    paces::username.eq(account.username()),
                    paces::rate.eq(pace.rate),
                    paces::held_until.eq(pace.held_until),
                    paces::refused_at.eq(pace.refused_at),
                    paces::refused_rate.eq(pace.refused_rate),
                    paces::requests.eq(i64::try_from(pace.requests).unwrap_or(i64::MAX)),
                    paces::used_at.eq(pace.used_at),
                );
                diesel::replace_into(paces::table).values(row).execute(conn).map_err(of_diesel)?;
            }
            let unused = paces::table.filter(paces::used_at.lt(pace.used_at.saturating_sub(FORGOTTEN)));
            diesel::delete(unused).execute(conn).map_err(of_diesel)?;
            Ok(())
        })
    }
}

const READABLE: &str = "typeof(rate)='real' AND typeof(requests)='integer' AND \
                        typeof(used_at)='integer' AND typeof(held_until) IN ('integer','null') AND \
                        typeof(refused_at) IN ('integer','null') AND typeof(refused_rate) IN ('real','null')";
