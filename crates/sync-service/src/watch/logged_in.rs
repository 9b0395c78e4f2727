//! A source that was already asked for its account, so that the run after it logs in only once.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sync_core::source::{Learnt, Listing, ListingRequest, ProbeAnswer, ProbeRequest, SharedPace, Usage, WaitObserver};
use sync_core::{Account, Category, ContentKind, ContentSource, DigestScheme, Login, SourceError};

/// The source, and its answer to a login, which is returned once.
pub(super) struct LoggedIn {
    source: Arc<dyn ContentSource>,
    answer: Mutex<Option<Result<Account, SourceError>>>,
}

impl LoggedIn {
    /// Returns a source that answers the first login with this answer. Each further login asks the panel.
    pub(super) fn new(source: Arc<dyn ContentSource>, answer: Result<Account, SourceError>) -> Self {
        Self { source, answer: Mutex::new(Some(answer)) }
    }

    fn take(&self) -> Option<Result<Account, SourceError>> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl ContentSource for LoggedIn {
    fn digest_scheme(&self) -> DigestScheme {
        self.source.digest_scheme()
    }

    fn usage(&self) -> Usage {
        self.source.usage()
    }

    fn learnt(&self) -> Learnt {
        self.source.learnt()
    }

    async fn account(&self) -> Result<Account, SourceError> {
        match self.take() {
            Some(answer) => answer,
            None => self.source.account().await,
        }
    }

    async fn categories(&self, kind: ContentKind) -> Result<Vec<Category>, SourceError> {
        self.source.categories(kind).await
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        self.source.listing(request).await
    }

    async fn probe(&self, request: ProbeRequest) -> Result<ProbeAnswer, SourceError> {
        self.source.probe(request).await
    }

    fn ask_as_other_client(&self) {
        self.source.ask_as_other_client();
    }

    fn login(&self) -> Login {
        self.source.login()
    }

    fn observe_waits(&self, observer: Arc<dyn WaitObserver>) {
        self.source.observe_waits(observer);
    }

    fn keep_pace(&self, pace: Arc<SharedPace>) {
        self.source.keep_pace(pace);
    }
}
