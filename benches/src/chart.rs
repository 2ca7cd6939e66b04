//! Draws the results as SVG: a group of bars for each case.

use std::fmt::Write as _;

use crate::report::number;
use crate::results::Results;
use crate::suite::{Case, Metric};

const WIDTH: f64 = 860.0;
const LABELS: f64 = 190.0;
const ROW: f64 = 18.0;
const HEAD: f64 = 34.0;
const PLOT: f64 = WIDTH - LABELS - 90.0;

/// CPU time by case and server. Each case has its own scale. A bar of more than four times
/// Specter's is cut off.
#[must_use]
pub fn svg(results: &Results) -> String {
    let cases: Vec<&Case> = results
        .cases()
        .filter(|case| case.metric == Metric::Cpu && !case.is_slope_only())
        .collect();
    let mut body = String::new();
    let mut y = 8.0;
    for case in cases {
        y = group(&mut body, results, case, y);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{y}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

fn group(body: &mut String, results: &Results, case: &Case, mut y: f64) -> f64 {
    let costs: Vec<_> = results
        .servers(case)
        .filter_map(|server| Some((server, results.main(case, server.name)?)))
        .collect();
    // At full length the bar of python-socketio would make all others too short.
    let specter = results
        .main(case, "specter")
        .map_or(1.0, |spread| spread.median);
    let most = costs
        .iter()
        .map(|(_, spread)| spread.median)
        .fold(0.0, f64::max);
    let scale = PLOT / most.min(specter * 4.0).max(f64::MIN_POSITIVE);
    let _ = writeln!(
        body,
        "<text x=\"8\" y=\"{}\" font-weight=\"600\">{}: server CPU, µs</text>",
        y + 20.0,
        case.title
    );
    y += HEAD;
    for (server, spread) in costs {
        let width = (spread.median * scale).min(PLOT);
        let fill = match (server.name, server.socket_io) {
            ("specter", _) => "#5b3fd6",
            (_, true) => "#b9b4cc",
            (_, false) => "#dcdcdc",
        };
        let cut = if spread.median * scale > PLOT {
            " »"
        } else {
            ""
        };
        let base = y + 12.0;
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>",
            LABELS - 8.0,
            server.title
        );
        let _ = writeln!(
            body,
            "<rect x=\"{LABELS}\" y=\"{y}\" width=\"{width:.1}\" height=\"14\" fill=\"{fill}\"/>"
        );
        let _ = writeln!(
            body,
            "<text x=\"{:.1}\" y=\"{base}\">{}{cut}</text>",
            LABELS + width + 6.0,
            number(spread.median)
        );
        y += ROW;
    }
    y + 10.0
}
