//! The worlds: panels that support different probes, and the events of 200 days.
//!
//! Additions, edits and removals are separate streams. Nothing here depends on the policy.

use crate::Failure;

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// The length of a replay, in days.
pub(super) const DAYS: i64 = 200;

/// The bytes of an element as it comes over the wire. Most panels don't compress.
pub(super) const ELEMENT_BYTES: u64 = 500;

/// The bytes beyond those that were read that a panel has already sent when a client stops reading.
pub(super) const SENT_AHEAD: u64 = 64 << 10;

/// The bytes of an answer without elements.
pub(super) const ANSWER_BYTES: u64 = 60;

/// The number of categories.
pub(super) const CATEGORIES: usize = 60;

/// The category of new titles, on panels that have one.
pub(super) const NEW: usize = CATEGORIES;

/// The order in which a panel lists its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// In the order of addition.
    OldestFirst,
    /// The newest first.
    NewestFirst,
    /// By name.
    ByName,
}

/// A panel, by the requests that it supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Panel {
    /// The name in the results.
    pub(super) name: &'static str,
    /// Whether it cuts its items by offset, in the order of addition, before it sorts them.
    pub(super) honours_offset: bool,
    /// Whether it lists only the requested category.
    pub(super) honours_category: bool,
    /// The order of its list.
    pub(super) order: Order,
    /// The number of titles that are in the category of new titles as well as in their own; 0 if there is no such
    /// category.
    pub(super) newest: usize,
    /// The number of items at the beginning.
    pub(super) items: usize,
    /// The time between two looks, in seconds.
    pub(super) look_every: i64,
    /// Whether a probe is useful there.
    pub(super) helps: bool,
}

/// The panels. A list with an hourly look is so large that 200 elements are a small part of it.
pub(super) const PANELS: [Panel; 7] = [
    Panel {
        name: "XUI, by age",
        honours_offset: true,
        honours_category: true,
        order: Order::OldestFirst,
        newest: 0,
        items: 1500,
        look_every: HOUR,
        helps: true,
    },
    Panel {
        name: "XUI, by name",
        honours_offset: true,
        honours_category: false,
        order: Order::ByName,
        newest: 0,
        items: 1500,
        look_every: 2 * HOUR,
        helps: true,
    },
    Panel {
        name: "newest first",
        honours_offset: false,
        honours_category: false,
        order: Order::NewestFirst,
        newest: 0,
        items: 5000,
        look_every: HOUR,
        helps: true,
    },
    Panel {
        name: "by category, new titles apart",
        honours_offset: false,
        honours_category: true,
        order: Order::ByName,
        newest: 60,
        items: 3000,
        look_every: HOUR,
        helps: true,
    },
    // No category has many new items in relation to its size.
    Panel {
        name: "by category, new titles spread",
        honours_offset: false,
        honours_category: true,
        order: Order::ByName,
        newest: 0,
        items: 3000,
        look_every: HOUR,
        helps: false,
    },
    Panel {
        name: "ignores all",
        honours_offset: false,
        honours_category: false,
        order: Order::OldestFirst,
        newest: 0,
        items: 800,
        look_every: 2 * HOUR,
        helps: false,
    },
    Panel {
        name: "ignores all, by name",
        honours_offset: false,
        honours_category: false,
        order: Order::ByName,
        newest: 0,
        items: 800,
        look_every: 2 * HOUR,
        helps: false,
    },
];

/// An event of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// The seconds since the beginning.
    pub(super) at: i64,
    /// The item.
    pub(super) id: i64,
    pub(super) what: What,
}

/// The change of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// It is added, in this category, with this place in the order of names.
    Add { category: usize, name: u32 },
    /// It is edited.
    Edit,
    /// It is removed.
    Remove,
}

