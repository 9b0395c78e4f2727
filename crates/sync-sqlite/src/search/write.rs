//! Writes the search text, in the transaction that writes the items.

use std::collections::HashSet;

use diesel::SqliteConnection;
use sync_core::search::{SearchFields, SegmentWriter};
use sync_core::{ContentId, ContentKind, FieldSet, ProfileId, StoreError};

use super::compact;
use super::entries::{Maker, Values};
use super::tables::{self, Key};
use crate::db::bind::Bind;
use crate::db::statement::integer;
use crate::overlay::pass::Texts;
use crate::tables::of;

/// The bytes of entries that wait in memory before they are written.
pub(super) const WAITING: usize = 2 << 20;

/// The number of changed entries from which on the whole text is written again.
const ANEW: usize = 50_000;

/// The number of rows that are read at a time, if something other than an apply has changed them.
const PAGE: usize = 1_000;

/// The treatment of the text of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// The profile wants no text.
    Nothing,
    /// The text is the first one: there are no rows yet.
    First,
    /// The changed entries are added.
    Extend,
    /// The whole text is written again, from the rows.
    Anew,
}

/// The search text of a kind while its rows are written.
pub(crate) struct Writer<'a> {
    key: Key<'a>,
    plan: Plan,
    fields: SearchFields,
    maker: Maker,
    waiting: SegmentWriter,
    /// The stored batches; `None` until something was written.
    batches: Option<Batches>,
}

/// The batches of a kind while another batch is written.
#[derive(Debug, Default)]
pub(super) struct Batches {
    /// The number of each stored batch, and of its entries.
    pub(super) known: Vec<(i64, u64)>,
    /// The number of the batch that is being written, and the position of its next segment.
    pub(super) next: (i64, i64),
    /// The number of entries in the batch that is being written.
    pub(super) entries: u64,
}

impl<'a> Writer<'a> {
    /// Begins, before anything of the kind is written.
    pub(crate) fn new(
        conn: &mut SqliteConnection,
        profile: &'a ProfileId,
        kind: ContentKind,
    ) -> Result<Self, StoreError> {
        let key = Key { profile, kind };
        let state = tables::state(conn, key)?;
        let plan = match (state.fields, state.stamp) {
            (SearchFields::Off, _) => Plan::Nothing,
            (_, Some(_)) => Plan::Extend,
            _ if has_rows(conn, key)? => Plan::Anew,
            _ => Plan::First,
        };
        if state.is_there && matches!(plan, Plan::Nothing | Plan::First) {
            tables::forget(conn, key)?;
        }
        let maker = Maker::new(kind, state.fields);
        Ok(Self { key, plan, fields: state.fields, maker, waiting: SegmentWriter::new(), batches: None })
    }

