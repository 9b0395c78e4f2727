//! The chart: the part of its bound that each line takes, and the time per item in catalogues of other sizes.

use std::fmt::Write as _;

use super::Report;
use crate::Outcome;
use crate::figures::{Line, trimmed};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 370.0;
/// The width of a bar that takes exactly its bound. The end is at twice this width.
const UNIT: f64 = 210.0;
const ROW: f64 = 22.0;
const TOP: f64 = 60.0;

/// Draws the chart as SVG.
pub(super) fn draw(report: &Report, lines: &[Line]) -> Outcome<String> {
    let bars: Vec<_> = lines.iter().filter_map(|line| Some((line, line.bound.share(line.spread.median)?))).collect();
    let mut out = String::new();
    let mut y = TOP;
    for (line, share) in bars {
        bar(&mut out, y, line, share)?;
        y += ROW;
    }
    writeln!(
        out,
        "<line x1='{x}' x2='{x}' y1='{}' y2='{y}' stroke='#333' stroke-dasharray='4 3'/>\
         <text x='{x}' y='{}' text-anchor='middle'>bound</text>",
        TOP - 8.0,
        TOP - 12.0,
        x = LEFT + UNIT
    )?;
    y += ROW;
    slope(&mut out, report, &mut y)?;
    Ok(format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' \
         font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n\
         <text x='12' y='24' font-size='15'>{} items, {}, {}</text>\n{out}</svg>\n",
        report.items,
        report.machine.date,
        escaped(&report.machine.words),
        height = y + ROW
    ))
}

fn bar(out: &mut String, y: f64, line: &Line, share: f64) -> Outcome {
    let colour = if line.bound.holds(line.spread.median) { "#4a8" } else { "#d64" };
    let (width, text) = ((share * UNIT).clamp(1.0, 2.0 * UNIT), y + ROW * 0.65);
    writeln!(
        out,
        "<text x='{}' y='{text}' text-anchor='end'>{}: {}</text>\
         <rect x='{LEFT}' y='{}' width='{width}' height='{}' fill='{colour}'/>\
         <text x='{}' y='{text}'>{} {} ({})</text>",
        LEFT - 8.0,
        escaped(&line.scenario),
        escaped(&line.figure),
        y + 3.0,
        ROW - 6.0,
        LEFT + width.max(UNIT) + 8.0,
        trimmed(line.spread.median),
        line.unit,
        line.bound.words(),
    )?;
    Ok(())
}

fn slope(out: &mut String, report: &Report, y: &mut f64) -> Outcome {
    let points = report.slope()?;
    let most = points.iter().map(|(_, [first, _])| *first).fold(0.0, f64::max);
    writeln!(
        out,
        "<text x='12' y='{}' font-size='15'>CPU an item, µs: first sync, and one that finds nothing</text>",
        *y
    )?;
    *y += 10.0;
    for (items, [first, unchanged]) in points {
        for (value, colour, label) in [(first, "#48a", format!("{items} items")), (unchanged, "#8bd", String::new())] {
            let (width, text) = (value / most * 2.0 * UNIT, *y + ROW * 0.65);
            writeln!(
                out,
                "<text x='{}' y='{text}' text-anchor='end'>{label}</text>\
                 <rect x='{LEFT}' y='{}' width='{width}' height='{}' fill='{colour}'/>\
                 <text x='{}' y='{text}'>{}</text>",
                LEFT - 8.0,
                *y + 3.0,
                ROW - 6.0,
                LEFT + width + 8.0,
                trimmed(value),
            )?;
            *y += ROW;
        }
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
