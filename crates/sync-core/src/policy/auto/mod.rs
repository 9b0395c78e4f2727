//! The schedule `auto`: the next look at a kind, from what was learnt of when its panel gets new titles.
//!
//! - [`arrivals`]: the facts from the dates of titles and from the news of listings.
//! - [`week`]: the rate of new titles by the time of the week, which follows from these facts.
//! - [`plan`]: the times at which a look is worth its cost.
//!
//! The rule, its sources and its results are in `docs/policies/intervals.md`.

pub mod arrivals;
pub mod plan;
pub mod settings;
pub mod stamps;
pub mod week;

mod next;

pub use next::{LOOK_COST, Learnt, Look, Pattern, next_looks};
