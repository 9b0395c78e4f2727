//! Charts as SVG: lines and points over two axes, each even or logarithmic.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 190.0;
const BOTTOM: f64 = 44.0;
const COLOURS: [&str; 8] = ["#1667b5", "#c22", "#2a8a3c", "#b36b00", "#7a3fb0", "#0a8a8a", "#555", "#d0508c"];

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    title: String,
    x: Axis,
    y: Axis,
    series: Vec<Series>,
}

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    label: String,
    logarithmic: bool,
}

/// Points that belong together.
#[derive(Debug, Clone)]
struct Series {
    name: String,
    joined: bool,
    points: Vec<(f64, f64)>,
}

impl Axis {
    /// Returns an even axis with this label, which begins at zero.
    pub fn even(label: &str) -> Self {
        Self { label: label.to_owned(), logarithmic: false }
    }

    /// Returns a logarithmic axis with this label. Values have to be positive.
    pub fn logarithmic(label: &str) -> Self {
        Self { label: label.to_owned(), logarithmic: true }
    }

    /// Returns the ends of the axis for these values.
    fn ends(&self, values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let high = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        if !self.logarithmic {
            return (0.0, high * 1.05);
        }
        let low = values.filter(|value| *value > 0.0).fold(high, f64::min);
        (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil()))
    }

    /// Returns the place of a value between the ends, from 0 to 1.
    fn part(&self, value: f64, (low, high): (f64, f64)) -> f64 {
        if self.logarithmic {
            let value = value.max(low);
            (value / low).ln() / (high / low).ln().max(f64::MIN_POSITIVE)
        } else {
            (value - low) / (high - low)
        }
    }

    fn ticks(&self, (low, high): (f64, f64)) -> Vec<f64> {
        if self.logarithmic {
            let mut ticks = Vec::new();
            let mut tick = low;
            while tick <= high * 1.001 {
                ticks.push(tick);
                tick *= 10.0;
            }
            return ticks;
        }
        let rough = (high - low) / 5.0;
        let unit = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|by| by * unit).find(|step| *step >= rough).unwrap_or(unit);
        (0..=6).map(|number| low + f64::from(number) * step).take_while(|tick| *tick <= high).collect()
    }
}

impl Chart {
    /// Returns a chart without values.
    pub fn new(title: &str, x: Axis, y: Axis) -> Self {
        Self { title: title.to_owned(), x, y, series: Vec::new() }
    }

    /// Adds points that are joined by a line.
    pub fn line(&mut self, name: &str, points: Vec<(f64, f64)>) {
        self.series.push(Series { name: name.to_owned(), joined: true, points });
    }

    /// Adds single points.
    pub fn points(&mut self, name: &str, points: Vec<(f64, f64)>) {
        self.series.push(Series { name: name.to_owned(), joined: false, points });
    }

    /// Returns the charts as one picture, one below the other.
    pub fn svg(charts: &[Self]) -> String {
        let high = HEIGHT * charts.len() as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {high}\" font-family=\"sans-serif\" \
             font-size=\"11\">\n<rect width=\"{WIDTH}\" height=\"{high}\" fill=\"#fff\"/>\n"
        );
        for (number, chart) in charts.iter().enumerate() {
            let _ = writeln!(svg, "<g transform=\"translate(0 {})\">", HEIGHT * number as f64);
            chart.draw(&mut svg);
            svg.push_str("</g>\n");
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn draw(&self, svg: &mut String) {
        let all = self.series.iter().flat_map(|series| &series.points);
        let (x_ends, y_ends) = (self.x.ends(all.clone().map(|point| point.0)), self.y.ends(all.map(|point| point.1)));
        let (wide, high) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
        let x = |value| LEFT + wide * self.x.part(value, x_ends);
        let y = |value| TOP + high * (1.0 - self.y.part(value, y_ends));
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"18\" font-weight=\"bold\">{}</text>", escaped(&self.title));
        for tick in self.x.ticks(x_ends) {
            let at = x(tick);
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.1} {TOP}v{high}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{}\" \
                 text-anchor=\"middle\">{}</text>",
                TOP + high + 14.0,
                number(tick)
            );
        }
        for tick in self.y.ticks(y_ends) {
            let at = y(tick);
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1}h{wide}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 4.0,
                number(tick)
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text><text transform=\"translate(14 {}) rotate(-90)\" \
             text-anchor=\"middle\">{}</text>",
            LEFT + wide / 2.0,
            HEIGHT - 10.0,
            escaped(&self.x.label),
            TOP + high / 2.0,
            escaped(&self.y.label)
        );
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let places: Vec<_> = series.points.iter().map(|point| (x(point.0), y(point.1))).collect();
            if series.joined {
                let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
                let _ = writeln!(
                    svg,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>",
                    path.join(" ")
                );
            }
            for (x, y) in places {
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\" fill=\"{colour}\"/>");
            }
        }
        for ((row, series), colour) in self.series.iter().enumerate().zip(COLOURS.iter().cycle()) {
            let (x, y) = (WIDTH - RIGHT + 14.0, TOP + 8.0 + 16.0 * row as f64);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/><text x=\"{}\" y=\"{}\">{}</text>",
                x + 9.0,
                y + 4.0,
                escaped(&series.name)
            );
        }
    }
}

/// Returns a number for an axis, without needless zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_within_the_frame_and_names_are_escaped() {
        let mut chart = Chart::new("delay < requests", Axis::even("polls a day"), Axis::logarithmic("hours"));
        chart.line("every 12h", vec![(0.0, 1.0), (2.0, 6.0)]);
        chart.points("learnt", vec![(1.3, 1000.0)]);
        let svg = Chart::svg(&[chart.clone(), chart]);
        assert!(svg.contains("delay &lt; requests") && svg.ends_with("</svg>\n"), "{svg}");
        let of = |name: &str| -> Vec<f64> {
            svg.split(&format!("{name}=\""))
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
                .collect()
        };
        assert!(of("cx").iter().all(|x| (LEFT..=WIDTH).contains(x)), "{svg}");
        assert!(of("cy").iter().all(|y| (TOP..=HEIGHT).contains(y)), "{svg}");
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(Axis::even("").ticks((0.0, 10.5)), [0.0, 5.0, 10.0]);
        assert_eq!(Axis::logarithmic("").ticks((0.1, 100.0)).len(), 4);
        assert_eq!(
            (number(1.300), number(0.25), number(200.0)),
            ("1.3".to_owned(), "0.25".to_owned(), "200".to_owned())
        );
    }
}
