//! Writes the results as Markdown tables.

use std::fmt::Write as _;
use std::process::Command;

use crate::results::{Results, Spread};
use crate::slopes::{SLOPES, Slope};
use crate::suite::{BROADCAST_TURNS, CONNECT_TURNS, Case, Metric, SERVERS, TURNS};

/// The whole page.
#[must_use]
pub fn page(results: &Results, rounds: usize, stretch: f64) -> String {
    let mut page = String::from("# Results\n\n");
    let _ = writeln!(
        page,
        "Written by `cargo xtask bench`; do not edit. docs/performance.md explains the cases and \
         how they are measured.\n"
    );
    let _ = writeln!(page, "{}", circumstances(rounds, stretch));
    page.push_str("![Server CPU time for each message](results.svg)\n\n## Targets\n\n");
    page.push_str(
        "| Case | Specter | compared with | ratio | at most | |\n|---|---|---|---|---|---|\n",
    );
    for case in results.cases() {
        for verdict in results.verdicts(case) {
            let specter = results
                .main(case, "specter")
                .map_or(0.0, |spread| spread.median);
            let (at_most, met) = match verdict.at_most {
                f64::INFINITY => ("–".to_owned(), "no target"),
                at_most if verdict.is_met() => (number(at_most), "met"),
                at_most => (number(at_most), "**missed**"),
            };
            let to = verdict.to;
            let _ = writeln!(
                page,
                "| {} | {} | {to} | {} | {at_most} | {met} |",
                case.title,
                number(specter),
                ratio(verdict.ratio)
            );
        }
    }
    slopes(&mut page, results);
    for case in results.cases().filter(|case| !case.is_slope_only()) {
        table(&mut page, results, case);
        closed_connections(&mut page, results, case);
        left_out(&mut page, case);
    }
    page
}

/// The section on how cost grows.
fn slopes(page: &mut String, results: &Results) {
    let tables: String = SLOPES
        .iter()
        .filter_map(|slope| slope_table(results, slope))
        .collect();
    if tables.is_empty() {
        return;
    }
    page.push_str(
        "\n## Slopes\n\nServer CPU time at several sizes, in microseconds, and the straight line \
         that fits it: the constant cost, and the cost of each further unit. There is no figure \
         for the constant cost if a unit costs more at larger sizes than at smaller ones, for \
         example because the sockets no longer fit the cache. The last column is the cost of a \
         unit at the largest size divided by that at the smallest; for echoes it is the cost of a \
         further KiB in the last step divided by that in the steps before. 1 means linear; less \
         than 1 means that units become cheaper.\n",
    );
    page.push_str(&tables);
}

/// `None` if no server was measured at all of the sizes.
fn slope_table(results: &Results, slope: &Slope) -> Option<String> {
    let rows: String = SERVERS
        .iter()
        .filter_map(|server| slope_row(results, slope, server.name, server.title))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let labels: Vec<&str> = slope.points.iter().map(|point| point.label).collect();
    let labels = labels.join(" | ");
    let rule = "---|".repeat(slope.points.len());
    Some(format!(
        "\n| {} | {labels} | fitted: once | each | largest to smallest \
         |\n|---|{rule}---|---|---|\n{}\n",
        slope.title,
        rows.trim_end()
    ))
}

fn slope_row(results: &Results, slope: &Slope, server: &str, title: &str) -> Option<String> {
    let measured = slope.measured(results, server)?;
    let costs: Vec<String> = measured.costs.iter().map(|cost| number(*cost)).collect();
    let costs = costs.join(" | ");
    let once = if measured.once > 0.0 {
        number(measured.once)
    } else {
        "–".into()
    };
    Some(format!(
        "| {title} | {costs} | {once} | {} | {} × |\n",
        number(measured.each),
        number(measured.largest_to_smallest)
    ))
}

/// Writes how many of the slow clients each server closed. A server that closes none has not done
/// the work that the case measures, so its latency means little.
fn closed_connections(page: &mut String, results: &Results, case: &Case) {
    if case.name != "slow-crowd" {
        return;
    }
    page.push_str("\nSlow clients that the server closed before the end of the window:\n\n");
    for server in results.servers(case) {
        let closed = results.spread(case, server.name, |figures| {
            figures.closed_connections as f64
        });
        let _ = writeln!(page, "- {}: {}", server.title, spread(closed));
    }
}

fn left_out(page: &mut String, case: &Case) {
    for server in case.left_out() {
        let _ = writeln!(
            page,
            "\n{} is left out, because connecting this many clients to it and answering them takes \
             minutes.",
            server.title
        );
    }
}