    /// Takes an item that was written and is shown with these texts. `changed` are the fields that have changed, or
    /// `None` if all have.
    pub(crate) fn written(
        &mut self,
        conn: &mut SqliteConnection,
        id: i64,
        changed: Option<FieldSet>,
        fields: &[Bind<'_>],
        shown: Texts,
    ) -> Result<(), StoreError> {
        if !self.is_extended() || changed.is_some_and(|changed| !self.maker.needs(changed)) {
            return Ok(());
        }
        self.maker.add_binds(id, fields, shown, &mut self.waiting);
        self.flush_if_full(conn)
    }

    /// Takes items that were removed.
    pub(crate) fn removed(&mut self, conn: &mut SqliteConnection, ids: &[ContentId]) -> Result<(), StoreError> {
        if !self.is_extended() || ids.is_empty() {
            return Ok(());
        }
        if self.batches.as_ref().is_some_and(|batches| batches.next.1 > 0) {
            // Within a batch, entries that were written can't be told from removals. A later batch overrides them.
            self.end_batch(conn)?;
        }
        for id in ids {
            self.waiting.remove(*id);
            self.flush_if_full(conn)?;
        }
        Ok(())
    }

    /// Takes items that are shown with other texts than those that were written with their rows.
    pub(crate) fn shown_otherwise(&mut self, conn: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
        if !self.is_extended() || ids.is_empty() {
            return Ok(());
        }
        self.end_batch(conn)?;
        self.add_rows(conn, ids)
    }

    fn end_batch(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        self.flush(conn)?;
        if let Some(batches) = self.batches.as_mut().filter(|batches| batches.next.1 > 0) {
            batches.end();
        }
        Ok(())
    }

    /// Adds the entries of these items, from their rows.
    fn add_rows(&mut self, conn: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
        for page in ids.chunks(PAGE) {
            let entries = self.maker.of_rows(conn, self.key, page)?;
            let there: HashSet<_> = entries.iter().map(|entry| entry.id.0).collect();
            for entry in entries {
                self.waiting.add(entry);
            }
            page.iter().filter(|id| !there.contains(id)).for_each(|id| self.waiting.remove(ContentId(*id)));
            self.flush_if_full(conn)?;
        }
        Ok(())
    }

    /// Notes that unknown rows have changed, so that the whole text is written again.
    pub(crate) fn doubt(&mut self) {
        if self.plan != Plan::Nothing {
            self.plan = Plan::Anew;
        }
    }

    fn is_extended(&self) -> bool {
        matches!(self.plan, Plan::Extend | Plan::First)
    }

    fn flush_if_full(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.waiting.size() < WAITING { Ok(()) } else { self.flush(conn) }
    }

    fn flush(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.waiting.is_empty() || !self.is_extended() {
            return Ok(());
        }
        if self.batches.is_none() {
            if self.plan == Plan::First {
                // There are no rows yet, so stored segments are leftovers.
                tables::delete_all(conn, self.key)?;
            }
            let Some(known) = tables::batches(conn, self.key)? else {
                self.plan = Plan::Anew;
                return Ok(());
            };
            self.batches = Some(Batches::after(known));
        }
        let Some(batches) = &mut self.batches else { return Ok(()) };
        batches.write(conn, self.key, &mut self.waiting)
    }

    /// Finishes after everything was written. `step` is called from time to time, and its error ends the work.
    pub(crate) fn finish(
        mut self,
        conn: &mut SqliteConnection,
        mut step: impl FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.flush(conn)?;
        if self.is_extended()
            && let Some(batches) = self.batches.take()
        {
            if !compact::tidy(conn, self.key, batches, &mut step)? {
                self.plan = Plan::Anew;
            }
        } else if matches!(self.plan, Plan::Nothing | Plan::Extend) {
            return Ok(());
        }
        if self.plan == Plan::Anew {
            self.write_anew(conn, step)?;
        }
        tables::stamp(conn, self.key, self.fields)
    }

    /// Writes the text of all rows.
    fn write_anew(
        &self,
        conn: &mut SqliteConnection,
        step: impl FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let key = self.key;
        tracing::debug!(kind = %key.kind, "the search text is written anew");
        tables::delete_all(conn, key)?;
        let (mut waiting, mut batches) = (SegmentWriter::new(), Batches::after(Vec::new()));
        self.maker.of_all_rows(conn, key, Values::Shown, step, |conn, entry| {
            waiting.add(entry);
            if waiting.size() < WAITING { Ok(()) } else { batches.write(conn, key, &mut waiting) }
        })?;
        batches.write(conn, key, &mut waiting)
    }
}

/// Adapts the text to the rows of these items, which something other than an apply has changed. If the whole text has
/// to be written again, the next apply does so.
pub(crate) fn follow(
    conn: &mut SqliteConnection,
    profile: &ProfileId,
    kind: ContentKind,
    ids: &[i64],
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut writer = Writer::new(conn, profile, kind)?;
    if writer.plan != Plan::Extend {
        // A text of other fields is not adapted. It is usable again when the profile wants those fields again, so it
        // must not count as complete.
        return tables::doubt(conn, Key { profile, kind });
    }
    if ids.len() > ANEW {
        // Most of the text would be overridden.
        writer.doubt();
    } else {
        writer.add_rows(conn, ids)?;
    }
    writer.finish(conn, || Ok(()))
}

impl Batches {
    /// Returns the state for a batch that follows these.
    pub(super) fn after(known: Vec<(i64, u64)>) -> Self {
        let next = known.last().map_or(1, |(batch, _)| batch + 1);
        Self { known, next: (next, 0), entries: 0 }
    }

    /// Writes the waiting entries as a segment of the batch.
    pub(super) fn write(
        &mut self,
        conn: &mut SqliteConnection,
        key: Key<'_>,
        waiting: &mut SegmentWriter,
    ) -> Result<(), StoreError> {
        for segment in waiting.take() {
            tables::insert(conn, key, self.next, &segment)?;
            self.next.1 += 1;
            self.entries += u64::from(segment.entries);
        }
        Ok(())
    }

    /// Ends the batch. The next segment begins another one.
    pub(super) fn end(&mut self) {
        self.known.push((self.next.0, std::mem::take(&mut self.entries)));
        self.next = (self.next.0 + 1, 0);
    }
}

/// Returns whether a kind has rows.
pub(super) fn has_rows(conn: &mut SqliteConnection, key: Key<'_>) -> Result<bool, StoreError> {
    let sql = format!("SELECT 1 FROM {} WHERE profile_id=? LIMIT 1", of(key.kind).items);
    Ok(integer(conn, &sql, &[key.profile.as_str().into()])?.is_some())
}
