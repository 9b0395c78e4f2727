//! Encodes staged items as bytes: a head of fixed size, and then every field as the database holds it.
//!
//! Values are encoded as SQL has them, so that an apply binds them directly from the bytes. Everything after the head
//! is UTF-8, including the numbers, so the bytes are validated once and not text by text.

use sync_core::store::StagedItem;
use sync_core::{Change, ContentId, ContentKind, FieldSet, Item, RowHash, Shape, StoreError, ValueRef};

use crate::db::bind::Bind;
use crate::items::columns;

/// The size of the head: length of the body, id, change, fields, whether there is a rank, rank, whether there is a
/// hash, hash.
pub(crate) const HEAD: usize = 4 + 8 + 1 + 4 + 1 + 8 + 8 + 1 + 16;

/// The values in the head of an encoded item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of bytes after the head.
    pub(crate) body: usize,
    /// The id of the item.
    pub(crate) id: i64,
    /// The change for which the item is staged.
    pub(crate) change: Change,
    rank: Option<(u64, i64)>,
    /// The hash of the row, if the row contains the login.
    pub(crate) hash: Option<RowHash>,
}

/// Appends an encoded item.
pub(crate) fn write(out: &mut Vec<u8>, staged: &StagedItem) {
    let start = out.len();
    out.extend([0; 4]);
    out.extend(staged.item.id().0.to_le_bytes());
    let (tag, fields) = match staged.change {
        Change::Added => (0, FieldSet::EMPTY),
        Change::Updated(fields) => (1, fields),
        Change::Refreshed(fields) => (2, fields),
        Change::Unchanged => (3, FieldSet::EMPTY),
        Change::IgnoredByPolicy => (4, FieldSet::EMPTY),
    };
    out.push(tag);
    out.extend(fields.0.to_le_bytes());
    let (content, num) = staged.rank.unwrap_or_default();
    out.push(u8::from(staged.rank.is_some()));
    out.extend(content.to_le_bytes());
    out.extend(num.to_le_bytes());
    out.push(u8::from(staged.hash.is_some()));
    out.extend(staged.hash.map_or(0, |hash| hash.0).to_le_bytes());
    for (at, field) in staged.item.kind().fields().iter().enumerate() {
        match staged.item.value(at) {
            // The column of the name can't be NULL.
            ValueRef::Null if field.shape == Shape::Name => write_text(out, ""),
            ValueRef::Null => out.push(0),
            ValueRef::Integer(number) => {
                out.push(1);
                write_number(out, zigzag(number));
            }
            ValueRef::Real(number) => {
                out.push(2);
                write_number(out, number.to_bits().swap_bytes());
            }
            ValueRef::Text(text) => write_text(out, text),
            ValueRef::Categories(set) if set.is_empty() => out.push(0),
            ValueRef::Categories(set) => write_json(out, |out| columns::push_categories(out, set)),
            ValueRef::Extra(extra) if extra.is_empty() => out.push(0),
            ValueRef::Extra(extra) => write_json(out, |out| columns::push_extra(out, extra)),
        }
    }
    let body = length(out.len() - start - HEAD);
    out[start..start + 4].copy_from_slice(&body.to_le_bytes());
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(3);
    write_number(out, text.len() as u64);
    out.extend(text.as_bytes());
}

fn write_json(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(3);
    let start = out.len();
    out.extend([0; JSON_LENGTH]);
    write(out);
    let mut length = u64::from(length(out.len() - start - JSON_LENGTH));
    for digit in &mut out[start..start + JSON_LENGTH] {
        *digit = MORE | lowest(length);
        length >>= DIGIT;
    }
    out[start + JSON_LENGTH - 1] &= LOW;
}

/// The bits of a digit. A number is encoded in digits of six bits, the lowest first. A seventh bit says that more
/// digits follow. So each byte is ASCII.
const DIGIT: u32 = 6;
const LOW: u8 = (1 << DIGIT) - 1;
const MORE: u8 = 1 << DIGIT;

/// The number of digits for the length of JSON, which is known only after the JSON is written. It is enough for 4 GiB.
const JSON_LENGTH: usize = 6;

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number > u64::from(LOW) {
        out.push(MORE | lowest(number));
        number >>= DIGIT;
    }
    out.push(lowest(number));
}

fn lowest(number: u64) -> u8 {
    number.to_le_bytes()[0] & LOW
}

/// Maps numbers near zero, of both signs, to small numbers.
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("an item is far smaller than 4 GiB: sources cap the size of an element")
}

/// Reads the head of an encoded item.
pub(crate) fn head(bytes: &[u8; HEAD]) -> Result<Head, StoreError> {
    let mut bytes = Bytes(bytes);
    let body = bytes.number::<4>().map(u32::from_le_bytes)? as usize;
    let id = bytes.number().map(i64::from_le_bytes)?;
    let [tag] = bytes.number()?;
    let fields = FieldSet(bytes.number().map(u32::from_le_bytes)?);
    let change = match tag {
        0 => Change::Added,
        1 => Change::Updated(fields),
        2 => Change::Refreshed(fields),
        3 => Change::Unchanged,
        4 => Change::IgnoredByPolicy,
        _ => return Err(broken()),
    };
    let [ranked] = bytes.number()?;
    let rank = (bytes.number().map(u64::from_le_bytes)?, bytes.number().map(i64::from_le_bytes)?);
    let [hashed] = bytes.number()?;
    let hash = RowHash(bytes.number().map(u128::from_le_bytes)?);
    Ok(Head { body, id, change, rank: (ranked != 0).then_some(rank), hash: (hashed != 0).then_some(hash) })
}

