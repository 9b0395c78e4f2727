//! The report: the lines with their bounds, printed, as JSON, and as a chart.

mod chart;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::counts::{BOOKKEEPING, SHIFT_ROWS, Tally};
use crate::figures::{Bound, Line, Rounds, Spread, trimmed};
use crate::link::BYTES_PER_SECOND;
use crate::machine::Machine;
use crate::names::{COMMANDS, EACH, FLOOR, slope_names};
use crate::searching::Searching;
use crate::stages::STAGES;
use crate::{Outcome, overlay};

/// All measurements and counts.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) rounds: usize,
    /// The number of items of the catalogue, and of the other catalogues.
    pub(crate) items: usize,
    pub(crate) others: Vec<usize>,
    /// The bytes of its bodies, plain and as gzip.
    pub(crate) bytes: (u64, u64),
    pub(crate) measured: Rounds,
    pub(crate) written: Tally,
    pub(crate) searching: Searching,
    pub(crate) overlay: overlay::Figures,
    pub(crate) instructions: Option<Vec<(&'static str, u64)>>,
}

/// Prints the tables, and writes `NAME.json` and `NAME.svg`.
pub(crate) fn publish(report: &Report, folder: &Path, name: &str) -> Outcome {
    let lines = report.lines()?;
    report.print(&lines)?;
    let [json, svg] = ["json", "svg"].map(|end| folder.join(format!("{name}.{end}")));
    fs::write(&json, serde_json::to_vec_pretty(&report.json(&lines)?)?)?;
    fs::write(&svg, chart::draw(report, &lines)?)?;
    println!("\nWritten to {} and {}.", json.display(), svg.display());
    Ok(())
}

const AT_MOST_MIB: f64 = 56.0;
const AT_MOST_MIB_OF_A_MILLION: f64 = 96.0;

impl Report {
    /// Returns the lines of the table, in its order.
    fn lines(&self) -> Outcome<Vec<Line>> {
        let mut table = Table { report: self, lines: Vec::new() };
        table.ratio("first sync", "CPU ÷ floor", "first", FLOOR, Bound::AtMost(1.5));
        table.ratio("unchanged sync", "CPU ÷ floor", "unchanged", "unchanged, floor", Bound::AtMost(1.6));
        table.written();
        table.ratio(
            "… with a volatile field",
            "CPU ÷ unchanged",
            "unchanged, restless",
            "unchanged",
            Bound::AtMost(1.5),
        );
        table.ratio("1 % changed", "CPU ÷ unchanged", "changed", "unchanged", Bound::AtMost(1.4));
        table.ratio("… and channels renumbered", "CPU ÷ unchanged", "renumbered", "unchanged", Bound::None);
        table.ratio("order shift", "CPU ÷ unchanged", "shifted", "unchanged", Bound::AtMost(1.5));
        for name in ["first", "unchanged", "changed", "renumbered", "shifted", "first, slow"] {
            let peak = Spread::of(&self.measured.peak(name));
            table.push(name, "peak RSS", peak, "MiB", Bound::AtMost(AT_MOST_MIB));
        }
        table.slope()?;
        let (reader, idle) = (self.measured.values("reader"), self.measured.values("reader, idle"));
        let ratio = Spread::of_ratio(&reader, &idle);
        table.push("reader during a first sync", "p99 ÷ idle writer", ratio, "", Bound::AtMost(3.0));
        table.search();
        table.overlay();
        table.commands();
        table.link();
        let bytes = Spread::of(&self.measured.values("validators, bytes")).map(|bytes| bytes.times(1e-6));
        table.push("validators", "listings transferred", bytes, "MB", Bound::AtMost(0.0));
        let cpu = Spread::of(&self.measured.cpu("validators")).map(|cpu| cpu.times(1000.0));
        table.push("validators", "CPU", cpu, "ms", Bound::AtMost(20.0));
        table.ratio("naive, first", "its CPU ÷ ours", "first, naive", "first", Bound::AtLeast(4.0));
        table.once("naive, first, a transaction a row", "its CPU ÷ ours", EACH, "first");
        table.ratio("naive, unchanged", "its CPU ÷ ours", "unchanged, naive", "unchanged", Bound::AtLeast(25.0));
        Ok(table.lines)
    }

