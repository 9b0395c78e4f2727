//! Keeping the search text compact: few batches, and little in them that is overridden.

use std::collections::HashMap;

use diesel::SqliteConnection;
use sync_core::StoreError;
use sync_core::search::SegmentWriter;

use super::tables::{self, Key};
use super::write::{Batches, WAITING};

/// The later batches may have an entry for so many of the first one.
const SHARE: u64 = 4;

/// There are so many later batches at most.
const LATER: usize = 12;

/// After a batch was written: writes all into one where the later ones have grown, or these into one where they are many.
/// Both are rare, so that their cost is a small part of what the writes between them cost. Returns whether the text could
/// be read.
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

/// Writes batches into one.
struct Rewrite<'a> {
    key: Key<'a>,
    next: (i64, i64),
}

impl Rewrite<'_> {
    /// Writes these batches, the oldest first, into one. `all`: they are all there are, and what was removed is forgotten.
    ///
    /// One segment is in memory at a time, besides an id of each later entry.
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
                // Its pages are free for what comes.
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

    /// In which batch the latest entry of an item is, of all items that have one behind the first batch.
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
