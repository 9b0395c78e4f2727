//! I21: a change set applies completely to exactly the state from which it was made, or not at all. Sets are made from
//! the first cache and kept, each with the state that the cache had then. The second cache applies them: late, twice,
//! in another order, damaged.

mod apply;
pub(crate) mod draw;
mod gate;
mod judge;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use sync_change_set::{Event, Limits, SetReader};
use sync_core::change_set::{OrderChange, Record, SetHeader};
use sync_core::{
    Category, Clock, ContentHash, ContentId, ContentKind, FieldClass, FieldSet, Item, Login, PerKind, Profile, RowHash,
    SnapshotState, ValueRef,
};
use sync_service::{ExportError, ExportRequest, NoHash, Service, Since};

use super::Machine;
use super::state::State;
use super::step::{ExportPlan, SinceWhat};
use super::store_failed;
use super::world::{PROFILES, passwords};
use crate::campaign::Violation;
use crate::elements::blank;
use crate::promise;

/// The number of sets that are kept per profile.
const KEPT: usize = 8;

/// A change set, and the state from which it was made.
#[derive(Debug)]
struct Set {
    bytes: Vec<u8>,
    header: SetHeader,
    kinds: PerKind<Content>,
    /// Whether it was made in the middle of a run.
    is_within_a_run: bool,
}

/// The state of a kind when a set was made, and the ids that the set names.
#[derive(Debug, Default)]
struct Content {
    /// The rows, with placeholders.
    rows: BTreeMap<i64, Item>,
    categories: Vec<Category>,
    /// The order of the listing; `None` if the kind was marked.
    order: Option<Vec<i64>>,
    named: BTreeMap<i64, Named>,
    /// Whether the whole order is in the set.
    has_order: bool,
}

/// The statement of a set about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    New,
    Changed(FieldSet),
    Gone,
}

/// Epoch and sequence.
type Position = (i64, i64);

/// The sets that were made, with facts for their judgement.
#[derive(Debug, Default)]
pub(super) struct Pool {
    /// The sets of each profile, oldest first.
    sets: [Vec<Arc<Set>>; PROFILES],
    /// The end of the set that the follower of each profile has applied last.
    followed: [Option<Position>; PROFILES],
    /// The orders that the listings of each profile had at each position.
    orders: BTreeMap<(usize, Position), Vec<PerKind<Vec<i64>>>>,
    /// The epoch of each profile, and the end of its log, when its hashes were last computed.
    hashed: BTreeMap<usize, (u64, usize)>,
}

impl Pool {
    /// Records the present orders.
    pub(super) fn remember(&mut self, site: usize, state: &State) {
        if site >= PROFILES {
            return;
        }
        let position = (state.feed.epoch, state.feed.newest);
        let orders = PerKind::from_fn(|kind| state.kind(kind).index.ids().to_vec());
        let known = self.orders.entry((site, position)).or_default();
        if !known.contains(&orders) {
            known.push(orders);
        }
    }

    /// Returns the position that a plan means.
    fn since(&self, plan: &ExportPlan, state: &State) -> Option<Position> {
        let feed = state.feed;
        match plan.since {
            SinceWhat::Everything => None,
            SinceWhat::Followed => self.followed[plan.profile],
            SinceWhat::Earlier(back) => {
                let sets = &self.sets[plan.profile];
                let at = sets.len().checked_sub(1 + usize::from(back))?;
                let to = sets[at].header.kinds.first()?.to;
                Some((to.epoch, to.sequence))
            }
            SinceWhat::Position(share) => {
                let length = feed.newest - feed.oldest;
                Some((feed.epoch, feed.oldest + length * i64::from(share) / 255))
            }
        }
    }

    /// Returns the newest set that ends at this position. Sets made in the middle of a run are left out.
    fn known_at(&self, site: usize, position: Position) -> Option<&Set> {
        let is_there = |set: &&Arc<Set>| {
            let to = set.header.kinds.first().map(|change| (change.to.epoch, change.to.sequence));
            to == Some(position) && !set.is_within_a_run
        };
        self.sets[site].iter().rev().find(is_there).map(Arc::as_ref)
    }
}

/// Returns the hash of rows, computed anew.
fn hash_of<'a>(rows: impl IntoIterator<Item = &'a Item>, login: &Login) -> ContentHash {
    let mut hash = ContentHash::EMPTY;
    for row in rows {
        hash.add(login.row_hash(row).unwrap_or_else(|| RowHash::of(row)));
    }
    hash
}

