//! Applies change sets with faults in between, and compares the profile afterwards with the set.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use sync_core::catalogue::ItemState;
use sync_core::{Clock, ContentId, ContentKind, Login, PerKind, RunStatus, Trigger};
use sync_service::{ApplyError, ApplyOutcome, ApplyReport, ApplyRequest, Service};
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, Gated, Reached};
use super::judge::{Expected, Judging};
use super::{Machine, Set, store_failed};
use crate::campaign::Violation;
use crate::machine::backend::Hidden;
use crate::machine::state::State;
use crate::machine::step::{ApplyPlan, ApplyTrouble, Damage, UserEdit};
use crate::machine::store::{same_numbers, still};
use crate::machine::world::{PROFILES, leader};
use crate::promise;
use crate::tally::{AFTER, INSIDE, KILL};

/// The time at which each row was last written.
type Written = BTreeMap<(ContentKind, i64), i64>;

/// An apply of a set under way.
struct Apply {
    set: Arc<Set>,
    site: usize,
    process: usize,
    login: Login,
    expected: Expected,
    is_damaged: bool,
    /// The state of the profile before; an empty one if there was no profile.
    base: Option<State>,
    hidden: Hidden,
    written_at: Option<Written>,
    /// The kinds that were written before something else happened.
    done: PerKind<bool>,
    /// The place where its process died.
    died: Option<&'static str>,
    is_cancelled: bool,
    /// Whether a user has changed rows meanwhile.
    is_disturbed: bool,
}

impl Machine {
    /// Applies a set, and in some plans a second time.
    pub(in crate::machine) async fn apply(&mut self, plan: &ApplyPlan) -> Result<(), Violation> {
        let own = leader(plan.profile);
        let of = if plan.is_foreign { (own + 1) % PROFILES } else { own };
        let sets = &self.sets.sets[of];
        let Some(at) = sets.len().checked_sub(1 + usize::from(plan.back)) else { return Ok(()) };
        let set = Arc::clone(&sets[at]);
        self.world.count("step", "with a change set");
        let damaged = plan.damage.map(|damage| spoilt(&set.bytes, damage));
        let bytes = damaged.clone().unwrap_or_else(|| set.bytes.clone());
        Box::pin(self.apply_once(plan, Arc::clone(&set), bytes, damaged.is_some(), plan.troubles.clone())).await?;
        if plan.again && !plan.troubles.is_empty() {
            let bytes = set.bytes.clone();
            Box::pin(self.apply_once(plan, set, bytes, false, Vec::new())).await?;
        }
        Ok(())
    }

    async fn apply_once(
        &mut self,
        plan: &ApplyPlan,
        set: Arc<Set>,
        bytes: Vec<u8>,
        is_damaged: bool,
        troubles: Vec<ApplyTrouble>,
    ) -> Result<(), Violation> {
        let site = plan.profile;
        self.world.used(site);
        let base = self.look(site).await?;
        let login = self.world.inner().sites[site].login.clone();
        let profile = self.world.inner().sites[site].profile.clone();
        let mut standing = None;
        if base.is_some() {
            let done = self.eye(site)?.complete_hashes(&profile, &login).await;
            done.map_err(|error| store_failed(&error))?;
            standing = Some(self.standing(site).await?);
        }
        let expected = Expected::of(&set, is_damaged, standing.as_ref(), base.as_ref());
        let hidden = self.backend(site).hidden(&profile)?;
        let mut apply = Apply {
            set,
            site,
            process: plan.process,
            login: login.clone(),
            expected,
            is_damaged,
            base,
            hidden,
            written_at: None,
            done: PerKind::default(),
            died: None,
            is_cancelled: false,
            is_disturbed: false,
        };
        if matches!(&apply.expected, Expected::Fits(written, _) if written.is_empty()) {
            apply.written_at = Some(self.written_at(&apply).await?);
        }
        let gate = Gate::new(troubles);
        let gated = Gated {
            gate: Arc::clone(&gate),
            inner: self.process(site, plan.process)?,
            eye: self.eye(site)?,
            backend: Arc::clone(self.backend(site)),
            world: Arc::clone(&self.world),
            site,
        };
        let clock: Arc<dyn Clock> = Arc::clone(&self.world) as _;
        let service = Service::new(Arc::new(gated), clock);
        let cancel = CancellationToken::new();
        let ended = {
            let request = ApplyRequest::new(login);
            let mut future = pin!(service.apply_changes(&profile, Cursor::new(bytes), request, &cancel));
            loop {
                let reached = match select(future.as_mut(), pin!(gate.reached())).await {
                    Either::Left((ended, _)) => break Some(ended),
                    Either::Right((reached, _)) => reached,
                };
                match reached {
                    Reached::Death(place) => {
                        self.freeze(site)?;
                        apply.died = Some(place);
                        break None;
                    }
                    Reached::Cancel => {
                        self.world.count("cancel", "of a change set");
                        apply.is_cancelled = true;
                        cancel.cancel();
                    }
                    Reached::User(edit) => self.meanwhile(&mut apply, edit).await?,
                }
                gate.go();
            }
        };
        drop(service);
        let has_died = ended.is_none();
        if has_died {
            self.bury(site, apply.process, true)?;
        }
        self.check_broken()?;
        Box::pin(self.judge(apply, ended, gate.has_failed())).await
    }

