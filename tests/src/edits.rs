//! Precise edits of a catalogue, for tests in which only one thing may happen. Every edit is a version.

use std::collections::HashSet;

use crate::catalogue::{Catalogue, Listing};
use crate::changes::Expected;
use crate::columns::column_of;
use crate::item::{Category, Item, Kind};
use crate::json::JsonForm;
use crate::prng::Prng;
use crate::truth::canonical_decimal;

/// The place of an element in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    Top,
    /// After all others.
    Bottom,
    /// At this position, or at the end if the listing is shorter.
    At(usize),
    /// At a random position, which is the same in every run.
    Random,
}

/// The keys that panels send as numbers or as numeric strings.
const NUMERIC_KEYS: [&str; 15] = [
    "stream_id",
    "series_id",
    "category_id",
    "category_ids",
    "added",
    "last_modified",
    "is_adult",
    "tv_archive",
    "tv_archive_duration",
    "rating",
    "rating_5based",
    "year",
    "tmdb",
    "tmdb_id",
    "episode_run_time",
];

impl Catalogue {
    /// Sets a key of every element with this id. If the item has another spelling of the key (`tmdb` for `tmdb_id`),
    /// that spelling is set. If a name becomes null or empty, a cache keeps the former name.
    pub fn edit(&mut self, kind: Kind, id: i64, key: &'static str, value: impl Into<JsonForm>) -> Expected {
        let value = value.into();
        let of_id = |item: &Item| (item.id() == Some(id)).then(|| value.clone());
        self.edit_all(kind, key, of_id)
    }

    /// Sets a key like [`Self::edit`], in every element for which `value` returns a value.
    pub fn edit_all(
        &mut self,
        kind: Kind,
        key: &'static str,
        mut value: impl FnMut(&Item) -> Option<JsonForm>,
    ) -> Expected {
        self.on_items(kind, |item, remember| {
            let Some(value) = value(item) else { return };
            let (key, no_text) = (spelling(item, key), value.scalar_text().is_none());
            let former = item.set(key, value);
            remember(key, former.filter(|_| key == "name" && no_text));
        })
    }

    /// Removes a key. A cache keeps the last value of the key. This is not meant for the two category keys.
    pub fn drop_key(&mut self, kind: Kind, id: i64, key: &'static str) -> Expected {
        self.on_items(kind, |item, remember| {
            let key = spelling(item, key);
            if let Some(former) = (item.id() == Some(id)).then(|| item.take(key)).flatten() {
                remember(key, Some(former));
            }
        })
    }

