//! The server: started on loopback, stopped when dropped, steered while it runs.

mod account;
mod answer;
mod behaviour;
mod condition;
mod config;
mod connection;
mod control;
mod encoding;
mod gate;
mod moods;
mod plan;
mod pour;
mod record;
mod request;
mod script;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

pub use account::{Account, TimeZone};
pub use behaviour::{Action, Behaviour, BodyEdit};
pub use condition::{Allowance, Condition, Pause};
pub use config::{Framing, ListOrder, PanelConfig};
pub use encoding::Encoding;
pub use gate::Gate;
pub use pour::Pour;
pub use record::RequestRecord;
pub use tls::{Certificate, TlsFront};

use crate::catalogue::{Catalogue, VERSION_SECONDS};
use crate::changes::Expected;
use crate::step::Step;
use account::Clock;
use answer::BodyCache;
use record::Ledger;
use script::Scripts;

/// What the connections share with the [`Panel`].
#[derive(Debug)]
struct Shared {
    config: PanelConfig,
    base_url: String,
    catalogue: Mutex<Catalogue>,
    bodies: Mutex<BodyCache>,
    scripts: Mutex<Scripts>,
    accounts: Mutex<Vec<Account>>,
    clock: Mutex<Clock>,
    ledger: Ledger,
    last_step: Mutex<Expected>,
    stopped: watch::Sender<bool>,
}

/// Every value behind a lock here is whole between two statements, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn advance(&self, step: &Step) -> Expected {
        let expected = lock(&self.catalogue).advance(step);
        lock(&self.clock).move_on(VERSION_SECONDS);
        lock(&self.last_step).clone_from(&expected);
        expected
    }
}

/// A running panel. It has a thread and a runtime of its own, so that a test may block, or pause the time of its own
/// runtime, without stopping it.
#[derive(Debug)]
pub struct Panel {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Panel {
    /// Starts to serve a catalogue on loopback.
    pub fn start(config: PanelConfig, catalogue: Catalogue) -> io::Result<Self> {
        // The standard library's listener, so that this also works inside the runtime of a test.
        let listener = StdListener::bind((config.host, config.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared {
            base_url: format!("http://{address}{}", config.sub_path),
            catalogue: Mutex::new(catalogue),
            bodies: Mutex::default(),
            scripts: Mutex::default(),
            accounts: Mutex::new(config.accounts.clone()),
            clock: Mutex::new(Clock::starting_at(config.panel_time)),
            ledger: Ledger::new(),
            last_step: Mutex::default(),
            stopped: watch::Sender::new(false),
            config,
        });
        let (stop, stopping) = oneshot::channel();
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("simulated-panel".to_owned()).spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener that does not block");
                tokio::select! {
                    () = connection::accept(&listener, &serving) => {}
                    _ = stopping => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self { shared, address, thread: Some((stop, thread)) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, with the sub-path if there is one; no slash at the end.
    pub fn base_url(&self) -> String {
        self.shared.base_url.clone()
    }

    /// Moves the catalogue on to its next version, and the clock by an hour; says what a right sync reports.
    pub fn advance(&self, step: &Step) -> Expected {
        self.shared.advance(step)
    }

    /// Reads or edits the catalogue. Answers that are on their way stay what they were.
    pub fn catalogue<R>(&self, look: impl FnOnce(&mut Catalogue) -> R) -> R {
        look(&mut lock(&self.shared.catalogue))
    }

    /// How the panel treats an action from now on. It replaces what was set for the action before. Of a
    /// [`Behaviour::Sequence`] every request takes one; after the last the panel is normal again.
    pub fn on(&self, action: Action, behaviour: Behaviour) {
        lock(&self.shared.scripts).set(action, behaviour);
    }

    /// How the panel treats the next `count` requests of an action; what was set before holds again after them.
    pub fn on_next(&self, action: Action, count: usize, behaviour: &Behaviour) {
        lock(&self.shared.scripts).queue(action, count, behaviour);
    }

    /// How what stands in front of the panel (a firewall, a cache, a limit) treats every request of the player API from
    /// now on. Where it lets a request pass, the panel itself goes on.
    pub fn in_front(&self, behaviour: Behaviour) {
        lock(&self.shared.scripts).set_front(behaviour);
    }

    /// Every action is normal again, and nothing stands in front.
    pub fn behave(&self) {
        lock(&self.shared.scripts).clear();
    }

    /// The accounts that are let in from now on.
    pub fn set_accounts(&self, accounts: Vec<Account>) {
        *lock(&self.shared.accounts) = accounts;
    }

    /// The panel's own clock, in unix seconds.
    pub fn panel_time(&self) -> i64 {
        lock(&self.shared.clock).now()
    }

    /// Sets the panel's clock; it goes on from there.
    pub fn set_panel_time(&self, unix_seconds: i64) {
        *lock(&self.shared.clock) = Clock::starting_at(unix_seconds);
    }

    /// Every request so far, in the order in which they came.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.ledger.records()
    }

    /// How many requests there were for an action.
    pub fn request_count(&self, action: Action) -> usize {
        self.requests().iter().filter(|record| record.action == Some(action)).count()
    }

    /// How many requests of the player API were under way at once, at most.
    pub fn max_parallel(&self) -> usize {
        self.shared.ledger.max_parallel()
    }

    /// How many requests of the player API are under way now.
    pub fn in_flight(&self) -> usize {
        self.shared.ledger.in_flight()
    }

    /// Forgets all requests and the maximum in parallel.
    pub fn forget_requests(&self) {
        self.shared.ledger.clear();
    }

    /// Waits until somebody asks the panel to stop over its control endpoints.
    pub async fn stop_requested(&self) {
        let mut stopped = self.shared.stopped.subscribe();
        // The sender lives as long as `self`, so there is no other way out than the request.
        let _ = stopped.wait_for(|stopped| *stopped).await;
        // The answer to that request deserves to arrive.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            // Either may have ended before, which is as good.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}
