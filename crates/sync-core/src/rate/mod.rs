//! Rates of bytes: how fast a source may read, and how slow a listing may come.
//!
//! A [`Timetable`] says at which rate a source may read at which time of the week. A [`Transfer`] judges whether a slow
//! listing can still be complete before its deadline. Both are plain values without a clock and without I/O.

pub mod deadline;
mod timetable;

pub use deadline::{Transfer, Verdict, is_fast_enough, retry_after};
pub use timetable::{NotATimetable, Timetable};
