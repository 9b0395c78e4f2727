//! Notes the dates of new and changed titles of a listing, so that it can be learnt when new ones come.

use super::state::KindSync;
use super::{Engine, Run};
use crate::detect::merge::Change;
use crate::model::{ContentKind, Item, ValueRef};
use crate::policy::auto::arrivals::Arrivals;
use crate::policy::auto::stamps::StampTally;
use crate::policy::zone::PanelZone;
use crate::ports::store::StagedItem;

impl StampTally {
    /// Notes the items that a listing stages: those that are new, and those whose date has changed.
    pub(super) fn put(&mut self, staged: &[StagedItem]) {
        for StagedItem { item, change, .. } in staged {
            let Some((position, stamp)) = stamp(item) else {
                if *change == Change::Added {
                    self.note(None, true);
                }
                continue;
            };
            match change {
                Change::Added => self.note(Some(stamp), true),
                Change::Updated(fields) | Change::Refreshed(fields) if fields.has(position) => {
                    self.note(Some(stamp), false);
                }
                _ => {}
            }
        }
    }
}

/// Returns the date that tells when an item came, and its field: `last_modified` if the item has it, else `added`.
fn stamp(item: &Item) -> Option<(usize, i64)> {
    let positions = item.kind().field_positions();
    positions.last_modified.into_iter().chain([positions.added]).find_map(|at| match item.value(at) {
        ValueRef::Text(text) => Some((at, text.parse().ok()?)),
        _ => None,
    })
}

impl Run<'_> {
    /// Returns the tally of the dates of a listing that is asked for at this time by the panel's clock.
    pub(super) fn stamp_tally(&self, kind: ContentKind, asked_at: i64) -> StampTally {
        let ours = |panel: i64| panel.saturating_sub(self.panel_ahead);
        StampTally::new(ours(asked_at), self.state.last_sync[kind].map(ours), self.panel_ahead)
    }
}

impl Engine {
    /// Records what a complete listing has shown of when new titles come.
    pub(super) fn learn_of_arrivals(run: &Run<'_>, sync: &mut KindSync, listing: &StampTally) {
        // Without the panel's own zone, its days begin at midnight UTC. That moves the pattern of the week a little.
        let zone = run.facts.zone.unwrap_or(PanelZone::UTC);
        sync.facts.arrivals = Some(Arrivals::after(sync.facts.arrivals.as_ref(), listing, zone));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FieldSet;
    use crate::testing::{movie, series};

    const NOW: i64 = 1_800_000_007;

    /// Returns whether the items are news, and whether their dates tell when they came.
    fn seen(items: Vec<(Item, Change)>) -> (bool, bool) {
        let mut tally = StampTally::new(NOW, Some(NOW - 7200), 0);
        let staged = |(item, change)| StagedItem { item, change, rank: None, hash: None };
        tally.put(&items.into_iter().map(staged).collect::<Vec<_>>());
        (tally.has_news(), tally.tells_when())
    }

    fn fields(item: &Item, name: &str) -> FieldSet {
        let mut set = FieldSet::EMPTY;
        set.add(item.kind().field(name).unwrap());
        set
    }

    #[test]
    fn new_items_and_those_with_a_new_date_count() {
        let an_hour_ago = (NOW - 3600).to_string();
        let new = movie(1).with("added", &an_hour_ago).item();
        assert_eq!(seen(vec![(new.clone(), Change::Added)]), (true, true));
        assert_eq!(seen(vec![(movie(1).item(), Change::Added)]), (true, false), "it came with an old date");
        assert_eq!(seen(vec![(movie(1).with("added", "soon").item(), Change::Added)]), (true, false));
        for (change, news) in [
            (Change::Refreshed(fields(&new, "added")), true),
            (Change::Updated(fields(&new, "added")), true),
            (Change::Updated(fields(&new, "name")), false),
            (Change::Unchanged, false),
            (Change::IgnoredByPolicy, false),
        ] {
            assert_eq!(seen(vec![(new.clone(), change)]), (news, news), "{change:?}");
        }
    }

    #[test]
    fn a_series_comes_with_its_last_episode() {
        let an_hour_ago = (NOW - 3600).to_string();
        let modified = series(1).with("last_modified", &an_hour_ago).item();
        let change = Change::Refreshed(fields(&modified, "last_modified"));
        assert_eq!(seen(vec![(modified, change)]), (true, true));
        let only_added = series(1).with("added", &an_hour_ago).item();
        assert_eq!(seen(vec![(only_added, Change::Added)]), (true, true));
    }
}
