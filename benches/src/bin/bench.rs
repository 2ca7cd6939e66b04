//! Runs all cases in rounds and writes `RESULTS.md` and `results.svg`. `cargo xtask bench` installs
//! what it needs and calls it.

use std::error::Error;
use std::io;
use std::path::Path;

use specter_bench::listen::SERVER_CORE;
use specter_bench::load::Figures;
use specter_bench::results::{Results, Spread};
use specter_bench::runner::Session;
use specter_bench::slopes::SLOPES;
use specter_bench::suite::{Case, RAW_SOCKETS, SERVERS, Server, groups};
use specter_bench::{chart, machine, report};

const USAGE: &str =
    "usage: bench [--quick] [--slopes] [--rounds N] [--case NAME]... [--server NAME]...";

struct Options {
    rounds: usize,
    /// The factor by which windows are longer than usual.
    stretch: f64,
    /// Whether only the cases of the slopes run.
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
    // Servers inherit the core; the load moves itself to the other one.
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
            let chosen = |server: &'static Server| {
                let cases = group.iter().map(move |case| (case, server));
                cases.filter(|(case, server)| options.wants(case, server))
            };
            let chosen = SERVERS.iter().flat_map(chosen);
            let (in_turn, alone): (Vec<_>, Vec<_>) =
                chosen.partition(|(case, server)| case.is_in_turn(server));
            for contenders in [in_turn.as_slice()].into_iter().chain(alone.chunks(1)) {
                let contenders = contenders.iter();
                let mut contenders: Vec<_> = contenders
                    .map(|(case, server)| Contender::start(case, server))
                    .collect();
                measure(&mut contenders, options.stretch);
                for contender in contenders {
                    contender.conclude(round, &mut results);
                }
            }
        }
    }
    results
}

/// A running server in a case.
struct Contender {
    case: &'static Case,
    server: &'static Server,
    session: io::Result<Session>,
    windows: Vec<Option<Figures>>,
}

impl Contender {
    fn start(case: &'static Case, server: &'static Server) -> Self {
        Self {
            case,
            server,
            session: Session::start(case, server, case.windows(server).count),
            windows: Vec::new(),
        }
    }

    /// Measures one window. After a failure, nothing more is measured.
    fn window(&mut self, stretch: f64) {
        let windows = self.case.windows(self.server);
        let figures = match &mut self.session {
            Ok(session) => session.window(windows.warm_up, windows.seconds * stretch),
            Err(_) => return self.windows.push(None),
        };
        match figures {
            Ok(figures) => self.windows.push((figures.count > 0).then_some(figures)),
            Err(error) => {
                self.session = Err(error);
                self.windows.push(None);
            }
        }
    }

    fn conclude(mut self, round: usize, results: &mut Results) {
        let (case, server) = (self.case, self.server);
        // The last window has the latencies of all windows. They are copied to the others, because
        // a stall occurs in only one of many windows.
        if let Some(last) = self.windows.iter().flatten().last().cloned() {
            for window in self.windows.iter_mut().flatten() {
                (window.p50_us, window.p99_us) = (last.p50_us, last.p99_us);
                window.p999_us = last.p999_us;
            }
        }
        let line = format!("{round} {:<14} {:<20}", case.name, server.name);
        match self.session {
            Ok(_) => {
                let median = |figure: fn(&Figures) -> f64| {
                    let windows = self.windows.iter().flatten();
                    Spread::of(windows.map(figure)).map_or(f64::NAN, |spread| spread.median)
                };
                eprintln!(
                    "{line} {:>9.2} µs CPU {:>10.0}/s p99 {:>9.0} µs {:>7.0} B",
                    median(|figures| figures.cpu_us),
                    median(|figures| figures.per_second),
                    median(|figures| figures.p99_us),
                    median(|figures| figures.idle_bytes)
                );
            }
            Err(error) => eprintln!("{line} {error}"),
        }
        results.add(case, server, self.windows);
    }
}

/// Measures all windows of a round in turns, forwards and backwards, so that no server always
/// follows the same other one.
fn measure(contenders: &mut [Contender], stretch: f64) {
    let turns = |contender: &Contender| contender.case.windows(contender.server).count;
    for turn in 0..contenders.iter().map(turns).max().unwrap_or(0) {
        let last = contenders.len() - 1;
        for at in 0..=last {
            let place = if turn % 2 == 0 { at } else { last - at };
            if turn < turns(&contenders[place]) {
                contenders[place].window(stretch);
            }
        }
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
