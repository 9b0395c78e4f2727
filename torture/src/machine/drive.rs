//! Drives the runs of a step: one call at a time, in a random order, with the faults of the plan.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use sync_core::{Engine, PerKind, SyncOptions, SyncReport};

use super::Machine;
use super::desk::{Call, Side, Ticket, Verdict};
use super::run::Run;
use super::source::PanelSource;
use super::step::{RunPlan, Trouble, UserEdit, What};
use super::store::TorturedStore;
use crate::campaign::Violation;
use crate::dice::Dice;
use crate::promise;
use crate::tally::{AFTER, INSIDE, KILL};

/// No run has this many calls. A run with more has no end (I12).
const CALLS_MAX: u32 = 20_000;

/// The number of calls that may still be decided after a cancellation: those under way, and those of the end of the
/// run.
const AFTER_CANCEL_MAX: u32 = 12;

/// A run under way.
struct Live {
    run: Arc<Run>,
    plan: RunPlan,
    future: Option<Pin<Box<dyn Future<Output = SyncReport>>>>,
    /// How often each call got to each side, and the sum of all calls.
    met: BTreeMap<(Call, Side), u16>,
    calls: u32,
}

/// The end of a run.
pub(crate) struct Ended {
    pub(crate) run: Arc<Run>,
    pub(crate) plan: RunPlan,
    /// The report; `None` if the process died.
    pub(crate) report: Option<SyncReport>,
}

/// Runs these runs together. Returns their ends.
pub(crate) async fn together(
    machine: &mut Machine,
    plans: &[RunPlan],
    edits: &[(u16, UserEdit)],
    salt: u64,
) -> Result<Vec<Ended>, Violation> {
    let mut dice = Dice::new(salt);
    let mut ended = Vec::new();
    let mut live = Vec::new();
    for plan in plans {
        live.push(begin(machine, plan)?);
    }
    let mut decided = 0;
    let mut edits = edits.to_vec();
    loop {
        for at in (0..live.len()).rev() {
            if let Some(report) = settle(&mut live[at]).await? {
                let Live { run, plan, .. } = live.remove(at);
                ended.push(Ended { run, plan, report: Some(report) });
            }
        }
        machine.check_broken()?;
        let waiting: Vec<(usize, Ticket)> = live
            .iter()
            .enumerate()
            .flat_map(|(at, live)| live.run.desk.waiting().into_iter().map(move |ticket| (at, ticket)))
            .collect();
        if live.is_empty() {
            break;
        }
        promise!(!waiting.is_empty(), "a run waits for nothing at all (I12)");
        decided += 1;
        // A process that died in the middle of an apply does nothing more. Its state is read before anything else
        // happens.
        let dying = |at: usize, ticket: &Ticket| {
            (ticket.call, ticket.side) == (Call::Apply, Side::After) && live[at].run.notes().dying.is_some()
        };
        let first = waiting.iter().position(|(at, ticket)| dying(*at, ticket));
        if first.is_none() {
            let (due, later): (Vec<_>, _) = edits.into_iter().partition(|(at, _)| *at <= decided);
            edits = later;
            for (_, edit) in due {
                machine.user(edit).await?;
            }
        }
        let (at, ticket) = waiting[first.unwrap_or_else(|| dice.below(waiting.len()))];
        if let Some(process) = decide(machine, &mut live[at], ticket)? {
            let site = live[at].run.site;
            let (dead, alive): (Vec<_>, Vec<_>) = live.into_iter().partition(|live| live.plan.process == process);
            live = alive;
            if live.is_empty() {
                machine.freeze(site)?;
            }
            let mut gone = Vec::new();
            for Live { run, plan, future, .. } in dead {
                drop(future);
                gone.push(Ended { run, plan, report: None });
            }
            machine.bury(site, process, live.is_empty())?;
            for one in &gone {
                machine.autopsy(&one.run).await?;
            }
            ended.extend(gone);
        }
    }
    Ok(ended)
}

fn begin(machine: &mut Machine, plan: &RunPlan) -> Result<Live, Violation> {
    let (profile, guard, retention, now) = {
        let world = machine.world.inner();
        let site = &world.sites[plan.profile];
        (site.profile.clone(), site.guard, site.retention, world.now)
    };
    let options = SyncOptions {
        mode: plan.mode,
        kinds: plan.kinds.clone(),
        policy: plan.policy,
        guard,
        retention,
        accept_removals: plan.consent,
        dry_run: plan.dry_run,
        probe: plan.probe,
        next_look: PerKind::from_fn(|_| plan.probe.then_some(now + 3600)),
        ..SyncOptions::default()
    };
    let run = Run::new(plan.profile, machine.backend(plan.profile).told(options), &machine.world);
    let store = TorturedStore {
        run: Arc::clone(&run),
        inner: machine.process(plan.profile, plan.process)?,
        eye: machine.eye(plan.profile)?,
        backend: Arc::clone(machine.backend(plan.profile)),
    };
    let own = Arc::clone(&run);
    let future = Box::pin(async move {
        let engine = Engine::new(Arc::new(PanelSource(Arc::clone(&own))), Arc::new(store), Arc::clone(&own.world) as _);
        engine.run(&profile, &own.options, &own.cancel).await
    });
    Ok(Live { run, plan: plan.clone(), future: Some(future), met: BTreeMap::new(), calls: 0 })
}

