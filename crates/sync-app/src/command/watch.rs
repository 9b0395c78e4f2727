//! `watch`: makes the watcher, and turns its end into an exit code.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sync_core::{PerKind, ProfileId};
use sync_service::watch::{Caches, NotNow, WatchEnd, WatchEvent, WatchObserver, WatchOptions, Watcher};
use sync_service::{OverlayNews, SystemClock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::args::WatchCommand;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::known_logins::KnownLogins;
#[cfg(unix)]
use super::notify::Notifier;
use super::panel::Panels;
use super::telling::Telling;
use super::{json, one_profile, terminal, wiring};
use crate::SyncError;
use crate::json::Report;

/// Watches the named profiles, or all of them.
pub(crate) async fn run(database: &Path, args: &WatchCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let ids = args.ids.iter().map(ProfileId::new).collect::<Result<Vec<_>, _>>().map_err(SyncError::from)?;
    let checked = interrupt.token.run_until_cancelled(check_profiles(database, &ids)).await;
    checked.unwrap_or_else(|| Err(Failure::abandoned("nothing was begun")))?;
    // `--once-due` needs no lock: a profile that another program syncs is left to that program.
    let _lock = if args.once_due { None } else { Some(wiring::watch_lock(database)?) };
    let reload = Arc::new(Notify::new());
    if !args.once_due {
        interrupt.serve(Arc::clone(&reload));
    }
    let logins = Arc::new(KnownLogins::default());
    let telling = Telling::begin(&args.telling, database, Arc::clone(&logins)).await?;
    // The watcher ends by a signal, or because the reader of the results has gone. A run with `--once-due` ignores a
    // reader that has gone.
    let stop = interrupt.token.child_token();
    let unread = (!args.once_due).then(|| stop.clone());
    let results = Arc::new(Results { as_json: args.json, exit: Mutex::new(Exit::Done), unread });
    let mut observers: Vec<Arc<dyn WatchObserver>> = vec![Arc::clone(&results) as _];
    #[cfg(unix)]
    observers.push(Arc::new(Notifier::new()));
    observers.extend(telling.observers());
    let watcher = Watcher {
        caches: Arc::new(wiring::Caches::new(database)),
        sources: Panels::new(&args.panel, interrupt).with_logins(logins),
        clock: Arc::new(SystemClock::new()),
        timer: Arc::new(wiring::TokioTimer),
        zone: crate::zone_of_machine,
        gate: telling.gate(),
        observer: Arc::new(observers),
        progress: Arc::new(()),
        reload,
        options: WatchOptions {
            profiles: ids,
            schedule: args.schedule.clone(),
            once: args.once_due,
            deadline: args.panel.settings().listing_deadline,
            ..WatchOptions::default()
        },
    };
    let end = watcher.run(&stop).await;
    // A signal that comes while hooks are told ends only the telling. The runs that were due are done.
    let was_stopped = interrupt.token.is_cancelled();
    if args.once_due && !was_stopped {
        telling.finish(&interrupt.token).await;
    }
    match end {
        WatchEnd::NewerCache(error) | WatchEnd::CacheUnusable(error) => Err(error.into()),
        _ if args.once_due && was_stopped => Err(Failure::abandoned("what is committed stays")),
        _ if args.once_due => Ok(results.exit()),
        _ => Ok(Exit::Done),
    }
}

/// Fails if there is nothing to watch, or if the cache can't be used. An older cache is upgraded.
async fn check_profiles(database: &Path, ids: &[ProfileId]) -> Result<(), Failure> {
    if !database.exists() {
        return Err(ids.first().map_or_else(Failure::no_profile, |id| Failure::unknown_profile(id.as_str())));
    }
    let service = wiring::service(&wiring::Caches::new(database).for_writing().await?);
    if service.profiles(ids).await?.is_empty() {
        return Err(Failure::no_profile());
    }
    Ok(())
}

/// Prints the results of runs, and keeps the exit code that they ask for.
struct Results {
    as_json: bool,
    exit: Mutex<Exit>,
    /// The token that is cancelled when the reader of the results has gone.
    unread: Option<CancellationToken>,
}

impl Results {
    fn exit(&self) -> Exit {
        *self.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, exit: Exit) {
        let mut known = self.exit.lock().unwrap_or_else(PoisonError::into_inner);
        *known = known.or(exit);
    }
}

impl WatchObserver for Results {
    fn event(&self, event: &WatchEvent<'_>) {
        match event {
            WatchEvent::Ended { profile, report, trigger } => {
                if self.as_json {
                    let off: Vec<_> = profile.kinds_off.iter().copied().collect();
                    let login = one_profile::login(profile);
                    let news = PerKind::from_fn(|kind| OverlayNews::of(&report.overlay[kind], usize::MAX, &login));
                    let line = Report::from(*report).with_overlay(&news).with_off(&off).with_trigger(*trigger);
                    json::print_out(&line);
                    if let Some(unread) = self.unread.as_ref().filter(|_| terminal::is_closed()) {
                        unread.cancel();
                    }
                }
                self.add(Exit::of_report(report));
            }
            WatchEvent::Postponed { why: NotNow::NoSource(_), .. } => self.add(Exit::Usage),
            _ => {}
        }
    }
}
