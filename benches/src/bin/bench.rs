//! Runs the programme in rounds and writes `RESULTS.md` and `results.svg`. `cargo xtask bench` sets everything up and calls it.

use std::error::Error;
use std::path::Path;

use specter_bench::listen::SERVER_CORE;
use specter_bench::results::Results;
use specter_bench::slopes::SLOPES;
use specter_bench::suite::{Case, RAW_SOCKETS, SERVERS, Server, TURNS, groups};
use specter_bench::{chart, machine, report, runner};

const USAGE: &str =
    "usage: bench [--quick] [--slopes] [--rounds N] [--case NAME]... [--server NAME]...";

struct Options {
    rounds: usize,
    /// How long the windows are, as a factor.
    stretch: f64,
    /// Only what the slopes are drawn through.
    slopes: bool,
    cases: Vec<String>,
    servers: Vec<String>,
}

impl Options {
    fn is_everything(&self) -> bool {
        self.cases.is_empty() && self.servers.is_empty() && !self.slopes
    }

    fn wants(&self, case: &Case, server: &Server) -> bool {
        let chosen = |names: &[String], name: &str| {
            names.is_empty() || names.iter().any(|chosen| chosen == name)
        };
        let for_slopes = SLOPES.iter().any(|slope| slope.has(case))
            && ["specter", RAW_SOCKETS].contains(&server.name);
        case.has(server)
            && chosen(&self.cases, case.name)
            && chosen(&self.servers, server.name)
            && (for_slopes || !self.slopes)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = parse(std::env::args().skip(1))?;
    // Servers inherit it; the load moves itself to the other core.
    machine::settle(SERVER_CORE)?;
    let results = rounds(&options);
    if results.is_empty() {
        return Err(USAGE.into());
    }
    let page = report::page(&results, options.rounds, options.stretch);
    println!("{page}");
    if options.is_everything() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::write(here.join("RESULTS.md"), page)?;
        std::fs::write(here.join("results.svg"), chart::svg(&results))?;
    }
    Ok(())
}

fn rounds(options: &Options) -> Results {
    let mut results = Results::default();
    for round in 1..=options.rounds {
        for group in groups() {
            for turn in 0..TURNS {
                for server in SERVERS {
                    let cases = group.iter().filter(|case| turn < case.turns(server));
                    for case in cases.filter(|case| options.wants(case, server)) {
                        let line = format!("{round} {:<14} {:<20}", case.name, server.name);
                        measure(case, server, options.stretch, &line, &mut results);
                    }
                }
            }
        }
    }
    results
}

/// One window.
fn measure(case: &Case, server: &Server, stretch: f64, line: &str, results: &mut Results) {
    match runner::run(case, server, stretch) {
        Ok(figures) => {
            eprintln!(
                "{line} {:>9.2} µs CPU {:>10.0}/s p99 {:>9.0} µs {:>7.0} B",
                figures.cpu_us, figures.per_second, figures.p99_us, figures.idle_bytes
            );
            results.add(case, server, figures);
        }
        Err(error) => eprintln!("{line} {error}"),
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        rounds: 3,
        stretch: 1.0,
        slopes: false,
        cases: Vec::new(),
        servers: Vec::new(),
    };
    while let Some(name) = arguments.next() {
        if name == "--quick" {
            options.rounds = 1;
            options.stretch = 0.5;
            continue;
        }
        if name == "--slopes" {
            options.slopes = true;
            continue;
        }
        let value = arguments.next().ok_or(USAGE)?;
        match name.as_str() {
            "--rounds" => options.rounds = value.parse()?,
            "--case" => options.cases.push(value),
            "--server" => options.servers.push(value),
            _ => return Err(USAGE.into()),
        }
    }
    Ok(options)
}
