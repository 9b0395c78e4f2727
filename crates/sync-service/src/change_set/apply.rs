//! Applies a change set: as a whole, and only to the state from which it was made, or not at all.

use std::io::Read;
use std::time::Duration;

use sync_change_set::{Event, Limits, ReadError};
use sync_core::change_set::{KindChange, Place, SetHeader};
use sync_core::store::{Applied, RunEnd, WhichState};
use sync_core::{
    ContentHash, ContentKind, Counts, KindRecord, Login, PerKind, Profile, ProfileId, ReportError, Retention, RunId,
    RunStatus, SnapshotState, StoreError, Trigger,
};
use tokio_util::sync::CancellationToken;

use super::incoming::Incoming;
use super::prepared::{PreparedKind, Writing};
use crate::service::Service;

/// The options of an apply.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ApplyRequest {
    /// The login that replaces placeholders. A placeholder stays if its part of the login is not known.
    pub login: Login,
    /// The limits on what it may cost to read the set.
    pub limits: Limits,
}

impl ApplyRequest {
    /// Returns a request with this login.
    pub fn new(login: Login) -> Self {
        Self { login, limits: Limits::default() }
    }
}

/// The reason why a change set was not applied. Nothing of it was written, unless the report says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The file is damaged, or is no change set.
    #[error("{0}")]
    Damaged(ReadError),
    /// A newer version made the file.
    #[error("{0}")]
    Version(ReadError),
    /// The file is of another panel.
    #[error("the change set is of another panel than the profile")]
    Panel,
    /// A kind is not in the state that the set begins with.
    #[error("the change set doesn't begin where the cache is: {0} are in another state")]
    From(ContentKind),
    /// The set doesn't lead to the state that it says.
    #[error("the change set doesn't lead to the state that it says: {0}")]
    To(ContentKind),
}

impl Refusal {
    /// Returns the code used in reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Damaged(_) => "damaged",
            Self::Version(_) => "version",
            Self::Panel => "panel",
            Self::From(_) => "from",
            Self::To(_) => "to",
        }
    }
}

/// The result of an apply.
#[derive(Debug)]
#[non_exhaustive]
pub enum ApplyOutcome {
    /// The kinds are now in the states to which the set leads.
    Applied,
    /// The kinds were in these states already.
    Already,
    /// The set was refused.
    Refused(Refusal),
    /// The apply ended early, after some kinds were written. These kinds stay, and the same set finishes the others.
    Interrupted(ApplyError),
}

/// The report of an apply.
#[derive(Debug)]
#[non_exhaustive]
pub struct ApplyReport {
    /// The result.
    pub outcome: ApplyOutcome,
    /// The place at which the set begins; `None` for a set of everything, and if the set can't be read.
    pub from: Option<Place>,
    /// The place at which the set ends; `None` if the set can't be read.
    pub to: Option<Place>,
    /// The counts of each kind that was written or was in its last state already. After a refusal or an interruption,
    /// it has the kinds that were written before.
    pub kinds: PerKind<Option<Counts>>,
    /// The kinds that were written, in the order in which they were written.
    pub written: Vec<ContentKind>,
    /// The kinds in the set that are switched off in the profile. They were left alone.
    pub off: Vec<ContentKind>,
    /// The kinds in the set that this version doesn't know, by name.
    pub skipped: Vec<String>,
    /// The run that wrote the kinds; `None` if nothing was written.
    pub run: Option<RunId>,
    /// What was found in the overlay, by kind.
    pub overlay: PerKind<Applied>,
}

/// The reason why an apply ended early. If there is no report, nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The input can't be read. Nothing was written.
    #[error("the change set can't be read")]
    Input(#[source] std::io::Error),
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// The reason why an apply ends early.
enum Stop {
    Refused(Refusal),
    Failed(ApplyError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(ApplyError::Store(error))
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Failed(ApplyError::Input(error)),
            ReadError::Version(_) | ReadError::UnknownColumn { .. } => Self::Refused(Refusal::Version(error)),
            error => Self::Refused(Refusal::Damaged(error)),
        }
    }
}

