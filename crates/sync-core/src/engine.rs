//! The engine: runs a profile over the two ports.
//!
//! The kinds are synced in their order and independently: an error in one leaves the others alone. Within a kind, items
//! are compared and staged while the listing streams by. The store is written once per kind, in one apply, after the
//! listing is proved complete. Meanwhile the next kind is received, so that the connection is not idle. At most one
//! listing and one apply are under way, both in this task.

mod arrivals;
mod commit;
mod decide;
mod kind_sync;
mod known;
mod learning;
mod listing;
mod planned;
mod probing;
mod progress_meter;
mod receive;
mod second_try;
mod state;
mod unmodified;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{OptionFuture, join};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::facts::PanelFacts;
use crate::login::Login;
use crate::model::{Account, ContentKind, ProfileId};
use crate::ports::clock::Clock;
use crate::ports::source::{AnswerFault, ContentSource, SourceError};
use crate::ports::store::{ContentStore, Lease, RunEnd, StoreError, SyncState};
use crate::removal::decide::lost_together;
use crate::removal::guard::{HoldReason, Loss};
use crate::removal::held::HeldRemoval;
use crate::run::options::{SyncMode, SyncOptions};
use crate::run::plan::KindPlan;
use crate::run::progress::{Observer, Phase};
use crate::run::record::{KindOutcome, KindRecord, ReportError};
use crate::run::report::{SyncReport, Warning};
use progress_meter::ProgressMeter;
use state::Grant;

/// Runs syncs of profiles over a source, a store and a clock, and reports to an observer. It owns its ports, so that a
/// run can be spawned. Clones share the ports.
#[derive(Clone)]
pub struct Engine {
    source: Arc<dyn ContentSource>,
    store: Arc<dyn ContentStore>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// The reason why a step ended early.
#[derive(Debug)]
enum StepError {
    Cancelled,
    Source(SourceError),
    Store(StoreError),
}

impl From<SourceError> for StepError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Cancelled) { Self::Cancelled } else { Self::Store(error) }
    }
}

impl StepError {
    fn into_report(self, kind: Option<ContentKind>) -> ReportError {
        match self {
            Self::Cancelled => ReportError::from_store(&StoreError::Cancelled, kind),
            Self::Source(error) => ReportError::from_source(&error, kind),
            Self::Store(error) => ReportError::from_store(&error, kind),
        }
    }
}

/// The state that the steps of a run share. It is constant while kinds are under way; their results are in their
/// [`state::KindSync`]s.
struct Run<'a> {
    profile: &'a ProfileId,
    options: &'a SyncOptions,
    cancel: &'a CancellationToken,
    state: SyncState,
    /// The login that values of the panel may hold.
    login: Login,
    /// The facts about the panel by now. `state` has those from the start.
    facts: PanelFacts,
    /// The kinds that shrank implausibly, each with the removals that are held for that reason since this run.
    shrunk: Vec<(ContentKind, Vec<HeldRemoval>)>,
    plan: Vec<KindPlan>,
    /// Whether the panel answered with the listing of any kind.
    answered: bool,
    /// The kinds whose listing the panel denied.
    denied: Vec<ContentKind>,
    /// The right to write. A dry run has none: it ends after the decision.
    grant: Option<Grant>,
    /// Whether the account's end has passed although the panel still calls the account active.
    account_expired: bool,
    /// The seconds by which the panel's clock is ahead of ours, as far as the panel tells its time.
    panel_ahead: i64,
    /// The time of the start, by the monotonic clock.
    began: Duration,
    warnings: Vec<Warning>,
    progress: Arc<ProgressMeter>,
    /// Whether probes may be asked. They are asked once at most.
    probes: bool,
}

impl Engine {
    /// Returns an engine over these ports, without an observer.
    pub fn new(source: Arc<dyn ContentSource>, store: Arc<dyn ContentStore>, clock: Arc<dyn Clock>) -> Self {
        Self { source, store, clock, observer: Arc::new(()) }
    }

    /// Returns the same engine with this observer. Its runs report their progress to it.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Syncs a profile. The report has the result, whatever happens.
    ///
    /// A run notices the cancellation everywhere except in the commit of a kind. Committed kinds stay; the kind under
    /// way is unchanged.
    pub async fn run(&self, profile: &ProfileId, options: &SyncOptions, cancel: &CancellationToken) -> SyncReport {
        let span = tracing::info_span!("run", profile = %profile, dry_run = options.dry_run);
        let started = self.clock.monotonic();
        let mut report = self.run_all(profile, options, cancel, started).instrument(span).await;
        report.duration = self.clock.monotonic().saturating_sub(started);
        report
    }

