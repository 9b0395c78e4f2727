//! The outputs of `watch`: its log, metrics and hooks, as the options of the command line ask for them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sync_core::Clock;
use sync_service::SystemClock;
use sync_service::watch::{Gate, HookParts, HookSender, Hooks, Metrics, WatchObserver};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::args::WatchArgs;
use super::failure::Failure;
use super::hooks::{BeforeCommand, CommandHook};
use super::known_logins::KnownLogins;
use super::metrics::MetricsListener;
use super::secret_variables::SecretVariables;
use super::terminal::print_err;
use super::watch_log::WatchLog;
use super::webhook::{Place, Webhook};
use super::wiring;

/// The time that hooks get after the last run of `watch --once-due`.
const LAST_HOOKS: Duration = Duration::from_secs(60);

/// The outputs of a watcher. Their tasks end when the value is dropped.
pub(crate) struct Telling {
    log: Arc<dyn WatchObserver>,
    metrics: Option<Arc<dyn WatchObserver>>,
    hooks: Vec<Arc<Hooks>>,
    gate: Arc<dyn Gate>,
    tasks: JoinSet<()>,
}

impl Telling {
    /// Opens the port of the metrics, and starts the tasks of the outputs.
    pub(crate) async fn begin(args: &WatchArgs, database: &Path, logins: Arc<KnownLogins>) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let mut tasks = JoinSet::new();
        let log: Arc<dyn WatchObserver> = Arc::new(WatchLog::new());
        let mut metrics: Option<Arc<dyn WatchObserver>> = None;
        if let Some(address) = args.metrics {
            let listener = MetricsListener::bind(address).await?;
            let gathered = Arc::new(Metrics::new(Arc::clone(&clock)));
            metrics = Some(Arc::clone(&gathered) as _);
            tasks.spawn(async move { match listener.serve(gathered).await {} });
        }
        let observer: Arc<dyn WatchObserver> =
            Arc::new([Arc::clone(&log)].into_iter().chain(metrics.clone()).collect::<Vec<_>>());
        let secrets = Arc::new(SecretVariables::new(Arc::new(wiring::Caches::new(database)), args.webhook_env.clone()));
        let senders: [Arc<dyn HookSender>; 2] = [
            Arc::new(CommandHook::new(args.on_change.clone(), Arc::clone(&secrets))),
            Arc::new(Webhook::new(args.webhook())),
        ];
        let hooks = senders.map(|sender| {
            Arc::new(Hooks::new(HookParts {
                caches: Arc::new(wiring::Caches::new(database)),
                sender,
                logins: Arc::clone(&logins) as _,
                clock: Arc::clone(&clock),
                timer: Arc::new(wiring::TokioTimer),
                observer: Arc::clone(&observer),
                always: args.always,
            }))
        });
        for hook in hooks.clone() {
            tasks.spawn(async move { match hook.run().await {} });
        }
        let gate = Arc::new(BeforeCommand::new(args.before.clone(), secrets));
        Ok(Self { log, metrics, hooks: hooks.into(), gate, tasks })
    }

    /// Returns the observers of the watcher's events.
    pub(crate) fn observers(&self) -> Vec<Arc<dyn WatchObserver>> {
        let hooks = self.hooks.iter().map(|hooks| Arc::clone(hooks) as _);
        [Arc::clone(&self.log)].into_iter().chain(self.metrics.clone()).chain(hooks).collect()
    }

    /// Returns the gate that is asked before a run.
    pub(crate) fn gate(&self) -> Arc<dyn Gate> {
        Arc::clone(&self.gate)
    }

    /// Waits until the last results are told, the time limit is over, or the user cancels.
    pub(crate) async fn finish(mut self, cancel: &CancellationToken) {
        let all = async {
            for hooks in &self.hooks {
                hooks.idle().await;
            }
        };
        let told = cancel.run_until_cancelled(tokio::time::timeout(LAST_HOOKS, all)).await;
        if matches!(told, Some(Err(_))) {
            let limit = LAST_HOOKS.as_secs();
            print_err(&format!("warning: a hook could not be told within {limit} s, and is not tried again"));
        }
        self.tasks.shutdown().await;
    }
}

impl WatchArgs {
    /// Returns where the command line says that the webhook's address is.
    fn webhook(&self) -> Option<Place> {
        let file = self.webhook_file.clone().map(Place::File);
        file.or_else(|| self.webhook_env.clone().map(Place::Variable))
    }
}
