//! Finds the key under which the elements of a list have their id, and the kind of the list.
//!
//! Some panels use another key than the usual one. It is accepted if no element has the usual key. This is known only
//! after a part of the list, so the first elements without the usual key are kept back.

use sync_core::ContentKind;

use super::charset::Charset;
use super::element::Element;
use super::excerpt::shorten;
use super::member::{Cursor, Member};
use super::word::word;
use super::{fields, structure, text};
use crate::credentials::CUT;
use crate::words::{Message, Quote};

/// The number of elements without the usual key after which the list has none.
const HELD_MAX: usize = 500;

/// The greatest size of elements that are kept back, in bytes.
const HELD_BYTES: usize = 4 << 20;

/// The greatest number of keys that a message names.
const KEYS_TOLD: usize = 8;

/// The greatest length of a key that is shown, in characters.
const KEY_SHOWN: usize = 24;

/// Returns the other keys of the id of a kind, the least ambiguous one first.
const fn other_keys(kind: ContentKind) -> &'static [&'static str] {
    match kind {
        ContentKind::Channels => &["channel_id", "live_id", "id"],
        ContentKind::Movies => &["vod_id", "movie_id", "id"],
        ContentKind::Series => &["serie_id", "show_id", "id"],
    }
}

/// Returns whether this is a key of the id of a kind, and of nothing else.
pub(crate) fn is_key_of_id(kind: ContentKind, key: &[u8]) -> bool {
    key == kind.id_column().as_bytes() || other_keys(kind).iter().any(|own| *own != "id" && own.as_bytes() == key)
}

/// Returns the kind whose id has this key, if it is only one. `stream_id` belongs to two kinds.
fn kind_of_key(key: &[u8], asked: ContentKind) -> Option<ContentKind> {
    let is_of = |kind| other_keys(kind).iter().any(|own| *own != "id" && own.as_bytes() == key);
    match key {
        b"series_id" => Some(ContentKind::Series),
        b"stream_id" if asked == ContentKind::Series => Some(ContentKind::Movies),
        _ => ContentKind::ALL.into_iter().find(|kind| is_of(*kind)),
    }
}

/// Returns the kind that a `stream_type` names, or `None` if it is unknown.
fn kind_of_type(stream_type: &str) -> Option<ContentKind> {
    match stream_type {
        "live" | "created_live" | "radio_streams" | "radio" => Some(ContentKind::Channels),
        "movie" | "movies" | "vod" | "created_movie" => Some(ContentKind::Movies),
        "series" => Some(ContentKind::Series),
        other => {
            let plain = other.trim().to_ascii_lowercase();
            if plain == other { None } else { kind_of_type(&plain) }
        }
    }
}

/// An element that waits.
#[derive(Debug)]
pub(crate) struct Held {
    key: Option<Vec<u8>>,
    bytes: Vec<u8>,
    deep: bool,
    offset: u64,
}

impl Held {
    /// Returns the element as it came.
    pub(crate) fn element(&self) -> Element<'_> {
        let (key, bytes) = (self.key.as_deref(), &*self.bytes);
        Element { key, bytes, deep: self.deep, cut: false, broken: false, offset: self.offset }
    }
}

/// The key that has the ids of a list.
#[derive(Debug)]
enum Naming {
    /// It is still unknown. The value has the elements that wait, their size in bytes, and the number of elements that
    /// were read without a key of an id.
    Open { held: Vec<Held>, bytes: usize, nameless: usize },
    /// The usual key has the ids.
    Usual,
    /// Another key has the ids, in all elements.
    Other(&'static str),
}

/// The next step for an element.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The element is read.
    Read,
    /// The element waits until it is known which key has the ids.
    Wait,
    /// The element has the usual key. Those that waited are read before it.
    Usual,
    /// The element is the last one that waits. All that waited are read.
    Other,
    /// The element has the usual key, and those before it did not.
    Muddle,
}

/// The facts about a list.
#[derive(Debug)]
pub(crate) struct Identity {
    kind: ContentKind,
    naming: Naming,
    /// The number of elements that are of another kind, by that kind.
    foreign: [u64; 3],
    /// The number of them that showed it by a key of their id, and the first such key.
    by_key: (u64, &'static str),
    /// Keys of elements without an id.
    keys: Vec<String>,
}

impl Identity {
    pub(crate) const fn new(kind: ContentKind) -> Self {
        Self {
            kind,
            naming: Naming::Open { held: Vec::new(), bytes: 0, nameless: 0 },
            foreign: [0; 3],
            by_key: (0, ""),
            keys: Vec::new(),
        }
    }

    /// Returns the key that has the ids.
    pub(crate) fn column(&self) -> &'static str {
        self.other_key().unwrap_or_else(|| self.kind.id_column())
    }

