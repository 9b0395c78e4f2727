//! The second and the third engine: the engine of the core over both ports, with every fault that the panel, the store,
//! the clocks and the processes can have. The one runs over the store in memory, the other over SQLite. One seed is one
//! schedule: steps, order of calls, faults. A second cache of the same kind follows the first one by change sets.

mod again;
mod applied;
mod backend;
#[cfg(test)]
mod broken;
mod change_set;
mod check;
mod desk;
mod draw;
mod drive;
mod faults;
mod feed;
mod overlay;
mod panel;
mod pass_on;
mod removal;
mod report;
mod run;
mod search;
mod shrink;
mod source;
mod sqlite;
mod state;
mod step;
mod store;
mod undo;
mod world;

use std::sync::Arc;

use sync_core::LoggedChange;
use sync_core::{ContentId, ContentKind, KindOutcome, PerKind, SyncMode};

use crate::campaign::{self, Passed, Violation};
use crate::dice::Dice;
use crate::elements::fill;
use crate::planner::model::{Meaning, Rules, laid_over, meaning};
use crate::{promise, show};
use backend::{Backend, Memory, TestedStore};
use draw::PROCESSES;
use drive::Ended;
use run::Run;
use state::State;
use step::{ExportPlan, Lie, Mood, RunPlan, Step, UndoHow, UndoPlan, UserEdit};
use store::still;
use world::World;

/// The machine: a world, and the caches in it.
pub(crate) struct Machine {
    world: Arc<World>,
    /// The cache that asks the panels, and the one that follows it.
    places: [Place; 2],
    sets: change_set::Pool,
}

/// A cache, and the processes that have it open.
struct Place {
    backend: Arc<dyn Backend>,
    processes: [Option<Arc<dyn TestedStore>>; PROCESSES],
    /// A handle for reading, which no fault hits.
    eye: Option<Arc<dyn TestedStore>>,
}

impl Place {
    fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, processes: Default::default(), eye: None }
    }
}

/// Makes a new place for data.
type Ground = fn() -> Arc<dyn Backend>;

/// A place in memory.
pub(crate) const PORTS: Ground = || Arc::new(Memory::default());

/// A place in a file.
pub(crate) const SQLITE: Ground = || Arc::new(sqlite::Sqlite::new());

/// Runs the schedule of a seed.
pub(crate) fn case(ground: Ground, seed: u64) -> Result<Passed, Violation> {
    let (world, steps) = drawn(seed);
    run(ground(), world, &steps)
}

/// Reports the violation in the schedule of a seed, and the smallest schedule that has it.
pub(crate) fn story(ground: Ground, seed: u64, violation: Violation) -> String {
    let (world, steps) = drawn(seed);
    let fails = |steps: &[Step]| campaign::caught(|| run(ground(), world, steps)).err();
    shrink::story(&steps, violation, &fails)
}

fn drawn(seed: u64) -> (u64, Vec<Step>) {
    let mut dice = Dice::new(seed);
    (dice.salt(), draw::schedule(&mut dice))
}

/// Runs a schedule.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes one for this schedule")]
fn run(backend: Arc<dyn Backend>, world: u64, steps: &[Step]) -> Result<Passed, Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs nothing");
    runtime.block_on(async {
        let places = [Place::new(Arc::clone(&backend)), Place::new(backend.another())];
        let mut machine = Machine { world: Arc::new(World::new(world)), places, sets: change_set::Pool::default() };
        for (number, step) in steps.iter().enumerate() {
            let done = Box::pin(machine.step(step)).await;
            done.map_err(|violation| Violation(format!("step {}, {step:?}: {}", number + 1, violation.0)))?;
        }
        Box::pin(machine.calm(world)).await.map_err(|violation| Violation(format!("at the end: {}", violation.0)))?;
        let inner = machine.world.inner();
        Ok(Passed { trace: inner.trace.digest(), tally: inner.tally.clone() })
    })
}

fn store_failed(error: &sync_core::StoreError) -> Violation {
    Violation::new(format!("the store fails where nothing is wrong: {error}"))
}

