//! The plan of a kind as JSON. Items are written one by one, because a plan can be as long as the listing.

use serde::{Serialize, Serializer};
use sync_core::{ContentId, ContentKind, KindPlan, PlannedItem as Item, PlannedRemoval, PlannedUpdate};

use crate::json::{Plan, PlannedItem};

/// Some items of a plan. Each is made when it is written, so that the items are never all in memory.
#[derive(Debug)]
pub(crate) enum Items<'a> {
    Plain(&'a [Item]),
    Updates(ContentKind, &'a [PlannedUpdate]),
    Holds(&'a [PlannedRemoval]),
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Plain(items) => serializer.collect_seq(items.iter().map(PlannedItem::from)),
            Self::Updates(kind, updates) => serializer.collect_seq(updates.iter().map(|one| PlannedItem {
                fields: Some(one.fields.names(kind.fields()).map(Into::into).collect()),
                ..PlannedItem::from(&one.item)
            })),
            Self::Holds(holds) => {
                serializer.collect_seq(holds.iter().map(|one| PlannedItem {
                    reason: Some(one.reason.as_str().into()),
                    ..PlannedItem::from(&one.item)
                }))
            }
        }
    }
}

impl<'a> From<&'a KindPlan> for Plan<Items<'a>> {
    fn from(plan: &'a KindPlan) -> Self {
        let KindPlan { kind, added, updated, removed, held, .. } = plan;
        Self {
            added: Items::Plain(added),
            updated: Items::Updates(*kind, updated),
            removed: Items::Plain(removed),
            held: Items::Holds(held),
        }
    }
}

impl<'a> From<&'a Item> for PlannedItem<'a> {
    fn from(Item { id: ContentId(id), name }: &'a Item) -> Self {
        Self { id: *id, name: name.into(), fields: None, reason: None }
    }
}