impl Service {
    /// Applies a change set to a profile. A profile that doesn't exist is created without a login, and is therefore
    /// never synced.
    ///
    /// The set is read to its end and checked before anything is written. Each kind is then written in one transaction,
    /// under the lease of the profile. A kind that is already in its last state is left alone, so that the same set
    /// finishes an apply that was interrupted. The removal guard doesn't act, because the hashes prove the set. Kinds
    /// that are switched off in the profile are left alone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Leased`] while a run has the lease of the profile. A set that doesn't fit is not an error: the
    /// outcome is [`ApplyOutcome::Refused`].
    pub async fn apply_changes(
        &self,
        profile: &ProfileId,
        input: impl Read + Send + 'static,
        request: ApplyRequest,
        cancel: &CancellationToken,
    ) -> Result<ApplyReport, ApplyError> {
        let mut report = ApplyReport {
            outcome: ApplyOutcome::Already,
            from: None,
            to: None,
            kinds: PerKind::default(),
            written: Vec::new(),
            off: Vec::new(),
            skipped: Vec::new(),
            run: None,
            overlay: PerKind::default(),
        };
        let applied = Box::pin(self.apply_to(profile, input, &request, cancel, &mut report)).await;
        match applied {
            Ok(()) => Ok(report),
            Err(Stop::Refused(refusal)) => {
                report.outcome = ApplyOutcome::Refused(refusal);
                Ok(report)
            }
            Err(Stop::Failed(error)) => {
                let is_cancelled = matches!(error, ApplyError::Store(StoreError::Cancelled));
                let error = if is_cancelled { ApplyError::Cancelled } else { error };
                if report.written.is_empty() {
                    return Err(error);
                }
                report.outcome = ApplyOutcome::Interrupted(error);
                Ok(report)
            }
        }
    }

