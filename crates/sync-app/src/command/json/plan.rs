//! The plan of a kind as JSON. Items are written one by one, because a plan can be as long as the listing.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use sync_core::{ContentId, KindPlan, PlannedItem};

/// A plan.
pub(super) struct Plan<'a>(pub(super) &'a KindPlan);

/// The items of a plan. Each is made when it is written, so that the items are never all in memory.
struct Items<F>(F);

impl<F, I, T> Serialize for Items<F>
where
    F: Fn() -> I,
    I: Iterator<Item = T>,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

#[derive(Serialize)]
struct Planned<'a> {
    id: i64,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl<'a> From<&'a PlannedItem> for Planned<'a> {
    fn from(PlannedItem { id: ContentId(id), name }: &'a PlannedItem) -> Self {
        Self { id: *id, name, fields: None, reason: None }
    }
}

impl Serialize for Plan<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let KindPlan { kind, added, updated, removed, held, .. } = self.0;
        let mut plan = serializer.serialize_struct("plan", 4)?;
        plan.serialize_field("added", &Items(|| added.iter().map(Planned::from)))?;
        let updates = || {
            updated.iter().map(|one| Planned {
                fields: Some(one.fields.names(kind.fields()).collect()),
                ..Planned::from(&one.item)
            })
        };
        plan.serialize_field("updated", &Items(updates))?;
        plan.serialize_field("removed", &Items(|| removed.iter().map(Planned::from)))?;
        let holds = || held.iter().map(|one| Planned { reason: Some(one.reason.as_str()), ..Planned::from(&one.item) });
        plan.serialize_field("held", &Items(holds))?;
        plan.end()
    }
}