    fn print(&self, lines: &[Line]) -> Outcome {
        #[expect(clippy::cast_precision_loss, reason = "sizes of files")]
        let mb = |bytes: u64| trimmed(bytes as f64 / 1e6);
        println!(
            "\n{} items, {} MB of JSON, {} MB as gzip; {} rounds.\n{}, {}\n",
            self.items,
            mb(self.bytes.0),
            mb(self.bytes.1),
            self.rounds,
            self.machine.date,
            self.machine.words
        );
        println!("| scenario | figure | median | spread | bound | |\n| --- | --- | --- | --- | --- | --- |");
        for Line { scenario, figure, spread: Spread { median, least, most }, unit, bound } in lines {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            let spread =
                if least >= most { String::new() } else { format!("{}–{}", trimmed(*least), trimmed(*most)) };
            let verdict = match bound {
                Bound::None => "",
                _ if bound.holds(*median) => "reached",
                _ => "**not reached**",
            };
            let (median, bound) = (trimmed(*median), bound.words());
            println!("| {scenario} | {figure} | {median}{unit} | {spread} | {bound} | {verdict} |");
        }
        println!(
            "\n| process | CPU s | spread | of it in the kernel | wall s | peak MiB |\n| --- | --- | --- | --- | --- | --- |"
        );
        for name in self.measured.names() {
            let of = |values: Vec<f64>| Spread::of(&values).map_or("–".to_owned(), |spread| trimmed(spread.median));
            let cpu = Spread::of(&self.measured.cpu(name)).ok_or("a process that was measured took something")?;
            println!(
                "| {name} | {:.3} | {:.3}–{:.3} | {} | {} | {} |",
                cpu.median,
                cpu.least,
                cpu.most,
                of(self.measured.system(name)),
                of(self.measured.wall(name)),
                of(self.measured.peak(name)),
            );
        }
        self.print_searching();
        self.print_counts();
        Ok(())
    }

    fn print_searching(&self) {
        println!("\n| page of 100 movies | p50 ms | p95 ms | most ms |\n| --- | --- | --- | --- |");
        for (name, times) in &self.searching.pages {
            println!("| {name} | {:.2} | {:.2} | {:.2} |", times.p50, times.p95, times.most);
        }
        let slowest = self.searching.slowest.iter().map(|(query, took)| format!("`{query}` {took:.1} ms"));
        println!("\nThe slowest searches: {}.", slowest.collect::<Vec<_>>().join(", "));
    }

    fn print_counts(&self) {
        println!(
            "\n| what was written | rows of content | bytes | rows by table | pages |\n| --- | --- | --- | --- | --- |"
        );
        let written = [("unchanged", &self.written.unchanged), ("order shift", &self.written.shifted)];
        for (name, written) in written.into_iter().chain([("1 % changed", &self.written.changed)]) {
            let list = |counts: &std::collections::BTreeMap<String, u64>| {
                let words =
                    counts.iter().map(|(name, count)| format!("{} {count}", name.trim_start_matches("xtream_")));
                words.collect::<Vec<_>>().join(", ")
            };
            let (rows, pages) = (list(&written.rows), list(&written.pages));
            println!("| {name} | {} | {} | {rows} | {pages} |", written.content_rows(), written.bytes);
        }
        let Some(instructions) = &self.instructions else {
            println!("\nInstructions are not counted: there is no valgrind here.");
            return;
        };
        println!("\n| stage | instructions an element | does |\n| --- | --- | --- |");
        for ((name, count), (_, does)) in instructions.iter().zip(STAGES) {
            println!("| {name} | {count} | {does} |");
        }
    }

