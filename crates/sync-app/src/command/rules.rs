//! The common parts of `filter` and `rewrite`: the opened profile, a change of rules, and the table of rules.

use std::path::Path;
use std::sync::Arc;

use sync_core::overlay::{OverlayRules, RuleChange};
use sync_core::{Cache, ContentKind, Profile};
use sync_service::{Login, Service};

use super::failure::Failure;
use super::look::Look;
use super::table::{Column, Table};
use super::terminal::{print_err, print_out};
use super::{one_profile, refused, wiring};

/// The cache and the profile whose rules a command is about.
pub(super) struct Opened {
    pub(super) cache: Arc<dyn Cache>,
    pub(super) service: Service,
    pub(super) profile: Profile,
    pub(super) login: Login,
}

impl Opened {
    /// Opens the cache and the profile to read rules.
    pub(super) async fn to_read(database: &Path, id: Option<&str>) -> Result<Self, Failure> {
        Self::of(one_profile::cache(database, id)?, id).await
    }

    /// Opens the cache and the profile to change rules.
    pub(super) async fn to_change(database: &Path, id: Option<&str>) -> Result<Self, Failure> {
        Self::of(one_profile::cache_to_change(database, id)?, id).await
    }

    async fn of(cache: Arc<dyn Cache>, id: Option<&str>) -> Result<Self, Failure> {
        let service = wiring::service(&cache);
        let profile = one_profile::find(&service, id).await?;
        let login = one_profile::login(&profile);
        Ok(Self { cache, service, profile, login })
    }

    /// Changes the rules of a kind.
    pub(super) async fn change(&self, kind: ContentKind, change: RuleChange) -> Result<OverlayRules, Failure> {
        self.cache.change_rules(&self.profile.id, kind, vec![change]).await.map_err(refused::overlay)
    }
}

/// Prints rules as a table, or a note that there are none.
pub(super) fn print(columns: &[Column], rows: &[Vec<String>], none: &str) {
    if rows.is_empty() {
        print_err(none);
        return;
    }
    let table = Table::new(Look::of_stdout(), columns, 0, 2, rows);
    print_out(&table.header());
    for row in rows {
        print_out(&table.line(row));
    }
}
