//! The fifth engine: several programs ask panels with few accounts, at the pace that the cache stores.
//!
//! Time is virtual, so a case of hours takes milliseconds. The promise is I23: one run at a time asks an account, every
//! later run of every program respects a refusal, and a dry run stores nothing.

#[cfg(test)]
mod broken;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sync_core::policy::pace::Refusal;
use sync_core::source::{Learnt, Listing, ListingRequest, SharedPace, Usage};
use sync_core::testing::MemoryStore;
use sync_core::{Account, Category, Clock, ContentKind, ContentSource, DigestScheme, Paces, SourceError};
use sync_service::{Paced, PanelAccount};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::campaign::{Passed, Violation};
use crate::dice::Dice;
use crate::promise;
use crate::tally::Tally;
use crate::trace::Trace;

/// The time of day at the beginning.
const WALL: i64 = 1_900_000_000;

/// The greatest number of requests per second, and the wait before a second attempt, of every source.
const CAP: f64 = 8.0;
const BACKOFF: Duration = Duration::from_secs(1);

/// The time after a refusal in which no run may ask the account.
const HOLD: Duration = Duration::from_secs(5);

/// A panel's account: the requests that it gets, and its limit.
#[derive(Debug)]
struct Site {
    /// The limit: requests per second, and requests at once.
    rate: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
    under_way: u32,
    refused: Option<Instant>,
    last: Option<Instant>,
    broken: Option<Violation>,
}

impl Site {
    fn new(dice: &mut Dice) -> Self {
        let rate = [0.4, 1.0, 3.0, 20.0][dice.below(4)];
        let burst = [1.0, 5.0, 30.0][dice.below(3)];
        let now = Instant::now();
        Self { rate, burst, tokens: burst, at: now, under_way: 0, refused: None, last: None, broken: None }
    }

    /// Counts a request that arrives. Returns whether it is refused.
    fn asked(&mut self) -> bool {
        let now = Instant::now();
        self.under_way += 1;
        let check = || -> Result<(), Violation> {
            promise!(self.under_way == 1, "{} requests of one account at once (I23)", self.under_way);
            if let Some(refused) = self.refused {
                let since = now - refused;
                // The timer counts whole milliseconds.
                promise!(since + Duration::from_millis(2) >= HOLD, "a request {since:?} after a refusal (I23)");
                let gap = now - self.last.unwrap_or(refused);
                let least = Duration::from_secs_f64(1.0 / CAP);
                promise!(gap >= least, "a burst after a refusal: {gap:?} between two requests (I23)");
            }
            Ok(())
        };
        if let Err(violation) = check() {
            self.broken.get_or_insert(violation);
        }
        self.tokens = (self.tokens + (now - self.at).as_secs_f64() * self.rate).min(self.burst);
        (self.at, self.last) = (now, Some(now));
        let refused = self.tokens < 1.0;
        if !refused {
            self.tokens -= 1.0;
        }
        refused
    }
}

type Sites = Arc<Mutex<Vec<Site>>>;

/// The clock of the virtual time.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> i64 {
        WALL + i64::try_from(self.0.elapsed().as_secs()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A source that sends requests of a few milliseconds, and keeps the pace.
struct Asking {
    sites: Sites,
    site: usize,
    latency: Duration,
    remembers: bool,
    pace: Mutex<Option<Arc<SharedPace>>>,
}

/// A request that is under way. It ends as well when its sender dies.
struct UnderWay(Sites, usize);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().expect("nothing panics while holding it")[self.1].under_way -= 1;
    }
}

#[async_trait]
impl ContentSource for Asking {
    fn digest_scheme(&self) -> DigestScheme {
        DigestScheme::FIELDS
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn learnt(&self) -> Learnt {
        Learnt::default()
    }

    /// Sends one request, and repeats it until it is answered.
    async fn account(&self) -> Result<Account, SourceError> {
        let pace = self.pace.lock().expect("nothing panics while holding it").clone().expect("a pace is given first");
        loop {
            while let Err(wait) = pace.take() {
                sleep(wait.duration + Duration::from_millis(1)).await;
            }
            let refused = {
                let refused = self.sites.lock().expect("nothing panics while holding it")[self.site].asked();
                let _under_way = UnderWay(Arc::clone(&self.sites), self.site);
                sleep(self.latency).await;
                refused
            };
            if !refused {
                pace.answered(None);
                return Ok(Account::active());
            }
            pace.refused(Refusal::TooMany, None);
            // A refusal is stored at once, before anything else happens.
            tokio::task::yield_now().await;
            // A run that dies before that has not heard the refusal. A dry run stores nothing, so no later run can know
            // it.
            if !self.remembers {
                continue;
            }
            self.sites.lock().expect("nothing panics while holding it")[self.site].refused = Some(Instant::now());
        }
    }

    async fn categories(&self, _: ContentKind) -> Result<Vec<Category>, SourceError> {
        Ok(Vec::new())
    }

    async fn listing(&self, _: ListingRequest) -> Result<Listing, SourceError> {
        Err(SourceError::internal("nobody asks for it"))
    }

    fn keep_pace(&self, pace: Arc<SharedPace>) {
        pace.set_limits(CAP, BACKOFF);
        *self.pace.lock().expect("nothing panics while holding it") = Some(pace);
    }
}

/// A run of a program: its beginning, its requests, and its end if it is killed.
#[derive(Debug, Clone)]
struct Plan {
    begins: Duration,
    site: usize,
    account: PanelAccount,
    requests: usize,
    remembers: bool,
    killed: Option<Duration>,
}

/// Runs the schedule of a seed.
pub(crate) fn case(seed: u64) -> Result<Passed, Violation> {
    run(Arc::new(MemoryStore::new()), seed)
}

fn run(paces: Arc<dyn Paces>, seed: u64) -> Result<Passed, Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime needs nothing");
    LocalSet::new().block_on(&runtime, programs(paces, seed))
}

