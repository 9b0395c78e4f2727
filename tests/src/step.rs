//! A step to the next version: how many items of each kind are added, updated, refreshed and removed.

use std::collections::{HashMap, HashSet};

use crate::catalogue::{Catalogue, Listing};
use crate::changes::Expected;
use crate::edits::{Place, insert};
use crate::generate;
use crate::item::{Category, Item, Kind};
use crate::json::JsonForm;
use crate::prng::Prng;

/// The changes of a step. Percentages are of the existing items. Above zero, at least one item changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// New items.
    pub added_percent: f64,
    /// Items with a change of a significant field. The fields take turns.
    pub updated_percent: f64,
    /// Items with a change of only a rating or an image.
    pub refreshed_percent: f64,
    /// Items that are no longer listed.
    pub removed_percent: f64,
    /// The place of new items. At the top, every `num` changes.
    pub place: Place,
    /// Whether one is added to every `num`.
    pub renumber: bool,
    /// The kinds that change.
    pub kinds: Vec<Kind>,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            added_percent: 0.0,
            updated_percent: 0.0,
            refreshed_percent: 0.0,
            removed_percent: 0.0,
            place: Place::Top,
            renumber: false,
            kinds: Kind::ALL.to_vec(),
        }
    }
}

impl Step {
    /// Returns a step like a quiet day at a panel: half a per cent of the items is added, one per cent is edited, one
    /// per cent gets a new rating or image, and half a per cent is removed.
    pub fn ordinary() -> Self {
        Self {
            added_percent: 0.5,
            updated_percent: 1.0,
            refreshed_percent: 1.0,
            removed_percent: 0.5,
            ..Self::default()
        }
    }
}

#[derive(Clone, Copy)]
enum Fate {
    Updated(usize),
    Refreshed(usize),
    Removed,
}

impl Catalogue {
    /// Moves on to the next version, and returns what a correct sync of it reports.
    pub fn advance(&mut self, step: &Step) -> Expected {
        self.version += 1;
        let (seed, version, time) = (self.seed, self.version, self.time());
        let mut expected = Expected::default();
        for &kind in &step.kinds {
            let mut rng = Prng::of(seed ^ version, 48 + generate::stream(kind), version);
            let ids = self.ids(kind);
            let fates = fates(step, &mut rng, &ids);
            let added = share(ids.len(), step.added_percent);
            let mut touched: HashSet<i64> = fates.keys().copied().collect();
            let mut new: Vec<Item> = Vec::with_capacity(added);
            for _ in 0..added {
                new.push(generate::next_item(self.listing_mut(kind), seed, Some(time)));
            }
            touched.extend(new.iter().filter_map(Item::id));
            *expected.of_mut(kind) = self.observe(kind, Some(&touched), |listing| {
                befall(listing, &fates, version, time);
                match step.place {
                    Place::Top => drop(listing.items.splice(..0, new)),
                    place => new.into_iter().for_each(|item| insert(listing, item, place, &mut rng)),
                }
                listing.number_offset += i64::from(step.renumber);
            });
        }
        expected
    }
}

/// Draws the items that are removed, updated and refreshed. No item is drawn twice.
fn fates(step: &Step, rng: &mut Prng, ids: &[i64]) -> HashMap<i64, Fate> {
    let mut drawn = ids.to_vec();
    rng.shuffle(&mut drawn);
    let mut drawn = drawn.into_iter();
    let mut fates = HashMap::new();
    let mut assign = |percent, fate: fn(usize) -> Fate| {
        let chosen = drawn.by_ref().take(share(ids.len(), percent)).enumerate();
        fates.extend(chosen.map(|(turn, id)| (id, fate(turn))));
    };
    assign(step.removed_percent, |_| Fate::Removed);
    assign(step.updated_percent, Fate::Updated);
    assign(step.refreshed_percent, Fate::Refreshed);
    fates
}

fn share(count: usize, percent: f64) -> usize {
    if percent <= 0.0 || count == 0 {
        return 0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of at most some millions, above zero"
    )]
    let share = (count as f64 * percent / 100.0).round() as usize;
    share.max(1)
}

fn befall(listing: &mut Listing, fates: &HashMap<i64, Fate>, version: u64, time: i64) {
    let fate = |item: &Item| item.id().and_then(|id| fates.get(&id).copied());
    listing.items.retain(|item| !matches!(fate(item), Some(Fate::Removed)));
    listing.remembered.retain(|(id, _), _| !matches!(fates.get(id), Some(Fate::Removed)));
    for item in &mut listing.items {
        match fate(item) {
            Some(Fate::Updated(turn)) => update(item, &listing.categories, turn, version, time),
            Some(Fate::Refreshed(turn)) => refresh(item, turn, version),
            Some(Fate::Removed) | None => {}
        }
    }
}

