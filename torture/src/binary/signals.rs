//! SIGINT, SIGTERM and SIGHUP: the first ends a run in order, the second at once.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use sync_sqlite::stop;
use sync_tests::{Action, Behaviour, Kind};

use super::fault::Fault;
use super::judge::{self, demand};
use super::kills::Moment;
use super::program::{Ran, Running};
use super::scene::{HOME, Scene};
use super::snapshot::Snapshot;
use crate::Outcome;

/// The longest time for which a run may go on after a signal.
const PROMPT: Duration = Duration::from_secs(2);
/// The same after a second signal.
const AT_ONCE: Duration = Duration::from_secs(1);

const CANCELLED: i32 = 130;

pub(crate) fn at_some_moment(scene: &mut Scene<'_>, rng: &mut fastrand::Rng) -> Outcome {
    scene.step(rng);
    let before = scene.look()?;
    let signal = *rng.choice(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]).unwrap_or(&Signal::SIGINT);
    let ran = match rng.u32(..4) {
        0 => while_the_panel_is_silent(scene, rng, signal)?,
        1 => twice(scene, rng, signal)?,
        2 => at_a_point(scene, rng, signal)?,
        _ => at_random(scene, rng, signal)?,
    };
    scene.panel.behave();
    if let Some(ran) = ran {
        told(scene, &before, &ran)?;
    }
    scene.agree().map(|_| ())
}

/// Ends a run, and checks that it ends in time.
fn ended(scene: &Scene<'_>, running: Running, sent: Instant, within: Duration) -> Outcome<Ran> {
    let ran = scene.watched(running.end())?;
    let took = sent.elapsed();
    demand!(took < within, "it took {took:?} to end: {ran:?}");
    Ok(ran)
}

/// Checks that the report states the real result of each kind.
fn told(scene: &Scene<'_>, before: &Snapshot, ran: &Ran) -> Outcome {
    let after = scene.look()?;
    let became = judge::each_kind(before, &after, &scene.catalogue())?;
    if ran.stdout.is_empty() {
        // The run had not begun, or was ended at once.
        demand!(ran.code == Some(CANCELLED), "no report: {ran:?}");
        return Ok(());
    }
    let report = ran.report()?;
    let cancelled = report["status"] == "cancelled";
    demand!(ran.code == Some(if cancelled { CANCELLED } else { 0 }), "the code is not the report's: {ran:?}");
    judge::as_reported(&report, became, &after, &scene.catalogue())
}

/// Returns whether the signal came before the command listened for signals. The command dies of it, which is
/// equivalent.
fn was_too_early(ran: &Ran) -> bool {
    ran.signal.is_some() && ran.stderr.is_empty()
}

fn at_random(scene: &mut Scene<'_>, rng: &mut fastrand::Rng, signal: Signal) -> Outcome<Option<Ran>> {
    let part = rng.f64();
    scene.note(format!("{signal} at {:.0} % of its time", part * 100.0));
    let mut running = Running::start(scene.sync(&[HOME]))?;
    std::thread::sleep(scene.typical.mul_f64(part));
    if !running.has_ended() {
        running.signal(signal)?;
    }
    let ran = ended(scene, running, Instant::now(), PROMPT)?;
    if was_too_early(&ran) {
        scene.tally.count(Fault::Signal, "before it began");
        return Ok(None);
    }
    scene.tally.count(Fault::Signal, if ran.code == Some(0) { "at random, when all was done" } else { "at random" });
    Ok(Some(ran))
}

/// Sends a signal while the command is stopped at a point, so that the signal is there when it goes on.
fn at_a_point(scene: &mut Scene<'_>, rng: &mut fastrand::Rng, signal: Signal) -> Outcome<Option<Ran>> {
    let Moment::Point(point, time) = Moment::within(rng) else { return Ok(None) };
    scene.note(format!("{signal} at {point}:{time}"));
    let go = scene.folder().join("go");
    let mut command = scene.sync_until(point, time);
    command.env(stop::GO, &go);
    let running = Running::start(command)?;
    let stopped = running.is_stopped();
    if stopped {
        scene.tally.stopped(point);
        running.signal(signal)?;
        demand!(running.says("stopping"), "it doesn't say that it stops");
    }
    std::fs::write(&go, "")?;
    let ran = ended(scene, running, Instant::now(), PROMPT)?;
    std::fs::remove_file(go)?;
    scene.tally.count(Fault::Signal, if stopped { "at a point" } else { "too late" });
    Ok(Some(ran))
}

/// Sends two signals to a command that can't come to an end. The second signal ends it at once.
fn twice(scene: &mut Scene<'_>, rng: &mut fastrand::Rng, signal: Signal) -> Outcome<Option<Ran>> {
    let Moment::Point(point, time) = Moment::within(rng) else { return Ok(None) };
    scene.note(format!("{signal} twice at {point}:{time}"));
    let mut running = Running::start(scene.sync_until(point, time))?;
    if !running.is_stopped() {
        scene.tally.count(Fault::Signal, "too late");
        return scene.watched(running.end()).map(Some);
    }
    scene.tally.stopped(point);
    running.signal(signal)?;
    demand!(running.says("stopping"), "it doesn't say that it stops");
    demand!(!running.has_ended(), "it ended where it was to wait");
    running.signal(signal)?;
    let ran = ended(scene, running, Instant::now(), AT_ONCE)?;
    demand!(ran.code == Some(CANCELLED), "it ended with another code: {ran:?}");
    scene.tally.count(Fault::Signal, "twice");
    Ok(Some(ran))
}

fn while_the_panel_is_silent(scene: &mut Scene<'_>, rng: &mut fastrand::Rng, signal: Signal) -> Outcome<Option<Ran>> {
    let kind = *rng.choice(&Kind::ALL).unwrap_or(&Kind::Movies);
    let action =
        *rng.choice(&[Action::Account, Action::categories(kind), Action::listing(kind)]).unwrap_or(&Action::Account);
    let silent = [Behaviour::Hang, Behaviour::HangAfter(rng.u64(1..200)), Behaviour::status(503)];
    let silent = rng.choice(silent).unwrap_or(Behaviour::Hang);
    scene.note(format!("{signal} while {action:?} has no answer"));
    scene.panel.on(action, silent);
    scene.panel.forget_requests();
    // The wait between attempts is an hour. A command that doesn't notice the signal never ends.
    let args = ["sync", "--json", "--backoff", "3600", "--requests-per-second", "1000", HOME];
    let running = Running::start(scene.command(&args))?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while scene.panel.request_count(action) == 0 {
        demand!(Instant::now() < deadline, "it does not ask for {action:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    running.signal(signal)?;
    let ran = ended(scene, running, Instant::now(), PROMPT)?;
    demand!(ran.code == Some(CANCELLED), "it ended with another code: {ran:?}");
    scene.tally.count(Fault::Signal, "while the panel was silent");
    Ok(Some(ran))
}