impl Machine {
    fn place(&mut self, site: usize) -> &mut Place {
        &mut self.places[site / world::PROFILES]
    }

    fn backend(&self, site: usize) -> &Arc<dyn Backend> {
        &self.places[site / world::PROFILES].backend
    }

    /// Returns the store of a profile, as a process has it.
    fn process(&mut self, site: usize, at: usize) -> Result<Arc<dyn TestedStore>, Violation> {
        self.world.used(site);
        let place = self.place(site);
        open(&mut place.processes[at], place.backend.as_ref())
    }

    fn eye(&mut self, site: usize) -> Result<Arc<dyn TestedStore>, Violation> {
        let place = self.place(site);
        open(&mut place.eye, place.backend.as_ref())
    }

    fn check_broken(&self) -> Result<(), Violation> {
        self.world.inner().broken.take().map_or(Ok(()), Err)
    }

    /// Prepares the end of every process that has the cache of a profile open.
    fn freeze(&self, site: usize) -> Result<(), Violation> {
        self.backend(site).freeze()
    }

    /// Ends a process, or all processes that have this cache open if `all`.
    fn bury(&mut self, site: usize, process: usize, all: bool) -> Result<(), Violation> {
        let place = self.place(site);
        place.processes[process] = None;
        if all {
            place.processes = Default::default();
            place.eye = None;
            place.backend.thaw()?;
        } else {
            place.backend.survived();
        }
        Ok(())
    }

    /// Checks a kind after its process died in the middle of an apply. The kind is old or new.
    async fn autopsy(&mut self, run: &Run) -> Result<(), Violation> {
        let Some(kind) = run.notes().dying.take() else { return Ok(()) };
        let Some(state) = self.look(run.site).await? else { return Ok(()) };
        let known = self.world.inner().sites[run.site].known.clone();
        let Some(known) = known else { return Ok(()) };
        if still(&known, &state, "").is_err() {
            self.world.count("torn commit", "that left the new state");
            check::applied(run, &known, &state, kind)
                .map_err(|Violation(told)| Violation(format!("neither old nor new after a death (I2): {told}")))?;
            if let Some((id, found)) = run.notes().found.take() {
                self.world.inner().sites[run.site].history.wrote(id, kind, &known, &state, found);
            }
            run.accept(state, true);
        }
        Ok(())
    }

    /// Returns the present state of a profile.
    async fn look(&mut self, site: usize) -> Result<Option<State>, Violation> {
        if !self.world.inner().sites[site].is_used {
            return Ok(None);
        }
        let eye = self.eye(site)?;
        let (profile, known) = {
            let world = self.world.inner();
            (world.sites[site].profile.clone(), world.sites[site].known.clone())
        };
        State::read(eye.as_ref(), &profile, known.as_ref()).await.map_err(|error| store_failed(&error))
    }

    async fn step(&mut self, step: &Step) -> Result<(), Violation> {
        match step {
            Step::Server { profile, kind, change, salt } => {
                self.world.count("step", "of the panel");
                self.world.inner().panel(*profile).change(*kind, *change, *salt);
            }
            Step::Lie { profile, kind, lie, salt } => {
                self.world.count("step", "to a lie");
                self.world.inner().panel(*profile).lies[*kind] = Some((*lie, *salt));
            }
            Step::Honest { profile } => self.world.inner().panel(*profile).lies = PerKind::default(),
            Step::Account { profile, mood } => self.world.inner().panel(*profile).mood = *mood,
            Step::Runs { runs, edits, salt } => drop(self.runs(runs, edits, *salt).await?),
            Step::User(edit) => self.user(*edit).await?,
            Step::Undo(plan) => self.undo(*plan).await?,
            Step::Twice { profile } => Box::pin(self.twice(*profile)).await?,
            Step::Export(plan) => self.export(plan).await?,
            Step::Apply(plan) => Box::pin(self.apply(plan)).await?,
            Step::Settings { profile } => self.settings(*profile).await?,
            Step::Reopen { process } => self.places.iter_mut().for_each(|place| place.processes[*process] = None),
            Step::Clock { ours, panels } => {
                self.world.count("step", "of a clock");
                let mut world = self.world.inner();
                world.now += i64::from(*ours) * 3600;
                world.latest = world.latest.max(world.now);
                world.ahead += i64::from(panels - ours) * 3600;
            }
        }
        // A change of a panel or of a clock touches no cache. To look at the cache costs more than all the rest.
        match step {
            Step::Runs { .. }
            | Step::User(_)
            | Step::Undo(_)
            | Step::Twice { .. }
            | Step::Export(_)
            | Step::Apply(_)
            | Step::Settings { .. }
            | Step::Reopen { .. } => self.settle().await,
            Step::Server { .. }
            | Step::Lie { .. }
            | Step::Honest { .. }
            | Step::Account { .. }
            | Step::Clock { .. } => Ok(()),
        }
    }

