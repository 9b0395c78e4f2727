//! The plot of the 200 days in `docs/`: each run is a dot at its day and its time of day.
//!
//! After a change of the rules, renew it by `RENEW_SNAPSHOTS=1 cargo test -p sync-service --test watch`, and look at
//! it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::days::{DAY, DAYS, HOUR};
use crate::panel::AllFaults;
use crate::world::{Run, START};

/// The size of a day, and of a quarter of an hour, in pixels.
const DAY_WIDE: i64 = 4;
const QUARTER_HIGH: i64 = 2;

const LEFT: i64 = 46;
const TOP: i64 = 30;
const PANEL_HIGH: i64 = 96 * QUARTER_HIGH;
const GAP: i64 = 34;

/// Fails unless the plot in `docs/` is that of these runs.
pub(crate) fn check(runs: &[Run], faults: &AllFaults) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/watch-200-days.svg");
    let drawn = draw(runs, faults);
    if std::env::var_os("RENEW_SNAPSHOTS").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(known == drawn, "docs/watch-200-days.svg is out of date; see the head of {}", file!());
}

fn draw(runs: &[Run], faults: &AllFaults) -> String {
    let (width, height) = (LEFT + DAYS * DAY_WIDE + 10, TOP + 3 * (PANEL_HIGH + GAP));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"14\">200 simulated days: each dot is a run, by day and time of day (UTC). Blue: lists were \
         taken. Red: the run failed. Grey: the panel was out of order.</text>\n"
    );
    for (number, (id, faults)) in (0i64..).zip(faults) {
        let top = TOP + number * (PANEL_HIGH + GAP);
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{id}</text>", top + 10);
        let top = top + 14;
        for (time, fault) in faults.iter().filter(|(time, _)| time.start < DAYS * DAY) {
            let (x, wide) = (LEFT + time.start * DAY_WIDE / DAY, ((time.end - time.start) * DAY_WIDE / DAY).max(1));
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{PANEL_HIGH}\" fill=\"#ddd\"><title>{fault:?}</title></rect>"
            );
        }
        for hour in [0, 6, 12, 18, 24] {
            let y = top + hour * 4 * QUARTER_HIGH;
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {y}h{}\" stroke=\"#ccc\" stroke-width=\".5\"/><text x=\"8\" y=\"{}\">{hour:02}:00</text>",
                DAYS * DAY_WIDE,
                y + 4
            );
        }
        for (failed, colour) in [(false, "#1667b5"), (true, "#c22")] {
            let dots: String = runs
                .iter()
                .filter(|run| run.profile == *id && run.failed == failed && (failed || !run.taken.is_empty()))
                .map(|run| dot(top, run.began))
                .collect();
            let _ = writeln!(svg, "<path stroke=\"{colour}\" stroke-width=\"2\" d=\"{dots}\"/>");
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn dot(top: i64, began: i64) -> String {
    let time = (START + began).rem_euclid(DAY);
    format!("M{} {}h2", LEFT + began * DAY_WIDE / DAY, top + time * 4 * QUARTER_HIGH / HOUR)
}
