//! The server: it starts on loopback, stops when it is dropped, and is controlled while it runs.

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

/// The state that the connections share with the [`Panel`].
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

/// Locks a mutex. Values behind locks are valid between any two statements, so a panic elsewhere doesn't matter.
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

/// A running panel. It has a thread and a runtime of its own, so a test may block, or pause the time of its own
/// runtime, without stopping the panel.
#[derive(Debug)]
pub struct Panel {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Panel {
    /// Starts to serve a catalogue on loopback.
    pub fn start(config: PanelConfig, catalogue: Catalogue) -> io::Result<Self> {
        // The listener is that of the standard library, so that this also works inside the runtime of a test.
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

    /// Returns the address on which the panel listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns `http://127.0.0.1:PORT`, with the sub-path if there is one, and without a slash at the end.
    pub fn base_url(&self) -> String {
        self.shared.base_url.clone()
    }

    /// Moves the catalogue on to its next version, and the clock by an hour. Returns what a correct sync reports.
    pub fn advance(&self, step: &Step) -> Expected {
        self.shared.advance(step)
    }

    /// Reads or edits the catalogue. Answers that are under way don't change.
    pub fn catalogue<R>(&self, look: impl FnOnce(&mut Catalogue) -> R) -> R {
        look(&mut lock(&self.shared.catalogue))
    }

    /// Sets the behaviour for an action from now on. It replaces the former one. Each request takes one behaviour of a
    /// [`Behaviour::Sequence`]; after the last one the panel is normal again.
    pub fn on(&self, action: Action, behaviour: Behaviour) {
        lock(&self.shared.scripts).set(action, behaviour);
    }

    /// Sets the behaviour for the next `count` requests of an action. After them, the former behaviour applies again.
    pub fn on_next(&self, action: Action, count: usize, behaviour: &Behaviour) {
        lock(&self.shared.scripts).queue(action, count, behaviour);
    }

    /// Sets the behaviour of a firewall, a cache or a limit in front of the panel, for every request of the player API
    /// from now on. Requests that it lets pass get the panel's own behaviour.
    pub fn in_front(&self, behaviour: Behaviour) {
        lock(&self.shared.scripts).set_front(behaviour);
    }

    /// Makes every action normal again, and removes what is in front of the panel.
    pub fn behave(&self) {
        lock(&self.shared.scripts).clear();
    }

    /// Sets the accounts that may log in from now on.
    pub fn set_accounts(&self, accounts: Vec<Account>) {
        *lock(&self.shared.accounts) = accounts;
    }

    /// Returns the time of the panel's clock, in unix seconds.
    pub fn panel_time(&self) -> i64 {
        lock(&self.shared.clock).now()
    }

    /// Sets the panel's clock. It goes on from this time.
    pub fn set_panel_time(&self, unix_seconds: i64) {
        *lock(&self.shared.clock) = Clock::starting_at(unix_seconds);
    }

    /// Returns every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.ledger.records()
    }

    /// Returns the number of requests for an action.
    pub fn request_count(&self, action: Action) -> usize {
        self.requests().iter().filter(|record| record.action == Some(action)).count()
    }

    /// Returns the highest number of requests of the player API that were under way at once.
    pub fn max_parallel(&self) -> usize {
        self.shared.ledger.max_parallel()
    }

    /// Returns the number of requests of the player API that are under way now.
    pub fn in_flight(&self) -> usize {
        self.shared.ledger.in_flight()
    }

    /// Forgets all requests and the maximum in parallel.
    pub fn forget_requests(&self) {
        self.shared.ledger.clear();
    }

    /// Waits until a client asks the panel to stop, over its control endpoints.
    pub async fn stop_requested(&self) {
        let mut stopped = self.shared.stopped.subscribe();
        // The sender lives as long as `self`, so only the request ends this wait.
        let _ = stopped.wait_for(|stopped| *stopped).await;
        // The answer to that request gets time to arrive.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            // The server or the thread may have ended already, which is no error.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}
