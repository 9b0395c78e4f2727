//! Staged items as bytes: a head of fixed size, then every field as the database takes it.
//!
//! Values are laid out the way SQL has them, so that an apply binds them straight from the bytes.

use sync_core::store::StagedItem;
use sync_core::{Change, ContentId, ContentKind, FieldSet, Item, Shape, StoreError, ValueRef};

use crate::bind::Bind;
use crate::columns;

/// Length of the rest, id, change, fields, whether there is a rank, rank.
pub(crate) const HEAD: usize = 4 + 8 + 1 + 4 + 1 + 8 + 8;

/// What is known of a record by its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The bytes after the head.
    pub(crate) body: usize,
    /// The item.
    pub(crate) id: i64,
    /// What it means.
    pub(crate) change: Change,
    rank: Option<(u64, i64)>,
}

/// Appends a record.
pub(crate) fn write(out: &mut Vec<u8>, staged: &StagedItem) {
    let start = out.len();
    out.extend([0; 4]);
    out.extend(staged.item.id().0.to_le_bytes());
    let (tag, fields) = match staged.change {
        Change::Added => (0, FieldSet::EMPTY),
        Change::Updated(fields) => (1, fields),
        Change::Refreshed(fields) => (2, fields),
        Change::Unchanged => (3, FieldSet::EMPTY),
        Change::Passed => (4, FieldSet::EMPTY),
    };
    out.push(tag);
    out.extend(fields.0.to_le_bytes());
    let (content, num) = staged.rank.unwrap_or_default();
    out.push(u8::from(staged.rank.is_some()));
    out.extend(content.to_le_bytes());
    out.extend(num.to_le_bytes());
    for (at, field) in staged.item.kind().fields().iter().enumerate() {
        match staged.item.value(at) {
            // The column of the name takes no NULL.
            ValueRef::Null if field.shape == Shape::Name => write_text(out, ""),
            ValueRef::Null => out.push(0),
            ValueRef::Integer(number) => {
                out.push(1);
                out.extend(number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                out.push(2);
                out.extend(number.to_bits().to_le_bytes());
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
    out.extend(length(text.len()).to_le_bytes());
    out.extend(text.as_bytes());
}

fn write_json(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(3);
    let start = out.len();
    out.extend([0; 4]);
    write(out);
    let length = length(out.len() - start - 4);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("an item is far smaller than 4 GiB: sources cap the size of an element")
}

/// Reads the head of a record.
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
        4 => Change::Passed,
        _ => return Err(broken()),
    };
    let [ranked] = bytes.number()?;
    let rank = (bytes.number().map(u64::from_le_bytes)?, bytes.number().map(i64::from_le_bytes)?);
    Ok(Head { body, id, change, rank: (ranked != 0).then_some(rank) })
}

/// Appends the id and the fields of a record to the binds of a statement.
pub(crate) fn binds<'a>(kind: ContentKind, id: i64, body: &'a [u8], out: &mut Vec<Bind<'a>>) -> Result<(), StoreError> {
    out.push(Bind::Integer(id));
    let mut bytes = Bytes(body);
    for _ in kind.fields() {
        out.push(bytes.value()?);
    }
    Ok(())
}

/// Reads an item back.
pub(crate) fn item(kind: ContentKind, head: Head, body: &[u8]) -> Result<StagedItem, StoreError> {
    let mut item = Item::with_id(kind, ContentId(head.id));
    let mut bytes = Bytes(body);
    for (at, field) in kind.fields().iter().enumerate() {
        item.set(at, columns::from_sql(field.shape, &bytes.value()?));
    }
    Ok(StagedItem { item, change: head.change, rank: head.rank })
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(broken)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn value(&mut self) -> Result<Bind<'a>, StoreError> {
        let [tag] = self.number()?;
        Ok(match tag {
            0 => Bind::Null,
            1 => Bind::Integer(i64::from_le_bytes(self.number()?)),
            2 => Bind::Real(f64::from_bits(u64::from_le_bytes(self.number()?))),
            3 => {
                let length = u32::from_le_bytes(self.number()?) as usize;
                Bind::Text(std::str::from_utf8(self.take(length)?).map_err(|_| broken())?)
            }
            _ => return Err(broken()),
        })
    }
}

fn broken() -> StoreError {
    StoreError::backend("the staging file is damaged")
}
