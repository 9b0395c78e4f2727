//! An object with arbitrary members, in their order.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An object whose members differ from line to line, such as the columns of an item or the kinds of a run. It keeps
/// their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Members<'a, T>(Vec<(Cow<'a, str>, T)>);

impl<T> Members<'_, T> {
    /// Returns the value of a member, or `None` if there is no such member.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Returns the members with their names, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Returns the number of members.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Members<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'a, T, N: Into<Cow<'a, str>>> FromIterator<(N, T)> for Members<'a, T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(members: I) -> Self {
        Self(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<'a, T> IntoIterator for Members<'a, T> {
    type Item = (Cow<'a, str>, T);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: Serialize> Serialize for Members<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<'_, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(MembersVisitor(PhantomData)).map(Self)
    }
}

/// Reads members one by one. Names with escapes can't be borrowed, so all names are owned.
struct MembersVisitor<'a, T>(PhantomData<(&'a (), T)>);

impl<'de, 'a, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<'a, T> {
    type Value = Vec<(Cow<'a, str>, T)>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = object.next_entry::<String, T>()? {
            members.push((name.into(), value));
        }
        Ok(members)
    }
}