    /// Runs several syncs at the same time, and compares their reports with what they did.
    async fn runs(&mut self, plans: &[RunPlan], edits: &[(u16, UserEdit)], salt: u64) -> Result<Vec<Ended>, Violation> {
        let ended = drive::together(self, plans, edits, salt).await?;
        for one in &ended {
            let state = self.look(one.run.site).await?;
            report::check(&one.run, &one.plan, one.report.as_ref(), state.as_ref())?;
            if let Some(report) = &one.report {
                self.world.inner().trace.text(&format!("{} {:?}", report.status, report.counts()));
            }
        }
        self.world.count("step", "with runs");
        Ok(ended)
    }

    /// Checks after a step that every profile is in its known state.
    async fn settle(&mut self) -> Result<(), Violation> {
        self.check_broken()?;
        let sites = self.world.inner().sites.len();
        for site in 0..sites {
            let Some(state) = self.look(site).await? else { continue };
            state.check()?;
            let profile = self.world.inner().sites[site].profile.clone();
            search::agrees(self.eye(site)?.as_ref(), &profile, &state).await?;
            let page = self.eye(site)?.feed_page(&profile, 0, u32::MAX).await.map_err(|error| store_failed(&error))?;
            {
                let mut world = self.world.inner();
                world.sites[site].history.check(&state, &page)?;
                world.sites[site].history.remember(&state);
                if let Some(known) = &world.sites[site].known {
                    still(known, &state, "and nobody wrote")?;
                }
                state.feed(&mut world.trace);
            }
            self.sets.remember(site, &state);
            self.check_hashes(site, &state).await?;
            self.world.inner().sites[site].known = Some(state);
        }
        for (at, place) in self.places.iter().enumerate() {
            let own = at * world::PROFILES..(at + 1) * world::PROFILES;
            let sites = &self.world.inner().sites[own];
            let profiles: Vec<_> = sites.iter().filter(|site| site.is_used).map(|site| site.profile.clone()).collect();
            if !profiles.is_empty() {
                place.backend.check(&profiles)?;
            }
        }
        Ok(())
    }