    fn json(&self, lines: &[Line]) -> Outcome<Value> {
        let mut processes = serde_json::Map::new();
        for name in self.measured.names() {
            let of = |values: Vec<f64>| json!(values);
            processes.insert(
                name.to_owned(),
                json!({
                    "cpu": of(self.measured.cpu(name)), "system": of(self.measured.system(name)),
                    "wall": of(self.measured.wall(name)), "peak_mib": of(self.measured.peak(name)),
                }),
            );
        }
        let reached = |line: &Line| line.bound.holds(line.spread.median);
        let lines: Vec<Value> = lines
            .iter()
            .map(|line| {
                let mut value = serde_json::to_value(line)?;
                value["reached"] = reached(line).into();
                Ok(value)
            })
            .collect::<Outcome<_>>()?;
        Ok(json!({
            "machine": self.machine, "rounds": self.rounds, "items": self.items, "other_items": self.others,
            "json_bytes": self.bytes.0, "gzip_bytes": self.bytes.1, "lines": lines, "processes": processes,
            "reader_p99_us": {"writing": self.measured.values("reader"), "idle": self.measured.values("reader, idle")},
            "reader_p50_us":
                {"writing": self.measured.values("reader, p50"), "idle": self.measured.values("reader, idle, p50")},
            "written": self.written, "searching": self.searching,
            "overlay": self.overlay, "instructions": self.instructions,
        }))
    }

    /// Returns the CPU microseconds per item by the number of items, of a first sync and of a sync without changes.
    fn slope(&self) -> Outcome<Vec<(usize, [f64; 2])>> {
        let mut points = vec![(self.items, ["first", "unchanged"])];
        for items in &self.others {
            let [first, unchanged, _] = slope_names(*items)?;
            points.push((*items, [first, unchanged]));
        }
        points.sort_unstable_by_key(|(items, _)| *items);
        let point = |(items, names): (usize, [&str; 2])| {
            let [first, unchanged] = names.map(|name| per_item(&self.measured.cpu(name), items));
            Some((items, [Spread::of(&first)?.median, Spread::of(&unchanged)?.median]))
        };
        Ok(points.into_iter().filter_map(point).collect())
    }
}

/// Returns microseconds per item.
fn per_item(seconds: &[f64], items: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a million items at most")]
    seconds.iter().map(|seconds| seconds * 1e6 / items as f64).collect()
}

struct Table<'a> {
    report: &'a Report,
    lines: Vec<Line>,
}