impl Machine {
    fn service(&mut self, site: usize) -> Result<Service, Violation> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.world) as _;
        Ok(Service::new(self.eye(site)?, clock))
    }

    /// Returns the standing of a profile, as far as change sets need it.
    async fn standing(&mut self, site: usize) -> Result<SnapshotState, Violation> {
        let profile = self.world.inner().sites[site].profile.clone();
        let eye = self.eye(site)?;
        let mut snapshot = eye.snapshot(&profile).await.map_err(|error| store_failed(&error))?;
        snapshot.state().await.map_err(|error| store_failed(&error))
    }

    /// Checks that the content hash of each kind is that of its rows, if it is known.
    pub(super) async fn check_hashes(&mut self, site: usize, state: &State) -> Result<(), Violation> {
        let (login, now) = {
            let world = self.world.inner();
            (world.sites[site].login.clone(), (world.sites[site].epoch, state.changes.len()))
        };
        if self.sets.hashed.insert(site, now) == Some(now) {
            return Ok(());
        }
        let standing = self.standing(site).await?;
        for kind in ContentKind::ALL {
            let Some(told) = standing.kinds[kind].hash else {
                self.world.count("content hash", "not known");
                continue;
            };
            let computed = hash_of(state.kind(kind).rows.values(), &login);
            promise!(told == computed, "{kind}: the content hash is {told}, and the rows have {computed} (I21)");
        }
        Ok(())
    }

    /// Checks that a check of a profile has no finding.
    pub(super) async fn inspect(&mut self, site: usize) -> Result<(), Violation> {
        let profile = self.world.inner().sites[site].profile.clone();
        let found = self.eye(site)?.inspect(Some(profile)).await.map_err(|error| store_failed(&error))?;
        promise!(found.damage.is_empty() && found.findings.is_empty(), "a check finds {found:?}");
        Ok(())
    }

    /// Gives a profile that exists its own settings.
    pub(super) async fn settings(&mut self, site: usize) -> Result<(), Violation> {
        if self.look(site).await?.is_none() {
            return Ok(());
        }
        let (id, retention) = {
            let world = self.world.inner();
            (world.sites[site].profile.clone(), world.sites[site].retention)
        };
        let store = self.eye(site)?;
        let known = store.profile(&id).await.map_err(|error| store_failed(&error))?;
        let known = known.unwrap_or_else(|| Profile::new(id));
        store.save_profile(&Profile { retention, ..known }).await.map_err(|error| store_failed(&error))
    }

    /// Makes a change set, and keeps it.
    pub(super) async fn export(&mut self, plan: &ExportPlan) -> Result<(), Violation> {
        let site = plan.profile;
        let Some(state) = self.look(site).await? else { return Ok(()) };
        let (profile, login) = {
            let world = self.world.inner();
            (world.sites[site].profile.clone(), world.sites[site].login.clone())
        };
        let position = self.sets.since(plan, &state);
        let since =
            position.map_or(Since::Beginning, |(epoch, sequence)| Since::Position { epoch: Some(epoch), sequence });
        let mut request = ExportRequest::new(since);
        (request.kinds, request.display) = (plan.kinds.clone(), plan.display);
        let made = self.service(site)?.export_changes(&profile, &request, login.clone()).await;
        let known = position.and_then(|position| self.sets.known_at(site, position));
        let export = match made {
            Ok(export) => export,
            Err(ExportError::Gone { reason, .. }) => {
                let gone = position.is_some_and(|(epoch, sequence)| state.feed.check(Some(epoch), sequence).is_err());
                promise!(gone, "position {position:?} is refused as {reason}, and the feed is {:?} (I21)", state.feed);
                self.world.count("export", "of a position that is gone");
                return Ok(());
            }
            Err(ExportError::NoHash(left_out)) => {
                let is_position = left_out.iter().any(|left_out| left_out.why == NoHash::Position);
                promise!(is_position && known.is_none(), "nothing can be exported from {position:?} (I21)");
                self.world.count("export", "of a content that isn't known");
                return Ok(());
            }
            Err(error) => return Err(Violation::new(format!("an export fails where nothing is wrong: {error} (I21)"))),
        };
        promise!(position.is_some() || !export.is_earlier(), "everything is from an earlier position (I21)");
        for change in export.header().kinds.iter().filter(|_| !export.is_earlier()) {
            let then = known.and_then(|set| set.header.kinds.iter().find(|then| then.kind == change.kind));
            let is_same = then.is_none_or(|then| then.to.hash == change.from.hash);
            promise!(is_same, "{}: was exported to {:?}, and begins at {:?} (I21)", change.kind, then, change.from);
        }
        let left_out = export
            .left_out()
            .iter()
            .any(|kind| known.is_some_and(|set| set.header.kinds.iter().any(|change| change.kind == kind.kind)));
        promise!(!left_out || export.is_earlier(), "kinds are left out whose content was known: {export:?} (I21)");
        let told = match (position, export.is_earlier()) {
            (None, _) => "of everything",
            (Some(_), false) => "from a position",
            (Some(_), true) => "from an earlier position",
        };
        let bytes = export.write(Vec::new()).await;
        let bytes = bytes.map_err(|error| Violation::new(format!("an export can't be written: {error} (I21)")))?;
        let set = Set::read(bytes, &state, &login)?;
        {
            let mut world = self.world.inner();
            world.tally.count("export", told);
            for change in &set.header.kinds {
                let numbers = [change.new, change.changed, change.gone];
                numbers.into_iter().for_each(|number| world.trace.number(number));
            }
        }
        let sets = &mut self.sets.sets[site];
        if sets.len() == KEPT {
            sets.remove(0);
        }
        sets.push(Arc::new(set));
        Ok(())
    }
}