/// Changes one significant field. For a series, every other update also changes `last_modified`. No other kind of item
/// shows its update.
fn update(item: &mut Item, categories: &[Category], turn: usize, version: u64, time: i64) {
    match item.kind() {
        Kind::Channels => match turn % 4 {
            0 => revise(item, "name", version),
            1 => revise(item, "epg_channel_id", version),
            2 => recategorise(item, categories, version),
            _ => {
                let days = i64::try_from(version % 14).expect("below 14") + 15;
                item.set("tv_archive", JsonForm::Integer(1));
                item.set("tv_archive_duration", JsonForm::text(days.to_string()));
                revise(item, "epg_channel_id", version);
            }
        },
        Kind::Movies => match turn % 5 {
            0 => revise(item, "name", version),
            1 => revise(item, "title", version),
            2 => {
                let now = item.get("container_extension").and_then(JsonForm::scalar_text);
                let other = if now.as_deref() == Some("mkv") { "mp4" } else { "mkv" };
                item.set("container_extension", JsonForm::text(other));
            }
            3 => recategorise(item, categories, version),
            _ => revise(item, "plot", version),
        },
        Kind::Series => {
            match turn % 4 {
                0 => revise(item, "name", version),
                1 => revise(item, "title", version),
                2 => recategorise(item, categories, version),
                _ => revise(item, "plot", version),
            }
            if turn.is_multiple_of(2) {
                item.set("last_modified", JsonForm::text(time.to_string()));
            }
        }
    }
}

/// Gives a text a value that it never had before.
fn revise(item: &mut Item, key: &'static str, version: u64) {
    const MARK: &str = " ·r";
    let now = item.get(key).and_then(JsonForm::scalar_text).unwrap_or_else(|| "Unnamed".to_owned());
    let base = now.split(MARK).next().expect("splitting yields a first part");
    item.set(key, JsonForm::text(format!("{base}{MARK}{version}")));
}

/// Moves the item from its category to the next one. The old category leaves the set.
fn recategorise(item: &mut Item, categories: &[Category], version: u64) {
    let ids: Vec<String> = categories.iter().filter_map(|category| category.id.scalar_text()).collect();
    let old = item.get("category_id").and_then(JsonForm::scalar_text);
    let Some(at) = old.as_ref().and_then(|old| ids.iter().position(|id| id == old)).filter(|_| ids.len() > 1) else {
        return revise(item, "name", version);
    };
    let (old, new) = (&ids[at], &ids[(at + 1) % ids.len()]);
    if let Some(JsonForm::Array(set)) = item.get("category_ids") {
        let kept = set.iter().filter(|id| id.scalar_text().is_some_and(|id| id != *old && id != *new)).cloned();
        let set = JsonForm::array(kept.chain([JsonForm::text(new.clone())]));
        item.set("category_ids", set);
    }
    item.set("category_id", JsonForm::text(new.clone()));
}

/// Changes the image. Every third time the rating changes instead, if there is one.
fn refresh(item: &mut Item, turn: usize, version: u64) {
    let id = item.id().expect("only items with an id are drawn");
    if turn % 3 == 2 && item.get("rating").is_some() {
        let now = item.get("rating").and_then(JsonForm::scalar_text);
        let tenth = 1 + version % 9;
        let rating =
            if now.as_deref() == Some(format!("9.{tenth}").as_str()) { "10".into() } else { format!("9.{tenth}") };
        item.set("rating", JsonForm::text(rating));
        return;
    }
    let key = if item.kind() == Kind::Series { "cover" } else { "stream_icon" };
    item.set(key, JsonForm::text(format!("https://image.example.org/t/p/w600_and_h900_bestv2/{id}-{version}.jpg")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::CatalogueConfig;
    use crate::changes::Changes;

    #[test]
    fn the_expectation_of_a_step_is_the_difference_of_the_truths() {
        for seed in 0..12 {
            let config = CatalogueConfig { seed, channels: 300, movies: 500, series: 200, items_per_category: 40 };
            let mut catalogue = Catalogue::new(&config);
            let steps = [
                Step::ordinary(),
                Step { place: Place::Random, ..Step::ordinary() },
                Step { updated_percent: 40.0, refreshed_percent: 20.0, removed_percent: 10.0, ..Step::default() },
                Step { added_percent: 5.0, place: Place::Bottom, ..Step::default() },
                Step { renumber: true, kinds: vec![Kind::Channels, Kind::Movies], ..Step::default() },
                Step::default(),
            ];
            for step in steps {
                let before = Kind::ALL.map(|kind| catalogue.truth(kind));
                let expected = catalogue.advance(&step);
                for kind in Kind::ALL {
                    let difference = Changes::between(kind, &before[kind.index()], &catalogue.truth(kind));
                    assert_eq!(&difference, expected.of(kind), "{kind}, seed {seed}, {step:?}");
                }
            }
        }
    }

    #[test]
    fn a_step_does_as_much_as_it_was_asked_for() {
        let config = CatalogueConfig { seed: 4, channels: 1000, movies: 1000, series: 1000, items_per_category: 100 };
        let mut catalogue = Catalogue::new(&config);
        for _ in 0..5 {
            let count = Kind::ALL.map(|kind| catalogue.ids(kind).len());
            let expected = catalogue.advance(&Step { updated_percent: 10.0, ..Step::ordinary() });
            for (kind, count) in Kind::ALL.into_iter().zip(count) {
                let changes = expected.of(kind);
                assert_eq!(changes.added.len(), share(count, 0.5), "{kind}");
                assert_eq!(changes.removed.len(), share(count, 0.5), "{kind}");
                assert_eq!(changes.updated.len(), share(count, 10.0), "{kind}");
                if kind != Kind::Channels {
                    assert_eq!(changes.refreshed.len(), share(count, 1.0), "{kind}");
                }
            }
        }
    }
}
