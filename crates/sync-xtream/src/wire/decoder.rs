//! Decodes the bytes of one answer into the entries of a listing.

use std::sync::Arc;

use sync_core::source::{AnswerFault, Completeness, Entry, UnreadableAt};
use sync_core::{ContentId, ContentKind, Digest, LeftOut, Listed, ListingIndex, ValueRef};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::charset::Charset;
use super::defect::{self, Known};
use super::element::{Element, Verdict};
use super::excerpt::excerpt;
use super::fault::Fault;
use super::fields::{Keys, read_id};
use super::identity::{Held, Identity, Next};
use super::left_out::LeftOutValues;
use super::limits::Limits;
use super::making::{Making, Special};
use super::member::{Cursor, Raw, nesting};
use super::places::Places;
use super::plain::{Plain, Step};
use super::scheme::SCHEME;
use super::splitter::Splitter;
use super::{structure, text};
use crate::words::{Message, Quote};

/// The number of elements from which on two commas between every two elements are a panel's way of writing.
const HABIT: u64 = 8;

/// Decodes one answer.
#[derive(Debug)]
pub(crate) struct Decoder {
    splitter: Splitter,
    elements: Elements,
}

/// The processing of elements.
#[derive(Debug)]
struct Elements {
    kind: ContentKind,
    keys: Keys,
    identity: Identity,
    special: Special,
    known: Option<Arc<ListingIndex>>,
    /// The values that have no part in the digests.
    left_out: LeftOutValues,
    /// The positions of the index that were met. A second element with the same id is always decoded.
    met: Vec<bool>,
    /// The position of the index at which the listing probably continues.
    cursor: usize,
    first: First,
    /// The limits of an element.
    limits: Limits,
    seen: u64,
    items: u64,
    /// The number of elements that could not be read, or not completely. An item whose id was read is delivered, and is
    /// counted here as well if the rest of its element is broken.
    unreadable: u64,
    /// The sum of the numbers that stand for them. Their order makes no difference.
    unreadable_digest: u64,
    /// The number of places between two commas without an element.
    holes: u64,
    /// Whether the defects can be recognised in another listing.
    defects: Known,
    /// Whether an item has named its id itself. Then the keys of the list may be mere positions.
    named: bool,
    /// Whether this is the account. Its other half says whether the login is refused.
    account: bool,
    in_object: bool,
    /// The positions of the first unreadable elements.
    places: Places,
}

/// The part of an element that is examined first, if something is known of the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// The digest. It is compared with that of the expected element.
    Digest,
    /// The id.
    Id,
}

impl Decoder {
    /// Returns a decoder for a listing of a kind.
    #[cfg(any(test, feature = "fuzzing", feature = "bench"))]
    pub(crate) fn new(kind: ContentKind, known: Option<Arc<ListingIndex>>, limits: Limits) -> Self {
        Self::leaving_out(kind, known, &LeftOut::NONE, limits)
    }

    /// Returns a decoder for a listing of a kind in whose digests some values have no part.
    pub(crate) fn leaving_out(
        kind: ContentKind,
        known: Option<Arc<ListingIndex>>,
        left_out: &LeftOut,
        limits: Limits,
    ) -> Self {
        let known = known.filter(|index| index.scheme() == SCHEME.leaving_out(kind, left_out));
        let elements = Elements {
            kind,
            keys: Keys::new(kind),
            identity: Identity::new(kind),
            special: Special::new(kind),
            met: vec![false; known.as_ref().map_or(0, |index| index.len())],
            known,
            left_out: LeftOutValues::new(kind, left_out),
            cursor: 0,
            first: First::Digest,
            limits,
            seen: 0,
            items: 0,
            unreadable: 0,
            unreadable_digest: 0,
            holes: 0,
            defects: Known::ByTrace,
            named: false,
            account: false,
            in_object: false,
            places: Places::default(),
        };
        Self { splitter: Splitter::recovering(limits, kind), elements }
    }

    /// Sets the charset of texts that are not UTF-8.
    pub(crate) fn with_charset(mut self, charset: Charset) -> Self {
        self.elements.special.charset = charset;
        self
    }

