//! The right result of an apply of a change set for a kind: nothing, or all of it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::change_set::KindChange;
use sync_core::{ContentKind, Counts, FieldClass, Item, LoggedChange, Login, RunId, SnapshotState};

use super::{Content, Named, Pool, Set, is_alike};
use crate::campaign::Violation;
use crate::elements::fill;
use crate::machine::overlay;
use crate::machine::state::State;
use crate::planner::model::differing;
use crate::{promise, show};

/// A day in seconds.
const DAY: i64 = 86_400;

/// The right result of an apply of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// The set is refused for one of these reasons.
    Refused(&'static [&'static str]),
    /// The set fits. These kinds are written. Those of the second list may be written, because of their order.
    Fits(Vec<ContentKind>, Vec<ContentKind>),
}

impl Expected {
    /// Returns the right result of an apply. `standing` and `state` are of the profile that takes the set; `None` if
    /// there is no such profile.
    pub(super) fn of(set: &Set, is_damaged: bool, standing: Option<&SnapshotState>, state: Option<&State>) -> Self {
        if is_damaged {
            // The head of the set may be found not to fit before the damage is found.
            return Self::Refused(&["damaged", "version", "panel", "from", "to"]);
        }
        let (Some(standing), Some(state)) = (standing, state) else {
            let is_whole = set.header.kinds.iter().all(|change| change.from.hash == super::ContentHash::EMPTY);
            if !is_whole {
                return Self::Refused(&["from"]);
            }
            let all = set.header.kinds.iter();
            let (other, same) = all.partition::<Vec<_>, _>(|change| change.from.hash != change.to.hash);
            let kinds = |all: Vec<&KindChange>| all.into_iter().map(|change| change.kind).collect();
            return Self::Fits(kinds(other), kinds(same));
        };
        if standing.panel.is_some_and(|panel| panel != set.header.panel) {
            return Self::Refused(&["panel"]);
        }
        let (mut written, mut perhaps) = (Vec::new(), Vec::new());
        for change in &set.header.kinds {
            let (kind, now) = (change.kind, &standing.kinds[change.kind]);
            let (is_from, is_to) = (now.hash == Some(change.from.hash), now.hash == Some(change.to.hash));
            if !is_from && !is_to {
                return Self::Refused(&["from"]);
            }
            if !is_to {
                written.push(kind);
            } else if change.from.hash == change.to.hash && change.listed_at > now.listed_at {
                let is_other = state.kind(kind).categories != set.kinds[kind].categories;
                if is_other { written.push(kind) } else { perhaps.push(kind) }
            }
        }
        Self::Fits(written, perhaps)
    }
}

/// A kind that a set may have been applied to.
pub(super) struct Judging<'a> {
    pub(super) set: &'a Set,
    pub(super) pool: &'a Pool,
    /// The profile that takes the set.
    pub(super) site: usize,
    /// The login that the rows of the profile have, and that replaces placeholders.
    pub(super) login: &'a Login,
    pub(super) before: &'a State,
    pub(super) after: &'a State,
    pub(super) now: i64,
    /// Whether a user has changed rows while the set was applied.
    pub(super) is_disturbed: bool,
}

