//! From the bytes of one answer to the entries of a listing.

use std::sync::Arc;

use sync_core::source::{AnswerFault, Completeness, Entry};
use sync_core::{ContentId, ContentKind, Digest, Extra, FieldSet, Item, Listed, ListingIndex, Value};
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use super::fields::{Keys, Slot, json_text, read, read_id};
use super::member::{Cursor, Raw};
use super::splitter::{Element, Splitter};
use super::{Fault, Limits, SCHEME, excerpt, text};

/// Decodes one answer.
#[derive(Debug)]
pub(crate) struct Decoder {
    splitter: Splitter,
    elements: Elements,
}

/// What is done with the elements.
#[derive(Debug)]
struct Elements {
    kind: ContentKind,
    keys: Keys,
    extra_at: Option<usize>,
    category_at: Option<usize>,
    known: Option<Arc<ListingIndex>>,
    /// Which positions of the index have been met: a second element of an id is always decoded.
    met: Vec<bool>,
    cursor: usize,
    items: u64,
    unreadable: u64,
    /// The sum of what stands for each, so that their order makes no difference.
    unreadable_digest: u64,
    limit: u64,
    in_object: bool,
}

impl Decoder {
    /// A decoder for a listing of a kind.
    pub(crate) fn new(kind: ContentKind, known: Option<Arc<ListingIndex>>, limits: Limits) -> Self {
        let known = known.filter(|index| index.scheme() == SCHEME);
        let elements = Elements {
            kind,
            keys: Keys::new(kind),
            extra_at: kind.field("extra"),
            category_at: kind.field("category_id"),
            met: vec![false; known.as_ref().map_or(0, |index| index.len())],
            known,
            cursor: 0,
            items: 0,
            unreadable: 0,
            unreadable_digest: 0,
            limit: limits.elements,
            in_object: false,
        };
        Self { splitter: Splitter::new(limits), elements }
    }

    /// Takes the next bytes; appends the entries that end in them.
    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut Vec<Entry>) -> Result<(), Fault> {
        let Self { splitter, elements } = self;
        splitter.feed(chunk, |element| elements.take(element, out))?;
        elements.in_object = splitter.is_keyed();
        Ok(())
    }

    /// The transport has ended properly: says whether the answer was whole.
    pub(crate) fn finish(mut self, _: &mut Vec<Entry>) -> Result<Completeness, Fault> {
        let trailing_digest = self.splitter.finish()?;
        let Elements { items, unreadable, unreadable_digest, in_object, kind, .. } = self.elements;
        if items == 0 && unreadable > 0 {
            return Err(Fault::new(AnswerFault::WrongItems, format!("none of {unreadable} elements is one of {kind}")));
        }
        if items == 0 && in_object {
            return Err(Fault::new(AnswerFault::NotAList, "`{}` came in place of a list"));
        }
        Ok(Completeness {
            unreadable,
            unreadable_digest: (unreadable > 0).then_some(unreadable_digest),
            trailing_bytes: trailing_digest.is_some(),
            trailing_digest,
            started_at: None,
        })
    }
}

impl Elements {
    fn take(&mut self, element: Element<'_>, out: &mut Vec<Entry>) -> Result<(), Fault> {
        if let Some(key) = element.key
            && self.items + self.unreadable == 0
        {
            no_item(key, element.bytes)?;
        }
        if self.items + self.unreadable == self.limit {
            return Err(Fault::new(AnswerFault::TooLarge, format!("it has more than {} elements", self.limit)));
        }
        if let Some(entry) = self.entry(element) {
            self.items += 1;
            out.push(entry);
        } else {
            self.unreadable += 1;
            self.unreadable_digest = self.unreadable_digest.wrapping_add(trace(element));
        }
        Ok(())
    }

    fn entry(&mut self, element: Element<'_>) -> Option<Entry> {
        if element.bytes.first() != Some(&b'{') || element.deep {
            return None;
        }
        let (id, digest) = self.identify(element)?;
        if let Some(known) = &self.known
            && let Some(at) = known.position(id, self.cursor)
        {
            self.cursor = at + 1;
            if !std::mem::replace(&mut self.met[at], true) && known.digest_at(at).same_as(digest) {
                return Some(Entry::Same(id));
            }
        }
        let listed = self.decode(element.bytes, id);
        Some(Entry::Item(Box::new(listed), Some(digest)))
    }