    /// Does what a user does while a set is applied.
    async fn meanwhile(&mut self, apply: &mut Apply, edit: UserEdit) -> Result<(), Violation> {
        if apply.base.is_none() {
            return Ok(());
        }
        let now = self.look(apply.site).await?;
        let now = now.ok_or_else(|| Violation::new("a change set took the profile (I21)"))?;
        let _ = self.take_in(apply, now, None)?;
        self.user(edit).await?;
        apply.is_disturbed |= matches!(edit, UserEdit::Delete { .. } | UserEdit::Clear { .. });
        apply.base.clone_from(&self.world.inner().sites[apply.site].known);
        self.world.count("change set", "beside a user");
        Ok(())
    }

    /// Checks that every kind is as before, or as in the set. Returns the kinds that were written since the last check.
    fn take_in(
        &mut self,
        apply: &mut Apply,
        after: State,
        run: Option<&ApplyReport>,
    ) -> Result<Vec<ContentKind>, Violation> {
        let base = apply.base.take().unwrap_or_else(|| after.as_if_new());
        let mut written = Vec::new();
        let now = self.world.inner().now;
        for kind in ContentKind::ALL {
            let judging = Judging {
                set: &apply.set,
                pool: &self.sets,
                site: apply.site,
                login: &apply.login,
                before: &base,
                after: &after,
                now,
                is_disturbed: apply.is_disturbed,
            };
            if judging.is_still(kind).is_ok() {
                continue;
            }
            promise!(!apply.done[kind], "{kind}: was written by a change set, and moved again (I21)");
            let counts = judging.is_applied(kind, run.and_then(|report| report.run))?;
            if let Some(report) = run {
                let told = report.kinds[kind];
                promise!(told == Some(counts), "{kind}: a change set tells {told:?}, {counts:?} happened (I7)");
            }
            apply.done[kind] = true;
            written.push(kind);
        }
        promise!(base.facts == after.facts, "facts moved with a change set (I21)");
        let mut rules = base.rules.clone();
        for kind in &written {
            rules.filters[*kind].meet(&after.kind(*kind).categories);
        }
        promise!(rules == after.rules, "rules moved with a change set (I8)");
        let profile = self.world.inner().sites[apply.site].profile.clone();
        let hidden = self.backend(apply.site).hidden(&profile)?;
        same_numbers(&apply.hidden, &hidden)?;
        if let Some(run) = after.runs.first().map(|run| run.run) {
            let site = &mut self.world.inner().sites[apply.site];
            for kind in &written {
                site.history.wrote(run, *kind, &base, &after, apply.hidden.clone());
            }
            site.epoch += written.len() as u64;
            site.known = Some(after.clone());
        }
        apply.hidden = hidden;
        apply.base = Some(after);
        Ok(written)
    }