    /// Does what a user does, and checks the result.
    async fn user(&mut self, edit: UserEdit) -> Result<(), Violation> {
        let site = edit.profile();
        let profile = self.world.inner().sites[site].profile.clone();
        if let UserEdit::Export { profile, salt } = edit {
            return self.export(&ExportPlan::plain(profile, salt)).await;
        }
        let store = self.eye(site)?;
        let Some(before) = self.look(site).await? else { return Ok(()) };
        self.world.count("step", "of a user");
        match edit {
            UserEdit::Export { .. } => {}
            UserEdit::Clear { .. } => {
                store.clear(&profile).await.map_err(|error| store_failed(&error))?;
                let after = self.look(site).await?.ok_or_else(|| Violation::new("clearing took the profile"))?;
                for (kind, state) in after.kinds.iter() {
                    let empty = state.rows.is_empty() && state.categories.is_empty() && state.held.is_empty();
                    let new = !state.applied_before && state.last_sync.is_none() && state.validator.is_none();
                    promise!(empty && new, "{kind} survived clearing");
                }
                let mut world = self.world.inner();
                world.sites[site].history.cleared(&before, &after)?;
                world.sites[site].known = Some(after);
            }
            UserEdit::Overlay { profile, kind, edit, salt } => {
                return Box::pin(self.overlay(profile, kind, edit, salt)).await;
            }
            UserEdit::Undo { profile, back, kind } => {
                return self.undo(UndoPlan { process: 0, profile, back, kind, how: UndoHow::Plain }).await;
            }
            UserEdit::Delete { kind, percent, salt, .. } => {
                let mut dice = Dice::new(salt);
                let ids = before.kind(kind).rows.keys().copied();
                let gone: Vec<_> = ids.filter(|_| dice.percent(percent)).map(ContentId).collect();
                let deleted = store.delete_content_by_ids(&profile, kind, gone.clone()).await;
                let deleted = deleted.map_err(|error| store_failed(&error))?;
                promise!(deleted == gone.len() as u64, "{} were to be deleted, {deleted} were", gone.len());
                let after = self.look(site).await?.ok_or_else(|| Violation::new("deleting took the profile"))?;
                let mut expected = before.clone();
                let state = &mut expected.kinds[kind];
                state.rows.retain(|id, _| !gone.contains(&ContentId(*id)));
                state.held.retain(|held| !gone.contains(&held.id));
                state.index =
                    if state.consistent { state.index.without(&gone) } else { after.kind(kind).index.clone() };
                promise!(
                    gone.is_empty() || after.kind(kind).validator.is_none(),
                    "{kind}: a validator outlived a deletion"
                );
                state.validator.clone_from(&after.kind(kind).validator);
                expected.changes.clone_from(&after.changes);
                still(&expected, &after, "beside what a user deleted")?;
                let logged = &after.changes[before.changes.len()..];
                let told = logged.iter().all(|it| it.run.is_none() && it.change == LoggedChange::Removed);
                promise!(told && logged.len() == gone.len(), "a deletion was logged as {logged:?}");
                self.world.inner().sites[site].known = Some(after);
            }
        }
        self.world.inner().sites[site].epoch += 1;
        Ok(())
    }

    /// I6: a sync without faults, and a second one, which writes nothing.
    async fn twice(&mut self, profile: usize) -> Result<(), Violation> {
        let first = self.runs(&[RunPlan::quiet(profile)], &[], 0).await?;
        let before = self.look(profile).await?;
        let again = self.runs(&[RunPlan::quiet(profile)], &[], 0).await?;
        let after = self.look(profile).await?;
        let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
        let now = self.world.inner().now;
        for kind in ContentKind::ALL {
            let outcome = |ended: &[Ended]| ended[0].report.as_ref().map(|report| report.kind(kind).outcome);
            let rests = matches!(outcome(&first), Some(KindOutcome::Completed | KindOutcome::Unchanged));
            let lie = self.world.inner().panel(profile).lies[kind].map(|(lie, _)| lie);
            let was_same = |ended: &[Ended]| ended[0].report.as_ref().is_some_and(|it| it.kind(kind).not_modified);
            // Fields that the panel changes by itself, and the way of asking, may make a difference.
            let moves = match lie {
                Some(Lie::Images | Lie::Stamps | Lie::Overloaded | Lie::Truncated | Lie::Duplicates | Lie::Tokens) => {
                    true
                }
                // The panel has called a changed list unmodified, and then sent it.
                Some(Lie::StaleVersions) => was_same(&first) && !was_same(&again),
                _ => false,
            };
            if rests && !moves {
                let listed = again[0].run.notes().heard[kind].taken().map(|taken| taken.order(|_| true));
                let listed = listed.unwrap_or_default().into_iter().collect();
                let expected = before.but_for_what_rests(&after, kind, now).but_for_unlisted(&after, kind, &listed);
                expected.check_still(&after, kind, "when it was synced once more (I6)")?;
                let outcome = outcome(&again);
                let unchanged = outcome == Some(KindOutcome::Unchanged) || expected != before;
                promise!(unchanged, "{kind}: once more ended as {outcome:?} (I6)");
            }
        }
        Ok(())
    }