    /// Returns the same key if it is not the usual one.
    pub(crate) const fn other_key(&self) -> Option<&'static str> {
        if let Naming::Other(key) = self.naming { Some(key) } else { None }
    }

    /// Looks at an element before it is read. For nearly every element this is one comparison.
    #[inline]
    pub(crate) fn next(&mut self, element: Element<'_>) -> Next {
        if matches!(self.naming, Naming::Usual) { Next::Read } else { self.look(element) }
    }

    #[cold]
    fn look(&mut self, element: Element<'_>) -> Next {
        if element.bytes.first() != Some(&b'{') || element.cut || element.broken {
            return Next::Read;
        }
        let usual = self.kind.id_column().as_bytes();
        let (mut names_usual, mut names_other, mut foreign) = (false, false, false);
        for member in members(element.bytes) {
            names_usual |= member.key == usual;
            names_other |= names_id(member, self.kind);
            foreign |= foreign_key(member.key, self.kind).is_some();
        }
        let Naming::Open { held, bytes, nameless } = &mut self.naming else {
            return if names_usual { Next::Muddle } else { Next::Read };
        };
        if names_usual {
            return Next::Usual;
        }
        if foreign || !names_other {
            *nameless += 1;
            if held.is_empty() && *nameless >= HELD_MAX {
                // The keys of the list are the ids, or there are no ids.
                self.naming = Naming::Usual;
            }
            return Next::Read;
        }
        // A broken element is not kept. It may contain other elements, which are searched for then.
        if structure::check(element.bytes).is_err() {
            return Next::Read;
        }
        *bytes += element.bytes.len();
        let key = element.key.map(<[u8]>::to_vec);
        held.push(Held { key, bytes: element.bytes.to_vec(), deep: element.deep, offset: element.offset });
        if held.len() >= HELD_MAX || *bytes >= HELD_BYTES { Next::Other } else { Next::Wait }
    }

    /// Decides which key has the ids: the usual one if an element has it. Returns the elements that waited.
    pub(crate) fn decide(&mut self, usual: bool) -> Vec<Held> {
        let Naming::Open { held, .. } = std::mem::replace(&mut self.naming, Naming::Usual) else { return Vec::new() };
        if !usual {
            let count = |key: &str| held.iter().filter(|held| has_id(&held.bytes, key)).count();
            // Of equal ones the last would be taken, so the order is reversed: the first is the least ambiguous.
            let best = other_keys(self.kind).iter().rev().max_by_key(|key| count(key));
            if let Some(key) = best.filter(|_| !held.is_empty()) {
                self.naming = Naming::Other(key);
            }
        }
        held
    }

    /// Notes the `stream_type` of an item.
    #[inline]
    pub(crate) fn notice_type(&mut self, stream_type: &str) {
        if let Some(kind) = kind_of_type(stream_type)
            && kind != self.kind
        {
            self.foreign[kind.ordinal()] += 1;
        }
    }

    /// Notes an element whose id was not read.
    #[cold]
    pub(crate) fn notice_nameless(&mut self, element: Element<'_>) {
        if element.bytes.first() != Some(&b'{') {
            return;
        }
        let stream_type = members(element.bytes).find(|member| member.key == b"stream_type");
        let word = stream_type.and_then(|member| word(member.value, Charset::default()));
        let by_type = word.and_then(|word| kind_of_type(&word));
        let by_key = || members(element.bytes).find_map(|member| foreign_key(member.key, self.kind));
        if let Some(kind) = by_type {
            if kind != self.kind {
                self.foreign[kind.ordinal()] += 1;
            }
        } else if let Some((kind, key)) = by_key() {
            self.foreign[kind.ordinal()] += 1;
            self.by_key = (self.by_key.0 + 1, if self.by_key.0 == 0 { key } else { self.by_key.1 });
        }
        for member in members(element.bytes) {
            if self.keys.len() == KEYS_TOLD {
                break;
            }
            let key = shorten(&text::read(member.key, Charset::default()), KEY_SHOWN);
            // If a key is cut, a part of a login may be left in it.
            if !key.ends_with(CUT) && !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
    }

    /// Returns a description of the kind of a list, if most of its elements are of another kind.
    pub(crate) fn another_kind(&self, seen: u64) -> Option<String> {
        let foreign: u64 = self.foreign.iter().sum();
        if foreign.saturating_mul(2) <= seen {
            return None;
        }
        let asked = self.kind;
        let (by_key, key) = self.by_key;
        if by_key * 2 >= foreign {
            let usual = self.column();
            return Some(format!(
                "a list of another kind than {asked}: {by_key} of {seen} elements have `{key}`, and no `{usual}`"
            ));
        }
        let most = ContentKind::ALL.into_iter().max_by_key(|kind| self.foreign[kind.ordinal()])?;
        Some(format!("a list of {most} in place of {asked}, by the `stream_type` of {foreign} of {seen} elements"))
    }

    /// Adds to a message the keys of elements without an id. They are words of the panel.
    pub(crate) fn name_keys(&self, message: Message) -> Message {
        let column = self.column();
        if self.keys.iter().any(|key| key == column) {
            return message.and(format!(": no `{column}` is a number"));
        }
        if self.keys.is_empty() {
            return message;
        }
        let keys = Quote::new(self.keys.join("`, `"));
        message.and(format!(": no `{column}`, but `")).quoting(keys).and("`")
    }
}

/// Returns whether a member is an id of the kind under another key than usual.
fn names_id(member: Member<'_>, kind: ContentKind) -> bool {
    other_keys(kind).iter().any(|key| member.key == key.as_bytes()) && fields::read_id(member.value).is_some()
}

/// Returns the kind that a key belongs to, if it is another one than was asked for.
fn foreign_key(key: &[u8], asked: ContentKind) -> Option<(ContentKind, &'static str)> {
    let kind = kind_of_key(key, asked).filter(|kind| *kind != asked)?;
    let names = other_keys(kind).iter().copied().chain([kind.id_column()]);
    names.into_iter().find(|name| name.as_bytes() == key).map(|name| (kind, name))
}

fn has_id(bytes: &[u8], key: &str) -> bool {
    members(bytes).any(|member| member.key == key.as_bytes() && fields::read_id(member.value).is_some())
}

fn members(bytes: &[u8]) -> impl Iterator<Item = Member<'_>> {
    let mut cursor = Cursor::new(bytes);
    // A member that ends with the bytes was cut.
    std::iter::from_fn(move || cursor.member()).take_while(|member| member.span.1 < bytes.len())
}
