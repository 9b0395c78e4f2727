//! Does work at the pace of an account: enters the account, keeps its pace, and stores what was learnt of the pace.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use sync_core::source::SharedPace;
use sync_core::{Clock, ContentSource, Entry, Paces, StoreError};
use tokio::sync::Notify;

use crate::account::PanelAccount;

/// The time between two checks whether an account is free.
const LOOK: Duration = Duration::from_millis(200);

/// The number of checks between two reports of the wait.
const LOOKS_PER_REPORT: u32 = 50;

/// The time between two reports.
pub(crate) const REPORT: Duration = LOOK.saturating_mul(LOOKS_PER_REPORT);

/// The longest time that a login test waits for other runs and for a hold. A person waits for the result.
const PATIENCE: Duration = LOOK.saturating_mul(LOOKS_OF_PATIENCE);
const LOOKS_OF_PATIENCE: u32 = 40;

/// The wait for an account that another run asks.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    looks: u32,
}

impl Turn {
    /// Returns whether the wait is to be reported now: when it begins, and then every [`REPORT`].
    pub(crate) fn is_to_be_told(&self) -> bool {
        self.looks.is_multiple_of(LOOKS_PER_REPORT)
    }

    /// Waits until the next check.
    pub(crate) async fn look_again(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        tokio::time::sleep(LOOK).await;
    }
}

/// An account that was entered, and its pace. Others can enter the account when this value is dropped.
///
/// A program that sends several requests to an account does it like this:
///
/// ```
/// # use std::sync::Arc;
/// # use sync_core::{Clock, ContentSource, Paces, StoreError};
/// # use sync_service::{PanelAccount, Paced};
/// # async fn look(
/// #     paces: Arc<dyn Paces>, clock: Arc<dyn Clock>, account: PanelAccount, source: Arc<dyn ContentSource>,
/// # ) -> Result<(), StoreError> {
/// let Some(paced) = Paced::try_enter(&paces, &clock, &account, true).await? else {
///     return Ok(()); // Somebody else asks the account.
/// };
/// paced.govern(&*source);
/// let _account = paced.work(source.account()).await;
/// # Ok(())
/// # }
/// ```
pub struct Paced {
    paces: Arc<dyn Paces>,
    account: PanelAccount,
    pace: Arc<SharedPace>,
    /// Wakes the code that stores the pace after a refusal.
    refused: Arc<Notify>,
    /// Whether the pace is stored.
    remembers: bool,
    /// The right to ask the account; `None` for a short question beside another run.
    _entry: Option<Entry>,
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced").field("account", &self.account).field("pace", &self.pace).finish_non_exhaustive()
    }
}

impl Paced {
    /// Enters an account. Returns `None` while another run asks it. If `remembers` is false, nothing is written.
    ///
    /// # Errors
    ///
    /// The cache can't be read, or the account can't be locked.
    pub async fn try_enter(
        paces: &Arc<dyn Paces>,
        clock: &Arc<dyn Clock>,
        account: &PanelAccount,
        remembers: bool,
    ) -> Result<Option<Self>, StoreError> {
        let Some(entry) = paces.enter(account.key()).await? else { return Ok(None) };
        let remembered = paces.pace(account.key()).await?;
        let refused = Arc::new(Notify::new());
        let told = Arc::clone(&refused);
        let pace = SharedPace::new(Arc::clone(clock), remembered.as_ref()).telling_refusals(move || told.notify_one());
        let (paces, account, pace) = (Arc::clone(paces), account.clone(), Arc::new(pace));
        Ok(Some(Self { paces, account, pace, refused, remembers, _entry: Some(entry) }))
    }

    /// Enters an account as soon as no other run asks it. After [`PATIENCE`] it asks beside the other run, because a
    /// person waits. A hold of the account is cut to the same time. Nothing is written.
    pub(crate) async fn enter_to_look(
        paces: &Arc<dyn Paces>,
        clock: &Arc<dyn Clock>,
        account: &PanelAccount,
    ) -> Result<Self, StoreError> {
        let mut turn = Turn::default();
        let entry = loop {
            match paces.enter(account.key()).await? {
                Some(entry) => break Some(entry),
                None if turn.looks < LOOKS_OF_PATIENCE => turn.look_again().await,
                None => break None,
            }
        };
        let mut remembered = paces.pace(account.key()).await?;
        if let Some(pace) = &mut remembered {
            let longest = clock.now().saturating_add(i64::try_from(PATIENCE.as_secs()).unwrap_or(i64::MAX));
            pace.held_until = pace.held_until.map(|until| until.min(longest));
        }
        let pace = Arc::new(SharedPace::new(Arc::clone(clock), remembered.as_ref()));
        let (paces, account) = (Arc::clone(paces), account.clone());
        Ok(Self { paces, account, pace, refused: Arc::default(), remembers: false, _entry: entry })
    }

    /// Makes a source send its requests at this pace.
    pub fn govern(&self, source: &dyn ContentSource) {
        source.keep_pace(Arc::clone(&self.pace));
    }

    /// Does work that sends requests. The pace is stored at once after a refusal, and always at the end.
    pub async fn work<T>(&self, work: impl Future<Output = T>) -> T {
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

    /// Stores the pace if a request was sent. If that fails, the next run begins with the pace that was stored before.
    async fn remember(&self) {
        let Some(pace) = self.pace.remembered().filter(|_| self.remembers) else { return };
        if let Err(error) = self.paces.save_pace(self.account.key(), &pace).await {
            tracing::warn!(error = %error.with_causes(), "the pace of the account could not be remembered");
        }
    }
}
