//! Exports a change set: the changes since a position of the feed, or everything.

use std::io::Write;

use sync_change_set::{SetWriter, Tuning, WriteError};
use sync_core::change_set::{
    ChangedRow, KindChange, Moves, NetChange, NetChanges, OrderChange, PanelIdentity, Place, Record, SetHeader,
};
use sync_core::{
    ContentHash, ContentId, ContentKind, Feed, FieldClass, FieldSet, Item, Login, PerKind, PositionGone, ProfileId,
    RunId, Snapshot, SnapshotState, StoreError,
};
use tokio::sync::{mpsc, oneshot};

use super::login::blanked;
use crate::service::Service;
use crate::since::Since;

/// The number of entries of the feed, or of rows, that one call reads.
pub(super) const PAGE: u32 = 500;

/// The number of ids of a whole order that are read at a time. The store finds the part by passing over the ids before
/// it, so a small part costs time, and a large one memory.
const PART: u32 = 100_000;

/// The number of ids of a whole order that are sent to the writer in one step.
const IDS: usize = 10_000;

/// The number of rows that are sent to the writer in one step if a whole kind is exported. They wait in memory.
const ROWS: u32 = 200;

/// The number of steps that may wait for the writer.
const WAITING: usize = 2;

/// The content of the change set to export.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportRequest {
    /// The place after which the changes are exported; [`Since::Beginning`] for everything.
    pub since: Since,
    /// The kinds to export.
    pub kinds: Vec<ContentKind>,
    /// Whether the rows of the set also have the fields that don't count as changes. The default is true.
    pub display: bool,
}

impl ExportRequest {
    /// Returns a request for the changes of all kinds after this place.
    pub fn new(since: Since) -> Self {
        Self { since, kinds: ContentKind::ALL.to_vec(), display: true }
    }
}

/// The reason why a change set can't be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The position is gone. The feed says from which positions an export is possible.
    #[error("{reason}")]
    Gone {
        /// The reason.
        reason: PositionGone,
        /// The extent of the feed.
        feed: Feed,
    },
    /// There is no such run.
    #[error("there is no run {}", .0.0)]
    UnknownRun(RunId),
    /// None of the kinds can be exported.
    #[error("none of the kinds can be exported")]
    NoHash(Vec<NotExported>),
    /// The set can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A kind that was asked for and can't be part of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotExported {
    /// The kind.
    pub kind: ContentKind,
    /// The reason.
    pub why: NoHash,
}

/// The reason why the content hash of a kind is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoHash {
    /// A check has found an inconsistency in the kind. A full sync of the kind ends this state.
    Doubt,
    /// The content hash is known now, but is not known at the position.
    Position,
}

/// A change set that is ready to be written.
pub struct ChangeSetExport {
    snapshot: Box<dyn Snapshot>,
    header: SetHeader,
    /// The net changes of each kind; `None` for a kind that is exported as a whole.
    net: PerKind<Option<Vec<(ContentId, NetChange)>>>,
    moves_after: i64,
    login: Login,
    left_out: Vec<NotExported>,
    earlier: bool,
}

impl std::fmt::Debug for ChangeSetExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeSetExport").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Service {
    /// Prepares a change set. The set has one state of the cache, even if a run writes meanwhile. The first export
    /// gives the panel its identity.
    ///
    /// A position within a run is replaced by the end of the run before it; see [`ChangeSetExport::is_earlier`].
    /// `login` is replaced by placeholders.
    ///
    /// # Errors
    ///
    /// [`ExportError::Gone`] if some entries after the position can't be read; [`ExportError::NoHash`] if the content
    /// hash of no kind is known both now and at the position.
    pub async fn export_changes(
        &self,
        profile: &ProfileId,
        request: &ExportRequest,
        login: Login,
    ) -> Result<ChangeSetExport, ExportError> {
        self.cache().complete_hashes(profile, &login).await?;
        let mut snapshot = self.cache().snapshot(profile).await?;
        let state = snapshot.state().await?;
        let begin = self.begin(profile, &mut *snapshot, &state, request.since).await?;
        let earlier = begin.is_some_and(|(_, earlier)| earlier);
        let after = begin.map(|(sequence, _)| sequence);
        let from = match after {
            Some(sequence) => snapshot.hashes_at(sequence).await?,
            None => PerKind::from_fn(|_| Some(ContentHash::EMPTY)),
        };
        let (mut kinds, mut left_out) = (Vec::new(), Vec::new());
        for kind in ContentKind::ALL.into_iter().filter(|kind| request.kinds.contains(kind)) {
            match (state.kinds[kind].hash, from[kind]) {
                (Some(_), Some(_)) => kinds.push(kind),
                (None, _) => left_out.push(NotExported { kind, why: NoHash::Doubt }),
                (Some(_), None) => left_out.push(NotExported { kind, why: NoHash::Position }),
            }
        }
        if kinds.is_empty() {
            return Err(ExportError::NoHash(left_out));
        }
        let mut net = PerKind::from_fn(|_| None);
        if let Some(after) = after {
            net = changes_since(&mut *snapshot, &kinds, after).await?;
        }
        // The panel gets its identity only when the export is certain. A panel without one can still take the identity
        // from a set that another cache has made.
        let panel = match state.panel {
            Some(panel) => panel,
            None => self.cache().identify(profile, None).await?,
        };
        let header = header(panel, self.now(), request.display, &state, &from, after, &kinds, &net);
        Ok(ChangeSetExport { snapshot, header, net, moves_after: after.unwrap_or_default(), login, left_out, earlier })
    }
}

