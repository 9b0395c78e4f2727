//! Reads from the store the values that the decision about a kind needs.

use std::collections::HashMap;

use super::decide::{Needs, Setting, ready, weighed};
use super::state::{Arrived, Known, ListingReceived, MissingRow, MissingRows, Received};
use super::{Engine, Run, StepError, cancellable};
use crate::detect::seen_items::Identity;
use crate::model::{Category, CategoryId, ContentId, ContentKind, Text};
use crate::removal::guard::{HoldReason, Loss};

/// The number of rows that are read at once. It bounds the memory.
const ROWS: usize = 500;

impl Engine {
    /// Returns the values that the decision about a received kind needs.
    pub(super) async fn known(
        &self,
        run: &Run<'_>,
        received: &Received,
        setting: &Setting<'_>,
    ) -> Result<Known, StepError> {
        let answered = received.categories.as_deref();
        match &received.listing {
            ListingReceived::Compared(arrived) => self.known_of_listing(run, answered, arrived, setting).await,
            ListingReceived::Same(_) => {
                let mut known = Known::default();
                self.look_at_categories(run, answered, setting, &mut known).await?;
                let names = weighed(answered.unwrap_or_default(), &known.categories, setting);
                let names = names.into_iter().map(|category| category.id.clone()).collect();
                self.weigh(run, setting.record.kind, names, &mut known).await?;
                Ok(known)
            }
        }
    }

    async fn known_of_listing(
        &self,
        run: &Run<'_>,
        answered: Option<&[Category]>,
        arrived: &Arrived,
        setting: &Setting<'_>,
    ) -> Result<Known, StepError> {
        let (kind, compared) = (setting.record.kind, &arrived.compared);
        let held = cancellable(run.cancel, async { Ok(self.store.held(run.profile, kind).await?) }).await?;
        let mut known = Known { held, ..Known::default() };
        self.look_at_categories(run, answered, setting, &mut known).await?;
        let missing = compared.differ.missing();
        let needs = Needs::new(answered, arrived, &known, &missing, setting);
        let ready = ready(arrived, &known.held, setting);
        let weighed = weighed(answered.unwrap_or_default(), &known.categories, setting);
        let mut names: Vec<_> = weighed.into_iter().map(|category| category.id.clone()).collect();
        // The size of a vanished category after this run depends on the removed items, so their rows are needed.
        let goes_as_held = !ready.is_empty() || setting.options.accept_removals;
        if needs.rows || compared.planned.is_some() || (!names.is_empty() && goes_as_held) {
            known.rows = self.missing_rows(run, kind, &missing, compared.planned.is_some()).await?;
        }
        let suspects = needs.suspects(arrived, &known.rows, setting);
        names.extend(suspects.into_iter().map(|position| CategoryId(known.rows.category(position).0.to_owned())));
        self.weigh(run, kind, names, &mut known).await?;
        if ready.is_empty() {
            return Ok(known);
        }
        let lost = HoldReason::Loss(Loss::SeveralKinds);
        for other in ContentKind::ALL.into_iter().filter(|other| *other != kind) {
            let held = cancellable(run.cancel, async { Ok(self.store.held(run.profile, other).await?) }).await?;
            let held = held.iter().filter(|held| held.reason == lost && ready.contains(&held.run));
            known.together.extend(held.map(|held| held.run));
        }
        Ok(known)
    }

    /// Reads the stored categories, if the panel answered for its own.
    async fn look_at_categories(
        &self,
        run: &Run<'_>,
        answered: Option<&[Category]>,
        setting: &Setting<'_>,
        known: &mut Known,
    ) -> Result<(), StepError> {
        if answered.is_some() {
            let kind = setting.record.kind;
            known.categories =
                cancellable(run.cancel, async { Ok(self.store.categories(run.profile, kind).await?) }).await?;
        }
        Ok(())
    }

    /// Reads the number of items of these categories.
    async fn weigh(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        names: Vec<CategoryId>,
        known: &mut Known,
    ) -> Result<(), StepError> {
        if names.is_empty() {
            return Ok(());
        }
        let asked = names.clone();
        let sizes =
            cancellable(run.cancel, async { Ok(self.store.category_sizes(run.profile, kind, asked).await?) }).await?;
        known.sizes = names.into_iter().map(|name| name.0).zip(sizes).collect();
        Ok(())
    }

    /// Reads the rows of the missing items.
    async fn missing_rows(
        &self,
        run: &Run<'_>,
        kind: ContentKind,
        missing: &[ContentId],
        named: bool,
    ) -> Result<MissingRows, StepError> {
        let mut rows = MissingRows::default();
        let mut positions: HashMap<Text, u32> = HashMap::new();
        for ids in missing.chunks(ROWS) {
            let found =
                cancellable(run.cancel, async { Ok(self.store.rows(run.profile, kind, ids.to_vec()).await?) }).await?;
            for item in found {
                let mut categories = Vec::new();
                for name in item.categories().as_slice() {
                    let position = *positions.entry(name.clone()).or_insert_with(|| {
                        rows.categories.push(name.as_str().to_owned());
                        rows.sizes.push(0);
                        u32::try_from(rows.sizes.len() - 1).expect("fewer categories than items")
                    });
                    rows.sizes[position as usize] += 1;
                    categories.push(position);
                }
                if named {
                    rows.names.insert(item.id(), item.name().to_owned());
                }
                rows.items.push(MissingRow { id: item.id(), identity: Identity::of(&item), categories });
            }
        }
        Ok(rows)
    }
}
