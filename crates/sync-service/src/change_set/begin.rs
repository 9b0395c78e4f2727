//! Finds the position of the feed at which an export begins.

use sync_core::{ContentHash, PositionGone, ProfileId, RunRecord, Snapshot, SnapshotState, StoreError, Until};

use super::export::{ExportError, PAGE};
use crate::service::Service;
use crate::since::Since;

impl Service {
    /// Returns the position from which to export, and whether it is earlier than the wanted one; `None` for an export
    /// of everything.
    pub(super) async fn begin(
        &self,
        profile: &ProfileId,
        snapshot: &mut dyn Snapshot,
        state: &SnapshotState,
        since: Since,
    ) -> Result<Option<(i64, bool)>, ExportError> {
        let gone = |reason| ExportError::Gone { reason, feed: state.feed };
        let until = match since {
            Since::Beginning => return Ok(None),
            Since::Position { epoch, sequence } => {
                state.feed.check(epoch, sequence).map_err(gone)?;
                Until::Sequence(sequence)
            }
            Since::Run(run) => {
                let known = self.cache().runs(profile, u32::MAX).await?;
                if !known.iter().any(|known| known.run == run) {
                    // The record of an early run is deleted some time after its entries.
                    let is_forgotten = state.feed.oldest > 0 && known.iter().all(|known| known.run > run);
                    return Err(if is_forgotten { gone(PositionGone::Pruned) } else { ExportError::UnknownRun(run) });
                }
                Until::Run(run)
            }
            Since::Time(at) => Until::Time(at),
            Since::Age(seconds) => Until::Time(self.now().saturating_sub(seconds)),
        };
        let end = snapshot.run_end(until).await?.ok_or_else(|| gone(PositionGone::Pruned))?;
        let is_position = matches!(until, Until::Sequence(_));
        if !is_position && !self.is_kept(profile, snapshot, state, until, end).await? {
            return Err(gone(PositionGone::Pruned));
        }
        Ok(Some((end, matches!(until, Until::Sequence(wanted) if wanted != end))))
    }

    /// Returns whether the feed still has every entry after a run or a time. `end` is the position that was found for
    /// the run or the time. If it is before the oldest entry, later entries may have been pruned.
    async fn is_kept(
        &self,
        profile: &ProfileId,
        snapshot: &mut dyn Snapshot,
        state: &SnapshotState,
        until: Until,
        end: i64,
    ) -> Result<bool, StoreError> {
        let oldest = state.feed.oldest;
        let (mut kept, mut last) = (None, oldest);
        loop {
            let page = snapshot.changes(last, PAGE).await?;
            let Some(newest) = page.last() else { break };
            if last == oldest && page[0].sequence <= end {
                return Ok(true);
            }
            last = newest.sequence;
            // Deletions by hand belong to no run.
            kept = page.iter().find_map(|entry| entry.run);
            if kept.is_some() {
                break;
            }
        }
        if snapshot.hashes_at(oldest).await?.values().all(|hash| *hash == Some(ContentHash::EMPTY)) {
            // The kinds were empty before the oldest entry, so nothing was pruned.
            return Ok(true);
        }
        // Pruning deletes the entries of whole runs. The newest of these runs says how late a pruned entry can be. If
        // the records of all of them are gone, they are older than the oldest record.
        let mut before = self.cache().runs(profile, u32::MAX).await?;
        before.retain(|record| kept.is_none_or(|kept| record.run < kept));
        let has_entries = |record: &&RunRecord| record.kinds.iter().any(|kind| kind.counts.has_changes());
        let newest = before.iter().filter(has_entries).max_by_key(|record| record.run);
        let earliest = before.iter().min_by_key(|record| record.run);
        Ok(match until {
            Until::Run(run) => newest.is_none_or(|newest| newest.run <= run),
            Until::Time(at) => match (newest, earliest) {
                (Some(newest), _) => newest.finished_at.is_some_and(|ended| ended <= at),
                (None, Some(earliest)) => earliest.started_at <= at,
                (None, None) => false,
            },
            Until::Sequence(_) => true,
        })
    }
}