/// Returns the changes of each kind since a position; `None` for a kind that was loaded since then.
async fn changes_since(
    snapshot: &mut dyn Snapshot,
    kinds: &[ContentKind],
    after: i64,
) -> Result<PerKind<Option<Vec<(ContentId, NetChange)>>>, StoreError> {
    let mut net = PerKind::from_fn(NetChanges::new);
    let mut last = after;
    loop {
        let page = snapshot.changes(last, PAGE).await?;
        let Some(newest) = page.last() else { break };
        last = newest.sequence;
        for entry in page.iter().filter(|entry| kinds.contains(&entry.kind)) {
            net[entry.kind].push(entry);
        }
    }
    let mut found = PerKind::from_fn(|_| None);
    for kind in kinds {
        let net = std::mem::replace(&mut net[*kind], NetChanges::new(*kind));
        found[*kind] = if net.is_loaded() { None } else { Some(net.finish()) };
    }
    Ok(found)
}

#[expect(clippy::too_many_arguments, reason = "each is a part of the header")]
fn header(
    panel: PanelIdentity,
    made_at: i64,
    has_display: bool,
    state: &SnapshotState,
    from: &PerKind<Option<ContentHash>>,
    after: Option<i64>,
    kinds: &[ContentKind],
    net: &PerKind<Option<Vec<(ContentId, NetChange)>>>,
) -> SetHeader {
    let epoch = state.feed.epoch;
    let change = |kind: &ContentKind| {
        let known = &state.kinds[*kind];
        let to = Place { epoch, sequence: state.feed.newest, hash: known.hash.unwrap_or_default() };
        let count = |wanted: fn(&NetChange) -> bool| {
            net[*kind].iter().flatten().filter(|(_, change)| wanted(change)).count() as u64
        };
        let is_whole = net[*kind].is_none();
        KindChange {
            kind: *kind,
            from: match after {
                Some(sequence) => Place { epoch, sequence, hash: from[*kind].unwrap_or_default() },
                None => Place::EMPTY,
            },
            to,
            listed_at: known.listed_at,
            new: if is_whole { known.rows } else { count(|change| *change == NetChange::New) },
            changed: count(|change| matches!(change, NetChange::Changed(_))),
            gone: count(|change| *change == NetChange::Gone),
        }
    };
    SetHeader { panel, made_at, has_display, kinds: kinds.iter().map(change).collect() }
}

/// A step of the writer.
enum Step {
    Begin(ContentKind),
    Records(Vec<Record>),
    Order(Vec<ContentId>),
    End,
    Finish,
}

impl ChangeSetExport {
    /// Returns the header of the set.
    pub const fn header(&self) -> &SetHeader {
        &self.header
    }

    /// Returns the kinds that were asked for and are not part of the set.
    pub fn left_out(&self) -> &[NotExported] {
        &self.left_out
    }

    /// Returns whether the set begins earlier than requested, because the requested position is within a run.
    pub const fn is_earlier(&self) -> bool {
        self.earlier
    }