fn table(page: &mut String, results: &Results, case: &Case) {
    let _ = writeln!(page, "\n## {}\n", case.title);
    if case.metric == Metric::IdleMemory {
        page.push_str(
            "| Server | bytes a connection | after a burst of 50 echoes of 1 KiB each \
            |\n|---|---|---|\n",
        );
        for server in results.servers(case) {
            let idle = results.main(case, server.name);
            let after = results.spread(case, server.name, |figures| figures.after_burst_bytes);
            let _ = writeln!(
                page,
                "| {} | {} | {} |",
                server.title,
                spread(idle),
                spread(after)
            );
        }
        return;
    }
    page.push_str(
        "| Server | CPU, µs each | of Specter's | a second | p50, µs | p99, µs | p99.9, \
        µs | sleeps each |\n|---|---|---|---|---|---|---|---|\n",
    );
    let specter = results.spread(case, "specter", |figures| figures.cpu_us);
    for server in results.servers(case) {
        let of =
            |figure: fn(&crate::load::Figures) -> f64| results.spread(case, server.name, figure);
        let cpu = of(|figures| figures.cpu_us);
        let ratio = match (cpu, specter) {
            (Some(cpu), Some(specter)) => format!("{} ×", number(cpu.median / specter.median)),
            _ => "–".into(),
        };
        let median = |figure| number(of(figure).map_or(0.0, |spread| spread.median));
        let _ = writeln!(
            page,
            "| {} | {} | {ratio} | {} | {} | {} | {} | {} |",
            server.title,
            spread(cpu),
            median(|figures| figures.per_second),
            median(|figures| figures.p50_us),
            median(|figures| figures.p99_us),
            median(|figures| figures.p999_us),
            median(|figures| figures.sleeps),
        );
    }
}

fn spread(spread: Option<Spread>) -> String {
    spread.map_or("–".into(), |spread| {
        format!(
            "**{}** ({} – {})",
            number(spread.median),
            number(spread.min),
            number(spread.max)
        )
    })
}

/// A ratio with its confidence interval, or with its extremes if there are few windows.
fn ratio(
    Spread {
        median,
        min,
        max,
        sure,
    }: Spread,
) -> String {
    let (least, most) = sure.unwrap_or((min, max));
    let (least, most) = (number(least), number(most));
    if least == most {
        return number(median);
    }
    format!("{} ({least} – {most})", number(median))
}

/// Three significant digits, or more if the number has more before the point.
#[must_use]
pub fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => {
            let digits = format!("{value:.0}");
            let mut grouped = String::new();
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && (digits.len() - at).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            grouped
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn circumstances(rounds: usize, stretch: f64) -> String {
    let output_of = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .unwrap_or_default()
    };
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, name)| name)
        .to_owned();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = load.split(' ').nth(1).unwrap_or_default().to_owned();
    format!(
        "{date}; Specter at {commit}; {rustc}; Node.js {node}; socket.io 4.8.4, socketioxide \
         0.18.9, python-socketio 5.18.0 on uvicorn 0.54.0 with uvloop; Linux {kernel}, {cpu}, \
         server on core 0, load on core 1, load average at the end {busy} (2 or less means that \
         the machine did nothing else); {rounds} rounds. In each round, each native server is \
         measured in {TURNS} windows, in turns with the others (broadcasts: {BROADCAST_TURNS}; \
         connects: {CONNECT_TURNS}); memory, the latency of quiet connections and the other \
         servers are measured in one window. Windows are {stretch} times as long as usual. \
         Figures are medians of the windows, with minimum and maximum in brackets. Latencies are \
         those of all windows of a round together. A ratio is the median of the ratios of the turns, with its 95 % confidence \
         interval in brackets, or with minimum and maximum if there are few windows. In \
         broadcasts, in rooms, and where a title says that the load is awake, the load polls \
         instead of sleeping, so that the server need not wake it.\n",
        date = output_of("date", &["-u", "+%Y-%m-%d"]),
        commit = output_of("git", &["rev-parse", "--short", "HEAD"]),
        rustc = output_of("rustc", &["--version"]),
        node = output_of("node", &["--version"]),
        kernel = output_of("uname", &["-r"]),
    )
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_digits_or_groups() {
        let shown = [0.456, 9.999, 12.34, 123.4, 1234.0, 1_234_567.0].map(number);
        assert_eq!(
            shown,
            ["0.46", "10.00", "12.3", "123", "1,234", "1,234,567"]
        );
    }
}