    async fn run_all(
        &self,
        profile: &ProfileId,
        options: &SyncOptions,
        cancel: &CancellationToken,
        began: Duration,
    ) -> SyncReport {
        let mut report = SyncReport { dry_run: options.dry_run, ..SyncReport::new(profile.clone()) };
        let start = match self.start(profile, options, cancel).await {
            Ok(start) => start,
            Err(stop) => {
                report.fail(&options.kinds, &stop.into_report(None));
                return report;
            }
        };
        report.run = start.grant.map(|grant| grant.run);
        for record in report.kinds.values_mut() {
            record.mode = named(options.mode, &start.state, record.kind);
        }
        let mut run = Run {
            profile,
            options,
            cancel,
            facts: start.state.facts.clone(),
            state: start.state,
            login: self.source.login().with_former(&options.former_logins),
            shrunk: Vec::new(),
            plan: Vec::new(),
            answered: false,
            denied: Vec::new(),
            grant: start.grant,
            account_expired: false,
            panel_ahead: 0,
            began,
            warnings: Vec::new(),
            probes: options.probe && !options.dry_run,
            progress: Arc::new(ProgressMeter::new(profile, &self.observer, &options.kinds)),
        };
        self.source.observe_waits(Arc::clone(&run.progress) as _);
        self.log_in_and_sync(&mut run, &mut report).await;
        // A source may outlive its runs, but the observer of this run must not get reports of later ones.
        self.source.observe_waits(Arc::new(()));
        let corrections = self.conclude(&mut run, &mut report);
        report.status = SyncReport::status_of(report.kinds.values(), &report.errors);
        if let Some(grant) = run.grant {
            let end = self.run_end(grant, &run, &report, corrections);
            if let Err(error) = self.store.finish_run(profile, end).await {
                tracing::error!(error = %error.with_causes(), "the end of the run could not be recorded");
                report.errors.push(ReportError::from_store(&error, None));
                report.status = SyncReport::status_of(report.kinds.values(), &report.errors);
            }
        }
        tracing::info!(status = %report.status, "run ended");
        report
    }

    /// Completes the report with what is known only at the end. Returns the corrections that the store has to record.
    fn conclude(&self, run: &mut Run<'_>, report: &mut SyncReport) -> Corrections {
        let learnt = self.source.learnt();
        if report.account.is_some() {
            // The source has the client that the panel accepted. If that was the usual one, an older learnt client is
            // dropped.
            (run.facts.user_agent, run.facts.uncompressed) = (learnt.user_agent, learnt.uncompressed);
            run.facts.remember_address(learnt.address, self.clock.now());
        }
        let let_in_before = report.account.is_some() || run.state.last_sync.values().any(Option::is_some);
        if learnt.other_client_tried && let_in_before {
            run.facts.other_client_at = Some(self.clock.now());
        }
        // A panel that denies every listing is out of order, or doesn't serve this account.
        for kind in run.denied.iter().filter(|_| run.answered) {
            run.facts.kinds[*kind].denied(self.clock.now());
        }
        let corrections = Corrections::new(&run.shrunk, report);
        for plan in &mut run.plan {
            plan.correct_reasons(&corrections.held);
        }
        report.warnings.append(&mut run.warnings);
        report.warnings.extend(learnt.notices.into_iter().map(Warning::Other));
        report.plan = std::mem::take(&mut run.plan);
        corrections
    }

    async fn start(
        &self,
        profile: &ProfileId,
        options: &SyncOptions,
        cancel: &CancellationToken,
    ) -> Result<Start, StepError> {
        if options.dry_run {
            let state = cancellable(cancel, async { Ok(self.store.sync_state(profile).await?) }).await?;
            return Ok(Start { _lease: None, grant: None, state });
        }
        let prepared = async {
            self.store.ensure_profile(profile).await?;
            let lease = self.store.lease(profile).await?;
            Ok((lease, self.store.sync_state(profile).await?))
        };
        let (lease, state) = cancellable(cancel, prepared).await?;
        // This comes last and is never abandoned half way, so that each recorded run gets an end.
        let run = self.store.start_run(profile, lease.fence, self.clock.now()).await?;
        let grant = Some(Grant { run, fence: lease.fence });
        Ok(Start { _lease: Some(lease), grant, state })
    }

    /// Logs in and syncs the kinds.
    async fn log_in_and_sync(&self, run: &mut Run<'_>, report: &mut SyncReport) {
        run.progress.phase(None, Phase::Account);
        let account = match cancellable(run.cancel, async { Ok(self.source.account().await?) }).await {
            Ok(account) => account,
            Err(stop) => {
                if matches!(&stop, StepError::Source(error) if is_refusal(error)) {
                    run.facts.refusals = run.facts.refusals.saturating_add(1);
                    run.facts.refused_at = Some(self.clock.now());
                }
                return report.fail(&run.options.kinds, &stop.into_report(None));
            }
        };
        (run.facts.refusals, run.facts.refused_at) = (0, None);
        run.facts.account_end.clone_from(&account.unread_end);
        run.facts.zone = account.zone.or(run.facts.zone);
        run.account_expired = account.is_past_expiry(self.clock.now());
        run.panel_ahead = account.panel_time.map_or(0, |panel| panel - self.clock.now());
        if run.account_expired {
            run.warnings.push("the account has expired: nothing is removed until it is renewed".to_owned().into());
        }
        if account.status.is_unusual() {
            let status = account.status.as_str();
            let told = format!("the panel lets the account in and calls it `{status}`: it is synced as an active one");
            run.warnings.push(told.into());
        }
        let inactive = inactive(&account);
        report.account = Some(account);
        if let Some(error) = inactive {
            return report.fail(&run.options.kinds, &error);
        }
        let asked: Vec<_> = ContentKind::ALL.into_iter().filter(|kind| run.options.kinds.contains(kind)).collect();
        self.sync_kinds(run, report, &asked).await;
        self.try_again_as_other_client(run, report, &asked).await;
    }

