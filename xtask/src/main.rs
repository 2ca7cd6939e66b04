//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! Each command is a list of steps; `report` keeps count of what passed, `process` runs programs
//! and reads their counts, and the other modules know one tool or one kind of step each. Nothing
//! here knows how Specter works: it only starts programs and reads what they print.

mod bench;
mod browser;
mod cargo;
mod demo;
mod node;
mod process;
mod python;
mod report;
mod server;
mod suites;
mod workspace;

use std::process::ExitCode;

use report::Report;
use suites::Target;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test             everything: cargo's tests, then the JavaScript and Python clients, the chat and its page in a browser;
                   installs what it needs from npm, PyPI and Debian
  test --offline   cargo's tests only: needs no npm, Python or browser
  suites           the clients' suites only, against Specter
  reference        the clients' suites only, against the reference implementation: shows the suites to be right
  demo             builds the chat and serves it on http://127.0.0.1:3000 (PORT changes the port)
  bench            the benchmarks, beside other servers; writes benches/RESULTS.md. --quick, --rounds N, --slopes, --case NAME, --server NAME
  ci               what a change must pass: formatting, lints, documentation, then `test`
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test"] => reported(test),
        ["test", "--offline"] => reported(cargo::test),
        ["suites"] => reported(suites_against_specter),
        ["reference"] => reported(|report| suites::run(report, &Target::Reference)),
        ["demo"] => demo::run(),
        ["bench", options @ ..] => bench::run(options),
        ["ci"] => reported(|report| {
            cargo::format(report);
            cargo::lint(report);
            cargo::document(report);
            test(report);
        }),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn test(report: &mut Report) {
    cargo::test(report);
    suites_against_specter(report);
}

fn suites_against_specter(report: &mut Report) {
    if let Some(target) = cargo::build_examples(report) {
        suites::run(report, &target);
    }
}

/// Runs steps, and ends with what they came to.
fn reported(steps: impl FnOnce(&mut Report)) -> ExitCode {
    let mut report = Report::default();
    steps(&mut report);
    report.conclude()
}
