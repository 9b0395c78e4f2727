//! Generates items and categories, each from the seed and its own index. Their types vary as those of real panels do:
//! the same field is a number here, a numeric string there, and empty, null or missing elsewhere.

mod categories;
mod channels;
mod movies;
mod series;

use std::collections::HashMap;

use crate::catalogue::{EPOCH, Listing};
use crate::item::{Category, Escaping, Item, Kind};
use crate::json::JsonForm;
use crate::prng::Prng;

/// The common part of the items of a listing.
pub(crate) struct Context<'a> {
    pub(crate) seed: u64,
    pub(crate) categories: &'a [Category],
    /// The time in `added` (and `last_modified`); `None` draws a time in the past.
    pub(crate) time: Option<i64>,
}

/// Returns the listing of a kind at version 0.
pub(crate) fn listing(kind: Kind, seed: u64, count: usize, items_per_category: usize) -> Listing {
    let categories = categories::categories(kind, seed, (count / items_per_category.max(1)).max(3));
    let mut listing = Listing {
        kind,
        items: Vec::with_capacity(count),
        categories,
        next_index: 0,
        next_id: 100,
        number_offset: 0,
        number_as_text: false,
        remembered: HashMap::new(),
        revision: 0,
    };
    for _ in 0..count {
        let item = next_item(&mut listing, seed, None);
        listing.items.push(item);
    }
    listing
}

/// Generates the next item of a listing. Ids rise with gaps; one in a hundred is beyond 32 bits.
pub(crate) fn next_item(listing: &mut Listing, seed: u64, time: Option<i64>) -> Item {
    let index = listing.next_index;
    let mut rng = Prng::of(seed, 16 + stream(listing.kind), index);
    listing.next_index += 1;
    listing.next_id += 1 + rng.small(7);
    let id = if index % 100 == 42 { listing.next_id + 4_000_000_000 } else { listing.next_id };
    let context = Context { seed, categories: &listing.categories, time };
    let mut item = match listing.kind {
        Kind::Channels => channels::channel(&context, id, index),
        Kind::Movies => movies::movie(&context, id, index),
        Kind::Series => series::series(&context, id, index),
    };
    if rng.chance(12) {
        item.escaping = Escaping::Raw;
    }
    item
}

/// Returns the number of a kind's own stream of random numbers.
pub(crate) fn stream(kind: Kind) -> u64 {
    match kind {
        Kind::Channels => 1,
        Kind::Movies => 2,
        Kind::Series => 3,
    }
}

impl Context<'_> {
    fn rng(&self, kind: Kind, index: u64) -> Prng {
        Prng::of(self.seed, stream(kind), index)
    }

    fn moment(&self, rng: &mut Prng) -> i64 {
        let past = EPOCH - 3600 - rng.small(150_000_000);
        self.time.unwrap_or(past)
    }

    /// Adds `category_id`, mostly as text, and often `category_ids` with one to three numbers.
    fn categorise(&self, rng: &mut Prng, item: Item) -> Item {
        let ids: Vec<&JsonForm> = self.categories.iter().map(|category| &category.id).collect();
        let text = |id: &JsonForm| id.scalar_text().expect("every category has an id");
        let number = |id: &JsonForm| text(id).parse().map_or_else(|_| JsonForm::text(text(id)), JsonForm::Integer);
        let own = ids[rng.position(ids.len())];
        let item = match rng.below(50) {
            0 => item.with("category_id", ""),
            1 => item.with("category_id", JsonForm::Null),
            2..=8 => item.with("category_id", number(own)),
            _ => item.with("category_id", text(own)),
        };
        match rng.below(20) {
            0 => item.with("category_ids", JsonForm::array([])),
            1 => item.with("category_ids", JsonForm::array([JsonForm::text(text(own))])),
            2 => item.with("category_ids", JsonForm::Null),
            3..=5 => {
                let other = ids[rng.position(ids.len())];
                item.with("category_ids", JsonForm::array([number(own), number(other)]))
            }
            6..=16 => item.with("category_ids", JsonForm::array([number(own)])),
            _ => item,
        }
    }
}

/// Returns a number, or the same number as text.
fn numeric(rng: &mut Prng, number: i64, percent_text: u64) -> JsonForm {
    if rng.chance(percent_text) { JsonForm::text(number.to_string()) } else { JsonForm::Integer(number) }
}

/// Returns a rating out of ten, in one of the forms of real panels, and the same rating out of five.
fn rating(rng: &mut Prng, comma: bool) -> (JsonForm, JsonForm) {
    let (whole, tenth) = (rng.small(10), rng.small(10));
    let rating = match rng.below(20) {
        0 => return (JsonForm::text(""), JsonForm::Integer(0)),
        1 => return (JsonForm::Null, JsonForm::Null),
        2 => return (JsonForm::Integer(0), JsonForm::Integer(0)),
        3 if comma => JsonForm::text(format!("{whole},{tenth}")),
        4 => JsonForm::text(format!("{whole}.{tenth}0")),
        5 => JsonForm::number(format!("{whole}.{tenth}00")),
        6..=8 => JsonForm::number(format!("{whole}.{tenth}")),
        9 => numeric(rng, whole, 50),
        _ => JsonForm::text(format!("{whole}.{tenth}")),
    };
    let half = JsonForm::number(format!("{}.{}", whole / 2, if whole % 2 == 1 { 5 } else { 0 }));
    (rating, half)
}

fn is_adult(rng: &mut Prng, item: Item) -> Item {
    match rng.below(12) {
        0 => item.with("is_adult", JsonForm::Null),
        1 => item.with("is_adult", 1),
        2 => item.with("is_adult", 0),
        3 => item.with("is_adult", "1"),
        4 => item,
        _ => item.with("is_adult", "0"),
    }
}

/// Adds a TMDB id under one of its two names, or one of the ways to say that there is none.
fn tmdb(rng: &mut Prng, item: Item) -> Item {
    let key = if rng.chance(70) { "tmdb" } else { "tmdb_id" };
    let id = 100 + rng.small(900_000);
    match rng.below(12) {
        0 => item.with(key, ""),
        1 => item.with(key, "0"),
        2 => item.with(key, 0),
        3 => item.with(key, JsonForm::Null),
        4 => item,
        5..=7 => item.with(key, id),
        _ => item.with(key, id.to_string()),
    }
}

fn trailer(rng: &mut Prng, item: Item, key: &'static str) -> Item {
    match rng.below(4) {
        0 => item.with(key, ""),
        1 => item.with(key, JsonForm::Null),
        _ => item.with(key, format!("{:011x}", rng.next() >> 20)),
    }
}

fn date(rng: &mut Prng, year: i64) -> String {
    format!("{year}-{:02}-{:02}", rng.below(12) + 1, rng.below(28) + 1)
}