impl Table<'_> {
    /// Adds a line, if there are figures for it.
    fn push(&mut self, scenario: &str, figure: &str, spread: Option<Spread>, unit: &'static str, bound: Bound) {
        if let Some(spread) = spread {
            self.lines.push(Line { scenario: scenario.to_owned(), figure: figure.to_owned(), spread, unit, bound });
        }
    }

    fn ratio(&mut self, scenario: &str, figure: &str, one: &str, other: &str, bound: Bound) {
        let ratio = Spread::of_ratio(&self.report.measured.cpu(one), &self.report.measured.cpu(other));
        self.push(scenario, figure, ratio, "", bound);
    }

    /// Adds a line with the ratio of a measurement of one round to the median of all rounds.
    fn once(&mut self, scenario: &str, figure: &str, rare: &str, usual: &str) {
        let measured = &self.report.measured;
        let (once, others) = (Spread::of(&measured.cpu(rare)), Spread::of(&measured.cpu(usual)));
        let ratio = once.zip(others).map(|(once, others)| Spread::exactly(once.median / others.median));
        self.push(scenario, figure, ratio, "", Bound::None);
    }

    fn written(&mut self) {
        let Tally { unchanged, shifted, .. } = &self.report.written;
        #[expect(clippy::cast_precision_loss, reason = "small where it matters")]
        let exactly = |count: u64| Some(Spread::exactly(count as f64));
        self.push("unchanged sync", "rows of content", exactly(unchanged.content_rows()), "rows", Bound::AtMost(0.0));
        self.push("unchanged sync", "written", exactly(unchanged.bytes), "bytes", Bound::AtMost(BOOKKEEPING));
        self.push("order shift", "rows of content", exactly(shifted.content_rows()), "rows", Bound::AtMost(SHIFT_ROWS));
    }

    /// Adds the lines of catalogues of other sizes: the time per item, compared with that of the standard one.
    fn slope(&mut self) -> Outcome {
        let Report { items, others, measured, .. } = self.report;
        for other in others {
            for (name, standard) in slope_names(*other)?.into_iter().zip(["first", "unchanged", FLOOR]) {
                let bounded = other > items && standard != FLOOR;
                let (own, standard) =
                    (per_item(&measured.cpu(name), *other), per_item(&measured.cpu(standard), *items));
                let bound = if bounded { Bound::AtMost(1.15) } else { Bound::None };
                let figure = format!("CPU an item ÷ that of {items}");
                self.push(name, &figure, Spread::of_ratio(&own, &standard), "", bound);
                if bounded {
                    let bound = Bound::AtMost(AT_MOST_MIB_OF_A_MILLION);
                    self.push(name, "peak RSS", Spread::of(&measured.peak(name)), "MiB", bound);
                }
            }
        }
        Ok(())
    }

    /// Adds the lines of the search text: its cost compared with a cache without it, and the times of searches.
    fn search(&mut self) {
        for (scenario, with, without, bound) in [
            ("search text, first", "first", "first, no search text", Bound::AtMost(1.3)),
            ("search text, unchanged", "unchanged", "unchanged, no search text", Bound::AtMost(1.01)),
            ("search text, 1 % changed", "changed", "changed, no search text", Bound::AtMost(1.25)),
        ] {
            self.ratio(scenario, "CPU ÷ without", with, without, bound);
        }
        let Report { written, searching, .. } = self.report;
        #[expect(clippy::cast_precision_loss, reason = "sizes of files")]
        let ratio = |one: u64, other: u64| Some(Spread::exactly(one as f64 / other as f64));
        let [with, without] = written.file;
        self.push("search text, first", "file ÷ without", ratio(with, without), "", Bound::AtMost(1.3));
        let bytes = ratio(written.changed.bytes, written.changed_without_text.bytes);
        self.push("search text, 1 % changed", "bytes ÷ without", bytes, "", Bound::AtMost(1.25));
        let Searching { first, queries, plain_pages, filtered_pages, all_rows, .. } = searching;
        for (scenario, figure, value, unit, bound) in [
            ("500 searches", "p50", queries.p50, "ms", Bound::None),
            ("500 searches", "p95", queries.p95, "ms", Bound::AtMost(10.0)),
            ("500 searches", "most", queries.most, "ms", Bound::None),
            ("first search of a program", "wall", *first, "ms", Bound::None),
            ("pages of an order, and of a category", "worst p95", *plain_pages, "ms", Bound::AtMost(10.0)),
            ("pages with another filter", "worst p95", *filtered_pages, "ms", Bound::AtMost(60.0)),
            ("all rows", "wall", *all_rows, "s", Bound::None),
        ] {
            self.push(scenario, figure, Some(Spread::exactly(value)), unit, bound);
        }
    }

    /// Adds the lines of edits and filters.
    fn overlay(&mut self) {
        let overlay::Figures { slowest_filter, view_by_table, .. } = &self.report.overlay;
        for (scenario, figure, value, unit, bound) in [
            ("a new filter", "wall", *slowest_filter, "s", Bound::AtMost(0.5)),
            ("a page of a view", "p50 ÷ table", view_by_table.p50, "", Bound::None),
            ("a page of a view", "p95 ÷ table", view_by_table.p95, "", Bound::AtMost(1.2)),
        ] {
            self.push(scenario, figure, Some(Spread::exactly(value)), unit, bound);
        }
    }

    /// Adds the lines of the commands that people wait for.
    fn commands(&mut self) {
        for (name, _) in COMMANDS {
            let cpu: Vec<f64> = self.report.measured.cpu(name).iter().map(|seconds| seconds * 1e3).collect();
            self.push(name, "CPU", Spread::of(&cpu), "ms", Bound::AtMost(15.0));
        }
    }

    fn link(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "sizes of files")]
        let needed = self.report.bytes.1 as f64 / f64::from(BYTES_PER_SECOND);
        for (scenario, name) in [("20 Mbit/s, first", "first, slow"), ("20 Mbit/s, unchanged", "unchanged, slow")] {
            let wall: Vec<f64> = self.report.measured.wall(name).iter().map(|wall| wall / needed).collect();
            self.push(scenario, "wall ÷ time of the gzip bytes", Spread::of(&wall), "", Bound::AtMost(1.1));
        }
    }
}