impl Judging<'_> {
    /// Checks that a kind is exactly as before.
    pub(super) fn is_still(&self, kind: ContentKind) -> Result<(), Violation> {
        let when = "with a change set (I21)";
        self.before.check_still(self.after, kind, when)?;
        self.before.check_edits_still(self.after, kind, when)
    }

    /// Checks that a kind is exactly as the set leads to. Returns the changes.
    pub(super) fn is_applied(&self, kind: ContentKind, run: Option<RunId>) -> Result<Counts, Violation> {
        let change = self.set.change(kind);
        let change = change.ok_or_else(|| Violation::new(format!("{kind}: is in no set, and has moved (I21)")))?;
        let of_set = &self.set.kinds[kind];
        let (before, after) = (self.before.kind(kind), self.after.kind(kind));
        let counts = self.rows(kind, of_set)?;
        promise!(
            after.categories == of_set.categories,
            "{kind}: the categories are {:?} after a change set, not {:?} (I21)",
            after.categories,
            of_set.categories
        );
        promise!(after.consistent && after.applied_before, "{kind}: the index is in doubt after a change set (I21)");
        self.order(kind, change, of_set)?;
        self.digests(kind, of_set)?;
        let held: Vec<_> = before.held.iter().filter(|held| !of_set.named.contains_key(&held.id.0)).cloned().collect();
        promise!(after.held == held, "{kind}: held as {:?} after a change set, not {held:?} (I21)", after.held);
        promise!(after.validator.is_none(), "{kind}: a validator outlived a change set (I21)");
        // A listing whose date is more than a day ahead counts as one of a day from now.
        let watermark = change.listed_at.unwrap_or(self.now).min(self.now + DAY);
        promise!(
            after.last_sync == Some(watermark),
            "{kind}: the watermark is {:?} after a change set, not {watermark} (I3)",
            after.last_sync
        );
        self.log(kind, run)?;
        overlay::applied(self.before, self.after, kind, watermark.min(self.now))?;
        Ok(counts)
    }

    /// Checks that every row is as in the set, and that items that the set doesn't name are as before.
    fn rows(&self, kind: ContentKind, of_set: &Content) -> Result<Counts, Violation> {
        let (before, after) = (&self.before.kind(kind).rows, &self.after.kind(kind).rows);
        let mut counts = Counts::default();
        for (id, row) in &of_set.rows {
            let Some(is) = after.get(id) else {
                return Err(Violation::new(format!("{kind}: {} is missing after a change set (I21)", show::item(row))));
            };
            promise!(
                is_alike(is, row, self.login),
                "{kind}: {} after a change set, which has {} (I21)",
                show::item(is),
                show::item(row)
            );
            let own = is.category_id().is_none_or(|own| is.categories().contains(own));
            promise!(own, "{kind}: {} is in a category that it isn't in (I21)", show::item(is));
            let was = before.get(id);
            let told = of_set.named.get(id);
            match (told, was) {
                (None, was) => {
                    promise!(
                        was == Some(is),
                        "{kind}: {} became {}, and no set says so (I21)",
                        show::row(was),
                        show::item(is)
                    );
                }
                (Some(Named::Gone), _) => {
                    return Err(Violation::new(format!("{kind}: a set removes what it has: {id}")));
                }
                (Some(Named::New), _) => self.has(kind, is, row, kind_fields(kind))?,
                (Some(Named::Changed(fields)), _) => self.has(kind, is, row, fields.positions().collect())?,
            }
            match was {
                None => counts.added += 1,
                Some(was) if was == is => counts.unchanged += 1,
                Some(was) if differing(was, is, FieldClass::Significant).is_empty() => counts.refreshed += 1,
                Some(_) => counts.updated += 1,
            }
        }
        let more = after.keys().find(|id| !of_set.rows.contains_key(id));
        promise!(more.is_none(), "{kind}: {more:?} is there after a change set that doesn't have it (I21)");
        counts.removed = before.keys().filter(|id| !after.contains_key(id)).count() as u64;
        Ok(counts)
    }

    /// Checks that a row has the values of the set in these fields.
    fn has(&self, kind: ContentKind, row: &Item, of_set: &Item, fields: Vec<usize>) -> Result<(), Violation> {
        let mut filled = of_set.clone();
        fill(&mut filled, self.login);
        for at in fields {
            promise!(
                row.value(at) == filled.value(at),
                "{kind}: the {} of {} is {:?} after a change set, not {:?} (I21)",
                kind.fields()[at].name,
                row.id(),
                row.value(at),
                filled.value(at)
            );
        }
        Ok(())
    }

    /// Checks that the order is that of the set, if the order before it was one from which the set begins.
    fn order(&self, kind: ContentKind, change: &KindChange, of_set: &Content) -> Result<(), Violation> {
        let leader = crate::machine::world::leader(self.site);
        let (was, is) = (self.before.kind(kind).index.ids(), self.after.kind(kind).index.ids());
        let begins = self.pool.orders.get(&(leader, (change.from.epoch, change.from.sequence)));
        let is_known = begins.is_some_and(|orders| orders.iter().any(|order| order[kind] == was));
        let (Some(order), true) = (&of_set.order, of_set.has_order || is_known) else { return Ok(()) };
        promise!(is == order, "{kind}: the order is {is:?} after a change set, not {order:?}; it was {was:?} (I21)");
        Ok(())
    }

    /// Checks that the next sync compares the items that a set has named.
    fn digests(&self, kind: ContentKind, of_set: &Content) -> Result<(), Violation> {
        let (was, is) = (self.before.kind(kind), self.after.kind(kind));
        for (at, id) in is.index.ids().iter().enumerate() {
            let digest = is.index.digest_at(at);
            let known = was.index.position(super::content(*id), 0).map(|at| was.index.digest_at(at));
            let stays = was.consistent && !of_set.named.contains_key(id);
            let right = match known {
                Some(known) if stays => known.0 == digest.0,
                _ => digest.is_never(),
            };
            promise!(right, "{kind}: the index knows {digest:?} of {id} after a change set (I21)");
        }
        Ok(())
    }

    /// Checks that the change log has the difference. Its values are compared with the rows together with the feed.
    fn log(&self, kind: ContentKind, run: Option<RunId>) -> Result<(), Violation> {
        let new = &self.after.changes[self.before.changes.len()..];
        let own: Vec<_> = new.iter().filter(|it| it.kind == kind && !it.change.is_of_edit()).collect();
        let foreign = own.iter().find(|it| run.is_some_and(|run| it.run != Some(run)));
        promise!(foreign.is_none(), "{kind}: logged with a change set: {foreign:?} (I21)");
        let (loaded, own): (Vec<_>, Vec<_>) = own.into_iter().partition(|it| it.change == LoggedChange::Loaded);
        let (before, after) = (self.before.kind(kind), self.after.kind(kind));
        // A user may have cleared the kind after it was found to be loaded. Then the log has its rows as added.
        let is_cleared = self.is_disturbed && loaded.is_empty();
        let first = !before.applied_before && !is_cleared;
        let mut expected: BTreeMap<i64, &str> = BTreeMap::new();
        for id in before.rows.keys().chain(after.rows.keys()).copied().collect::<BTreeSet<_>>() {
            match (before.rows.get(&id), after.rows.get(&id)) {
                (Some(_), None) => drop(expected.insert(id, "removed")),
                (None, Some(_)) if !first => drop(expected.insert(id, "added")),
                (Some(was), Some(is)) if !differing(was, is, FieldClass::Significant).is_empty() => {
                    expected.insert(id, "updated");
                }
                _ => {}
            }
        }
        let told = |change: LoggedChange| match change {
            LoggedChange::Added | LoggedChange::Returned => "added",
            LoggedChange::Updated(_) => "updated",
            LoggedChange::Removed => "removed",
            _ => "something else",
        };
        promise!(loaded.len() == usize::from(first), "{kind}: loaded {} times by a change set (I21)", loaded.len());
        let found: BTreeMap<_, _> = own.iter().filter_map(|it| Some((it.id?.0, told(it.change)))).collect();
        promise!(
            found == expected && own.len() == expected.len(),
            "{kind}: a change set logged {found:?}, not {expected:?} (I21)"
        );
        Ok(())
    }
}

/// Returns the fields of a new row.
fn kind_fields(kind: ContentKind) -> Vec<usize> {
    kind.of_class(FieldClass::Significant).positions().collect()
}
