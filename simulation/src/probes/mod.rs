//! Probes: replays of 200 days at panels that support different probes.

mod panel;
mod run;
mod store;
mod world;

use crate::bars::Bars;
use crate::plot::{Axis, Chart};
use crate::stats::Estimate;
use crate::table::Table;
use crate::{Args, Failure, page, seeds};
use run::{Replay, replay};
use world::{DAYS, Event, PANELS, Panel};

/// The sources of the policy. The seeds follow from them.
const SOURCES: [&str; 9] = [
    include_str!("../../../crates/sync-core/src/policy/probe/mod.rs"),
    include_str!("../../../crates/sync-core/src/policy/probe/base.rs"),
    include_str!("../../../crates/sync-core/src/policy/probe/canary.rs"),
    include_str!("../../../crates/sync-core/src/policy/probe/facts.rs"),
    include_str!("../../../crates/sync-core/src/policy/probe/judge.rs"),
    include_str!("../../../crates/sync-core/src/policy/probe/learning.rs"),
    include_str!("../../../crates/sync-core/src/policy/probe/ledger.rs"),
    include_str!("../../../crates/sync-core/src/policy/probe/news.rs"),
    include_str!("../../../crates/sync-core/src/engine/probing.rs"),
];

/// The greatest part of the bytes of whole lists, at panels with a useful probe.
const BYTES: f64 = 0.25;

/// The greatest delay of new items, compared with that of whole lists at the same looks. The delays differ only for
/// items that come in the same hour as a list.
const DELAY: f64 = 1.1;

/// The greatest delay of edits and removals, in hours.
const LATEST: f64 = 24.0;

/// The results at a panel, one per seed.
struct Results {
    panel: &'static Panel,
    replays: Vec<Replay>,
}

impl Results {
    fn of(&self, value: impl Fn(&Replay) -> f64) -> Estimate {
        Estimate::of(&self.replays.iter().map(value).collect::<Vec<_>>())
    }

    fn worst(&self, value: impl Fn(&Replay) -> f64) -> f64 {
        self.replays.iter().map(value).fold(0.0, f64::max)
    }
}

/// Replays the worlds, or a trace, prints the results and checks the bars.
///
/// # Errors
///
/// The trace can't be read, a bar is missed, or the page can't be written.
pub fn main(args: &Args) -> Result<(), Failure> {
    let results = if let Some(file) = &args.trace {
        let events = world::read(&std::fs::read_to_string(file)?)?;
        all(1, |_, _| events.clone())
    } else {
        let seeds = seeds::of_sources(&SOURCES, args.seeds);
        all(seeds.len(), |number, panel| world::events(seeds[number], panel.items))
    };
    let (table, bars) = (table(&results), bars(&results));
    println!("{table}\n{bars}");
    if args.trace.is_some() {
        // The number of looks of a trace decides how much can be saved.
        return Ok(());
    }
    if args.write {
        page::write("probes", &format!("{} seeds.\n\n{table}\n```text\n{bars}```", args.seeds), &plot(&results))?;
    }
    bars.check()
}

/// Replays all panels, `count` times each, on all cores.
fn all(count: usize, events: impl Fn(usize, &Panel) -> Vec<Event> + Sync) -> Vec<Results> {
    let of_panel = |panel: &'static Panel| Results {
        panel,
        replays: (0..count).map(|number| replay(panel, &events(number, panel))).collect(),
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = PANELS.iter().map(|panel| scope.spawn(move || of_panel(panel))).collect();
        running.into_iter().map(|running| running.join().expect("a replay doesn't panic")).collect()
    })
}

fn table(results: &[Results]) -> Table {
    let mut table = Table::new(&[
        "panel",
        "bytes, of whole lists",
        "lists a day",
        "probes a day",
        "looks a day",
        "new items, mean delay in h",
        "of whole lists",
        "edits and removals, latest in h",
    ]);
    for it in results {
        table.row(vec![
            it.panel.name.to_owned(),
            format!("{:.3}", it.of(Replay::bytes_ratio)),
            format!("{:.2}", it.of(|replay| replay.lists as f64 / DAYS as f64).mean),
            format!("{:.2}", it.of(|replay| replay.probes as f64 / DAYS as f64).mean),
            format!("{:.0}", it.of(|replay| replay.looks as f64 / DAYS as f64).mean),
            format!("{:.2}", it.of(|replay| replay.new_items.mean_hours())),
            format!("{:.2}", it.of(|replay| replay.whole_new_items.mean_hours()).mean),
            format!("{:.1}", it.worst(|replay| replay.others.latest_hours())),
        ]);
    }
    table
}

fn bars(results: &[Results]) -> Bars {
    let mut bars = Bars::default();
    for it in results {
        let name = it.panel.name;
        if it.panel.helps {
            bars.at_most(&format!("{name}: bytes beside whole lists"), it.of(Replay::bytes_ratio), BYTES);
        } else {
            let extra = it.worst(Replay::extra_lists);
            bars.at_most(&format!("{name}: lists more than without probes, in {DAYS} days"), extra, 1.0);
        }
        let ratio = it.of(|replay| replay.new_items.mean_hours() / replay.whole_new_items.mean_hours());
        bars.at_most(&format!("{name}: delay of new items beside whole lists"), ratio, DELAY);
        let latest = it.worst(|replay| replay.others.latest_hours().max(replay.new_items.latest_hours()));
        bars.at_most(&format!("{name}: latest of all changes, in hours"), latest, LATEST);
        bars.holds(&format!("{name}: no false removal"), it.replays.iter().all(|replay| replay.wrong == 0));
    }
    bars
}

fn plot(results: &[Results]) -> String {
    let mut chart = Chart::new(
        "Each point is a replay of 200 days",
        Axis::even("bytes, of whole lists"),
        Axis::even("mean delay of new items, h"),
    );
    for it in results {
        let point = |replay: &Replay| (replay.bytes_ratio(), replay.new_items.mean_hours());
        chart.points(it.panel.name, it.replays.iter().map(point).collect());
    }
    Chart::svg(&[chart])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of the bars over one seed and few days, so that a broken policy is noticed.
    #[test]
    fn a_short_replay_saves_bytes_and_loses_nothing() {
        for panel in &PANELS {
            let small = Panel { items: panel.items.min(1000), ..*panel };
            let mut events = world::events(3, small.items);
            events.retain(|event| event.at < 20 * 86_400);
            let replay = run::replay_days(&small, &events, 20);
            assert_eq!(replay.wrong, 0, "{}", panel.name);
            assert!(replay.others.latest_hours() <= LATEST, "{}: {:?}", panel.name, replay.others);
            let most = if panel.honours_offset { 0.3 } else { 1.1 };
            assert!(replay.bytes_ratio() <= most, "{}: {}", panel.name, replay.bytes_ratio());
        }
    }
}
