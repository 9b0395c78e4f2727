//! The choice of the categories that are asked for, in place of the whole list.

/// The greatest number of categories that are asked for at a look.
const MOST: usize = 8;

/// A tenth: the greatest part of the list that the categories may be.
const PART: u64 = 10;

/// The cost of a request and of an answer without elements, in elements.
const OVERHEAD: u64 = 2;

/// The number of the last lists with additions of which the categories are known.
const REMEMBERED: u32 = 32;

/// The number of such lists that are needed before categories are chosen.
const LEAST: u32 = 12;

/// A category to which new items have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The id.
    pub category: String,
    /// A bit for each of the last lists with additions, the newest in the lowest bit: whether this category got some of
    /// them.
    pub lists: u32,
    /// The number of its items.
    pub items: u64,
}

/// Returns the categories that are asked for. Each of the known lists with additions has an addition in one of these
/// categories. Returns none if too few lists are known, or if the categories would be too large a part of the list.
/// `rows` is the number of all items, and `lists` the number of lists with additions that are known.
///
/// The first category is the one that shows the most additions which the others don't show, in relation to its size.
pub fn chosen(candidates: &[Candidate], lists: u32, rows: u64) -> Vec<String> {
    let lists = lists.min(REMEMBERED);
    if lists < LEAST {
        return Vec::new();
    }
    let all = if lists == 32 { u32::MAX } else { (1 << lists) - 1 };
    let (mut shown, mut cost, mut names) = (0u32, 0u64, Vec::new());
    while shown != all {
        let gain = |it: &Candidate| u64::from((it.lists & all & !shown).count_ones());
        let next = candidates.iter().filter(|it| gain(it) > 0 && !names.contains(&it.category)).max_by(|a, b| {
            let (worth_a, worth_b) = (gain(a) * (b.items + OVERHEAD), gain(b) * (a.items + OVERHEAD));
            worth_a.cmp(&worth_b).then_with(|| b.category.cmp(&a.category))
        });
        let Some(next) = next else { return Vec::new() };
        shown |= next.lists & all;
        cost += next.items + OVERHEAD;
        names.push(next.category.clone());
        if names.len() > MOST || cost.saturating_mul(PART) > rows {
            return Vec::new();
        }
    }
    names
}
