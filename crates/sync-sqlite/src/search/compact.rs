//! Keeps the search text compact: with few batches, and few entries that are overridden.

use std::collections::HashMap;

use diesel::SqliteConnection;
use sync_core::StoreError;
use sync_core::search::SegmentWriter;

use super::tables::{self, Key};
use super::write::{Batches, WAITING};

/// The later batches together may have one entry per this number of entries of the first batch.
const SHARE: u64 = 4;

/// The highest number of later batches.
const LATER: usize = 12;

/// Compacts the batches after one was written. If the later batches have many entries, all batches become one. If there
/// are many later batches, these become one. Both are rare, so their cost is small compared with the writes in between.
/// Returns whether the text could be read.
pub(super) fn tidy(
    conn: &mut SqliteConnection,
    key: Key<'_>,
    mut batches: Batches,
    step: &mut impl FnMut() -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    batches.end();
    let Batches { known, next, .. } = batches;
    let Some(((_, of_first), later)) = known.split_first() else { return Ok(true) };
    let of_later: u64 = later.iter().map(|(_, entries)| entries).sum();
    let rewrite = Rewrite { key, next };
    if !later.is_empty() && of_later > of_first / SHARE {
        rewrite.run(conn, &known, true, step)
    } else if later.len() > LATER {
        rewrite.run(conn, later, false, step)
    } else {
        Ok(true)
    }
}

/// Merges batches into one.
struct Rewrite<'a> {
    key: Key<'a>,
    next: (i64, i64),
}

impl Rewrite<'_> {
    /// Merges these batches, the oldest first, into one. `all` says that there are no others, so that the entries of
    /// removed items can be dropped.
    ///
    /// One segment is in memory at a time, and in addition the id of each later entry.
    fn run(
        &self,
        conn: &mut SqliteConnection,
        batches: &[(i64, u64)],
        all: bool,
        step: &mut impl FnMut() -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let Some(latest) = self.latest(conn, batches)? else { return Ok(false) };
        let mut written = Batches { next: self.next, ..Batches::default() };
        let mut waiting = SegmentWriter::new();
        for (batch, _) in batches {
            for row in tables::rows_of(conn, self.key, *batch)? {
                step()?;
                let segment = tables::segment(conn, row)?;
                let Some(items) = segment.and_then(|segment| segment.read().ok()) else { return Ok(false) };
                // The pages of the row are free for the next writes.
                tables::delete_row(conn, row)?;
                for (id, entry) in items {
                    match entry {
                        _ if latest.get(&id.0).is_some_and(|latest| latest != batch) => {}
                        Some(entry) => waiting.add(entry),
                        None if all => {}
                        None => waiting.remove(id),
                    }
                }
                if waiting.size() >= WAITING {
                    written.write(conn, self.key, &mut waiting)?;
                }
            }
        }
        written.write(conn, self.key, &mut waiting)?;
        Ok(true)
    }

    /// Returns, for all items that have an entry behind the first batch, the batch with their latest entry.
    fn latest(
        &self,
        conn: &mut SqliteConnection,
        batches: &[(i64, u64)],
    ) -> Result<Option<HashMap<i64, i64>>, StoreError> {
        let mut latest = HashMap::new();
        for (batch, _) in batches.iter().skip(1) {
            for row in tables::rows_of(conn, self.key, *batch)? {
                let segment = tables::segment(conn, row)?;
                let Some(items) = segment.and_then(|segment| segment.read().ok()) else { return Ok(None) };
                latest.extend(items.into_iter().map(|(id, _)| (id.0, *batch)));
            }
        }
        Ok(Some(latest))
    }
}
