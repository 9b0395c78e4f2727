//! The catalogue of a panel: a listing and a category list for each kind, made only from a seed.

use std::collections::{HashMap, HashSet};

use crate::changes::{Changes, Expected};
use crate::generate;
use crate::item::{Category, Item, Kind};
use crate::json::JsonForm;
use crate::truth::rows;

/// The time of every new catalogue, and of the panel's clock with it, in unix seconds (2026-01-01).
pub const EPOCH: i64 = 1_767_225_600;

/// The seconds between a version and the next one.
pub const VERSION_SECONDS: i64 = 3600;

/// The size of a catalogue, and the seed that decides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueConfig {
    /// The seed, which decides everything else.
    pub seed: u64,
    /// The number of live channels.
    pub channels: usize,
    /// The number of movies.
    pub movies: usize,
    /// The number of series.
    pub series: usize,
    /// The number of items per category. Every kind has at least three categories.
    pub items_per_category: usize,
}

impl CatalogueConfig {
    /// Returns the configuration of a small catalogue: 40 channels, 60 movies, 30 series.
    pub fn small(seed: u64) -> Self {
        Self { seed, channels: 40, movies: 60, series: 30, ..Self::default() }
    }
}

impl Default for CatalogueConfig {
    fn default() -> Self {
        Self { seed: 1, channels: 400, movies: 1000, series: 300, items_per_category: 400 }
    }
}

/// The listing of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub(crate) kind: Kind,
    pub(crate) items: Vec<Item>,
    pub(crate) categories: Vec<Category>,
    /// The index of the next item to generate, and the least id that it may have.
    pub(crate) next_index: u64,
    pub(crate) next_id: i64,
    /// The number that is added to the running counter.
    pub(crate) number_offset: i64,
    pub(crate) number_as_text: bool,
    /// The values that a cache keeps, by id and column, because their key vanished or their name was emptied.
    pub(crate) remembered: HashMap<(i64, &'static str), JsonForm>,
    /// A number that rises with every change of the listing or its categories.
    pub(crate) revision: u64,
}

impl Listing {
    /// Returns the counter of the element at a position.
    pub(crate) fn number_at(&self, position: usize) -> i64 {
        self.number_offset + i64::try_from(position).expect("a position fits") + 1
    }
}

/// The whole content of a panel at one version.
#[derive(Debug, Clone)]
pub struct Catalogue {
    pub(crate) seed: u64,
    pub(crate) version: u64,
    listings: [Listing; 3],
}

impl Catalogue {
    /// Returns version 0 of a catalogue.
    pub fn new(config: &CatalogueConfig) -> Self {
        let listing = |kind| {
            let count = match kind {
                Kind::Channels => config.channels,
                Kind::Movies => config.movies,
                Kind::Series => config.series,
            };
            generate::listing(kind, config.seed, count, config.items_per_category)
        };
        Self { seed: config.seed, version: 0, listings: Kind::ALL.map(listing) }
    }

    /// Returns the version: 0 at first, and one more with every step and edit.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the time that new and newly modified items of this version carry. It is shortly before the panel's own
    /// clock.
    pub fn time(&self) -> i64 {
        EPOCH + i64::try_from(self.version).expect("versions are few") * VERSION_SECONDS - 60
    }

    /// Returns the elements of a kind, in the panel's order.
    pub fn items(&self, kind: Kind) -> &[Item] {
        &self.listing(kind).items
    }

    /// Returns the first element with this id.
    pub fn item(&self, kind: Kind, id: i64) -> Option<&Item> {
        self.items(kind).iter().find(|item| item.id() == Some(id))
    }

    /// Returns the ids of a kind in the panel's order, each once.
    pub fn ids(&self, kind: Kind) -> Vec<i64> {
        let mut seen = HashSet::new();
        self.items(kind).iter().filter_map(Item::id).filter(|id| seen.insert(*id)).collect()
    }

    /// Returns the categories of a kind, in the panel's order.
    pub fn categories(&self, kind: Kind) -> &[Category] {
        &self.listing(kind).categories
    }

    /// Returns a number that changes whenever the answers for a kind change.
    pub fn revision(&self, kind: Kind) -> u64 {
        self.listing(kind).revision
    }

    pub(crate) fn listing(&self, kind: Kind) -> &Listing {
        &self.listings[kind.index()]
    }

    pub(crate) fn listing_mut(&mut self, kind: Kind) -> &mut Listing {
        &mut self.listings[kind.index()]
    }

    /// Makes a change, and returns what a correct sync reports of it. `touched` are the ids whose own content may
    /// change; `None` stands for all ids. The position of an item is a column of channels only, so all channels are
    /// compared.
    pub(crate) fn observe(
        &mut self,
        kind: Kind,
        touched: Option<&HashSet<i64>>,
        change: impl FnOnce(&mut Listing),
    ) -> Changes {
        let touched = touched.filter(|_| kind != Kind::Channels);
        let before = rows(self.listing(kind), touched);
        let listing = self.listing_mut(kind);
        change(listing);
        listing.revision += 1;
        Changes::between(kind, &before, &rows(listing, touched))
    }

    /// Makes a change like [`Self::observe`], as a version of its own.
    pub(crate) fn edited(
        &mut self,
        kind: Kind,
        touched: Option<&HashSet<i64>>,
        change: impl FnOnce(&mut Listing),
    ) -> Expected {
        self.version += 1;
        let mut expected = Expected::default();
        *expected.of_mut(kind) = self.observe(kind, touched, change);
        expected
    }
}