/// A waker that records whether the run was woken, and passes the call on.
struct Bell {
    rung: AtomicBool,
    outer: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Relaxed);
        self.outer.wake_by_ref();
    }
}

/// Lets a run go on until all of its calls wait at the desk. Returns its report if it has ended.
async fn settle(live: &mut Live) -> Result<Option<SyncReport>, Violation> {
    let Some(future) = live.future.as_mut() else { return Ok(None) };
    let desk = &live.run.desk;
    let report = poll_fn(|cx| {
        let bell = Arc::new(Bell { rung: AtomicBool::new(false), outer: cx.waker().clone() });
        let waker = Waker::from(Arc::clone(&bell));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(report) => Poll::Ready(Some(report)),
            // A call is at work, or the run has more to do. The waker asks it again.
            Poll::Pending if desk.is_busy() || bell.rung.load(Ordering::Relaxed) => Poll::Pending,
            Poll::Pending => Poll::Ready(None),
        }
    })
    .await;
    Ok(report)
}

/// Decides about a call. Returns the process that dies of the decision, if there is one.
fn decide(machine: &Machine, live: &mut Live, ticket: Ticket) -> Result<Option<usize>, Violation> {
    let Ticket { call, side, .. } = ticket;
    live.calls += 1;
    promise!(live.calls < CALLS_MAX, "a run has no end (I12)");
    let nth = live.met.entry((call, side)).or_default();
    *nth += 1;
    let (nth, calls) = (*nth, live.calls);
    {
        let mut notes = live.run.notes();
        if let Some(since) = &mut notes.since_cancelled {
            *since += 1;
            promise!(*since <= AFTER_CANCEL_MAX, "a run was cancelled and goes on: {call:?}, {side:?} (I12)");
        }
    }
    let mut world = machine.world.inner();
    world.trace.text(&format!("{call:?} {side:?}"));
    if live.run.notes().dying.is_some() && (call, side) == (Call::Apply, Side::After) {
        return Ok(Some(live.plan.process));
    }
    let meets = |trouble: &&Trouble| match trouble.at.call {
        None => u32::from(trouble.at.nth) == calls,
        Some(at) => (at, trouble.at.side, trouble.at.nth) == (call, side, nth),
    };
    let what = live.plan.troubles.iter().find(meets).map(|trouble| trouble.what);
    // The result of these calls is committed, so it can't be reported as a failure.
    let told = side == Side::After && matches!(call, Call::Apply | Call::FinishRun);
    let verdict = match what {
        Some(What::Crash) => {
            let how = match (call, side) {
                (Call::Apply, Side::After) if live.run.notes().committed => AFTER,
                _ => "elsewhere",
            };
            world.tally.count(KILL, how);
            return Ok(Some(live.plan.process));
        }
        Some(What::CrashInside(share)) if (call, side) == (Call::Apply, Side::Before) => {
            world.tally.count(KILL, INSIDE);
            Verdict::Die(share)
        }
        Some(What::FaultInside(number)) if (call, side) == (Call::Apply, Side::Before) => {
            world.tally.count("fault", INSIDE);
            Verdict::Break(number)
        }
        Some(What::Cancel) => {
            world.tally.count("cancel", "at a call");
            live.run.cancel.cancel();
            live.run.notes().since_cancelled.get_or_insert(0);
            Verdict::Go
        }
        Some(What::Fault(number)) if !told => {
            world.tally.count("fault", if call.is_source() { "of the panel" } else { "of the store" });
            Verdict::Fail(number)
        }
        Some(What::LoseLease) => {
            let lease = Arc::clone(&live.run.notes().lease);
            let lost = lease.lock().expect("nothing panics while holding it").take();
            if lost.is_some() {
                world.tally.count("lease", "lost");
                world.sites[live.run.site].holders -= 1;
            }
            drop(world);
            drop(lost);
            Verdict::Go
        }
        _ => Verdict::Go,
    };
    live.run.desk.decide(ticket, verdict);
    Ok(None)
}
