//! The source: one account at one panel.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sync_core::source::{Learnt, Listing, ListingRequest, ProbeAnswer, ProbeRequest, SharedPace, Usage, WaitObserver};
use sync_core::{Account, AccountStatus, Category, ContentKind, ContentSource, DigestScheme, Login, SourceError};

use crate::address::PanelAddress;
use crate::api::endpoint::Endpoint;
use crate::api::{account, categories, listing, probe};
use crate::config::XtreamConfig;
use crate::credentials::Credentials;
use crate::http::client::SetupError;
use crate::http::panel_client::PanelClient;
use crate::{clock, wire};

/// The greatest length of an operator's message that is shown, in characters.
const WORDS_MAX: usize = 200;

/// A panel's account as a source of listings.
///
/// It needs a tokio runtime with timers and I/O. One request is under way at a time, unless the settings allow more. A
/// listing keeps its permit until it has ended or is dropped. So a caller must not wait for another answer of the same
/// source before that.
pub struct XtreamSource {
    panel: Arc<PanelClient>,
}

impl XtreamSource {
    /// Makes a source. Nothing is sent yet.
    pub fn new(address: PanelAddress, credentials: Credentials, config: XtreamConfig) -> Result<Self, SetupError> {
        Ok(Self { panel: Arc::new(PanelClient::new(address, credentials, config)?) })
    }

    /// Returns the address of the panel.
    pub fn address(&self) -> &PanelAddress {
        self.panel.address()
    }

    /// Removes the credentials from an operator's texts, which may repeat them.
    fn redacted(&self, account: Account) -> Account {
        // The text is cut last, because a cut in the middle of a password would hide it from the search.
        let redact =
            |text: String| -> String { self.panel.credentials().redact(&text).chars().take(WORDS_MAX).collect() };
        let status = match account.status {
            AccountStatus::Inactive(word) => AccountStatus::Inactive(redact(word)),
            AccountStatus::Other(word) => AccountStatus::Other(redact(word)),
            AccountStatus::Active => AccountStatus::Active,
        };
        Account { status, message: account.message.map(redact), unread_end: account.unread_end.map(redact), ..account }
    }
}

impl fmt::Debug for XtreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XtreamSource").field("address", self.address()).finish_non_exhaustive()
    }
}

#[async_trait]
impl ContentSource for XtreamSource {
    fn digest_scheme(&self) -> DigestScheme {
        wire::SCHEME
    }

    fn usage(&self) -> Usage {
        self.panel.usage()
    }

    fn learnt(&self) -> Learnt {
        self.panel.learnt()
    }

    async fn account(&self) -> Result<Account, SourceError> {
        let (account, arrived) = self
            .panel
            .document(&Endpoint::Account, |document| {
                let account = account::read(&document.body, document.charset, document.date, clock::now())?;
                Ok((account, document.arrived))
            })
            .await?;
        if let Some(panel_time) = account.panel_time {
            self.panel.clock.set(arrived, panel_time);
        }
        Ok(self.redacted(account))
    }

    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        self.panel
            .document(&Endpoint::Categories(kind), |document| categories::read(&document.body, document.charset))
            .await
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        Ok(listing::start(Arc::clone(&self.panel), request))
    }

    async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
        probe::ask(&self.panel, request).await
    }

    fn login(&self) -> Login {
        self.panel.credentials().login()
    }

    fn ask_as_other_client(&self) {
        self.panel.user_agents.begin_trial();
    }

    fn observe_waits(&self, observer: Arc<dyn WaitObserver>) {
        self.panel.waits.observe(observer);
    }

    fn keep_pace(&self, pace: Arc<SharedPace>) {
        self.panel.rate_limiter.keep(pace);
    }
}