    /// Syncs these kinds in their order.
    async fn sync_kinds(&self, run: &mut Run<'_>, report: &mut SyncReport, kinds: &[ContentKind]) {
        let mut received = None;
        for next in kinds.iter().copied().map(Some).chain([None]) {
            let shared = &*run;
            // The received kind comes first, so that the kinds end in their order.
            let (ended, arrived) = join(
                OptionFuture::from(received.take().map(|sync| Box::pin(self.end_kind(shared, sync)))),
                OptionFuture::from(next.map(|kind| Box::pin(self.begin_kind(shared, kind)))),
            )
            .await;
            if let Some(sync) = ended {
                run.take_in(sync, report);
            }
            if let Some((sync, _)) = &arrived {
                // The requests for the next kind depend on it.
                run.facts.validators_lied_at = sync.validators_lied_at.or(run.facts.validators_lied_at);
            }
            received = arrived;
        }
    }

    fn run_end(&self, grant: Grant, run: &Run<'_>, report: &SyncReport, corrections: Corrections) -> RunEnd {
        let is_new = |record: &&KindRecord| {
            let applied = matches!(record.outcome, KindOutcome::Completed | KindOutcome::Unchanged | KindOutcome::Held);
            !applied || corrections.kinds.contains(&record.kind)
        };
        RunEnd {
            run: grant.run,
            fence: grant.fence,
            status: report.status,
            trigger: run.options.trigger,
            duration: self.clock.monotonic().saturating_sub(run.began),
            error: report.errors.first().cloned(),
            retention: run.options.retention,
            finished_at: self.clock.now(),
            message: report.errors.first().map_or_else(|| report.status.to_string(), ToString::to_string),
            records: report.kinds.values().filter(is_new).cloned().collect(),
            account: report.account.clone(),
            facts: (run.facts != run.state.facts).then(|| run.facts.clone()),
            held: corrections.held,
        }
    }
}

/// Corrections to kinds that were applied before the end of the run.
struct Corrections {
    /// The kinds whose record differs from what their apply wrote.
    kinds: Vec<ContentKind>,
    held: Vec<(ContentKind, HeldRemoval)>,
}

impl Corrections {
    /// Returns the corrections if several kinds shrank in one run: their removals are held for that reason.
    fn new(shrunk: &[(ContentKind, Vec<HeldRemoval>)], report: &mut SyncReport) -> Self {
        let mut kinds = Vec::new();
        for (kind, _) in shrunk.iter().filter(|_| shrunk.len() > 1) {
            let before = report.kinds[*kind].hold_reason.replace(HoldReason::Loss(Loss::SeveralKinds));
            kinds.extend((before != Some(HoldReason::Loss(Loss::SeveralKinds))).then_some(*kind));
        }
        Self { kinds, held: lost_together(shrunk) }
    }
}

/// The result of the preparation of a run.
struct Start {
    /// The lease is kept until the run has ended.
    _lease: Option<Lease>,
    /// The right to write, unless nothing is to be written.
    grant: Option<Grant>,
    state: SyncState,
}

/// Returns the mode that a report names for a kind as long as nothing else is known.
fn named(mode: SyncMode, state: &SyncState, kind: ContentKind) -> SyncMode {
    let full = mode == SyncMode::Full || state.last_sync[kind].is_none();
    if full { SyncMode::Full } else { SyncMode::Incremental }
}

fn inactive(account: &Account) -> Option<ReportError> {
    let error = ReportError::from_account(account)?;
    Some(ReportError { message: format!("{}; the cache is unchanged", error.message), ..error })
}

/// Returns whether this answer to a login suggests that the panel bans clients that go on asking.
fn is_refusal(error: &SourceError) -> bool {
    match error {
        SourceError::Refused { .. } | SourceError::Denied { .. } => true,
        SourceError::Unusable { fault, .. } => {
            matches!(fault, AnswerFault::Status | AnswerFault::Html | AnswerFault::NotJson)
        }
        _ => false,
    }
}

/// Runs a future until it ends or the run is cancelled, whichever is first. Cancellation drops the future, and with it
/// the work that it was doing.
async fn cancellable<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = Result<T, StepError>>,
) -> Result<T, StepError> {
    cancel.run_until_cancelled(work).await.unwrap_or(Err(StepError::Cancelled))
}
