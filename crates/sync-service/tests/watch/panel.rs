//! Panels that are down at times, refuse logins, or have no connection to spare.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use sync_core::source::{Completeness, Entry, Learnt, Listing, ListingEvent, ListingRequest, Usage};
use sync_core::testing::{ItemBuilder, category};
use sync_core::{
    Account, AccountStatus, Category, ContentKind, ContentSource, DigestScheme, PanelFacts, Profile, SourceError,
};
use sync_service::SourceFactory;

use crate::world::SimClock;

/// A fault of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It can't be reached.
    Down,
    /// It refuses the login.
    Refuses,
    /// The account has ended.
    Ended,
    /// All connections are in use.
    Busy,
    /// The link to it is so slow that no list can meet its deadline.
    Slow,
}

/// The size of a list in bytes.
const LIST: u64 = 10_000_000;

/// The faults, each with its time in seconds since the start.
pub(crate) type Faults = Vec<(Range<i64>, Fault)>;

/// The faults of panels, by profile.
pub(crate) type AllFaults = [(&'static str, Faults)];

/// The panels of all profiles. Clones share their state.
#[derive(Clone)]
pub(crate) struct Panels {
    clock: Arc<SimClock>,
    faults: Arc<BTreeMap<String, Faults>>,
    /// The lists under way, and the most at once, by profile.
    under_way: Arc<Mutex<BTreeMap<String, (usize, usize)>>>,
    logins: Arc<AtomicUsize>,
}

impl Panels {
    pub(crate) fn new(clock: &Arc<SimClock>, faults: &AllFaults) -> Self {
        let faults = faults.iter().map(|(id, faults)| ((*id).to_owned(), faults.clone())).collect();
        Self { clock: Arc::clone(clock), faults: Arc::new(faults), under_way: Arc::default(), logins: Arc::default() }
    }

    /// Returns the most lists that a panel sent at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.under_way.lock().unwrap().values().map(|(_, most)| *most).max().unwrap_or_default()
    }

    /// Returns the number of logins so far.
    pub(crate) fn logins(&self) -> usize {
        self.logins.load(Ordering::Relaxed)
    }

    pub(crate) fn faults(&self, id: &str) -> &[(Range<i64>, Fault)] {
        self.faults.get(id).map(Vec::as_slice).unwrap_or_default()
    }
}

#[async_trait]
impl SourceFactory for Panels {
    type Error = Infallible;

    async fn source(&self, profile: &Profile, _: &PanelFacts) -> Result<Arc<dyn ContentSource>, Infallible> {
        Ok(Arc::new(Panel { all: self.clone(), id: profile.id.to_string(), usage: Mutex::default() }))
    }
}

struct Panel {
    all: Panels,
    id: String,
    usage: Mutex<Usage>,
}

impl Panel {
    /// Counts bytes of the wire, and the time that they take.
    fn sends(&self, bytes: u64) {
        let rate = if self.fault() == Some(Fault::Slow) { 1000 } else { 1_000_000 };
        let mut usage = self.usage.lock().unwrap();
        usage.wire_bytes = Some(usage.wire_bytes.unwrap_or_default() + bytes);
        usage.streamed += Duration::from_millis(bytes * 1000 / rate);
    }

    fn fault(&self) -> Option<Fault> {
        let now = self.all.clock.passed();
        self.all.faults(&self.id).iter().find(|(time, _)| time.contains(&now)).map(|(_, fault)| *fault)
    }

    async fn answer(&self, seconds: u64) -> Result<(), SourceError> {
        let is_down = || self.fault() == Some(Fault::Down);
        if is_down() {
            tokio::time::sleep(Duration::from_secs(40)).await;
        } else {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        let unreachable = || SourceError::Unreachable { message: "down".to_owned(), attempts: 4, overloaded: false };
        if is_down() { Err(unreachable()) } else { Ok(()) }
    }
}

/// Counts a list as under way until it is dropped.
struct UnderWay(Panels, String);

impl UnderWay {
    fn begin(panels: &Panels, id: &str) -> Self {
        let mut all = panels.under_way.lock().unwrap();
        let (now, most) = all.entry(id.to_owned()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        Self(panels.clone(), id.to_owned())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.lock().unwrap().entry(self.1.clone()).or_default().0 -= 1;
    }
}

#[async_trait]
impl ContentSource for Panel {
    fn digest_scheme(&self) -> DigestScheme {
        DigestScheme::FIELDS
    }

    fn usage(&self) -> Usage {
        let usage = *self.usage.lock().unwrap();
        Usage { wire_bytes: Some(usage.wire_bytes.unwrap_or_default()), ..usage }
    }

    fn learnt(&self) -> Learnt {
        Learnt::default()
    }

    async fn account(&self) -> Result<Account, SourceError> {
        self.all.logins.fetch_add(1, Ordering::Relaxed);
        self.answer(1).await?;
        let account = Account { max_connections: Some(2), active_connections: Some(1), ..Account::active() };
        match self.fault() {
            Some(Fault::Refuses) => Err(SourceError::Refused { message: "no".to_owned() }),
            Some(Fault::Ended) => Ok(Account { status: AccountStatus::Inactive("Expired".to_owned()), ..account }),
            Some(Fault::Busy) => Ok(Account { active_connections: Some(2), ..account }),
            _ => Ok(account),
        }
    }

    async fn categories(&self, _: ContentKind) -> Result<Vec<Category>, SourceError> {
        self.answer(2).await?;
        self.sends(20_000);
        Ok(vec![category("7")])
    }

    async fn listing(&self, request: ListingRequest) -> Result<Listing, SourceError> {
        let under_way = UnderWay::begin(&self.all, &self.id);
        self.answer(20).await?;
        if self.fault() == Some(Fault::Slow) {
            return Err(SourceError::TooSlow { message: "slow".to_owned() });
        }
        self.sends(LIST);
        let items = (1..4).map(|id| ItemBuilder::of(request.scope.kind, id).listed());
        let entries = items.map(|item| Entry::Item(Box::new(item), None)).collect();
        let end = Completeness { wire_bytes: Some(LIST), ..Completeness::default() };
        let events = [Ok(ListingEvent::Batch(entries)), Ok(ListingEvent::Complete(end))];
        let events = futures_util::stream::iter(events).map(move |event| {
            let _ = &under_way;
            event
        });
        Ok(Listing { events: events.boxed() })
    }
}