    /// Removes several keys of every element, like [`Self::drop_key`].
    pub fn drop_keys(&mut self, kind: Kind, keys: &[&'static str]) -> Expected {
        self.on_items(kind, |item, remember| {
            for key in keys {
                let key = spelling(item, key);
                if let Some(former) = item.take(key) {
                    remember(key, Some(former));
                }
            }
        })
    }

    /// Forgets the values that only earlier versions sent. The truth is then that of a cache that starts now.
    pub fn forget_earlier_versions(&mut self) {
        for kind in Kind::ALL {
            self.listing_mut(kind).remembered.clear();
        }
    }

    /// Removes an item with all its elements.
    pub fn remove(&mut self, kind: Kind, id: i64) -> Expected {
        self.edited(kind, Some(&HashSet::from([id])), |listing| {
            listing.items.retain(|item| item.id() != Some(id));
            forget_absent(listing);
        })
    }

    /// Removes the first elements of a listing.
    pub fn remove_first(&mut self, kind: Kind, count: usize) -> Expected {
        self.edited(kind, None, |listing| {
            listing.items.drain(..count.min(listing.items.len()));
            forget_absent(listing);
        })
    }

    /// Removes all items of a kind, but not its categories.
    pub fn remove_all(&mut self, kind: Kind) -> Expected {
        self.remove_first(kind, usize::MAX)
    }

    /// Puts an item before all others.
    pub fn insert_at_top(&mut self, kind: Kind, item: Item) -> Expected {
        self.insert(kind, item, Place::Top)
    }

    /// Puts an item into a listing, for the first time or again.
    pub fn insert(&mut self, kind: Kind, item: Item, place: Place) -> Expected {
        let touched: HashSet<i64> = item.id().into_iter().collect();
        let mut rng = self.version_rng();
        self.edited(kind, Some(&touched), |listing| insert(listing, item, place, &mut rng))
    }

    /// Appends elements.
    pub fn append(&mut self, kind: Kind, items: impl IntoIterator<Item = Item>) -> Expected {
        self.edited(kind, None, |listing| listing.items.extend(items))
    }

    /// Lists an item once more, in another category and without `category_ids`. Panels do so if they print a row for
    /// each category.
    pub fn duplicate(&mut self, kind: Kind, id: i64, other_category: &str, place: Place) -> Expected {
        let Some(mut copy) = self.item(kind, id).cloned() else {
            return Expected::default();
        };
        copy.take("category_ids");
        copy.set("category_id", JsonForm::text(other_category));
        self.insert(kind, copy, place)
    }

    /// Shuffles a listing.
    pub fn shuffle(&mut self, kind: Kind, seed: u64) -> Expected {
        self.edited(kind, None, |listing| Prng::of(seed, 64, 0).shuffle(&mut listing.items))
    }

    /// Lets `num` start at another number. Nothing else changes.
    pub fn renumber(&mut self, kind: Kind, offset: i64) -> Expected {
        self.edited(kind, None, |listing| listing.number_offset = offset)
    }

    /// Gives every item another id, as an aggregating panel does.
    pub fn reassign_ids(&mut self, kind: Kind, distance: i64) -> Expected {
        self.edited(kind, None, |listing| {
            for item in &mut listing.items {
                if let Some(id) = item.id() {
                    item.set(kind.id_key(), JsonForm::Integer(id + distance));
                }
            }
            listing.next_id += distance.max(0);
            forget_absent(listing);
        })
    }

    /// Sends every id as a string. No value changes.
    pub fn ids_as_strings(&mut self, kind: Kind) -> Expected {
        self.edited(kind, None, |listing| {
            for item in &mut listing.items {
                if let Some(id) = item.id() {
                    item.set(kind.id_key(), JsonForm::text(id.to_string()));
                }
            }
        })
    }

    /// Turns numbers into numeric strings and the reverse, as an upgrade of a panel may do. No value changes.
    pub fn flip_types(&mut self, kind: Kind) -> Expected {
        self.edited(kind, None, |listing| {
            listing.number_as_text = !listing.number_as_text;
            let values = listing.items.iter_mut().flat_map(Item::values_mut);
            for (_, value) in values.filter(|(key, _)| NUMERIC_KEYS.contains(key)) {
                flip(value);
            }
        })
    }

    /// Changes the name of a category.
    pub fn rename_category(&mut self, kind: Kind, id: &str, name: &str) {
        self.on_categories(kind, |categories| {
            for category in categories.iter_mut().filter(|category| category.id.scalar_text().as_deref() == Some(id)) {
                name.clone_into(&mut category.name);
            }
        });
    }

    /// Appends a category.
    pub fn add_category(&mut self, kind: Kind, category: Category) {
        self.on_categories(kind, |categories| categories.push(category));
    }

    /// Removes a category from the list. Its items still name it.
    pub fn remove_category(&mut self, kind: Kind, id: &str) {
        self.on_categories(kind, |categories| {
            categories.retain(|category| category.id.scalar_text().as_deref() != Some(id));
        });
    }

    fn on_categories(&mut self, kind: Kind, change: impl FnOnce(&mut Vec<Category>)) {
        self.version += 1;
        let listing = self.listing_mut(kind);
        change(&mut listing.categories);
        listing.revision += 1;
    }

    /// Changes elements. `change` calls its second argument with each key that it changed and the value that a cache
    /// keeps.
    fn on_items(
        &mut self,
        kind: Kind,
        mut change: impl FnMut(&mut Item, &mut dyn FnMut(&'static str, Option<JsonForm>)),
    ) -> Expected {
        // An edit of the id turns one item into another, so all items are compared.
        self.edited(kind, None, |listing| {
            let Listing { items, remembered, .. } = listing;
            for item in items {
                let id = item.id();
                change(item, &mut |key, former| {
                    let (Some(id), Some(column)) = (id, column_of(kind, key)) else { return };
                    match former {
                        Some(JsonForm::Null) => {}
                        Some(value) => {
                            remembered.entry((id, column.name)).or_insert(value);
                        }
                        None => {
                            remembered.remove(&(id, column.name));
                        }
                    }
                });
            }
        })
    }

    fn version_rng(&self) -> Prng {
        Prng::of(self.seed, 80, self.version)
    }
}

pub(crate) fn insert(listing: &mut Listing, item: Item, place: Place, rng: &mut Prng) {
    let length = listing.items.len();
    let position = match place {
        Place::Top => 0,
        Place::Bottom => length,
        Place::At(position) => position.min(length),
        Place::Random => rng.position(length + 1),
    };
    listing.items.insert(position, item);
}

/// Forgets the kept values of items that are no longer listed.
fn forget_absent(listing: &mut Listing) {
    let present: HashSet<i64> = listing.items.iter().filter_map(Item::id).collect();
    listing.remembered.retain(|(id, _), _| present.contains(id));
}

fn spelling(item: &Item, key: &'static str) -> &'static str {
    let column = column_of(item.kind(), key).filter(|_| item.get(key).is_none());
    column.and_then(|column| column.keys.iter().copied().find(|own| item.get(own).is_some())).unwrap_or(key)
}

fn flip(value: &mut JsonForm) {
    let flipped = match &*value {
        JsonForm::Integer(number) => JsonForm::text(number.to_string()),
        JsonForm::Number(literal) => JsonForm::Text(literal.clone()),
        JsonForm::Text(text) => match text.parse::<i64>() {
            Ok(number) if number.to_string() == **text => JsonForm::Integer(number),
            Err(_) if canonical_decimal(text).is_some() => JsonForm::Number(text.clone()),
            _ => return,
        },
        JsonForm::Array(values) => JsonForm::array(values.iter().cloned().map(|mut value| {
            flip(&mut value);
            value
        })),
        _ => return,
    };
    *value = flipped;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::CatalogueConfig;
    use crate::changes::Changes;
    use crate::render::Shape;
    use crate::truth::Truth;

    fn small() -> Catalogue {
        Catalogue::new(&CatalogueConfig::small(11))
    }

    #[test]
    fn other_forms_of_equal_values_change_nothing() {
        for kind in Kind::ALL {
            let mut catalogue = small();
            let before = catalogue.render(kind, Shape::Array, None);
            assert!(catalogue.ids_as_strings(kind).is_empty());
            assert!(catalogue.flip_types(kind).is_empty());
            assert_ne!(before, catalogue.render(kind, Shape::Array, None));
        }
    }

    #[test]
    fn the_number_counts_for_channels_only() {
        let mut catalogue = small();
        assert_eq!(catalogue.renumber(Kind::Channels, 5).channels.refreshed.len(), 40);
        assert!(catalogue.renumber(Kind::Movies, 5).is_empty());
        assert!(catalogue.shuffle(Kind::Series, 3).is_empty());
        let expected = catalogue.insert_at_top(Kind::Movies, Item::new(Kind::Movies, 9, "Nine"));
        assert_eq!(expected.movies, Changes { added: [9].into(), ..Changes::default() });
    }

    #[test]
    fn an_edit_changes_one_item() {
        let mut catalogue = small();
        let id = catalogue.ids(Kind::Movies)[3];
        assert_eq!(catalogue.edit(Kind::Movies, id, "plot", "New").movies.updated, [id].into());
        assert_eq!(catalogue.edit(Kind::Movies, id, "rating", "9.9").movies.refreshed, [id].into());
        assert!(catalogue.edit(Kind::Movies, id, "direct_source", "http://x.example/1").is_empty());
        assert_eq!(catalogue.remove(Kind::Movies, id).movies.removed, [id].into());
    }

    #[test]
    fn a_cache_keeps_values_that_are_no_longer_sent() {
        let mut catalogue = small();
        let id = catalogue.ids(Kind::Series)[0];
        let truth = |catalogue: &Catalogue, column| catalogue.truth(Kind::Series)[&id][column].clone();
        let name = truth(&catalogue, "name");
        assert!(catalogue.drop_key(Kind::Series, id, "plot").is_empty());
        assert!(catalogue.edit(Kind::Series, id, "name", JsonForm::Null).is_empty());
        assert_eq!(truth(&catalogue, "name"), name);
        assert_eq!(catalogue.edit(Kind::Series, id, "cast", JsonForm::Null).series.updated, [id].into());
        catalogue.forget_earlier_versions();
        assert_eq!(truth(&catalogue, "plot"), Truth::Null);
        assert_eq!(truth(&catalogue, "name"), Truth::Text(format!("#{id}")));
    }

    #[test]
    fn a_duplicate_unites_the_categories() {
        let mut catalogue = small();
        let id = catalogue.ids(Kind::Movies)[5];
        let expected = catalogue.duplicate(Kind::Movies, id, "777", Place::Random);
        assert_eq!(expected.movies, Changes { updated: [id].into(), ..Changes::default() });
        let row = &catalogue.truth(Kind::Movies)[&id];
        assert!(matches!(&row["category_ids"], Truth::Text(set) if set.contains("\"777\"")));
        assert!(row["category_id"].accepts(&Truth::Text("777".into())));
        assert_eq!(catalogue.items(Kind::Movies).len(), catalogue.ids(Kind::Movies).len() + 1);
    }
}
