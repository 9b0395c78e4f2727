//! The encoded items of a staging area, and the means to find them.

use std::collections::HashMap;

use sync_core::store::StagedItem;
use sync_core::{ContentId, ContentKind, StoreError};

use super::record::{self, HEAD, Head};
use super::spool::Spool;

/// Staged items in the order in which they came. Of several items with one id, the latest counts.
pub(crate) struct Area {
    kind: ContentKind,
    spool: Spool,
    /// The id of each staged item.
    ids: Vec<i64>,
    /// The position of the latest item with each id. It is computed when it is first needed.
    places: Option<HashMap<i64, u64>>,
}

impl Area {
    pub(super) fn new(kind: ContentKind, spool: Spool) -> Self {
        Self { kind, spool, ids: Vec::new(), places: None }
    }

    /// Returns the number of staged items.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether nothing was staged.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns whether so many bytes wait in memory that they should go to the disk.
    pub(super) fn is_full(&self) -> bool {
        self.spool.is_full()
    }

    /// Writes the bytes that wait in memory to the disk.
    pub(super) fn spill(&mut self) -> Result<(), StoreError> {
        self.spool.spill()
    }

    pub(super) fn put_all(&mut self, items: &[StagedItem]) -> Result<(), StoreError> {
        items.iter().try_for_each(|item| {
            self.put(item)?;
            if self.spool.is_full() { self.spool.spill() } else { Ok(()) }
        })
    }

    pub(super) fn put(&mut self, staged: &StagedItem) -> Result<(), StoreError> {
        if staged.item.kind() != self.kind {
            return Err(StoreError::Refused(format!(
                "an item of {} in the staging of {}",
                staged.item.kind(),
                self.kind
            )));
        }
        let (id, at) = (staged.item.id().0, self.spool.len());
        record::write(self.spool.end(), staged);
        self.ids.push(id);
        if let Some(places) = &mut self.places {
            places.insert(id, at);
        }
        Ok(())
    }

    pub(super) fn get(&mut self, ids: &[ContentId]) -> Result<Vec<StagedItem>, StoreError> {
        if self.places.is_none() {
            self.places = Some(self.places()?);
        }
        let mut body = Vec::new();
        let found = ids.iter().filter_map(|id| self.places.as_ref()?.get(&id.0));
        found
            .map(|at| {
                let mut bytes = [0; HEAD];
                self.spool.read(*at, &mut bytes)?;
                let head = record::head(&bytes)?;
                body.resize(head.body, 0);
                self.spool.read(at + HEAD as u64, &mut body)?;
                record::item(self.kind, head, &body)
            })
            .collect()
    }

    /// Returns the position of the latest item with each id. Few listings have an id twice, and only these need the
    /// positions.
    fn places(&self) -> Result<HashMap<i64, u64>, StoreError> {
        let mut places = HashMap::with_capacity(self.ids.len());
        self.for_each(|at, head, _| {
            places.insert(head.id, at);
            Ok(())
        })?;
        Ok(places)
    }

    pub(super) fn clear(&mut self) {
        self.spool.clear();
        self.ids = Vec::new();
        self.places = None;
    }

    /// Calls `each` with every item that is to be written, in the order in which the items came. Items that a later one
    /// replaced are left out.
    pub(crate) fn for_each_written(
        &mut self,
        mut each: impl FnMut(Head, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut to_come = self.repeated();
        self.for_each(|_, head, body| {
            let replaced = to_come.get_mut(&head.id).is_some_and(|records| {
                *records -= 1;
                *records > 0
            });
            if head.change.is_written() && !replaced { each(head, body) } else { Ok(()) }
        })
    }

    /// Returns the ids that were staged several times, with the number of times.
    fn repeated(&mut self) -> HashMap<i64, u32> {
        // No other code needs the order of the ids.
        self.ids.sort_unstable();
        let runs = self.ids.chunk_by(|a, b| a == b).filter(|run| run.len() > 1);
        runs.map(|run| (run[0], u32::try_from(run.len()).expect("fewer than 2^32 records"))).collect()
    }

    fn for_each(&self, mut each: impl FnMut(u64, Head, &[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut window = Window { spool: &self.spool, start: 0, bytes: Vec::new() };
        let mut at = 0;
        while at < self.spool.len() {
            let head = record::head(window.get(at, HEAD)?.first_chunk().expect("a window holds what was asked for"))?;
            each(at, head, window.get(at + HEAD as u64, head.body)?)?;
            at += (HEAD + head.body) as u64;
        }
        Ok(())
    }
}

/// Reads a spool from its beginning to its end in large pieces.
struct Window<'a> {
    spool: &'a Spool,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    const LENGTH: usize = 1 << 18;

    fn get(&mut self, from: u64, count: usize) -> Result<&[u8], StoreError> {
        let end = self.start + self.bytes.len() as u64;
        if from < self.start || from + count as u64 > end {
            let rest = usize::try_from(self.spool.len().saturating_sub(from)).unwrap_or(usize::MAX);
            self.bytes.resize(Self::LENGTH.min(rest).max(count), 0);
            self.start = from;
            self.spool.read(from, &mut self.bytes)?;
        }
        let at = usize::try_from(from - self.start).unwrap_or_default();
        Ok(&self.bytes[at..at + count])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sync_core::{Change, Content, FieldSet, Item, Movie};

    fn staged(id: i64, name: &str, change: Change) -> StagedItem {
        let mut movie = Movie::with_id(ContentId(id));
        movie.name = name.into();
        StagedItem {
            item: movie.into_item(),
            change,
            rank: (id % 2 == 0).then_some((id.unsigned_abs(), -id)),
            hash: None,
        }
    }

    fn written(area: &mut Area) -> Vec<i64> {
        let mut ids = Vec::new();
        area.for_each_written(|head, _| {
            ids.push(head.id);
            Ok(())
        })
        .unwrap();
        ids
    }

    #[test]
    fn the_latest_put_of_an_id_is_returned() {
        let folder = tempfile::tempdir().unwrap();
        let mut area = Area::new(ContentKind::Movies, Spool::new(folder.path(), false));
        // There are enough items to exceed the memory, and some of them lie across each border of a window.
        for id in 0..9000 {
            area.put_all(&[staged(id, &"x".repeat(usize::try_from(id % 700).unwrap()), Change::Added)]).unwrap();
        }
        let later = [
            staged(4, "later", Change::Updated(FieldSet(5))),
            staged(5, "shown", Change::Refreshed(FieldSet(4))),
            staged(6, "same", Change::Unchanged),
            staged(7, "passed", Change::IgnoredByPolicy),
        ];
        area.put_all(&later).unwrap();
        let expected: Vec<_> = (0..4).chain(8..9000).chain([4, 5]).collect();
        assert_eq!(written(&mut area), expected);
        let got = area.get(&[4, 5, 6, 7, 70_000].map(ContentId)).unwrap();
        assert_eq!(got, later);
        // Items are added after the positions were computed, and read again.
        area.put_all(&[staged(5, "last", Change::Added), staged(9000, "new", Change::Added)]).unwrap();
        let names: Vec<_> = area.get(&[5, 9000].map(ContentId)).unwrap().into_iter().map(|it| it.item).collect();
        assert_eq!(names.iter().map(Item::name).collect::<Vec<_>>(), ["last", "new"]);
        let expected: Vec<_> = (0..4).chain(8..9000).chain([4, 5, 9000]).collect();
        assert_eq!(written(&mut area), expected);
        area.clear();
        assert!(area.is_empty() && area.get(&[ContentId(1)]).unwrap().is_empty());
    }
}
