//! Replays a file of arrivals through the policy. Its form is in `docs/policies/intervals.md`.

use std::path::Path;

use sync_core::ContentKind;
use sync_core::policy::auto::settings::AutoSettings;

use super::run::{Outcome, Rule, replay};
use super::world::{Arrival, DAY, HOUR, START, Stamps};
use crate::Failure;
use crate::table::Table;

/// Replays a file, and prints the results of the policy and of fixed intervals.
///
/// # Errors
///
/// The file can't be read.
pub(super) fn main(file: &Path) -> Result<(), Failure> {
    let arrivals = read(&std::fs::read_to_string(file)?)?;
    let last = arrivals.iter().flatten().flatten().map(|arrival| arrival.at).max().unwrap_or(START);
    let days = ((last - START) / DAY + 1) as f64;
    let mut table = Table::new(&["kind", "rule", "looks a day", "mean delay, h"]);
    for (name, rule) in [
        ("learnt", Rule::Policy(Stamps::True)),
        ("the rate alone", Rule::RateAlone),
        ("every 6h", Rule::Fixed(6 * HOUR)),
        ("every 12h", Rule::Fixed(12 * HOUR)),
        ("every 1d", Rule::Fixed(DAY)),
    ] {
        let outcomes = replay([None; 3], &arrivals, rule, &AutoSettings::default(), (1, START), last + DAY);
        for ((kind, outcome), _) in ContentKind::ALL.iter().zip(&outcomes).zip(&arrivals).filter(|(_, it)| it.is_some())
        {
            let Outcome { looks, .. } = outcome;
            let looks = format!("{:.2}", looks.len() as f64 / days);
            table.row(vec![kind.to_string(), name.to_owned(), looks, format!("{:.2}", outcome.delay(0))]);
        }
    }
    print!("{table}");
    Ok(())
}

/// Reads lines of `seconds,kind,items`, after a line of heads. The seconds count from the first sync and are negative
/// before it.
fn read(text: &str) -> Result<Vec<Option<Vec<Arrival>>>, Failure> {
    let mut arrivals: Vec<Option<Vec<Arrival>>> = vec![None, None, None];
    for (number, line) in (1..).zip(text.lines()).skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let bad = || format!("line {number} is not `seconds,kind,items`");
        let mut cells = line.split(',').map(str::trim);
        let mut cell = || cells.next().ok_or_else(bad);
        let (seconds, kind, items): (i64, ContentKind, u32) = (
            cell()?.parse().map_err(|_| bad())?,
            cell()?.parse().map_err(|_| bad())?,
            cell()?.parse().map_err(|_| bad())?,
        );
        let at = ContentKind::ALL.iter().position(|known| *known == kind).ok_or_else(bad)?;
        arrivals[at].get_or_insert_default().push(Arrival { at: START + seconds, items });
    }
    arrivals.iter_mut().flatten().for_each(|arrivals| arrivals.sort_by_key(|arrival| arrival.at));
    Ok(arrivals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_by_kinds() {
        let found = read("seconds,kind,items\n7200,movies,3\n-60, movies ,1\n\n5,series,2\n").unwrap();
        let movies = found[1].as_ref().unwrap();
        assert_eq!(movies.iter().map(|it| (it.at - START, it.items)).collect::<Vec<_>>(), [(-60, 1), (7200, 3)]);
        assert!(found[0].is_none() && found[2].is_some());
    }

    #[test]
    fn a_bad_line_is_named() {
        for line in ["x,movies,1", "1,films,1", "1,movies", "1,movies,many"] {
            let error = read(&format!("heads\n{line}\n")).unwrap_err();
            assert_eq!(error.to_string(), "line 2 is not `seconds,kind,items`", "{line}");
        }
    }
}