    /// I11: all faults have ended, and two days have passed. One run brings the cache in step with the panel, or two if
    /// a person has to consent first.
    async fn calm(&mut self, salt: u64) -> Result<(), Violation> {
        {
            let mut world = self.world.inner();
            world.now = world.latest + 2 * 86_400;
            for panel in &mut world.panels {
                panel.lies = PerKind::default();
                panel.mood = Mood::Active;
            }
        }
        let sites = self.world.inner().sites.iter().map(|site| site.is_used).collect::<Vec<_>>();
        for site in (0..sites.len()).filter(|site| sites[*site]) {
            let mode = if Dice::new(salt).percent(30) { SyncMode::Full } else { SyncMode::Auto };
            let quiet = RunPlan { mode, ..RunPlan::quiet(site) };
            self.well(&quiet).await?;
            let held = self.look(site).await?.is_some_and(|state| state.kinds.values().any(|it| !it.held.is_empty()));
            if held {
                self.well(&RunPlan { consent: true, ..quiet.clone() }).await?;
                self.well(&quiet).await?;
            }
            self.agreement(site).await?;
            let before = self.look(site).await?;
            self.well(&RunPlan::quiet(site)).await?;
            let after = self.look(site).await?;
            if let (Some(before), Some(after)) = (before, after) {
                let now = self.world.inner().now;
                for kind in ContentKind::ALL {
                    let before = before.but_for_what_rests(&after, kind, now);
                    before.check_still(&after, kind, "when all was well and it was synced once more (I6)")?;
                }
            }
        }
        Ok(())
    }

    /// Runs a sync without faults.
    async fn well(&mut self, plan: &RunPlan) -> Result<(), Violation> {
        let ended = self.runs(std::slice::from_ref(plan), &[], 0).await?;
        let report = ended[0].report.as_ref().ok_or_else(|| Violation::new("a run died of nothing"))?;
        for kind in report.kinds.values() {
            let fine = matches!(kind.outcome, KindOutcome::Completed | KindOutcome::Unchanged | KindOutcome::Held);
            promise!(fine, "{}: {} although all is well: {:?} (I11)", kind.kind, kind.outcome, kind.error);
        }
        self.settle().await
    }

    /// Checks that the cache has what the panel lists, and nothing else.
    async fn agreement(&mut self, site: usize) -> Result<(), Violation> {
        let state = self.look(site).await?.ok_or_else(|| Violation::new("there is no profile"))?;
        let mut world = self.world.inner();
        let login = world.sites[site].login.clone();
        let panel = world.panel(site);
        for kind in ContentKind::ALL {
            let rows = &state.kind(kind).rows;
            let fields = &state.facts.kinds[kind].fields;
            let rules = Rules::of(kind, fields, sync_core::ChangePolicy::Fingerprint);
            let truth = &panel.truth[kind];
            for element in truth {
                let mut element = element.clone();
                fill(&mut element.item, &login);
                let element = &element;
                let row = rows.get(&element.item.id().0);
                let told = meaning(row, &laid_over(row, element), &rules);
                promise!(
                    told == Meaning::Unchanged,
                    "{kind}: {} beside {} (I11)",
                    show::row(row),
                    show::element(element)
                );
            }
            let extra: Vec<_> =
                rows.keys().filter(|id| !truth.iter().any(|element| element.item.id().0 == **id)).collect();
            promise!(extra.is_empty(), "{kind}: {extra:?} are not at the panel, and here (I11)");
            promise!(state.kind(kind).held.is_empty(), "{kind}: something is held still (I11)");
        }
        Ok(())
    }
}

fn open(slot: &mut Option<Arc<dyn TestedStore>>, backend: &dyn Backend) -> Result<Arc<dyn TestedStore>, Violation> {
    if slot.is_none() {
        *slot = Some(backend.open().map_err(|error| store_failed(&error))?);
    }
    Ok(Arc::clone(slot.as_ref().expect("it was just filled")))
}