    async fn judge(
        &mut self,
        mut apply: Apply,
        ended: Option<Result<ApplyReport, ApplyError>>,
        has_failed: bool,
    ) -> Result<(), Violation> {
        let site = apply.site;
        let before = apply.base.clone();
        let earlier = ContentKind::ALL.into_iter().filter(|kind| apply.done[*kind]).count();
        let after = self.look(site).await?;
        let mut written = Vec::new();
        let report = match &ended {
            Some(Ok(report)) => Some(report),
            _ => None,
        };
        if let Some(after) = &after {
            written = self.take_in(&mut apply, after.clone(), report.filter(|_| earlier == 0))?;
        } else {
            promise!(before.is_none(), "a change set took the profile (I21)");
            self.world.inner().sites[site].is_used = true;
        }
        let told = match ended {
            None => {
                let has_written = !written.is_empty() || earlier > 0;
                let place = apply.died.unwrap_or("elsewhere");
                self.world.count(KILL, if place != INSIDE && has_written { AFTER } else { place });
                "killed"
            }
            Some(Err(ApplyError::Cancelled)) if apply.is_cancelled => "cancelled",
            Some(Err(ApplyError::Store(_))) if has_failed => "failed",
            Some(Err(error)) => {
                return Err(Violation::new(format!("a change set fails where nothing is wrong: {error:?} (I21)")));
            }
            Some(Ok(ApplyReport { outcome: ApplyOutcome::Interrupted(error), written: told, .. })) => {
                promise!(!told.is_empty(), "a change set that wrote nothing is told as interrupted (I21)");
                match error {
                    ApplyError::Cancelled if apply.is_cancelled => "cancelled between kinds",
                    ApplyError::Store(_) if has_failed => "failed between kinds",
                    _ => {
                        let message = format!("a change set is interrupted where nothing is wrong: {error:?} (I21)");
                        return Err(Violation::new(message));
                    }
                }
            }
            Some(Ok(report)) => self.reported(&apply, &report, before.as_ref(), after.as_ref(), &written).await?,
        };
        if !written.is_empty() {
            self.inspect(site).await?;
        }
        self.world.count("change set", told);
        self.world.inner().trace.text(told);
        Ok(())
    }

