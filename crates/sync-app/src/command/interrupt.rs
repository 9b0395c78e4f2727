//! Signals such as Ctrl-C: the first one cancels the run, the second one ends the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::echo;
use super::exit::Exit;
use super::results;
use super::shell;
use super::terminal::print_err;

/// Whether a thread is about to end the program at a prompt.
static ENDING: AtomicBool = AtomicBool::new(false);

/// The listener for signals.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    /// The token that the first signal cancels.
    pub(crate) token: CancellationToken,
    at_once: Arc<AtomicBool>,
    /// The notification that a hangup wakes instead of ending the program. A service sets it.
    reload: Arc<OnceLock<Arc<Notify>>>,
}

impl Interrupt {
    /// Starts the listener. No signal is lost after this returns.
    pub(crate) fn install() -> Self {
        let interrupt = Self::none();
        // The listener has a thread of its own, because the command's thread may be busy or wait at a prompt.
        let (listening, listens) = std::sync::mpsc::channel();
        let listener = interrupt.clone();
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(listener.listen(listening));
        });
        if thread.is_ok() {
            let _ = listens.recv();
        }
        interrupt
    }

    /// Returns an interrupt without a listener.
    pub(crate) fn none() -> Self {
        Self { token: CancellationToken::new(), at_once: Arc::default(), reload: Arc::default() }
    }

    /// Makes the program a service: a hangup wakes `reload`, and a request to stop is no failure.
    pub(crate) fn serve(&self, reload: Arc<Notify>) {
        let _ = self.reload.set(reload);
    }

    async fn listen(self, listening: std::sync::mpsc::Sender<()>) {
        let Ok(mut signals) = Signals::new() else { return };
        survive_limits();
        let _ = listening.send(());
        loop {
            let is_hangup = signals.next().await;
            let service = self.reload.get();
            if let (true, Some(reload)) = (is_hangup, service) {
                reload.notify_one();
                continue;
            }
            if self.at_once.load(Ordering::SeqCst) {
                end_at_prompt();
            }
            if self.token.is_cancelled() {
                shell::end_all();
                results::remove_partial();
                let exit = if service.is_some() { Exit::Done } else { Exit::Cancelled };
                std::process::exit(i32::from(exit.code()));
            }
            self.token.cancel();
            print_err("stopping; what is committed stays. A second signal ends the program at once");
        }
    }

    /// Runs a closure that can't be cancelled, such as a prompt. Meanwhile a signal ends the program.
    pub(crate) fn at_once<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.at_once.store(true, Ordering::SeqCst);
        let result = wait();
        self.at_once.store(false, Ordering::SeqCst);
        result
    }

    /// Runs a prompt whose answer must not be shown. The echo is off before the question appears. It is turned on again
    /// afterwards, also if a signal ends the program.
    pub(crate) fn unseen<T>(&self, wait: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
        let result = self.at_once(|| {
            echo::hide();
            let result = wait();
            echo::restore();
            result
        });
        if result.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::Interrupted) {
            // Ctrl-C was read as a character. The signal that follows would end the program in the same way.
            end_at_prompt();
        }
        result
    }
}

/// Ends the program at a prompt, after restoring the terminal.
fn end_at_prompt() -> ! {
    if ENDING.swap(true, Ordering::SeqCst) {
        // Another thread is ending the program already.
        loop {
            std::thread::park();
        }
    }
    echo::restore();
    print_err("\ncancelled; nothing was saved");
    std::process::exit(i32::from(Exit::Cancelled.code()))
}

/// Keeps SIGXFSZ from ending the program, so that a file that may not grow (`ulimit -f`) is an ordinary error, like a
/// full disk. Listening to a signal once is enough to replace its default action.
fn survive_limits() {
    // SIGXFSZ has this number on all systems that have it, except those on MIPS.
    #[cfg(all(unix, not(any(target_arch = "mips", target_arch = "mips64"))))]
    let _ = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(25));
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?]))
    }

    /// Waits for a signal. Returns whether it is a hangup.
    async fn next(&mut self) -> bool {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => false,
            _ = terminate.recv() => false,
            _ = hangup.recv() => true,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        let _ = tokio::signal::ctrl_c().await;
        false
    }
}