    /// Writes the set. The bytes are written by a separate thread, so that a slow receiver doesn't block other tasks.
    /// If the future is dropped, the set has no end, and no reader accepts it.
    ///
    /// # Errors
    ///
    /// The store or `out` fails.
    pub async fn write<W: Write + Send + 'static>(mut self, out: W) -> Result<W, ExportError> {
        let (steps, taken) = mpsc::channel(WAITING);
        let (done, written) = oneshot::channel();
        let header = self.header.clone();
        // A set of everything can be of any size. A set of changes is small.
        let is_whole = self.net.values().any(Option::is_none);
        let tuning = if is_whole { Tuning::Snapshot } else { Tuning::Increment };
        std::thread::spawn(move || done.send(write_steps(out, &header, tuning, taken)));
        // If the writer has failed, its error is returned.
        if self.send(&steps).await? {
            let _ = steps.send(Step::Finish).await;
        }
        drop(steps);
        let ended = written.await.map_err(|_| StoreError::backend("the thread of the writer ended"))?;
        Ok(ended?)
    }

    /// Sends all steps to the writer. Returns `false` if the writer has ended early.
    async fn send(&mut self, steps: &mpsc::Sender<Step>) -> Result<bool, StoreError> {
        for change in self.header.kinds.clone() {
            let kind = change.kind;
            let net = self.net[kind].take();
            if steps.send(Step::Begin(kind)).await.is_err() {
                return Ok(false);
            }
            let went_on = match &net {
                Some(net) => self.send_changes(steps, kind, net).await?,
                None => self.send_rows(steps, kind).await?,
            };
            if !went_on {
                return Ok(false);
            }
            let mut categories = self.snapshot.categories(kind).await?;
            for category in &mut categories {
                category.name = self.login.blank(&category.name).into_owned();
            }
            let categories = Record::Categories(categories);
            if steps.send(Step::Records(vec![categories])).await.is_err()
                || !self.send_order(steps, kind, net.as_deref()).await?
                || steps.send(Step::End).await.is_err()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn send_rows(&mut self, steps: &mpsc::Sender<Step>, kind: ContentKind) -> Result<bool, StoreError> {
        let mut after = None;
        loop {
            let rows = self.snapshot.page(kind, after, ROWS).await?;
            let Some(last) = rows.last().map(Item::id) else { return Ok(true) };
            after = Some(last);
            let records = rows.into_iter().map(|row| Record::New(blanked(row, &self.login))).collect();
            if steps.send(Step::Records(records)).await.is_err() {
                return Ok(false);
            }
        }
    }

    async fn send_changes(
        &mut self,
        steps: &mpsc::Sender<Step>,
        kind: ContentKind,
        net: &[(ContentId, NetChange)],
    ) -> Result<bool, StoreError> {
        for page in net.chunks(PAGE as usize) {
            let there = page.iter().filter(|(_, change)| *change != NetChange::Gone).map(|(id, _)| *id).collect();
            let mut rows = self.snapshot.rows(kind, there).await?;
            rows.sort_unstable_by_key(Item::id);
            let mut rows = rows.into_iter().peekable();
            let mut records = Vec::with_capacity(page.len());
            for (id, change) in page {
                let row = rows.next_if(|row| row.id() == *id).map(|row| blanked(row, &self.login));
                records.push(match (change, row) {
                    (NetChange::Gone, _) => Record::Gone(*id),
                    (NetChange::New, Some(item)) => Record::New(item),
                    (NetChange::Changed(fields), Some(item)) => {
                        Record::Changed(ChangedRow { fields: self.told(kind, *fields), item })
                    }
                    (_, None) => {
                        return Err(StoreError::Corrupt(format!("the feed names {kind} {id}, and there is no row")));
                    }
                });
            }
            if steps.send(Step::Records(records)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the fields of a changed row that the set has.
    fn told(&self, kind: ContentKind, fields: FieldSet) -> FieldSet {
        if !self.header.has_display {
            return fields;
        }
        let others = FieldSet::all(kind.fields()).0 & !kind.of_class(FieldClass::Significant).0;
        FieldSet(fields.0 | others)
    }

    async fn send_order(
        &mut self,
        steps: &mpsc::Sender<Step>,
        kind: ContentKind,
        net: Option<&[(ContentId, NetChange)]>,
    ) -> Result<bool, StoreError> {
        let moves = if net.is_some() { self.snapshot.moves(kind, self.moves_after).await? } else { Moves::Whole };
        if moves == Moves::Whole || net.is_none() {
            let mut sent = 0;
            loop {
                let part = self.snapshot.order(kind, sent, PART).await?;
                if part.is_empty() {
                    return Ok(true);
                }
                sent += part.len() as u64;
                for ids in part.chunks(IDS) {
                    if steps.send(Step::Order(ids.to_vec())).await.is_err() {
                        return Ok(false);
                    }
                }
            }
        }
        let order = self.snapshot.order(kind, 0, u32::MAX).await?;
        let significant = kind.of_class(FieldClass::Significant);
        // An added item is at a new place. So is an item that was removed and came back, whose change has every
        // significant field.
        let came = |id: ContentId| {
            let net = net.unwrap_or_default();
            net.binary_search_by_key(&id, |(id, _)| *id).is_ok_and(|at| match net[at].1 {
                NetChange::New => true,
                NetChange::Changed(fields) => fields == significant,
                NetChange::Gone => false,
            })
        };
        let has_moved = |id: ContentId| matches!(&moves, Moves::Some(ids) if ids.binary_search(&id).is_ok());
        let ids: Vec<i64> = order.iter().map(|id| id.0).collect();
        match OrderChange::placing(&ids, |id| came(id) || has_moved(id)) {
            Some(change) => Ok(steps.send(Step::Records(vec![Record::Order(change)])).await.is_ok()),
            None => Ok(true),
        }
    }
}

/// Writes the steps as they come, until the last one.
fn write_steps<W: Write>(
    out: W,
    header: &SetHeader,
    tuning: Tuning,
    mut steps: mpsc::Receiver<Step>,
) -> Result<W, WriteError> {
    let mut writer = SetWriter::new(out, header, tuning)?;
    while let Some(step) = steps.blocking_recv() {
        match step {
            Step::Begin(kind) => writer.begin(kind)?,
            Step::Records(records) => records.iter().try_for_each(|record| writer.record(record))?,
            Step::Order(ids) => writer.whole_order(&ids)?,
            Step::End => writer.end()?,
            Step::Finish => return writer.finish(),
        }
    }
    Err(WriteError::WrongOrder("not all kinds were written"))
}
