//! Reads the members of an element into the fields of an item.

use sync_core::{
    CategorySet, ContentId, ContentKind, Digest, Extra, FieldSet, Item, Listed, Shape, Text, Value, ValueRef,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::category::{category_ids, may_be_several, trimmed};
use super::charset::Charset;
use super::fields::{self, Slot, json_text, read, read_id};
use super::left_out::LeftOutValues;
use super::member::Raw;
use super::{measure, text};

/// The greatest number of keys without a column per item. Further ones are left out, so that one item can't fill the
/// memory.
pub(super) const EXTRA_MAX: usize = 1000;

/// The way in which the elements of a list are read, and the fields that are read in a special way.
#[derive(Debug)]
pub(super) struct Special {
    pub(super) charset: Charset,
    /// The key of the id, if it is not the usual one.
    pub(super) id_key: Option<&'static str>,
    pub(super) stream_type: Option<usize>,
    pub(super) extra: Option<usize>,
    kind: ContentKind,
    category: Option<usize>,
    categories: Option<usize>,
    image: Option<usize>,
    /// Text columns that contain numbers with a unit.
    measured: FieldSet,
}

impl Special {
    pub(super) fn new(kind: ContentKind) -> Self {
        let mut measured = FieldSet::EMPTY;
        for (at, spec) in kind.fields().iter().enumerate() {
            if spec.shape == Shape::Decimal && measure::is_measured(spec.name) {
                measured.add(at);
            }
        }
        Self {
            charset: Charset::default(),
            id_key: None,
            stream_type: kind.field("stream_type"),
            extra: kind.field("extra"),
            kind,
            category: kind.field("category_id"),
            categories: kind.field("category_ids"),
            image: fields::other_image(kind).and_then(|(_, column)| kind.field(column)),
            measured,
        }
    }

    /// Returns the digest of an element, without the value of its position counter and without the values that are left
    /// out.
    #[inline]
    pub(super) fn digest(&self, bytes: &[u8], counter: Option<(usize, usize)>, left_out: &mut LeftOutValues) -> Digest {
        let hash = match counter {
            _ if !left_out.is_empty() => left_out.hash(bytes, counter),
            None => xxh3_64(bytes),
            Some((from, to)) => xxh3_64_with_seed(&bytes[to..], xxh3_64(&bytes[..from])),
        };
        if self.charset.is_default() && self.id_key.is_none() {
            return Digest::from_hash(hash);
        }
        self.salted(hash, bytes)
    }

    #[cold]
    fn salted(&self, mut hash: u64, bytes: &[u8]) -> Digest {
        if let Some(salt) = self.charset.salt(bytes) {
            hash = xxh3_64_with_seed(&hash.to_le_bytes(), salt);
        }
        if let Some(key) = self.id_key {
            hash = xxh3_64_with_seed(key.as_bytes(), hash);
        }
        Digest::from_hash(hash)
    }
}

/// An item that is being made.
pub(super) struct Making<'a> {
    listed: Box<Listed>,
    /// The fields whose value came under the key's own spelling. An alias doesn't replace them.
    proper: FieldSet,
    extra: Extra,
    /// The categories of a `category_id` that named several.
    categories: Option<CategorySet>,
    special: &'a Special,
}

impl<'a> Making<'a> {
    pub(super) fn new(kind: ContentKind, id: ContentId, special: &'a Special) -> Self {
        let listed = Box::new(Listed { item: Item::with_id(kind, id), present: FieldSet::EMPTY });
        Self { listed, proper: FieldSet::EMPTY, extra: Extra::new(), categories: None, special }
    }

    /// Takes a member. Returns false if it names another item.
    pub(super) fn take(&mut self, slot: Slot, key: &[u8], value: Raw<'_>) -> bool {
        match slot {
            Slot::Id => return read_id(value) == Some(self.listed.item.id().0),
            Slot::Field { at, shape, alias } => {
                if let Some(read) = self.read(at, shape, key, value) {
                    self.put(at, read, alias, key, value);
                }
            }
            Slot::Unknown => self.keep(key, value),
        }
        true
    }