/// Draws the events: first the items of the beginning, then all others by their time.
///
/// - Additions: 5 to 40 titles between 02:00 and 04:00, on six nights out of seven; 1 to 5 titles by day, on every
///   other day.
/// - Edits: 1 to 8 titles at a time, once or twice a day.
/// - Removals: 1 to 20 titles at a time, every fifth day.
///
/// New titles go to few categories: half of them to three.
pub(super) fn events(seed: u64, items: usize) -> Vec<Event> {
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut next_id = 1;
    let mut there: Vec<i64> = Vec::new();
    let mut events = Vec::new();
    let mut add = |at: i64, dice: &mut fastrand::Rng, there: &mut Vec<i64>, spread: bool| {
        let category = if spread || dice.f64() < 0.15 { dice.usize(..CATEGORIES) } else { favourite(dice) };
        let id = next_id;
        next_id += 1;
        there.push(id);
        Event { at, id, what: What::Add { category, name: dice.u32(..) } }
    };
    for _ in 0..items {
        let event = add(0, &mut dice, &mut there, true);
        events.push(event);
    }
    for day in 0..DAYS {
        let mut moments = Vec::new();
        if day % 7 != 6 {
            moments.push((dice.i64(2 * HOUR..4 * HOUR), 0, dice.usize(5..=40)));
        }
        if dice.bool() {
            moments.push((dice.i64(9 * HOUR..22 * HOUR), 0, dice.usize(1..=5)));
        }
        for _ in 0..dice.usize(1..=2) {
            moments.push((dice.i64(..DAY), 1, dice.usize(1..=8)));
        }
        if dice.usize(..5) == 0 {
            moments.push((dice.i64(..DAY), 2, dice.usize(1..=20)));
        }
        moments.sort_unstable();
        for (moment, what, count) in moments {
            // The first look comes an hour after the beginning at the earliest.
            let at = day * DAY + moment.max(60);
            for _ in 0..count {
                match what {
                    0 => {
                        let event = add(at, &mut dice, &mut there, false);
                        events.push(event);
                    }
                    1 => events.push(Event { at, id: there[dice.usize(..there.len())], what: What::Edit }),
                    _ => {
                        let id = there.swap_remove(dice.usize(..there.len()));
                        events.push(Event { at, id, what: What::Remove });
                    }
                }
            }
        }
    }
    events
}

/// Draws one of the categories that get most of the new titles.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number from 0 to 9")]
fn favourite(dice: &mut fastrand::Rng) -> usize {
    // Half of all new titles go to the first three, and the other nine share the rest.
    let draw = dice.f64();
    if draw < 0.6 { dice.usize(..3) } else { 3 + (9.0 * (draw - 0.6) / 0.4).floor() as usize }
}

/// Writes events as a trace.
#[cfg(test)]
pub(super) fn written(events: &[Event]) -> String {
    use std::fmt::Write as _;
    let mut text = "at,event,id,category,name\n".to_owned();
    for Event { at, id, what } in events {
        let _ = match what {
            What::Add { category, name } => writeln!(text, "{at},add,{id},{category},{name}"),
            What::Edit => writeln!(text, "{at},edit,{id},,"),
            What::Remove => writeln!(text, "{at},remove,{id},,"),
        };
    }
    text
}

/// Reads a trace: CSV with the header `at,event,id,category,name`. `at` are seconds since the beginning, `event` is
/// `add`, `edit` or `remove`; `category` (a number below 60) and `name` (a number by which titles are sorted) are given
/// for `add` only. Additions at 0 are the list at the beginning.
pub(super) fn read(text: &str) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || (number == 0 && line.starts_with("at,")) {
            continue;
        }
        let event = event(line).ok_or_else(|| format!("line {} of the trace is not an event", number + 1))?;
        if events.last().is_some_and(|last: &Event| last.at > event.at) {
            return Err(format!("line {} of the trace is earlier than the one before", number + 1).into());
        }
        events.push(event);
    }
    Ok(events)
}

fn event(line: &str) -> Option<Event> {
    let cells: Vec<_> = line.split(',').map(str::trim).collect();
    let [at, what, id, rest @ ..] = cells.as_slice() else { return None };
    let what = match (*what, rest) {
        ("add", [category, name, ..]) => {
            let category = category.parse().ok().filter(|category| *category < CATEGORIES)?;
            What::Add { category, name: name.parse().ok()? }
        }
        ("edit", _) => What::Edit,
        ("remove", _) => What::Remove,
        _ => return None,
    };
    Some(Event { at: at.parse().ok().filter(|at| *at >= 0)?, id: id.parse().ok()?, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_written_and_read_back() {
        let events = events(7, 20);
        assert!(events.len() > 1000 && events.is_sorted_by_key(|event| event.at));
        assert_eq!(read(&written(&events)).unwrap(), events);
        for wrong in ["1,add,5\n", "1,gone,5,,\n", "1,add,5,60,1\n", "-1,edit,5,,\n", "9,edit,5,,\n8,edit,5,,\n"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