    /// Takes the next bytes. Appends the entries that end in them.
    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut Vec<Entry>) -> Result<(), Fault> {
        let Self { splitter, elements } = self;
        let before = out.len();
        splitter.feed(chunk, |element| elements.take(element, out))?;
        elements.in_object = splitter.is_keyed();
        elements.places.look(out, before);
        Ok(())
    }

    /// Ends the body. Appends the entries that have waited for it, and returns whether the answer was complete.
    /// `proved` says that the transport proves the end, and not only the list.
    pub(crate) fn finish(&mut self, proved: bool, out: &mut Vec<Entry>) -> Result<Completeness, Fault> {
        let Self { splitter, elements } = self;
        let before = out.len();
        let ending = splitter.finish(proved, |element| elements.take(element, out))?;
        elements.decide(false, out);
        elements.places.look(out, before);
        let Elements { seen, items, unreadable, unreadable_digest, holes, in_object, kind, .. } = self.elements;
        if self.elements.account {
            return Err(account());
        }
        let habit = seen >= HABIT && holes + 1 >= seen;
        let holes = if habit { 0 } else { holes };
        let unreadable = unreadable + holes;
        if let Some(words) = self.elements.identity.another_kind(seen) {
            return Err(Fault::new(AnswerFault::WrongItems, words));
        }
        if items == 0 && unreadable > 0 {
            let words = format!("none of {unreadable} elements is one of {kind}").into();
            return Err(Fault::new(AnswerFault::WrongItems, self.elements.identity.name_keys(words)));
        }
        if items == 0 && in_object {
            return Err(Fault::new(AnswerFault::NotAList, "`{}` came in place of a list"));
        }
        let knowable = match self.elements.defects {
            Known::ByTrace => holes == 0,
            Known::ByKey => holes == 0 && !self.elements.named,
            Known::Never => false,
        };
        Ok(Completeness {
            wire_bytes: None,
            unreadable,
            unreadable_digest: (unreadable > 0 && knowable).then_some(unreadable_digest),
            unreadable_at: self.elements.places.first(),
            trailing_bytes: ending.trailing,
            trailing_digest: ending.digest,
            started_at: None,
        })
    }

    /// Returns the positions of the first unreadable elements.
    pub(crate) fn places(&self) -> &[UnreadableAt] {
        self.elements.places.all()
    }
}

/// The result of reading an element.
enum Reading {
    /// The entry contains the whole element.
    Whole(Entry),
    /// The element is broken, but has an id.
    Part(Entry),
    /// No id can be read.
    Nothing,
    /// The element isn't JSON.
    Broken,
}

impl Elements {
    fn take(&mut self, element: Element<'_>, out: &mut Vec<Entry>) -> Result<Verdict, Fault> {
        if self.account {
            return if element.key == Some(b"user_info") { Err(user_info(element.bytes)) } else { Ok(Verdict::Taken) };
        }
        if let Some(key) = element.key
            && self.seen == 0
        {
            if key == b"server_info" {
                self.account = true;
                return Ok(Verdict::Taken);
            }
            // With a number as its key it is an element of a list, even if it is broken.
            if read_id(Raw::Text(key)).is_none() {
                no_item(key, element.bytes, self.special.charset)?;
            }
        }
        if element.bytes.is_empty() && element.key.is_none() && !element.broken {
            self.holes += 1;
            return Ok(Verdict::Taken);
        }
        if self.seen == self.limits.elements {
            let message = format!("it has more than {} elements", self.limits.elements);
            return Err(Fault::new(AnswerFault::TooLarge, message));
        }
        match self.identity.next(element) {
            Next::Read => {}
            Next::Wait => {
                self.seen += 1;
                return Ok(Verdict::Taken);
            }
            Next::Usual => self.decide(true, out),
            Next::Other => {
                self.seen += 1;
                self.decide(false, out);
                return Ok(Verdict::Taken);
            }
            Next::Muddle => {
                let (usual, other) = (self.kind.id_column(), self.identity.column());
                let words = format!("some elements name their id `{usual}`, and those before them `{other}`");
                return Err(Fault::new(AnswerFault::WrongItems, words));
            }
        }
        let verdict = self.put(element, out);
        self.seen += u64::from(verdict == Verdict::Taken);
        Ok(verdict)
    }

    /// Decides which key has the ids, and reads the elements that waited for this.
    #[cold]
    fn decide(&mut self, usual: bool, out: &mut Vec<Entry>) {
        let held: Vec<Held> = self.identity.decide(usual);
        if let Some(key) = self.identity.other_key().filter(|_| !held.is_empty()) {
            tracing::info!(key, "the ids of the list stand under another key than usual");
            self.keys.name_id(key);
            self.special.id_key = Some(key);
        }
        for held in &held {
            // Only sound elements wait, so none of them is broken.
            self.put(held.element(), out);
        }
    }

