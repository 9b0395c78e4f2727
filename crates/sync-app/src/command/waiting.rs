//! The parts of the overlay that wait for a person: conflicts, filter rules that match nothing any more, and filters
//! that leave out everything.

use sync_core::overlay::{ConflictRule, EditField, InvalidRule};
use sync_core::{ContentKind, EditCounts, OverlayError, Profile};
use sync_service::{IdleRule, Service, idle_rules};

use super::failure::Failure;
use super::terminal::grouped;
use super::{filter, one_profile, refused};

/// The parts of an overlay that wait for a person.
#[derive(Debug)]
pub(crate) struct Waiting {
    counts: EditCounts,
    idle: Vec<(ContentKind, IdleRule)>,
    /// The kinds whose filter leaves out every item.
    empty: Vec<ContentKind>,
}

impl Waiting {
    /// Reads what waits from the cache of a profile.
    pub(crate) async fn of(service: &Service, profile: &Profile) -> Result<Self, Failure> {
        let cache = service.cache();
        let (counts, rules) = (cache.edit_counts(&profile.id).await?, cache.rules(&profile.id).await?);
        let (mut idle, mut empty) = (Vec::new(), Vec::new());
        for kind in ContentKind::ALL {
            if !rules.filters[kind].is_empty() && service.leaves_out_all(&profile.id, kind).await? {
                empty.push(kind);
            }
            let categories = cache.categories(&profile.id, kind).await?;
            // Before its first list, a kind has no categories, so no rule would match. Such rules are not reported.
            if rules.filters[kind].rules.is_empty() || categories.is_empty() {
                continue;
            }
            let of_kind = idle_rules(&rules.filters[kind], &categories).map_err(InvalidRule::from);
            let of_kind = of_kind.map_err(|error| refused::overlay(OverlayError::from(error)))?;
            idle.extend(of_kind.into_iter().map(|rule| (kind, rule)));
        }
        Ok(Self { counts, idle, empty })
    }

    /// Returns the number of open conflicts and offers.
    pub(crate) const fn open(&self) -> u64 {
        self.counts.conflicts + self.counts.offers
    }

    /// Returns sentences about what waits.
    pub(crate) fn sentences(&self, profile: &Profile) -> Vec<String> {
        let mut sentences = Vec::new();
        let asks = EditField::JUDGED.into_iter().any(|field| profile.conflicts.of(field) == ConflictRule::Ask);
        match self.counts.conflicts {
            0 => {}
            count => {
                let noun = if count == 1 { "conflict" } else { "conflicts" };
                let waits = match (asks, count) {
                    (false, _) => "your value is shown",
                    (true, 1) => "it waits for an answer",
                    (true, _) => "they wait for an answer",
                };
                sentences
                    .push(format!("{} {noun} with the panel, {waits}: see `xtream-sync conflicts`", grouped(count)));
            }
        }
        match self.counts.offers {
            0 => {}
            1 => sentences.push(
                "1 edited item is gone, and may be listed under another id: see `xtream-sync conflicts`".to_owned(),
            ),
            count => {
                let count = grouped(count);
                sentences.push(format!(
                    "{count} edited items are gone, and may be listed under other ids: see `xtream-sync conflicts`"
                ));
            }
        }
        for kind in &self.empty {
            sentences.push(format!("{kind}: the filter leaves out every item: see `xtream-sync filter list {kind}`"));
        }
        let login = one_profile::login(profile);
        for (kind, IdleRule { position, rule, .. }) in &self.idle {
            let rule = filter::in_words(rule, &login);
            sentences.push(format!("{kind}: filter rule {position} ({rule}) matches no category any more"));
        }
        sentences
    }
}