    /// Finds the id and takes the digest, without decoding more than it must.
    ///
    /// The position counter of movies and series has no part in the digest: one insertion moves
    /// it for every item that follows. For channels it is a field like any other.
    fn identify(&self, element: Element<'_>) -> Option<(ContentId, Digest)> {
        let bytes = element.bytes;
        let column = self.kind.id_column().as_bytes();
        let mut cursor = Cursor::new(bytes);
        let mut counter = None;
        let mut named = None;
        while let Some(member) = cursor.member() {
            if member.key == column {
                named = Some(read_id(member.value));
                break;
            }
            if member.key == b"num" && self.kind != ContentKind::Channels {
                counter = Some(member.span);
            }
        }
        // The key of a list that is an object may be a mere position: it is the id only of an
        // item that names none.
        let id = named.unwrap_or_else(|| element.key.and_then(|key| read_id(Raw::Text(key))))?;
        let hash = match counter {
            None => xxh3_64(bytes),
            Some((from, to)) => xxh3_64_with_seed(&bytes[to..], xxh3_64(&bytes[..from])),
        };
        Some((ContentId(id), Digest::of_hash(hash)))
    }

    fn decode(&mut self, bytes: &[u8], id: ContentId) -> Listed {
        let mut item = Item::with_id(self.kind, id);
        let mut present = FieldSet::EMPTY;
        // Fields whose value came by the key's own spelling, which an alias doesn't override.
        let mut proper = FieldSet::EMPTY;
        let mut extra = Extra::new();
        let mut cursor = Cursor::new(bytes);
        let mut nth = 0;
        while let Some(member) = cursor.member() {
            let slot = self.keys.slot(nth, member.key);
            nth += 1;
            match slot {
                Slot::Id => {}
                Slot::Field { at, shape, alias } => {
                    let Some(value) = read(shape, member.value) else { continue };
                    let value = match shape.normalise(value) {
                        // In the lists of categories, ids are trimmed as well.
                        Value::Text(id) if Some(at) == self.category_at => {
                            shape.normalise(Value::Text(id.trim().to_owned()))
                        }
                        value => value,
                    };
                    let empty = value == Value::Null;
                    if (alias && proper.has(at)) || (empty && present.has(at)) {
                        continue;
                    }
                    item.set(at, value);
                    present.add(at);
                    if !alias && !empty {
                        proper.add(at);
                    }
                }
                Slot::Unknown => {
                    if let Some(json) = json_text(member.value) {
                        extra.insert(text::read(member.key), json);
                    }
                }
            }
        }
        if let Some(at) = self.extra_at {
            item.set(at, Value::Extra(extra));
            present.add(at);
        }
        Listed { item, present }
    }
}

/// What stands for an element that can't be read, to know it again.
///
/// Its bytes, but for the value of `num`: a position counter, which other elements move. One that
/// was too large to be kept is known by its length.
fn trace(element: Element<'_>) -> u64 {
    let bytes = element.bytes.trim_ascii();
    let mut hasher = Xxh3::new();
    if bytes.is_empty() {
        hasher.update(&element.length.to_le_bytes());
    }
    let mut from = 0;
    if bytes.first() == Some(&b'{') {
        let mut cursor = Cursor::new(bytes);
        while let Some(member) = cursor.member() {
            if member.key == b"num" {
                hasher.update(&bytes[from..member.span.0]);
                from = member.span.1;
            }
        }
    }
    hasher.update(&bytes[from..]);
    hasher.digest()
}

/// Whether the first member of an object says that the object is no list of items.
fn no_item(key: &[u8], value: &[u8]) -> Result<(), Fault> {
    match key {
        b"user_info" | b"server_info" => {
            let mut cursor = Cursor::new(value);
            let mut refused = false;
            while let Some(member) = cursor.member() {
                let no = matches!(member.value, Raw::Number(b"0") | Raw::Text(b"0") | Raw::Bool(false));
                refused |= member.key == b"auth" && no;
            }
            if refused {
                return Err(Fault::refused("it answered a request for a list with `auth: 0`"));
            }
            Err(Fault::new(AnswerFault::AccountObject, "the account came in place of a list"))
        }
        _ if value.first() == Some(&b'{') => Ok(()),
        _ => {
            let value = match Cursor::new_at(value).value_here() {
                Some(Raw::Text(raw)) => excerpt(text::read(raw).as_bytes()),
                _ => excerpt(value),
            };
            let words = format!("{}: {value}", excerpt(text::read(key).as_bytes()));
            Err(Fault::new(AnswerFault::ErrorObject, format!("an object came in place of a list ({words})")))
        }
    }
}

#[cfg(test)]
mod tests;