    /// Reads an element, unless it turns out to be broken.
    #[inline]
    fn put(&mut self, element: Element<'_>, out: &mut Vec<Entry>) -> Verdict {
        let reading = if element.broken { self.read_broken(element) } else { self.read(element) };
        let part = match reading {
            Reading::Whole(entry) => {
                self.items += 1;
                out.push(entry);
                return Verdict::Taken;
            }
            Reading::Broken => return Verdict::Broken,
            Reading::Part(entry) => Some(entry),
            Reading::Nothing => None,
        };
        if part.is_none() && !element.broken {
            self.identity.notice_nameless(element);
        }
        self.count(element);
        self.places.note(element.offset, out);
        if let Some(entry) = part {
            self.items += 1;
            out.push(entry);
        }
        Verdict::Taken
    }

    /// Reads the certain part of a broken element: at most its id.
    fn read_broken(&self, element: Element<'_>) -> Reading {
        let keys_are_ids = self.items > 0 && !self.named;
        let id = defect::certain_id(element, self.identity.column(), keys_are_ids);
        id.map_or(Reading::Nothing, |id| Reading::Part(Entry::Broken(ContentId(id))))
    }

    /// Counts a defect.
    fn count(&mut self, element: Element<'_>) {
        self.unreadable += 1;
        self.unreadable_digest = self.unreadable_digest.wrapping_add(defect::trace(element));
        self.defects = self.defects.max(defect::known(element, self.identity.column()));
    }

    fn read(&mut self, element: Element<'_>) -> Reading {
        match element.bytes.first() {
            Some(b'{') => {}
            Some(b'[') if !element.cut && structure::check(element.bytes).is_err() => return Reading::Broken,
            _ => return Reading::Nothing,
        }
        let odd = element.deep || element.cut;
        let expected = if odd { None } else { self.expected(element.bytes) };
        if let Some(id) = expected {
            return Reading::Whole(Entry::Same(id));
        }
        let is_broken = || !element.cut && structure::check(element.bytes).is_err();
        let Some((id, digest)) = self.identify(element) else {
            return if is_broken() { Reading::Broken } else { Reading::Nothing };
        };
        let mut position = None;
        if let Some(known) = &self.known
            && let Some(at) = known.position(id, self.cursor)
        {
            let same = !self.met[at] && !odd && known.digest_at(at).same_as(digest);
            if same && at == self.cursor {
                // The panel doesn't write its items in the expected way.
                self.first = First::Id;
            }
            self.cursor = at + 1;
            if same {
                self.met[at] = true;
                return Reading::Whole(Entry::Same(id));
            }
            position = Some(at);
        }
        let plain = if odd { None } else { self.decode_plain(element.bytes, id) };
        if plain.is_none() && is_broken() {
            return Reading::Broken;
        }
        if let Some(at) = position {
            self.met[at] = true;
        }
        if let Some(listed) = plain {
            self.notice(&listed);
            return Reading::Whole(Entry::Item(listed, Some(digest)));
        }
        // Only an element that was sound when it was decoded has a digest. So an element that is the same is sound.
        let upto = structure::check(element.bytes).err().unwrap_or(element.bytes.len());
        let (mut listed, only) = self.decode(element, id, upto);
        self.notice(&listed);
        if !odd && only {
            return Reading::Whole(Entry::Item(listed, Some(digest)));
        }
        // Keys without a column stay as they are stored, because some of them may be missing here.
        self.special.extra.iter().for_each(|at| listed.present.drop(*at));
        Reading::Part(Entry::Item(listed, None))
    }

    /// Notes the kind that an item names.
    fn notice(&mut self, listed: &Listed) {
        if let Some(at) = self.special.stream_type
            && let ValueRef::Text(stream_type) = listed.item.value(at)
        {
            self.identity.notice_type(stream_type);
        }
    }

    /// Returns the id of an element that equals the next one of the index byte by byte. The id need not be searched
    /// for, because an equal digest means an equal id.
    fn expected(&mut self, bytes: &[u8]) -> Option<ContentId> {
        let known = self.known.as_ref().filter(|_| self.first == First::Digest)?;
        let met = self.met.get_mut(self.cursor).filter(|met| !**met)?;
        let counter = if self.kind == ContentKind::Channels { None } else { leading_counter(bytes) };
        if !known.digest_at(self.cursor).same_as(self.special.digest(bytes, counter, &mut self.left_out)) {
            return None;
        }
        *met = true;
        self.named = true;
        self.cursor += 1;
        Some(ContentId(known.ids()[self.cursor - 1]))
    }