impl Set {
    /// Reads a set that was just made of this state.
    fn read(bytes: Vec<u8>, state: &State, login: &Login) -> Result<Self, Violation> {
        let failed = |error: sync_change_set::ReadError| {
            Violation::new(format!("a set that was just made can't be read: {error} (I21)"))
        };
        let mut reader = SetReader::new(Cursor::new(&bytes), Limits::default()).map_err(failed)?;
        let header = reader.header().clone();
        let mut kinds = PerKind::from_fn(|kind| {
            let known = state.kind(kind);
            let blanked = |(id, row): (&i64, &Item)| {
                let mut row = row.clone();
                blank(&mut row, login);
                (*id, row)
            };
            Content {
                rows: known.rows.iter().map(blanked).collect(),
                categories: known.categories.clone(),
                order: known.consistent.then(|| known.index.ids().to_vec()),
                named: BTreeMap::new(),
                has_order: false,
            }
        });
        let mut at = None;
        while let Some(event) = reader.next().map_err(failed)? {
            let record = match event {
                Event::Kind(kind) => {
                    at = Some(kind);
                    continue;
                }
                Event::End => continue,
                Event::Record(record) => record,
            };
            let kind = at.ok_or_else(|| Violation::new("a record of no kind (I21)"))?;
            let content = &mut kinds[kind];
            let (id, named) = match &record {
                Record::New(item) => (item.id(), Named::New),
                Record::Changed(row) => (row.item.id(), Named::Changed(row.fields)),
                Record::Gone(id) => (*id, Named::Gone),
                Record::Categories(_) => continue,
                Record::Order(change) => {
                    content.has_order = matches!(change, OrderChange::Whole(_));
                    continue;
                }
            };
            promise!(content.named.insert(id.0, named).is_none(), "{kind}: {id} is in a set twice (I21)");
            match &record {
                Record::New(item) => holds_no_password(item)?,
                Record::Changed(row) => holds_no_password(&row.item)?,
                _ => {}
            }
        }
        for change in &header.kinds {
            let computed = hash_of(kinds[change.kind].rows.values(), &Login::default());
            let kind = change.kind;
            promise!(
                change.to.hash == computed,
                "{kind}: a set leads to {:?}, the rows have {computed} (I21)",
                change.to
            );
        }
        let is_within_a_run = state.runs.first().is_some_and(|run| run.status == sync_core::RunStatus::Syncing);
        Ok(Self { bytes, header, kinds, is_within_a_run })
    }

    /// Returns the change of a kind; `None` if the kind is not in the set.
    fn change(&self, kind: ContentKind) -> Option<&sync_core::change_set::KindChange> {
        self.header.kinds.iter().find(|change| change.kind == kind)
    }
}

/// Checks that an item of a set has no password.
fn holds_no_password(item: &Item) -> Result<(), Violation> {
    for at in 0..item.kind().fields().len() {
        let ValueRef::Text(text) = item.value(at) else { continue };
        let is_there = passwords().any(|password| text.contains(password));
        promise!(!is_there, "a set has the login in {} (I13)", show_field(item, at));
    }
    Ok(())
}

fn show_field(item: &Item, at: usize) -> String {
    format!("{} of {} {}", item.kind().fields()[at].name, item.kind(), item.id())
}

/// Returns whether a row equals that of a set in every significant field, with placeholders.
fn is_alike(row: &Item, of_set: &Item, login: &Login) -> bool {
    let mut row = row.clone();
    blank(&mut row, login);
    row.kind().of_class(FieldClass::Significant).positions().all(|at| row.value(at) == of_set.value(at))
}

/// Returns the id of an item by its number.
const fn content(id: i64) -> ContentId {
    ContentId(id)
}
