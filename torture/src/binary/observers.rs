//! A program that uses the library and panics when it is told the progress of a run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sync_app::{Database, SystemClock};
use sync_core::{Engine, Observer, ProfileId, Progress, SyncOptions};
use sync_tests::canary::{PASSWORD, USERNAME};
use sync_xtream::{Credentials, PanelAddress, XtreamConfig, XtreamSource};
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::judge::{self, demand};
use super::scene::{HOME, Scene};
use crate::Outcome;

/// Panics at the n-th message.
struct Panicking(AtomicU64);

/// The text of the panic. No output may contain it.
struct Enough;

impl Observer for Panicking {
    fn progress(&self, _: Progress) {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::panic::resume_unwind(Box::new(Enough));
        }
    }
}

pub(crate) fn that_panic(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let at = rng.u64(1..25);
    scene.note(format!("a panic at message {at}"));
    let before = scene.look()?;
    let ended = catch_unwind(AssertUnwindSafe(|| run(scene, Arc::new(Panicking(AtomicU64::new(at))))));
    let panicked = match ended {
        Ok(outcome) => {
            outcome?;
            false
        }
        Err(told) => {
            demand!(told.is::<Enough>(), "another panic");
            true
        }
    };
    judge::each_kind(&before, &scene.look()?, &scene.catalogue())?;
    scene.tally.count(Fault::Observer, if panicked { "in a run" } else { "after its last message" });
    scene.agree().map(|_| ())
}

fn run(scene: &Scene<'_>, observer: Arc<dyn Observer>) -> Outcome {
    let address = PanelAddress::parse(&scene.panel.base_url())?.address;
    let config = XtreamConfig::new().system_proxy(false).requests_per_second(1000.0);
    let source = XtreamSource::new(address, Credentials::new(USERNAME, PASSWORD), config)?;
    let database = Database::open(&scene.database)?;
    let (profile, cancel) = (ProfileId::new(HOME)?, CancellationToken::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let engine = Engine::new(Arc::new(source), Arc::new(database.store().clone()), Arc::new(SystemClock::new()));
    let engine = engine.with_observer(observer);
    runtime.block_on(engine.run(&profile, &SyncOptions::default(), &cancel));
    Ok(())
}