    /// Finds the id and makes the digest, without decoding more than necessary.
    ///
    /// The position counter of movies and series has no part in the digest, because one insertion changes it in all
    /// items that follow. In channels it is a field like any other.
    fn identify(&mut self, element: Element<'_>) -> Option<(ContentId, Digest)> {
        let bytes = element.bytes;
        let column = self.identity.column().as_bytes();
        let mut cursor = Cursor::new(bytes);
        let mut counter = None;
        let mut named = None;
        while let Some(member) = cursor.member() {
            // A member that ends with the bytes was cut.
            if member.span.1 >= bytes.len() {
                break;
            }
            if member.key == column {
                named = Some(read_id(member.value));
                self.named = true;
                break;
            }
            if member.key == b"num" && self.kind != ContentKind::Channels {
                counter = Some(member.span);
            }
        }
        let digest = self.special.digest(bytes, counter, &mut self.left_out);
        if let Some(named) = named {
            return Some((ContentId(named?), digest));
        }
        // The key of a list that is an object may be a mere position. It is the id only of an item that names none.
        // Then it is a part of the digest, because the bytes don't tell the id.
        let key = element.key?;
        let id = read_id(Raw::Text(key))?;
        Some((ContentId(id), Digest::from_hash(xxh3_64_with_seed(key, digest.0))))
    }

    /// Decodes an element that is written as programs write JSON. Returns `None` for any other, and for one that has
    /// another id as well.
    fn decode_plain(&mut self, bytes: &[u8], id: ContentId) -> Option<Box<Listed>> {
        let mut making = Making::new(self.kind, id, &self.special);
        let mut walk = Plain::new(bytes)?;
        self.keys.begin();
        loop {
            match walk.next(self.keys.likely()) {
                Step::Member(key, value, is_likely) => {
                    if !making.take(self.keys.slot(key, is_likely), key, value) {
                        return None;
                    }
                }
                Step::End => return Some(making.finish()),
                Step::Odd => return None,
            }
        }
    }

    /// Decodes the members that end before a position. Also returns whether the element has no other id than this one.
    fn decode(&mut self, element: Element<'_>, id: ContentId, upto: usize) -> (Box<Listed>, bool) {
        let bytes = element.bytes;
        let mut making = Making::new(self.kind, id, &self.special);
        let mut cursor = Cursor::new(bytes);
        let mut only = true;
        self.keys.begin();
        while only && let Some(member) = cursor.member() {
            if member.span.1 > upto || member.span.1 == bytes.len() {
                break;
            }
            if element.deep && nesting(member.value) >= u64::from(self.limits.nesting) {
                continue;
            }
            only = making.take(self.keys.slot(member.key, false), member.key, member.value);
        }
        (making.finish(), only)
    }
}

/// Returns the position of the value of the position counter in an element that begins with one, as PHP writes it.
fn leading_counter(bytes: &[u8]) -> Option<(usize, usize)> {
    const KEY: &[u8] = b"{\"num\":";
    let value = bytes.strip_prefix(KEY)?;
    let length = value.iter().position(|byte| !byte.is_ascii_digit())?;
    (value[length] == b',').then_some((KEY.len(), KEY.len() + length))
}

/// Returns the error for the account, or a half of it.
fn account() -> Fault {
    Fault::new(AnswerFault::AccountObject, "the account came in place of a list")
}

/// Returns the error for this half of the account, which says whether the login is refused.
fn user_info(value: &[u8]) -> Fault {
    let mut refused = false;
    if value.first() == Some(&b'{') {
        let mut cursor = Cursor::new(value);
        while let Some(member) = cursor.member() {
            let no = matches!(member.value, Raw::Number(b"0") | Raw::Text(b"0") | Raw::Bool(false));
            refused |= member.key == b"auth" && no;
        }
    }
    if refused { Fault::refused("it answered a request for a list with `auth: 0`") } else { account() }
}

/// Checks whether the first member of an object says that the object is no list of items.
fn no_item(key: &[u8], value: &[u8], charset: Charset) -> Result<(), Fault> {
    match key {
        b"user_info" => Err(user_info(value)),
        _ if value.first() == Some(&b'{') => Ok(()),
        _ => {
            let value = match Cursor::new_at(value).value_here() {
                Some(Raw::Text(raw)) => excerpt(text::read(raw, charset).as_bytes()),
                _ => excerpt(value),
            };
            let says_error = [&b"error"[..], b"errors", b"error_message"].contains(&key);
            let fault = if says_error { AnswerFault::ErrorObject } else { AnswerFault::OtherObject };
            let words = Quote::pair(&excerpt(text::read(key, charset).as_bytes()), &value);
            let message = Message::from("an object came in place of a list (").quoting(words).and(")");
            Err(Fault::new(fault, message))
        }
    }
}

#[cfg(test)]
mod tests;