    /// Returns the value of a field, or `None` if it counts as an absent key. A value that can't be read stays as it
    /// is, beside the fields.
    #[inline]
    fn read(&mut self, at: usize, shape: Shape, key: &[u8], raw: Raw<'_>) -> Option<Value> {
        let is_category = Some(at) == self.special.category;
        if is_category && may_be_several(raw) {
            return self.read_categories(key, raw);
        }
        let Some(value) = read(shape, raw, self.special.charset) else {
            self.keep(key, raw);
            return None;
        };
        Some(match shape.fit(value) {
            // In the lists of categories, ids are trimmed as well.
            Ok(Value::Text(id)) if is_category => shape.normalise(Value::Text(trimmed(id))),
            Ok(Value::Text(text)) if self.special.measured.has(at) => self.measure(at, text),
            Ok(value) => value,
            Err(unread) => self.measure_or_keep(at, shape, key, raw, &unread),
        })
    }

    /// Returns the value of a text column that contains a number, perhaps with its unit.
    fn measure(&self, at: usize, text: Text) -> Value {
        let spec = &self.special.kind.fields()[at];
        if sync_core::model::normalise::canonical_decimal(&text).is_some() {
            return Value::Text(text);
        }
        measure::read(spec.name, &text).map_or(Value::Text(text), |value| spec.shape.normalise(value))
    }

    #[cold]
    fn measure_or_keep(&mut self, at: usize, shape: Shape, key: &[u8], raw: Raw<'_>, unread: &Value) -> Value {
        let name = self.special.kind.fields()[at].name;
        let measured = if let Value::Text(text) = unread { measure::read(name, text) } else { None };
        if measured.is_none() {
            self.keep(key, raw);
        }
        shape.normalise(measured.unwrap_or(Value::Null))
    }

    /// Reads a `category_id` that may name several. The first is the item's own, as with panels that send both keys.
    #[cold]
    fn read_categories(&mut self, key: &[u8], raw: Raw<'_>) -> Option<Value> {
        let ids = category_ids(raw, self.special.charset);
        let Some(first) = ids.first().cloned() else {
            let empty = read(Shape::Text, raw, self.special.charset) == Some(Value::Null)
                || matches!(raw, Raw::Text(_) | Raw::Plain(_));
            if !empty {
                self.keep(key, raw);
            }
            return empty.then_some(Value::Null);
        };
        if ids.len() > 1 {
            self.categories.get_or_insert_default().unite(&ids.into_iter().collect());
        }
        Some(Value::Text(first))
    }

    #[inline]
    fn put(&mut self, at: usize, value: Value, alias: bool, key: &[u8], raw: Raw<'_>) {
        let empty = value == Value::Null;
        if self.listed.present.has(at) && Some(at) == self.special.image && !empty {
            self.keep_other_image(at, &value, alias, key, raw);
        }
        let Listed { item, present } = &mut *self.listed;
        if (alias && self.proper.has(at)) || (empty && present.has(at)) {
            return;
        }
        item.put(at, value);
        present.add(at);
        if !alias && !empty {
            self.proper.add(at);
        }
    }

    /// Handles two keys of the image with two addresses. The one that is not the image stays beside the fields.
    #[cold]
    fn keep_other_image(&mut self, at: usize, new: &Value, alias: bool, key: &[u8], raw: Raw<'_>) {
        let ValueRef::Text(known) = self.listed.item.value(at) else { return };
        if matches!(new, Value::Text(new) if new.as_str() == known) {
            return;
        }
        if alias {
            self.keep(key, raw);
        } else if !self.proper.has(at)
            && let Some((other, _)) = fields::other_image(self.special.kind)
            && let Some(json) = json_text(Raw::Plain(known), self.special.charset)
        {
            self.extra.insert(other.into(), json);
        }
    }

    /// Keeps a value under its key, beside the fields.
    fn keep(&mut self, key: &[u8], value: Raw<'_>) {
        if self.extra.len() < EXTRA_MAX
            && let Some(json) = json_text(value, self.special.charset)
        {
            self.extra.insert(text::read(key, self.special.charset), json);
        }
    }

    pub(super) fn finish(mut self) -> Box<Listed> {
        let Listed { item, present } = &mut *self.listed;
        if let (Some(more), Some(at)) = (self.categories, self.special.categories) {
            let mut set = item.categories().clone();
            set.unite(&more);
            item.put(at, Value::Categories(set));
            present.add(at);
        }
        if let Some(at) = self.special.extra {
            item.put(at, Value::Extra(self.extra));
            present.add(at);
        }
        self.listed
    }
}
