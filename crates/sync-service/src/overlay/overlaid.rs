//! Applies the overlay to items that don't come from a list: rows that were read by id, and entries of the change log.

use std::collections::HashMap;

use sync_core::overlay::{CompiledRules, Shown};
use sync_core::{CategorySet, ContentId, ContentKind, EditQuery, Item, PerKind, ProfileId, StoreError};

use crate::service::Service;

/// The overlay of a profile, prepared for showing items.
pub(crate) struct Overlaid<'a> {
    service: &'a Service,
    profile: &'a ProfileId,
    rules: PerKind<CompiledRules>,
    has_edits: bool,
}

impl<'a> Overlaid<'a> {
    /// Reads the rules of a profile.
    pub(crate) async fn of(service: &'a Service, profile: &'a ProfileId) -> Result<Self, StoreError> {
        let cache = service.cache();
        let rules = cache.rules(profile).await?;
        let mut compiled = Vec::with_capacity(ContentKind::ALL.len());
        for kind in ContentKind::ALL {
            let categories = if rules.is_empty(kind) { Vec::new() } else { cache.categories(profile, kind).await? };
            let of_kind = CompiledRules::new(&rules, kind, &categories);
            compiled
                .push(of_kind.map_err(|error| StoreError::backend(format!("a stored rule of the {kind}: {error}")))?);
        }
        let has_edits = cache.edit_counts(profile).await?.edits > 0;
        let mut compiled = compiled.into_iter();
        let rules = PerKind::from_fn(|_| compiled.next().expect("there is one for each kind"));
        Ok(Self { service, profile, rules, has_edits })
    }

    /// Returns whether every item of a kind is shown as its row.
    pub(crate) fn is_plain(&self, kind: ContentKind) -> bool {
        !self.has_edits && self.rules[kind].is_empty()
    }

    /// Returns how items with these names and categories of the panel are shown. Items that are shown as their rows are
    /// left out.
    pub(crate) async fn shown(
        &mut self,
        kind: ContentKind,
        items: &[(ContentId, &str, &CategorySet)],
    ) -> Result<HashMap<ContentId, Shown>, StoreError> {
        if self.is_plain(kind) || items.is_empty() {
            return Ok(HashMap::new());
        }
        let mut edits = HashMap::new();
        if self.has_edits {
            let ids = items.iter().map(|(id, ..)| *id).collect();
            let edited = self.service.cache().edited(self.profile, EditQuery::of_items(kind, ids)).await?;
            edits.extend(edited.into_iter().map(|edited| (edited.id, edited.edits)));
        }
        let rules = &mut self.rules[kind];
        let shown = items.iter().map(|(id, name, categories)| {
            let edits = edits.get(id).map_or(&[][..], Vec::as_slice);
            (*id, rules.shown(name, categories, edits))
        });
        Ok(shown.filter(|(_, shown)| !shown.is_plain()).collect())
    }

    /// Does the same as [`Self::shown`], for rows.
    pub(crate) async fn shown_rows(
        &mut self,
        kind: ContentKind,
        rows: &[Item],
    ) -> Result<HashMap<ContentId, Shown>, StoreError> {
        let items: Vec<_> = rows.iter().map(|row| (row.id(), row.name(), row.categories())).collect();
        self.shown(kind, &items).await
    }
}