/// Appends the id and the fields of an encoded item to the binds of a statement.
pub(crate) fn binds<'a>(kind: ContentKind, id: i64, body: &'a [u8], out: &mut Vec<Bind<'a>>) -> Result<(), StoreError> {
    out.push(Bind::Integer(id));
    let mut values = Values::of(body)?;
    for _ in kind.fields() {
        out.push(values.next()?);
    }
    Ok(())
}

/// Decodes an item.
pub(crate) fn item(kind: ContentKind, head: Head, body: &[u8]) -> Result<StagedItem, StoreError> {
    let mut item = Item::with_id(kind, ContentId(head.id));
    let mut values = Values::of(body)?;
    for (at, field) in kind.fields().iter().enumerate() {
        item.set(at, columns::from_sql(field.shape, &values.next()?));
    }
    Ok(StagedItem { item, change: head.change, rank: head.rank, hash: head.hash })
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn number<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(broken)?;
        self.0 = rest;
        Ok(*taken)
    }
}

/// The fields of an encoded item, one after the other.
struct Values<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Values<'a> {
    fn of(body: &'a [u8]) -> Result<Self, StoreError> {
        Ok(Self { text: simdutf8::basic::from_utf8(body).map_err(|_| broken())?, at: 0 })
    }

    fn byte(&mut self) -> Result<u8, StoreError> {
        let byte = *self.text.as_bytes().get(self.at).ok_or_else(broken)?;
        self.at += 1;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64, StoreError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(DIGIT as usize) {
            let digit = self.byte()?;
            number |= u64::from(digit & LOW) << shift;
            if digit & MORE == 0 {
                return Ok(number);
            }
        }
        Err(broken())
    }

    fn next(&mut self) -> Result<Bind<'a>, StoreError> {
        Ok(match self.byte()? {
            0 => Bind::Null,
            1 => Bind::Integer(unzigzag(self.number()?)),
            2 => Bind::Real(f64::from_bits(self.number()?.swap_bytes())),
            3 => {
                let length = usize::try_from(self.number()?).map_err(|_| broken())?;
                let end = self.at.checked_add(length).ok_or_else(broken)?;
                let text = self.text.get(self.at..end).ok_or_else(broken)?;
                self.at = end;
                Bind::Text(text)
            }
            _ => return Err(broken()),
        })
    }
}

fn broken() -> StoreError {
    StoreError::backend("the staging file is damaged")
}

#[cfg(test)]
mod tests {
    use sync_core::{Content, Movie, Value};

    use super::*;

    fn back(item: Movie) -> Item {
        let staged = StagedItem { item: Item::Movies(item), change: Change::Added, rank: None, hash: None };
        let mut bytes = Vec::new();
        write(&mut bytes, &staged);
        let (first, body) = bytes.split_first_chunk::<HEAD>().unwrap();
        let head = head(first).unwrap();
        assert_eq!(head.body, body.len());
        assert!(body.iter().all(u8::is_ascii) || std::str::from_utf8(body).is_ok());
        assert!((0..body.len()).all(|end| binds(ContentKind::Movies, 7, &body[..end], &mut Vec::new()).is_err()));
        super::item(ContentKind::Movies, head, body).unwrap().item
    }

    #[test]
    fn missing_values_are_null_and_a_missing_name_is_empty() {
        for kind in ContentKind::ALL {
            let mut item = Item::with_id(kind, ContentId(7));
            (0..kind.fields().len()).for_each(|at| item.set(at, Value::Null));
            let mut bytes = Vec::new();
            write(&mut bytes, &StagedItem { item, change: Change::Added, rank: None, hash: None });
            let mut found = Vec::new();
            binds(kind, 7, &bytes[HEAD..], &mut found).unwrap();
            for (field, bind) in kind.fields().iter().zip(&found[1..]) {
                let expected = match field.shape {
                    Shape::Name => matches!(bind, Bind::Text("")),
                    // These columns can't be NULL: a missing count is zero, and a missing switch is off.
                    Shape::Count | Shape::Switch => matches!(bind, Bind::Integer(0)),
                    _ => matches!(bind, Bind::Null),
                };
                assert!(expected, "{}: {bind:?}", field.name);
            }
        }
    }

    #[test]
    fn every_number_and_text_comes_back() {
        let numbers = [0, 1, -1, 31, 32, -33, 4095, 4096, i64::from(i32::MAX), i64::MIN, i64::MAX];
        for number in numbers {
            let texts = ["", "a", "ä€😀", &"x".repeat(63), &"ü".repeat(40), &"y".repeat(5000)];
            for (text, real) in texts.into_iter().zip([0.0, -0.0, 7.3, f64::MAX, f64::MIN_POSITIVE, 1e-300]) {
                let mut item = Movie::with_id(ContentId(7));
                item.num = Some(number);
                item.name = text.into();
                item.rating = Some(real);
                assert_eq!(back(item.clone()), Item::Movies(item));
            }
        }
    }
}