    /// Checks that the outcome follows from the states of both sides.
    async fn reported(
        &mut self,
        apply: &Apply,
        report: &ApplyReport,
        before: Option<&State>,
        after: Option<&State>,
        written: &[ContentKind],
    ) -> Result<&'static str, Violation> {
        let expected = &apply.expected;
        match &report.outcome {
            ApplyOutcome::Refused(refusal) => {
                let fits = matches!(expected, Expected::Refused(reasons) if reasons.contains(&refusal.as_str()));
                let moved = apply.is_disturbed && refusal.as_str() == "from";
                promise!(fits || moved, "a change set is refused as {refusal}, expected was {expected:?} (I21)");
                let writes = written.is_empty() || moved;
                promise!(writes, "a change set was refused, and has written {written:?} (I21)");
                if !moved {
                    self.nothing_happened(apply, report, before, after).await?;
                }
                Ok(if apply.is_damaged { "refused, damaged" } else { refusal.as_str() })
            }
            ApplyOutcome::Already => {
                let fits = matches!(expected, Expected::Fits(must, _) if must.is_empty());
                promise!(fits || apply.is_disturbed, "a change set is told as there, expected was {expected:?} (I21)");
                if !apply.is_disturbed {
                    self.nothing_happened(apply, report, before, after).await?;
                }
                self.follows(apply);
                Ok("already there")
            }
            ApplyOutcome::Applied => {
                let (must, may) = match expected {
                    Expected::Fits(must, may) => (&must[..], &may[..]),
                    // The set may fit the rows that are left after a user has deleted some.
                    Expected::Refused(["from"]) if apply.is_disturbed => Default::default(),
                    Expected::Refused(_) => {
                        return Err(Violation::new(format!(
                            "a change set was applied, expected was {expected:?} (I21)"
                        )));
                    }
                };
                let after = after.ok_or_else(|| Violation::new("a change set was applied to no profile (I21)"))?;
                let is_done = must.iter().all(|kind| apply.done[*kind]) || apply.is_disturbed;
                promise!(is_done, "{must:?} were to be written by a change set, {:?} were (I21)", apply.done);
                let foreign = written.iter().find(|kind| !must.contains(kind) && !may.contains(kind));
                promise!(foreign.is_none() || apply.is_disturbed, "{foreign:?} was to be left alone (I21)");
                let standing = self.standing(apply.site).await?;
                for change in apply.set.header.kinds.iter().filter(|_| !apply.is_disturbed) {
                    let hash = standing.kinds[change.kind].hash;
                    let is_at = hash == Some(change.to.hash);
                    promise!(is_at, "{}: the content is {hash:?} after {change:?} (I21)", change.kind);
                }
                promise!(standing.panel == Some(apply.set.header.panel), "a change set gave no identity (I21)");
                let run = after.runs.first().filter(|run| Some(run.run) == report.run);
                let run = run.ok_or_else(|| Violation::new("a change set is not in the history (I21)"))?;
                let is_told = (run.status, run.trigger) == (RunStatus::Completed, Trigger::ChangeSet);
                promise!(is_told, "a change set is recorded as {run:?} (I21)");
                for record in run.kinds.iter().filter(|record| written.contains(&record.kind)) {
                    let told = report.kinds[record.kind];
                    promise!(told == Some(record.counts), "{}: recorded {record:?}, told {told:?}", record.kind);
                }
                self.follows(apply);
                Ok("applied")
            }
            other => Err(Violation::new(format!("a change set came to {other:?} (I21)"))),
        }
    }

    /// Checks that the follower is as the set leads to.
    fn follows(&mut self, apply: &Apply) {
        let to = apply.set.header.kinds.first().map(|change| (change.to.epoch, change.to.sequence));
        let of = leader(apply.site);
        if self.sets.sets[of].iter().any(|set| Arc::ptr_eq(set, &apply.set)) {
            self.sets.followed[of] = to;
        }
    }

    /// Checks that there is no run, no entry, and no row that was written anew.
    async fn nothing_happened(
        &mut self,
        apply: &Apply,
        report: &ApplyReport,
        before: Option<&State>,
        after: Option<&State>,
    ) -> Result<(), Violation> {
        promise!(report.run.is_none(), "a change set that did nothing has a run (I21)");
        let (Some(before), Some(after)) = (before, after) else {
            let is_made = matches!(report.outcome, ApplyOutcome::Already);
            promise!(is_made || after.is_none(), "a change set that was refused has made a profile (I21)");
            return Ok(());
        };
        still(before, after, "with a change set that did nothing (I21)")?;
        let runs = |state: &State| {
            let mut runs = state.runs.clone();
            // The apply finds that the process of an earlier run has died.
            runs.iter_mut().filter(|run| run.status == RunStatus::Syncing).for_each(|run| {
                run.status = RunStatus::Interrupted;
            });
            runs
        };
        promise!(runs(before) == runs(after), "a change set that did nothing is in the history (I21)");
        promise!(before.feed == after.feed, "a change set that did nothing is in the feed (I21)");
        if let Some(written_at) = &apply.written_at {
            let now = self.written_at(apply).await?;
            promise!(*written_at == now, "rows were written by a change set that was there (I21)");
        }
        Ok(())
    }

    /// Returns the time at which each row of the profile was last written.
    async fn written_at(&mut self, apply: &Apply) -> Result<Written, Violation> {
        let profile = self.world.inner().sites[apply.site].profile.clone();
        let eye = self.eye(apply.site)?;
        let mut all = Written::new();
        for (kind, state) in apply.base.iter().flat_map(|base| base.kinds.iter()) {
            for id in state.rows.keys() {
                let item = eye.item(&profile, kind, ContentId(*id), 0).await.map_err(|error| store_failed(&error))?;
                if let Some(ItemState::Present { updated_at, .. }) = item.map(|item| item.state) {
                    all.insert((kind, *id), updated_at);
                }
            }
        }
        Ok(all)
    }
}

/// Returns the bytes of a damaged file.
fn spoilt(bytes: &[u8], damage: Damage) -> Vec<u8> {
    let at = |place: u16| bytes.len().saturating_sub(1) * usize::from(place) / 65_535;
    let mut bytes = bytes.to_vec();
    match damage {
        Damage::Cut(place) => bytes.truncate(at(place)),
        Damage::Flip(place, bit) => bytes[at(place)] ^= 1 << bit,
        Damage::Tail => bytes.push(0),
    }
    bytes
}
