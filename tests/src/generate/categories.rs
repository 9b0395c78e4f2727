//! The category lists.

use super::stream;
use crate::item::{Category, Kind};
use crate::json::JsonForm;
use crate::prng::Prng;
use crate::vocabulary;

pub(super) fn categories(kind: Kind, seed: u64, count: usize) -> Vec<Category> {
    let mut id = 0;
    let count = u64::try_from(count).expect("a length fits");
    let category = |index: u64| {
        let mut rng = Prng::of(seed, 32 + stream(kind), index);
        id += 1 + rng.small(4);
        // Ids beyond 31 bits exist at real panels.
        let own = if index % 50 == 2 { id + 2_356_443_347 } else { id };
        let parent = match rng.below(10) {
            0 => None,
            1 => Some(JsonForm::Null),
            2 => Some(JsonForm::text("0")),
            _ => Some(JsonForm::Integer(0)),
        };
        let form = if rng.chance(85) { JsonForm::text(own.to_string()) } else { JsonForm::Integer(own) };
        Category { id: form, name: vocabulary::category_name(&mut rng, index), parent }
    };
    (0..count).map(category).collect()
}
