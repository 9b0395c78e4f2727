//! The report of a run, and the table that shows it.

use serde_json::Value;

use super::Run;
use crate::Outcome;

pub(super) const KINDS: [&str; 3] = ["channels", "movies", "series"];

/// The counts of one kind, or of all together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    mode: String,
    added: u64,
    updated: u64,
    refreshed: u64,
    removed: u64,
    unchanged: u64,
    pub(super) held: u64,
    bytes: u64,
}

impl Counts {
    fn parse(value: &Value) -> Self {
        let number = |key: &str| value[key].as_u64().unwrap_or_default();
        Self {
            mode: value["mode"].as_str().unwrap_or_default().to_owned(),
            added: number("added"),
            updated: number("updated"),
            refreshed: number("refreshed"),
            removed: number("removed"),
            unchanged: number("unchanged"),
            held: number("held"),
            bytes: number("bytes"),
        }
    }

    /// Returns the numbers of added, updated, refreshed and removed items.
    pub(super) fn changed(&self) -> [u64; 4] {
        [self.added, self.updated, self.refreshed, self.removed]
    }
}

/// The counts of the three kinds, in the order of [`KINDS`].
#[derive(Debug)]
pub(super) struct Report([Counts; 3]);

impl Report {
    /// Reads the line of a profile from the output of `sync --json`. The run has to be completed.
    pub(super) fn parse(text: &str, profile: &str) -> Outcome<Self> {
        Self::parse_ended(text, profile, "completed")
    }

    /// Reads the line of a profile from the output of `sync --json`. The run has to have this status.
    pub(super) fn parse_ended(text: &str, profile: &str, status: &str) -> Outcome<Self> {
        let line = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|line| line["profile"] == profile)
            .ok_or_else(|| format!("no line for the profile {profile} in:\n{text}"))?;
        if line["status"] != status {
            return Err(format!("the run is not {status}: {line}").into());
        }
        Ok(Self::kinds(&line["kinds"]))
    }

    /// Reads the changes that the panel reports.
    pub(super) fn truth(text: &str) -> Outcome<Self> {
        let value: Value = serde_json::from_str(text)?;
        match KINDS.iter().find(|kind| !value[**kind].is_object()) {
            Some(kind) => Err(format!("the panel says nothing of its {kind}: {text}").into()),
            None => Ok(Self::kinds(&value)),
        }
    }

    fn kinds(value: &Value) -> Self {
        Self(KINDS.map(|kind| Counts::parse(&value[kind])))
    }

    pub(super) fn kind(&self, kind: &str) -> Counts {
        KINDS.iter().zip(&self.0).find(|(name, _)| **name == kind).map(|(_, counts)| counts.clone()).unwrap_or_default()
    }

    /// Returns the counts of all kinds together. Each mode is named once.
    pub(super) fn total(&self) -> Counts {
        let mut modes: Vec<&str> = self.0.iter().map(|counts| counts.mode.as_str()).collect();
        modes.dedup();
        let sum = |of: fn(&Counts) -> u64| self.0.iter().map(of).sum();
        Counts {
            mode: modes.join("/"),
            added: sum(|counts| counts.added),
            updated: sum(|counts| counts.updated),
            refreshed: sum(|counts| counts.refreshed),
            removed: sum(|counts| counts.removed),
            unchanged: sum(|counts| counts.unchanged),
            held: sum(|counts| counts.held),
            bytes: sum(|counts| counts.bytes),
        }
    }
}

/// Prints one line per run.
pub(super) fn table(runs: &[&Run]) {
    println!(
        "\n{:<7} {:<12} {:>8} {:>8} {:>9} {:>8} {:>9} {:>7} {:>7} {:>6} {:>9}",
        "run", "mode", "added", "updated", "refreshed", "removed", "unchanged", "MB", "wall s", "CPU s", "peak MiB"
    );
    for run in runs {
        let total = run.report.total();
        let cpu = run.measured.cpu.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2}"));
        let peak = run.measured.peak_kib.map_or_else(|| "–".to_owned(), |kib| tenths(kib * 10 / 1024));
        println!(
            "{:<7} {:<12} {:>8} {:>8} {:>9} {:>8} {:>9} {:>7} {:>7.2} {cpu:>6} {peak:>9}",
            run.name,
            total.mode,
            total.added,
            total.updated,
            total.refreshed,
            total.removed,
            total.unchanged,
            tenths(total.bytes / 100_000),
            run.measured.wall.as_secs_f64(),
        );
    }
    if let [first, second, ..] = runs
        && let (Some(all), Some(none)) = (first.measured.cpu, second.measured.cpu)
    {
        println!("The {} run took {:.0} % of the CPU time of the {}.", second.name, 100.0 * none / all, first.name);
    }
}

/// Returns a number of tenths with its decimal point.
fn tenths(number: u64) -> String {
    format!("{}.{}", number / 10, number % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"profile":"demo","status":"completed","kinds":{
        "channels":{"mode":"full","added":3,"bytes":10},"movies":{"mode":"full","removed":2},
        "series":{"mode":"incremental","unchanged":1}},"errors":[]}"#;

    #[test]
    fn a_line_is_read_and_summed() {
        let text = format!("noise\n{}\n", LINE.replace('\n', ""));
        let total = Report::parse(&text, "demo").unwrap().total();
        assert_eq!(total.changed(), [3, 0, 0, 2]);
        assert_eq!((total.mode.as_str(), total.bytes, total.unchanged), ("full/incremental", 10, 1));
        assert!(Report::parse(&text, "other").is_err());
        assert!(Report::parse(&text.replace("completed", "partial"), "demo").is_err());
    }

    #[test]
    fn the_panel_must_list_every_kind() {
        assert!(Report::truth(r#"{"channels":{},"movies":{}}"#).is_err());
        let told = Report::truth(r#"{"channels":{"added":1},"movies":{},"series":{}}"#).unwrap();
        assert_eq!(told.kind("channels").changed(), [1, 0, 0, 0]);
    }

    #[test]
    fn tenths_have_a_point() {
        assert_eq!(tenths(961), "96.1");
    }
}
