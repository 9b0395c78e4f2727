//! Traces: digests of events, which show whether two runs of a seed differ.

use sync_core::{Digest, Extra, Item, LeftOut, Listed, Value, ValueRef};
use xxhash_rust::xxh3::Xxh3;

/// The events so far, as a digest.
#[derive(Clone, Default)]
pub(crate) struct Trace(Xxh3);

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trace").field(&self.digest()).finish()
    }
}

impl Trace {
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    pub(crate) fn signed(&mut self, number: i64) {
        self.0.update(&number.to_le_bytes());
    }

    pub(crate) fn item(&mut self, item: &Item) {
        self.signed(item.id().0);
        for at in 0..item.kind().fields().len() {
            match item.value(at) {
                ValueRef::Null => self.number(u64::MAX),
                ValueRef::Text(text) => self.text(text),
                ValueRef::Integer(number) => self.signed(number),
                ValueRef::Real(number) => self.number(number.to_bits()),
                ValueRef::Categories(set) => {
                    self.number(set.as_slice().len() as u64);
                    set.as_slice().iter().for_each(|id| self.text(id.as_str()));
                }
                ValueRef::Extra(extra) => {
                    self.number(extra.len() as u64);
                    for (key, json) in extra.iter() {
                        self.text(key);
                        self.text(json);
                    }
                }
            }
        }
    }

    pub(crate) fn digest(&self) -> u64 {
        self.0.digest()
    }
}

/// Returns the same without the values that are left out. Of an image, the path stays.
pub(crate) fn raw_digest_but(element: &Listed, left_out: &LeftOut) -> Digest {
    if left_out.is_empty() {
        return raw_digest(element);
    }
    let (mut rest, kind) = (element.clone(), element.item.kind());
    for at in left_out.fields.positions() {
        let image = matches!(kind.fields()[at].name, "stream_icon" | "cover");
        match element.item.value(at) {
            ValueRef::Text(address) if image => {
                if let Some(path) = path(address) {
                    rest.item.set(at, Value::Text(format!("\u{1}{path}").into()));
                }
            }
            _ if image => {}
            _ => rest.item.set(at, Value::Null),
        }
    }
    let at = kind.field("extra").expect("every kind has it");
    if let ValueRef::Extra(extra) = element.item.value(at) {
        let left = |(key, json)| (key, if left_out.has_key(key) { "" } else { json });
        rest.item.set(at, Value::Extra(extra.iter().map(left).collect::<Extra>()));
    }
    raw_digest(&rest)
}

/// Returns the path of an image address.
pub(crate) fn path(address: &str) -> Option<&str> {
    let (_, path) = address.split_once("://")?.1.split_once('/')?;
    path.split(['?', '#']).next().filter(|path| !path.is_empty())
}

/// Returns a digest of an element, as if of its bytes. Any difference gives another digest, even in a field that
/// doesn't count.
pub(crate) fn raw_digest(element: &Listed) -> Digest {
    let mut trace = Trace::default();
    trace.item(&element.item);
    trace.number(u64::from(element.present.0));
    Digest::from_hash(trace.digest())
}
