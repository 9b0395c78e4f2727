//! Implements serde's traits for types whose derived form would show how they are built instead of what they mean.
//!
//! Names are those of the fields, in snake case. Values are not normalised.

use std::time::Duration;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ErrorCode;
use crate::feed::change::{ChangeRecord, LoggedChange};
use crate::hint::Hint;
use crate::model::{CategorySet, ContentId, ContentKind, Extra, PerKind, ProfileId, Text};
use crate::overlay::{ConflictRule, EditField, EditOutcome, FilterAction, FilterBy, MatchBy, NewCategories};
use crate::removal::guard::HoldReason;
use crate::run::plan::{KindPlan, PlannedItem, PlannedRemoval, PlannedUpdate};
use crate::run::record::ReportError;
use crate::run::report::Warning;

/// Serialises a duration as whole milliseconds.
pub(crate) fn milliseconds<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

impl Serialize for ProfileId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ProfileId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(String::deserialize(from)?.into())
    }
}

impl Serialize for CategorySet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.as_slice())
    }
}

impl<'de> Deserialize<'de> for CategorySet {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Vec::<String>::deserialize(from)?.iter().collect())
    }
}

/// Serialises enums as their words.
macro_rules! words {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = String::deserialize(from)?;
                Self::from_name(&word).ok_or_else(|| D::Error::custom(format!("unknown word `{word}`")))
            }
        }
    )*};
}

words!(ConflictRule, EditField, EditOutcome, FilterAction, FilterBy, MatchBy, NewCategories);

/// Serialises the code.
impl Serialize for HoldReason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for HoldReason {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let code = String::deserialize(from)?;
        Self::from_code(&code).ok_or_else(|| D::Error::custom(format!("`{code}` is no reason to hold")))
    }
}

/// Serialises an object whose values are the JSON texts.
impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Extra;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Extra, A::Error> {
                let mut extra = Extra::new();
                while let Some((key, json)) = from.next_entry::<Text, Text>()? {
                    extra.insert(key, json);
                }
                Ok(extra)
            }
        }
        from.deserialize_map(Keys)
    }
}

/// Serialises an object with one field per kind.
impl<T: Serialize> Serialize for PerKind<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(ContentKind::ALL.len()))?;
        for (kind, value) in self.iter() {
            map.serialize_entry(&kind, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PerKind<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields<T> {
            channels: T,
            movies: T,
            series: T,
        }
        let Fields { channels, movies, series } = Fields::deserialize(from)?;
        Ok(Self::new(channels, movies, series))
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(from)?))
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Serialises the class together with the code.
impl Serialize for ReportError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("ReportError", 5)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("class", &self.class())?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("hint", &self.hint)?;
        fields.end()
    }
}

/// Serialises the names of the changed fields. The list is empty if the change is not an update.
impl Serialize for ChangeRecord {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let fields = match self.change {
            LoggedChange::Updated(fields) => fields.names(self.kind.fields()).collect(),
            _ => Vec::new(),
        };
        let mut to = to.serialize_struct("ChangeRecord", 9)?;
        to.serialize_field("sequence", &self.sequence)?;
        to.serialize_field("run", &self.run)?;
        to.serialize_field("at", &self.at)?;
        to.serialize_field("kind", &self.kind)?;
        to.serialize_field("parent", &self.parent)?;
        to.serialize_field("id", &self.id)?;
        to.serialize_field("change", self.change.as_str())?;
        to.serialize_field("name", &self.name)?;
        to.serialize_field("fields", &fields)?;
        to.end()
    }
}

/// Serialises the names of the fields that differ, and the reason of each held removal, beside id and name.
impl Serialize for KindPlan {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Planned<'a, T> {
            id: ContentId,
            name: &'a str,
            #[serde(flatten)]
            more: T,
        }
        #[derive(Serialize)]
        struct Nothing {}
        #[derive(Serialize)]
        struct Updated {
            fields: Vec<&'static str>,
        }
        #[derive(Serialize)]
        struct Held {
            reason: HoldReason,
        }
        fn planned<T>(PlannedItem { id, name }: &PlannedItem, more: T) -> Planned<'_, T> {
            Planned { id: *id, name, more }
        }
        let mut updated = Vec::with_capacity(self.updated.len());
        for PlannedUpdate { item, fields } in &self.updated {
            updated.push(planned(item, Updated { fields: fields.names(self.kind.fields()).collect() }));
        }
        let mut held = Vec::with_capacity(self.held.len());
        for PlannedRemoval { item, reason } in &self.held {
            held.push(planned(item, Held { reason: *reason }));
        }
        let mut to = to.serialize_struct("KindPlan", 6)?;
        to.serialize_field("kind", &self.kind)?;
        to.serialize_field("added", &self.added.iter().map(|item| planned(item, Nothing {})).collect::<Vec<_>>())?;
        to.serialize_field("updated", &updated)?;
        to.serialize_field("removed", &self.removed.iter().map(|item| planned(item, Nothing {})).collect::<Vec<_>>())?;
        to.serialize_field("held", &held)?;
        to.serialize_field("unnoticed", &self.foreign_edits)?;
        to.end()
    }
}

#[cfg(test)]
mod tests;