    async fn apply_to(
        &self,
        profile: &ProfileId,
        input: impl Read + Send + 'static,
        request: &ApplyRequest,
        cancel: &CancellationToken,
        report: &mut ApplyReport,
    ) -> Result<(), Stop> {
        let incoming = Incoming::new(input, request.limits);
        let mut incoming = cancel.run_until_cancelled(incoming).await.ok_or(Stop::Failed(ApplyError::Cancelled))??;
        let mut header = incoming.header.clone();
        report.skipped = std::mem::take(&mut incoming.skipped);
        let first = header.kinds.first();
        report.from = first.map(|change| change.from).filter(|from| *from != Place::EMPTY);
        report.to = first.map(|change| change.to);
        let known = self.cache().profile(profile).await?;
        if let Some(settings) = &known {
            let is_off = |change: &KindChange| settings.kinds_off.contains(&change.kind);
            report.off = header.kinds.iter().filter(|change| is_off(change)).map(|change| change.kind).collect();
            header.kinds.retain(|change| !is_off(change));
        }
        if known.is_none() {
            let not_new = header.kinds.iter().find(|change| change.from.hash != ContentHash::EMPTY);
            if let Some(change) = not_new {
                return Err(Stop::Refused(Refusal::From(change.kind)));
            }
            self.cache().ensure_profile(profile).await?;
        }
        let applied = self.apply_known(profile, known.as_ref(), &header, incoming, request, cancel, report).await;
        if known.is_none() && applied.is_err() && report.written.is_empty() {
            // The profile was created only for this set. If somebody has set it up meanwhile, it stays.
            if self.cache().profile(profile).await? == Some(Profile::new(profile.clone())) {
                self.cache().remove_profile(profile).await?;
            }
        }
        applied
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one apply")]
    async fn apply_known(
        &self,
        profile: &ProfileId,
        settings: Option<&Profile>,
        header: &SetHeader,
        mut incoming: Incoming,
        request: &ApplyRequest,
        cancel: &CancellationToken,
        report: &mut ApplyReport,
    ) -> Result<(), Stop> {
        let lease = self.cache().lease(profile).await?;
        self.cache().complete_hashes(profile, &request.login).await?;
        let mut snapshot = self.cache().snapshot(profile).await?;
        let state = snapshot.state().await?;
        // A profile without content accepts a set of any panel.
        let is_empty = state.kinds.values().all(|kind| kind.rows == 0 && kind.hash == Some(ContentHash::EMPTY));
        if state.panel.is_some_and(|panel| panel != header.panel) && !is_empty {
            return Err(Stop::Refused(Refusal::Panel));
        }
        for change in &header.kinds {
            if !is_at(&state, change, change.from.hash) && !is_at(&state, change, change.to.hash) {
                return Err(Stop::Refused(Refusal::From(change.kind)));
            }
        }
        let mut prepared = Vec::new();
        let mut current: Option<PreparedKind> = None;
        let take = async {
            while let Some(events) = incoming.next().await? {
                let mut records = Vec::new();
                for event in events {
                    match event {
                        Event::Kind(kind) => {
                            let change = header.kinds.iter().find(|change| change.kind == kind);
                            let change = change.filter(|change| is_to_be_taken(&state, change));
                            current = match change {
                                Some(change) => Some(PreparedKind::new(self, profile, change.clone()).await?),
                                None => None,
                            };
                        }
                        Event::Record(record) => {
                            if current.is_some() {
                                records.push(record);
                            }
                        }
                        Event::End => {
                            if let Some(mut kind) = current.take() {
                                kind.take(std::mem::take(&mut records), &mut *snapshot, &request.login).await?;
                                prepared.push(kind);
                            }
                        }
                    }
                }
                if let Some(kind) = &mut current {
                    kind.take(records, &mut *snapshot, &request.login).await?;
                }
            }
            Ok::<_, Stop>(())
        };
        cancel.run_until_cancelled(take).await.ok_or(Stop::Failed(ApplyError::Cancelled))??;
        if let Some(kind) = prepared.iter().find(|kind| !kind.is_proved()) {
            return Err(Stop::Refused(Refusal::To(kind.change.kind)));
        }
        drop(snapshot);
        for change in &header.kinds {
            report.kinds[change.kind] = Some(Counts { unchanged: state.kinds[change.kind].rows, ..Counts::default() });
        }
        // A set that changes no row may still change the categories or the order.
        let mut to_write = Vec::new();
        for kind in prepared {
            if kind.change.from.hash != kind.change.to.hash || kind.differs(self, profile).await? {
                to_write.push(kind);
            }
        }
        if self.cache().identify(profile, Some(header.panel)).await? != header.panel {
            return Err(Stop::Refused(Refusal::Panel));
        }
        if to_write.is_empty() {
            return Ok(());
        }
        // These kinds are not in their last state until they are written.
        to_write.iter().for_each(|kind| report.kinds[kind.change.kind] = None);
        let run = self.cache().start_run(profile, lease.fence, self.now()).await?;
        report.run = Some(run);
        let retention = settings.map(|profile| profile.retention).unwrap_or_default();
        let writing = Writing { run, fence: lease.fence, at: self.now(), tombstone_days: retention.tombstone_days };
        let written = self.write_kinds(profile, to_write, &writing, cancel, report).await;
        let ended = self.end_run(profile, &writing, retention, &written, report).await;
        // The error that ended the writing says more than an error that follows from it.
        written?;
        ended?;
        report.outcome = ApplyOutcome::Applied;
        Ok(())
    }

    async fn write_kinds(
        &self,
        profile: &ProfileId,
        kinds: Vec<PreparedKind>,
        writing: &Writing,
        cancel: &CancellationToken,
        report: &mut ApplyReport,
    ) -> Result<(), Stop> {
        for prepared in kinds {
            let kind = prepared.change.kind;
            match prepared.commit(self, profile, writing, cancel).await {
                Ok((KindRecord { counts, .. }, applied)) => {
                    report.kinds[kind] = Some(counts);
                    report.written.push(kind);
                    report.overlay[kind] = applied;
                }
                // Rows were deleted by hand since the state was checked.
                Err(StoreError::OtherState(WhichState::From)) => return Err(Stop::Refused(Refusal::From(kind))),
                Err(StoreError::OtherState(WhichState::To)) => return Err(Stop::Refused(Refusal::To(kind))),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn end_run(
        &self,
        profile: &ProfileId,
        writing: &Writing,
        retention: Retention,
        written: &Result<(), Stop>,
        report: &ApplyReport,
    ) -> Result<(), StoreError> {
        let any = !report.written.is_empty();
        let (status, error) = match written {
            Ok(()) => (RunStatus::Completed, None),
            Err(Stop::Failed(ApplyError::Store(StoreError::Cancelled))) => (RunStatus::Cancelled, None),
            Err(Stop::Failed(ApplyError::Store(error))) => {
                (if any { RunStatus::Partial } else { RunStatus::Failed }, Some(ReportError::from_store(error, None)))
            }
            Err(_) => (if any { RunStatus::Partial } else { RunStatus::Failed }, None),
        };
        let finished_at = self.now();
        let seconds = finished_at.saturating_sub(writing.at).unsigned_abs();
        let end = RunEnd {
            status,
            trigger: Trigger::ChangeSet,
            duration: Duration::from_secs(seconds),
            error,
            retention,
            message: format!("a change set: {status}"),
            ..RunEnd::new(writing.run, writing.fence, finished_at)
        };
        self.cache().finish_run(profile, end).await
    }
}

fn is_at(state: &SnapshotState, change: &KindChange, hash: ContentHash) -> bool {
    state.kinds[change.kind].hash == Some(hash)
}

/// Returns whether a kind of the set is to be read. It is if the kind is not in the state to which the set leads. If
/// the set doesn't change the state, the kind is read if the set is of a later listing, because categories and order
/// may differ.
fn is_to_be_taken(state: &SnapshotState, change: &KindChange) -> bool {
    if change.from.hash == change.to.hash {
        return change.listed_at > state.kinds[change.kind].listed_at;
    }
    !is_at(state, change, change.to.hash)
}