async fn programs(paces: Arc<dyn Paces>, seed: u64) -> Result<Passed, Violation> {
    let mut dice = Dice::new(seed);
    let count = 1 + dice.below(2);
    let sites: Sites = Arc::new(Mutex::new((0..count).map(|_| Site::new(&mut dice)).collect()));
    let clock: Arc<dyn Clock> = Arc::new(Virtual(Instant::now()));
    let (trace, tally) = (Rc::new(RefCell::new(Trace::default())), Rc::new(RefCell::new(Tally::default())));
    let mut begins = Duration::ZERO;
    let mut running = Vec::new();
    for number in 0..4 + dice.below(12) {
        begins += Duration::from_millis([0, 50, 3_000, 30_000, 600_000][dice.below(5)]);
        let site = dice.below(count);
        // Every profile of an account has one host in common with the others.
        let own = format!("http://other{number}.example");
        let common = format!("http://panel{site}.example:8080");
        let addresses = if dice.percent(30) { vec![own.as_str(), common.as_str()] } else { vec![common.as_str()] };
        let plan = Plan {
            begins,
            site,
            account: PanelAccount::new(addresses, "ann"),
            requests: [1, 7, 40][dice.below(3)],
            remembers: dice.percent(80),
            killed: dice
                .percent(40)
                .then(|| Duration::from_millis(u64::try_from(dice.below(20_000)).unwrap_or_default())),
        };
        let (paces, clock, sites) = (Arc::clone(&paces), Arc::clone(&clock), Arc::clone(&sites));
        let (trace, tally) = (Rc::clone(&trace), Rc::clone(&tally));
        running.push(tokio::task::spawn_local(async move {
            sleep(plan.begins).await;
            let ends = one(&paces, &clock, &sites, &plan);
            let ended = match plan.killed {
                None => Some(ends.await),
                Some(after) => tokio::time::timeout(after, ends).await.ok(),
            };
            trace.borrow_mut().text(&format!("{number} {:?} {ended:?}", clock.monotonic()));
            let how = if ended.is_some() { "to its end" } else { "killed" };
            tally.borrow_mut().count("run at a pace", how);
            ended.unwrap_or(Ok(()))
        }));
    }
    let mut ended = Vec::new();
    for run in running {
        ended.push(run.await.map_err(|error| Violation::new(format!("a run panicked: {error}")))?);
    }
    // The observations of the panels come first, because they explain the other errors.
    for site in sites.lock().expect("nothing panics while holding it").iter_mut() {
        site.broken.take().map_or(Ok(()), Err)?;
    }
    ended.into_iter().collect::<Result<(), _>>()?;
    let tally = tally.borrow().clone();
    let trace = trace.borrow().digest();
    Ok(Passed { trace, tally })
}

/// Runs one program: it waits for its turn, asks, and ends.
async fn one(port: &Arc<dyn Paces>, clock: &Arc<dyn Clock>, sites: &Sites, plan: &Plan) -> Result<(), Violation> {
    let failed = |error: sync_core::StoreError| Violation::new(format!("the store fails: {error}"));
    let paced = loop {
        match Paced::try_enter(port, clock, &plan.account, plan.remembers).await.map_err(failed)? {
            Some(paced) => break paced,
            None => sleep(Duration::from_millis(200)).await,
        }
    };
    let before = port.pace(plan.account.key()).await.map_err(failed)?;
    let latency = Duration::from_millis(30);
    let remembers = plan.remembers;
    let source = Asking { sites: Arc::clone(sites), site: plan.site, latency, remembers, pace: Mutex::new(None) };
    paced.govern(&source);
    paced
        .work(async {
            for _ in 0..plan.requests {
                let _ = source.account().await;
            }
        })
        .await;
    let after = port.pace(plan.account.key()).await.map_err(failed)?;
    if plan.remembers {
        let counted = |pace: Option<sync_core::AccountPace>| pace.map_or(0, |pace| pace.requests_on(clock.now()));
        let sent = counted(after).saturating_sub(counted(before));
        promise!(sent >= plan.requests as u64, "{sent} of {} requests are counted (I23)", plan.requests);
    } else {
        promise!(before == after, "a run that only looks has changed the pace (I17): {before:?}, {after:?}");
    }
    Ok(())
}
