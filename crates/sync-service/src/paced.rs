//! Work at the pace of an account: who does it enters the account, obeys its pace, and has it remembered.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use sync_core::source::SharedPace;
use sync_core::{Cache, Clock, ContentSource, Entry, Profile, StoreError};
use tokio::sync::Notify;

use crate::account::PanelAccount;

/// The time between two looks whether an account is free.
const LOOK: Duration = Duration::from_millis(200);

/// The number of looks between two reports of the wait.
const LOOKS_PER_REPORT: u32 = 50;

/// The time between two reports.
pub(crate) const REPORT: Duration = LOOK.saturating_mul(LOOKS_PER_REPORT);

/// The wait for an account that somebody else asks.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    looks: u32,
}

impl Turn {
    /// Returns whether the wait is to be told now: when it begins, and then every [`REPORT`].
    pub(crate) fn is_to_be_told(&self) -> bool {
        self.looks % LOOKS_PER_REPORT == 0
    }

    /// Waits until it is time to look again.
    pub(crate) async fn look_again(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        tokio::time::sleep(LOOK).await;
    }
}

/// An account that was entered, and its pace. Others can enter it when this is dropped.
pub(crate) struct Paced {
    cache: Arc<dyn Cache>,
    account: PanelAccount,
    pace: Arc<SharedPace>,
    /// Wakes whoever remembers the pace after a refusal.
    refused: Arc<Notify>,
    /// Whether the pace is remembered.
    remembers: bool,
    _entry: Entry,
}

impl Paced {
    /// Enters the account of a profile; `None` while somebody else asks it. Without `remembers`, nothing is written.
    pub(crate) async fn try_enter(
        cache: &Arc<dyn Cache>,
        clock: &Arc<dyn Clock>,
        profile: &Profile,
        remembers: bool,
    ) -> Result<Option<Self>, StoreError> {
        let account = PanelAccount::of(profile);
        let Some(entry) = cache.enter(account.key()).await? else { return Ok(None) };
        let remembered = cache.pace(account.key()).await?;
        let refused = Arc::new(Notify::new());
        let told = Arc::clone(&refused);
        let pace = SharedPace::new(Arc::clone(clock), remembered.as_ref()).telling_refusals(move || told.notify_one());
        let (cache, pace) = (Arc::clone(cache), Arc::new(pace));
        Ok(Some(Self { cache, account, pace, refused, remembers, _entry: entry }))
    }

    /// Enters the account of a profile as soon as nobody else asks it. Nothing is written.
    pub(crate) async fn enter_to_look(
        cache: &Arc<dyn Cache>,
        clock: &Arc<dyn Clock>,
        profile: &Profile,
    ) -> Result<Self, StoreError> {
        loop {
            if let Some(paced) = Self::try_enter(cache, clock, profile, false).await? {
                return Ok(paced);
            }
            Turn::default().look_again().await;
        }
    }

    /// Makes a source send its requests at this pace.
    pub(crate) fn govern(&self, source: &dyn ContentSource) {
        source.keep_pace(Arc::clone(&self.pace));
    }

    /// Does work that sends requests. A refusal is remembered at once, the rest at the end.
    pub(crate) async fn work<T>(&self, work: impl Future<Output = T>) -> T {
        let remembers = async {
            loop {
                self.refused.notified().await;
                self.remember().await;
            }
        };
        let result = match select(pin!(work), pin!(remembers)).await {
            Either::Left((result, _)) => result,
            Either::Right((never, _)) => never,
        };
        self.remember().await;
        result
    }

    /// Remembers the pace, if a request was sent. If that fails, the next run begins with what was remembered before.
    pub(crate) async fn remember(&self) {
        let Some(pace) = self.pace.remembered().filter(|_| self.remembers) else { return };
        if let Err(error) = self.cache.save_pace(self.account.key(), &pace).await {
            tracing::warn!(error = %error.with_causes(), "the pace of the account could not be remembered");
        }
    }
}
